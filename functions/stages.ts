/** The stages that read the bus, for whoever runs them as consumers: `gnomon worker` and `gnomon up`. */
import type { IncomingMessage, Subscription } from "../shared/bus/bus.ts";
import { type TopicName, topics } from "../shared/bus/topics.ts";
import { takeActivities, takeRejects } from "./detect.ts";
import { takeRaw } from "./normalize.ts";
import type { Runtime } from "./runtime.ts";

interface Stage {
  readonly topic: TopicName;
  /** Messages a transaction, or a publication, is made of; a raw one holds some hundred records. */
  readonly maxMessages: number;
  readonly take: (messages: readonly IncomingMessage[], runtime: Runtime) => Promise<void>;
}

export const stages = {
  normalize: { topic: topics.raw.name, maxMessages: 8, take: takeRaw },
  detect: { topic: topics.activity.name, maxMessages: 1_000, take: takeActivities },
  rejects: { topic: topics.rejected.name, maxMessages: 500, take: takeRejects },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof stages;

/** The consumer group is named after the stage: several workers of one stage share its partitions. */
export function startStage(name: StageName, runtime: Runtime): Promise<Subscription> {
  const { topic, maxMessages, take } = stages[name];
  const { bus, log } = runtime;
  return bus.subscribe(
    topic,
    `gnomon-${name}`,
    async (messages) => {
      try {
        await take(messages, runtime);
      } catch (error) {
        log.error(`${name}: this batch will be tried again`, {
          messages: messages.length,
          from: messages[0]?.offset,
          reason: error instanceof Error ? error.message : String(error),
        });
        throw error;
      }
    },
    { maxMessages },
  );
}
