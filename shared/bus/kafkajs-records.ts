/**
 * How kafkajs 2.2.4 writes and reads records, put right. It makes a buffer of every header of every message, and copies
 * each byte four times; and reads as many buffers back, whether or not anybody looks at them. A message with five
 * headers costs it 15 µs to write and 7 to read; so, 2 and 3. The version is pinned and nobody develops it any more:
 * what is put in its place here stays in place. What is rare is left to it: transactions, times of one's own, old brokers.
 *
 * Kafka protocol, "Record Batch" (magic 2), "Produce API" versions 3 to 7, "Fetch API" version 11.
 */
import type { IHeaders, KafkaMessage } from "kafkajs";
import Decoder from "kafkajs/src/protocol/decoder.js";
import Encoder from "kafkajs/src/protocol/encoder.js";
import { lookupCodec, lookupCodecByAttributes } from "kafkajs/src/protocol/message/compression/index.js";
import crc32c from "kafkajs/src/protocol/recordBatch/crc32C/index.js";
import fetchResponse from "kafkajs/src/protocol/requests/fetch/v11/response.js";
import produce from "kafkajs/src/protocol/requests/produce/index.js";

const FIRST_PRODUCE = 3;
/** `Long.fromInt(-1)`, and what a batch has where no producer is named. */
const NO_PRODUCER = -1n;

export function quickenKafkajs(): void {
  const { protocol } = produce;
  produce.protocol = ({ version }) => {
    const theirs = protocol({ version });
    if (version < FIRST_PRODUCE) return theirs;
    return (given) => {
      const made = theirs(given);
      if (!isPlain(given)) return made;
      return { ...made, request: { ...made.request, encode: () => encodeProduce(given) } };
    };
  };

  const { decode } = fetchResponse;
  fetchResponse.decode = async (bytes) => (await decodeFetch(bytes)) ?? decode(bytes);
}

type Message = produce.Request["topicData"][number]["partitions"][number]["messages"][number];
type HeaderValue = string | Buffer;

const isPlain = ({ transactionalId, topicData }: produce.Request): boolean =>
  (transactionalId ?? null) === null &&
  topicData.every(({ partitions }) =>
    partitions.every(({ messages }) => messages.every(({ timestamp }) => timestamp === undefined)),
  );

async function encodeProduce(given: produce.Request): Promise<Encoder> {
  const { acks, timeout, topicData } = given;
  const request = new Encoder()
    .writeString(null)
    .writeInt16(acks)
    .writeInt32(timeout)
    .writeInt32(topicData.length);
  for (const { topic, partitions } of topicData) {
    request.writeString(topic).writeInt32(partitions.length);
    for (const { partition, messages, firstSequence } of partitions) {
      const batch = await batchOf(messages, given, firstSequence ?? 0);
      request.writeInt32(partition).writeInt32(batch.length).writeBuffer(batch);
    }
  }
  return request;
}

/** Where the fields of a batch stand, by their names in the protocol's description. */
const AT = {
  baseOffset: 0,
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordsCount: 57,
  records: 61,
} as const;
/** The length counts what stands behind it, and so does the checksum. */
const FROM_LENGTH = AT.partitionLeaderEpoch;
const FROM_CRC = AT.attributes;
const MAGIC = 2;

async function batchOf(
  messages: readonly Message[],
  { compression = 0, producerId, producerEpoch = 0 }: produce.Request,
  firstSequence: number,
): Promise<Buffer> {
  const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0) + BESIDE_VALUE, 0);
  const writer = new RecordWriter(bytes);
  for (const [at, message] of messages.entries()) writer.write(at, message);
  const codec = compression === 0 ? undefined : lookupCodec(compression);
  const records = codec ? await codec.compress({ buffer: writer.written() }) : writer.written();
  const batch = Buffer.allocUnsafe(AT.records + records.length);
  const time = BigInt(Date.now());
  batch.writeBigInt64BE(0n, AT.baseOffset);
  batch.writeInt32BE(batch.length - FROM_LENGTH, AT.batchLength);
  batch.writeInt32BE(0, AT.partitionLeaderEpoch);
  batch.writeInt8(MAGIC, AT.magic);
  batch.writeInt16BE(compression, AT.attributes);
  batch.writeInt32BE(messages.length - 1, AT.lastOffsetDelta);
  batch.writeBigInt64BE(time, AT.baseTimestamp);
  batch.writeBigInt64BE(time, AT.maxTimestamp);
  batch.writeBigInt64BE(producerId === undefined ? NO_PRODUCER : BigInt(String(producerId)), AT.producerId);
  batch.writeInt16BE(producerEpoch, AT.producerEpoch);
  batch.writeInt32BE(firstSequence, AT.baseSequence);
  batch.writeInt32BE(messages.length, AT.recordsCount);
  records.copy(batch, AT.records);
  batch.writeUInt32BE(crc32c(batch.subarray(FROM_CRC)), AT.crc);
  return batch;
}

/** Of a number with sign, and of the length of anything we write. */
const MOST_VARINT_BYTES = 5;
/** A body of 64 to 8,191 bytes has a length of two: most are, and need not be moved when their length is known. */
const LIKELY_LENGTH_BYTES = 2;
/** Up to here a loop is faster than a call out of JavaScript. */
const SHORT = 48;

/** Key and headers; more than that makes room for itself. */
const BESIDE_VALUE = 320;

/** Records, one behind the other. */
class RecordWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(bytes: number) {
    this.#bytes = Buffer.allocUnsafe(bytes);
  }

  written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  write(offsetDelta: number, { key, value, headers }: Message): void {
    this.#reserve(LIKELY_LENGTH_BYTES + 3);
    const length = this.#at;
    const body = length + LIKELY_LENGTH_BYTES;
    this.#at = body;
    this.#bytes[this.#at++] = 0; // attributes: none are defined
    this.#varint(0); // since the batch's first time
    this.#varint(offsetDelta);
    this.#text(key);
    this.#text(value);
    this.#headers(headers ?? {});
    this.#setLength(length, body);
  }

  /** ZigZag, then seven bits a byte. */
  #varint(value: number): void {
    this.#reserve(MOST_VARINT_BYTES);
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  #text(text: HeaderValue | null | undefined): void {
    if (text === null || text === undefined) {
      this.#varint(-1);
      return;
    }
    if (typeof text !== "string") {
      this.#varint(text.length);
      this.#reserve(text.length);
      text.copy(this.#bytes, this.#at);
      this.#at += text.length;
      return;
    }
    if (text.length <= SHORT && this.#ascii(text)) return;
    const bytes = Buffer.byteLength(text);
    this.#varint(bytes);
    this.#reserve(bytes);
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** False where it is none, and nothing is written. */
  #ascii(text: string): boolean {
    const start = this.#at;
    this.#varint(text.length);
    this.#reserve(text.length);
    let at = this.#at;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.#at = start;
        return false;
      }
      this.#bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  #headers(headers: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>): void {
    let count = 0;
    for (const name in headers) {
      const value = headers[name];
      count += Array.isArray(value) ? value.length : 1;
    }
    this.#varint(count);
    for (const name in headers) {
      const value = headers[name];
      for (const one of Array.isArray(value) ? value : [value]) {
        this.#text(name);
        this.#text(one);
      }
    }
  }

  /** What stands at `body` and behind it has its length in front of it. */
  #setLength(at: number, body: number): void {
    const size = this.#at - body;
    const bytes = lengthOfVarint(size);
    if (bytes !== LIKELY_LENGTH_BYTES) {
      this.#reserve(bytes);
      this.#bytes.copyWithin(at + bytes, body, this.#at);
    }
    this.#at = at;
    this.#varint(size);
    this.#at += size;
  }

  #reserve(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, wanted));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

const lengthOfVarint = (value: number): number => {
  let bytes = 1;
  for (let rest = (value << 1) >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
};

/** Undefined where a partition holds what brokers before 0.11 wrote. */
async function decodeFetch(bytes: Buffer): Promise<fetchResponse.Fetched | undefined> {
  const decoder = new Decoder(bytes);
  const clientSideThrottleTime = decoder.readInt32();
  const errorCode = decoder.readInt16();
  const sessionId = decoder.readInt32();
  const responses = [];
  for (let topics = decoder.readInt32(); topics > 0; topics--) {
    const topicName = decoder.readString();
    const partitions: fetchResponse.FetchedPartition[] = [];
    for (let count = decoder.readInt32(); count > 0; count--) {
      const head = {
        partition: decoder.readInt32(),
        errorCode: decoder.readInt16(),
        highWatermark: decoder.readInt64().toString(),
        lastStableOffset: decoder.readInt64().toString(),
        lastStartOffset: decoder.readInt64().toString(),
        abortedTransactions: decoder.readArray((one) => ({
          producerId: one.readInt64().toString(),
          firstOffset: one.readInt64().toString(),
        })),
        preferredReadReplica: decoder.readInt32(),
      };
      const messages = await recordsIn(decoder.readBytes() ?? Buffer.alloc(0));
      if (messages === undefined) return undefined;
      partitions.push({ ...head, messages });
    }
    responses.push({ topicName, partitions });
  }
  // The broker has not held this answer back: it expects that of us, and kafkajs does it by the second number.
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

/** Of all whole batches; the last may be cut off, and comes whole the next time. */
async function recordsIn(bytes: Buffer): Promise<KafkaMessage[] | undefined> {
  const records: KafkaMessage[] = [];
  for (let at = 0; at + AT.magic < bytes.length; ) {
    if (bytes[at + AT.magic] !== MAGIC) return undefined;
    if (at + AT.records > bytes.length) break;
    const end = at + FROM_LENGTH + bytes.readInt32BE(at + AT.batchLength);
    if (end > bytes.length) break;
    const batch = bytes.subarray(at, end);
    const count = batch.readInt32BE(AT.recordsCount);
    const codec = lookupCodecByAttributes(batch.readInt16BE(AT.attributes));
    const packed = batch.subarray(AT.records);
    const cursor = new Cursor(codec && count > 0 ? await codec.decompress(packed) : packed, 0);
    const context = contextOf(batch);
    for (let left = count; left > 0; left--) records.push(recordFrom(cursor, context));
    at = end;
  }
  return records;
}

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const LOG_APPEND_TIME = 0x08;

interface BatchContext extends fetchResponse.AroundRecords {
  readonly firstOffset: bigint;
  readonly isControlBatch: boolean;
  /** What the times of records differ from; where the broker sets them, what they all are. */
  readonly time: bigint;
  readonly timeText: string;
  readonly isBrokersTime: boolean;
}

function contextOf(batch: Buffer): BatchContext {
  const attributes = batch.readInt16BE(AT.attributes);
  const isBrokersTime = (attributes & LOG_APPEND_TIME) > 0;
  const time = batch.readBigInt64BE(isBrokersTime ? AT.maxTimestamp : AT.baseTimestamp);
  return {
    firstOffset: batch.readBigInt64BE(AT.baseOffset),
    isControlBatch: (attributes & CONTROL) > 0,
    time,
    timeText: time.toString(),
    isBrokersTime,
    producerId: batch.readBigInt64BE(AT.producerId).toString(),
    inTransaction: (attributes & TRANSACTIONAL) > 0,
  };
}

class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Seven bits a byte, then ZigZag; exact up to 2^53. */
  number(): number {
    let scale = 1;
    let sum = 0;
    let byte = this.bytes[this.at++] ?? 0;
    while (byte > 0x7f) {
      sum += (byte & 0x7f) * scale;
      scale *= 128;
      byte = this.bytes[this.at++] ?? 0;
    }
    sum += byte * scale;
    return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2;
  }

  /** Where bytes with their length in front begin; -1 where there are none. Behind them afterwards. */
  skip(): number {
    const length = this.number();
    if (length < 0) return -1;
    this.at += length;
    return this.at - length;
  }
}

function recordFrom(cursor: Cursor, batch: BatchContext): FetchedRecord {
  const length = cursor.number();
  const end = cursor.at + length;
  cursor.at++; // attributes: none are defined
  const sinceFirst = cursor.number();
  const timestamp =
    sinceFirst === 0 || batch.isBrokersTime ? batch.timeText : (batch.time + BigInt(sinceFirst)).toString();
  const offset = (batch.firstOffset + BigInt(cursor.number())).toString();
  const key = cursor.skip();
  const keyEnd = cursor.at;
  const value = cursor.skip();
  if (cursor.at > cursor.bytes.length || end > cursor.bytes.length) {
    throw new RangeError("bus: a batch of records ends before its last record does");
  }
  const record = new FetchedRecord(cursor.bytes, batch, {
    offset,
    timestamp,
    key,
    keyEnd,
    value,
    valueEnd: cursor.at,
  });
  cursor.at = end;
  return record;
}

/** Its parts are made when somebody asks for them. */
export class FetchedRecord {
  readonly attributes = 0;
  readonly offset: string;
  readonly timestamp: string;
  readonly isControlRecord: boolean;
  readonly batchContext: fetchResponse.AroundRecords;
  readonly #bytes: Buffer;
  readonly #key: number;
  readonly #keyEnd: number;
  readonly #value: number;
  readonly #valueEnd: number;

  constructor(
    bytes: Buffer,
    batch: BatchContext,
    at: {
      readonly offset: string;
      readonly timestamp: string;
      readonly key: number;
      readonly keyEnd: number;
      readonly value: number;
      readonly valueEnd: number;
    },
  ) {
    this.#bytes = bytes;
    this.batchContext = batch;
    this.isControlRecord = batch.isControlBatch;
    this.offset = at.offset;
    this.timestamp = at.timestamp;
    this.#key = at.key;
    this.#keyEnd = at.keyEnd;
    this.#value = at.value;
    this.#valueEnd = at.valueEnd;
  }

  get key(): Buffer | null {
    return this.#key < 0 ? null : this.#bytes.subarray(this.#key, this.#keyEnd);
  }

  get value(): Buffer | null {
    return this.#value < 0 ? null : this.#bytes.subarray(this.#value, this.#valueEnd);
  }

  get headers(): IHeaders {
    const headers: IHeaders = {};
    const cursor = new Cursor(this.#bytes, this.#valueEnd);
    for (let left = cursor.number(); left > 0; left--) {
      const nameAt = cursor.skip();
      const name = this.#bytes.toString("utf8", nameAt, cursor.at);
      const at = cursor.skip();
      // kafkajs says null here and its types do not.
      const value = (at < 0 ? null : this.#bytes.subarray(at, cursor.at)) as Buffer;
      const before = headers[name];
      headers[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
    }
    return headers;
  }

  /** The first value of each. */
  headerTexts(): Record<string, string> {
    const texts: Record<string, string> = {};
    const cursor = new Cursor(this.#bytes, this.#valueEnd);
    for (let left = cursor.number(), at = 0; left > 0; left--, at++) {
      const nameAt = cursor.skip();
      const name = headerNames.text(at, this.#bytes, nameAt, cursor.at);
      const valueAt = cursor.skip();
      if (valueAt >= 0) texts[name] ??= headerValues.text(at, this.#bytes, valueAt, cursor.at);
    }
    return texts;
  }
}

/** Up to here bytes are compared faster than a text is made of them. */
const COMPARED = 64;

/** Texts of the record before: those of the next are nearly all the same, and to make one costs more than to compare. */
class TextsBefore {
  readonly #texts: string[] = [];

  text(place: number, bytes: Buffer, from: number, until: number): string {
    const before = this.#texts[place];
    if (before !== undefined && before.length === until - from && before.length <= COMPARED) {
      let at = 0;
      // A byte above 127 is no character's code in UTF-8, and equals none of a text that is made of such.
      while (at < before.length && before.charCodeAt(at) === bytes[from + at] && before.charCodeAt(at) < 0x80)
        at++;
      if (at === before.length) return before;
    }
    const text = bytes.toString("utf8", from, until);
    this.#texts[place] = text;
    return text;
  }
}

const headerNames = new TextsBefore();
const headerValues = new TextsBefore();
