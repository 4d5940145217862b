/** What is kept of an activity: the merged row, how it was judged, and the findings it supports. */
import type { Activity } from "./activity.ts";
import type { Finding } from "./finding.ts";
import type { EpochMs } from "./units.ts";

export type VerdictWord = "sanctioned" | "unsanctioned" | "unreviewed";

export interface LedgerEntry {
  readonly activity: Activity;
  readonly verdict?: VerdictWord;
  readonly owner?: string;
  readonly clause?: string;
  /** Uids of findings this activity supports by itself, sorted. */
  readonly findings: readonly string[];
}

/** The key of a row of `usage_hourly`. Absent parts are "" here and only here: SQL keys cannot be null. */
export interface UsageKey {
  /** Start of the hour, event time. */
  readonly hour: EpochMs;
  readonly view: Activity["view"];
  readonly source: string;
  readonly account: string;
  readonly principal: string;
  readonly provider: string;
  readonly model: string;
  /** Where it ran, else where it was requested. */
  readonly region: string;
  readonly owner: string;
  readonly verdict: VerdictWord | "";
}

/** Sums; also used as differences, which may be negative. */
export interface UsageSums {
  readonly calls: number;
  readonly failures: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly reasoningTokens: number;
  readonly estimatedNanoUsd: number;
  readonly billedNanoUsd: number;
  /** Calls that used tokens and whose price is not known. */
  readonly unpricedCalls: number;
}

export interface UsageRow extends UsageKey, UsageSums {}

/** Who and what was first and last seen: the inventory, and the baselines of "first seen". */
export interface EntityRow {
  readonly type:
    | "principal"
    | "credential"
    | "model"
    | "provider"
    | "account"
    | "principal-model"
    | "principal-provider";
  /** For a pair: both, JSON array. */
  readonly uid: string;
  readonly name: string;
  readonly firstSeenTime: EpochMs;
  readonly lastSeenTime: EpochMs;
}

/** An activity that a group detection remembers. */
export interface RuleStateRow {
  readonly ruleId: string;
  readonly group: string;
  readonly slot: string;
  readonly activity: Activity;
}

export interface FindingRow {
  readonly finding: Finding;
  /** Increases with every visible change; what a sink has been told is such a number. */
  readonly revision: number;
}
