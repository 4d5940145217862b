import { createRequire } from "node:module";
import fc from "fast-check";
import { CompressionTypes, type IHeaders, type KafkaMessage, type Message } from "kafkajs";
import Encoder from "kafkajs/src/protocol/encoder.js";
import fetchResponse from "kafkajs/src/protocol/requests/fetch/v11/response.js";
import produce from "kafkajs/src/protocol/requests/produce/index.js";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { dividedAtOnce } from "./kafka-bus.ts";
import { FetchedRecord, quickenKafkajs } from "./kafkajs-records.ts";

const VERSION = 7;
quickenKafkajs();
const ours = { protocol: produce.protocol, decode: fetchResponse.decode };
const theirs = {
  protocol: untouched<typeof produce>("kafkajs/src/protocol/requests/produce/index.js").protocol,
  decode: untouched<typeof fetchResponse>("kafkajs/src/protocol/requests/fetch/v11/response.js").decode,
};

/** A module as kafkajs has it, whatever in this process has put ours in its place. */
function untouched<Module>(path: string): Module {
  const require = createRequire(import.meta.url);
  const name = require.resolve(path);
  const touched = require.cache[name];
  delete require.cache[name];
  const module = require(name);
  require.cache[name] = touched;
  return module;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 2, 3) });
});
afterEach(() => {
  vi.useRealTimers();
});

type Protocol = typeof produce.protocol;
type Partition = produce.Request["topicData"][number]["partitions"][number];

const requestOf = (partitions: readonly Partition[], compression = CompressionTypes.None): produce.Request => ({
  acks: -1,
  timeout: 30_000,
  compression,
  producerId: 4_711,
  producerEpoch: 2,
  topicData: [{ topic: "ai.activity", partitions }],
});

const written = async (protocol: Protocol, request: produce.Request): Promise<string> => {
  const { buffer } = await protocol({ version: VERSION })(request).request.encode();
  return buffer.toString("hex");
};

/** Ends at what makes a length, or a length's length, one byte longer. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constantFrom(0, 47, 48, 49, 63, 64, 8_100, 8_191, 8_192).map((length) => "a".repeat(length)),
  fc.constantFrom("é".repeat(48), `${"a".repeat(40)}€`, "𝒳"),
);
const value = fc.oneof(
  text,
  text.map((one) => Buffer.from(one)),
);
const message: fc.Arbitrary<Message> = fc.record(
  {
    key: fc.oneof(value, fc.constant(null)),
    value: fc.oneof(value, fc.constant(null)),
    headers: fc.dictionary(text, fc.oneof(value, fc.array(value, { maxLength: 3 })), { maxKeys: 6 }),
  },
  { requiredKeys: ["value"] },
);
const partition: fc.Arbitrary<Partition> = fc.record({
  partition: fc.nat(64),
  firstSequence: fc.nat(),
  messages: fc.array(message, { minLength: 1, maxLength: 20 }),
});

it("writes, byte for byte, what kafkajs writes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(partition, { maxLength: 4 }),
      fc.constantFrom(CompressionTypes.None, CompressionTypes.GZIP),
      async (partitions, compression) => {
        const request = requestOf(partitions, compression);
        expect(await written(ours.protocol, request)).toBe(await written(theirs.protocol, request));
      },
    ),
  );
});

it("leaves to kafkajs what it does not write itself: times of one's own", async () => {
  const request = requestOf([{ partition: 0, messages: [{ value: "a", timestamp: "1772412000000" }] }]);
  expect(await written(ours.protocol, request)).toBe(await written(theirs.protocol, request));
});

const answerHead = (partitions: number): Encoder =>
  new Encoder()
    .writeInt32(250)
    .writeInt16(0)
    .writeInt32(7)
    .writeInt32(1)
    .writeString("ai.activity")
    .writeInt32(partitions);

/** High watermark 99, last stable 98, first 1; one aborted transaction, of 4711 from 3; no replica to prefer. */
const PARTITION_HEAD = Buffer.from(Int32Array.from([0, 99, 0, 98, 0, 1, 1, 0, 4_711, 0, 3, -1]).buffer).swap32();

/** An answer to a fetch that holds what was just written, at these offsets and with these attributes. */
async function answered(
  partitions: readonly Partition[],
  { compression = CompressionTypes.None, offset = 0n, attributes = 0, cut = 0 } = {},
): Promise<Buffer> {
  const answer = answerHead(partitions.length);
  for (const one of partitions) {
    const { buffer } = await theirs
      .protocol({ version: VERSION })(requestOf([one], compression))
      .request.encode();
    // Behind the transaction, acks, timeout, topic, partition and length.
    const batch = Buffer.from(buffer.subarray(2 + 2 + 4 + 4 + 2 + "ai.activity".length + 4 + 4 + 4));
    batch.writeBigInt64BE(offset);
    batch.writeInt16BE(batch.readInt16BE(21) | attributes, 21);
    batch.writeBigInt64BE(1_772_400_000_000n, 35);
    const set = Buffer.concat([batch, batch.subarray(0, batch.length - cut)]);
    answer.writeInt32(one.partition).writeInt16(0).writeBuffer(PARTITION_HEAD);
    answer.writeInt32(set.length).writeBuffer(set);
  }
  return answer.buffer;
}

/** As values, whenever they are made. kafkajs carries more of a batch along; nobody reads it. */
const plain = ({ responses, ...rest }: fetchResponse.Fetched) => ({
  ...rest,
  responses: responses.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ messages, ...partition }) => ({ ...partition, messages: messages.map(read) })),
  })),
});

const read = (one: KafkaMessage) => {
  const { isControlRecord, batchContext } = one as unknown as FetchedRecord;
  const { producerId, inTransaction } = batchContext;
  const { key, value, headers, offset, timestamp, attributes } = one;
  // Compared as text: a hundredfold faster than buffers.
  const texts = JSON.stringify([key, value, headers]);
  return { texts, offset, timestamp, attributes, isControlRecord, producerId, inTransaction };
};

it("reads what kafkajs reads: offsets, times, keys, values, headers, control records, and not what is cut off", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(partition, { maxLength: 3 }),
      fc.record({
        compression: fc.constantFrom(CompressionTypes.None, CompressionTypes.GZIP),
        offset: fc.bigInt(0n, 2n ** 60n),
        // The broker's time, a transaction, a control batch.
        attributes: fc.constantFrom(0, 0x08, 0x10, 0x30),
        cut: fc.constantFrom(0, 1, 40),
      }),
      async (partitions, how) => {
        const answer = await answered(partitions, how);
        expect(plain(await ours.decode(answer))).toEqual(plain(await theirs.decode(answer)));
      },
    ),
  );
});

it("reads times that differ within a batch", async () => {
  const times = ["1772412000000", "1772412000001", "1772498400000", "1772412000500"];
  const messages = times.map((timestamp) => ({ value: "a", timestamp }));
  const answer = await answered([{ partition: 3, messages }]);
  const got = plain(await ours.decode(answer));
  expect(got).toEqual(plain(await theirs.decode(answer)));
  expect(got.responses[0]?.partitions[0]?.messages.slice(0, 4).map(({ timestamp }) => timestamp)).toEqual(times);
});

it("reads no further than a batch goes, whatever number of records it says it has", async () => {
  const answer = await answered([{ partition: 0, messages: [{ value: "a" }] }]);
  // A record of eight bytes at the end; in front of it, the count of one.
  const count = answer.length - 8 - 4;
  expect(answer.readInt32BE(count)).toBe(1);
  answer.writeInt32BE(2 ** 31 - 1, count);
  await expect(ours.decode(answer)).rejects.toThrow("ends before its last record");
});

it("leaves what brokers before 0.11 wrote to kafkajs", async () => {
  const text = (bytes: string) => new Encoder().writeInt32(bytes.length).writeBuffer(Buffer.from(bytes));
  // Offset, size, checksum (not looked at), magic 1 and attributes 0, time; key and value.
  const body = new Encoder().writeInt32(0).writeInt16(0x0100).writeInt32(0).writeInt32(5);
  body.writeBuffer(text("key").buffer).writeBuffer(text("value").buffer);
  const set = new Encoder()
    .writeInt32(0)
    .writeInt32(8)
    .writeInt32(body.buffer.length)
    .writeBuffer(body.buffer).buffer;
  const answer = answerHead(1).writeInt32(0).writeInt16(0).writeBuffer(PARTITION_HEAD);
  answer.writeInt32(set.length).writeBuffer(set);
  const { responses } = await ours.decode(answer.buffer);
  const [got] = responses[0]?.partitions[0]?.messages ?? [];
  expect(got).toMatchObject({ offset: "8", timestamp: "5", key: Buffer.from("key"), value: Buffer.from("value") });
});

it("gives the texts of headers, the first of each name", async () => {
  const headers: IHeaders = {
    ce_type: "gnomon.activity.v1",
    ce_source: ["é", "b"],
    "content-type": Buffer.from("c"),
  };
  const { responses } = await ours.decode(await answered([{ partition: 0, messages: [{ value: "a", headers }] }]));
  const [first] = responses[0]?.partitions[0]?.messages ?? [];
  expect(first).toBeInstanceOf(FetchedRecord);
  expect((first as unknown as FetchedRecord).headerTexts()).toEqual({
    ce_type: "gnomon.activity.v1",
    ce_source: "é",
    "content-type": "c",
  });
});

it("puts ours where kafkajs looks", async () => {
  const { requests } = createRequire(import.meta.url)("kafkajs/src/protocol/requests/index.js");
  // By what ours writes and theirs does not: what both write is the same.
  const request = requestOf([{ partition: 0, messages: [{ value: "a", headers: { none: undefined } }] }]);
  await expect(written(theirs.protocol, request)).rejects.toThrow(TypeError);
  expect(await written(requests.Produce.protocol, request)).toBe(await written(ours.protocol, request));

  const { response } = requests.Fetch.protocol({ version: 11 })({ topics: [] });
  const answer = await answered([{ partition: 0, messages: [{ value: "a" }] }]);
  const { responses }: fetchResponse.Fetched = await response.decode(answer);
  expect(responses[0]?.partitions[0]?.messages[0]).toBeInstanceOf(FetchedRecord);
});

it("gives each record its own headers, whatever those before it had", async () => {
  const word = fc.oneof(
    fc.constantFrom("a", "ab", "é", "gnomon.activity.v1"),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  const headers = fc.dictionary(word, word, { maxKeys: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(headers, { minLength: 1, maxLength: 8 }), async (given) => {
      const messages = given.map((one) => ({ value: "a", headers: one }));
      const { responses } = await ours.decode(await answered([{ partition: 0, messages }]));
      const got = responses[0]?.partitions[0]?.messages ?? [];
      const texts = got.map((one) => (one as unknown as FetchedRecord).headerTexts());
      const wanted = given.map((one) =>
        Object.fromEntries(Object.entries(one).map(([name, value]) => [utf8(name), utf8(value)])),
      );
      // An answer holds the batch twice.
      expect(texts).toEqual([...wanted, ...wanted]);
    }),
  );
});

/** As a text comes back that was bytes in between. */
const utf8 = (text: string): string => Buffer.from(text).toString("utf8");

it("divides messages among partitions as kafkajs does, each list in order", () => {
  const divide = untouched<(of: object) => Record<string, Message[]>>(
    "kafkajs/src/producer/groupMessagesPerPartition.js",
  );
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: fc.constantFrom("a", "b", "c", "d"), value: fc.string() })),
      (messages) => {
        const of = {
          topic: "ai.activity",
          partitionMetadata: [{}],
          partitioner: ({ message }: { readonly message: Message }) => "abcd".indexOf(String(message.key)),
        };
        const ours = divide({ ...of, messages: dividedAtOnce([...messages]) });
        expect(ours).toEqual(divide({ ...of, messages }));
      },
    ),
  );
});
