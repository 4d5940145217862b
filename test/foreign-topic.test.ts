import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ForeignBatch, partitionsBehind, readForeignTopic } from "../shared/bus/foreign-topic.ts";
import type { FetchedPage } from "../shared/collectors/collector.ts";
import { kafkaTopic } from "../shared/collectors/kafka-topic.ts";
import { EpochMs } from "../shared/model/units.ts";
import { collect } from "../shared/pipeline/collect.ts";
import { sources } from "../shared/registry.ts";
import { FETCH, type Holding, startHolding } from "./servers/holding.ts";
import { freePort, type KafkaServer, startKafka } from "./servers/kafka.ts";
import { unavailable } from "./servers/unavailable.ts";
import { until } from "./until.ts";

const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const { signal: running } = new AbortController();

let before: Holding | undefined;
const started = await startKafka({
  secured: true,
  behind: async (port) => {
    before = await startHolding(await freePort(), port, FETCH);
    return before.port;
  },
});

if ("missing" in started) unavailable("Kafka", started.missing);
else describeForeignTopics(started.server, before);

function describeForeignTopics(server: KafkaServer, busy: Holding | undefined): void {
  const kafka = new Kafka({ brokers: [...server.brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer();
  // One for each test: a broker takes its time to tell of a new topic.
  const ready = Array.from({ length: 17 }, (_, number) => `insights-logs-${number}`);
  let topic = "";
  beforeAll(async () => {
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({ topics: ready.map((name) => ({ topic: name, numPartitions: 2 })) });
    const known = async () => (await admin.listTopics()).filter((name) => ready.includes(name)).length;
    while ((await known()) < ready.length) await sleep(50);
  });
  beforeEach(() => {
    topic = ready.shift() ?? expect.fail("more tests than topics");
  });
  afterAll(async () => {
    await Promise.all([admin.disconnect(), producer.disconnect()]);
    await server.stop();
    await busy?.close();
  });

  const settingsWith = (given: Readonly<Record<string, unknown>> = {}) => {
    const { sasl, ...others } = { brokers: server.brokers, topics: [topic], ...given } as Record<string, unknown>;
    // As references are resolved.
    return { ...kafkaTopic.settings.parse(others), ...(sasl ? { sasl } : {}) } as Parameters<
      typeof kafkaTopic.pull
    >[0]["settings"];
  };
  const send = (values: readonly (string | Buffer | null)[], partition = 0) =>
    producer.send({ topic, messages: values.map((value) => ({ partition, value })) });
  const batch = (...ids: string[]) => JSON.stringify({ records: ids.map((correlationId) => ({ correlationId })) });
  const idsIn = (page: FetchedPage) =>
    page.documents.flatMap((document) =>
      (document as { records: { correlationId: string }[] }).records.map(({ correlationId }) => correlationId),
    );

  async function run(given: Readonly<Record<string, unknown>> = {}, atMost = 1_000) {
    const pages: FetchedPage[] = [];
    const failures: { part: string; code: string; message: string }[] = [];
    for await (const page of kafkaTopic.pull({
      settings: settingsWith(given),
      cursors: new Map(),
      now: NOW,
      signal: running,
    })) {
      if ("failed" in page) {
        failures.push({ part: page.part, code: page.failed.code, message: page.failed.message });
        continue;
      }
      pages.push(page);
      if (pages.length > atMost) break;
      await page.done?.();
    }
    return {
      pages,
      failures,
      ids: pages.flatMap(idsIn),
      unreadable: pages.flatMap((page) => page.unreadable ?? []),
    };
  }

  describe("kafka.topic", () => {
    it("reads every partition up to its end, and the next time only what has come since", async () => {
      await send([batch("a", "b"), batch("c")], 0);
      await send([batch("d")], 1);
      const first = await run();
      expect(first.failures).toEqual([]);
      expect(first.ids.sort()).toEqual(["a", "b", "c", "d"]);
      expect((await run()).pages).toEqual([]);
      await send([batch("e")], 1);
      expect((await run()).ids).toEqual(["e"]);
    });

    it("is told again what was not committed: nothing is lost when a run ends before its page is on the bus", async () => {
      await send([batch("a")], 0);
      const lost = await run({}, 0);
      expect(lost.ids).toEqual(["a"]);
      expect((await run()).ids).toEqual(["a"]);
      expect((await run()).ids).toEqual([]);
    });

    it("hands out a long partition in pages, each of which can be the last", async () => {
      await send(Array.from({ length: 1_200 }, (_, at) => batch(`${at}`)));
      const first = await run({}, 1);
      expect(first.pages.map(({ documents }) => documents.length)).toEqual([500, 500]);
      const rest = await run();
      expect(rest.ids[0]).toBe("500");
      expect(new Set([...first.ids, ...rest.ids]).size).toBe(1_200);
    });

    it("rejects a message that is no JSON by its offset, and passes over one that is empty", async () => {
      await send(["no JSON", null, batch("a")]);
      const { ids, unreadable } = await run();
      expect(ids).toEqual(["a"]);
      expect(unreadable).toEqual([{ reason: "not JSON", place: `${topic}/0/0` }]);
      expect((await run()).pages).toEqual([]);
    });

    it("stops after the page at hand when the run ends, and leaves the rest", async () => {
      await send(Array.from({ length: 1_200 }, (_, at) => batch(`${at}`)));
      const over = new AbortController();
      const pages: FetchedPage[] = [];
      const context = { settings: settingsWith(), cursors: new Map(), now: NOW, signal: over.signal };
      for await (const page of kafkaTopic.pull(context)) {
        if ("failed" in page) expect.fail(page.failed.message);
        pages.push(page);
        await page.done?.();
        over.abort();
      }
      expect(pages).toHaveLength(1);
      expect((await run()).ids).toHaveLength(700);
    });

    it("goes on with the other topics where one does not exist", async () => {
      await send([batch("a")]);
      const { ids, failures } = await run({ topics: [topic, "nowhere"] });
      expect(ids).toEqual(["a"]);
      expect(failures).toEqual([
        {
          part: "nowhere",
          code: "upstream-refused",
          message: expect.stringMatching(/nowhere: UNKNOWN_TOPIC.*there is no such topic/),
        },
      ]);
    });

    it("shares a topic with another member of its group", async () => {
      await send(
        Array.from({ length: 600 }, (_, at) => batch(`left ${at}`)),
        0,
      );
      await send(
        Array.from({ length: 600 }, (_, at) => batch(`right ${at}`)),
        1,
      );
      const both = await Promise.all([run(), run()]);
      expect(both.flatMap(({ failures }) => failures)).toEqual([]);
      const again = await run();
      expect(new Set([...both, again].flatMap(({ ids }) => ids)).size).toBe(1_200);
    });

    it("opens Event Hubs' door: SASL PLAIN as $ConnectionString, over TLS", async () => {
      const { secured } = server;
      if (!secured) expect.fail("the broker has no secured listener");
      await send([batch("a")]);
      const door = { brokers: secured.brokers, tls: { ca: secured.ca } };
      const sasl = { mechanism: "plain", username: "$ConnectionString", password: secured.password };
      expect((await run({ ...door, sasl })).ids).toEqual(["a"]);

      const { failures } = await run({ ...door, sasl: { ...sasl, password: "wrong-one" } });
      expect(failures).toEqual([expect.objectContaining({ part: topic, code: "upstream-refused" })]);
      expect(failures[0]?.message).toMatch(/its credentials are not taken/);
      expect(failures[0]?.message).not.toContain("wrong-one");
    });

    it("opens it with a token, too", async () => {
      const { secured } = server;
      if (!secured) expect.fail("the broker has no secured listener");
      await send([batch("a")]);
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const seconds = Math.floor(Date.now() / 1_000);
      const tokenUntil = (exp: number) =>
        `${part({ alg: "none" })}.${part({ sub: "gnomon", iat: seconds - 120, exp })}.`;
      const door = { brokers: secured.brokers, tls: { ca: secured.ca } };
      const expired = await run({ ...door, sasl: { mechanism: "oauthbearer", token: tokenUntil(seconds - 60) } });
      expect(expired.failures).toEqual([expect.objectContaining({ code: "upstream-refused" })]);
      expect(
        (await run({ ...door, sasl: { mechanism: "oauthbearer", token: tokenUntil(seconds + 600) } })).ids,
      ).toEqual(["a"]);
    });

    it("opens it with tokens that an identity provider grants, each run with one that lasts", async () => {
      const { secured } = server;
      if (!secured) expect.fail("the broker has no secured listener");
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
      let granted = 0;
      let status = 200;
      const provider = createServer((_, response) => {
        const seconds = Math.floor(Date.now() / 1_000);
        granted++;
        response.writeHead(status).end(
          JSON.stringify({
            access_token: `${part({ alg: "none" })}.${part({ sub: "gnomon", iat: seconds, exp: seconds + 30 })}.`,
            expires_in: 30,
          }),
        );
      });
      await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
      const { port } = provider.address() as AddressInfo;
      const sasl = {
        mechanism: "oauthbearer",
        tokenUrl: `http://127.0.0.1:${port}/token`,
        clientId: "gnomon",
        clientSecret: "made-up",
      };
      const door = { brokers: secured.brokers, tls: { ca: secured.ca }, sasl };
      await send([batch("a")]);
      expect((await run(door)).ids).toEqual(["a"]);
      const before = granted;
      await send([batch("b")]);
      expect((await run(door)).ids).toEqual(["b"]);
      expect(granted).toBeGreaterThan(before);

      status = 401;
      expect((await run(door)).failures).toEqual([
        { part: topic, code: "upstream-refused", message: expect.stringMatching(/answered 401: check the/) },
      ]);
      await new Promise((resolve) => provider.close(resolve));
    });

    it("calls a broker that does not answer unavailable", async () => {
      const { failures } = await run({ brokers: ["127.0.0.1:9"] });
      expect(failures).toEqual([expect.objectContaining({ code: "upstream-unavailable" })]);
    });

    const foreignTopic = () => ({ connection: { brokers: server.brokers }, topic, group: "gnomon" });
    const valuesIn = ({ messages }: ForeignBatch) => messages.map(({ value }) => Buffer.from(value).toString());

    it.runIf(busy)(
      "waits for a broker that is slow, and calls it unavailable where it gives nothing at all",
      async () => {
        await send(["slow"], 0);
        await send(["too"], 1);
        busy?.hold();
        const given: string[] = [];
        const reading = async (longestMs: number) => {
          for await (const batch of readForeignTopic(foreignTopic(), running, { lookMs: 100, longestMs })) {
            given.push(...valuesIn(batch));
            await batch.commit();
          }
        };
        await expect(reading(1_000)).rejects.toMatchObject({
          code: "upstream-unavailable",
          message: expect.stringMatching(/nothing within 1 s of what partition 0, 1 holds/),
        });
        expect(given).toEqual([]);
        const patiently = reading(60_000);
        await sleep(3_000);
        busy?.release();
        await patiently;
        expect(given.sort()).toEqual(["slow", "too"]);
      },
    );

    async function inTransaction(value: string, end: "commit" | "abort"): Promise<void> {
      const transactional = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
      await transactional.connect();
      const transaction = await transactional.transaction();
      await transaction.send({ topic, messages: [{ partition: 0, value }] });
      await transaction[end]();
      await transactional.disconnect();
      // Its end is written when the broker comes to it.
      await until(async () => (await partitionsBehind(foreignTopic())).size > 0);
    }

    it("reads what a transaction brought, and is at the end behind its end", async () => {
      await inTransaction("kept", "commit");
      const given: string[] = [];
      for await (const batch of readForeignTopic(foreignTopic(), running)) {
        given.push(...valuesIn(batch));
        await batch.commit();
      }
      expect(given).toEqual(["kept"]);
      expect(await partitionsBehind(foreignTopic())).toEqual(new Map());
    });

    it("does not wait for what no reader is given: a transaction that was taken back", async () => {
      await inTransaction("taken back", "abort");
      const patience = { lookMs: 500, longestMs: 30_000 };
      const given = await Array.fromAsync(readForeignTopic(foreignTopic(), running, patience));
      expect(given.flatMap(valuesIn)).toEqual([]);
    });

    it("tells doctor for each topic whether it may be read", async () => {
      const settings = settingsWith({ topics: [topic, "nowhere"] });
      expect(await kafkaTopic.check({ settings, now: NOW, signal: running })).toEqual([
        { what: `reading ${topic} as gnomon at ${server.brokers[0]}`, ok: true },
        {
          what: `reading nowhere as gnomon at ${server.brokers[0]}`,
          ok: false,
          advice: expect.stringMatching(/there is no such topic/),
        },
      ]);
    });

    it("brings Azure's records to the bus through the whole of collect", async () => {
      const record = {
        time: "2026-09-14T10:00:00.0000000Z",
        resourceId:
          "/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000001/RESOURCEGROUPS/AI/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/ACME",
        category: "RequestResponse",
        operationName: "ChatCompletions_Create",
        resultSignature: "200",
        durationMs: 812,
        correlationId: "11111111-2222-3333-4444-555555555555",
        location: "swedencentral",
        callerIpAddress: "203.0.113.***",
        properties: JSON.stringify({
          modelName: "gpt-4o",
          modelDeploymentName: "chat",
          streamType: "Non-Streaming",
          prompt: "CANARY",
        }),
      };
      await send([JSON.stringify({ records: [record, { no: "record" }] })]);
      const published: unknown[] = [];
      const total = await collect(kafkaTopic, settingsWith(), {
        sources,
        loadCursors: async () => new Map(),
        saveCursor: async () => expect.fail("offsets are kept by the group"),
        publish: async (records) => void published.push(...records),
        now: () => NOW,
        signal: running,
      });
      expect(total).toMatchObject({ records: 1, rejects: 1, failures: [] });
      expect(JSON.stringify(published)).not.toContain("CANARY");
      expect((await run()).pages).toEqual([]);
    });

    it("refuses a password written in clear", () => {
      const sasl = { mechanism: "plain", username: "$ConnectionString", password: "Endpoint=sb://made-up" };
      expect(kafkaTopic.settings.safeParse({ brokers: ["a:1"], topics: ["t"], sasl }).success).toBe(false);
    });
  });
}
