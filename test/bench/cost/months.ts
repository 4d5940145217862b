/** Budgets of the organization's months: what was exhausted, what was warned of, how good forecasts were. */

import { learnDay, newSpendModel, quantile, restOf } from "../../../shared/cost/forecast.ts";
import { DAY_MS, type EpochMs } from "../../../shared/model/units.ts";
import type { Budget } from "../../../shared/policy/policy.ts";
import { timeAt } from "./deliveries.ts";
import { HOURS, type Organization } from "./organization.ts";
import { groupsOf } from "./score.ts";

/** Two months of thirty days after the warm-up. */
const MONTH_STARTS = [28, 58] as const;
const MONTH_DAYS = 30;
/** A budget is a fifth more than the four weeks before it, of those who then spent at least so much. */
const GENEROSITY = 1.2;
const LEAST_BUDGET = 5;
const HISTORY_DAYS = 14;

export interface Month {
  readonly budget: Budget;
  /** Hours since the start at which the budget is used up. */
  readonly exhausted: number | undefined;
}

export function months(organization: Organization): readonly Month[] {
  const found: Month[] = [];
  for (const [key, { cost }] of groupsOf(organization)) {
    const [kind, uid] = key.split(" ");
    if ((kind !== "principal" && kind !== "team") || uid === undefined) continue;
    for (const start of MONTH_STARTS) {
      const before = cost.subarray((start - 28) * 24, start * 24);
      const spent = before.reduce((all, dollars) => all + dollars, 0);
      const amount = (GENEROSITY * spent * MONTH_DAYS) / 28;
      if (before.findIndex((dollars) => dollars > 0) > (28 - HISTORY_DAYS) * 24 || amount < LEAST_BUDGET) continue;
      const since = timeAt(start * 24);
      found.push({
        budget: {
          name: `${uid} from day ${start}`,
          scope: { kind, uid },
          measure: "cost",
          amount,
          period: MONTH_DAYS,
          since,
          until: (since + MONTH_DAYS * DAY_MS) as EpochMs,
        },
        exhausted: usedUp(cost, start, amount),
      });
    }
  }
  return found;
}

function usedUp(cost: Float64Array, start: number, amount: number): number | undefined {
  let used = 0;
  for (let hour = start * 24; hour < Math.min(HOURS, (start + MONTH_DAYS) * 24); hour++) {
    const dollars = cost[hour] ?? 0;
    if (used + dollars >= amount) return hour + (amount - used) / dollars;
    used += dollars;
  }
  return undefined;
}

export interface ForecastFigures {
  /** How many of the 80 % intervals of months without an anomaly held what came. */
  covered: number;
  intervals: number;
  /** Absolute error and amount by day of the month, for the weighted error. */
  readonly byDay: Map<number, { error: number; amount: number }>;
}

export const newForecastFigures = (): ForecastFigures => ({ covered: 0, intervals: 0, byDay: new Map() });

const ASKED_DAYS = [3, 7, 15, 23];

/** Forecasts of principals' months in which nothing was injected. */
export function forecast(organization: Organization, figures: ForecastFigures): void {
  const first = timeAt(0) / DAY_MS;
  const judged = new Set(months(organization).map(({ budget }) => `${budget.scope.uid} ${budget.since}`));
  organization.principals.forEach(({ name }, principal) => {
    const cost = groupsOf(organization).get(`principal ${name}`)?.cost;
    if (!cost) return;
    const model = newSpendModel();
    for (let day = 0; day < 88; day++) {
      const hours = [...cost.subarray(day * 24, day * 24 + 24)];
      if (model.days > 0 || hours.some((dollars) => dollars > 0)) learnDay(model, first + day, hours);
      for (const start of MONTH_STARTS) {
        const into = day + 1 - start;
        if (!ASKED_DAYS.includes(into) || !judged.has(`${name} ${timeAt(start * 24)}`)) continue;
        const end = start + MONTH_DAYS;
        const anomalous = organization.anomalies.some(
          ({ principals, from, to }) => principals.includes(principal) && from < end * 24 && to > start * 24,
        );
        if (anomalous) continue;
        const rest = restOf(model, (first + day + 1) * 24, (first + end) * 24);
        const came = cost.subarray((day + 1) * 24, end * 24).reduce((all, dollars) => all + dollars, 0);
        const month = cost.subarray(start * 24, end * 24).reduce((all, dollars) => all + dollars, 0);
        figures.intervals++;
        if (came >= quantile(rest, 0.1) && came <= quantile(rest, 0.9)) figures.covered++;
        const byDay = figures.byDay.get(into) ?? { error: 0, amount: 0 };
        byDay.error += Math.abs(came - rest.mean);
        byDay.amount += month;
        figures.byDay.set(into, byDay);
      }
    }
  });
}
