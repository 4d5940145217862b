/** A detection is a header and a pure function: no vendor, no clock, no database, no network. */
import type { Alert } from "../cost/alert.ts";
import type { SettleDays } from "../cost/reconcile.ts";
import type { UsageAlert } from "../cost/watch-usage.ts";
import type { Activity } from "../model/activity.ts";
import type { Match, Rule } from "../model/finding.ts";
import type { UsageRow } from "../model/ledger.ts";
import type { EpochMs } from "../model/units.ts";
import type { Judgement, Policy } from "../policy/policy.ts";

export interface Verdict {
  readonly policy: Policy;
  /** Absent for a change. */
  readonly judgement: Judgement | undefined;
}

/** Looks at one activity by itself. */
export interface ActivityDetection {
  readonly on: "activity";
  readonly rule: Rule;
  evaluate(activity: Activity, verdict: Verdict): Match | undefined;
}

/** What a group detection remembers an activity for. */
export interface Remembered {
  /** What is the same for all of a group: an account, a door, a principal. */
  readonly group: readonly (string | undefined)[];
  readonly slot: string;
  readonly keep: "all" | "earliest";
}

/**
 * Looks at what one group did over time. A pure function of the set of remembered activities, so that order of
 * arrival and repetition change nothing.
 */
export interface GroupDetection {
  readonly on: "group";
  readonly rule: Rule;
  /**
   * Whether to remember this activity, for which group and how. `all` is asked of the merged activity, and follows
   * it when merging changes the answer. `earliest` keeps one per group and slot, the one with the least
   * (startTime, uid), and is asked of each log's reading by itself: what it looks for must stand in one log.
   */
  remember(activity: Activity): Remembered | undefined;
  /** Called with everything remembered of one group, by (startTime, uid). At most one match per subject. */
  evaluate(remembered: readonly Activity[], verdict: { readonly policy: Policy }): readonly Match[];
}

/**
 * Looks at what use adds up to. A pure function of the set of rows, so that it may be asked again whenever rows have
 * changed: what it no longer says is taken back.
 */
export interface UsageDetection {
  readonly on: "usage";
  readonly rule: Rule;
  /** At most one match per subject and UTC month of `Match.time`. */
  evaluate(
    rows: readonly UsageRow[],
    verdict: { readonly policy: Policy; readonly settleDays?: SettleDays },
  ): readonly Match[];
}

/** Says what one kind of alert means, and how loud it is. When there is one, the watch decides: `cost/watch-usage.ts`. */
export interface WatchDetection {
  readonly on: "watch";
  readonly rule: Rule;
  readonly detector: Alert["detector"];
  /** `Match.time` is the hour that shows it. */
  evaluate(said: UsageAlert): Match;
}

/** When a source spoke last, and how long it was silent at most in the four weeks before. */
export interface HeardBefore {
  readonly source: string;
  /** Event time. */
  readonly lastEventTime: EpochMs;
  /** In whole hours. Absent where it has told of too little use to have a habit. */
  readonly longestSilenceMs?: number;
}

/** Looks at who has told of nothing for how long. */
export interface CoverageDetection {
  readonly on: "coverage";
  readonly rule: Rule;
  /** Once said, the same is said until the source speaks again. */
  evaluate(heard: HeardBefore, now: EpochMs): Match | undefined;
}

export type Detection = ActivityDetection | GroupDetection | UsageDetection | WatchDetection | CoverageDetection;
