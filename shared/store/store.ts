/**
 * The port of the store. What merging, rolling up and finding mean is decided in the pure core
 * (`pipeline/detect.ts`); a store only keeps rows. Memory, PGlite and Postgres pass one contract test.
 */
import type { Activity } from "../model/activity.ts";
import type { Finding } from "../model/finding.ts";
import type { EntityRow, FindingRow, LedgerEntry, RuleStateRow, UsageRow } from "../model/ledger.ts";
import type { EpochMs } from "../model/units.ts";

/** Everything one batch changes, in one transaction. Methods are called in this order, at most once each. */
export interface Tables {
  /**
   * Takes the row of every uid, so that no other writer can change it until the transaction ends, and returns
   * those that already held an entry. `claimed` are distinct by uid.
   */
  claimActivities(claimed: readonly Activity[]): Promise<ReadonlyMap<string, LedgerEntry>>;
  /** Writes entries whose uids were claimed. */
  putActivities(entries: readonly LedgerEntry[]): Promise<void>;
  /** Adds differences, distinct by key; a row whose sums are all 0 afterwards is removed. */
  addUsage(differences: readonly UsageRow[]): Promise<void>;
  /** Widens: least first, greatest last seen. Distinct by (type, uid). */
  widenEntities(rows: readonly EntityRow[]): Promise<void>;
  /**
   * Remembers: `all` one row per activity uid (a second reading replaces it), `earliest` the one with the least
   * (startTime, uid) of its slot. Returns all that is now remembered for each touched (rule, group), sorted by
   * (startTime, uid).
   */
  remember(
    rows: readonly (RuleStateRow & { readonly keep: "all" | "earliest" })[],
  ): Promise<
    readonly { readonly ruleId: string; readonly group: string; readonly activities: readonly Activity[] }[]
  >;
  /** Takes the findings of these uids for change. */
  claimFindings(uids: readonly string[]): Promise<ReadonlyMap<string, FindingRow>>;
  /** The ledger entries that support a finding: only asked when one of its activities ceased to. */
  supportersOf(findingUid: string): Promise<readonly LedgerEntry[]>;
  /** Writes findings that were claimed, and removes those that nothing supports any more. */
  putFindings(rows: readonly FindingRow[], removed: readonly string[]): Promise<void>;
}

export interface Store {
  /** One transaction. `work` may be run again where the database asks for a retry, so it must be pure but for `tables`. */
  transact<T>(work: (tables: Tables) => Promise<T>): Promise<T>;

  /** Findings by level (highest first), then first seen, then uid. */
  findings(filter?: { readonly status?: readonly Finding["status"][] }): Promise<readonly FindingRow[]>;
  finding(uid: string): Promise<FindingRow | undefined>;
  /** Rows by key order. `since` inclusive, `until` exclusive. */
  usage(range?: { readonly since?: EpochMs; readonly until?: EpochMs }): Promise<readonly UsageRow[]>;
  entities(): Promise<readonly EntityRow[]>;
  /** All entries by (startTime, uid), streamed. */
  activities(range?: { readonly since?: EpochMs; readonly until?: EpochMs }): AsyncIterable<LedgerEntry>;
  close(): Promise<void>;
}
