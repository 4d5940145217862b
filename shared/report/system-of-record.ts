/**
 * Which of several tellings of the same traffic counts. A cloud's own log, a usage API and a gateway may all
 * report one call, and an invoice its price once more; they are never added together.
 *
 * For each account, door and UTC day one view is the system of record, in this order: the provider's log where it
 * measures tokens, the usage API, the provider's log without tokens, the gateway. By the day, so that a log which
 * was switched on or exported for a part of the time does not silence the others for the rest of it.
 *
 * An invoice counts no calls, silences nobody and stands beside. It, too, may be told more than once: by a cloud's own
 * export, its cost API and a FOCUS file. For each account, door and UTC month one of them is the invoice of record: the
 * one that tells of the most days, then the most lines. By the month, since a monthly line does not say which days it
 * is about.
 */
import type { Activity } from "../model/activity.ts";
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";

export interface Views {
  /** To be added up. */
  readonly counted: readonly UsageRow[];
  /** The same traffic told again by another view: attributes and reconciles, never added. */
  readonly attributing: readonly UsageRow[];
  /** Network evidence: `calls` are contacts, which no other view counts. */
  readonly contacts: readonly UsageRow[];
  /** Invoices: what the same traffic really cost. Never to be added to estimates. */
  readonly billed: readonly UsageRow[];
  /** The same invoices told again by another source. */
  readonly billedAgain: readonly UsageRow[];
  /** Invoices in a currency for which no rate is known, where no other source tells them in dollars: in no amount. */
  readonly unrated: readonly UsageRow[];
}

export function systemOfRecord(rows: readonly UsageRow[]): Views {
  const isRecord = recordKeeper(rows);
  const isInvoice = invoiceKeeper(rows);
  const toldInDollars = Map.groupBy(rows.filter(isBillRow), invoice);
  const views = {
    counted: [] as UsageRow[],
    attributing: [] as UsageRow[],
    contacts: [] as UsageRow[],
    billed: [] as UsageRow[],
    billedAgain: [] as UsageRow[],
    unrated: [] as UsageRow[],
  };
  for (const row of rows) {
    if (isUnratedRow(row)) {
      const isToldAgain = toldInDollars.get(invoice(row))?.some(({ source }) => source !== row.source);
      views[isToldAgain ? "billedAgain" : "unrated"].push(row);
    } else if (isBillRow(row)) views[isInvoice(row) ? "billed" : "billedAgain"].push(row);
    else if (row.view === "network") views.contacts.push(row);
    else if (isRecord({ ...row, time: row.hour })) views.counted.push(row);
    else views.attributing.push(row);
  }
  return views;
}

/** Lines of an invoice: they cost, and say neither how often nor how much was called. */
export const isBillRow = (row: UsageRow): boolean =>
  row.billedNanoUsd !== 0 && row.calls + row.inputTokens + row.outputTokens === 0 && row.estimatedNanoUsd === 0;

/** Lines of an invoice that cost, and nobody knows how many dollars. */
const isUnratedRow = (row: UsageRow): boolean => row.unratedLines !== 0;

/** What tells of use: neither an invoice nor network evidence. */
export const isLogRow = (row: UsageRow): boolean =>
  row.view !== "network" && !isBillRow(row) && !isUnratedRow(row);

function invoiceKeeper(rows: readonly UsageRow[]): (row: UsageRow) => boolean {
  const bills = rows.filter(isBillRow);
  /** Sources that name accounts, by door and month: who names none there has nothing to add. */
  const naming = new Map<string, Set<string>>();
  const told = new Map<string, Map<string, { readonly days: Set<number>; lines: number }>>();
  for (const row of bills) {
    if (row.account !== "") within(naming, doorMonth(row), () => new Set<string>()).add(row.source);
    const bySource = within(told, invoice(row), () => new Map());
    const of = within(bySource, row.source, () => ({ days: new Set<number>(), lines: 0 }));
    of.days.add(day(row.hour));
    of.lines++;
  }
  const records = new Map<string, string>();
  for (const [key, bySource] of told) {
    const [first] = [...bySource].sort(
      ([a, of], [b, than]) => than.days.size - of.days.size || than.lines - of.lines || (a < b ? -1 : 1),
    );
    if (first) records.set(key, first[0]);
  }
  return (row) => {
    const named = naming.get(doorMonth(row));
    if (row.account === "" && named && !named.has(row.source)) return false;
    return records.get(invoice(row)) === row.source;
  };
}

function within<Value>(map: Map<string, Value>, key: string, fresh: () => Value): Value {
  const known = map.get(key) ?? fresh();
  map.set(key, known);
  return known;
}

/** Where and when something was told, and by whom. `account` and `provider` are "" where not said. */
export interface Told {
  readonly view: Activity["view"];
  readonly account: string;
  readonly provider: string;
  readonly time: EpochMs;
}

/** Tells of anything whether the view that told it is the system of record there, given all rows of a period. */
export function recordKeeper(rows: readonly UsageRow[]): (told: Told) => boolean {
  const ranks = new Map<string, number>();
  /** Doors and days that a vendor itself speaks about, whatever the account. */
  const vendorDays = new Set<string>();
  const tokenDays = new Set<string>();
  const speaking = rows.filter(isLogRow);
  for (const row of speaking) {
    if (row.view !== "provider" || row.inputTokens + row.outputTokens === 0) continue;
    tokenDays.add(key({ ...row, time: row.hour }));
  }
  const rankOf = (told: Told): number =>
    told.view === "provider" ? (tokenDays.has(key(told)) ? 0 : 2) : told.view === "usage" ? 1 : 3;

  for (const row of speaking) {
    const told = { ...row, time: row.hour };
    const rank = rankOf(told);
    ranks.set(key(told), Math.min(ranks.get(key(told)) ?? rank, rank));
    if (row.view !== "gateway") vendorDays.add(doorDay(told));
  }

  return (told) => {
    if (told.view === "network") return false;
    // A gateway that does not know whose account it spends cannot be matched by account: the door decides.
    if (told.view === "gateway" && told.account === "" && vendorDays.has(doorDay(told))) return false;
    return rankOf(told) <= (ranks.get(key(told)) ?? rankOf(told));
  };
}

const day = (time: EpochMs): number => Math.floor(time / DAY_MS);
const monthOf = (time: EpochMs): string => new Date(time).toISOString().slice(0, 7);
const doorMonth = ({ provider, hour }: UsageRow): string => JSON.stringify([provider, monthOf(hour)]);
const invoice = ({ account, provider, hour }: UsageRow): string =>
  JSON.stringify([account, provider, monthOf(hour)]);
const doorDay = ({ provider, time }: Told): string => JSON.stringify([provider, day(time)]);
const key = ({ account, provider, time }: Told): string => JSON.stringify([account, provider, day(time)]);
