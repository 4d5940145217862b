/**
 * Every hour, on Lambda every five minutes: findings that went quiet are resolved, resolved ones that came back reopened,
 * what is old forgotten.
 */
import type { ScheduledEvent } from "aws-lambda";
import { topics } from "../shared/bus/topics.ts";
import { DAY_MS, EpochMs } from "../shared/model/units.ts";
import { nextStatus } from "../shared/pipeline/lifecycle.ts";
import { detections } from "../shared/registry.ts";
import { timeLeft, withRuntime } from "./lambda.ts";
import type { Runtime } from "./runtime.ts";

/** Longer than the slowest feed is late: Azure's tail is under four hours, a vendor's usage API under a day. */
const SILENT_AFTER_MS = DAY_MS;
/** By then a source is gone for good, and no reason to keep findings open. */
const GONE_AFTER_MS = 30 * DAY_MS;

/** Later than the last of them has left its topic. */
const REJECTS_KEPT_MS = topics.rejected.retentionMs + DAY_MS;

export interface Kept {
  readonly resolved: number;
  readonly reopened: number;
  /** Activities. */
  readonly forgotten: number;
  readonly forgottenMatches: number;
  readonly forgottenRejects: number;
  /** Sources that have told of nothing for longer than their feed may be late. */
  readonly silent: readonly string[];
}

/** Forgets until `signal` is aborted; the rest waits for the next run. */
export async function housekeepOnce(runtime: Runtime, signal: AbortSignal): Promise<Kept> {
  const { configuration, log } = runtime;
  const { books } = await runtime.store();
  const now = runtime.now();
  const rules = new Map(detections.map(({ rule }) => [rule.id, rule]));

  const silences = (await books.coverage()).filter(({ lastEventTime }) => now - lastEventTime > SILENT_AFTER_MS);
  const silent = silences.map(({ source }) => source);
  const isAnyoneAwaited = silences.some(({ lastEventTime }) => now - lastEventTime <= GONE_AFTER_MS);
  if (silent.length > 0) log.warn("sources have gone silent", { sources: silent });

  const count = { resolved: 0, reopened: 0 };
  for (const { finding, seenUntil } of await books.living()) {
    const rule = rules.get(finding.ruleId);
    const next = nextStatus(finding, { rule, now, ...(seenUntil === undefined ? {} : { seenUntil }) });
    if (!next) continue;
    // Quiet says nothing while nobody is listening; and a silence lasts until the source speaks.
    const isStillSilent = silent.some((source) => finding.subject.resource === `source ${source}`);
    if (next.status === "resolved" && (isAnyoneAwaited || isStillSilent)) continue;
    await books.changeStatus(finding.uid, { status: next.status, by: "gnomon", note: next.note, time: now });
    if (next.status === "resolved") count.resolved++;
    else count.reopened++;
  }

  const before = (age: number) => EpochMs.parse(Math.max(0, now - age));
  const oldest = before(configuration.retention.activityDays * DAY_MS);
  // Activities last: they may take all the time there is, and matches wait for them in any case.
  const forgottenRejects = await books.forgetRejects(before(REJECTS_KEPT_MS), signal);
  const forgottenMatches = await books.forgetMatches(oldest, signal);
  const forgotten = await books.forgetActivities(oldest, signal);
  if (signal.aborted) log.warn("stopped before all that is old was removed; the next run goes on", { forgotten });
  const kept = { ...count, forgotten, forgottenMatches, forgottenRejects, silent };
  log.info("housekeeping", kept);
  return kept;
}

export const handler = withRuntime("housekeeping", async (_event: ScheduledEvent, runtime, context) => {
  await housekeepOnce(runtime, timeLeft(context));
});
