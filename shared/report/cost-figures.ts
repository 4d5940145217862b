/**
 * The figures of cost that a report draws and `gnomon cost` prints: pure over rows of usage. What takes work is a
 * function and computed when asked for.
 */
import { type Advice, advise } from "../cost/advice.ts";
import { dayOf } from "../cost/bill-periods.ts";
import { type BudgetStatus, BudgetWatch, isByTheMinute } from "../cost/budget.ts";
import type { CapacityUse } from "../cost/capacity.ts";
import type { PriceOf } from "../cost/price.ts";
import { type ReconciledLine, reconcile } from "../cost/reconcile.ts";
import {
  type Dimension,
  type Drift,
  driftOn,
  type UnitEconomics,
  type UnitEconomicsLine,
  unitEconomicsBy,
  unitEconomicsOf,
  valueBy,
} from "../cost/unit-economics.ts";
import { principalOf, teamOf, usageReadings } from "../cost/usage-readings.ts";
import type { Level } from "../model/finding.ts";
import type { EntityRow, UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS, type NanoUsd, toUsd } from "../model/units.ts";
import type { Budget } from "../policy/policy.ts";
import { type SpendRow, spendOf } from "./spend.ts";
import { systemOfRecord } from "./system-of-record.ts";
import { type UnratedBill, unratedBills } from "./unrated-bills.ts";

export interface CostPorts {
  readonly budgets: readonly Budget[];
  /** For advice. Absent: none that needs a price. */
  readonly price?: PriceOf;
  /** What an hour of capacity costs, where the configuration tells. */
  readonly capacityPrice?: (capacity: CapacityUse) => NanoUsd | undefined;
  readonly capacity: readonly CapacityUse[];
  /** Until when everything has been told: forecasts begin here. */
  readonly now: EpochMs;
}

export interface CostFigures {
  readonly now: EpochMs;
  /** To be grouped by `spendBy` and `spendByDay`. */
  readonly spend: readonly SpendRow[];
  /** Of the budgets whose period runs. From estimates: bills come too late for them. */
  readonly budgets: readonly BudgetFigures[];
  /** The calendar month that runs, whatever its budgets; in dollars. Absent: nobody told of any use. */
  readonly month?: Omit<BudgetFigures, "budget" | "exceedProbability">;
  /** The dearest first. */
  units(dimension: Dimension): readonly UnitTrend[];
  /** What has drifted on the last complete day, the dearest first. */
  drift(dimension: Dimension): readonly Drift[];
  /** Bill against logs, by door, account and period. */
  reconciliation(): readonly ReconciledLine[];
  /** Bills that are in none of these. */
  readonly unrated: readonly UnratedBill[];
  /** The greatest saving first. */
  advice(): readonly Advice[];
}

export interface BudgetFigures extends BudgetStatus {
  /** Used by the end of each UTC day of the period until `now`, ascending; the last is `used`. */
  readonly course: readonly { readonly day: EpochMs; readonly used: number }[];
}

export interface UnitTrend extends UnitEconomicsLine {
  /** Of the days with use, ascending. */
  readonly days: readonly (UnitEconomics & { readonly day: EpochMs })[];
}

export function costFigures(usage: readonly UsageRow[], ports: CostPorts): CostFigures {
  const { now, budgets, capacity, price, capacityPrice } = ports;
  const counted = systemOfRecord(usage).counted.toSorted((a, b) => a.hour - b.hour);
  const figures = budgetFigures(counted, [...budgets, month], now);
  const running = figures.find(({ budget }) => budget === month);
  return {
    now,
    spend: spendOf(usage),
    budgets: figures.filter((one) => one !== running),
    ...(running && counted.length > 0 ? { month: running } : {}),
    units: (dimension) => unitTrends(counted, dimension),
    drift: (dimension) => driftOn(counted, (dayOf(now) - DAY_MS) as EpochMs, dimension),
    reconciliation: () => reconcile(usage),
    unrated: unratedBills(usage),
    advice: () =>
      advise(usage, capacity, {
        priceOf: price ?? (() => undefined),
        ...(capacityPrice ? { capacityPriceOf: capacityPrice } : {}),
      }),
  };
}

/** When the last use that anybody told of was over: what is not later than this can be told again tomorrow. */
export function endOfSightings(entities: readonly EntityRow[]): EpochMs | undefined {
  const last = entities.reduce((latest, { lastSeenTime }) => Math.max(latest, lastSeenTime), -1);
  return last < 0 ? undefined : ((Math.floor(last / HOUR_MS) * HOUR_MS + HOUR_MS) as EpochMs);
}

export function startOfSightings(entities: readonly EntityRow[]): EpochMs | undefined {
  return entities.map(({ firstSeenTime }) => firstSeenTime).sort((a, b) => a - b)[0];
}

/** The day on which the amount was reached, or is expected to be. */
export function crossingOf({
  budget: { amount },
  course,
  ahead,
  periodEnd,
}: BudgetFigures): { readonly time: EpochMs; readonly isExpected: boolean } | undefined {
  const crossed = course.find(({ used }) => used >= amount);
  if (crossed) return { time: crossed.day, isExpected: false };
  const expected = ahead.find((one) => one.expected >= amount);
  return expected && { time: Math.min(expected.day, periodEnd) as EpochMs, isExpected: true };
}

/** From a coin's toss on, somebody should know; from nearly certain on, act. */
export function budgetState({ budget, used, exceedProbability, ahead }: BudgetStatus): {
  /** `Kept` of a period that is over. */
  readonly word: "Crossed" | "Will not last" | "May not last" | "Lasts" | "Kept";
  readonly level: Level;
} {
  if (used >= budget.amount) return { word: "Crossed", level: "critical" };
  if (ahead.length === 0) return { word: "Kept", level: "low" };
  if (exceedProbability >= 0.88) return { word: "Will not last", level: "high" };
  return exceedProbability >= 0.5 ? { word: "May not last", level: "medium" } : { word: "Lasts", level: "low" };
}

/** A budget that nothing exceeds: its forecast is that of the month. */
const month: Budget = {
  name: "month",
  scope: { kind: "organization", uid: "" },
  measure: "cost",
  amount: Number.POSITIVE_INFINITY,
  period: "month",
  since: 0 as EpochMs,
};

function budgetFigures(
  counted: readonly UsageRow[],
  budgets: readonly Budget[],
  now: EpochMs,
): readonly BudgetFigures[] {
  const watch = new BudgetWatch(budgets);
  const readingOf = usageReadings();
  const told = counted.filter(({ hour }) => hour < now);
  for (const [hour, rows] of Map.groupBy(told, ({ hour }) => hour))
    watch.deliver(Math.min(hour + HOUR_MS, now) as EpochMs, rows.map(readingOf));
  watch.deliver(now, []);
  return watch.statuses().map((status) => ({ ...status, course: courseOf(status, told, now) }));
}

function courseOf(
  { budget, periodStart, used: reached }: BudgetStatus,
  counted: readonly UsageRow[],
  now: EpochMs,
) {
  if (isByTheMinute(budget)) return [{ day: dayOf(periodStart), used: reached }];
  const used = new Map<EpochMs, number>();
  for (const row of counted) {
    if (row.hour < periodStart || !isOf(budget, row)) continue;
    used.set(dayOf(row.hour), (used.get(dayOf(row.hour)) ?? 0) + measured(budget, row));
  }
  const course: { day: EpochMs; used: number }[] = [];
  let sum = 0;
  for (let day = dayOf(periodStart); day < now; day = (day + DAY_MS) as EpochMs) {
    sum += used.get(day) ?? 0;
    course.push({ day, used: sum });
  }
  return course;
}

function isOf({ scope: { kind, uid } }: Budget, row: UsageRow): boolean {
  const uids = { organization: uid, team: teamOf(row), app: row.app, principal: principalOf(row) };
  return uids[kind] === uid;
}

function measured({ measure }: Budget, row: UsageRow): number {
  if (measure === "cost") return toUsd(row.estimatedNanoUsd as NanoUsd);
  return measure === "calls" ? row.calls : row.inputTokens + row.outputTokens;
}

function unitTrends(counted: readonly UsageRow[], dimension: Dimension): readonly UnitTrend[] {
  const rowsOf = Map.groupBy(counted, valueBy(dimension));
  return unitEconomicsBy(counted, dimension).map((line) => ({
    ...line,
    days: [...Map.groupBy(rowsOf.get(line.value) ?? [], ({ hour }) => dayOf(hour))].map(([day, rows]) => ({
      day,
      ...unitEconomicsOf(rows),
    })),
  }));
}
