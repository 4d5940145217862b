/** How rows of a bill and rows of calls meet: by which account, and for which day or month. */
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";

/** By which account rows of both sides meet; "" for all that cannot meet by account. */
export function comparable(bills: readonly UsageRow[], logs: readonly UsageRow[]): (row: UsageRow) => string {
  const logged = new Set(logs.map(({ account }) => account));
  if (logged.has("")) return ({ account }) => (logged.has(account) ? account : "");
  return bills.some(({ account }) => account !== "") ? ({ account }) => account : () => "";
}

/**
 * Whether a source tells a door's bill by the month: everything it ever told of it stands in the first hour of a month.
 * Of a daily bill that has only just begun so looks its first day, and the second puts it right.
 */
export function monthlyBills(bills: readonly UsageRow[]): (bill: UsageRow) => boolean {
  const key = ({ source, provider }: UsageRow) => JSON.stringify([source, provider]);
  const daily = new Set(bills.filter(({ hour }) => hour !== monthAround(hour).start).map(key));
  return (bill) => !daily.has(key(bill));
}

export const dayOf = (time: EpochMs): EpochMs => (time - (time % DAY_MS)) as EpochMs;

export function monthAround(time: EpochMs): { readonly start: EpochMs; readonly end: EpochMs } {
  const date = new Date(time);
  const first = (months: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months) as EpochMs;
  return { start: first(0), end: first(1) };
}

export const doorMonth = ({ provider, hour }: UsageRow): string =>
  JSON.stringify([provider, monthAround(hour).start]);
