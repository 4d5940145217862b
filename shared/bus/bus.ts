/** The port of the bus. Kafka and the in-process bus pass one contract test. */
import type { TopicName } from "./topics.ts";

export interface OutgoingMessage {
  readonly key: string;
  /** JSON. */
  readonly value: string;
  /** CloudEvents binary mode and the schema's version; never content. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly partition: number;
  /** Decimal: offsets exceed what a number holds exactly. */
  readonly offset: string;
  readonly key: string | undefined;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Epoch ms: when it was put on the bus. Absent in the process, where it is handled at once. */
  readonly time?: number;
}

export interface Subscription {
  /** Stops taking batches; the one at hand is finished and its offsets are committed. */
  stop(): Promise<void>;
}

export interface Bus {
  /**
   * Resolves when the bus has every message. Throws `upstream-unavailable` where it cannot be reached,
   * `upstream-refused` for a message over the limit or a topic that does not exist; then some may have arrived.
   */
  publish(topic: TopicName, messages: readonly OutgoingMessage[]): Promise<void>;
  /**
   * Hands over batches of one partition, in order, and of `partitionsAtOnce` side by side. When `handle` resolves the
   * batch is done; when it throws, the same batch comes again, after a pause that grows. At least once.
   */
  subscribe(
    topic: TopicName,
    group: string,
    handle: (batch: readonly IncomingMessage[]) => Promise<void>,
    options?: {
      readonly fromBeginning?: boolean;
      readonly maxMessages?: number;
      /** Absent: one. */
      readonly partitionsAtOnce?: number;
    },
  ): Promise<Subscription>;
  close(): Promise<void>;
}
