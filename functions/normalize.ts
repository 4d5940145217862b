/** Kafka `ai.activity.raw` → `ai.activity`, and `ai.activity.rejected`. */
import type { MSKEvent, SelfManagedKafkaEvent } from "aws-lambda";
import type { IncomingMessage, OutgoingMessage } from "../shared/bus/bus.ts";
import { activityMessage, lagOf, readRawMessage, rejectMessage } from "../shared/bus/messages.ts";
import { topics } from "../shared/bus/topics.ts";
import type { Reject } from "../shared/model/raw-record.ts";
import { normalize } from "../shared/pipeline/normalize.ts";
import { sources } from "../shared/registry.ts";
import { messagesOf } from "./kafka-event.ts";
import { withRuntime } from "./lambda.ts";
import type { Runtime } from "./runtime.ts";

const sourceById = new Map(sources.map((source) => [source.id, source]));

export async function takeRaw(messages: readonly IncomingMessage[], { bus, log, now }: Runtime): Promise<void> {
  const started = now();
  const read: OutgoingMessage[] = [];
  const rejected: Reject[] = [];
  let count = 0;
  let latest = 0;
  // Message by message, so that nothing of one is left over but what is published when the next is read.
  for (const message of messages) {
    const { records, rejects: unreadable } = readRawMessage(message);
    const { activities, rejects } = normalize(records, sourceById);
    for (const activity of activities) {
      read.push(activityMessage(activity));
      latest = Math.max(latest, activity.endTime);
    }
    count += records.length + unreadable.length;
    rejected.push(...unreadable, ...rejects);
  }
  await bus.publish(topics.activity.name, read);
  await bus.publish(topics.rejected.name, rejected.map(rejectMessage));

  log.measure("Records", count, "Count");
  log.measure("Activities", read.length, "Count");
  log.measure("Rejects", rejected.length, "Count");
  log.measure("BatchTime", now() - started, "Milliseconds");
  const lag = lagOf(messages, started);
  if (lag !== undefined) log.measure("Lag", lag, "Milliseconds");
  if (latest > 0) log.measure("Lateness", Math.max(0, now() - latest), "Milliseconds");
}

export const handler = withRuntime("normalize", (event: MSKEvent | SelfManagedKafkaEvent, runtime) =>
  takeRaw(messagesOf(event), runtime),
);
