/**
 * A topic of another service that speaks Kafka, read up to its end: Azure Event Hubs, OCI Streaming. As a member of a
 * consumer group there, whose offsets are committed only when the reader says so.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Consumer,
  type EachBatchPayload,
  Kafka,
  KafkaJSError,
  type KafkaMessage,
  type TopicPartitionOffset,
} from "kafkajs";
import { PipelineError } from "../model/errors.ts";
import { configFor, type KafkaSettings, refusalIn } from "./kafka-bus.ts";

export interface ForeignTopic {
  readonly connection: KafkaSettings;
  readonly topic: string;
  readonly group: string;
}

export interface ForeignMessage {
  /** `topic/partition/offset` */
  readonly place: string;
  readonly value: Uint8Array;
}

/** Of one partition, in order. */
export interface ForeignBatch {
  readonly messages: readonly ForeignMessage[];
  /** Where it stands: `topic/partition/first offset`. */
  readonly place: string;
  /** That these messages need not come again. Does nothing where the partition is another member's by now. */
  commit(): Promise<void>;
}

const BATCH_MESSAGES = 500;
const BATCH_BYTES = 4 * 1024 * 1024;
const HEARTBEAT_MS = 3_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;
/** Without a message for so long, what is left belongs to another member of the group. */
const IDLE_MS = 10_000;

/** Throws a PipelineError where it may not be read, or cannot now. */
export async function* readForeignTopic(foreign: ForeignTopic, signal: AbortSignal): AsyncGenerator<ForeignBatch> {
  const behind = await partitionsBehind(foreign);
  if (behind.size === 0 || signal.aborted) return;

  const consumer = new Kafka(configFor(foreign.connection)).consumer({
    groupId: foreign.group,
    allowAutoTopicCreation: false,
    sessionTimeout: 30_000,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: 500,
    retry: { retries: 5, restartOnFailure: async () => false },
  });
  const handoff = new Handoff<Handed>();
  consumer.on(consumer.events.CRASH, ({ payload }) => handoff.fail(payload.error));
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: foreign.topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => handOver(foreign, payload, consumer, handoff),
    });
    for (;;) {
      const taken = await handoff.take(IDLE_MS, signal);
      if (taken === undefined) return;
      yield taken.batch;
      const end = behind.get(taken.partition);
      if (end !== undefined && taken.next >= end) behind.delete(taken.partition);
      if (behind.size === 0 || signal.aborted) return;
    }
  } catch (error) {
    throw foreignError(foreign, error);
  } finally {
    handoff.close();
    await consumer.disconnect().catch(() => {});
  }
}

/** By partition the offset at which it ends now, of those that the group has not read to there. */
export async function partitionsBehind(foreign: ForeignTopic): Promise<Map<number, bigint>> {
  const { connection, topic, group } = foreign;
  const admin = new Kafka(configFor(connection)).admin({ retry: { retries: 3 } });
  try {
    await admin.connect();
    // Without asking once, kafkajs retries for minutes before it says that a topic does not exist.
    await admin.fetchTopicMetadata({ topics: [topic] });
    const ends = await admin.fetchTopicOffsets(topic);
    const [read] = await patiently(() => admin.fetchOffsets({ groupId: group, topics: [topic] }));
    const committed = new Map(read?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
    return new Map(
      ends.flatMap(({ partition, low, high }) => {
        // -1: the group has committed nothing yet.
        const next = [committed.get(partition) ?? -1n, BigInt(low)].reduce((a, b) => (a > b ? a : b));
        return next < BigInt(high) ? [[partition, BigInt(high)] as const] : [];
      }),
    );
  } catch (error) {
    throw foreignError(foreign, error);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** A group's coordinator that has just moved or begun answers within seconds; of this kafkajs tries nothing twice. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
    try {
      return await ask();
    } catch (error) {
      const passes = error instanceof KafkaJSError && error.retriable;
      if (!passes || pause > LONGEST_PAUSE_MS) throw error;
      await sleep(pause);
    }
  }
}

interface Handed {
  readonly batch: ForeignBatch;
  readonly partition: number;
  /** Behind the last of its messages. */
  readonly next: bigint;
}

/** A batch of kafkajs, slice by slice, while the broker is told that we live. */
async function handOver(
  foreign: ForeignTopic,
  payload: EachBatchPayload,
  consumer: Consumer,
  handoff: Handoff<Handed>,
): Promise<void> {
  const { batch, heartbeat, isRunning, isStale, resolveOffset } = payload;
  const { topic, partition } = batch;
  // A heartbeat that fails means a rebalance, which `isStale` tells after this slice.
  const beating = setInterval(() => void heartbeat().catch(() => {}), HEARTBEAT_MS);
  try {
    for (const slice of slicesOf(batch.messages)) {
      const [first, last] = [slice[0], slice.at(-1)];
      if (!first || !last || !isRunning() || isStale()) return;
      const next = BigInt(last.offset) + 1n;
      const taken = await handoff.give({
        partition,
        next,
        batch: {
          place: `${topic}/${partition}/${first.offset}`,
          messages: slice.flatMap(({ offset, value }) =>
            value === null ? [] : [{ place: `${topic}/${partition}/${offset}`, value }],
          ),
          commit: () => commit(foreign, consumer, { topic, partition, offset: String(next) }),
        },
      });
      if (!taken) return;
      resolveOffset(last.offset);
    }
  } finally {
    clearInterval(beating);
  }
}

function* slicesOf(messages: readonly KafkaMessage[]): Generator<readonly KafkaMessage[]> {
  let slice: KafkaMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    slice.push(message);
    bytes += message.value?.length ?? 0;
    if (slice.length < BATCH_MESSAGES && bytes < BATCH_BYTES) continue;
    yield slice;
    slice = [];
    bytes = 0;
  }
  if (slice.length > 0) yield slice;
}

/** Kafka protocol, "Error codes": the partition has been given to another member, who will read these messages again. */
const MOVED = new Set(["REBALANCE_IN_PROGRESS", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID"]);

async function commit(foreign: ForeignTopic, consumer: Consumer, offset: TopicPartitionOffset): Promise<void> {
  try {
    await consumer.commitOffsets([offset]);
  } catch (error) {
    for (let at: unknown = error; at instanceof Error; at = at.cause)
      if ("type" in at && MOVED.has(String(at.type))) return;
    throw foreignError(foreign, error);
  }
}

function foreignError({ connection, topic }: ForeignTopic, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  if (!(error instanceof KafkaJSError)) throw error;
  const where = `Kafka at ${connection.brokers[0] ?? ""}: ${topic}`;
  const refusal = refusalIn(error);
  if (refusal === undefined) {
    const what = "type" in error ? String(error.type) : error.name;
    return new PipelineError("upstream-unavailable", `${where}: ${what}; it is tried again`, { cause: error });
  }
  return new PipelineError("upstream-refused", `${where}: ${refusal}: ${adviceOn(refusal)}`, { cause: error });
}

const adviceOn = (refusal: string): string =>
  /AUTHORIZATION_FAILED$/.test(refusal)
    ? "allow reading topic and group: Listen or Azure Event Hubs Data Receiver, stream-pull in OCI, READ in Kafka"
    : /^UNKNOWN_TOPIC/.test(refusal)
      ? "there is no such topic; check the settings"
      : "its credentials are not taken; check the settings";

/** One place through which one side hands things to the other, and waits until it comes for the next. */
class Handoff<T> {
  #offered: { readonly item: T; readonly release: (taken: boolean) => void } | undefined;
  #release: ((taken: boolean) => void) | undefined;
  #wake: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;
  #closed = false;

  /** False where it was not taken to the end. */
  give(item: T): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((release) => {
      this.#offered = { item, release };
      this.#wake?.();
    });
  }

  /** Undefined where nothing has come in that time, or the run is over. */
  async take(withinMs: number, signal: AbortSignal): Promise<T | undefined> {
    this.#release?.(true);
    this.#release = undefined;
    if (!this.#offered && !this.#failure && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        AbortSignal.any([signal, AbortSignal.timeout(withinMs)]).addEventListener("abort", () => resolve());
      });
    }
    if (this.#failure) throw this.#failure.error;
    if (signal.aborted || !this.#offered) return undefined;
    const { item, release } = this.#offered;
    this.#offered = undefined;
    this.#release = release;
    return item;
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#release?.(false);
    this.#offered?.release(false);
  }
}
