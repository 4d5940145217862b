/** What an activity adds to `usage_hourly`, and what two of its states differ by. */
import { type Activity, isCapacityCharge, modelOf, principalOf, unratedBillOf } from "../model/activity.ts";
import { ByValues } from "../model/by-values.ts";
import {
  type LedgerEntry,
  noUse,
  storable,
  type UsageKey,
  type UsageRow,
  usageKeys,
  usageSums,
} from "../model/ledger.ts";
import { type EpochMs, HOUR_MS } from "../model/units.ts";

/** An entry before and after a merge. `before` is absent for what was not known. */
export interface EntryChange {
  readonly before?: LedgerEntry;
  readonly after: LedgerEntry;
}

/**
 * Exactly what the changes change: rollup of the state after minus rollup of the state before, by key. Rows that
 * nothing changes are left out.
 */
export function usageDifferences(changes: readonly EntryChange[]): UsageRow[] {
  const rows = new Rows();
  for (const { before, after } of changes) {
    if (before) add(rows, before, -1);
    add(rows, after, 1);
  }
  return rows.made.filter((row) => usageSums.some((sum) => row[sum] !== 0));
}

type Mutable<Row> = { -readonly [Key in keyof Row]: Row[Key] };

class Rows {
  readonly made: Mutable<UsageRow>[] = [];
  readonly #byKey = new ByValues<Mutable<UsageRow>>();

  of(key: UsageKey): Mutable<UsageRow> {
    let at = this.#byKey;
    for (const part of usageKeys) at = at.at(key[part]);
    if (!at.held) {
      at.held = { ...key, ...noUse };
      this.made.push(at.held);
    }
    return at.held;
  }
}

function add(rows: Rows, entry: LedgerEntry, sign: 1 | -1): void {
  const { activity } = entry;
  // An administrative act is not use.
  if (activity.kind === "change") return;
  const row = rows.of(usageKeyOf(entry));
  row.calls += sign * activity.count;
  if (activity.outcome?.status === "failure") row.failures += sign * activity.count;
  // A contact says that somebody talked to a service, not what was said.
  if (activity.kind === "contact") return;
  const { usage, cost } = activity;
  row.inputTokens += sign * (usage?.inputTokens ?? 0);
  row.outputTokens += sign * (usage?.outputTokens ?? 0);
  row.cacheReadTokens += sign * (usage?.cacheReadTokens ?? 0);
  row.reasoningTokens += sign * (usage?.reasoningTokens ?? 0);
  if (cost?.basis === "estimated") {
    row.estimatedNanoUsd += sign * cost.nanoUsd;
    if (activity.outcome?.status === "failure") row.failedNanoUsd += sign * cost.nanoUsd;
  }
  if (cost?.basis === "billed") {
    row.billedNanoUsd += sign * cost.nanoUsd;
    if (isCapacityCharge(activity)) row.capacityNanoUsd += sign * cost.nanoUsd;
  }
  const unrated = unratedBillOf(activity);
  if (unrated) {
    row.unratedLines += sign;
    row.unratedMicro += sign * Math.round(unrated.amount * 1e6);
  }
  if (!cost && (usage?.inputTokens || usage?.outputTokens)) row.unpricedCalls += sign * activity.count;
}

/** A bucket of a day stands in the hour in which it starts: nobody said how it spreads over the others. */
export const usageKeyOf = ({ activity, owner, verdict, attribution }: LedgerEntry): UsageKey => ({
  hour: (activity.startTime - (activity.startTime % HOUR_MS)) as EpochMs,
  view: activity.view,
  source: storable(activity.source),
  account: storable(activity.account?.uid ?? ""),
  principal: storable(principalOf(activity) ?? ""),
  provider: storable(activity.provider ?? ""),
  model: storable(modelOf(activity) ?? ""),
  region: storable(regionOf(activity) ?? ""),
  owner: storable(owner ?? ""),
  verdict: verdict ?? "",
  team: storable(attribution?.team ?? ""),
  app: storable(attribution?.app ?? ""),
  customer: storable(attribution?.customer ?? ""),
  task: storable(attribution?.task ?? ""),
  currency: storable(unratedBillOf(activity)?.currency ?? ""),
});

const regionOf = ({ region }: Activity): string | undefined => region?.processed ?? region?.requested;
