/** What every bus must do. */
import { randomBytes } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import type { Bus, IncomingMessage } from "../../shared/bus/bus.ts";
import { topics } from "../../shared/bus/topics.ts";
import { PipelineError } from "../../shared/model/errors.ts";
import { until } from "../until.ts";

export function describeBus(name: string, open: () => Promise<Bus>): void {
  describe(name, () => {
    const opened: Bus[] = [];
    const bus = async () => {
      const one = await open();
      opened.push(one);
      return one;
    };
    afterAll(async () => {
      await Promise.all(opened.map((one) => one.close()));
    });

    it("hands over every message with its key and headers, those of one key in order", async () => {
      const one = await bus();
      const got: IncomingMessage[] = [];
      const subscription = await one.subscribe(
        topics.activity.name,
        "order",
        async (batch) => void got.push(...batch),
      );
      const messages = Array.from({ length: 2_000 }, (_, at) => ({
        key: `key ${at % 7}`,
        value: JSON.stringify({ at }),
        headers: { "ce-type": "gnomon.activity.v1" },
      }));
      await one.publish(topics.activity.name, messages);
      await until(() => got.length >= messages.length);
      await subscription.stop();
      expect(got).toHaveLength(messages.length);
      expect(got[0]?.headers).toEqual({ "ce-type": "gnomon.activity.v1" });
      for (let key = 0; key < 7; key++) {
        const order = got
          .filter((one) => one.key === `key ${key}`)
          .map(({ value }) => JSON.parse(value).at as number);
        expect(order).toEqual(messages.flatMap((_, at) => (at % 7 === key ? [at] : [])));
      }
    });

    it("hands the same batch over again after its handler failed, and loses nothing", async () => {
      const one = await bus();
      const got = new Set<string>();
      let failures = 0;
      const subscription = await one.subscribe(
        topics.rejected.name,
        "failing",
        async (batch) => {
          if (failures < 2) {
            failures++;
            throw new Error("a database that is away");
          }
          for (const { value } of batch) got.add(value);
        },
        { maxMessages: 10 },
      );
      await one.publish(
        topics.rejected.name,
        Array.from({ length: 35 }, (_, at) => ({ key: "k", value: `"${at}"` })),
      );
      await until(() => got.size >= 35);
      await subscription.stop();
      expect(got.size).toBe(35);
      expect(failures).toBe(2);
    });

    it("never hands over more messages at once than asked for", async () => {
      const one = await bus();
      const sizes: number[] = [];
      const subscription = await one.subscribe(
        topics.raw.name,
        "sizes",
        async (batch) => void sizes.push(batch.length),
        {
          maxMessages: 16,
        },
      );
      await one.publish(
        topics.raw.name,
        Array.from({ length: 100 }, (_, at) => ({ key: "one", value: String(at) })),
      );
      await until(() => sizes.reduce((sum, size) => sum + size, 0) >= 100);
      await subscription.stop();
      expect(Math.max(...sizes)).toBeLessThanOrEqual(16);
    });

    it("takes a publication that is larger than a batch may be", async () => {
      const one = await bus();
      const got: string[] = [];
      const subscription = await one.subscribe(topics.findings.name, "large", async (batch) => {
        got.push(...batch.map(({ value }) => value));
      });
      const values = Array.from({ length: 30 }, () => randomBytes(75_000).toString("base64"));
      await one.publish(
        topics.findings.name,
        values.map((value) => ({ key: "one", value })),
      );
      await until(() => values.every((value) => got.includes(value)));
      await subscription.stop();
      expect([...new Set(got)].filter((value) => value.length > 90_000)).toEqual(values);
    });

    it("refuses a message over the limit by name, without its content", async () => {
      const one = await bus();
      const published = one.publish(topics.raw.name, [{ key: "big", value: "CANARY".repeat(200_000) }]);
      await expect(published).rejects.toThrowError(PipelineError);
      await expect(published).rejects.toMatchObject({ code: "upstream-refused" });
      await expect(published).rejects.not.toThrowError("CANARY");
    });
  });
}
