import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { billedOn, loggedOn, november } from "../../test/billed-month.ts";
import { usageRows } from "../../test/contract/activity.arbitrary.ts";
import type { UsageRow } from "../model/ledger.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import { allocate } from "./allocate.ts";

const sum = (rows: readonly UsageRow[]) => rows.reduce((total, row) => total + row.billedNanoUsd, 0);
/** Dollars by principal. */
const shares = (...rows: readonly UsageRow[]) =>
  Object.fromEntries(allocate(rows).counted.map((row) => [row.principal, row.billedNanoUsd / 1e9]));

describe("an allocated bill", () => {
  it("is shared out in proportion to what the calls should have cost", () => {
    const calls = [loggedOn(3, 1, { principal: "a" }), loggedOn(3, 3, { principal: "b" })];
    expect(shares(...calls, billedOn(3, 10))).toEqual({ a: 2.5, b: 7.5 });
  });

  it("goes by tokens where no price is known, and by calls where no tokens are", () => {
    const a = { principal: "a", inputTokens: 30, calls: 1 };
    const b = { principal: "b", inputTokens: 70, calls: 4 };
    expect(shares(loggedOn(3, 0, a), loggedOn(3, 0, b), billedOn(3, 10))).toEqual({ a: 3, b: 7 });
    const none = { inputTokens: 0 };
    expect(shares(loggedOn(3, 0, { ...a, ...none }), loggedOn(3, 0, { ...b, ...none }), billedOn(3, 10))).toEqual({
      a: 2,
      b: 8,
    });
  });

  it("goes to the model that it names, to all where it names none, and to nobody where nobody called it", () => {
    const calls = [loggedOn(3, 1, { principal: "a", model: "m" }), loggedOn(3, 1, { principal: "b", model: "n" })];
    expect(shares(...calls, billedOn(3, 4, { model: "m" }))).toEqual({ a: 4, b: 0 });
    expect(shares(...calls, billedOn(3, 4, { model: "" }))).toEqual({ a: 2, b: 2 });
    const opus = billedOn(3, 1_000, { model: "x" });
    expect(shares(...calls, opus)).toEqual({ a: 0, b: 0 });
    expect(allocate([...calls, opus]).unlogged).toEqual([opus]);
  });

  it("goes to its own day, account and door, and to the month where it is a month's", () => {
    const [third, fourth] = [loggedOn(3, 1, { principal: "a" }), loggedOn(4, 1, { principal: "b" })];
    expect(shares(third, fourth, billedOn(3, 6))).toEqual({ a: 6, b: 0 });
    expect(shares(third, fourth, billedOn(3, 6, { account: "other" }))).toEqual({ a: 0, b: 0 });
    expect(shares(third, fourth, billedOn(3, 6, { provider: "openai" }))).toEqual({ a: 0, b: 0 });
    expect(shares(third, fourth, billedOn(1, 6))).toEqual({ a: 3, b: 3 });
  });

  it("for capacity goes to calls without a price of their own by tokens, and to nobody where there are none", () => {
    const reserved = (given: Partial<UsageRow>) => loggedOn(3, 0, { unpricedCalls: 10, ...given });
    const capacity = billedOn(3, 8, { model: "", capacityNanoUsd: 8e9 });
    const onDemand = loggedOn(3, 1, { principal: "a" });
    const users = [reserved({ principal: "b", inputTokens: 100 }), reserved({ principal: "c", inputTokens: 300 })];
    expect(shares(onDemand, ...users, capacity)).toEqual({ a: 0, b: 2, c: 6 });
    expect(shares(onDemand, ...users, { ...capacity, billedNanoUsd: 9e9 })).toEqual({ a: 1, b: 2, c: 6 });
    const [some, more] = users.map((row, at) => ({ ...row, estimatedNanoUsd: at === 0 ? 1e9 : 0 }));
    expect(shares(...(some && more ? [some, more] : []), capacity)).toEqual({ b: 2, c: 6 });
    const { counted, billed, unlogged } = allocate([onDemand, capacity]);
    expect([sum(counted), billed.size, sum(unlogged)]).toEqual([0, 0, 8e9]);
  });

  it("keeps what no logged call can take", () => {
    const { counted, unlogged } = allocate([loggedOn(3, 1), billedOn(9, 6), billedOn(3, 1, { account: "dark" })]);
    expect(sum(counted)).toBe(0);
    expect(unlogged.map(({ hour }) => hour).sort()).toEqual([november(3), november(9)]);
  });

  it("says which calls were billed, also those that none of the bill is for", () => {
    const { counted, billed } = allocate([
      loggedOn(3, 1, { model: "m" }),
      loggedOn(3, 1, { model: "n" }),
      loggedOn(4, 1),
      billedOn(3, 4, { model: "m" }),
      billedOn(2, 1),
    ]);
    expect(counted.map((row) => billed.has(row))).toEqual([true, true, false]);
  });

  it("adds up to the bill, to the last nano-dollar, and changes nothing else", () => {
    fc.assert(
      fc.property(usageRows, (rows) => {
        const before = systemOfRecord(rows);
        const { counted, unlogged } = allocate(rows);
        expect(sum(counted) + sum(unlogged)).toBe(sum(before.counted) + sum(before.billed));
        expect(counted.map((row) => ({ ...row, billedNanoUsd: 0 }))).toEqual(
          before.counted.map((row) => ({ ...row, billedNanoUsd: 0 })),
        );
      }),
      { numRuns: 300 },
    );
  });
});
