import { describe, expect, it } from "vitest";
import { loggedOn, november } from "../../test/billed-month.ts";
import type { UsageRow } from "../model/ledger.ts";
import { driftOn, unitEconomicsBy, unitEconomicsOf } from "./unit-economics.ts";

describe("unit economics", () => {
  it("say what a call, a thousand tokens and failures cost, and what tokens were", () => {
    const rows = [
      loggedOn(3, 6, {
        calls: 30,
        failures: 3,
        inputTokens: 8_000,
        outputTokens: 2_000,
        cacheReadTokens: 6_000,
        reasoningTokens: 500,
        failedNanoUsd: 4e8,
      }),
      loggedOn(4, 4, { calls: 20, inputTokens: 8_000, outputTokens: 2_000 }),
    ];
    expect(unitEconomicsOf(rows)).toEqual({
      calls: 50,
      tokens: 20_000,
      costNanoUsd: 10e9,
      perCall: 0.2e9,
      perThousandTokens: 0.5e9,
      outputPerInput: 0.25,
      cacheHitShare: 0.375,
      reasoningShare: 0.125,
      failureShare: 0.06,
      failedNanoUsd: 4e8,
    });
  });

  it("leave out of prices what has none, and say nothing of what nobody measured", () => {
    const unpriced = loggedOn(3, 0, { calls: 70, unpricedCalls: 70 });
    expect(unitEconomicsOf([loggedOn(3, 1), unpriced])).toMatchObject({ calls: 80, perCall: 1e8 });
    expect(unitEconomicsOf([loggedOn(3, 1, { unpricedCalls: 5 })]).perCall).toBe(2e8);
    expect(unitEconomicsOf([loggedOn(3, 1, { calls: 0 })])).not.toHaveProperty("perCall");
    expect(unitEconomicsOf([])).toEqual({ calls: 0, tokens: 0, costNanoUsd: 0, failedNanoUsd: 0 });
  });

  it("are told by any part of the key, the dearest first, with what is nobody's, and each call once", () => {
    const rows = [
      loggedOn(3, 1, { customer: "acme" }),
      loggedOn(3, 5),
      loggedOn(3, 9, { customer: "acme", view: "gateway", source: "litellm.spend" }),
    ];
    expect(unitEconomicsBy(rows, "customer").map(({ value, costNanoUsd }) => [value, costNanoUsd / 1e9])).toEqual([
      ["", 5],
      ["acme", 1],
    ]);
  });

  it("tell a team by the policy's owner before the caller's tag", () => {
    const rows = [loggedOn(3, 1, { owner: "search", team: "ads" }), loggedOn(3, 2, { team: "data" })];
    expect(unitEconomicsBy(rows, "team").map(({ value }) => value)).toEqual(["data", "search"]);
  });
});

describe("drift", () => {
  const daily = (usd: (day: number) => number, given: Partial<UsageRow> = {}, days = 29) =>
    Array.from({ length: days }, (_, at) => loggedOn(at + 1, usd(at + 1), { calls: 100, ...given }));
  /** A little up and down from day to day. */
  const around = (usual: number) => (day: number) => usual * (1 + 0.02 * ((day % 5) - 2));
  const on = (rows: readonly UsageRow[], day = 29) => driftOn(rows, november(day), "customer");

  it("finds a price per call that left its four weeks, up and down", () => {
    const rows = daily(around(10)).slice(0, -1);
    expect(on([...rows, loggedOn(29, 14, { calls: 100, inputTokens: 1_400 })])).toMatchObject([
      { measure: "perCall", now: 14e7, usual: 10e7, calls: 100, costNanoUsd: 14e9 },
    ]);
    expect(on([...rows, loggedOn(29, 6, { calls: 100, inputTokens: 600 })])[0]?.deviations).toBeLessThan(-3.5);
    expect(on([...rows, loggedOn(29, 10.4, { calls: 100 })])).toEqual([]);
  });

  it("needs a fifth of a price and five points of a share where nothing ever moved", () => {
    const flat = daily(() => 10, { outputTokens: 100 }).slice(0, -1);
    const today = (usd: number, given: Partial<UsageRow>) =>
      on([...flat, loggedOn(29, usd, { calls: 100, outputTokens: 100, ...given })]).map(({ measure }) => measure);
    expect(today(11.9, {})).toEqual([]);
    expect(today(12.1, {})).toEqual(["perCall", "perThousandTokens"]);
    expect(today(10, { failures: 4 })).toEqual([]);
    expect(today(10, { failures: 6 })).toEqual(["failureShare"]);
    expect(today(10, { cacheReadTokens: 400 })).toEqual(["cacheHitShare"]);
  });

  it("is not hidden by one odd day before", () => {
    const rows = daily((day) => (day === 20 ? 100 : 10));
    expect(on([...rows.slice(0, -1), loggedOn(29, 15, { calls: 100, inputTokens: 1_500 })])).toHaveLength(1);
  });

  it("needs ten days before, twenty calls and a dollar", () => {
    const since = (first: number, given: Partial<UsageRow> = {}) =>
      on([
        ...daily(() => 10).filter((_, at) => at + 1 >= first && at < 28),
        loggedOn(29, 20, { calls: 100, inputTokens: 2_000, ...given }),
      ]).length;
    expect(since(19)).toBe(1);
    expect(since(20)).toBe(0);
    expect(since(1, { calls: 20, inputTokens: 400, estimatedNanoUsd: 4e9 })).toBe(1);
    expect(since(1, { calls: 19, inputTokens: 400, estimatedNanoUsd: 4e9 })).toBe(0);
    expect(since(1, { estimatedNanoUsd: 0.9e9, inputTokens: 90 })).toBe(0);
  });

  it("compares each value with itself, and the dearest is told first", () => {
    const rows = [
      ...daily(() => 10, { customer: "a" }).slice(0, -1),
      ...daily(() => 50, { customer: "b" }),
      ...daily(() => 5, { customer: "c" }).slice(0, -1),
      loggedOn(29, 20, { calls: 100, customer: "c", inputTokens: 4_000 }),
      loggedOn(29, 30, { calls: 100, customer: "a", inputTokens: 3_000 }),
    ];
    expect(on(rows).map(({ value, measure }) => [value, measure])).toEqual([
      ["a", "perCall"],
      ["c", "perCall"],
    ]);
  });

  it("does not look beyond its day or behind its four weeks", () => {
    const rows = daily(() => 10, {}, 60);
    const late = rows.map((row) => (row.hour > november(31) ? { ...row, estimatedNanoUsd: 90e9 } : row));
    expect(driftOn(late, november(29, 5), "customer")).toEqual([]);
    expect(driftOn(late, november(31), "customer").length).toBeGreaterThan(0);
  });
});
