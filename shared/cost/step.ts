/** Learning: one closed hour of a series into its state. */

import { DAY_MS } from "../model/units.ts";
import { binOf, dayOf, isWeekend, visitsAfter } from "./calendar.ts";
import {
  accumulated,
  ageOf,
  answerDeviation,
  answerScale,
  callCostDeviation,
  callCostScale,
  costImprobability,
  evidenceOf,
  LEAST_DAY_CALLS,
  STRETCH_DECAY,
  WINDOW_DECAY,
} from "./evidence.ts";
import { type Expectation, expect, newExpectation, profileDecay } from "./expectation.ts";
import { DAYS_KEPT, type EpochHour, type HourTotals, type SeriesState, SIZES_KEPT } from "./series-state.ts";
import { answerTail, callCostTail, costTail, learnTail } from "./tail.ts";

const LEVEL_DECAY = 2 ** (-1 / 672);
const RECENT_DECAY = 2 ** (-1 / 72);
const USUAL_DECAY = 2 ** (-1 / 336);
const DAY_DECAY = 2 ** (-1 / 24);
const TOTAL_DECAY = 0.9997;
/** An hour that was alerted on is learned, but little: the first incident must not hide the second. */
const ALERTED_SHARE = 0.2;
/** Everything is believed at first. */
const SETTLING_HOURS = 72;
/** The slowest adaptation of the make-up of a call: half-life in active hours. */
const UNIT_RATE = 1 - 2 ** (-1 / 150);

/** What counts as alerted is the same for every organization, so that learning does not depend on the others. */
const ORDINARY = { decades: 0, dollars: 1 };
const NOTHING: HourTotals = { cost: 0, calls: 0, inputTokens: 0, outputTokens: 0, errors: 0 };
const scratch: Expectation = newExpectation();

/**
 * Folds the hour `state.nextHour` into the state, in place. The result depends on the state and the totals alone,
 * so hours may be folded one by one or many at once. `times`: a declared event multiplies what is usual.
 */
export function step(state: SeriesState, totals: HourTotals, times = 1): void {
  const hour = state.nextHour;
  const age = ageOf(state, hour);
  expect(state, hour, scratch, times);
  const expected = scratch;
  const hourImprobability = costImprobability(state, totals, expected);
  const evidence = accumulated(state, hourImprobability);
  const alerted =
    totals.calls > 0 &&
    (0.8 * evidence + 0.8 >= 3.2 || evidenceOf(state, totals, expected, ORDINARY) !== undefined);
  const share = alerted ? ALERTED_SHARE : 1;

  learnStretch(state, totals, expected, hourImprobability);
  state.evidence = evidence;
  if (age >= 24) learnTail(state, costTail, (totals.cost - expected.cost) / expected.costScale, share);
  learnUnits(state, totals, share);
  learnCalls(state, totals, expected, age, share);

  state.totalCost = TOTAL_DECAY * (state.totalCost + totals.cost * share);
  state.totalTokens = TOTAL_DECAY * (state.totalTokens + (totals.inputTokens + totals.outputTokens) * share);
  learnExcess(state, totals, age < SETTLING_HOURS ? 0 : expected.cost);

  state.todayCost += totals.cost;
  state.todayCalls += totals.calls;
  state.todayTokens += totals.inputTokens + totals.outputTokens;
  state.nextHour = hour + 1;
  if (hour % 24 === 23) closeDay(state, dayOf(hour));
}

/** An hour of which nothing was collected: a gap is not learned as zeros. */
export function stepOverGap(state: SeriesState): void {
  const hour = state.nextHour;
  expect(state, hour, scratch);
  // The hour counts as a visit of its bin, whatever happened: the bin is given what it holds.
  const bin = binOf(hour);
  const usual = scratch.calls / (scratch.drift * scratch.recurrence);
  state.profile[bin] = (state.profile[bin] ?? 0) * profileDecay(bin) + usual;
  state.todayCost += scratch.cost;
  state.todayCalls += scratch.calls;
  if (state.usualCalls > 0) state.todayTokens += (scratch.calls * state.usualTokens) / state.usualCalls;
  state.nextHour = hour + 1;
  if (hour % 24 === 23) closeDay(state, dayOf(hour));
}

/** Days of the week and places of days kept come round together. */
export const ROUND_HOURS = 140 * 24;

/** As if all had been so many rounds later. */
export function postpone(state: SeriesState, rounds: number): void {
  for (const field of ["firstHour", "nextHour", "stretchHour", "dearHour", "excessHour"] as const)
    if (state[field] > 0) state[field] += rounds * ROUND_HOURS;
}

/** Folds hours without use until `hour` is the next. */
export function advance(state: SeriesState, hour: EpochHour): void {
  while (state.nextHour < hour) step(state, NOTHING);
}

/**
 * Puts right what is linear in the past where a change arrives too late to fold its hour again. Evidence, tails and
 * spreads keep their error.
 */
export function correct(state: SeriesState, hour: EpochHour, change: HourTotals): void {
  const age = state.nextHour - hour;
  if (age <= 0 || hour < state.firstHour) return;
  state.callsSum += change.calls * LEVEL_DECAY ** (age - 1);
  const bin = binOf(hour);
  state.profile[bin] =
    (state.profile[bin] ?? 0) + change.calls * profileDecay(bin) ** visitsAfter(hour, state.nextHour);
  state.recentActual += change.calls * RECENT_DECAY ** (age - 1);
  const usual = USUAL_DECAY ** age;
  state.usualCost += change.cost * usual;
  state.usualCalls += change.calls * usual;
  state.usualTokens += (change.inputTokens + change.outputTokens) * usual;
  state.usualErrors += change.errors * usual;
  state.totalCost += change.cost * TOTAL_DECAY ** age;
  state.totalTokens += (change.inputTokens + change.outputTokens) * TOTAL_DECAY ** age;
  const day = dayOf(hour);
  const today = dayOf(state.nextHour);
  if (day === today) state.todayCost += change.cost;
  else if (today - day <= DAYS_KEPT)
    state.days[day % DAYS_KEPT] = (state.days[day % DAYS_KEPT] ?? 0) + change.cost;
}

function learnStretch(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  hourImprobability: number,
): void {
  if (hourImprobability <= 1) {
    state.stretchExcess *= 0.5;
    // One quiet hour does not end a stretch, two do.
    if (state.stretchHour > 0 && state.evidence < 0.3) {
      state.stretchHour = 0;
      state.stretchCost = 0;
      state.stretchCalls = 0;
      state.stretchTokens = 0;
      state.stretchUsualCost = 0;
      state.stretchUsualCalls = 0;
    }
    if (state.stretchHour === 0) return;
  } else {
    if (state.stretchHour === 0) state.stretchHour = state.nextHour;
    state.stretchExcess = STRETCH_DECAY * state.stretchExcess + totals.cost - expected.cost;
  }
  state.stretchCost += totals.cost;
  state.stretchCalls += totals.calls;
  state.stretchTokens += totals.inputTokens + totals.outputTokens;
  state.stretchUsualCost += expected.cost;
  state.stretchUsualCalls += expected.calls;
}

function learnCalls(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  age: number,
  share: number,
): void {
  const { recurrence } = expected;
  const cap =
    age < SETTLING_HOURS
      ? Number.POSITIVE_INFINITY
      : expected.calls + 6 * expected.callsScale + 2 * expected.burstiness;
  const calls = Math.min(totals.calls, cap) / recurrence;
  const usual = expected.calls / recurrence;
  const known = expected.level > 0;
  state.callsSum = LEVEL_DECAY * state.callsSum + calls;
  state.callsWeight = LEVEL_DECAY * state.callsWeight + 1;
  const bin = binOf(state.nextHour);
  state.profile[bin] = (state.profile[bin] ?? 0) * profileDecay(bin) + calls;
  state.recentActual = RECENT_DECAY * state.recentActual + calls;
  state.recentExpected = RECENT_DECAY * state.recentExpected + (known ? usual / expected.drift : calls);
  if (usual > 0) {
    state.residualSum = LEVEL_DECAY * state.residualSum + (calls - usual) ** 2;
    state.residualWeight = LEVEL_DECAY * state.residualWeight + usual;
  }
  if (totals.calls === 0) return;
  const part = ((calls * recurrence) / totals.calls) * Math.min(1, 0.3 + share);
  const cost =
    state.usualCalls > 0 && age > SETTLING_HOURS
      ? Math.min(totals.cost, 4 * totals.calls * expected.dollarsPerCall)
      : totals.cost;
  state.usualCost = USUAL_DECAY * state.usualCost + cost * part;
  state.usualCalls = USUAL_DECAY * state.usualCalls + totals.calls * part;
  state.usualTokens = USUAL_DECAY * state.usualTokens + (totals.inputTokens + totals.outputTokens) * part;
  state.usualErrors = USUAL_DECAY * state.usualErrors + totals.errors * part;
}

function learnUnits(state: SeriesState, totals: HourTotals, share: number): void {
  const { calls, cost, inputTokens, outputTokens } = totals;
  if (calls > 0 && cost > 0) {
    const deviation = callCostDeviation(state, totals);
    if (state.callCostCount >= 12)
      learnTail(state, callCostTail, Math.abs(deviation) / callCostScale(state, calls), share);
    if (deviation < 0.4) forgetDear(state);
    else {
      if (state.dearHour === 0) state.dearHour = state.nextHour;
      state.dearCost += cost;
      state.dearCalls += calls;
      state.dearTokens += inputTokens + outputTokens;
      state.dearUsualCost += calls * Math.exp(state.callCostMean);
    }
    const value = Math.log(cost / calls);
    const step = unitStep(value - state.callCostMean, state.callCostVariance, state.callCostCount, calls);
    const rate = unitRate(state.callCostCount, share);
    state.callCostMean += rate * step;
    if (state.callCostCount > 0)
      state.callCostVariance += rate * (Math.max(0, step * step - 0.3 / calls) - state.callCostVariance);
    state.callCostCount += 1;
    state.callCostCalls = WINDOW_DECAY * state.callCostCalls + calls;
    state.callCostDollars = WINDOW_DECAY * state.callCostDollars + cost;
  }
  if (inputTokens > 0 && outputTokens > 0) {
    if (state.answerCount >= 12)
      learnTail(
        state,
        answerTail,
        Math.abs(answerDeviation(state, totals)) / answerScale(state, inputTokens),
        share,
      );
    const value = Math.log(outputTokens / inputTokens);
    const step = unitStep(value - state.answerMean, state.answerVariance, state.answerCount, inputTokens);
    const rate = unitRate(state.answerCount, share);
    state.answerMean += rate * step;
    if (state.answerCount > 0)
      state.answerVariance += rate * (Math.max(0, step * step - 0.3 / inputTokens) - state.answerVariance);
    state.answerCount += 1;
    state.answerInput = WINDOW_DECAY * state.answerInput + inputTokens;
    state.answerOutput = WINDOW_DECAY * state.answerOutput + outputTokens;
  }
}

/** Clipped at three spreads: one odd hour moves the mean little. */
function unitStep(difference: number, variance: number, count: number, size: number): number {
  if (count < 12) return difference;
  const limit = 3 * Math.sqrt(variance + 0.02 + 0.3 / size);
  return Math.max(-limit, Math.min(limit, difference));
}

const unitRate = (count: number, share: number): number =>
  Math.max(1 / (count + 1), UNIT_RATE) * Math.min(1, 0.3 + share);

function learnExcess(state: SeriesState, totals: HourTotals, usual: number): void {
  const excess = DAY_DECAY * state.excess + totals.cost - usual;
  if (excess <= 0) {
    forgetExcess(state);
    return;
  }
  state.excess = excess;
  if (state.excessHour === 0) state.excessHour = state.nextHour;
  state.excessCost += totals.cost;
  state.excessUsualCost += usual;
}

export function forgetExcess(state: SeriesState): void {
  state.excess = 0;
  state.excessHour = 0;
  state.excessCost = 0;
  state.excessUsualCost = 0;
}

export function forgetDear(state: SeriesState): void {
  state.dearHour = 0;
  state.dearCost = 0;
  state.dearCalls = 0;
  state.dearTokens = 0;
  state.dearUsualCost = 0;
}

const LEAST_DAYS = 10;
const RECURRENCE_DAYS = 30;
/** What a day must have been against the median to be expected again a month later. */
const RECURRENCE_RATIO = 1.7;

function closeDay(state: SeriesState, day: number): void {
  state.days[day % DAYS_KEPT] = state.todayCost;
  state.sizes[day % SIZES_KEPT] =
    state.todayCalls >= LEAST_DAY_CALLS ? Math.log(state.todayTokens / state.todayCalls) : Number.NaN;
  state.todayCost = 0;
  state.todayCalls = 0;
  state.todayTokens = 0;
  summariseSizes(state, day);
  summariseDays(state, day);
}

/** The median day of sizes, leaving out the last ones, on which a leak may already run. */
function summariseSizes(state: SeriesState, day: number): void {
  const sizes: number[] = [];
  for (let back = SIZES_KEPT - 1; back >= 3; back--) {
    const size = state.sizes[(day - back) % SIZES_KEPT] ?? Number.NaN;
    if (!Number.isNaN(size)) sizes.push(size);
  }
  if (sizes.length < 6) {
    state.sizeSpread = 0;
    return;
  }
  const usual = median(sizes.slice(0, Math.max(6, sizes.length - 4)));
  state.sizeUsual = usual;
  state.sizeSpread = 1.4826 * median(sizes.map((size) => Math.abs(size - usual))) + 0.015;
}

/** Expectations for the day after `day`. */
function summariseDays(state: SeriesState, day: number): void {
  const known = Math.min(DAYS_KEPT, day - dayOf(state.firstHour) + 1);
  state.recurrence = 1;
  if (known < LEAST_DAYS) return;
  const recent: number[] = [];
  for (let back = Math.min(27, known - 1); back >= 0; back--)
    recent.push(state.days[(day - back) % DAYS_KEPT] ?? 0);
  const middle = median(recent);
  let sameWeekday = 0;
  let weeks = 0;
  for (let back = 6; back < Math.min(28, known); back += 7) {
    sameWeekday += state.days[(day - back) % DAYS_KEPT] ?? 0;
    weeks++;
  }
  state.dayUsual = Math.max(weeks >= 2 ? sameWeekday / weeks : middle, 0.2 * middle);
  state.daySpread = median(recent.map((dollars) => Math.abs(dollars - middle)));
  state.dayGreatest = Math.max(...recent);
  const monthAgo = dollarsAMonthBefore(state, day + 1, known);
  if (middle > 0 && monthAgo > RECURRENCE_RATIO * middle) state.recurrence = Math.min(5, monthAgo / middle);
}

/** Dollars: of this weekday, once that is known; before, of the mean day so far. */
export function usualDay(state: SeriesState): number {
  const first = dayOf(state.firstHour);
  const today = dayOf(state.nextHour);
  if (state.dayUsual > 0 || today - first >= LEAST_DAYS || today === first) return state.dayUsual;
  let dollars = 0;
  for (let day = first; day < today; day++) dollars += state.days[day % DAYS_KEPT] ?? 0;
  return (dollars * 24) / (today * 24 - state.firstHour);
}

/** Work that comes by the month comes on the same date, or every thirty days. */
function dollarsAMonthBefore(state: SeriesState, day: number, known: number): number {
  let dollars = 0;
  const date = new Date(day * DAY_MS).getUTCDate();
  for (let back = 28; back <= 31 && back <= known; back++) {
    if (back === RECURRENCE_DAYS || new Date((day - back) * DAY_MS).getUTCDate() === date)
      dollars = Math.max(dollars, state.days[(day - back) % DAYS_KEPT] ?? 0);
  }
  return dollars;
}

/** The upper median; 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** Log day totals against the usual of their kind of day, in spreads; NaN where too few days are known. */
export function dayLift(state: SeriesState, day: number): number {
  const known = Math.min(DAYS_KEPT, dayOf(state.nextHour) - dayOf(state.firstHour));
  const back = dayOf(state.nextHour) - 1 - day;
  if (back < 0 || known - back < 15) return Number.NaN;
  const weekend = isWeekend(day);
  const logs: number[] = [];
  let same = 0;
  for (let ago = 1; ago <= 28 && back + ago < known; ago++) {
    if (isWeekend(day - ago) !== weekend) continue;
    same++;
    const dollars = state.days[(day - ago) % DAYS_KEPT] ?? 0;
    if (dollars > 0) logs.push(Math.log(dollars));
  }
  if (logs.length < Math.max(4, 0.6 * same)) return Number.NaN;
  const usual = median(logs);
  const spread = 1.4826 * median(logs.map((value) => Math.abs(value - usual))) + 0.05;
  const little = 0.1 * Math.exp(usual);
  const dollars = state.days[day % DAYS_KEPT] ?? 0;
  return (Math.log(dollars + little) - Math.log(Math.exp(usual) + little)) / spread;
}
