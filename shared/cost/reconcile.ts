/**
 * What was billed against what the logs explain, per account, door and UTC day. No peer has it, and what no log explains
 * is what nobody sees: logging that is off, a region or a key that is not watched.
 *
 * The estimate is that of the view that explains most of a day, so that a call is never missing for being told by the
 * gateway alone. Where bills do not name accounts, the door is taken as a whole; where logs do not, those accounts
 * together that no log names. Bills by the month are compared by the month.
 *
 * Nothing is judged before both sides had time to arrive, in event time: bills come days late, and a log that began
 * yesterday says nothing about last week.
 */
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, type NanoUsd } from "../model/units.ts";
import { isBillRow, isLogRow, systemOfRecord } from "../report/system-of-record.ts";
import { comparable, dayOf, doorMonth, monthAround, monthlyBills } from "./bill-periods.ts";
import { tokensOf, unpricedCallsOf } from "./unpriced.ts";

export interface ReconciledLine {
  /** "" where neither side names one, and for accounts that only one side names. */
  readonly account: string;
  readonly provider: string;
  /** Whom the policy names as owner of most of what is billed; "" where none. */
  readonly owner: string;
  readonly start: EpochMs;
  /** Exclusive: a day later, or a month where the bill tells no days. */
  readonly end: EpochMs;
  /** Who told the bill: a `Source.id`; of several accounts' bills the first by name. */
  readonly source: string;
  readonly billedNanoUsd: NanoUsd;
  /** Part of the bill: capacity by the hour, which no call need explain. */
  readonly capacityNanoUsd: NanoUsd;
  readonly estimatedNanoUsd: NanoUsd;
  readonly calls: number;
  readonly tokens: number;
  /** Successful calls that are in no estimate: their tokens or their price is not known. */
  readonly unpricedCalls: number;
  /** Whether bill and logs have had time to arrive. */
  readonly isSettled: boolean;
  /** By name; "" for what names no model. */
  readonly models: readonly ReconciledModel[];
}

export interface ReconciledModel {
  readonly model: string;
  readonly billedNanoUsd: NanoUsd;
  /** Part of the bill. */
  readonly capacityNanoUsd: NanoUsd;
  readonly estimatedNanoUsd: NanoUsd;
}

/** How many days behind its end a period's records may still arrive, in event time of what came since. */
export interface SettleDays {
  /** AWS a day, Azure up to three: a bill that has reached this far behind a day is complete for it. */
  readonly bill: number;
  /** A month's bill, which tells no day that it has reached. */
  readonly monthlyBill: number;
  readonly logs: number;
  /** A log that is silent for so long, while others go on, is no longer late. */
  readonly silence: number;
}

export const SETTLE_DAYS: SettleDays = { bill: 2, monthlyBill: 5, logs: 1, silence: 7 };

/** Every period that a bill is about, by door, account and start. Rows in any order give the same lines. */
export function reconcile(
  rows: readonly UsageRow[],
  settleDays: SettleDays = SETTLE_DAYS,
): readonly ReconciledLine[] {
  const { billed } = systemOfRecord(rows);
  const logged = rows.filter(isLogRow);
  const settled = settling(rows, logged, settleDays);
  const isMonthly = monthlyBills(rows.filter(isBillRow));
  const logsByDoor = Map.groupBy(logged, doorMonth);

  const lines: ReconciledLine[] = [];
  for (const [key, bills] of Map.groupBy(billed, doorMonth)) {
    const logs = logsByDoor.get(key) ?? [];
    const accountOf = comparable(bills, logs);
    const logsOf = Map.groupBy(logs, accountOf);
    for (const [account, ofAccount] of Map.groupBy(bills, accountOf))
      lines.push(...linesOf(account, ofAccount, logsOf.get(account) ?? [], settled, isMonthly));
  }
  return lines.sort(
    (a, b) => compare(a.provider, b.provider) || compare(a.account, b.account) || a.start - b.start,
  );
}

/**
 * What is billed beyond what the calls should have cost; negative where it is less. A capacity may explain any part of
 * itself: calls of it have no price of their own, and the list may have given them one.
 */
export function beyondCalls({
  billedNanoUsd,
  capacityNanoUsd,
  estimatedNanoUsd,
}: Pick<ReconciledLine, "billedNanoUsd" | "capacityNanoUsd" | "estimatedNanoUsd">): NanoUsd {
  const forCalls = billedNanoUsd - capacityNanoUsd;
  if (estimatedNanoUsd < forCalls) return (forCalls - estimatedNanoUsd) as NanoUsd;
  return Math.min(0, billedNanoUsd - estimatedNanoUsd) as NanoUsd;
}

/** What of the bills the logs do not explain, and what they do; of settled periods only. */
export function unexplainedOf(lines: readonly ReconciledLine[]): {
  readonly billedNanoUsd: NanoUsd;
  readonly unexplainedNanoUsd: NanoUsd;
} {
  const settled = lines.filter(({ isSettled }) => isSettled);
  const sumOf = (measure: (line: ReconciledLine) => number) =>
    settled.reduce((total, line) => total + measure(line), 0) as NanoUsd;
  return {
    billedNanoUsd: sumOf((line) => line.billedNanoUsd),
    unexplainedNanoUsd: sumOf((line) => Math.max(0, beyondCalls(line))),
  };
}

function linesOf(
  account: string,
  bills: readonly UsageRow[],
  logs: readonly UsageRow[],
  settled: Settling,
  isMonthly: (bill: UsageRow) => boolean,
): ReconciledLine[] {
  const [anyBill] = bills;
  if (!anyBill) return [];
  const month = monthAround(anyBill.hour);
  const isMonth = bills.every(isMonthly);
  const startOf = ({ hour }: UsageRow): EpochMs => (isMonth ? month.start : dayOf(hour));
  const billsOf = Map.groupBy(bills, startOf);
  const logsOf = Map.groupBy(logs, startOf);

  return [...new Set([...billsOf.keys(), ...logsOf.keys()])].flatMap((start) => {
    const end = isMonth ? month.end : ((start + DAY_MS) as EpochMs);
    const billed = billsOf.get(start) ?? [];
    const source = sourceOf(billed.length > 0 ? billed : bills);
    const isSettled = settled({ source, provider: anyBill.provider, start, end, isMonth });
    // A day without a bill is one only once the bill has come that far.
    if (billed.length === 0 && !isSettled) return [];
    const explaining = bestTelling(logsOf.get(start) ?? []);
    return {
      account,
      provider: anyBill.provider,
      owner: ownerOf(billed),
      start,
      end,
      source,
      billedNanoUsd: sum(billed, (row) => row.billedNanoUsd),
      capacityNanoUsd: sum(billed, (row) => row.capacityNanoUsd),
      estimatedNanoUsd: sum(explaining, (row) => row.estimatedNanoUsd),
      calls: sum(explaining, (row) => row.calls),
      tokens: sum(explaining, tokensOf),
      unpricedCalls: sum(explaining, unpricedCallsOf),
      isSettled,
      models: modelsOf(billed, explaining),
    };
  });
}

/** The rows of the view that explains most: the greatest estimate, then the most calls. Views are never added. */
function bestTelling(logs: readonly UsageRow[]): readonly UsageRow[] {
  const views = [...Map.groupBy(logs, ({ view }) => view)];
  const [best] = views.sort(
    ([a, of], [b, than]) =>
      sum(than, (row) => row.estimatedNanoUsd) - sum(of, (row) => row.estimatedNanoUsd) ||
      sum(than, (row) => row.calls) - sum(of, (row) => row.calls) ||
      compare(a, b),
  );
  return best?.[1] ?? [];
}

function modelsOf(billed: readonly UsageRow[], explaining: readonly UsageRow[]): ReconciledModel[] {
  return [...Map.groupBy([...billed, ...explaining], ({ model }) => model)]
    .map(([model, rows]) => ({
      model,
      billedNanoUsd: sum(rows, (row) => row.billedNanoUsd),
      capacityNanoUsd: sum(rows, (row) => row.capacityNanoUsd),
      estimatedNanoUsd: sum(rows, (row) => row.estimatedNanoUsd),
    }))
    .sort((a, b) => compare(a.model, b.model));
}

const sourceOf = (bills: readonly UsageRow[]): string => bills.map(({ source }) => source).sort(compare)[0] ?? "";

function ownerOf(billed: readonly UsageRow[]): string {
  const owners = [...Map.groupBy(billed, ({ owner }) => owner)].map(([owner, rows]) => ({
    owner,
    billed: sum(rows, (row) => row.billedNanoUsd),
  }));
  return owners.sort((a, b) => b.billed - a.billed || compare(a.owner, b.owner))[0]?.owner ?? "";
}

type Settling = (period: {
  /** Of the bill. */
  readonly source: string;
  readonly provider: string;
  readonly start: EpochMs;
  readonly end: EpochMs;
  readonly isMonth: boolean;
}) => boolean;

/** From where to where each source has come, and whether that is far enough around a period. */
function settling(rows: readonly UsageRow[], logged: readonly UsageRow[], settleDays: SettleDays): Settling {
  const bills = spans(rows.filter(isBillRow));
  const logs = spans(logged);
  const newest = Math.max(...[...bills.values(), ...logs.values()].map(({ last }) => last));
  const sourcesOf = Map.groupBy(logged, ({ provider }) => provider);
  const logsOf = new Map(
    [...sourcesOf].map(([provider, of]) => [provider, [...new Set(of.map(({ source }) => source))]]),
  );

  return ({ source, provider, start, end, isMonth }) => {
    const behind = (days: number): number => end + days * DAY_MS;
    const bill = bills.get(source);
    const hasBill =
      bill !== undefined &&
      dayOf(bill.first) <= start &&
      (isMonth ? newest >= behind(settleDays.monthlyBill) : bill.last >= behind(settleDays.bill));
    // Of a door that no log ever told of, any log shows since when and until when there is logging at all.
    const of = (logsOf.get(provider) ?? [...logs.keys()]).flatMap((log) => logs.get(log) ?? []);
    if (!hasBill || of.length === 0) return false;
    const first = dayOf(Math.min(...of.map((log) => log.first)) as EpochMs);
    const last = Math.max(...of.map((log) => log.last));
    // On the first day of a log nobody knows at what hour it was switched on.
    const hasBegun = isMonth ? first <= start : first < start;
    return hasBegun && (last >= behind(settleDays.logs) || newest >= behind(settleDays.silence));
  };
}

interface Span {
  readonly first: EpochMs;
  readonly last: EpochMs;
}

function spans(rows: readonly UsageRow[]): ReadonlyMap<string, Span> {
  const bySource = new Map<string, Span>();
  for (const { source, hour } of rows) {
    const known = bySource.get(source) ?? { first: hour, last: hour };
    bySource.set(source, {
      first: Math.min(hour, known.first) as EpochMs,
      last: Math.max(hour, known.last) as EpochMs,
    });
  }
  return bySource;
}

const sum = (rows: readonly UsageRow[], measure: (row: UsageRow) => number): NanoUsd =>
  rows.reduce((total, row) => total + measure(row), 0) as NanoUsd;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
