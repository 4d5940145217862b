/** What messages look like on the bus: JSON, CloudEvents 1.0 binary headers, and the key that orders them. */
import { ACTIVITY_SCHEMA, type Activity, Activity as ActivityShape, principalOf } from "../model/activity.ts";
import { compileShape } from "../model/compiled-shape.ts";
import { RawRecord, Reject } from "../model/raw-record.ts";
import { uidOf } from "../model/uid.ts";
import type { IncomingMessage, OutgoingMessage } from "./bus.ts";
import { MAX_MESSAGE_BYTES } from "./topics.ts";

/**
 * CloudEvents 1.0, Kafka protocol binding, binary mode: attributes are headers with the prefix `ce_`. The type names the
 * schema's version. No more than these: each is read and written with every message.
 */
const headers = (
  type: string,
  source: string,
  id: string,
  contentType: typeof JSON_TYPE | typeof LINES_TYPE,
): Record<string, string> => ({
  ce_specversion: "1.0",
  ce_type: type,
  ce_source: `gnomon/${source}`,
  ce_id: id,
  "content-type": contentType,
});

const RAW_TYPE = "gnomon.raw-records.v1";
const ACTIVITY_TYPE = "gnomon.activity.v1";
const REJECT_TYPE = "gnomon.reject.v1";

const JSON_TYPE = "application/json";
const LINES_TYPE = "application/x-ndjson";

/** Of lines in a message: enough that it costs little beside them, and little enough to hold many messages at once. */
const LINES_BYTES = 64 * 1024;

/**
 * Raw records travel by the dozen, a line of JSON each: they are read one by one, but to send and to fetch a message
 * costs more than to read a record (docs/decisions/0014). What is published at once has one key for each source, so that
 * it stays together, is compressed together, and the next goes to another partition: to read a record takes no other
 * record, in whatever order. A record that no message can hold is rejected by name, or it would hold up the whole batch
 * again and again.
 */
export function rawMessages(
  records: readonly RawRecord[],
  place: string,
): { readonly messages: readonly OutgoingMessage[]; readonly rejects: readonly Reject[] } {
  const messages: OutgoingMessage[] = [];
  const rejects: Reject[] = [];
  const open = new Map<string, { key: string | undefined; lines: string[]; bytes: number }>();

  const send = (source: string, of: NonNullable<ReturnType<typeof open.get>>) => {
    const value = of.lines.join("\n");
    const id = uidOf(value);
    of.key ??= `${source}/${id}`;
    messages.push({ key: of.key, value, headers: headers(RAW_TYPE, source, id, LINES_TYPE) });
    of.lines = [];
    of.bytes = 0;
  };

  for (const raw of records) {
    const { source } = raw;
    const line = JSON.stringify(raw);
    const bytes = Buffer.byteLength(line);
    if (bytes > MAX_MESSAGE_BYTES) {
      const reason = `${bytes} bytes, at most ${MAX_MESSAGE_BYTES} are taken`;
      rejects.push({ source, reason, place });
      continue;
    }
    const of = open.get(source) ?? { key: undefined, lines: [], bytes: 0 };
    open.set(source, of);
    if (of.lines.length > 0 && of.bytes + bytes > LINES_BYTES) send(source, of);
    of.lines.push(line);
    of.bytes += bytes + 1;
  }
  for (const [source, of] of open) if (of.lines.length > 0) send(source, of);
  return { messages, rejects };
}

export const activityMessage = (activity: Activity): OutgoingMessage => ({
  key: `${activity.account?.uid ?? ""}/${principalOf(activity) ?? ""}`,
  value: JSON.stringify(activity),
  headers: headers(ACTIVITY_TYPE, activity.source, activity.uid, JSON_TYPE),
});

export function rejectMessage(reject: Reject): OutgoingMessage {
  const value = JSON.stringify(reject);
  return {
    key: reject.source ?? "",
    value,
    headers: headers(REJECT_TYPE, reject.source ?? "unrecognised", uidOf(value), JSON_TYPE),
  };
}

/** A message of ours, or where it stands and why it is none. Never throws. */
type Read<T> = { readonly value: T } | { readonly reject: Reject };

/** Where on the bus a raw record stands; `record` is its line, counted from 1, where the message has several. */
export interface RawPlace {
  readonly place: string;
  readonly record?: number;
}

const readRaw = compileShape(RawRecord);
const readRawData = (value: unknown): RawRecord | undefined => readRaw(value).data;

/** The records of a message's lines, and what is none. Never throws. */
export function readRawMessage(message: IncomingMessage): {
  readonly records: readonly ({ readonly raw: RawRecord } & RawPlace)[];
  readonly rejects: readonly Reject[];
} {
  const lines = message.value.split("\n");
  const place = placeOf(message);
  const records: ({ readonly raw: RawRecord } & RawPlace)[] = [];
  const rejects: Reject[] = [];
  const several = lines.length > 1;
  let record = 0;
  for (const line of lines) {
    record++;
    const read = readDocument(line, message.topic, readRawData);
    if ("rejected" in read) {
      const reason = read.rejected;
      rejects.push(several ? { reason, place, record } : { reason, place });
    } else {
      const raw = read.value;
      records.push(several ? { raw, place, record } : { raw, place });
    }
  }
  return { records, rejects };
}

/** For how long the one that waited longest was on the bus, in ms. Undefined where nobody says when it came. */
export function lagOf(messages: readonly IncomingMessage[], now: number): number | undefined {
  let first: number | undefined;
  for (const { time } of messages)
    if (time !== undefined && time < (first ?? Number.POSITIVE_INFINITY)) first = time;
  return first === undefined ? undefined : Math.max(0, now - first);
}

export const placeOf = ({ topic, partition, offset }: IncomingMessage): string =>
  `${topic}/${partition}/${offset}`;

/**
 * Our own activities are not checked field by field again: `normalize` did, and at ten thousand a second it counts. What
 * somebody else puts on the topic, by its header or by what it lacks, is taken only as the shape allows.
 */
export const readActivityMessage = (message: IncomingMessage): Read<Activity> =>
  readMessage(message, (value) => {
    const ours = isActivity(value) && message.headers["ce_type"] === ACTIVITY_TYPE;
    return ours ? value : ActivityShape.safeParse(value).data;
  });

export const readRejectMessage = (message: IncomingMessage): Read<Reject> =>
  readMessage(message, (value) => Reject.safeParse(value).data);

function isActivity(value: unknown): value is Activity {
  if (typeof value !== "object" || value === null) return false;
  const { schema, uid, kind, view, source, startTime, endTime, count, operation } = value as Partial<Activity>;
  return (
    schema === ACTIVITY_SCHEMA &&
    typeof uid === "string" &&
    kind !== undefined &&
    view !== undefined &&
    typeof source === "string" &&
    typeof operation === "string" &&
    Number.isSafeInteger(startTime) &&
    Number.isSafeInteger(endTime) &&
    Number.isSafeInteger(count)
  );
}

const readMessage = <T>(message: IncomingMessage, check: (value: unknown) => T | undefined): Read<T> => {
  const read = readDocument(message.value, message.topic, check);
  return "rejected" in read ? { reject: { reason: read.rejected, place: placeOf(message) } } : read;
};

function readDocument<T>(
  text: string,
  topic: string,
  check: (value: unknown) => T | undefined,
): { readonly value: T } | { readonly rejected: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { rejected: "not JSON" };
  }
  const checked = check(value);
  return checked === undefined ? { rejected: `no message of ${topic}` } : { value: checked };
}
