/** Kafka `ai.activity.raw` → `ai.activity`, and `ai.activity.rejected`. */
import type { MSKEvent, SelfManagedKafkaEvent } from "aws-lambda";
import type { IncomingMessage } from "../shared/bus/bus.ts";
import { activityMessage, lagOf, readRawMessage, rejectMessage } from "../shared/bus/messages.ts";
import { topics } from "../shared/bus/topics.ts";
import { normalize } from "../shared/pipeline/normalize.ts";
import { sources } from "../shared/registry.ts";
import { messagesOf } from "./kafka-event.ts";
import { withRuntime } from "./lambda.ts";
import type { Runtime } from "./runtime.ts";

const sourceById = new Map(sources.map((source) => [source.id, source]));

export async function takeRaw(messages: readonly IncomingMessage[], { bus, log, now }: Runtime): Promise<void> {
  const started = now();
  const read = messages.map(readRawMessage);
  const batch = read.flatMap(({ records }) => records);
  const unreadable = read.flatMap(({ rejects }) => rejects);
  const { activities, rejects } = normalize(batch, sourceById);
  const rejected = [...unreadable, ...rejects];
  await bus.publish(topics.activity.name, activities.map(activityMessage));
  await bus.publish(topics.rejected.name, rejected.map(rejectMessage));

  const latest = activities.reduce((time, { endTime }) => Math.max(time, endTime), 0);
  log.measure("Records", batch.length + unreadable.length, "Count");
  log.measure("Activities", activities.length, "Count");
  log.measure("Rejects", rejected.length, "Count");
  log.measure("BatchTime", now() - started, "Milliseconds");
  const lag = lagOf(messages, started);
  if (lag !== undefined) log.measure("Lag", lag, "Milliseconds");
  if (latest > 0) log.measure("Lateness", Math.max(0, now() - latest), "Milliseconds");
}

export const handler = withRuntime("normalize", (event: MSKEvent | SelfManagedKafkaEvent, runtime) =>
  takeRaw(messagesOf(event), runtime),
);
