/**
 * Activities of the past through pricing, detection and budgets, as if they arrived now. Pure: what is said depends on what is
 * read, not on the order in which it is read nor on when.
 */
import { z } from "zod";
import { ACTIVITY_SCHEMA, Activity } from "../model/activity.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { uidOf } from "../model/uid.ts";
import { type EpochMs, fromIsoTime, type NanoUsd, toEpochMs } from "../model/units.ts";
import { withoutAbsent } from "../model/without-absent.ts";
import type { Budget } from "../policy/policy.ts";
import type { Alert } from "./alert.ts";
import { Arrivals, type Use } from "./arrivals.ts";
import { BudgetWatch } from "./budget.ts";
import type { PriceOf } from "./price.ts";
import { CostWatch, type WatchOptions } from "./watch.ts";

export interface ReplayOptions extends Omit<WatchOptions, "now"> {
  /** For what carries no cost. */
  readonly price: PriceOf;
  readonly budgets?: readonly Budget[];
  /** Whom the policy names for a use; undefined: nobody. */
  readonly ownerOf?: (activity: Activity) => string | undefined;
  /** Told of every use whose price nobody knows: it takes part in quotas alone. */
  readonly unpriced?: (activity: Activity) => void;
  /** What few records are dated days later than this has not happened yet. */
  readonly now?: EpochMs;
  /** Told how many records are dated days later than they were received, or than `now`: they take no part. */
  readonly ahead?: (records: number) => void;
}

/** Reads to the end before it says anything: files need not be in order. */
export async function* replay(
  activities: AsyncIterable<Activity>,
  { now, ...options }: ReplayOptions,
): AsyncGenerator<Alert> {
  const arrivals = new Arrivals();
  let ahead = 0;
  for await (const activity of activities) {
    const use = useOf(activity, options);
    if (use && !arrivals.add(activity, use)) ahead++;
  }
  if (now !== undefined) ahead += arrivals.leaveOutAfter(now);
  if (ahead > 0) options.ahead?.(ahead);
  const watch = new CostWatch(options);
  const budgets = new BudgetWatch(options.budgets ?? []);
  for (const { time, readings, unpriced } of arrivals.inOrder()) {
    if (readings.length > 0) yield* watch.deliver(time, readings);
    yield* budgets.deliver(time, [...readings, ...unpriced]);
  }
}

/** Undefined where the record is no use of a model. */
function useOf(activity: Activity, { price, unpriced, ownerOf }: ReplayOptions): Use | undefined {
  const { kind, view, outcome, usage, count } = activity;
  if ((kind !== "call" && kind !== "bucket") || view === "network") return undefined;
  const failed = outcome?.status === "failure";
  const cost = activity.cost ?? price(activity);
  const nanoUsd = cost?.nanoUsd ?? (failed ? 0 : undefined);
  if (nanoUsd === undefined && usage) unpriced?.(activity);
  if (nanoUsd === undefined && !usage && count === 0) return undefined;
  // What failed need not have cost anything, and still counts as a call.
  const calls = Math.max(count, (nanoUsd ?? 0) > 0 ? 1 : 0);
  return {
    nanoUsd,
    isBilled: cost?.basis === "billed",
    calls,
    errors: failed ? calls : 0,
    owner: ownerOf?.(activity),
  };
}

/** A field that is left out where it is not of its form: a replay reads what others wrote. */
const maybe = <Shape extends z.ZodType>(shape: Shape) => shape.optional().catch(undefined);
const text = maybe(z.string().min(1));
const count = maybe(z.number().nonnegative());
const time = z.union([z.number(), z.string()]).transform((value, context) => {
  const read = typeof value === "number" ? toEpochMs(value) : fromIsoTime(value);
  if (read !== undefined) return read;
  context.addIssue("no time");
  return z.NEVER;
});
const named = maybe(
  z.union([
    z
      .string()
      .min(1)
      .transform((uid) => ({ uid })),
    z.object({ uid: z.string().min(1), name: text }),
  ]),
);
const nanoUsd = z.number().transform((amount) => Math.round(amount) as NanoUsd);

const Line = z.object({
  uid: text,
  kind: z.enum(["call", "bucket", "change", "contact"]),
  view: z.enum(["provider", "usage", "gateway", "network"]).catch("provider"),
  source: z.string().catch("replay"),
  startTime: time,
  endTime: maybe(time),
  receivedTime: maybe(time),
  count: z.number().nonnegative().catch(1),
  operation: z.string().catch(""),
  operationName: Activity.shape.operationName.catch(undefined),
  outcome: maybe(z.object({ status: z.enum(["success", "failure"]) })),
  actor: maybe(
    z.object({
      uid: text,
      name: text,
      type: maybe(z.enum(["human", "workload", "service"])),
      sessionUid: text,
      issuerUid: text,
    }),
  ),
  credential: maybe(z.object({ uid: text })),
  account: named,
  project: named,
  provider: text,
  gateway: text,
  model: maybe(
    z.union([
      z
        .string()
        .min(1)
        .transform((id) => ({ id })),
      z.object({ id: z.string().min(1), vendor: text, version: text, name: text }),
    ]),
  ),
  deployment: maybe(z.object({ uid: text, name: text, type: text })),
  region: maybe(
    z.object({
      requested: text,
      processed: text,
      scope: maybe(z.enum(["regional", "geography", "global"])),
      geography: text,
    }),
  ),
  usage: maybe(
    z.object({
      inputTokens: count,
      outputTokens: count,
      cacheReadTokens: count,
      cacheWriteTokens: count,
      cacheWriteHourTokens: count,
      reasoningTokens: count,
      images: count,
      seconds: count,
      characters: count,
    }),
  ),
  cost: maybe(
    z.union([
      nanoUsd.transform((amount) => ({ nanoUsd: amount, basis: "estimated" as const })),
      z.object({ nanoUsd, basis: z.enum(["estimated", "billed"]).catch("estimated") }),
    ]),
  ),
  labels: maybe(z.record(z.string(), z.unknown()).transform(textLabels)),
});

/**
 * An activity from a line of `gnomon.activity/v1`, read more leniently than Gnomon writes it: cost as a bare number of
 * nano-dollars, times as ISO text, names instead of objects, fields of later versions. Undefined where it is none.
 */
export function readActivity(line: unknown): Activity | undefined {
  const read = Line.safeParse(line);
  if (!read.success) return undefined;
  const { uid, endTime, ...rest } = read.data;
  return withoutAbsent({
    schema: ACTIVITY_SCHEMA,
    uid: uid ?? uidOf(canonicalJson(withoutReading(line, rest.kind))),
    endTime: endTime ?? rest.startTime,
    ...rest,
  }) as Activity;
}

/**
 * What tells a use without an identity from others: everything but when it was read, and of a bucket how far it had
 * grown. What is the same in all of that is the same.
 */
function withoutReading(line: unknown, kind: Activity["kind"]): unknown {
  const { receivedTime: _when, ...said } = line as Record<string, unknown>;
  if (kind !== "bucket") return said;
  const { count: _count, usage: _usage, cost: _cost, ...identity } = said;
  return identity;
}

function textLabels(given: Record<string, unknown>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(given))
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      kept[key] = String(value);
  return kept;
}
