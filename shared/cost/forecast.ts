/**
 * What a scope will have used by the end of a period: a level, seven weekday factors, the shape of a day, and how far
 * days scatter. Of dollars or of tokens alike; about fifty numbers, one update a day.
 *
 * An estimate "if nothing new happens": an anomaly still to come is in no forecast.
 */
import type { EpochHour } from "./series-state.ts";

export interface SpendModel {
  days: number;
  /** Amount per day of factor 1, of the last two weeks and of the last months. */
  fast: number;
  slow: number;
  /** Relative residuals of days: variance, and covariance with the day after. */
  variance: number;
  covariance: number;
  residual: number;
  /** By weekday from Thursday, the day of 1970-01-01; mean 1. */
  readonly factors: number[];
  readonly visits: number[];
  /** By hour of the day; sum 1. */
  readonly shape: number[];
}

/** The rest of a period: a log-normal amount. */
export interface Rest {
  readonly mean: number;
  readonly deviation: number;
}

const FAST = 0.08;
const SLOW = 0.03;
const SCATTER = 0.06;
const WEEKDAY = 0.15;
const SHAPE = 0.1;
/** A day counts for no more than so many times what was expected of it. */
const GREATEST_DAY = 4;
/** The level itself is uncertain, the more the farther ahead. */
const LEVEL_UNCERTAINTY = 0.12;
const UNCERTAINTY_PER_DAY = 0.01;

export const newSpendModel = (): SpendModel => ({
  days: 0,
  fast: 0,
  slow: 0,
  variance: 0.1,
  covariance: 0,
  residual: 0,
  factors: new Array<number>(7).fill(1),
  visits: new Array<number>(7).fill(0),
  shape: new Array<number>(24).fill(1 / 24),
});

const level = (model: SpendModel): number => (model.fast + model.slow) / 2;
const factorOf = (model: SpendModel, day: number): number => model.factors[day % 7] ?? 1;
/** At least as fast as an average would learn. */
const rate = (entries: number, least: number): number => Math.max(1 / (entries + 1), least);

/** Learns a complete day from the amounts of its hours. */
export function learnDay(model: SpendModel, day: number, hours: readonly number[]): void {
  const amount = hours.reduce((sum, hour) => sum + hour, 0);
  const factor = factorOf(model, day);
  if (model.days > 0) {
    const expected = level(model) * factor;
    const residual = Math.max(-1, Math.min(3, amount / (expected + 1e-9) - 1));
    const learned = rate(model.days, SCATTER);
    model.variance += learned * (residual ** 2 - model.variance);
    model.covariance += learned * (residual * model.residual - model.covariance);
    model.residual = residual;
  }
  const believed =
    model.days > 7 && model.slow > 0 ? Math.min(amount, GREATEST_DAY * model.slow * factor) : amount;
  const plain = believed / Math.max(0.05, factor);
  model.fast += rate(model.days, FAST) * (plain - model.fast);
  model.slow += rate(model.days, SLOW) * (plain - model.slow);
  model.days += 1;
  if (model.slow > 0) learnFactor(model, day % 7, Math.min(5, believed / model.slow));
  if (amount > 0)
    hours.forEach((hour, index) => {
      model.shape[index] = (model.shape[index] ?? 0) * (1 - SHAPE) + (SHAPE * hour) / amount;
    });
}

function learnFactor(model: SpendModel, weekday: number, relative: number): void {
  const visits = model.visits[weekday] ?? 0;
  const factor = model.factors[weekday] ?? 1;
  model.factors[weekday] =
    visits === 0 ? (1 + relative) / 2 : factor + rate(visits + 1, WEEKDAY) * (relative - factor);
  model.visits[weekday] = visits + 1;
  const sum = model.factors.reduce((all, one) => all + one, 0);
  if (sum > 0)
    model.factors.forEach((one, index) => {
      model.factors[index] = (one * 7) / sum;
    });
}

/** What is expected of one hour. */
export const expectedHour = (model: SpendModel, hour: EpochHour): number =>
  level(model) * factorOf(model, Math.floor(hour / 24)) * (model.shape[hour % 24] ?? 0);

/** From the beginning of `hour` to the beginning of `end`. */
export function restOf(model: SpendModel, hour: EpochHour, end: EpochHour): Rest {
  let mean = 0;
  let squares = 0;
  let days = 0;
  for (let day = Math.floor(hour / 24); day * 24 < end; day++) {
    let share = 1;
    if (day * 24 < hour || end < (day + 1) * 24) {
      share = 0;
      for (let at = Math.max(hour, day * 24); at < Math.min(end, (day + 1) * 24); at++)
        share += model.shape[at % 24] ?? 0;
    }
    const amount = level(model) * factorOf(model, day);
    mean += amount * share;
    squares += amount ** 2 * share;
    days += share;
  }
  const persistence = Math.max(0, Math.min(0.6, model.variance > 0 ? model.covariance / model.variance : 0));
  const scatter = (model.variance * squares * (1 + persistence)) / (1 - persistence);
  const drift =
    LEVEL_UNCERTAINTY ** 2 * mean ** 2 * Math.min(1, days / 3) + (UNCERTAINTY_PER_DAY * days * mean) ** 2;
  return { mean, deviation: Math.sqrt(scatter + drift) };
}

/** The amount below which the rest stays with this probability. */
export function quantile(rest: Rest, probability: number): number {
  if (rest.mean <= 0) return 0;
  const { centre, width } = logNormal(rest);
  return Math.exp(centre + width * normalQuantile(probability));
}

/** How probable it is that the rest is more than `amount`. */
export function exceedance(rest: Rest, amount: number): number {
  if (amount <= 0) return 1;
  if (rest.mean <= 0) return 0;
  const { centre, width } = logNormal(rest);
  return 1 - normalDistribution((Math.log(amount) - centre) / Math.max(width, 1e-9));
}

function logNormal({ mean, deviation }: Rest): { readonly centre: number; readonly width: number } {
  const width = Math.sqrt(Math.log(1 + (deviation / mean) ** 2));
  return { centre: Math.log(mean) - width ** 2 / 2, width };
}

/** Abramowitz and Stegun 26.2.17: error below 7.5e-8. */
function normalDistribution(value: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(value));
  const tail =
    Math.exp(-(value ** 2) / 2) *
    0.3989422804 *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return value > 0 ? 1 - tail : tail;
}

/** Its inverse by bisection: asked for a few bounds of a report, never in a loop. */
function normalQuantile(probability: number): number {
  let low = -8;
  let high = 8;
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2;
    if (normalDistribution(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
