import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { connectKafka, migrateTopics, readMessages } from "../shared/bus/kafka-bus.ts";
import { topics } from "../shared/bus/topics.ts";
import { EpochMs } from "../shared/model/units.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import { gnomon } from "./command.ts";
import { startKafka } from "./servers/kafka.ts";
import { unavailable } from "./servers/unavailable.ts";

const kafka = await startKafka();

if ("missing" in kafka) unavailable("Kafka", kafka.missing);
else {
  const { server } = kafka;
  afterAll(() => server.stop());

  it("reads the messages at given places and no others, and none where they have expired", async () => {
    await migrateTopics({ brokers: server.brokers }, { replicationFactor: 1 });
    const bus = connectKafka({ brokers: server.brokers });
    await bus.publish(
      topics.raw.name,
      Array.from({ length: 50 }, (_, at) => ({ key: `key ${at % 5}`, value: `"${at}"` })),
    );
    const all: string[] = [];
    const subscription = await bus.subscribe(topics.raw.name, "places", async (batch) => {
      all.push(...batch.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`));
    });
    for (let waited = 0; waited < 200 && all.length < 50; waited++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await subscription.stop();
    const wanted = new Set(all.filter((_, at) => at % 7 === 0));
    const found = await readMessages({ brokers: server.brokers }, topics.raw.name, wanted);
    expect(new Set(found.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`))).toEqual(
      wanted,
    );
    expect(
      await readMessages({ brokers: server.brokers }, topics.raw.name, new Set([`${topics.raw.name}/0/999999`])),
    ).toEqual([]);
    await bus.close();
  }, 60_000);

  it("normalizes a rejected record again after a fix, and remembers that it did", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gnomon-rejects-"));
    const bus = connectKafka({ brokers: server.brokers });
    const raw = { source: "test.bell", record: { bell: 1 } };
    const seen: string[] = [];
    const subscription = await bus.subscribe(topics.raw.name, "replayed", async (batch) => {
      for (const one of batch) {
        if (one.value.includes("test.bell")) seen.push(`${one.topic}/${one.partition}/${one.offset}`);
      }
    });
    await bus.publish(topics.raw.name, [{ key: "bell", value: JSON.stringify(raw) }]);
    for (let waited = 0; waited < 200 && seen.length === 0; waited++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await subscription.stop();
    await bus.close();
    const store = await openLastingStore(join(folder, "store"));
    await store.books.recordRejects(
      [{ source: "test.bell", reason: "no source test.bell in this version", place: seen[0] ?? "" }],
      EpochMs.parse(1),
    );
    await store.close();
    await writeFile(
      join(folder, "gnomon.yaml"),
      `store: store\nbus:\n  kafka: { brokers: [${server.brokers.join(",")}], replicationFactor: 1 }\n`,
    );
    const replayed = await gnomon(["rejects", "replay", "--config", join(folder, "gnomon.yaml")]);
    expect(replayed).toMatchObject({ code: 0, out: expect.stringContaining("1 of 1 records") });
    const listed = await gnomon(["rejects", "list", "--format", "ndjson", "--store", join(folder, "store")]);
    expect(JSON.parse(listed.out)).toMatchObject({ source: "test.bell", replayed: true });
    await rm(folder, { recursive: true, force: true });
  }, 90_000);
}
