import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newSeries } from "./series-state.ts";
import { costTail, improbability, learnTail } from "./tail.ts";

function taught(values: readonly number[]) {
  const state = newSeries(0);
  for (const value of values) learnTail(state, costTail, value, 1);
  return state;
}

describe("improbability", () => {
  it("is 0 for what is not in the tail", () => {
    const state = taught([1, 2, 3]);
    for (const value of [0.25, 0, -1, Number.NaN]) expect(improbability(state, costTail, value)).toBe(0);
  });

  it("is about a decade for the greatest of ten values", () => {
    const state = taught([1, 1, 1, 1, 1, 1, 1, 1, 1, 8]);
    expect(improbability(state, costTail, 7.9)).toBeGreaterThan(0.7);
    expect(improbability(state, costTail, 7.9)).toBeLessThan(1.3);
  });

  it("never falls as the value grows", () => {
    const value = fc.double({ min: 0.01, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), value, value, (values, one, other) => {
        const state = taught(values);
        const [less, more] = one < other ? [one, other] : [other, one];
        expect(improbability(state, costTail, more)).toBeGreaterThanOrEqual(
          improbability(state, costTail, less) - 1e-6,
        );
      }),
    );
  });

  it("goes on beyond the greatest value as a Pareto tail", () => {
    const state = taught(new Array<number>(100).fill(1));
    const far = improbability(state, costTail, 64) - improbability(state, costTail, 32);
    expect(far).toBeCloseTo(2.5 * Math.log10(2), 5);
  });

  it("is little moved by an hour that was alerted on", () => {
    const discounted = taught(new Array<number>(500).fill(1));
    const believed = taught(new Array<number>(500).fill(1));
    learnTail(believed, costTail, 100, 1);
    learnTail(discounted, costTail, 100, 0.2);
    expect(improbability(discounted, costTail, 50)).toBeGreaterThan(improbability(believed, costTail, 50) + 0.2);
  });

  it("survives the scaling down of its weights", () => {
    const state = newSeries(0);
    for (let entry = 0; entry < 60_000; entry++) learnTail(state, costTail, entry % 100 === 0 ? 8 : 1, 1);
    expect(state.costTailWeight).toBeLessThan(2 ** 21);
    expect(improbability(state, costTail, 7)).toBeCloseTo(2, 0);
  });
});
