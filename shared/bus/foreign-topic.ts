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
import { SECOND_MS } from "../model/units.ts";
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
const LEAVING_MS = 5_000;

/** For a message. */
export interface Patience {
  /** Without one for so long, the broker is asked what is left, and whose that is. */
  readonly lookMs: number;
  /** Without one for so long of what is left and its own, a reader gives up. */
  readonly longestMs: number;
}

export const patient: Patience = { lookMs: 10_000, longestMs: 60_000 };

/**
 * Throws a PipelineError where it may not be read, or cannot now: also where the broker has something and gives nothing.
 * What belongs to another member of the group is left to that.
 */
export async function* readForeignTopic(
  foreign: ForeignTopic,
  signal: AbortSignal,
  { lookMs, longestMs }: Patience = patient,
): AsyncGenerator<ForeignBatch> {
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
  /** Undefined while the group has not said so. */
  let ours: readonly number[] | undefined;
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    ours = payload.memberAssignment[foreign.topic] ?? [];
  });
  consumer.on(consumer.events.REBALANCING, () => {
    ours = undefined;
  });
  // Of a transaction that was given up no message is handed over, nor is the end of any.
  const passed = new Map<number, bigint>();
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, batchSize, lastOffset } }) => {
    if (batchSize === 0) passed.set(partition, BigInt(lastOffset) + 1n);
  });
  const left = async (): Promise<readonly number[]> => {
    const now = await partitionsBehind(foreign);
    return [...behind]
      .filter(([partition, end]) => now.has(partition) && (passed.get(partition) ?? 0n) < end)
      .map(([partition]) => partition)
      .filter((partition) => ours?.includes(partition) ?? true)
      .sort((a, b) => a - b);
  };
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: foreign.topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => handOver(foreign, payload, consumer, handoff),
    });
    for (let silentMs = 0; ; ) {
      const taken = await handoff.take(lookMs, signal);
      if (taken === undefined) {
        if (signal.aborted) return;
        silentMs += lookMs;
        const waiting = await left();
        if (waiting.length === 0) return;
        if (silentMs >= longestMs) throw silence(foreign, waiting, silentMs);
        continue;
      }
      silentMs = 0;
      yield taken.batch;
      const end = behind.get(taken.partition);
      if (end !== undefined && taken.next >= end) behind.delete(taken.partition);
      if (behind.size === 0 || signal.aborted) return;
    }
  } catch (error) {
    throw foreignError(foreign, error);
  } finally {
    handoff.close();
    // Leaving waits for the answer that is on its way, which a run that ends has not the time for.
    await Promise.race([consumer.disconnect().catch(() => {}), sleep(LEAVING_MS, undefined, { ref: false })]);
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
      // The end of a transaction stands behind its messages, and is none.
      const end = last === batch.messages.at(-1) ? batch.lastOffset() : last.offset;
      const next = BigInt(end) + 1n;
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

const whereIs = ({ connection, topic }: ForeignTopic): string =>
  `Kafka at ${connection.brokers[0] ?? ""}: ${topic}`;

const silence = (foreign: ForeignTopic, partitions: readonly number[], silentMs: number): PipelineError =>
  new PipelineError(
    "upstream-unavailable",
    `${whereIs(foreign)}: nothing within ${silentMs / SECOND_MS} s of what partition ${partitions.join(", ")} holds; it is tried again`,
  );

function foreignError(foreign: ForeignTopic, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  if (!(error instanceof KafkaJSError)) throw error;
  const where = whereIs(foreign);
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
