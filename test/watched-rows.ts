/** Rows of use to be watched: a steady month, to which tests add what is wrong, and what a detection says of it. */
import { type UsageWatchOptions, watchUsage } from "../shared/cost/watch-usage.ts";
import type { WatchDetection } from "../shared/detections/detection.ts";
import type { Match } from "../shared/model/finding.ts";
import type { UsageRow } from "../shared/model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../shared/model/units.ts";
import type { Budget } from "../shared/policy/policy.ts";
import { usageRow } from "./usage-rows.ts";

/** A Monday, and hours from it. */
export const at = (hour: number): EpochMs => (Date.UTC(2026, 5, 1) + hour * HOUR_MS) as EpochMs;

/** The first hour after four weeks. */
export const NEXT = 28 * 24;

/** `calls` of a cent each. */
export const used = (hour: number, calls: number, given: Partial<UsageRow> = {}): UsageRow =>
  usageRow({
    hour: at(hour),
    source: "aws.bedrock-invocation",
    account: "111122223333",
    provider: "aws.bedrock",
    principal: "arn:aws:iam::111122223333:role/app",
    model: "anthropic/claude-haiku-4-5",
    calls,
    inputTokens: calls * 1_000,
    outputTokens: calls * 200,
    estimatedNanoUsd: calls * 1e7,
    ...given,
  });

/** About a hundred calls an hour. */
export const steady = (hours: number, given: Partial<UsageRow> = {}): UsageRow[] =>
  Array.from({ length: hours }, (_, hour) => used(hour, 95 + ((hour * 7) % 11), given));

export const budget = (given: Partial<Budget>): Budget => ({
  name: "research",
  scope: { kind: "organization", uid: "" },
  measure: "cost",
  amount: 1_000,
  period: "month",
  since: at(0),
  ...given,
});

/** What a detection says of rows that are told by `now`, by default the end of the last hour. */
export async function saidOf(
  detection: WatchDetection,
  rows: readonly UsageRow[],
  given: Partial<UsageWatchOptions> = {},
): Promise<readonly Match[]> {
  async function* days() {
    yield rows.toSorted((a, b) => a.hour - b.hour);
  }
  const last = Math.max(...rows.map(({ hour }) => hour));
  const from = (last - (last % DAY_MS) - 60 * DAY_MS) as EpochMs;
  const options = { policy: { budgets: [], events: [] }, now: (last + HOUR_MS) as EpochMs, from, ...given };
  const { alerts } = await watchUsage(days(), options);
  return alerts
    .filter(({ alert }) => alert.detector === detection.detector)
    .map((said) => detection.evaluate(said));
}
