import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import type { Detector, Evidence } from "./evidence.ts";
import { decompose, dollars, driverOf, sentenceFor } from "./explain.ts";

const END = Date.UTC(2026, 3, 7, 6) as EpochMs;
const HOUR = END / HOUR_MS - 1;

const loop: Evidence = {
  detector: "surge",
  startHour: HOUR - 2,
  cost: 52.41,
  usualCost: 0.24,
  calls: 1_500,
  usualCalls: 10,
  tokens: 3_300_000,
  usualTokens: 20_000,
  hourExcess: 17,
};

const detector = fc.constantFrom<Detector>(
  "surge",
  "unit-cost",
  "retry-storm",
  "day-surge",
  "slow-leak",
  "dear-model",
  "new-spender",
  "team-lift",
);
const figure = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 1e9, noNaN: true }),
  fc.double({ min: 0, max: 1e-6, noNaN: true }),
);
const anyEvidence: fc.Arbitrary<Evidence> = fc.record({
  detector,
  startHour: fc.integer({ min: HOUR - 500, max: HOUR }),
  cost: figure,
  usualCost: figure,
  calls: figure,
  usualCalls: figure,
  tokens: figure,
  usualTokens: figure,
  hourExcess: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
});

describe("decomposition", () => {
  it("adds up to the difference, to the cent", () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const parts = decompose(evidence);
        if (!parts) return;
        const whole = parts.reduce((sum, part) => sum + part.dollars, 0);
        const difference = evidence.cost - evidence.usualCost;
        expect(Math.abs(whole - difference)).toBeLessThanOrEqual(
          1e-6 * Math.max(1, evidence.cost, evidence.usualCost),
        );
      }),
    );
  });

  it("gives each cause what it did", () => {
    const twice = { ...loop, cost: 2, usualCost: 1, calls: 20, usualCalls: 10, tokens: 200, usualTokens: 100 };
    expect(decompose(twice)?.map((part) => part.dollars)).toEqual(
      [1, 0, 0].map((part) => expect.closeTo(part, 9)),
    );
    const larger = { ...twice, calls: 10 };
    expect(decompose(larger)?.map((part) => part.dollars)).toEqual(
      [0, 1, 0].map((part) => expect.closeTo(part, 9)),
    );
    const dearer = { ...twice, calls: 10, tokens: 100 };
    expect(decompose(dearer)?.map((part) => part.dollars)).toEqual(
      [0, 0, 1].map((part) => expect.closeTo(part, 9)),
    );
  });

  it("has nothing to say without a usual", () => {
    expect(decompose({ ...loop, usualCost: 0 })).toBeUndefined();
    expect(decompose({ ...loop, usualCalls: 0 })).toBeUndefined();
  });

  it("is of calls and the price of a call where tokens are not known", () => {
    const images = { ...loop, cost: 8, usualCost: 1, calls: 20, usualCalls: 10, tokens: 0, usualTokens: 0 };
    expect(decompose(images)?.map(({ of, ratio }) => [of, ratio])).toEqual([
      ["calls", expect.closeTo(2, 9)],
      ["price per call", expect.closeTo(4, 9)],
    ]);
    expect(driverOf(images)).toBe("price per call");
    expect(sentenceFor("p1", images, END)).toContain(
      "driven by price per call × 4.0 ($4.67), calls × 2.0 ($2.33)",
    );
  });
});

describe("sentence", () => {
  it("says how much, since when, against what, and why", () => {
    expect(sentenceFor("search-prod", loop, END)).toBe(
      "search-prod spent $52.41 in the 3 h to 2026-04-07 06:00 UTC, 218 times the usual $0.24; driven by calls × 150 ($48.53); now $17.00 an hour above the usual",
    );
    expect(driverOf(loop)).toBe("calls");
  });

  it("says how long in the unit that fits", () => {
    const after = (minutes: number) => {
      const until = (loop.startHour * HOUR_MS + minutes * MINUTE_MS) as EpochMs;
      return /in the (.*) to/.exec(sentenceFor("p1", loop, until))?.[1];
    };
    expect([5, 59, 60, 144, 1_020, 7_200].map(after)).toEqual([
      "5 min",
      "59 min",
      "1 h",
      "2.4 h",
      "17 h",
      "5 days",
    ]);
  });

  it("names the dear model, the newcomer, the failures and the members", () => {
    const swap: Evidence = {
      ...loop,
      detector: "dear-model",
      usualCost: 1.7,
      children: [{ uid: "made-up/deep", share: 1 }],
    };
    expect(sentenceFor("p1", swap, END)).toContain("on made-up/deep in the 3 h");
    expect(sentenceFor("p1", swap, END)).toContain("31 times what the same tokens usually cost it");
    expect(driverOf(swap)).toBe("price per token");
    const newcomer: Evidence = { ...loop, detector: "new-spender", usualCost: 0, usualCalls: 0, usualTokens: 0 };
    expect(sentenceFor("p1", newcomer, END)).toContain("first seen then");
    expect(sentenceFor("p1", { ...loop, errorShare: 0.9 }, END)).toContain("90 % of the calls failed");
    const team: Evidence = {
      ...loop,
      detector: "team-lift",
      children: [
        { uid: "p2", share: 0.5 },
        { uid: "p3", share: 0.25 },
      ],
    };
    expect(sentenceFor("team-4", team, END)).toContain("most of it by p2 50 %, p3 25 %");
  });

  it("names beside what rose what fell, where that is much", () => {
    const fewer = { ...loop, cost: 20, usualCost: 10, calls: 40, usualCalls: 10, tokens: 200, usualTokens: 100 };
    expect(sentenceFor("p1", fewer, END)).toContain(
      "driven by calls × 4.0 ($20.00), but 50 % fewer tokens per call (-$10.00);",
    );
    const cheaper = { ...fewer, tokens: 800 };
    expect(sentenceFor("p1", cheaper, END)).toContain(", but 75 % lower price per token (-$20.00);");
  });

  it("adds up to the difference within 15 % where it names what drove it", () => {
    const amount = fc.double({ min: 1, max: 1e4, noNaN: true });
    const known = fc.record({
      cost: amount,
      usualCost: amount,
      calls: amount,
      usualCalls: amount,
      tokens: amount,
      usualTokens: amount,
    });
    fc.assert(
      fc.property(known, (figures) => {
        const text = sentenceFor("p1", { ...loop, ...figures }, END);
        const named = /driven by ([^;]*)/.exec(text)?.[1];
        if (named === undefined) return;
        const parts = [...named.matchAll(/\((-?)\$([\d.,]+)\)/g)].map(
          ([, sign, digits]) => (sign === "-" ? -1 : 1) * Number(digits?.replaceAll(",", "")),
        );
        const difference = figures.cost - figures.usualCost;
        const rounding = 0.5 * parts.length;
        const off = Math.abs(parts.reduce((sum, part) => sum + part, 0) - difference);
        expect(off).toBeLessThanOrEqual(0.15 * difference + rounding);
      }),
      { numRuns: 500 },
    );
  });

  it("tells no share that rounds to nothing", () => {
    const children = [
      { uid: "p2", share: 0.994 },
      { uid: "p3", share: 0.004 },
    ];
    expect(sentenceFor("team-4", { ...loop, children }, END)).toContain("most of it by p2 99 %;");
  });

  it("says how fast it goes on only of what goes on, and of a newcomer without a usual", () => {
    const hours = (later: number) => sentenceFor("p1", loop, END, (END + later * HOUR_MS) as EpochMs);
    expect(hours(0.2)).toContain("; now $17.00 an hour above the usual");
    expect(hours(5)).toContain("; $17.00 above the usual in its last hour");
    const newcomer: Evidence = { ...loop, detector: "new-spender", usualCost: 0 };
    expect(sentenceFor("p1", newcomer, END)).toMatch(/; now \$17\.00 an hour$/);
    expect(sentenceFor("p1", newcomer, END, (END + HOUR_MS) as EpochMs)).toMatch(/; \$17\.00 in its last hour$/);
  });

  it("says so where there is normally nothing", () => {
    expect(sentenceFor("p1", { ...loop, usualCost: 0.001 }, END)).toContain("normally no spend");
  });

  it("is never negative, infinite or no number, and the same for the same evidence", () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const text = sentenceFor("subject", evidence, END);
        expect(text).toBe(sentenceFor("subject", structuredClone(evidence), END));
        expect(text).not.toMatch(/NaN|Infinity|∞|undefined|\$-|[^(]-\$|usual -|[^ ]e\+/);
        expect(["calls", "tokens per call", "price per token", "price per call", "new spender"]).toContain(
          driverOf(evidence),
        );
      }),
      { numRuns: 500 },
    );
  });
});

it("writes amounts as people do", () => {
  expect([0, 0.0042, 0.01, 3.1, 99.99, 1_240.4, 2_000_000].map(dollars)).toEqual([
    "$0.00",
    "$0.0042",
    "$0.01",
    "$3.10",
    "$99.99",
    "$1,240",
    "$2,000,000",
  ]);
});
