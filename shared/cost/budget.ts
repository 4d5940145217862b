/**
 * Budgets and quotas: what of a period's amount is used, and whether the period will exceed it. Crossings are facts
 * and said once each; a forecast is said once, when it is nearly certain. Of a quota by the minute the mean of each
 * day's busiest hour is used: hours are what is known of, and a mean that is near the limit has minutes beyond it.
 *
 * No burn-rate windows: healthy spend uses a budget at its own pace, so they fire in half of all months that never
 * exhaust it.
 */
import { DAY_MS, type EpochMs, fromUsd, HOUR_MS, toEpochMs, toMinute } from "../model/units.ts";
import type { Budget } from "../policy/policy.ts";
import { rate, whole } from "../report/figures.ts";
import { ALERT_SCHEMA, type Alert, wholePercent } from "./alert.ts";
import { runningHourAt } from "./calendar.ts";
import { dollars } from "./explain.ts";
import {
  exceedance,
  expectedHour,
  learnDay,
  newSpendModel,
  quantile,
  type Rest,
  restOf,
  type SpendModel,
} from "./forecast.ts";
import type { EpochHour } from "./series-state.ts";
import type { Attribution, Reading } from "./watch.ts";

/** How a budget stands. */
export interface BudgetStatus {
  readonly budget: Budget;
  readonly periodStart: EpochMs;
  /** Exclusive. */
  readonly periodEnd: EpochMs;
  /** Of a quota by the minute: in each of the busiest hour of the day. */
  readonly used: number;
  /** By the period's end: expected, and where it lies in 80 of 100 cases. */
  readonly forecast: number;
  readonly low: number;
  readonly high: number;
  readonly exceedProbability: number;
  /** Expected by the end of each UTC day that is not over, and where it lies in 80 of 100 cases. The last is the period's end. */
  readonly ahead: readonly {
    /** Its start. */
    readonly day: EpochMs;
    readonly expected: number;
    readonly low: number;
    readonly high: number;
  }[];
}

const CROSSINGS = [0.85, 0.95, 1] as const;

/** Certainty asked for at once, and on two checks six hours apart: more at the beginning of a period, when less is known. */
const AT_ONCE = { early: 0.993, late: 0.96, first: 0.995 } as const;
const TWICE = { early: 0.98, late: 0.88 } as const;
const FIRST_DAYS = 2;
const EARLY_DAYS = 20;
const CHECK_HOURS = 6;
const WEEK_HOURS = 7 * 24;
const MOST_SILENT_HOURS = 52 * WEEK_HOURS;
/** When this much is used, it takes less to say that the rest will not last. */
const NEARLY_USED = { share: 0.98, probability: 0.7 } as const;

interface Period {
  readonly start: EpochHour;
  readonly end: EpochHour;
}

interface Tracked {
  readonly budget: Budget;
  readonly usage: Usage;
  period: Period | undefined;
  /** What is expected of the period after `restAfter`. */
  rest: Rest;
  restAfter: EpochHour;
  used: number;
  crossed: number;
  foreseen: boolean;
  /** Checks in a row that were nearly certain. */
  certain: number;
}

/** One measure of one scope, learned whatever budgets it has. */
interface Usage {
  readonly measure: Budget["measure"];
  readonly model: SpendModel;
  /** Amounts of today's hours. */
  readonly today: number[];
}

interface Scope {
  readonly usages: Usage[];
  readonly tracked: Tracked[];
}

/** What is kept of the budgets between two runs: JSON. */
export interface BudgetSnapshot {
  /** What was learned of what, in the order of budgets. */
  readonly models: readonly SpendModel[];
  readonly tracked: readonly Pick<Tracked, "used" | "crossed" | "foreseen" | "certain" | "period">[];
}

export class BudgetWatch {
  readonly #tracked: Tracked[] = [];
  readonly #usages: Usage[] = [];
  readonly #scopes = new Map<string, Scope>();
  readonly #scopesOf = new WeakMap<Attribution, readonly Scope[]>();
  #openHour: EpochHour = -1;

  constructor(budgets: readonly Budget[]) {
    for (const budget of budgets) {
      const key = scopeKey(budget.scope.kind, budget.scope.uid);
      const scope = this.#scopes.get(key) ?? { usages: [], tracked: [] };
      this.#scopes.set(key, scope);
      let usage = scope.usages.find(({ measure }) => measure === budget.measure);
      if (!usage) {
        usage = { measure: budget.measure, model: newSpendModel(), today: new Array<number>(24).fill(0) };
        scope.usages.push(usage);
        this.#usages.push(usage);
      }
      const tracked: Tracked = {
        budget,
        usage,
        period: undefined,
        rest: { mean: 0, deviation: 0 },
        restAfter: -1,
        used: 0,
        crossed: 0,
        foreseen: false,
        certain: 0,
      };
      scope.tracked.push(tracked);
      this.#tracked.push(tracked);
    }
  }

  /** Goes on from what `snapshot` gave for the same budgets at this hour. */
  static from(budgets: readonly Budget[], kept: BudgetSnapshot, nextHour: EpochHour): BudgetWatch {
    const watch = new BudgetWatch(budgets);
    watch.#openHour = nextHour;
    kept.models.forEach((model, index) => {
      const usage = watch.#usages[index];
      if (usage) Object.assign(usage.model, structuredClone(model));
    });
    kept.tracked.forEach((before, index) => {
      const tracked = watch.#tracked[index];
      if (tracked) Object.assign(tracked, before);
    });
    return watch;
  }

  /** Asked in the first hour of a UTC day, before anything of it is delivered: what a day adds up to is then learned. */
  snapshot(): BudgetSnapshot {
    return structuredClone({
      models: this.#usages.map(({ model }) => model),
      tracked: this.#tracked.map(({ period, used, crossed, foreseen, certain }) => ({
        period,
        used,
        crossed,
        foreseen,
        certain,
      })),
    });
  }

  /** Closes every hour before this one. */
  advance(hour: EpochHour): readonly Alert[] {
    const alerts: Alert[] = [];
    if (this.#openHour >= 0) this.#closeUntil(hour, alerts);
    return alerts;
  }

  /** Takes what arrived at one time. Times must not decrease. */
  deliver(time: EpochMs, readings: readonly Reading[]): readonly Alert[] {
    if (this.#tracked.length === 0) return [];
    const alerts: Alert[] = [];
    const present = Math.floor(time / HOUR_MS);
    const hourOf = (reading: Reading): EpochHour => Math.min(reading.hour, present);
    let running = runningHourAt(time);
    for (const reading of readings) running = Math.max(running, hourOf(reading));
    if (this.#openHour < 0)
      this.#openHour = readings.reduce((least, one) => Math.min(least, hourOf(one)), running);
    this.#closeUntil(running, alerts);
    this.#enterPeriods();

    const touched = new Set<Tracked>();
    for (const reading of readings) {
      const hour = hourOf(reading);
      const isToday = Math.floor(hour / 24) === Math.floor(this.#openHour / 24);
      for (const { usages, tracked } of this.#concerned(reading.attribution)) {
        if (isToday)
          for (const { measure, today } of usages)
            today[hour % 24] = (today[hour % 24] ?? 0) + amountOf(reading, measure);
        for (const one of tracked) {
          if (!one.period || hour < one.period.start || hour >= one.period.end) continue;
          if (isByTheMinute(one.budget))
            one.used = amountIn(one.usage, busiestHour(one.usage, one.period)) / MINUTES;
          else one.used += amountOf(reading, one.budget.measure);
          touched.add(one);
        }
      }
    }
    for (const tracked of touched) this.#judge(tracked, time, alerts);
    return alerts;
  }

  /** Of the budgets whose period runs. */
  statuses(): readonly BudgetStatus[] {
    return this.#tracked.flatMap((tracked) => {
      const { budget, period, used } = tracked;
      if (!period) return [];
      const time = {
        budget,
        periodStart: (period.start * HOUR_MS) as EpochMs,
        periodEnd: (period.end * HOUR_MS) as EpochMs,
        used,
      };
      if (isByTheMinute(budget))
        return [{ ...time, forecast: used, low: used, high: used, exceedProbability: 0, ahead: [] }];
      const rest = this.#restOf(tracked, period);
      const { expected, low, high } = forecastOf(used, rest);
      return [
        {
          ...time,
          forecast: expected,
          low,
          high,
          exceedProbability: exceedance(rest, budget.amount - used),
          ahead: daysUntil(this.#openHour + 1, period.end).map(({ day, end }) => ({
            day,
            ...forecastOf(used, restOf(tracked.usage.model, this.#openHour + 1, end)),
          })),
        },
      ];
    });
  }

  #concerned(attribution: Attribution): readonly Scope[] {
    let scopes = this.#scopesOf.get(attribution);
    if (!scopes) {
      const { principal, app, team } = attribution;
      const keys = [scopeKey("organization", ""), scopeKey("principal", principal)];
      if (app !== undefined) keys.push(scopeKey("app", app));
      if (team !== undefined) keys.push(scopeKey("team", team));
      scopes = keys.flatMap((key) => this.#scopes.get(key) ?? []);
      this.#scopesOf.set(attribution, scopes);
    }
    return scopes;
  }

  /** What is expected of the period after the running hour; the same all through that hour. */
  #restOf(tracked: Tracked, { end }: Period): Rest {
    if (tracked.restAfter !== this.#openHour) {
      tracked.rest = restOf(tracked.usage.model, this.#openHour + 1, end);
      tracked.restAfter = this.#openHour;
    }
    return tracked.rest;
  }

  #closeUntil(hour: EpochHour, alerts: Alert[]): void {
    for (let closed = 0; this.#openHour < hour; closed++) {
      // After months without any use nothing is expected; of years the rest need not be counted.
      if (closed === MOST_SILENT_HOURS)
        this.#openHour += WEEK_HOURS * Math.floor((hour - this.#openHour) / WEEK_HOURS);
      if (this.#openHour < hour) this.#closeHour(alerts);
    }
  }

  #closeHour(alerts: Alert[]): void {
    const hour = this.#openHour;
    const time = ((hour + 1) * HOUR_MS) as EpochMs;
    this.#enterPeriods();
    if (hour % CHECK_HOURS === CHECK_HOURS - 1)
      for (const tracked of this.#tracked)
        if (tracked.period && !tracked.foreseen && !isByTheMinute(tracked.budget))
          this.#check(tracked, time, alerts);
    if (hour % 24 === 23)
      for (const { model, today } of this.#usages) {
        if (model.days > 0 || today.some((amount) => amount > 0)) learnDay(model, Math.floor(hour / 24), today);
        today.fill(0);
      }
    this.#openHour = hour + 1;
  }

  #enterPeriods(): void {
    for (const tracked of this.#tracked) {
      if (tracked.period && this.#openHour >= tracked.period.start && this.#openHour < tracked.period.end)
        continue;
      tracked.period = periodAt(tracked.budget, this.#openHour);
      tracked.restAfter = -1;
      tracked.used = 0;
      tracked.crossed = 0;
      tracked.foreseen = false;
      tracked.certain = 0;
    }
  }

  /** Twice nearly certain is certain. */
  #check(tracked: Tracked, time: EpochMs, alerts: Alert[]): void {
    const { period, budget, usage } = tracked;
    if (!period || tracked.used >= budget.amount || usage.model.days === 0) return;
    const rest = this.#restOf(tracked, period);
    const sure = exceedance(rest, budget.amount - tracked.used) >= asked(TWICE, daysInto(period, this.#openHour));
    tracked.certain = sure ? tracked.certain + 1 : 0;
    if (tracked.certain >= 2) this.#foresee(tracked, time, alerts);
  }

  #judge(tracked: Tracked, time: EpochMs, alerts: Alert[]): void {
    const { budget, usage, period } = tracked;
    if (!period) return;
    const isForecast = !isByTheMinute(budget) && usage.model.days > 0;
    if (isForecast && !tracked.foreseen && tracked.used < budget.amount) {
      const left = 1 - Math.min(1, Math.max(0, time / HOUR_MS - this.#openHour));
      const need = budget.amount - tracked.used - left * expectedHour(usage.model, this.#openHour);
      const probability = exceedance(this.#restOf(tracked, period), need);
      const days = daysInto(period, this.#openHour);
      const nearly = tracked.used >= NEARLY_USED.share * budget.amount && probability >= NEARLY_USED.probability;
      if (nearly || probability >= (days < FIRST_DAYS ? AT_ONCE.first : asked(AT_ONCE, days)))
        this.#foresee(tracked, time, alerts);
    }
    let crossing = tracked.crossed;
    while (crossing < CROSSINGS.length && tracked.used >= (CROSSINGS[crossing] ?? 1) * budget.amount) crossing++;
    if (crossing === tracked.crossed) return;
    tracked.crossed = crossing;
    if (isByTheMinute(budget)) {
      const busiest = (busiestHour(usage, period) * HOUR_MS) as EpochMs;
      alerts.push({
        ...this.#alertOf(tracked, time),
        detector: "budget-crossed",
        startTime: busiest,
        impactNanoUsd: fromUsd(0),
        text: `${usedOf(tracked)} (${figure(budget, tracked.used)} of ${amount(budget)} a minute) on average in the hour from ${toMinute(busiest)} UTC`,
      });
      return;
    }
    alerts.push({
      ...this.#alertOf(tracked, time),
      detector: "budget-crossed",
      impactNanoUsd: fromUsd(budget.measure === "cost" ? tracked.used : 0),
      text: `${usedOf(tracked)} (${figure(budget, tracked.used)} of ${amount(budget)}) on day ${Math.floor(daysInto(period, this.#openHour)) + 1} of ${lengthOf(period)}`,
    });
  }

  #foresee(tracked: Tracked, time: EpochMs, alerts: Alert[]): void {
    const { budget, period, used } = tracked;
    if (!period) return;
    tracked.foreseen = true;
    const rest = this.#restOf(tracked, period);
    const expected = Math.max(used + rest.mean, used);
    alerts.push({
      ...this.#alertOf(tracked, time),
      detector: "budget-forecast",
      impactNanoUsd: fromUsd(budget.measure === "cost" ? Math.max(0, expected - budget.amount) : 0),
      text: `${budget.name}: will exceed ${amount(budget)}: ${figure(budget, used)} used on day ${Math.floor(daysInto(period, this.#openHour)) + 1} of ${lengthOf(period)}, ${figure(budget, expected)} expected by the end (80 %: ${figure(budget, used + quantile(rest, 0.1))} to ${figure(budget, used + quantile(rest, 0.9))})`,
    });
  }

  #alertOf({ budget, period, used }: Tracked, time: EpochMs): Omit<Alert, "detector" | "impactNanoUsd" | "text"> {
    return {
      schema: ALERT_SCHEMA,
      subject: budget.scope,
      startTime: ((period?.start ?? this.#openHour) * HOUR_MS) as EpochMs,
      detectedTime: time,
      usualNanoUsd: fromUsd(budget.measure === "cost" ? budget.amount : 0),
      budget: { name: budget.name, usedShare: used / budget.amount },
      driver: budget.measure === "cost" ? "budget" : "quota",
    };
  }
}

const forecastOf = (used: number, rest: Rest) => ({
  expected: used + rest.mean,
  low: used + quantile(rest, 0.1),
  high: used + quantile(rest, 0.9),
});

/** The UTC days from an hour to a period's end, each with the hour in which it or the period ends. */
function daysUntil(from: EpochHour, end: EpochHour): { readonly day: EpochMs; readonly end: EpochHour }[] {
  const days = [];
  for (let day = Math.floor(from / 24); day * 24 < end; day++)
    days.push({ day: (day * DAY_MS) as EpochMs, end: Math.min(end, (day + 1) * 24) });
  return days;
}

/** From `early` at the period's beginning to `late` after `EARLY_DAYS`. */
function asked({ early, late }: { readonly early: number; readonly late: number }, days: number): number {
  const part = Math.min(1, days / EARLY_DAYS);
  return late * part + early * (1 - part);
}

const MINUTES = 60;
export const isByTheMinute = ({ period }: Budget): boolean => period === "minute";

const amountIn = ({ today }: Usage, hour: EpochHour): number => today[hour % 24] ?? 0;

/** Of the hours of a day in which a quota holds: others may have another. */
function busiestHour(usage: Usage, { start, end }: Period): EpochHour {
  let busiest = start;
  for (let hour = start + 1; hour < end; hour++)
    if (amountIn(usage, hour) > amountIn(usage, busiest)) busiest = hour;
  return busiest;
}

const daysInto = ({ start }: Period, hour: EpochHour): number => (hour - start) / 24;
const lengthOf = ({ start, end }: Period): number => Math.round((end - start) / 24);
/** Not the share that was crossed: where several are crossed at once, that says little. */
const usedOf = ({ budget, used }: Tracked): string =>
  `${budget.name}: ${whole(wholePercent(used / budget.amount))} % used`;
const figure = ({ measure }: Budget, value: number): string => (measure === "cost" ? dollars(value) : rate(value));
/** `$744`, `3 calls` */
const amount = (budget: Budget): string => {
  const { measure, amount: value } = budget;
  const unit = measure === "cost" ? "" : ` ${value === 1 ? measure.slice(0, -1) : measure}`;
  return `${figure(budget, value)}${unit}`;
};

function amountOf(reading: Reading, measure: Budget["measure"]): number {
  if (measure === "cost") return reading.cost;
  return measure === "calls" ? reading.calls : reading.inputTokens + reading.outputTokens;
}

const scopeKey = (kind: Budget["scope"]["kind"], uid: string): string =>
  kind === "organization" ? kind : `${kind} ${uid}`;

/** Undefined where the budget does not hold then. The last one ends when the budget does. */
export function periodAt(budget: Budget, hour: EpochHour): Period | undefined {
  const period = wholePeriodAt(budget, hour);
  const { until } = budget;
  return period && until !== undefined
    ? { ...period, end: Math.min(period.end, Math.ceil(until / HOUR_MS)) }
    : period;
}

function wholePeriodAt({ period, since, until }: Budget, hour: EpochHour): Period | undefined {
  const time = hour * HOUR_MS;
  if (time < since || (until !== undefined && time >= until)) return undefined;
  if (period === "minute") {
    const day = Math.floor(hour / 24) * 24;
    return { start: Math.max(day, Math.ceil(since / HOUR_MS)), end: day + 24 };
  }
  if (period !== "month") {
    const start = since + Math.floor((time - since) / (period * DAY_MS)) * period * DAY_MS;
    return { start: Math.ceil(start / HOUR_MS), end: Math.ceil((start + period * DAY_MS) / HOUR_MS) };
  }
  const date = new Date(time);
  const start = toEpochMs(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1));
  const end = toEpochMs(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1));
  if (start === undefined || end === undefined) return undefined;
  return { start: Math.ceil(Math.max(start, since) / HOUR_MS), end: end / HOUR_MS };
}
