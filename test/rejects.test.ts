import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, expect, it, vi } from "vitest";
import { connectKafka, migrateTopics, readMessages } from "../shared/bus/kafka-bus.ts";
import { activityMessage, placeOf } from "../shared/bus/messages.ts";
import { topics } from "../shared/bus/topics.ts";
import { EpochMs } from "../shared/model/units.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import { gnomon } from "./command.ts";
import { call } from "./example-activities.ts";
import { copyMadeStore } from "./made-store.ts";
import { startKafka } from "./servers/kafka.ts";
import { unavailable } from "./servers/unavailable.ts";
import { until } from "./until.ts";

/** A folder with a configuration that names these brokers, and a store beside it. */
async function configured(
  brokers: readonly string[],
): Promise<{ readonly folder: string; readonly config: string }> {
  const folder = await mkdtemp(join(tmpdir(), "gnomon-rejects-"));
  const config = join(folder, "gnomon.yaml");
  await writeFile(
    config,
    `store: store\nbus:\n  kafka: { brokers: [${brokers.join(",")}], replicationFactor: 1 }\n`,
  );
  return { folder, config };
}

const kafka = await startKafka();

if ("missing" in kafka) unavailable("Kafka", kafka.missing);
else {
  const { server } = kafka;
  afterAll(() => server.stop());

  /** The partition that holds the most of these places, and those, in order. */
  const longest = (places: readonly string[]): readonly [string, string[]] | [] =>
    Object.entries(Object.groupBy(places, (place) => place.split("/")[1] ?? ""))
      .map(([partition, of = []]) => [partition, of.toSorted(byOffset)] as const)
      .sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  const offsetOf = (place: string): number => Number(place.split("/")[2]);
  const byOffset = (a: string, b: string): number => offsetOf(a) - offsetOf(b);

  /** As retention does. */
  async function deleteUpTo(place: string): Promise<void> {
    const admin = new Kafka({ brokers: [...server.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    // kafkajs looks for the partition's leader among what it was told before.
    await admin.fetchTopicOffsets(topics.raw.name);
    await admin.deleteTopicRecords({
      topic: topics.raw.name,
      partitions: [{ partition: Number(place.split("/")[1]), offset: String(offsetOf(place) + 1) }],
    });
    await admin.disconnect();
  }

  it("reads the messages at given places and no others, and says which of them are gone", async () => {
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
    await until(() => all.length >= 50);
    await subscription.stop();
    const read = (places: Iterable<string>) =>
      readMessages({ brokers: server.brokers }, topics.raw.name, new Set(places));
    const wanted = new Set(all.filter((_, at) => at % 7 === 0));
    // Several at once: none takes from another.
    for (const { messages, gone } of await Promise.all([1, 2, 3, 4, 5, 6].map(() => read(wanted)))) {
      expect(new Set(messages.map(placeOf))).toEqual(wanted);
      expect(gone).toEqual([]);
      // Texts, and no bytes that all of a batch stays for.
      for (const message of messages)
        expect({ ...message }).toMatchObject({ value: expect.stringMatching(/^"\d+"$/) });
    }
    const never = `${topics.raw.name}/0/999999`;
    expect(await read([never])).toEqual({ messages: [], gone: [never] });

    // Of one partition: what is there still, what retention has taken, and what lies behind its end.
    const [partition = "", of = []] = longest(all);
    const oldest = of.shift() ?? expect.fail("a partition that holds several");
    const behind = `${topics.raw.name}/${partition}/999999`;
    await deleteUpTo(oldest);
    const mixed = await read([oldest, ...of, behind]);
    expect(mixed.messages.map(placeOf)).toEqual(of);
    expect(new Set(mixed.gone)).toEqual(new Set([oldest, behind]));
    await bus.close();
  });

  it("ends where retention takes a partition's last messages before it reads them, and says that they are gone", async () => {
    await migrateTopics({ brokers: server.brokers }, { replicationFactor: 1 });
    const bus = connectKafka({ brokers: server.brokers });
    const all: string[] = [];
    const subscription = await bus.subscribe(topics.raw.name, "expiring", async (batch) => {
      all.push(...batch.filter(({ key }) => key?.startsWith("expiring")).map(placeOf));
    });
    await bus.publish(
      topics.raw.name,
      Array.from({ length: 50 }, (_, at) => ({ key: `expiring ${at % 5}`, value: '"made up"' })),
    );
    await until(() => all.length >= 50);
    await subscription.stop();
    await bus.close();

    const [, expiring = []] = longest(all);
    const { consumer } = Kafka.prototype;
    // When it knows what there is, and has read none of it.
    vi.spyOn(Kafka.prototype, "consumer").mockImplementation(function (this: Kafka, ...given) {
      const made = consumer.apply(this, given);
      const connect = async () => {
        await deleteUpTo(expiring.at(-1) ?? expect.fail("a partition that holds several"));
        await made.connect();
      };
      return { ...made, connect };
    });
    const { messages, gone } = await readMessages({ brokers: server.brokers }, topics.raw.name, new Set(all));
    vi.restoreAllMocks();
    expect(new Set(gone)).toEqual(new Set(expiring));
    expect(new Set(messages.map(placeOf))).toEqual(new Set(all.filter((place) => !expiring.includes(place))));
  });

  it("normalizes rejected records again after a fix, and keeps waiting for those that are rejected again", async () => {
    const { folder, config } = await configured(server.brokers);
    const trail = {
      eventVersion: "1.11",
      eventTime: "2026-10-01T10:00:00Z",
      eventSource: "bedrock.amazonaws.com",
      eventName: "Converse",
      awsRegion: "us-east-1",
      userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/app", accountId: "111122223333" },
      requestParameters: { modelId: "deepseek.r1-v1:0" },
      requestID: "r-1",
      eventID: "r-1",
      recipientAccountId: "111122223333",
    };
    const lines = [
      { source: "aws.cloudtrail", record: trail },
      { source: "test.bell", record: { bell: 1 } },
    ];
    const bus = connectKafka({ brokers: server.brokers });
    const places: string[] = [];
    const subscription = await bus.subscribe(topics.raw.name, "replayed", async (batch) => {
      places.push(...batch.filter(({ value }) => value.includes("test.bell")).map(placeOf));
    });
    await bus.publish(topics.raw.name, [
      { key: "bell", value: lines.map((line) => JSON.stringify(line)).join("\n") },
    ]);
    await until(() => places.length > 0);
    await subscription.stop();
    await bus.close();

    await copyMadeStore(join(folder, "store"));
    const store = await openLastingStore(join(folder, "store"));
    const place = places[0] ?? expect.fail("the message did not arrive");
    const elsewhere = `${topics.raw.name}/${place.includes("/0/") ? 1 : 0}/999999`;
    const [misread, unknown, gone] = [
      { source: "aws.cloudtrail", reason: "eventTime: expected string", place, record: 1 },
      { source: "test.bell", reason: "no source test.bell in the version before", place, record: 2 },
      { source: "test.bell", reason: "expired", place: elsewhere, record: 1 },
    ];
    const pushed = { reason: "not JSON", place: "pushed to /v1/events" };
    await store.books.recordRejects([misread, unknown, gone, pushed], EpochMs.parse(1));
    // More than one round of newer ones, done with long ago.
    const done = Array.from({ length: 1_100 }, (_, n) => ({ ...gone, record: n + 2 }));
    await store.books.recordRejects(done, EpochMs.parse(2));
    await store.books.markReplayed(done);
    await store.close();

    const replay = () => gnomon(["rejects", "replay", "--config", config]);
    expect(await replay()).toMatchObject({
      code: 0,
      out: "1 of 3 rejected records could be read, 1 is rejected again, 1 is no longer on the bus\n",
      err: expect.stringMatching(
        new RegExp(
          `no longer on the bus: ${elsewhere}\n1 reject elsewhere: a vendor's API is asked again only for`,
        ),
      ),
    });
    expect((await replay()).out).toContain("0 of 2 rejected records could be read, 1 is rejected again");
    const after = await openLastingStore(join(folder, "store"));
    const waiting = await after.books.rejects({ waiting: true });
    expect(waiting.map(({ reason }) => reason).sort()).toEqual(
      [gone, unknown, pushed].map(({ reason }) => reason).sort(),
    );
    await after.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("takes again the activities that no store took, and keeps waiting for the one that still none takes", async () => {
    const { folder, config } = await configured(server.brokers);
    const [cured, hostile, foreign] = [
      activityMessage(call({ uid: "a".repeat(32) })),
      activityMessage({ ...call(), uid: "no uid CANARY" }),
      { key: "foreign", value: '{"CANARY":1}' },
    ];
    const bus = connectKafka({ brokers: server.brokers });
    const places = new Map<string, string>();
    const subscription = await bus.subscribe(topics.activity.name, "untaken", async (batch) => {
      for (const message of batch) places.set(message.value, placeOf(message));
    });
    await bus.publish(topics.activity.name, [cured, hostile, foreign]);
    await until(() => [cured, hostile, foreign].every(({ value }) => places.has(value)));
    await subscription.stop();
    await bus.close();

    const placeIn = ({ value }: { value: string }) => places.get(value) ?? expect.fail("it did not arrive");
    const store = await openLastingStore(join(folder, "store"));
    const rejected = [
      { reason: "detect cannot take it: TypeError", place: placeIn(cured) },
      { reason: "detect cannot take it: error 22P02", place: placeIn(hostile) },
      { reason: "no message of ai.activity", place: placeIn(foreign) },
    ];
    await store.books.recordRejects(rejected, EpochMs.parse(1));
    await store.close();

    const replayed = await gnomon(["rejects", "replay", "--config", config]);
    expect(replayed).toMatchObject({
      code: 0,
      out: "1 of 3 rejected records could be read, 2 are rejected again\n",
      err: `${placeIn(hostile)}: detect cannot take it: error 22P02\n`,
    });
    expect(JSON.stringify(replayed)).not.toContain("CANARY");
    const after = await openLastingStore(join(folder, "store"));
    const known = (await Array.fromAsync(after.activities())).map(({ activity }) => activity.uid);
    expect(known).toEqual(["a".repeat(32)]);
    const waiting = await after.books.rejects({ waiting: true });
    expect(new Set(waiting.map(({ place }) => place))).toEqual(new Set([placeIn(hostile), placeIn(foreign)]));
    await after.close();
    await rm(folder, { recursive: true, force: true });
  });
}
