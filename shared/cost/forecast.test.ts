import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomOf } from "../../test/bench/cost/random.ts";
import { exceedance, expectedHour, learnDay, newSpendModel, quantile, restOf } from "./forecast.ts";

/** A Monday. */
const FIRST = Date.UTC(2026, 0, 5) / 86_400_000;
const evenly = (amount: number): number[] => new Array<number>(24).fill(amount / 24);

/** Weekdays of 100 and weekends of 20, scattered. */
function learned(days: number, scatter = 0, seed = 3) {
  const random = randomOf(seed);
  const model = newSpendModel();
  for (let day = 0; day < days; day++)
    learnDay(model, FIRST + day, evenly((day % 7 >= 5 ? 20 : 100) * Math.exp(scatter * random.normal())));
  return model;
}

describe("forecast", () => {
  it("knows weekdays from weekends", () => {
    const model = learned(28);
    const monday = (FIRST + 28) * 24;
    const day = (index: number) => restOf(model, monday + index * 24, monday + (index + 1) * 24).mean;
    expect(day(0)).toBeGreaterThan(80);
    expect(day(5)).toBeLessThan(40);
    expect(Math.abs(restOf(model, monday, monday + 7 * 24).mean - 540)).toBeLessThan(40);
  });

  it("knows the shape of a day", () => {
    const model = newSpendModel();
    const morning = new Array<number>(24).fill(0).map((_, hour) => (hour === 9 ? 60 : 0));
    for (let day = 0; day < 60; day++) learnDay(model, FIRST + day, morning);
    const day = (FIRST + 60) * 24;
    expect(expectedHour(model, day + 9)).toBeCloseTo(60, 0);
    expect(restOf(model, day + 10, day + 24).mean).toBeLessThan(1);
  });

  it("of parts adds up to that of the whole", () => {
    const model = learned(30, 0.3);
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), fc.nat(500), (start, first, second) => {
        const from = (FIRST + 30) * 24 + start;
        const parts =
          restOf(model, from, from + first).mean + restOf(model, from + first, from + first + second).mean;
        expect(parts).toBeCloseTo(restOf(model, from, from + first + second).mean, 6);
      }),
    );
  });

  it("holds what comes in at least eight of ten months, where days only scatter", () => {
    let held = 0;
    const runs = 200;
    for (let seed = 1; seed <= runs; seed++) {
      const random = randomOf(seed);
      const model = learned(40, 0.4, seed);
      let came = 0;
      for (let day = 40; day < 60; day++) came += (day % 7 >= 5 ? 20 : 100) * Math.exp(0.4 * random.normal());
      const rest = restOf(model, (FIRST + 40) * 24, (FIRST + 60) * 24);
      if (came >= quantile(rest, 0.1) && came <= quantile(rest, 0.9)) held++;
    }
    expect(held / runs).toBeGreaterThan(0.8);
  });

  it("believes an enormous day only in part", () => {
    const model = learned(28);
    learnDay(model, FIRST + 28, evenly(100_000));
    const next = (FIRST + 29) * 24;
    expect(restOf(model, next, next + 24).mean).toBeLessThan(200);
  });
});

describe("log-normal rest", () => {
  it("exceeds its quantiles as often as they say", () => {
    const rest = { mean: 500, deviation: 200 };
    for (const probability of [0.1, 0.5, 0.9, 0.99])
      expect(exceedance(rest, quantile(rest, probability))).toBeCloseTo(1 - probability, 5);
  });

  it("is certain to exceed nothing, and never exceeds anything where nothing is expected", () => {
    expect(exceedance({ mean: 5, deviation: 1 }, 0)).toBe(1);
    expect(exceedance({ mean: 5, deviation: 1 }, -3)).toBe(1);
    expect(exceedance({ mean: 0, deviation: 0 }, 1)).toBe(0);
    expect(quantile({ mean: 0, deviation: 0 }, 0.9)).toBe(0);
    expect(exceedance({ mean: 5, deviation: 0 }, 4)).toBeCloseTo(1, 9);
    expect(exceedance({ mean: 5, deviation: 0 }, 6)).toBeCloseTo(0, 9);
  });
});
