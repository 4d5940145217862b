/**
 * The topics: names, keys, partitions, retention, settings, in one place. `gnomon migrate` creates them, infra/
 * describes them, nothing else names them.
 */
import { DAY_MS } from "../model/units.ts";

export interface Topic {
  readonly name: string;
  /** What its messages are. */
  readonly holds: string;
  /** What the key of a message is made of: messages of one key keep their order. */
  readonly key: string;
  readonly partitions: number;
  readonly retentionMs: number;
}

/**
 * Raw records wait at most until a fix is out; activities can be replayed for a month of backtests; rejects outlast
 * the raw records they point to by little, since without them only the count is left.
 */
export const topics = {
  raw: {
    name: "ai.activity.raw",
    holds: "vendors' records, cut to the fields their source names",
    key: "source and what was published at once",
    partitions: 12,
    retentionMs: 3 * DAY_MS,
  },
  activity: {
    name: "ai.activity",
    holds: "gnomon.activity/v1",
    key: "account and principal",
    partitions: 12,
    retentionMs: 30 * DAY_MS,
  },
  rejected: {
    name: "ai.activity.rejected",
    holds: "a reason and a pointer for each record nobody could read; never the record",
    key: "source",
    partitions: 3,
    retentionMs: 14 * DAY_MS,
  },
  findings: {
    name: "ai.findings",
    holds: "OCSF Detection Finding 1.8.0, one message a state change",
    key: "finding uid",
    partitions: 3,
    retentionMs: 30 * DAY_MS,
  },
} as const satisfies Record<string, Topic>;

export type TopicName = (typeof topics)[keyof typeof topics]["name"];

/**
 * Settings of every topic. 2 replicas must have a message before it is acknowledged; time is the producer's, so that
 * retention counts from collection. A message over 1 MB is refused by most managed brokers: it is rejected by name.
 */
export const topicSettings = {
  "cleanup.policy": "delete",
  "compression.type": "producer",
  "message.timestamp.type": "CreateTime",
} as const;
export const MAX_MESSAGE_BYTES = 1_000_000;
