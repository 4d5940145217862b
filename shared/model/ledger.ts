/** The rows of the store: what is kept of activities, how they add up, and what was found in them. */
import type { Activity } from "./activity.ts";
import type { Evidence, Finding, Level } from "./finding.ts";
import type { EpochMs } from "./units.ts";

export type VerdictWord = "sanctioned" | "unsanctioned" | "unreviewed";

/** What is kept of an activity: the merged row, how it was judged, and the findings it supports. */
export interface LedgerEntry {
  readonly activity: Activity;
  /** `activity.cost` is ours: computed anew whenever a reading is merged, where a cost from a log is kept. */
  readonly priced?: true;
  readonly verdict?: VerdictWord;
  readonly owner?: string;
  readonly clause?: string;
  /** For whom it was, as tags and metadata say. Absent: nobody said. */
  readonly attribution?: Partial<Record<(typeof attributionKeys)[number], string>>;
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
  /** For whom: see `cost/attribute.ts`. The team is what tags say; whom the policy names is `owner`. */
  readonly team: string;
  readonly app: string;
  readonly customer: string;
  readonly task: string;
  /** Of a bill for whose currency no rate is known: which, as `EUR`. "" for everything else. */
  readonly currency: string;
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
  /** Part of the estimate: what calls cost that failed. */
  readonly failedNanoUsd: number;
  readonly billedNanoUsd: number;
  /** Part of the bill: capacity that is paid by the hour, whether it is called or not. */
  readonly capacityNanoUsd: number;
  /** Calls that used tokens and whose price is not known. */
  readonly unpricedCalls: number;
  /** Lines of bills that are in no amount above, since no rate is known for their currency. */
  readonly unratedLines: number;
  /** What they come to: millionths of a unit of `currency`. */
  readonly unratedMicro: number;
}

export interface UsageRow extends UsageKey, UsageSums {}

/** Where nothing has been added yet. */
export const noUse: UsageSums = {
  calls: 0,
  failures: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  reasoningTokens: 0,
  estimatedNanoUsd: 0,
  failedNanoUsd: 0,
  billedNanoUsd: 0,
  capacityNanoUsd: 0,
  unpricedCalls: 0,
  unratedLines: 0,
  unratedMicro: 0,
};

/** Parts of the key that came later. A row without any has the key it had before. */
export const attributionKeys = ["team", "app", "customer", "task"] as const satisfies readonly (keyof UsageKey)[];

export const usageKeys = [
  "hour",
  "view",
  "source",
  "account",
  "principal",
  "provider",
  "model",
  "region",
  "owner",
  "verdict",
  ...attributionKeys,
  "currency",
] as const satisfies readonly (keyof UsageKey)[];

export const usageSums = [
  "calls",
  "failures",
  "inputTokens",
  "outputTokens",
  "cacheReadTokens",
  "reasoningTokens",
  "estimatedNanoUsd",
  "failedNanoUsd",
  "billedNanoUsd",
  "capacityNanoUsd",
  "unpricedCalls",
  "unratedLines",
  "unratedMicro",
] as const satisfies readonly (keyof UsageSums)[];

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
  /** The uid where no log told a name. */
  readonly name: string;
  readonly firstSeenTime: EpochMs;
  readonly lastSeenTime: EpochMs;
}

/** Joins two sightings of one entity; of two names the greater in UTF-8, so that every store agrees. */
export function widenEntity(a: EntityRow, b: EntityRow): EntityRow {
  const named = a.name === a.uid ? b : b.name === b.uid || a.name === b.name ? a : undefined;
  const greater = named ?? (Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) > 0 ? a : b);
  return {
    type: a.type,
    uid: a.uid,
    name: greater.name,
    firstSeenTime: Math.min(a.firstSeenTime, b.firstSeenTime) as EpochMs,
    lastSeenTime: Math.max(a.lastSeenTime, b.lastSeenTime) as EpochMs,
  };
}

/** An activity that a group detection remembers. */
export interface RuleStateRow {
  /** Of rule, group and slot; for `all` also of the activity. */
  readonly key: string;
  /** Key of its `RuleGroupRow`. */
  readonly groupKey: string;
  readonly ruleId: string;
  readonly group: string;
  readonly slot: string;
  readonly keep: "all" | "earliest";
  readonly activity: Activity;
}

/** What one rule knows about one group. */
export interface RuleGroupRow {
  /** Of rule and group. */
  readonly key: string;
  readonly ruleId: string;
  readonly group: string;
  readonly matches: readonly MatchKey[];
}

/** What the watch over spend has learned of one series, up to the morning from which it goes on. */
export interface SeriesRow {
  readonly kind: "organization" | "leaf" | "principal" | "app" | "team";
  readonly uid: string;
  /** Hours since 1970: those before are learned. The same in all rows. */
  readonly nextHour: number;
  /** See `cost/series-state.ts`. */
  readonly state: Uint8Array;
  /** What is no number: JSON. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** Where a match is kept. Matches of one finding are ordered by (time, supporter). */
export interface MatchKey {
  readonly finding: string;
  readonly time: EpochMs;
  /** What shows it: an activity's uid, or the key of a rule's group. */
  readonly supporter: string;
}

/** One activity, or one group of a rule, that supports a finding. */
export interface FindingMatch extends MatchKey {
  readonly level: Level;
  readonly reason: string;
  /** Requests it stands for. */
  readonly count: number;
  readonly evidence: readonly Evidence[];
  readonly owner?: string;
  readonly clause?: string;
}

export const byTimeAndSupporter = (a: MatchKey, b: MatchKey): number =>
  a.time - b.time || (a.supporter < b.supporter ? -1 : a.supporter > b.supporter ? 1 : 0);

export interface FindingRow {
  readonly finding: Finding;
  /** Increases with every visible change; what a sink has been told is such a number. */
  readonly revision: number;
}

/** A finding with what is needed to restate it when matches come and go. */
export interface HeldFinding extends FindingRow {
  /** Matches by level: the finding has the highest. */
  readonly levels: Readonly<Partial<Record<Level, number>>>;
  /** The earliest matches and the latest one, by (time, supporter); all of them where there are few. */
  readonly ends: readonly FindingMatch[];
}

/**
 * A name as a key of the store. Names come from logs and logs from strangers: Postgres text holds neither U+0000
 * nor half of a surrogate pair.
 */
export const storable = (name: string): string =>
  name.isWellFormed() && !name.includes("\0") ? name : name.toWellFormed().replaceAll("\0", "\uFFFD");
