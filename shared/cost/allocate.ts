/**
 * What was billed, shared out among the calls that it is for: so that a team sees its part of the invoice and not only
 * an estimate. By account, door, model and day (by the month where the bill is), in proportion to what the calls should
 * have cost, to the last nano-dollar. What no logged call can take stays a row of its own: see `reconcile.ts`.
 *
 * Capacity that is paid by the hour is for the calls that have no price of their own, by tokens: calls on demand are
 * charged by themselves. Where there are none, nobody used it.
 */
import type { UsageRow } from "../model/ledger.ts";
import type { EpochMs, NanoUsd } from "../model/units.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import { comparable, dayOf, doorMonth, monthAround, monthlyBills } from "./bill-periods.ts";
import { spreadCapacity } from "./price.ts";
import { tokensOf } from "./unpriced.ts";

export interface Allocated {
  /** Every row that counts, with its share of the bill. */
  readonly counted: readonly UsageRow[];
  /** Of these, whose account, door and day were billed: a share of 0 is then one, and not a bill still to come. */
  readonly billed: ReadonlySet<UsageRow>;
  /** Lines of bills for which no call was logged. */
  readonly unlogged: readonly UsageRow[];
}

/** Shares and unlogged lines add up to what was billed, exactly. */
export function allocate(rows: readonly UsageRow[]): Allocated {
  const { counted, billed } = systemOfRecord(rows);
  const isMonthly = monthlyBills(billed);
  const callsByDoor = Map.groupBy(counted, doorMonth);
  const shares = new Map<UsageRow, number>();
  const unlogged: UsageRow[] = [];

  for (const [door, bills] of Map.groupBy(billed, doorMonth)) {
    const calls = callsByDoor.get(door) ?? [];
    const accountOf = comparable(bills, calls);
    const startOf = (bill: UsageRow) => (isMonthly(bill) ? monthAround(bill.hour).start : dayOf(bill.hour));
    const placeIn = (start: EpochMs) => (row: UsageRow) => JSON.stringify([accountOf(row), start]);
    const byDay = Map.groupBy(calls, (row) => placeIn(dayOf(row.hour))(row));
    const byMonth = Map.groupBy(calls, (row) => placeIn(monthAround(row.hour).start)(row));

    const charge = (bill: UsageRow) =>
      JSON.stringify([placeIn(startOf(bill))(bill), bill.model, isMonthly(bill), bill.capacityNanoUsd !== 0]);
    for (const alike of Map.groupBy(bills.flatMap(partsOf), charge).values()) {
      const [bill] = alike;
      if (!bill) continue;
      const isCapacity = bill.capacityNanoUsd !== 0;
      const place = (isMonthly(bill) ? byMonth : byDay).get(placeIn(startOf(bill))(bill)) ?? [];
      const there = isCapacity ? place.filter(usesCapacity) : place;
      // A bill for a model that nobody called is a finding, and no matter of those who called another.
      const takers = bill.model === "" ? there : there.filter(({ model }) => model === bill.model);
      const weights = isCapacity && takers.length > 0 ? takers.map(tokensOf) : weightsOf(takers);
      if (!weights) {
        unlogged.push(...alike);
        continue;
      }
      for (const row of there) if (!shares.has(row)) shares.set(row, 0);
      const amount = alike.reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, 0) as NanoUsd;
      const spread = spreadCapacity(amount, weights).shares;
      for (const [at, row] of takers.entries()) shares.set(row, (shares.get(row) ?? 0) + (spread[at] ?? 0));
    }
  }

  const withShare = counted.map((row) => {
    const share = shares.get(row);
    return {
      row: share ? { ...row, billedNanoUsd: row.billedNanoUsd + share } : row,
      isBilled: share !== undefined,
    };
  });
  return {
    counted: withShare.map(({ row }) => row),
    billed: new Set(withShare.filter(({ isBilled }) => isBilled).map(({ row }) => row)),
    unlogged,
  };
}

/** What of a bill is for capacity, and what for calls. */
function partsOf(bill: UsageRow): UsageRow[] {
  const { billedNanoUsd, capacityNanoUsd } = bill;
  if (capacityNanoUsd === 0 || capacityNanoUsd === billedNanoUsd) return [bill];
  return [
    { ...bill, billedNanoUsd: billedNanoUsd - capacityNanoUsd, capacityNanoUsd: 0 },
    { ...bill, billedNanoUsd: capacityNanoUsd },
  ];
}

const usesCapacity = (row: UsageRow): boolean => row.unpricedCalls > 0 && tokensOf(row) > 0;

/** By estimate; where there is none by tokens, then by calls. Undefined where there is nothing to go by. */
function weightsOf(rows: readonly UsageRow[]): readonly number[] | undefined {
  const measures: readonly ((row: UsageRow) => number)[] = [
    (row) => row.estimatedNanoUsd,
    tokensOf,
    (row) => row.calls,
  ];
  return measures.map((measure) => rows.map(measure)).find((weights) => weights.some((weight) => weight > 0));
}
