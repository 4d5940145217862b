/**
 * What a series is expected to do in an hour: a level, a profile by hour of day on weekdays and weekends, and how
 * the last three days ran against it. In calls, which prices and prompt sizes do not move; dollars follow from what
 * a call usually costs.
 */
import { binOf, visitsBefore } from "./calendar.ts";
import type { EpochHour, SeriesState } from "./series-state.ts";

export interface Expectation {
  calls: number;
  /** One standard deviation of the calls, roughly. */
  callsScale: number;
  cost: number;
  costScale: number;
  dollarsPerCall: number;
  /** Calls per hour over all hours. */
  level: number;
  /** How the last three days ran against the profile. */
  drift: number;
  /** Above 1 where today is that many times the usual: as a month ago, or as declared. */
  recurrence: number;
  burstiness: number;
}

export const newExpectation = (): Expectation => ({
  calls: 0,
  callsScale: 1,
  cost: 0,
  costScale: 1,
  dollarsPerCall: 0,
  level: 0,
  drift: 1,
  recurrence: 1,
  burstiness: 1,
});

/** Half-lives: 24 weekdays, 8 weekend days, that is about five weeks each. */
const WEEKDAY_DECAY = 2 ** (-1 / 24);
const WEEKEND_DECAY = 2 ** (-1 / 8);
export const profileDecay = (bin: number): number => (bin < 24 ? WEEKDAY_DECAY : WEEKEND_DECAY);

/** Weight of a bin after so many visits: the geometric sum, so that no weights need to be kept. */
const weightsOf = (decay: number): Float64Array =>
  Float64Array.from({ length: 256 }, (_, visits) => (1 - decay ** visits) / (1 - decay));
const WEEKDAY_WEIGHTS = weightsOf(WEEKDAY_DECAY);
const WEEKEND_WEIGHTS = weightsOf(WEEKEND_DECAY);

/** A flat profile is assumed to the extent of two days, and no drift to the extent of twelve hours. */
const FLAT_DAYS = 2;
const STEADY_HOURS = 12;
/** A monthly peak is rarely the same twice. */
const RECURRENCE_SLACK = 1.25;

/** Writes into `expected`: this runs for every series and hour. `times`: a declared event multiplies the usual. */
export function expect(state: SeriesState, hour: EpochHour, expected: Expectation, times = 1): void {
  expected.recurrence = times * (state.recurrence > 1 ? state.recurrence * RECURRENCE_SLACK : 1);
  expected.dollarsPerCall = state.usualCalls > 0 ? state.usualCost / state.usualCalls : 0;
  if (state.callsWeight === 0) {
    expected.calls = 0;
    expected.level = 0;
    expected.drift = 1;
    expected.burstiness = 1;
  } else {
    const level = state.callsSum / state.callsWeight;
    const bin = binOf(hour);
    const weights = bin < 24 ? WEEKDAY_WEIGHTS : WEEKEND_WEIGHTS;
    const weight = weights[Math.min(255, visitsBefore(hour, state.firstHour))] ?? 0;
    const factor = level > 0 ? ((state.profile[bin] ?? 0) + FLAT_DAYS * level) / (weight + FLAT_DAYS) / level : 1;
    const drift =
      level > 0 ? (state.recentActual + STEADY_HOURS * level) / (state.recentExpected + STEADY_HOURS * level) : 1;
    expected.level = level;
    expected.drift = Math.min(4, Math.max(0.05, drift));
    expected.calls = level * factor * expected.drift * expected.recurrence;
    expected.burstiness = state.residualWeight > 0 ? state.residualSum / state.residualWeight : expected.calls + 1;
  }
  const { calls, level, burstiness, dollarsPerCall } = expected;
  expected.callsScale = Math.sqrt(calls * burstiness + (0.15 * calls) ** 2 + (0.05 * level) ** 2) + 1e-9;
  expected.cost = calls * dollarsPerCall;
  expected.costScale = expected.callsScale * dollarsPerCall + 1e-7;
}
