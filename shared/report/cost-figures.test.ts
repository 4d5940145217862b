import { describe, expect, it } from "vitest";
import { billedOn, loggedOn, november, settledMonth } from "../../test/billed-month.ts";
import type { EntityRow, UsageRow } from "../model/ledger.ts";
import { type EpochMs, HOUR_MS, type NanoUsd } from "../model/units.ts";
import type { Budget } from "../policy/policy.ts";
import {
  budgetState,
  type CostPorts,
  costFigures,
  crossingOf,
  endOfSightings,
  startOfSightings,
} from "./cost-figures.ts";

const budget = (given: Partial<Budget>): Budget => ({
  name: "everything",
  scope: { kind: "organization", uid: "" },
  measure: "cost",
  amount: 3_000,
  period: "month",
  since: 0 as EpochMs,
  ...given,
});

/** A hundred dollars a day until the end of the 20th, each day in its twelfth hour. */
const month = settledMonth(100).filter(({ hour }) => hour < november(21));
const figuresOf = (usage: readonly UsageRow[], given: Partial<CostPorts>) =>
  costFigures(usage, { budgets: [], capacity: [], now: november(21), ...given });

describe("a budget's figures", () => {
  it("have a course by day that ends with what is used, and a band by day that ends with the forecast", () => {
    const [figures] = figuresOf(month, { budgets: [budget({})] }).budgets;
    expect(figures?.course.map(({ used }) => used)).toEqual(Array.from({ length: 20 }, (_, at) => (at + 1) * 100));
    expect(figures?.course.at(-1)).toEqual({ day: november(20), used: figures?.used });
    expect(figures?.ahead.map(({ day }) => day)).toEqual(Array.from({ length: 10 }, (_, at) => november(21 + at)));
    expect(figures?.ahead.at(-1)).toEqual({
      day: november(30),
      expected: figures?.forecast,
      low: figures?.low,
      high: figures?.high,
    });
    expect(figures?.forecast).toBeGreaterThan(2_900);
    expect(figures?.forecast).toBeLessThan(3_100);
    for (const { expected, low, high } of figures?.ahead ?? []) {
      expect(low).toBeLessThan(expected);
      expect(high).toBeGreaterThan(expected);
    }
  });

  it("count each dollar once, whoever else tells of it, and no bill", () => {
    const again = month.map((row) => ({ ...row, view: "gateway" as const, source: "litellm.spend" }));
    const [once] = figuresOf(month, { budgets: [budget({})] }).budgets;
    const [twice] = figuresOf([...month, ...again], { budgets: [budget({})] }).budgets;
    expect(once?.used).toBe(2_000);
    expect(twice?.used).toBe(2_000);
  });

  it("are of the scope, the measure and the period that the budget names", () => {
    const usage = [
      loggedOn(14, 5, { owner: "Search", team: "else", app: "lens", principal: "role/app" }),
      loggedOn(15, 7, { team: "Search", calls: 4, inputTokens: 60, outputTokens: 6 }),
      loggedOn(20, 11, { owner: "Support" }),
    ];
    const used = (given: Partial<Budget>) =>
      figuresOf(usage, { budgets: [budget(given)] }).budgets.map((one) => [one.used, one.course.at(-1)?.used]);
    const search = { kind: "team", uid: "Search" } as const;
    expect(used({ scope: search })).toEqual([[12, 12]]);
    expect(used({ scope: { kind: "app", uid: "lens" } })).toEqual([[5, 5]]);
    expect(used({ scope: { kind: "principal", uid: "role/app" } })).toEqual([[5, 5]]);
    // Whose caller no log names is its account's.
    expect(used({ scope: { kind: "principal", uid: "account 111122223333" } })).toEqual([[18, 18]]);
    expect(used({ scope: search, measure: "calls" })).toEqual([[14, 14]]);
    expect(used({ scope: search, measure: "tokens" })).toEqual([[1_066, 1_066]]);
    expect(used({ period: 7, since: november(1) })).toEqual([[18, 18]]);
    expect(used({ since: november(20, 12) })).toEqual([[11, 11]]);
    expect(used({ since: november(20, 13) })).toEqual([[0, 0]]);
    expect(used({ since: november(25) })).toEqual([]);
    expect(used({ until: november(15) })).toEqual([]);
  });

  it("say when the amount was reached, or when it is expected to be", () => {
    const state = (amount: number, now: EpochMs = november(21)) => {
      const [figures] = figuresOf(month, { budgets: [budget({ amount })], now }).budgets;
      return figures && [budgetState(figures).word, crossingOf(figures)];
    };
    expect(state(2_000)).toEqual(["Crossed", { time: november(20), isExpected: false }]);
    expect(state(2_000.01)).toEqual(["Will not last", { time: november(21), isExpected: true }]);
    expect(state(2_550)?.[1]).toEqual({ time: november(26), isExpected: true });
    expect(state(9_000)).toEqual(["Lasts", undefined]);
    expect(state(9_000, november(31))).toBeDefined();
  });

  it("of a period that is over say whether it was kept", () => {
    const whole = settledMonth(100);
    const word = (amount: number) =>
      figuresOf(whole, { budgets: [budget({ amount })], now: november(31) }).budgets.map(
        (one) => budgetState(one).word,
      );
    expect(word(3_000.01)).toEqual(["Kept"]);
    expect(word(3_000)).toEqual(["Crossed"]);
  });

  it("forecast the month also where there is no budget, and nothing where there is no use", () => {
    expect(figuresOf(month, {})).toMatchObject({ budgets: [], month: { used: 2_000, periodEnd: november(31) } });
    expect(figuresOf([], {}).month).toBeUndefined();
  });
});

describe("unit costs", () => {
  it("have a line for each value and in it a day for each day of use", () => {
    const [first, second] = figuresOf(
      [loggedOn(3, 2), loggedOn(3, 1), loggedOn(5, 6), loggedOn(5, 0.5, { model: "b" })],
      {},
    ).units("model");
    expect([first?.value, first?.calls, first?.perCall]).toEqual(["anthropic/claude-sonnet-4-5", 30, 0.3e9]);
    expect(first?.days.map(({ day, perCall }) => [day, perCall])).toEqual([
      [november(3), 0.15e9],
      [november(5), 0.6e9],
    ]);
    expect(second).toMatchObject({ value: "b", days: [{ day: november(5) }] });
  });

  it("have drifted on the last complete day, not on the one that runs", () => {
    const dear = { calls: 100, inputTokens: 1_000 };
    const usage = Array.from({ length: 30 }, (_, at) => loggedOn(at - 9, at === 28 ? 20 : 10, dear));
    const measures = (now: EpochMs) =>
      figuresOf(usage, { now })
        .drift("provider")
        .map(({ measure }) => measure);
    expect(measures((november(20) + HOUR_MS) as EpochMs)).toEqual(["perCall", "perThousandTokens"]);
    expect(measures(november(20))).toEqual(["perCall", "perThousandTokens"]);
    expect(measures(november(19))).toEqual([]);
    expect(measures(november(21))).toEqual([]);
  });
});

describe("what takes longer", () => {
  it("is the reconciliation of all bills and the advice that prices allow", () => {
    const figures = figuresOf([...settledMonth(100), billedOn(5, 40, { account: "999988887777" })], {});
    expect(
      figures
        .reconciliation()
        .some(({ account, billedNanoUsd }) => account === "999988887777" && billedNanoUsd === 40e9),
    ).toBe(true);
    expect(figures.advice()).toEqual([]);
    const idle = {
      uid: "arn:pt",
      account: "111122223333",
      provider: "aws.bedrock",
      since: november(1),
      calls: 0,
    };
    const [advice] = figuresOf(settledMonth(100), {
      capacity: [idle],
      capacityPrice: () => 2e9 as NanoUsd,
    }).advice();
    expect(advice).toMatchObject({ kind: "idle-capacity", monthlySavingNanoUsd: 2e9 * 24 * 30 });
  });
});

describe("what is known", () => {
  it("reaches from the first sighting to the end of the hour of the last", () => {
    const seen = (first: number, last: number): EntityRow => ({
      type: "model",
      uid: "m",
      name: "m",
      firstSeenTime: first as EpochMs,
      lastSeenTime: last as EpochMs,
    });
    const rows = [seen(november(3) + 7, november(4)), seen(november(5), november(6) + 5 * HOUR_MS + 9)];
    expect(endOfSightings(rows)).toBe(november(6, 6));
    expect(startOfSightings(rows)).toBe(november(3) + 7);
    expect(endOfSightings([seen(0, november(7) - 1)])).toBe(november(7));
    expect(endOfSightings([seen(0, november(7))])).toBe(november(7) + HOUR_MS);
    expect([endOfSightings([]), startOfSightings([])]).toEqual([undefined, undefined]);
  });
});
