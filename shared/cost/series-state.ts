/**
 * What is remembered of one series of spend (a leaf, a principal, an app, a team): 256 numbers, 1 kB, one row.
 *
 * Sums decay, so that no history is kept; the day totals of five weeks are the exception. Everything is float32 in
 * memory as in the row, so that a state that went through the database equals one that did not.
 */

/** Hours since 1970-01-01T00:00Z; exact in float32 until the year 3883. */
export type EpochHour = number;

/** What one series did in one hour of event time. Cost in dollars: detectors compare, they do not account. */
export interface HourTotals {
  cost: number;
  calls: number;
  inputTokens: number;
  outputTokens: number;
  errors: number;
}

const FIELDS = [
  /** First hour with any use. */
  "firstHour",
  /** The hour that is folded in next: everything before it is learned. */
  "nextHour",
  /** Calls per hour, decayed over weeks. */
  "callsSum",
  "callsWeight",
  /** Calls of the last days: actual, and expected without regard to them. */
  "recentActual",
  "recentExpected",
  /** Squared residuals over expected calls: how bursty. */
  "residualSum",
  "residualWeight",
  /** Accumulated improbability of the hours before `nextHour`. */
  "evidence",
  /** The unbroken run of unusual hours before `nextHour`: when it began, what it used, what it usually would. 0: none. */
  "stretchHour",
  "stretchCost",
  "stretchCalls",
  "stretchTokens",
  "stretchUsualCost",
  "stretchUsualCalls",
  /** Decayed excess of that run, dollars. */
  "stretchExcess",
  /** What a call usually is: dollars, tokens and errors over calls, of the last weeks. */
  "usualCost",
  "usualTokens",
  "usualErrors",
  "usualCalls",
  /** Everything so far, hardly decayed: the price level of this series. */
  "totalCost",
  "totalTokens",
  /** Log dollars per call: mean, variance, entries; and the calls and dollars of the last active hours. */
  "callCostMean",
  "callCostVariance",
  "callCostCount",
  "callCostCalls",
  "callCostDollars",
  /** Since when a call has cost unusually much, what was used since then, what it usually would have cost. 0: it does not. */
  "dearHour",
  "dearCost",
  "dearCalls",
  "dearTokens",
  "dearUsualCost",
  /** Log output per input token, likewise. */
  "answerMean",
  "answerVariance",
  "answerCount",
  "answerInput",
  "answerOutput",
  "todayCost",
  "todayCalls",
  "todayTokens",
  /** Once a day from `days`: the usual day of this weekday, the spread, the greatest of four weeks. 0: too few days. */
  "dayUsual",
  "daySpread",
  "dayGreatest",
  /** How many times the usual recurs today, since it did a month ago; else 1. */
  "recurrence",
  /** Once a day from `sizes`: usual log tokens per call and its spread. Spread 0: too few days. */
  "sizeUsual",
  "sizeSpread",
  /** Dollars beyond the expected, decayed over a day; since when there are any, and all dollars and the expected since then. */
  "excess",
  "excessHour",
  "excessCost",
  "excessUsualCost",
  /** By feedback: how much more evidence is asked for, and until which hour. */
  "raisedBy",
  "raisedUntil",
  "costTailMass",
  "costTailWeight",
  "callCostTailMass",
  "callCostTailWeight",
  "answerTailMass",
  "answerTailWeight",
] as const;
type Field = (typeof FIELDS)[number];

export const DAYS_KEPT = 35;
export const SIZES_KEPT = 28;

/** Order and lengths of the arrays behind the fields. */
const ARRAYS = {
  /** Calls by hour of day, weekdays then weekends. */
  profile: 48,
  costTail: 36,
  callCostTail: 24,
  answerTail: 24,
  /** Dollars by day number modulo 35. */
  days: DAYS_KEPT,
  /** Log tokens per call by day number modulo 28; NaN where a day had too few calls to tell. */
  sizes: SIZES_KEPT,
} as const;

export interface SeriesState extends Record<Field, number>, Readonly<Record<keyof typeof ARRAYS, Float32Array>> {
  readonly values: Float32Array;
}

export const STATE_FLOATS = 256;
/** A change of the layout is a new version: states are then rebuilt from the hourly rollups. */
export const STATE_VERSION = 2;

class StateOverValues {
  readonly values: Float32Array;
  constructor(values: Float32Array) {
    this.values = values;
    let start: number = FIELDS.length;
    for (const [name, length] of Object.entries(ARRAYS)) {
      Object.defineProperty(this, name, { value: values.subarray(start, start + length) });
      start += length;
    }
  }
}
FIELDS.forEach((field, index) => {
  Object.defineProperty(StateOverValues.prototype, field, {
    get(this: StateOverValues) {
      return this.values[index];
    },
    set(this: StateOverValues, value: number) {
      this.values[index] = value;
    },
  });
});

const over = (values: Float32Array): SeriesState => new StateOverValues(values) as unknown as SeriesState;

export function newSeries(firstHour: EpochHour): SeriesState {
  const state = over(new Float32Array(STATE_FLOATS));
  state.firstHour = firstHour;
  state.nextHour = firstHour;
  state.recurrence = 1;
  state.costTailWeight = 1;
  state.callCostTailWeight = 1;
  state.answerTailWeight = 1;
  state.sizes.fill(Number.NaN);
  return state;
}

export const copyOf = (state: SeriesState): SeriesState => over(state.values.slice());

/** For the row: little-endian float32. */
export function encodeState(state: SeriesState): Uint8Array {
  const view = new DataView(new ArrayBuffer(STATE_FLOATS * 4));
  state.values.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** Undefined where the bytes are no state of this version. */
export function decodeState(bytes: Uint8Array, version: number): SeriesState | undefined {
  if (version !== STATE_VERSION || bytes.byteLength !== STATE_FLOATS * 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return over(Float32Array.from({ length: STATE_FLOATS }, (_, index) => view.getFloat32(index * 4, true)));
}
