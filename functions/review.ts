/**
 * Every five minutes: what use adds up to, against bills and against its own past. While nothing is heard there is
 * nothing to say; bills come a few times a day, and are held against logs once an hour, as is the silence of sources.
 */
import type { ScheduledEvent } from "aws-lambda";
import { DAY_MS, type EpochMs, HOUR_MS } from "../shared/model/units.ts";
import { review } from "../shared/pipeline/review.ts";
import { detections } from "../shared/registry.ts";
import { withRuntime } from "./lambda.ts";
import type { Runtime } from "./runtime.ts";

/** This month and the one before; vendors correct their bills until some days into the next but one. */
const BILLED_MS = 35 * DAY_MS;

const onWatch = detections.filter(({ on }) => on === "watch");

interface Reviewed {
  /** What had been heard and said when it was asked last. */
  readonly heard: string;
  /** When bills were held against logs last. */
  readonly billsTime: EpochMs;
}
const last = new WeakMap<Runtime, Reviewed>();

/** Findings that are new or say something else than before; undefined where there was nothing to look at. */
export async function reviewOnce(
  runtime: Runtime,
  { allMonths = false }: { readonly allMonths?: boolean } = {},
): Promise<number | undefined> {
  const { log } = runtime;
  const now = runtime.now();
  const [store, { policy }] = await Promise.all([runtime.store(), runtime.judging()]);
  const [feedback, coverage] = await Promise.all([store.books.feedback(), store.books.coverage()]);
  const heard = JSON.stringify([feedback.length, coverage]);
  const before = last.get(runtime);
  const isDue = before === undefined || now - before.billsTime >= HOUR_MS;
  if (!isDue && before.heard === heard) return undefined;

  const findings = await review(store, {
    policy,
    detections: isDue ? detections : onWatch,
    now,
    feedback,
    // Who looks once, at what has been, waits for nobody.
    ...(allMonths ? {} : { since: Math.max(0, now - BILLED_MS) as EpochMs, heard: coverage }),
  });
  last.set(runtime, { heard, billsTime: isDue ? now : before.billsTime });
  log.measure("Findings", findings.length, "Count");
  log.measure("ReviewTime", runtime.now() - now, "Milliseconds");
  return findings.length;
}

export const handler = withRuntime("review", async (_event: ScheduledEvent, runtime) => {
  await reviewOnce(runtime);
});
