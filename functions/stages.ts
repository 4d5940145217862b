/** The stages that read the bus, for whoever runs them as consumers: `gnomon worker` and `gnomon up`. */
import type { IncomingMessage, Subscription } from "../shared/bus/bus.ts";
import { placeOf, rejectMessage } from "../shared/bus/messages.ts";
import { type TopicName, topics } from "../shared/bus/topics.ts";
import type { Reject } from "../shared/model/raw-record.ts";
import { isAboutRows } from "../shared/store/database.ts";
import { takeActivities, takeRejects } from "./detect.ts";
import { kindOf, reasonOf } from "./log.ts";
import { takeRaw } from "./normalize.ts";
import type { Runtime } from "./runtime.ts";

interface Stage {
  readonly topic: TopicName;
  /** Messages a transaction, or a publication, is made of; a raw one holds some fifty records. */
  readonly maxMessages: number;
  /** While one batch waits for the database's disk, another is judged. Each holds its activities in memory. */
  readonly partitionsAtOnce: number;
  readonly take: (messages: readonly IncomingMessage[], runtime: Runtime) => Promise<void>;
}

export const stages = {
  normalize: { topic: topics.raw.name, maxMessages: 14, partitionsAtOnce: 1, take: takeRaw },
  detect: { topic: topics.activity.name, maxMessages: 1_000, partitionsAtOnce: 2, take: takeActivities },
  rejects: { topic: topics.rejected.name, maxMessages: 500, partitionsAtOnce: 1, take: takeRejects },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof stages;

/** The consumer group is named after the stage: several workers of one stage share its partitions. */
export function startStage(name: StageName, runtime: Runtime): Promise<Subscription> {
  const { topic, maxMessages, partitionsAtOnce } = stages[name];
  const { bus, log } = runtime;
  return bus.subscribe(
    topic,
    `gnomon-${name}`,
    async (messages) => {
      try {
        const rejects = await takeApart(name, messages, runtime);
        for (const reject of rejects) {
          log.error(`${name}: one message cannot be taken and was rejected`, reject);
        }
        if (rejects.length > 0) await bus.publish(topics.rejected.name, rejects.map(rejectMessage));
      } catch (error) {
        log.error(`${name}: this batch will be tried again`, {
          messages: messages.length,
          from: messages[0]?.offset,
          reason: reasonOf(error),
        });
        throw error;
      }
    },
    { maxMessages, partitionsAtOnce },
  );
}

/** Of a message that cannot be taken, whatever stands in it. */
export type Untaken = Pick<Reject, "reason" | "place">;

/**
 * A batch that fails for what is in it would fail for ever, and hold up its partition: it is halved until the message is
 * found that cannot be taken, and that one is a reject with its place. On Lambda the event source mapping does the same.
 * Throws where it is for something else that a batch is not taken.
 */
export async function takeApart(
  name: StageName,
  messages: readonly IncomingMessage[],
  runtime: Runtime,
): Promise<readonly Untaken[]> {
  try {
    await stages[name].take(messages, runtime);
    return [];
  } catch (error) {
    if (!isAboutContent(error) || name === "rejects") throw error;
    const [only, ...others] = messages;
    if (only === undefined) return [];
    if (others.length === 0) return [{ reason: `${name} cannot take it: ${kindOf(error)}`, place: placeOf(only) }];
    const half = Math.ceil(messages.length / 2);
    return [
      ...(await takeApart(name, messages.slice(0, half), runtime)),
      ...(await takeApart(name, messages.slice(half), runtime)),
    ];
  }
}

/** No outage, and nothing that a setting or a person would cure: the rows, or a mistake of ours about such a message. */
const isAboutContent = (error: unknown): boolean =>
  isAboutRows(error) ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof SyntaxError ||
  error instanceof ReferenceError;
