/**
 * The bus on Kafka: with `foreign-topic.ts` the only file that uses kafkajs, which is unmaintained since 2023 but
 * speaks protocol versions that brokers from 2.1 to 4.x accept (docs/decisions/0006). What it gets wrong is put right
 * here, and within it in `kafkajs-records.ts` and `kafkajs-request-queue.ts`.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import kafkajs, {
  type Admin,
  CompressionTypes,
  type Consumer,
  type ICustomPartitioner,
  type IHeaders,
  Kafka,
  type KafkaConfig,
  type KafkaMessage,
  logLevel,
  type Message,
  Partitioners,
  type Producer,
} from "kafkajs";
import { PipelineError } from "../model/errors.ts";
import type { Bus, IncomingMessage, OutgoingMessage, Subscription } from "./bus.ts";
import { FetchedRecord, quickenKafkajs } from "./kafkajs-records.ts";
import { calmKafkajs } from "./kafkajs-request-queue.ts";
import { refuseTooLarge } from "./memory-bus.ts";
import { MAX_MESSAGE_BYTES, type Topic, type TopicName, topicSettings, topics } from "./topics.ts";

export interface KafkaSettings {
  readonly brokers: readonly string[];
  /** TLS: `true` for the system's authorities, else PEM texts; with `key` and `cert` it is mutual. */
  readonly tls?:
    | boolean
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
      };
  readonly sasl?:
    | {
        readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
        readonly username: string;
        readonly password: string;
      }
    /** Called for every connection; MSK IAM is a token like any other. */
    | { readonly mechanism: "oauthbearer"; readonly token: () => Promise<string> };
  /** Of what is published. Absent: gzip. */
  readonly compression?: "gzip" | "zstd";
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
const HEARTBEAT_MS = 2_000;
/** The least that brokers allow by default is 6 s. */
const SESSION_MS = 10_000;
const DEFAULT_BATCH = 1_000;
/**
 * Compressed: some twenty times that as messages in memory, where a worker holds what it fetched of all its partitions.
 * A message that is larger is given all the same (KIP-74).
 */
const FETCH_BYTES_A_PARTITION = 64 * 1024;
const FETCH_BYTES = 128 * 1024;
/** With pauses from 0.2 to 5 s, 20 s: a broker is restarted within them. Then it is for the caller to try again. */
const RETRIES = 8;
/** A consumer has no caller to go back to. */
const CONSUMER_RETRIES = 30;

/**
 * gzip is what every service takes that speaks Kafka. At its fastest it takes 40 % of the time, for 23 % more bytes. On
 * this thread, since a batch takes less than a way to another thread and back: 1.7 µs a record against 4.7, and 0.7
 * against 5.8 to unpack. zstd at its fastest takes half of that, and so it does of the broker, which unpacks what it is
 * given; kafkajs knows it by number only.
 */
kafkajs.CompressionCodecs[CompressionTypes.GZIP] = () => ({
  compress: async ({ buffer }: { readonly buffer: Buffer }) => gzipSync(buffer, { level: 1 }),
  decompress: async (buffer: Buffer) => gunzipSync(buffer, { chunkSize: unpackedBytes(buffer) }),
});

kafkajs.CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { readonly buffer: Buffer }) =>
    zstdCompressSync(buffer, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer, { chunkSize: roomFor(buffer) }),
});

const compressions = { gzip: CompressionTypes.GZIP, zstd: CompressionTypes.ZSTD } as const;

/** Records are a twentieth when packed; where they are less, it is put together of parts. */
const roomFor = (zstd: Buffer): number => Math.min(Math.max(24 * zstd.length, 1_024), 2 * MAX_MESSAGE_BYTES);

/** As its last four bytes say (RFC 1952, ISIZE): taken at once, not put together of parts. Who lies gets parts. */
const unpackedBytes = (gzip: Buffer): number =>
  Math.min(Math.max(gzip.readUInt32LE(gzip.length - 4) + 64, 1_024), 2 * MAX_MESSAGE_BYTES);

quickenKafkajs();
calmKafkajs();

export function connectKafka(settings: KafkaSettings): Bus {
  const kafka = new Kafka(configFor(settings));
  let producer: Promise<Producer> | undefined;
  /** Topics known to exist: without asking once, kafkajs retries for minutes before it says that one does not. */
  const known = new Set<string>();
  const consumers = new Set<Consumer>();
  let before: Promise<void> = Promise.resolve();

  const connected = async (): Promise<Producer> => {
    const made = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: rememberingPartitioner,
      retry: { retries: RETRIES },
    });
    await made.connect();
    return made;
  };

  async function send(topic: TopicName, messages: readonly OutgoingMessage[]): Promise<void> {
    try {
      producer ??= connected();
      const sending = await producer;
      if (!known.has(topic)) await ensureTopic(kafka, topic);
      known.add(topic);
      await sending.send({
        topic,
        acks: -1,
        compression: compressions[settings.compression ?? "gzip"],
        messages: dividedAtOnce(messages.map(writable)),
      });
    } catch (error) {
      // kafkajs takes back the sequence numbers of all partitions, also of those that have their messages: by the same
      // producer the next ones would be taken for a repetition, and be dropped.
      const failed = producer;
      producer = undefined;
      void failed?.then((one) => one.disconnect()).catch(() => {});
      if (messages.length === 1 || !isTooLarge(error)) throw asPipelineError(error, topic);
      // All that goes to one partition is one batch, and the broker measures batches.
      const half = Math.ceil(messages.length / 2);
      await send(topic, messages.slice(0, half));
      await send(topic, messages.slice(half));
    }
  }

  return {
    async publish(topic, messages) {
      if (messages.length === 0) return;
      for (const { key, value } of messages) refuseTooLarge(topic, key, value);
      // One after the other, so that none is on its way when another fails.
      const turn = before.then(() => send(topic, messages));
      before = turn.catch(() => {});
      return turn;
    },

    async subscribe(topic, group, handle, options = {}): Promise<Subscription> {
      const consumer = kafka.consumer({
        groupId: group,
        allowAutoTopicCreation: false,
        // A worker that was killed stays a member until then, and the others wait for it.
        sessionTimeout: SESSION_MS,
        rebalanceTimeout: 2 * SESSION_MS,
        heartbeatInterval: HEARTBEAT_MS,
        maxWaitTimeInMs: 500,
        maxBytesPerPartition: FETCH_BYTES_A_PARTITION,
        maxBytes: FETCH_BYTES,
        // A crash within kafkajs (a coordinator that is loading) is no reason to end the process.
        retry: { retries: CONSUMER_RETRIES, restartOnFailure: async () => true },
      });
      consumers.add(consumer);
      try {
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: options.fromBeginning ?? true });
      } catch (error) {
        consumers.delete(consumer);
        await consumer.disconnect().catch(() => {});
        throw asPipelineError(error, topic);
      }
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.partitionsAtOnce ?? 1,
        eachBatch: async ({ batch, heartbeat, isRunning, isStale, resolveOffset }) => {
          const size = options.maxMessages ?? DEFAULT_BATCH;
          for (let from = 0; from < batch.messages.length; from += size) {
            const slice = batch.messages.slice(from, from + size);
            const last = slice.at(-1);
            if (!last || !isRunning() || isStale()) return;
            const incoming = slice.map((message) => new Received(batch.topic, batch.partition, message));
            const handled = await untilHandled(
              () => handle(incoming),
              heartbeat,
              () => isRunning() && !isStale(),
            );
            if (!handled) return;
            resolveOffset(last.offset);
            await consumer.commitOffsets([
              { topic: batch.topic, partition: batch.partition, offset: String(BigInt(last.offset) + 1n) },
            ]);
            await heartbeat();
          }
        },
      });
      return {
        async stop() {
          consumers.delete(consumer);
          await consumer.disconnect();
        },
      };
    },

    async close() {
      await Promise.all([...consumers].map((consumer) => consumer.disconnect()));
      consumers.clear();
      await before;
      await producer?.then((open) => open.disconnect()).catch(() => {});
    },
  };
}

const writable = ({ key, value, headers }: OutgoingMessage): Message =>
  headers ? { key, value, headers } : { key, value };

/**
 * kafkajs divides messages among partitions by copying a partition's list for each of its messages
 * (`groupMessagesPerPartition.js`): of a thousand that takes as long as to write them. It does so by `reduce`; here each
 * message is given to it by itself, and put behind the others.
 */
export function dividedAtOnce(messages: Message[]): Message[] {
  type Lists = Record<string, Message[]>;
  const reduce = (divide: (lists: Lists, message: Message) => Lists, lists: Lists): Lists => {
    for (const message of messages) {
      for (const partition of Object.keys(divide({}, message))) {
        lists[partition] ??= [];
        lists[partition].push(message);
      }
    }
    return lists;
  };
  return Object.assign(messages, { reduce });
}

/** Java's partitions, chosen once a key: kafkajs hashes in 64-bit numbers of its own, 4 µs a message. */
const rememberingPartitioner: ICustomPartitioner = () => {
  const choose = Partitioners.DefaultPartitioner();
  /** By how many partitions there are, then by key. */
  const chosen = new Map<number, Map<string, number>>();
  return (given) => {
    const count = given.partitionMetadata.length;
    const known = chosen.get(count) ?? new Map<string, number>();
    if (known.size === 0) chosen.set(count, known);
    const key = String(given.message.key);
    let partition = known.get(key);
    if (partition === undefined) {
      partition = choose(given);
      if (known.size >= MOST_KEYS) known.clear();
      known.set(key, partition);
    }
    return partition;
  };
};
const MOST_KEYS = 10_000;

/** Its texts are made when asked for, which is once: what stays bytes meanwhile, nobody has to clear away. */
class Received implements IncomingMessage {
  readonly topic: string;
  readonly partition: number;
  readonly #message: KafkaMessage;

  constructor(topic: string, partition: number, message: KafkaMessage) {
    this.topic = topic;
    this.partition = partition;
    this.#message = message;
  }

  get offset(): string {
    return this.#message.offset;
  }

  get key(): string | undefined {
    return this.#message.key?.toString("utf8");
  }

  get value(): string {
    return this.#message.value?.toString("utf8") ?? "";
  }

  get headers(): Readonly<Record<string, string>> {
    const message = this.#message;
    return message instanceof FetchedRecord ? message.headerTexts() : texts(message.headers);
  }

  get time(): number {
    return Number(this.#message.timestamp);
  }
}

/** To keep: a message of bytes keeps all of its batch. */
const apart = ({ topic, partition, offset, key, value, headers, time }: Received): IncomingMessage => ({
  topic,
  partition,
  offset,
  key,
  value,
  headers,
  time,
});

/** Repeats until `handle` succeeds, telling the broker that we live. False where the partition was taken away. */
async function untilHandled(
  handle: () => Promise<void>,
  heartbeat: () => Promise<void>,
  ours: () => boolean,
): Promise<boolean> {
  // A heartbeat that fails means a rebalance, which `ours` tells after this batch; a second worker does no harm.
  const beating = setInterval(() => void heartbeat().catch(() => {}), HEARTBEAT_MS);
  try {
    for (let pause = FIRST_PAUSE_MS; ours(); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await handle();
        return true;
      } catch {
        await sleep(pause);
      }
    }
    return false;
  } finally {
    clearInterval(beating);
  }
}

async function ensureTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 3 } });
  try {
    await admin.connect();
    await admin.fetchTopicMetadata({ topics: [topic] });
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** What `migrate` does: makes the topics that are missing, adds partitions, never removes. Returns what it did. */
export async function migrateTopics(
  settings: KafkaSettings,
  replicas: { readonly replicationFactor: number },
): Promise<readonly string[]> {
  const admin = new Kafka(configFor(settings)).admin();
  try {
    await admin.connect();
    return await createTopics(admin, replicas.replicationFactor);
  } catch (error) {
    throw asPipelineError(error, "topics");
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** What of the admin client making topics needs. */
type TopicAdmin = Pick<Admin, "listTopics" | "createTopics" | "createPartitions" | "fetchTopicMetadata">;

export async function createTopics(admin: TopicAdmin, replicationFactor: number): Promise<readonly string[]> {
  const existing = new Set(await admin.listTopics());
  const done: string[] = [];
  for (const topic of Object.values(topics)) {
    if (!existing.has(topic.name)) {
      await createTopic(admin, topic, replicationFactor);
      done.push(`created ${topic.name} with ${topic.partitions} partitions`);
      continue;
    }
    const { topics: described } = await admin.fetchTopicMetadata({ topics: [topic.name] });
    const count = described[0]?.partitions.length ?? 0;
    if (count < topic.partitions) {
      await admin.createPartitions({ topicPartitions: [{ topic: topic.name, count: topic.partitions }] });
      done.push(`${topic.name}: ${count} partitions, now ${topic.partitions}`);
    }
  }
  await untilHosted(admin);
  return done;
}

async function createTopic(admin: TopicAdmin, topic: Topic, replicationFactor: number): Promise<void> {
  const settings = { ...topicSettings, "retention.ms": String(topic.retentionMs) };
  const create = (configuration: Readonly<Record<string, string>>) =>
    admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: topic.name,
          numPartitions: topic.partitions,
          replicationFactor,
          configEntries: Object.entries(configuration).map(([name, value]) => ({ name, value })),
        },
      ],
    });
  try {
    await create({ ...settings, "min.insync.replicas": String(Math.max(1, replicationFactor - 1)) });
  } catch (error) {
    // MSK Serverless decides this itself, and takes no topic that says it (AWS MSK developer guide, "Configuration
    // properties for MSK Serverless clusters").
    if (!isAboutSettings(error)) throw error;
    await create(settings);
  }
}

/** Kafka protocol, "Error codes". kafkajs gathers those of several topics. */
const isAboutSettings = (error: unknown): boolean =>
  error instanceof Error &&
  "errors" in error &&
  Array.isArray(error.errors) &&
  error.errors.some(({ type }) => ["INVALID_CONFIG", "INVALID_REQUEST", "POLICY_VIOLATION"].includes(type));

/** A broker says that it made a topic before it knows the topic itself; kafkajs' own wait takes that for a refusal. */
async function untilHosted(admin: TopicAdmin): Promise<void> {
  const names = Object.values(topics).map(({ name }) => name);
  for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
    try {
      await admin.fetchTopicMetadata({ topics: names });
      return;
    } catch (error) {
      if (pause > LONGEST_PAUSE_MS) throw error;
      await sleep(pause);
    }
  }
}

/** The topics that are missing, for `doctor`. */
export async function missingTopics(settings: KafkaSettings): Promise<readonly TopicName[]> {
  const admin = new Kafka(configFor(settings)).admin();
  try {
    await admin.connect();
    const existing = new Set(await admin.listTopics());
    return Object.values(topics)
      .map(({ name }) => name)
      .filter((name) => !existing.has(name));
  } catch (error) {
    throw asPipelineError(error, "topics");
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** What the broker still has of the places that were asked for, and the others of them. */
export interface MessagesAt {
  readonly messages: readonly IncomingMessage[];
  /** Deleted by retention, or never there. */
  readonly gone: readonly string[];
}

const LOOK_MS = 1_000;

/**
 * The messages at these places, `topic/partition/offset`. A group of its own for this one reading: nobody else's offsets
 * move, and none of its partitions is another's.
 */
export async function readMessages(
  settings: KafkaSettings,
  topic: TopicName,
  places: ReadonlySet<string>,
): Promise<MessagesAt> {
  const kafka = new Kafka(configFor(settings));
  const admin = kafka.admin();
  const consumer = kafka.consumer({
    groupId: `gnomon-replay-${randomUUID()}`,
    allowAutoTopicCreation: false,
    // Disconnecting waits for the answer that is on its way.
    maxWaitTimeInMs: 500,
  });
  const found = new Map<string, IncomingMessage>();
  const over = new AbortController();
  try {
    await admin.connect();
    const held = await admin.fetchTopicOffsets(topic);
    // Of what has expired, or is not there yet, nothing would ever arrive.
    const wanted = wantedOf(places, held);
    const open = new Set(wanted.keys());
    if (open.size > 0) {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on("consumer.crash", ({ payload }) => reject(payload.error));
        const running = consumer.run({
          autoCommit: false,
          eachMessage: async ({ partition, message }) => {
            const place = `${topic}/${partition}/${message.offset}`;
            if (places.has(place)) found.set(place, apart(new Received(topic, partition, message)));
            if (BigInt(message.offset) >= (wanted.get(partition)?.last ?? 0n)) open.delete(partition);
            if (open.size === 0) resolve();
          },
        });
        running.catch(reject);
        // What expires meanwhile would never arrive either.
        const looking = async () => {
          while (open.size > 0) {
            await sleep(LOOK_MS, undefined, { signal: over.signal });
            for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
              const last = wanted.get(partition)?.last ?? 0n;
              if (last < BigInt(low) || last >= BigInt(high)) open.delete(partition);
            }
          }
          resolve();
        };
        looking().catch(reject);
        // Behind its end, where nothing of a partition is wanted.
        for (const { partition, high } of held) {
          const offset = String(wanted.get(partition)?.first ?? high);
          consumer.seek({ topic, partition, offset });
        }
      });
    }
    return { messages: [...found.values()], gone: [...places].filter((place) => !found.has(place)) };
  } catch (error) {
    throw asPipelineError(error, topic);
  } finally {
    over.abort();
    await consumer.disconnect().catch(() => {});
    await admin.disconnect().catch(() => {});
  }
}

interface Wanted {
  readonly first: bigint;
  readonly last: bigint;
}

/** By partition, of the places that it holds. */
function wantedOf(
  places: ReadonlySet<string>,
  held: readonly { readonly partition: number; readonly low: string; readonly high: string }[],
): ReadonlyMap<number, Wanted> {
  const ranges = new Map(
    held.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]),
  );
  const wanted = new Map<number, Wanted>();
  for (const place of places) {
    const [, partition = "", offset = ""] = place.split("/");
    const [at, number] = [BigInt(offset), Number(partition)];
    const range = ranges.get(number);
    if (!range || at < range.low || at >= range.high) continue;
    const { first, last } = wanted.get(number) ?? { first: at, last: at };
    wanted.set(number, { first: at < first ? at : first, last: at > last ? at : last });
  }
  return wanted;
}

export function configFor({ brokers, tls, sasl }: KafkaSettings): KafkaConfig {
  return {
    clientId: "gnomon",
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 5_000,
    retry: { retries: RETRIES, initialRetryTime: 200, maxRetryTime: 5_000 },
    ...(tls === undefined || tls === false ? {} : { ssl: tls === true ? true : { ...tls } }),
    ...(sasl === undefined ? {} : { sasl: saslFor(sasl) }),
  };
}

function saslFor(sasl: NonNullable<KafkaSettings["sasl"]>): NonNullable<KafkaConfig["sasl"]> {
  if (sasl.mechanism === "oauthbearer") {
    return { mechanism: "oauthbearer", oauthBearerProvider: async () => ({ value: await sasl.token() }) };
  }
  const { mechanism, username, password } = sasl;
  return mechanism === "plain"
    ? { mechanism: "plain", username, password }
    : mechanism === "scram-sha-256"
      ? { mechanism: "scram-sha-256", username, password }
      : { mechanism: "scram-sha-512", username, password };
}

const texts = (headers: IHeaders | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers ?? {}).flatMap(([name, value]) => {
      // A header may have no value: kafkajs says null then, and its types do not.
      const first: Buffer | string | null | undefined = Array.isArray(value) ? value[0] : value;
      return first === undefined || first === null ? [] : [[name, first.toString()]];
    }),
  );

const isTooLarge = (error: unknown): boolean =>
  ["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"].includes(refusalIn(error) ?? "");

/** Broker error types that no retry cures. Kafka protocol, "Error codes". */
const REFUSED = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "SASL_AUTHENTICATION_FAILED",
  "ILLEGAL_SASL_STATE",
  "UNSUPPORTED_SASL_MECHANISM",
  "INVALID_TOPIC_EXCEPTION",
  "UNSUPPORTED_COMPRESSION_TYPE",
]);

const advices = new Map([
  ["UNKNOWN_TOPIC_OR_PARTITION", "; create the topics: gnomon migrate"],
  ["UNSUPPORTED_COMPRESSION_TYPE", "; it takes gzip: bus.kafka.compression"],
]);

function asPipelineError(error: unknown, topic: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const refusal = refusalIn(error);
  if (refusal !== undefined) {
    const advice = advices.get(refusal) ?? "";
    return new PipelineError("upstream-refused", `bus: Kafka refused ${topic}: ${refusal}${advice}`, {
      cause: error,
    });
  }
  const what = error instanceof Error ? error.message : String(error);
  return new PipelineError("upstream-unavailable", `bus: Kafka did not take or give ${topic}: ${what}`, {
    cause: error,
  });
}

/** What the broker refuses and no retry cures, in its words. Undefined for any other error. */
export function refusalIn(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const type = "type" in at ? String(at.type) : "";
    if (REFUSED.has(type) || at.name === "KafkaJSSASLAuthenticationError") return type || at.message;
  }
  return undefined;
}
