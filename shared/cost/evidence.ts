/**
 * Whether what a series has done so far in its running hour is abnormal. Asked on every delivery, not at the hour's
 * close: evidence grows with the hour's total, so that what is seen early holds.
 *
 * surge       improbable hours in a row, by the series' own tail; fewer are needed where calls changed their make-up
 * unit-cost   a call costs several times the usual: prompts blown up, a dearer model
 * retry-storm calls multiply while answers shrink or fail
 * day-surge   the day so far is more than the usual whole day, and more than any of the last four weeks
 * slow-leak   tokens per call grow day by day
 * Two more need to know other series: `dearModel` and `newSpender`. One looks at a team: `lift.ts`.
 */
import { dayOf, type EpochDay, isWeekend } from "./calendar.ts";
import type { Expectation } from "./expectation.ts";
import { DAYS_KEPT, type EpochHour, type HourTotals, type SeriesState, SIZES_KEPT } from "./series-state.ts";
import { answerTail, callCostTail, costTail, improbability } from "./tail.ts";

export type Detector =
  | "surge"
  | "unit-cost"
  | "retry-storm"
  | "day-surge"
  | "slow-leak"
  | "dear-model"
  | "new-spender"
  | "team-lift";

/** The figures that show an anomaly. Everything said about it is derived from them. */
export interface Evidence {
  readonly detector: Detector;
  /** First hour of the anomaly. */
  readonly startHour: EpochHour;
  /** Since then: dollars, calls and tokens, and what they usually are. */
  readonly cost: number;
  readonly usualCost: number;
  readonly calls: number;
  readonly usualCalls: number;
  readonly tokens: number;
  readonly usualTokens: number;
  /** Dollars beyond the usual in the running hour. */
  readonly hourExcess: number;
  /** Where many calls failed: their share, and the usual one. */
  readonly errorShare?: number;
  /** Of a newcomer: hardly anybody had been heard before. */
  readonly isBeginning?: boolean;
  /** The model that made the difference, or the members of a team that rose most. */
  readonly children?: readonly { readonly uid: string; readonly share: number }[];
}

/** What is asked for: a bar that is higher for aggregates, in large organizations, and where people said so. */
export interface Bar {
  /** Added to every threshold of improbability. */
  readonly decades: number;
  /** Multiplies every least amount. */
  readonly dollars: number;
}

export const thresholds = {
  /** Accumulated improbability, in decades: an hour of one in 25,000, or several in a row of one in 200. */
  surge: 3.5,
  surgeDollars: 2.5,
  unitRatio: 2.5,
  unit: 3.2,
  unitDollars: 1,
  retry: 4.2,
  retryDollars: 2.5,
  day: 3,
  dayDollars: 20,
  /** Beyond the usual day while everybody is new. */
  earlyDollars: 100,
  /** The day must beat the greatest of four weeks by this factor: heavy-tailed work has such days. */
  dayOverGreatest: 2,
  leakLift: 0.26,
  leakDollars: 5,
  dearPriceRatio: 4,
  dearDollars: 1,
  /** Beyond so many times the model's own usual day. */
  dearOverUsual: 5,
  /** Total of a newcomer, by how dear its tokens are against the organization's median. */
  newDearDollars: 5,
  newMiddlingDollars: 25,
  newCheapDollars: 100,
} as const;

/** Before three days nothing can be improbable. */
const LEAST_AGE_HOURS = 72;
const LEAST_UNIT_HOURS = 12;
const EVIDENCE_DECAY = 0.6;
export const STRETCH_DECAY = 0.8;
/** Decay of the window over active hours in which make-up is compared. */
export const WINDOW_DECAY = 0.8;

export const ageOf = (state: SeriesState, hour: EpochHour): number => hour - state.firstHour;

/** How improbable the hour's cost is, in decades. */
export function costImprobability(state: SeriesState, totals: HourTotals, expected: Expectation): number {
  if (ageOf(state, state.nextHour) < LEAST_AGE_HOURS) return 0;
  return improbability(state, costTail, (totals.cost - expected.cost) / expected.costScale);
}

/** The evidence that would be carried on from this hour. */
export const accumulated = (state: SeriesState, hourImprobability: number): number =>
  EVIDENCE_DECAY * state.evidence + Math.max(0, hourImprobability - 1);

/** Improbable dollars per call of the last active hours and this one; a negative deviation is a cheaper call. */
export function callCostDeviation(state: SeriesState, totals: HourTotals): number {
  if (state.callCostCount < LEAST_UNIT_HOURS) return 0;
  const calls = WINDOW_DECAY * state.callCostCalls + totals.calls;
  const dollars = WINDOW_DECAY * state.callCostDollars + totals.cost;
  return calls > 0 && dollars > 0 ? Math.log(dollars / calls) - state.callCostMean : 0;
}
export const callCostScale = (state: SeriesState, calls: number): number =>
  Math.sqrt(state.callCostVariance + 0.01 + 0.3 / (WINDOW_DECAY * state.callCostCalls + calls));

export function answerDeviation(state: SeriesState, totals: HourTotals): number {
  if (state.answerCount < LEAST_UNIT_HOURS) return 0;
  const input = WINDOW_DECAY * state.answerInput + totals.inputTokens;
  const output = WINDOW_DECAY * state.answerOutput + totals.outputTokens;
  return input > 0 && output > 0 ? Math.log(output / input) - state.answerMean : 0;
}
export const answerScale = (state: SeriesState, input: number): number =>
  Math.sqrt(state.answerVariance + 0.01 + 0.3 / (WINDOW_DECAY * state.answerInput + input));

/** Evidence of the running hour `state.nextHour`, whose totals so far are given. */
export function evidenceOf(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  bar: Bar,
): Evidence | undefined {
  if (totals.calls === 0 || totals.cost === 0) return undefined;
  const raised = raisedBar(state, bar);
  const deviation = callCostDeviation(state, totals);
  const callCostImprobability =
    deviation > 0.5 ? improbability(state, callCostTail, deviation / callCostScale(state, totals.calls)) : 0;
  return (
    unitCost(state, totals, expected, deviation, callCostImprobability, raised) ??
    surge(state, totals, expected, callCostImprobability, raised) ??
    daySurge(state, totals, expected, raised) ??
    slowLeak(state, totals, expected, raised)
  );
}

/** The same of an app or a team, whose make-up changes with who uses it: only of how much it costs. */
export function aggregateEvidenceOf(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  bar: Bar,
): Evidence | undefined {
  if (totals.calls === 0 || totals.cost === 0) return undefined;
  const raised = raisedBar(state, bar);
  const stretchExcess = STRETCH_DECAY * state.stretchExcess + totals.cost - expected.cost;
  if (isSurge(state, totals, expected, costImprobability(state, totals, expected), stretchExcess, 0, raised))
    return stretch("surge", state, totals, expected);
  return daySurge(state, totals, expected, raised);
}

const raisedBar = (state: SeriesState, bar: Bar): Bar =>
  state.nextHour < state.raisedUntil ? { decades: bar.decades + state.raisedBy, dollars: bar.dollars } : bar;

function surge(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  callCostImprobability: number,
  bar: Bar,
): Evidence | undefined {
  const excess = totals.cost - expected.cost;
  if (excess <= 0) return undefined;
  const stretchExcess = STRETCH_DECAY * state.stretchExcess + excess;
  const hourImprobability = costImprobability(state, totals, expected);
  const manyCalls = totals.calls >= 10;
  const lengthened = manyCalls ? answerDeviation(state, totals) : 0;
  const answer = Math.abs(lengthened);
  const answerImprobability =
    answer > 0.4 ? improbability(state, answerTail, answer / answerScale(state, totals.inputTokens)) : 0;
  if (
    retries(state, totals, expected, answerImprobability, bar) &&
    totals.cost > 1.5 * expected.cost &&
    stretchExcess >= thresholds.retryDollars * bar.dollars
  )
    return stretch(
      (lengthened < 0 && !hasGrown(state, totals)) || totals.errors >= MOST * totals.calls
        ? "retry-storm"
        : "surge",
      state,
      totals,
      expected,
    );
  // A surge whose calls are made up as usual may be a launch; one whose calls changed as well is hardly that.
  const changed = Math.max(answerImprobability, manyCalls ? callCostImprobability : 0) - 1;
  const bonus =
    changed > 0 && hourImprobability > 1.3 && totals.cost > 2 * expected.cost ? 0.7 * Math.min(4, changed) : 0;
  return isSurge(state, totals, expected, hourImprobability, stretchExcess, bonus, bar)
    ? stretch("surge", state, totals, expected)
    : undefined;
}

function isSurge(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  hourImprobability: number,
  stretchExcess: number,
  bonus: number,
  bar: Bar,
): boolean {
  return (
    0.8 * accumulated(state, hourImprobability) + 0.8 + bonus >= thresholds.surge + bar.decades &&
    totals.cost > 1.5 * expected.cost &&
    stretchExcess >= thresholds.surgeDollars * bar.dollars
  );
}

/** This many failures are most. */
const MOST = 0.5;

/** Calls multiply, and either most fail or answers changed beyond what this series does: of retries they shrink. */
function retries(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  answerImprobability: number,
  bar: Bar,
): boolean {
  if (totals.calls < 10) return false;
  const usualErrorShare = state.usualCalls > 0 ? state.usualErrors / state.usualCalls : 0;
  if (totals.errors >= MOST * totals.calls && usualErrorShare < 0.25 && totals.calls > 4 * expected.calls)
    return true;
  if (answerImprobability < 2.5 || totals.calls <= 3 * expected.calls) return false;
  if (ageOf(state, state.nextHour) < LEAST_AGE_HOURS) return false;
  const calls = improbability(state, costTail, (totals.calls - expected.calls) / expected.callsScale);
  return calls + answerImprobability >= thresholds.retry + bar.decades;
}

/** Tokens a call usually takes, and calls at the usual make-up. */
const usualTokensPerCall = (state: SeriesState): number =>
  state.usualCalls > 0 ? state.usualTokens / state.usualCalls : 0;

/** A retry sends the same again: where calls have become larger, it is the question that grew and not the answer that shrank. */
const LARGER = 1.5;
const hasGrown = (state: SeriesState, { calls, inputTokens, outputTokens }: HourTotals): boolean =>
  inputTokens + outputTokens > LARGER * calls * usualTokensPerCall(state);

function stretch(detector: Detector, state: SeriesState, totals: HourTotals, expected: Expectation): Evidence {
  const usualCalls = state.stretchUsualCalls + expected.calls;
  return {
    detector,
    startHour: state.stretchHour || state.nextHour,
    cost: state.stretchCost + totals.cost,
    usualCost: state.stretchUsualCost + expected.cost,
    calls: state.stretchCalls + totals.calls,
    usualCalls,
    tokens: state.stretchTokens + totals.inputTokens + totals.outputTokens,
    usualTokens: usualCalls * usualTokensPerCall(state),
    hourExcess: totals.cost - expected.cost,
    ...(totals.errors >= 0.2 * totals.calls && totals.errors > 0
      ? { errorShare: totals.errors / totals.calls }
      : {}),
  };
}

/** Above so many times the expected ones, calls have multiplied. */
const MORE_CALLS = 1.5;

function unitCost(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  deviation: number,
  callCostImprobability: number,
  bar: Bar,
): Evidence | undefined {
  if (deviation < Math.log(thresholds.unitRatio)) return undefined;
  if (callCostImprobability < thresholds.unit + bar.decades) return undefined;
  const usualCallCost = Math.exp(state.callCostMean);
  const windowCalls = WINDOW_DECAY * state.callCostCalls + totals.calls;
  const windowCost = WINDOW_DECAY * state.callCostDollars + totals.cost;
  if (windowCost - windowCalls * usualCallCost < thresholds.unitDollars * bar.dollars) return undefined;
  // Measured by calls alone, calls that multiplied as well would pass for usual.
  if (totals.calls > MORE_CALLS * expected.calls) return stretch("unit-cost", state, totals, expected);
  const calls = state.dearCalls + totals.calls;
  return {
    detector: "unit-cost",
    startHour: state.dearHour || state.nextHour,
    cost: state.dearCost + totals.cost,
    usualCost: state.dearUsualCost + totals.calls * usualCallCost,
    calls,
    usualCalls: calls,
    tokens: state.dearTokens + totals.inputTokens + totals.outputTokens,
    usualTokens: calls * usualTokensPerCall(state),
    hourExcess: totals.cost - expected.cost,
  };
}

function daySurge(state: SeriesState, totals: HourTotals, expected: Expectation, bar: Bar): Evidence | undefined {
  if (state.dayUsual === 0 && state.daySpread === 0) return undefined;
  const cost = state.todayCost + totals.cost;
  const usual = state.dayUsual * expected.recurrence;
  const excess = cost - usual;
  if (excess < thresholds.dayDollars * bar.dollars || excess <= 0.4 * usual) return undefined;
  if (cost <= thresholds.dayOverGreatest * state.dayGreatest * (expected.recurrence > 1 ? 1.2 : 1))
    return undefined;
  const score = (0.4 * excess) / (1.4826 * state.daySpread + 0.05 * usual + 0.5);
  if (score < thresholds.day + bar.decades) return undefined;
  return ofToday(state, totals, expected, usual);
}

/** The day so far. */
function ofToday(state: SeriesState, totals: HourTotals, expected: Expectation, usualCost: number): Evidence {
  const calls = state.todayCalls + totals.calls;
  const usualCalls = expected.dollarsPerCall > 0 ? usualCost / expected.dollarsPerCall : calls;
  return {
    detector: "day-surge",
    startHour: dayOf(state.nextHour) * 24,
    cost: state.todayCost + totals.cost,
    usualCost,
    calls,
    usualCalls,
    tokens: state.todayTokens + totals.inputTokens + totals.outputTokens,
    usualTokens: usualCalls * usualTokensPerCall(state),
    hourExcess: totals.cost - expected.cost,
  };
}

/** Weekends tell nothing of weekdays. */
const isLike = (day: EpochDay, today: EpochDay): boolean => isWeekend(today) || !isWeekend(day);

/** Whether the log is too young, in the hour of a first use, for anybody to be a newcomer. `began`: its first hour. */
export function isBeginning(hour: EpochHour, began: EpochHour): boolean {
  for (let day = Math.ceil(began / 24); day < dayOf(hour); day++) if (isLike(day, dayOf(hour))) return false;
  return true;
}

/** A loop begins within a day; work that is not the same every day rarely does so much more. */
const EARLY_OVER_GREATEST = 4;

/** While everybody is new, and nothing is improbable yet: a day that is far more than every whole day of its kind so far. */
export function earlyDaySurge(
  state: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  began: EpochHour,
  bar: Bar,
): Evidence | undefined {
  const today = dayOf(state.nextHour);
  if (ageOf(state, state.nextHour) >= LEAST_AGE_HOURS || isBeginning(state.nextHour, began)) return undefined;
  const days: number[] = [];
  for (let day = Math.ceil(began / 24); day < today; day++)
    if (isLike(day, today)) days.push(state.days[day % DAYS_KEPT] ?? 0);
  const cost = state.todayCost + totals.cost;
  const usual = days.reduce((sum, dollars) => sum + dollars, 0) / days.length;
  if (cost <= EARLY_OVER_GREATEST * Math.max(...days)) return undefined;
  if (cost - usual < thresholds.earlyDollars * bar.dollars) return undefined;
  return ofToday(state, totals, expected, usual);
}

/** Days with fewer calls do not tell the size of a call. */
export const LEAST_DAY_CALLS = 10;
/** A leak grows; a release that changes prompts is a step. No day adds more than this to the log size. */
const GREATEST_DAILY_GROWTH = 0.34;
/** Nor less than this, or it is no leak. */
const LEAST_DAILY_GROWTH = 0.03;

function slowLeak(state: SeriesState, totals: HourTotals, expected: Expectation, bar: Bar): Evidence | undefined {
  const calls = state.todayCalls + totals.calls;
  const spread = state.sizeSpread;
  if (spread === 0 || calls < 2 * LEAST_DAY_CALLS) return undefined;
  const tokens = state.todayTokens + totals.inputTokens + totals.outputTokens;
  const lift = Math.log(tokens / calls) - state.sizeUsual;
  if (!(lift > thresholds.leakLift && lift > (4 + bar.decades) * spread)) return undefined;

  const today = dayOf(state.nextHour);
  const lifts: number[] = [];
  for (let back = 1; back <= 5 && lifts.length < 3; back++) {
    const size = state.sizes[(today - back) % SIZES_KEPT] ?? Number.NaN;
    if (!Number.isNaN(size)) lifts.push(size - state.sizeUsual);
  }
  const [one, two, three] = lifts;
  if (one === undefined || two === undefined || three === undefined) return undefined;
  const slack = Math.min(0.3 * spread, 0.02);
  // Every day adds something: after a step the days differ by nothing, or once by much.
  const steady = [lift - one, one - two, two - three].every(
    (growth, back) => growth > (back === 2 ? -slack : LEAST_DAILY_GROWTH) && growth < GREATEST_DAILY_GROWTH,
  );
  if (!steady || lift - three <= 0.15 || one <= 2 * spread || two <= spread) return undefined;

  const cost = state.todayCost + totals.cost;
  let leaked = cost;
  let usual = cost * Math.exp(-lift);
  if (leaked - usual < thresholds.leakDollars * bar.dollars) return undefined;
  let start = today;
  for (let back = 1; back < 20; back++) {
    const above = (state.sizes[(today - back) % SIZES_KEPT] ?? Number.NaN) - state.sizeUsual;
    if (above <= spread) break;
    const dollars = state.days[(today - back) % DAYS_KEPT] ?? 0;
    if (Number.isNaN(above)) continue;
    start = today - back;
    leaked += dollars;
    usual += dollars * Math.exp(-above);
  }
  // Neither calls nor tokens of past days are kept; at today's price the dollars tell them.
  const price = cost / tokens;
  const callsSince = usual / price / Math.exp(state.sizeUsual);
  return {
    detector: "slow-leak",
    startHour: start * 24,
    cost: leaked,
    usualCost: usual,
    calls: callsSince,
    usualCalls: callsSince,
    tokens: leaked / price,
    usualTokens: usual / price,
    hourExcess: totals.cost - expected.cost,
  };
}

/**
 * A leaf whose tokens cost several times what its principal usually pays, used beyond its own habit: a swap to a
 * dearer model, a stolen key on the dearest one.
 */
export function dearModel(
  leaf: SeriesState,
  totals: HourTotals,
  expected: Expectation,
  principal: SeriesState,
  bar: Bar,
): Evidence | undefined {
  const tokens = totals.inputTokens + totals.outputTokens;
  if (tokens === 0 || principal.totalTokens === 0) return undefined;
  if (ageOf(principal, leaf.nextHour) < LEAST_AGE_HOURS) return undefined;
  const usualPrice = principal.totalCost / principal.totalTokens;
  if (totals.cost / tokens < thresholds.dearPriceRatio * usualPrice) return undefined;
  const young = ageOf(leaf, leaf.nextHour) < LEAST_AGE_HOURS;
  const hourUsual = young ? 0 : expected.cost;
  const excess = leaf.excess + totals.cost - hourUsual;
  if (excess < thresholds.dearDollars * bar.dollars) return undefined;
  const usualDay = young ? 0 : 24 * expected.level * expected.dollarsPerCall;
  if (excess < thresholds.dearOverUsual * usualDay) return undefined;
  const cost = leaf.excessCost + totals.cost;
  const habit = leaf.excessUsualCost + hourUsual;
  // Neither calls nor tokens of the hours before are kept; at this hour's price the dollars tell them.
  const calls = (totals.calls * cost) / totals.cost;
  const allTokens = (tokens * cost) / totals.cost;
  return {
    detector: "dear-model",
    startHour: leaf.excessHour || leaf.nextHour,
    cost,
    usualCost: habit + ((cost - habit) * usualPrice * tokens) / totals.cost,
    calls,
    usualCalls: calls,
    tokens: allTokens,
    usualTokens: allTokens,
    hourExcess: totals.cost - hourUsual,
  };
}

/** Where tokens are not known, a newcomer is taken for middling. */
const UNKNOWN_RATIO = 1.5;

/**
 * A principal younger than three days that has already spent. No statistics: there are none. What it may spend
 * depends on how dear its tokens are against the median of the organization.
 */
export function newSpender(
  state: SeriesState,
  totals: HourTotals,
  medianPrice: number,
  bar: Bar,
): Evidence | undefined {
  const age = ageOf(state, state.nextHour);
  if (age >= LEAST_AGE_HOURS) return undefined;
  const cost = state.totalCost + totals.cost;
  if (cost < thresholds.newDearDollars * bar.dollars) return undefined;
  const tokens = state.totalTokens + totals.inputTokens + totals.outputTokens;
  const ratio = medianPrice > 0 && tokens > 0 ? cost / tokens / medianPrice : UNKNOWN_RATIO;
  const least =
    ratio >= 3
      ? thresholds.newDearDollars
      : ratio >= 1.5
        ? thresholds.newMiddlingDollars
        : thresholds.newCheapDollars;
  if (cost < least * bar.dollars) return undefined;
  return {
    detector: "new-spender",
    startHour: state.firstHour,
    cost,
    usualCost: 0,
    calls: state.todayCalls + totals.calls,
    usualCalls: 0,
    tokens,
    usualTokens: 0,
    hourExcess: totals.cost,
  };
}
