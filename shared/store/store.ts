/**
 * The port of the store. What merging, rolling up and finding mean is decided in the pure core
 * (`pipeline/detect.ts`); a store only keeps rows. Memory, PGlite and Postgres pass one contract test.
 */
import type { Finding } from "../model/finding.ts";
import type {
  EntityRow,
  FindingMatch,
  FindingRow,
  HeldFinding,
  LedgerEntry,
  MatchKey,
  RuleGroupRow,
  RuleStateRow,
  SeriesRow,
  UsageRow,
} from "../model/ledger.ts";
import type { EpochMs } from "../model/units.ts";

/**
 * Everything one batch changes, in one transaction. Methods are called in this order, with rows distinct by key, and
 * at most once each but `putActivities` and `endsOf`.
 *
 * A write may end before it is done; what fails then fails the transaction.
 *
 * What is claimed, no other transaction can change until this one ends: either rows are locked, or this
 * transaction is undone and run again when another one was first. Claims are taken in the order of keys and
 * tables in the order of methods, so that two transactions never wait for each other.
 */
export interface Tables {
  /**
   * Those of the uids that already hold an entry, by uid. Where a store expects none it may answer so unlooked: if it is
   * wrong, what is written fails, and all of the work is done again.
   */
  claimActivities(uids: readonly string[]): Promise<ReadonlyMap<string, LedgerEntry>>;
  /** Writes claimed entries, in the order of uids. */
  putActivities(entries: readonly LedgerEntry[]): Promise<void>;
  /** Adds differences; a row whose sums are all 0 afterwards is removed. */
  addUsage(differences: readonly UsageRow[]): Promise<void>;
  /** Widens: least first, greatest last seen; a name that is not the uid, the greatest in UTF-8. */
  widenEntities(rows: readonly EntityRow[]): Promise<void>;
  /** The rows of these keys, unclaimed: what is remembered as earliest only ever becomes earlier. */
  rememberedAt(keys: readonly string[]): Promise<readonly RuleStateRow[]>;
  /** Claims the groups of these keys, and returns what is remembered of them and what they support. */
  claimGroups(keys: readonly string[]): Promise<ReadonlyMap<string, ClaimedGroup>>;
  /** Writes claimed groups and what they remember, and removes others by key. */
  putGroups(
    written: { readonly groups: readonly RuleGroupRow[]; readonly remembered: readonly RuleStateRow[] },
    removed: { readonly groups: readonly string[]; readonly remembered: readonly string[] },
  ): Promise<void>;
  /** Takes matches out, returning them, and puts others in. Both belong to claimed activities or groups. */
  moveMatches(taken: readonly MatchKey[], put: readonly FindingMatch[]): Promise<readonly FindingMatch[]>;
  /** Those of the uids that are findings already, by uid. */
  claimFindings(uids: readonly string[]): Promise<ReadonlyMap<string, HeldFinding>>;
  /** The `EVIDENCE_KEPT - 1` earliest matches of a claimed finding and the latest one, by (time, supporter). */
  endsOf(findingUid: string): Promise<readonly FindingMatch[]>;
  /** Writes claimed findings, and removes those that nothing supports any more. */
  putFindings(rows: readonly HeldFinding[], removed: readonly string[]): Promise<void>;
  /** Claims what the watch over spend has learned, and returns up to which hour; undefined where that is nothing. */
  claimSeries(): Promise<SeriesRow["nextHour"] | undefined>;
  /** Writes it anew: what is not among the rows is removed. One row is the organization's. */
  putSeries(rows: readonly SeriesRow[]): Promise<void>;
}

export interface ClaimedGroup {
  readonly matches: RuleGroupRow["matches"];
  readonly remembered: readonly RuleStateRow[];
}

export interface Store {
  /** One transaction. `work` may be run again where the database asks for it, so it must be pure but for `tables`. */
  transact<T>(work: (tables: Tables) => Promise<T>): Promise<T>;

  /** Findings by level (highest first), then first seen, then uid. */
  findings(filter?: { readonly status?: readonly Finding["status"][] }): Promise<readonly FindingRow[]>;
  finding(uid: string): Promise<FindingRow | undefined>;
  /** Rows by key, hours first. `since` inclusive, `until` exclusive. */
  usage(range?: { readonly since?: EpochMs; readonly until?: EpochMs }): Promise<readonly UsageRow[]>;
  /** The first and the last hour of use; bills and network evidence are none. Undefined where there is no use. */
  usedHours(): Promise<{ readonly first: EpochMs; readonly last: EpochMs } | undefined>;
  /** What the watch over spend has learned, by kind, then uid. */
  series(): Promise<readonly SeriesRow[]>;
  /** By type, then uid. */
  entities(): Promise<readonly EntityRow[]>;
  /** All entries by (startTime, uid), streamed. */
  activities(range?: { readonly since?: EpochMs; readonly until?: EpochMs }): AsyncIterable<LedgerEntry>;
  /** What ended before is forgotten, and is not to be taken again: it was counted. 0 where nothing ever was. */
  forgottenBefore(): Promise<EpochMs>;
  /** Every row of every table as canonical JSON, sorted: to compare two stores. Holds all of it in memory. */
  dump(): Promise<Readonly<Record<string, readonly string[]>>>;
  close(): Promise<void>;
}
