import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomOf } from "../../test/bench/cost/random.ts";
import { calls, expectationOf, MONDAY, steady } from "../../test/bench/cost/steady.ts";
import { aggregateEvidenceOf, dearModel, evidenceOf, newSpender, thresholds } from "./evidence.ts";
import { driverOf } from "./explain.ts";
import { type HourTotals, newSeries, type SeriesState } from "./series-state.ts";
import { step } from "./step.ts";

const ORDINARY = { decades: 0, dollars: 1 };
const ask = (state: SeriesState, totals: HourTotals, bar = ORDINARY) =>
  evidenceOf(state, totals, expectationOf(state), bar);
const detectorOf = (state: SeriesState, totals: HourTotals) => ask(state, totals)?.detector;

describe("surge", () => {
  it("is an hour far beyond the series' own tail, told before the hour is over", () => {
    const state = steady(30);
    expect(detectorOf(state, calls(100))).toBeUndefined();
    expect(detectorOf(state, calls(140))).toBeUndefined();
    const evidence = ask(state, calls(600));
    expect(evidence).toMatchObject({ detector: "surge", startHour: state.nextHour, cost: 6, calls: 600 });
    expect(evidence?.usualCost).toBeCloseTo(1, 0);
  });

  it("holds once it is seen: more of the hour never takes it back", () => {
    const state = steady(30);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 5_000 }), (one, other) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        if (detectorOf(state, calls(less)) === "surge") expect(detectorOf(state, calls(more))).toBe("surge");
      }),
    );
  });

  it("is not worth a person's time below two dollars and a half", () => {
    const state = steady(30, 10);
    const least = (thresholds.surgeDollars + 0.1) * 100;
    expect(detectorOf(state, calls(Math.round(least * 1.2)))).toBe("surge");
    expect(detectorOf(state, calls(Math.round(least * 0.8)))).toBeUndefined();
  });

  it("gathers evidence over hours none of which would do", () => {
    const state = steady(30);
    const start = state.nextHour;
    let hours = 0;
    while (detectorOf(state, calls(260)) === undefined && hours < 10) {
      step(state, calls(260));
      hours++;
    }
    expect(hours).toBeGreaterThan(0);
    expect(hours).toBeLessThan(6);
    expect(ask(state, calls(260))).toMatchObject({
      detector: "surge",
      startHour: start,
      calls: 260 * (hours + 1),
    });
  });

  it("says nothing in the first three days, when nothing can be improbable", () => {
    expect(detectorOf(steady(2), calls(5_000))).toBeUndefined();
    expect(detectorOf(steady(4), calls(5_000))).toBe("surge");
  });

  it("asks for more where people said that it was not useful", () => {
    const state = steady(30);
    const enough = { decades: 0, dollars: 1 };
    expect(ask(state, calls(420), enough)?.detector).toBe("surge");
    state.raisedBy = 1.5;
    state.raisedUntil = state.nextHour + 1;
    expect(ask(state, calls(420), enough)).toBeUndefined();
    state.raisedUntil = state.nextHour;
    expect(ask(state, calls(420), enough)?.detector).toBe("surge");
  });
});

describe("unit-cost", () => {
  it("is a call that costs several times the usual, however few calls there are", () => {
    const state = steady(30);
    const dear = (times: number) => calls(150, { cost: 1.5 * times, inputTokens: 150_000 * times });
    // 2.5 times counts; the last hours are in the window, so this hour must be somewhat dearer.
    expect(detectorOf(state, dear(2))).toBeUndefined();
    expect(ask(state, dear(12))).toMatchObject({ detector: "unit-cost" });
  });

  it("waits for a dollar", () => {
    const state = steady(30, 4);
    expect(detectorOf(state, calls(4, { cost: 0.9, inputTokens: 90_000 }))).toBeUndefined();
    expect(detectorOf(state, calls(4, { cost: 1.4, inputTokens: 130_000 }))).toBe("unit-cost");
  });

  it("tells what the hours since then cost, and not what was before", () => {
    const state = steady(30, 4);
    const start = state.nextHour;
    const dear = (cost: number) => calls(4, { cost, inputTokens: 100_000 * cost });
    expect(ask(state, dear(4))).toMatchObject({ detector: "unit-cost", startHour: start, cost: 4, calls: 4 });
    step(state, dear(0.4));
    step(state, dear(0.4));
    const later = ask(state, dear(4));
    expect(later).toMatchObject({ detector: "unit-cost", startHour: start, calls: 12 });
    expect(later?.cost).toBeCloseTo(4.8, 4);
    expect(later?.tokens).toBeCloseTo(480_000 + 3 * dear(4).outputTokens, 0);
    // A cent a call; what is usual has hardly been moved by what is not.
    expect(later?.usualCost).toBeGreaterThan(0.1);
    expect(later?.usualCost).toBeLessThan(0.3);
  });

  it("does not take calls that multiplied as well for usual", () => {
    const state = steady(30);
    const both = ask(state, calls(3_000, { cost: 90, inputTokens: 9_000_000 }));
    expect(both?.detector).toBe("unit-cost");
    expect(both?.usualCost).toBeCloseTo(1, 0);
    expect(both?.usualCalls).toBeGreaterThan(80);
    expect(both?.usualCalls).toBeLessThan(120);
    expect(both && driverOf(both)).toBe("calls");
    const dearer = ask(state, calls(120, { cost: 20, inputTokens: 2_000_000 }));
    expect(dearer).toMatchObject({ detector: "unit-cost", usualCalls: 120 });
    expect(dearer && driverOf(dearer)).toBe("tokens per call");
  });

  it("is no matter of an aggregate, whose make-up changes with who uses it", () => {
    const state = steady(30, 4);
    const dear = calls(4, { cost: 2.2, inputTokens: 200_000 });
    expect(aggregateEvidenceOf(state, dear, expectationOf(state), ORDINARY)).toBeUndefined();
    const many = aggregateEvidenceOf(state, calls(900), expectationOf(state), ORDINARY);
    expect(many?.detector).toBe("surge");
  });
});

describe("retry-storm", () => {
  const retried = (count: number, changes: Partial<HourTotals> = {}) =>
    calls(count, { cost: count * 0.008, outputTokens: count * 20, ...changes });

  it("is many calls with answers that have shrunk", () => {
    const state = steady(30);
    expect(detectorOf(state, retried(1_200))).toBe("retry-storm");
  });

  it("is many calls most of which failed, where few do", () => {
    const state = steady(30);
    expect(ask(state, calls(900, { errors: 500 }))).toMatchObject({
      detector: "retry-storm",
      errorShare: 500 / 900,
    });
    expect(detectorOf(state, calls(900, { errors: 400 }))).not.toBe("retry-storm");
    expect(detectorOf(state, calls(380, { errors: 370 }))).not.toBe("retry-storm");
  });
});

it("calls many calls whose questions have grown a surge: a retry asks the same again", () => {
  const larger = calls(400, { cost: 8, inputTokens: 400 * 6_000 });
  const evidence = ask(steady(30), larger);
  expect(evidence?.detector).toBe("surge");
  expect(evidence && driverOf(evidence)).toBe("tokens per call");
});

it("calls many calls whose answers have grown a surge: a retry's answer is short", () => {
  const state = steady(30);
  const lengthened = calls(400, { cost: 12, outputTokens: 400 * 2_000 });
  expect(detectorOf(state, lengthened)).toBe("surge");
});

describe("day-surge", () => {
  /** The first hours of a day at so many times the usual, in small steps that surprise nobody by themselves. */
  function dayAt(times: number): string | undefined {
    const state = steady(30);
    state.evidence = 0;
    for (let hour = 0; hour < 23; hour++) {
      state.todayCost += times;
      state.todayCalls += 100 * times;
      state.nextHour++;
    }
    return detectorOf(state, calls(100));
  }

  it("is a day that costs twice the greatest of four weeks", () => {
    expect(dayAt(1.9)).toBeUndefined();
    expect(dayAt(2.6)).toBe("day-surge");
  });

  it("needs ten days to know what a day is", () => {
    const young = steady(9);
    young.todayCost = 200;
    young.todayCalls = 20_000;
    expect(detectorOf(young, calls(100))).toBeUndefined();
    const older = steady(11);
    older.todayCost = 200;
    older.todayCalls = 20_000;
    expect(detectorOf(older, calls(100))).toBe("day-surge");
  });
});

describe("slow-leak", () => {
  /** The day on which a leak is seen, where calls grow by these factors. */
  function seenOn(sizes: readonly number[], seed = 7): number | undefined {
    const state = steady(30, 100, seed);
    const random = randomOf(seed);
    for (const [day, size] of sizes.entries()) {
      for (let hour = 0; hour < 24; hour++) {
        const scattered = size * Math.exp(0.02 * random.normal());
        const totals = calls(100, { cost: scattered, inputTokens: Math.round(100_000 * scattered) });
        if (detectorOf(state, totals) === "slow-leak") return day;
        step(state, totals);
      }
    }
    return undefined;
  }

  it("is found while calls grow by a tenth a day", () => {
    expect(seenOn(Array.from({ length: 12 }, (_, day) => 1.1 ** day))).toBeLessThanOrEqual(8);
  });

  it("is not a release that makes calls larger once and for all", () => {
    for (let seed = 1; seed < 9; seed++) {
      expect(seenOn([1, 1.8, 1.8, 1.8, 1.8, 1.8, 1.8, 1.8], seed)).toBeUndefined();
      expect(seenOn([1, 1.4, 1.8, 1.8, 1.8, 1.8, 1.8, 1.8], seed)).toBeUndefined();
      expect(seenOn([1, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3], seed)).toBeUndefined();
      expect(seenOn([1.06, 1.12, 1.18, 3, 3, 3, 3, 3], seed)).toBeUndefined();
    }
  });

  it("counts what has leaked since it began", () => {
    const state = steady(30);
    const begun = state.nextHour;
    let evidence = ask(state, calls(100));
    for (let hour = 0; evidence === undefined && hour < 24 * 12; hour++) {
      const size = 1.12 ** Math.floor(hour / 24);
      const totals = calls(100, { cost: size, inputTokens: Math.round(100_000 * size) });
      evidence = ask(state, totals);
      if (!evidence) step(state, totals);
    }
    expect(evidence?.detector).toBe("slow-leak");
    expect(evidence && evidence.cost - evidence.usualCost).toBeGreaterThan(thresholds.leakDollars);
    expect(evidence && Math.abs(evidence.startHour - begun)).toBeLessThanOrEqual(48);
  });
});

describe("dear-model", () => {
  const ask = (leaf: SeriesState, totals: HourTotals, principal: SeriesState) =>
    dearModel(leaf, totals, expectationOf(leaf), principal, ORDINARY);

  it("is a new model at four times the price that its principal usually pays", () => {
    const principal = steady(30);
    const leaf = newSeries(principal.nextHour);
    // The principal pays a cent for 1,200 tokens.
    const priced = (times: number) => calls(100, { cost: times });
    expect(ask(leaf, priced(3.9), principal)).toBeUndefined();
    expect(ask(leaf, priced(4.2), principal)).toMatchObject({ detector: "dear-model", cost: 4.2 });
    expect(ask(leaf, calls(10, { cost: 0.9 }), principal)).toBeUndefined();
    expect(ask(leaf, calls(10, { cost: 1.1 }), principal)).toBeDefined();
  });

  it("tells all that was spent on it since then, a day later, too", () => {
    const principal = steady(30);
    const leaf = newSeries(principal.nextHour);
    const start = leaf.nextHour;
    const dear = calls(100, { cost: 5 });
    for (let hour = 0; hour < 29; hour++) step(leaf, dear);
    const evidence = ask(leaf, dear, principal);
    expect(evidence).toMatchObject({ detector: "dear-model", startHour: start });
    expect(evidence?.cost).toBeCloseTo(150, 3);
    // The principal pays a cent a call of as many tokens.
    expect(evidence?.usualCost).toBeCloseTo(30, 0);
  });

  it("is not a dear model that the principal uses every day", () => {
    const principal = steady(30);
    const leaf = newSeries(MONDAY);
    for (let hour = 0; hour < 30 * 24; hour++) step(leaf, calls(10, { cost: 1 }));
    expect(ask(leaf, calls(10, { cost: 2 }), principal)).toBeUndefined();
    expect(ask(leaf, calls(1_500, { cost: 150 }), principal)?.detector).toBe("dear-model");
  });
});

describe("new-spender", () => {
  const spent = (dollars: number, medianPrice: number, age = 0) => {
    const state = newSeries(MONDAY);
    state.nextHour = MONDAY + age;
    return newSpender(state, calls(100, { cost: dollars }), medianPrice, ORDINARY);
  };
  /** 100 calls are 120,000 tokens. */
  const price = (dollars: number) => dollars / 120_000;

  it("may spend the less, the dearer its tokens are", () => {
    expect(spent(4.9, price(1))).toBeUndefined();
    expect(spent(5.1, price(1))?.detector).toBe("new-spender");
    expect(spent(24.9, price(12))).toBeUndefined();
    expect(spent(25.1, price(12))?.detector).toBe("new-spender");
    expect(spent(99, price(99))).toBeUndefined();
    expect(spent(101, price(101))?.detector).toBe("new-spender");
  });

  it("is taken for middling where tokens or prices are not known", () => {
    expect(spent(24.9, 0)).toBeUndefined();
    expect(spent(25.1, 0)?.detector).toBe("new-spender");
  });

  it("is new for three days", () => {
    expect(spent(200, price(2), 71)?.detector).toBe("new-spender");
    expect(spent(200, price(2), 72)).toBeUndefined();
  });
});

it("asks for larger amounts and more evidence under a higher bar", () => {
  const state = steady(30);
  expect(ask(state, calls(450))?.detector).toBe("surge");
  expect(ask(state, calls(450), { decades: 0, dollars: 2 })).toBeUndefined();
  expect(ask(state, calls(450), { decades: 3, dollars: 1 })).toBeUndefined();
});
