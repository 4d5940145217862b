/** A month in which every day is logged and billed alike, and settled; tests add what is wrong with it. */
import type { UsageRow } from "../shared/model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../shared/model/units.ts";
import { usageRow } from "./usage-rows.ts";

/** The `day`th of November 2026; days before and behind it count on. */
export const november = (day: number, hour = 0): EpochMs =>
  (Date.UTC(2026, 10, 1) + (day - 1) * DAY_MS + hour * HOUR_MS) as EpochMs;

const place = { account: "111122223333", provider: "aws.bedrock", model: "anthropic/claude-sonnet-4-5" };

export const loggedOn = (day: number, usd: number, given: Partial<UsageRow> = {}): UsageRow =>
  usageRow({
    ...place,
    hour: november(day, 12),
    source: "aws.bedrock-invocation",
    calls: 10,
    inputTokens: 1_000,
    estimatedNanoUsd: usd * 1e9,
    ...given,
  });

export const billedOn = (day: number, usd: number, given: Partial<UsageRow> = {}): UsageRow =>
  usageRow({
    ...place,
    hour: november(day),
    view: "usage",
    source: "aws.cur",
    billedNanoUsd: usd * 1e9,
    ...given,
  });

/** Of `usd` dollars a day. */
export const settledMonth = (usd = 100): readonly UsageRow[] =>
  Array.from({ length: 40 }, (_, at) => [loggedOn(at - 2, usd), billedOn(at - 2, usd)]).flat();
