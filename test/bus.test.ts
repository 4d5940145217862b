import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import kafkajs, { CompressionTypes, Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectKafka, migrateTopics, missingTopics } from "../shared/bus/kafka-bus.ts";
import { openMemoryBus } from "../shared/bus/memory-bus.ts";
import { type TopicName, topics } from "../shared/bus/topics.ts";
import { describeBus } from "./contract/bus.contract.ts";
import { type KafkaServer, startKafka } from "./servers/kafka.ts";
import { unavailable } from "./servers/unavailable.ts";
import { until } from "./until.ts";

const { CompressionCodecs } = kafkajs;
/** As kafkajs calls it; its types name none. */
interface Codec {
  compress(given: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(packed: Buffer): Promise<Buffer>;
}

describeBus("the bus in the process", async () => openMemoryBus());

describe("the bus in the process", () => {
  it("says a message is published only when it and what it led to are handled", async () => {
    const bus = openMemoryBus();
    const handled: string[] = [];
    await bus.subscribe(topics.raw.name, "normalize", async (batch) => {
      await bus.publish(
        topics.activity.name,
        batch.map(({ value }) => ({ key: "k", value })),
      );
    });
    await bus.subscribe(topics.activity.name, "detect", async (batch) => {
      await sleep(20);
      handled.push(...batch.map(({ value }) => value));
    });
    await bus.publish(topics.raw.name, [{ key: "k", value: "1" }]);
    expect(handled).toEqual(["1"]);
  });
});

const started = await startKafka({ secured: true, killed: true });

if ("missing" in started) unavailable("Kafka", started.missing);
else describeKafka(started.server);

function describeKafka(server: KafkaServer): void {
  beforeAll(async () => {
    await migrateTopics({ brokers: server.brokers }, { replicationFactor: 1 });
  });
  afterAll(() => server.stop());

  describeBus("Kafka", async () => connectKafka({ brokers: server.brokers }));

  describe("Kafka", () => {
    it("has every topic after migrate, and migrating again changes nothing", async () => {
      expect(await missingTopics({ brokers: server.brokers })).toEqual([]);
      expect(await migrateTopics({ brokers: server.brokers }, { replicationFactor: 1 })).toEqual([]);
    });

    it("says which topic does not exist and how to make it", async () => {
      const bus = connectKafka({ brokers: server.brokers });
      const published = bus.publish("ai.nowhere" as TopicName, [{ key: "k", value: "1" }]);
      await expect(published).rejects.toMatchObject({
        code: "upstream-refused",
        message: expect.stringContaining("gnomon migrate"),
      });
      await bus.close();
    });

    const { secured, crash } = server;
    it.runIf(secured)("speaks SASL/SCRAM over TLS, and refuses a wrong password for what it is", async () => {
      if (!secured) return;
      const sasl = { mechanism: "scram-sha-512", username: secured.username, password: secured.password } as const;
      const bus = connectKafka({ brokers: secured.brokers, tls: { ca: secured.ca }, sasl });
      await bus.publish(topics.findings.name, [{ key: "k", value: "1" }]);
      await bus.close();

      const wrong = connectKafka({
        brokers: secured.brokers,
        tls: { ca: secured.ca },
        sasl: { ...sasl, password: "no" },
      });
      await expect(wrong.publish(topics.findings.name, [{ key: "k", value: "1" }])).rejects.toMatchObject({
        code: "upstream-refused",
      });
      await wrong.close();
    });

    it("reads what is written as zstd and as gzip, one behind the other, whatever it writes itself", async () => {
      const values: string[] = [];
      const readers = [connectKafka({ brokers: server.brokers })];
      const zstd = CompressionCodecs[CompressionTypes.ZSTD] as () => Codec;
      let packed = 0;
      CompressionCodecs[CompressionTypes.ZSTD] = (): Codec => {
        const { compress, decompress } = zstd();
        return { compress: (given) => compress(given).finally(() => packed++), decompress };
      };
      for (const [at, compression] of (["zstd", "gzip", "zstd"] as const).entries()) {
        const bus = connectKafka({ brokers: server.brokers, compression });
        const large = "packed ".repeat(20_000);
        await bus.publish(topics.findings.name, [
          { key: "packed", value: JSON.stringify(`${compression} ${at}`) },
          { key: "packed", value: JSON.stringify(large) },
        ]);
        readers.push(bus);
      }
      await readers[0]?.subscribe(topics.findings.name, "packed", async (batch) => {
        for (const { value } of batch) values.push(value);
      });
      const ours = () => values.filter((value) => /zstd|gzip|packed/.test(value));
      await until(() => ours().length >= 6);
      await Promise.all(readers.map((bus) => bus.close()));
      CompressionCodecs[CompressionTypes.ZSTD] = zstd;
      expect(packed).toBe(2);
      expect(ours().filter((value) => !value.includes("packed"))).toEqual(['"zstd 0"', '"gzip 1"', '"zstd 2"']);
    });

    it("hands over two partitions at once where it is asked to, and each of them in order", async () => {
      const bus = connectKafka({ brokers: server.brokers });
      const ours = (value: string) => value.includes("at once");
      let atOnce = 0;
      let most = 0;
      const got = new Map<number, string[]>();
      await bus.publish(
        topics.activity.name,
        Array.from({ length: 400 }, (_, at) => ({
          key: `key ${at % 40}`,
          value: `"at once ${String(at).padStart(3, "0")}"`,
        })),
      );
      const take = async (batch: readonly { readonly partition: number; readonly value: string }[]) => {
        most = Math.max(most, ++atOnce);
        await sleep(20);
        for (const { partition, value } of batch)
          if (ours(value)) got.set(partition, [...(got.get(partition) ?? []), value]);
        atOnce--;
      };
      await bus.subscribe(topics.activity.name, "at-once", take, { maxMessages: 10, partitionsAtOnce: 2 });
      await until(() => [...got.values()].flat().length >= 400);
      await bus.close();
      expect(most).toBe(2);
      for (const values of got.values()) expect(values).toEqual(values.toSorted());
    });

    it("shares the partitions between two workers and loses nothing when one leaves", async () => {
      const bus = connectKafka({ brokers: server.brokers });
      const got = new Set<string>();
      const take = async (batch: readonly { value: string }[]) => {
        for (const { value } of batch) got.add(value);
      };
      const first = await bus.subscribe(topics.activity.name, "rebalance", take, { fromBeginning: true });
      const other = connectKafka({ brokers: server.brokers });
      const second = await other.subscribe(topics.activity.name, "rebalance", take, { fromBeginning: true });
      const batch = (from: number) =>
        Array.from({ length: 500 }, (_, at) => ({ key: `key ${at}`, value: `"rebalance ${from + at}"` }));
      await bus.publish(topics.activity.name, batch(0));
      await second.stop();
      await bus.publish(topics.activity.name, batch(500));
      const ours = () => [...got].filter((value) => value.includes("rebalance")).length;
      await until(() => ours() >= 1_000);
      await first.stop();
      await bus.close();
      await other.close();
      expect(ours()).toBe(1_000);
    });

    it.runIf(crash)("publishes and reads on after the broker was killed and came back", async () => {
      const bus = connectKafka({ brokers: server.brokers });
      const got = new Set<string>();
      await bus.subscribe(topics.rejected.name, "crash", async (batch) => {
        for (const { value } of batch) got.add(value);
      });
      // As whoever publishes does: what the broker was away for too long for is published again.
      const send = async (from: number): Promise<void> => {
        const messages = Array.from({ length: 50 }, (_, at) => ({ key: "k", value: `"crash ${from + at}"` }));
        for (;;) {
          try {
            return await bus.publish(topics.rejected.name, messages);
          } catch (error) {
            expect(error).toMatchObject({ code: "upstream-unavailable" });
          }
        }
      };
      await send(0);
      await crash?.kill();
      const during = send(50);
      await crash?.restart();
      await during;
      await send(100);
      const ours = () => [...got].filter((value) => value.includes("crash")).length;
      await until(() => ours() >= 150);
      await bus.close();
      expect(ours()).toBe(150);
    });

    it("gives way to a publication that the broker refuses, and loses nothing that comes after it", async () => {
      const topic = "test.small-batches" as TopicName;
      const admin = new Kafka({ brokers: [...server.brokers], logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      await admin.createTopics({
        topics: [
          {
            topic,
            numPartitions: 4,
            replicationFactor: 1,
            configEntries: [{ name: "max.message.bytes", value: "20000" }],
          },
        ],
      });
      await admin.disconnect();
      const bus = connectKafka({ brokers: server.brokers });
      const got: string[] = [];
      await bus.subscribe(topic, "small-batches", async (batch) => {
        got.push(...batch.map(({ key = "" }) => key));
      });
      const round = (n: number) => Array.from({ length: 8 }, (_, at) => ({ key: `${n}/${at}`, value: '"small"' }));
      const sent = [...round(0), ...round(1), ...round(2)].map(({ key }) => key);
      await bus.publish(topic, round(0));
      const refused = bus.publish(topic, [
        ...round(1),
        { key: "large", value: randomBytes(30_000).toString("base64") },
      ]);
      const after = bus.publish(topic, round(2));
      await expect(refused).rejects.toMatchObject({ code: "upstream-refused" });
      await after;
      await until(() => sent.every((key) => got.includes(key)));
      await bus.close();
      expect(new Set(got)).toEqual(new Set(sent));
    });
  });
}
