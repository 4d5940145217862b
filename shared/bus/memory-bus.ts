/**
 * The bus in one process, for `gnomon up` without Kafka. It keeps nothing: `publish` resolves when every subscriber has
 * handled the messages, and what that led to. A collector's cursor therefore moves only when `detect` has committed,
 * and a crash loses nothing that is not read again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { PipelineError } from "../model/errors.ts";
import type { Bus, IncomingMessage } from "./bus.ts";
import { MAX_MESSAGE_BYTES } from "./topics.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
const DEFAULT_BATCH = 1_000;

interface Subscriber {
  readonly topic: string;
  readonly size: number;
  readonly handle: (batch: readonly IncomingMessage[]) => Promise<void>;
  /** What it was given before: batches are handled one after the other. */
  before: Promise<void>;
  running: boolean;
}

export function openMemoryBus(): Bus {
  const subscribers = new Map<string, Subscriber>();
  const offsets = new Map<string, number>();
  let closed = false;

  const untilHandled = async (subscriber: Subscriber, batch: readonly IncomingMessage[]): Promise<void> => {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      if (closed || !subscriber.running) {
        throw new PipelineError("upstream-unavailable", `bus: closed before ${subscriber.topic} was handled`);
      }
      try {
        await subscriber.handle(batch);
        return;
      } catch {
        await sleep(pause);
      }
    }
  };

  return {
    async publish(topic, messages) {
      for (const { key, value } of messages) refuseTooLarge(topic, key, value);
      const first = offsets.get(topic) ?? 0;
      offsets.set(topic, first + messages.length);
      const incoming = messages.map(
        ({ key, value, headers }, at): IncomingMessage => ({
          topic,
          partition: 0,
          offset: String(first + at),
          key,
          value,
          headers: headers ?? {},
        }),
      );
      const handled = [...subscribers.values()]
        .filter((subscriber) => subscriber.topic === topic)
        .map((subscriber) => {
          const now = subscriber.before.then(async () => {
            for (let from = 0; from < incoming.length; from += subscriber.size) {
              await untilHandled(subscriber, incoming.slice(from, from + subscriber.size));
            }
          });
          subscriber.before = now.catch(() => {});
          return now;
        });
      await Promise.all(handled);
    },

    async subscribe(topic, group, handle, options = {}) {
      const name = `${topic} ${group}`;
      if (subscribers.has(name)) {
        throw new PipelineError("config-invalid", `bus: ${group} already reads ${topic} in this process`);
      }
      const size = options.maxMessages ?? DEFAULT_BATCH;
      const subscriber: Subscriber = { topic, size, handle, before: Promise.resolve(), running: true };
      subscribers.set(name, subscriber);
      return {
        async stop() {
          subscribers.delete(name);
          await subscriber.before;
          subscriber.running = false;
        },
      };
    },

    async close() {
      closed = true;
      await Promise.all([...subscribers.values()].map(({ before }) => before));
      subscribers.clear();
    },
  };
}

/** Kafka refuses such a message too; here it is refused alike, so that nobody learns it in production. */
export function refuseTooLarge(topic: string, key: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new PipelineError(
      "upstream-refused",
      `bus: a message for ${topic} with key ${key} has ${bytes} bytes, at most ${MAX_MESSAGE_BYTES} are taken`,
    );
  }
}
