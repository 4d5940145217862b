import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calls, expectationOf, MONDAY, steady } from "../../test/bench/cost/steady.ts";
import { expect as expectAt, newExpectation } from "./expectation.ts";
import {
  copyOf,
  decodeState,
  encodeState,
  type HourTotals,
  newSeries,
  type SeriesState,
  STATE_VERSION,
} from "./series-state.ts";
import { advance, correct, step, stepOverGap } from "./step.ts";

const hours = fc.array(
  fc
    .record({ calls: fc.nat(500), size: fc.double({ min: 0.1, max: 10, noNaN: true }) })
    .map(({ calls: count, size }) =>
      calls(count, { cost: count * 0.01 * size, inputTokens: Math.round(count * 1_000 * size) }),
    ),
  { minLength: 1, maxLength: 24 * 40 },
);

describe("learning", () => {
  it("is the same through the database after every hour as without it", () => {
    fc.assert(
      fc.property(hours, (all) => {
        const kept = newSeries(MONDAY);
        let stored = newSeries(MONDAY);
        for (const totals of all) {
          step(kept, totals);
          step(stored, totals);
          const read = decodeState(encodeState(stored), STATE_VERSION);
          if (!read) throw new Error("unreadable");
          stored = read;
        }
        expect(stored.values).toEqual(kept.values);
      }),
      { numRuns: 20 },
    );
  });

  it("jumps many hours without use exactly as hour by hour", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 0, max: 40 }), (gap, days) => {
        const jumped = steady(days);
        const walked = copyOf(jumped);
        advance(jumped, jumped.nextHour + gap);
        for (let hour = 0; hour < gap; hour++) step(walked, calls(0));
        expect(jumped.values).toEqual(walked.values);
      }),
      { numRuns: 15 },
    );
  });

  it("never leaves a number that is none", () => {
    fc.assert(
      fc.property(hours, (all) => {
        const state = newSeries(MONDAY);
        for (const totals of all) step(state, totals);
        const known = [...state.values].filter((value) => !Number.isNaN(value));
        expect(known.every(Number.isFinite)).toBe(true);
        // Days with too few calls have no size, and nothing else is unknown.
        expect(state.values.length - known.length).toBe([...state.sizes].filter(Number.isNaN).length);
        const expected = expectationOf(state);
        expect(Object.values(expected).every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("expects what it has seen, at the hours at which it saw it", () => {
    const state = newSeries(MONDAY);
    for (let hour = 0; hour < 28 * 24; hour++) {
      const weekend = Math.floor(hour / 24) % 7 >= 5;
      step(state, calls(weekend ? 5 : hour % 24 === 9 ? 300 : 20));
    }
    const at = (hour: number) => {
      const copy = copyOf(state);
      advance(copy, MONDAY + 28 * 24 + hour);
      return expectationOf(copy).calls;
    };
    expect(at(0)).toBeGreaterThan(15);
    expect(at(0)).toBeLessThan(30);
    expect(at(9)).toBeGreaterThan(200);
    expect(expectationOf(state).dollarsPerCall).toBeCloseTo(0.01, 6);
  });

  it("expects a monthly peak again, thirty days later or on the same date", () => {
    const peaks = (isPeak: (day: number) => boolean, day: number) => {
      const state = newSeries(MONDAY);
      for (let hour = 0; hour < day * 24; hour++) step(state, calls(isPeak(Math.floor(hour / 24)) ? 400 : 100));
      return expectationOf(state).recurrence;
    };
    expect(peaks((day) => day === 3, 33)).toBeGreaterThan(3);
    expect(peaks((day) => day === 3, 32)).toBe(1);
    // 2026-01-20 and 2026-02-20 are 31 days apart.
    expect(peaks((day) => day === 15, 46)).toBeGreaterThan(3);
    expect(peaks(() => false, 33)).toBe(1);
  });

  it("does not take a silent feed for silence", () => {
    const quiet = steady(28);
    const gap = copyOf(quiet);
    for (let hour = 0; hour < 12; hour++) {
      step(quiet, calls(0));
      stepOverGap(gap);
    }
    expect(expectationOf(quiet).calls).toBeLessThan(95);
    expect(expectationOf(gap).calls).toBeGreaterThan(95);
    expect(gap.todayCost).toBeGreaterThan(10);
  });

  it("expects after a gap of days what it expected before", () => {
    const state = steady(28);
    const before = Array.from({ length: 24 }, (_, hour) => callsAt(state, hour));
    for (let hour = 0; hour < 7 * 24; hour++) stepOverGap(state);
    const after = Array.from({ length: 24 }, (_, hour) => callsAt(state, hour));
    for (const [hour, expected] of after.entries()) expect(expected / (before[hour] ?? 0)).toBeCloseTo(1, 2);
  });

  it("learns an hour that was alerted on at a fifth", () => {
    const massOf = (totals: HourTotals) => {
      const state = steady(28);
      const before = state.costTailMass;
      step(state, totals);
      return (state.costTailMass - before) / state.costTailWeight;
    };
    expect(massOf(calls(100))).toBeCloseTo(1, 2);
    expect(massOf(calls(900))).toBeCloseTo(0.2, 2);
  });
});

describe("a correction of the distant past", () => {
  it("gives the sums that folding it in time had given", () => {
    // So few that no hour is alerted on for them: such an hour is learned in part.
    const late: HourTotals = calls(5);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 * 24 }), (age) => {
        const days = 31;
        const totalsAt = (hour: number) => calls(50 + (hour % 13));
        const right = newSeries(MONDAY);
        const wrong = newSeries(MONDAY);
        for (let hour = 0; hour < days * 24; hour++) {
          const totals = totalsAt(hour);
          const isLate = hour === days * 24 - age;
          step(wrong, totals);
          step(right, isLate ? sum(totals, late) : totals);
        }
        correct(wrong, wrong.nextHour - age, late);
        for (const field of [
          "callsSum",
          "recentActual",
          "usualCalls",
          "usualCost",
          "usualTokens",
          "todayCost",
        ] as const)
          expect(wrong[field] / (right[field] || 1)).toBeCloseTo(right[field] === 0 ? 0 : 1, 3);
        expect([...wrong.profile].map((value) => value.toPrecision(4))).toEqual(
          [...right.profile].map((value) => value.toPrecision(4)),
        );
        expect([...wrong.days].map((value) => value.toFixed(3))).toEqual(
          [...right.days].map((value) => value.toFixed(3)),
        );
      }),
      { numRuns: 20 },
    );
  });
});

/** Expected so many hours later. */
function callsAt(state: SeriesState, hours: number): number {
  const expected = newExpectation();
  expectAt(state, state.nextHour + hours, expected);
  return expected.calls;
}

const sum = (one: HourTotals, other: HourTotals): HourTotals => ({
  cost: one.cost + other.cost,
  calls: one.calls + other.calls,
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  errors: one.errors + other.errors,
});
