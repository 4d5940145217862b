/** What messages look like on the bus: JSON, CloudEvents 1.0 binary headers, and the key that orders them. */
import { ACTIVITY_SCHEMA, type Activity, Activity as ActivityShape, principalOf } from "../model/activity.ts";
import { RawRecord, Reject } from "../model/raw-record.ts";
import { uidOf } from "../model/uid.ts";
import type { IncomingMessage, OutgoingMessage } from "./bus.ts";
import { MAX_MESSAGE_BYTES } from "./topics.ts";

/**
 * CloudEvents 1.0, Kafka protocol binding, binary mode: attributes are headers with the prefix `ce_`. The type names the
 * schema's version. No more than these: each header costs kafkajs 3 µs a message.
 */
const headers = (type: string, source: string, id: string): Record<string, string> => ({
  ce_specversion: "1.0",
  ce_type: type,
  ce_source: `gnomon/${source}`,
  ce_id: id,
  "content-type": "application/json",
});

const RAW_TYPE = "gnomon.raw-record.v1";
const ACTIVITY_TYPE = "gnomon.activity.v1";
const REJECT_TYPE = "gnomon.reject.v1";

/**
 * What is published at once has one key for each source, so that it stays together, is compressed together, and the next
 * goes to another partition: to read a record takes no other record, in whatever order. A record that no message can
 * hold is rejected by name, or it would hold up the whole batch again and again.
 */
export function rawMessages(
  records: readonly RawRecord[],
  place: string,
): { readonly messages: readonly OutgoingMessage[]; readonly rejects: readonly Reject[] } {
  const messages: OutgoingMessage[] = [];
  const rejects: Reject[] = [];
  const keys = new Map<string, string>();
  for (const raw of records) {
    const { source } = raw;
    const value = JSON.stringify(raw);
    const bytes = Buffer.byteLength(value);
    if (bytes <= MAX_MESSAGE_BYTES) {
      const id = uidOf(value);
      const key = keys.get(source) ?? `${source}/${id}`;
      keys.set(source, key);
      messages.push({ key, value, headers: headers(RAW_TYPE, source, id) });
    } else
      rejects.push({
        source,
        reason: `${bytes} bytes, at most ${MAX_MESSAGE_BYTES} are taken`,
        place,
      });
  }
  return { messages, rejects };
}

export const activityMessage = (activity: Activity): OutgoingMessage => ({
  key: `${activity.account?.uid ?? ""}/${principalOf(activity) ?? ""}`,
  value: JSON.stringify(activity),
  headers: headers(ACTIVITY_TYPE, activity.source, activity.uid),
});

export function rejectMessage(reject: Reject): OutgoingMessage {
  const value = JSON.stringify(reject);
  return {
    key: reject.source ?? "",
    value,
    headers: headers(REJECT_TYPE, reject.source ?? "unrecognised", uidOf(value)),
  };
}

/** A message of ours, or where it stands and why it is none. Never throws. */
type Read<T> = { readonly value: T } | { readonly reject: Reject };

export const readRawMessage = (message: IncomingMessage): Read<RawRecord> =>
  readMessage(message, (value) => RawRecord.safeParse(value).data);

/**
 * Our own activities are not checked field by field again: `normalize` did, and at ten thousand a second it counts.
 * What somebody else put on the topic is caught by its schema's name and version.
 */
export const readActivityMessage = (message: IncomingMessage): Read<Activity> =>
  readMessage(message, (value) => {
    const ours = message.headers["ce_type"] === ACTIVITY_TYPE && isActivity(value);
    return ours ? value : ActivityShape.safeParse(value).data;
  });

export const readRejectMessage = (message: IncomingMessage): Read<Reject> =>
  readMessage(message, (value) => Reject.safeParse(value).data);

function isActivity(value: unknown): value is Activity {
  if (typeof value !== "object" || value === null) return false;
  const { schema, uid, startTime, kind } = value as Partial<Activity>;
  return (
    schema === ACTIVITY_SCHEMA && typeof uid === "string" && typeof startTime === "number" && kind !== undefined
  );
}

function readMessage<T>(message: IncomingMessage, check: (value: unknown) => T | undefined): Read<T> {
  const place = `${message.topic}/${message.partition}/${message.offset}`;
  let value: unknown;
  try {
    value = JSON.parse(message.value);
  } catch {
    return { reject: { reason: "not JSON", place } };
  }
  const checked = check(value);
  return checked === undefined
    ? { reject: { reason: `no message of ${message.topic}`, place } }
    : { value: checked };
}
