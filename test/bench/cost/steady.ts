/** A series that did the same day after day, for tests of what happens next. */
import { type Expectation, expect, newExpectation } from "../../../shared/cost/expectation.ts";
import { type HourTotals, newSeries, type SeriesState } from "../../../shared/cost/series-state.ts";
import { step } from "../../../shared/cost/step.ts";
import { randomOf } from "./random.ts";

/** A Monday, 00:00 UTC. */
export const MONDAY = Date.UTC(2026, 0, 5) / 3_600_000;

export const TOKENS_IN = 1_000;
export const TOKENS_OUT = 200;

/** So many calls of a cent each, with the usual make-up. */
export const calls = (count: number, changes: Partial<HourTotals> = {}): HourTotals => ({
  cost: count * 0.01,
  calls: count,
  inputTokens: count * TOKENS_IN,
  outputTokens: count * TOKENS_OUT,
  errors: 0,
  ...changes,
});

/** About a hundred calls an hour, scattered by a tenth, from a Monday on. */
export function steady(days: number, perHour = 100, seed = 7): SeriesState {
  const random = randomOf(seed);
  const state = newSeries(MONDAY);
  for (let hour = 0; hour < days * 24; hour++) {
    const count = Math.max(1, Math.round(perHour * (1 + 0.1 * random.normal())));
    const size = Math.exp(0.02 * random.normal());
    const totals = calls(count);
    step(state, {
      ...totals,
      cost: totals.cost * size,
      inputTokens: Math.round(totals.inputTokens * size),
      outputTokens: Math.round(totals.outputTokens * Math.exp(0.02 * random.normal())),
    });
  }
  return state;
}

export function expectationOf(state: SeriesState): Expectation {
  const expected = newExpectation();
  expect(state, state.nextHour, expected);
  return expected;
}
