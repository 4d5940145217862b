/** Kafka `ai.activity` → the store: activities, rollups and findings in one transaction a batch. */
import type { MSKEvent, SelfManagedKafkaEvent } from "aws-lambda";
import type { IncomingMessage } from "../shared/bus/bus.ts";
import { readActivityMessage, rejectMessage } from "../shared/bus/messages.ts";
import { topics } from "../shared/bus/topics.ts";
import type { Activity } from "../shared/model/activity.ts";
import type { Reject } from "../shared/model/raw-record.ts";
import { detect } from "../shared/pipeline/detect.ts";
import { detections } from "../shared/registry.ts";
import { messagesOf } from "./kafka-event.ts";
import { withRuntime } from "./lambda.ts";
import type { Runtime } from "./runtime.ts";

export async function takeActivities(messages: readonly IncomingMessage[], runtime: Runtime): Promise<void> {
  const { bus, log, now } = runtime;
  const started = now();
  const activities: Activity[] = [];
  const rejects: Reject[] = [];
  for (const message of messages) {
    const read = readActivityMessage(message);
    if ("reject" in read) rejects.push(read.reject);
    else activities.push(read.value);
  }
  const [store, judging] = await Promise.all([runtime.store(), runtime.judging()]);
  const { findings, added, changed } = await detect(activities, { store, detections, ...judging });
  if (rejects.length > 0) await bus.publish(topics.rejected.name, rejects.map(rejectMessage));

  log.measure("Activities", added + changed, "Count");
  log.measure("Findings", findings.length, "Count");
  log.measure("Rejects", rejects.length, "Count");
  log.measure("BatchTime", now() - started, "Milliseconds");
}

export const handler = withRuntime("detect", (event: MSKEvent | SelfManagedKafkaEvent, runtime) =>
  takeActivities(messagesOf(event), runtime),
);
