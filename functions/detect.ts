/**
 * Kafka `ai.activity` → the store: activities, rollups and findings in one transaction a batch. And what could not be
 * read, `ai.activity.rejected`, for people to look at.
 */
import type { MSKEvent, SelfManagedKafkaEvent } from "aws-lambda";
import type { IncomingMessage } from "../shared/bus/bus.ts";
import { lagOf, readActivityMessage, readRejectMessage } from "../shared/bus/messages.ts";
import { topics } from "../shared/bus/topics.ts";
import type { Activity } from "../shared/model/activity.ts";
import type { Reject } from "../shared/model/raw-record.ts";
import { type EpochMs, toIsoTime } from "../shared/model/units.ts";
import { detect } from "../shared/pipeline/detect.ts";
import { detections } from "../shared/registry.ts";
import { messagesOf } from "./kafka-event.ts";
import { withRuntime } from "./lambda.ts";
import type { Runtime } from "./runtime.ts";

/** What ended so long ago that it is forgotten is left out: it was counted, and would be again. */
export async function takeActivities(messages: readonly IncomingMessage[], runtime: Runtime): Promise<void> {
  const { log, now } = runtime;
  const started = now();
  const [store, judging] = await Promise.all([runtime.store(), runtime.judging()]);
  // Asked while messages are read.
  const forgetting = store.forgottenBefore();
  const activities: Activity[] = [];
  const rejects: Reject[] = [];
  for (const message of messages) {
    const read = readActivityMessage(message);
    if ("reject" in read) rejects.push(read.reject);
    else activities.push(read.value);
  }
  const before = await forgetting;
  const remembered = activities.filter(({ endTime }) => endTime >= before);
  const forgotten = activities.length - remembered.length;
  if (forgotten > 0) {
    log.info("left out: activities this old are forgotten", { activities: forgotten, before: toIsoTime(before) });
    log.measure("Forgotten", forgotten, "Count");
  }
  // That a source was heard is true whatever becomes of the batch.
  const hearing = store.books.heard(latestOf(activities, started));
  hearing.catch(() => {});
  const { findings, added, changed } = await detect(remembered, { store, detections, ...judging });
  await hearing;
  await store.books.recordRejects(rejects, started);

  log.measure("Activities", added + changed, "Count");
  log.measure("Findings", findings.length, "Count");
  log.measure("Rejects", rejects.length, "Count");
  log.measure("BatchTime", now() - started, "Milliseconds");
  const lag = lagOf(messages, started);
  if (lag !== undefined) log.measure("Lag", lag, "Milliseconds");
}

export async function takeRejects(messages: readonly IncomingMessage[], runtime: Runtime): Promise<void> {
  const rejects = messages.map((message) => {
    const read = readRejectMessage(message);
    return "reject" in read ? read.reject : read.value;
  });
  const { books } = await runtime.store();
  await books.recordRejects(rejects, runtime.now());
  runtime.log.measure("Rejects", rejects.length, "Count");
}

function latestOf(activities: readonly Activity[], heardTime: EpochMs) {
  const latest = new Map<string, EpochMs>();
  for (const { source, endTime } of activities) {
    const before = latest.get(source);
    if (before === undefined || endTime > before) latest.set(source, endTime);
  }
  // A vendor's clock that runs ahead must not make a source look alive tomorrow.
  return [...latest].map(([source, time]) => ({
    source,
    lastEventTime: time < heardTime ? time : heardTime,
    heardTime,
  }));
}

export const handler = withRuntime("detect", async (event: MSKEvent | SelfManagedKafkaEvent, runtime) => {
  const messages = messagesOf(event);
  const rejected = messages.filter(({ topic }) => topic === topics.rejected.name);
  const others = messages.filter(({ topic }) => topic !== topics.rejected.name);
  if (others.length > 0) await takeActivities(others, runtime);
  if (rejected.length > 0) await takeRejects(rejected, runtime);
});
