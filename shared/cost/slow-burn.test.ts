import { expect, it } from "vitest";
import { randomOf } from "../../test/bench/cost/random.ts";
import { calls, MONDAY } from "../../test/bench/cost/steady.ts";
import { dayOf } from "./calendar.ts";
import { newSeries } from "./series-state.ts";
import { slowBurn } from "./slow-burn.ts";
import { step } from "./step.ts";

/** Days of about $24 that scatter by a tenth, growing by a share a day after two weeks. */
function grown(days: number, growth: number, seed = 4, scatter = 0.1) {
  const random = randomOf(seed);
  const state = newSeries(MONDAY);
  for (let day = 0; day < days; day++) {
    const count = Math.round(100 * Math.exp(scatter * random.normal()) * (1 + growth) ** Math.max(0, day - 14));
    for (let hour = 0; hour < 24; hour++) step(state, calls(count));
  }
  return state;
}

it("sees growth of three percent a day, since when and how much", () => {
  const burn = slowBurn(grown(35, 0.03));
  expect(burn).toBeDefined();
  expect((burn?.sinceDay ?? 0) - dayOf(MONDAY)).toBeGreaterThanOrEqual(14);
  expect((burn?.sinceDay ?? 0) - dayOf(MONDAY)).toBeLessThan(25);
  expect(burn?.cost).toBeGreaterThan(1.25 * (burn?.usualCost ?? 0));
});

it("is silent about growth by less than a quarter", () => {
  expect(slowBurn(grown(35, 0.018, 4, 0.01))).toBeUndefined();
  expect(slowBurn(grown(35, 0.03, 4, 0.01))).toBeDefined();
});

it("is silent about days that only scatter, about shrinking, and before five weeks are known", () => {
  for (let seed = 1; seed < 20; seed++) expect(slowBurn(grown(40, 0, seed))).toBeUndefined();
  expect(slowBurn(grown(35, -0.05))).toBeUndefined();
  expect(slowBurn(grown(34, 0.05))).toBeUndefined();
});
