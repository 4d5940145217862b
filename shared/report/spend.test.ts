import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { billedOn, loggedOn, november } from "../../test/billed-month.ts";
import { usageRows } from "../../test/contract/activity.arbitrary.ts";
import { usageRow } from "../../test/usage-rows.ts";
import { DAY_MS } from "../model/units.ts";
import {
  compareSpendBy,
  differenceOf,
  type SpendSums,
  spendBy,
  spendByDay,
  spendDimensions,
  spendOf,
  topOf,
  total,
  totalOf,
} from "./spend.ts";
import { systemOfRecord } from "./system-of-record.ts";

const usd = (dollars: number) => dollars * 1e9;
const sumOf = <Row>(rows: readonly Row[], measure: (row: Row) => number) =>
  rows.reduce((sum, row) => sum + measure(row), 0);
const amounts = (lines: readonly SpendSums[]) => [
  sumOf(lines, (line) => line.estimatedNanoUsd ?? 0),
  sumOf(lines, (line) => line.billedNanoUsd ?? 0),
  sumOf(lines, (line) => line.calls),
];

describe("spend", () => {
  it("is by UTC day and by whatever a row of usage says, the owner before the tag", () => {
    const rows = spendOf([
      loggedOn(3, 2, { owner: "Search", team: "tagged", app: "lens", region: "eu-west-1", principal: "role/app" }),
      loggedOn(3, 0.5, { team: "tagged", customer: "acme", task: "triage" }),
      loggedOn(4, 0.25, { model: "gpt-9-unheard-of" }),
    ]);
    expect(rows).toHaveLength(3);
    expect(rows[1]).toMatchObject({
      day: november(3),
      estimatedNanoUsd: usd(0.5),
      team: "tagged",
      customer: "acme",
    });
    expect(rows[0]).toEqual({
      day: november(3),
      team: "Search",
      app: "lens",
      customer: "",
      task: "",
      model: "anthropic/claude-sonnet-4-5",
      vendor: "anthropic",
      door: "aws.bedrock",
      account: "111122223333",
      principal: "role/app",
      region: "eu-west-1",
      source: "aws.bedrock-invocation",
      calls: 10,
      failures: 0,
      inputTokens: 1_000,
      outputTokens: 0,
      cacheReadTokens: 0,
      reasoningTokens: 0,
      estimatedNanoUsd: usd(2),
      failedNanoUsd: 0,
      unloggedNanoUsd: 0,
      unusedNanoUsd: 0,
      unpricedCalls: 0,
      unpricedTokens: 0,
    });
    expect(rows[2]).toMatchObject({ day: november(4), vendor: "", model: "gpt-9-unheard-of" });
  });

  it("keeps estimates and bills apart, and shares a bill out to the last nano-dollar", () => {
    const rows = spendOf([
      loggedOn(3, 2, { owner: "Search" }),
      loggedOn(3, 1, { owner: "Support" }),
      billedOn(3, 10.000000001),
      billedOn(5, 7, { account: "999988887777" }),
    ]);
    expect(spendBy(rows, ["team"], "billed")).toMatchObject(
      [
        { values: ["Support"], estimatedNanoUsd: usd(1), billedNanoUsd: 3_333_333_334 },
        { values: ["Search"], estimatedNanoUsd: usd(2), billedNanoUsd: 6_666_666_667 },
        { values: [""], calls: 0, billedNanoUsd: usd(7), unloggedNanoUsd: usd(7) },
      ].sort((a, b) => b.billedNanoUsd - a.billedNanoUsd),
    );
    expect(total(rows)).toMatchObject({ estimatedNanoUsd: usd(3), billedNanoUsd: 17_000_000_001 });
  });

  it("tells what is billed for no logged call from what is billed for capacity that nobody used", () => {
    const rows = spendOf([
      loggedOn(3, 2),
      billedOn(3, 2),
      billedOn(3, 5, { account: "dark" }),
      billedOn(3, 11, { model: "", capacityNanoUsd: usd(10) }),
    ]);
    expect(total(rows)).toMatchObject({
      billedNanoUsd: usd(18),
      unloggedNanoUsd: usd(5),
      unusedNanoUsd: usd(10),
    });
  });

  it("has no amount where nothing has a price or a bill, and counts what is unpriced", () => {
    const [line] = spendOf([
      loggedOn(3, 0, { unpricedCalls: 10 }),
      loggedOn(3, 0, { inputTokens: 0, calls: 5, failures: 2 }),
      loggedOn(3, 0, { inputTokens: 700, calls: 0 }),
    ]);
    expect(line).toMatchObject({ calls: 15, unpricedCalls: 13, unpricedTokens: 700 });
    expect(line).not.toHaveProperty("estimatedNanoUsd");
    expect(line).not.toHaveProperty("billedNanoUsd");
  });

  it("is 0, and not unknown, of what is free and of what only failed", () => {
    const [free] = spendOf([loggedOn(3, 0, { unpricedCalls: 0 })]);
    const [failed] = spendOf([loggedOn(3, 0, { inputTokens: 0, calls: 4, failures: 4 })]);
    expect(free).toMatchObject({ estimatedNanoUsd: 0, unpricedCalls: 0 });
    expect(failed).toMatchObject({ estimatedNanoUsd: 0, unpricedCalls: 0 });
  });

  it("leaves out what another view told, and contacts of the network", () => {
    const rows = spendOf([
      loggedOn(3, 2),
      loggedOn(3, 2, { view: "gateway", source: "litellm.spend" }),
      loggedOn(3, 2, { view: "usage", source: "aws.metrics" }),
      loggedOn(3, 0, { view: "network", source: "aws.route53-resolver", inputTokens: 0 }),
    ]);
    expect(total(rows)).toMatchObject({ calls: 10, estimatedNanoUsd: usd(2) });
    expect(rows.map(({ source }) => source)).toEqual(["aws.bedrock-invocation"]);
  });

  it("adds up to the system of record by any dimension, and by day", () => {
    fc.assert(
      fc.property(usageRows, fc.subarray([...spendDimensions], { minLength: 1, maxLength: 2 }), (usage, by) => {
        const { counted, billed } = systemOfRecord(usage);
        const estimated = sumOf(counted, (row) => row.estimatedNanoUsd);
        const bill = sumOf([...counted, ...billed], (row) => row.billedNanoUsd);
        const spend = spendOf(usage);
        const all = [estimated, bill, sumOf(counted, (row) => row.calls)];
        expect([spend, spendBy(spend, by, "estimated"), spendByDay(spend)].map(amounts)).toEqual([all, all, all]);
      }),
    );
  });
});

describe("lines of spend", () => {
  const models = (day: number, amounts: Readonly<Record<string, number>>) =>
    Object.entries(amounts).map(([model, amount]) => loggedOn(day, amount, { model }));

  it("have the dearest first, and what is of no price behind", () => {
    const rows = spendOf([
      ...models(3, { a: 1, b: 2 }),
      loggedOn(3, 0, { model: "c", calls: 900, unpricedCalls: 900 }),
      loggedOn(4, 3, { model: "a" }),
    ]);
    expect(spendBy(rows, ["model"], "estimated").map(({ values }) => values[0])).toEqual(["a", "b", "c"]);
    expect(spendBy(rows, ["door", "model"], "estimated")[0]?.values).toEqual(["aws.bedrock", "a"]);
  });

  it("stand beside what they were: what changed most first, new and gone among them", () => {
    const lines = compareSpendBy(
      spendOf(models(3, { a: 1, b: 5, fresh: 0.5 })),
      spendOf(models(2, { a: 3, b: 5, ended: 1.5 })),
      ["model"],
      "estimated",
    );
    expect(lines.map((line) => [line.values[0], differenceOf(line, "estimated"), line.before?.calls])).toEqual([
      ["a", usd(-2), 10],
      ["ended", usd(-1.5), 10],
      ["fresh", usd(0.5), 0],
      ["b", 0, 10],
    ]);
    const all = totalOf(lines);
    expect([all.estimatedNanoUsd, all.before?.estimatedNanoUsd]).toEqual([usd(6.5), usd(9.5)]);
  });

  it("sum up in one line what is left out, by number or by amount", () => {
    const lines = spendBy(spendOf(models(3, { a: 4, b: 3, c: 2, d: 1 })), ["model"], "estimated");
    const named = (given: Parameters<typeof topOf>[2]) => {
      const { shown, others } = topOf(lines, "estimated", given);
      return [shown.map(({ values }) => values[0]).join(""), others?.lines, others?.estimatedNanoUsd];
    };
    expect(named({})).toEqual(["abcd", undefined, undefined]);
    expect(named({ most: 2 })).toEqual(["ab", 2, usd(3)]);
    expect(named({ least: usd(2) })).toEqual(["abc", 1, usd(1)]);
    expect(named({ least: usd(2) + 1 })).toEqual(["ab", 2, usd(3)]);
    expect(named({ most: 1, least: usd(2) })).toEqual(["a", 3, usd(6)]);
  });

  it("keep a line that was dear before, when the least amount is asked for", () => {
    const lines = compareSpendBy([], spendOf(models(2, { ended: 9 })), ["model"], "estimated");
    expect(topOf(lines, "estimated", { least: usd(5) }).shown).toHaveLength(1);
  });

  it("have a day for every day with use", () => {
    const rows = spendOf([loggedOn(3, 1), loggedOn(3, 2, { model: "b" }), loggedOn(7, 4)]);
    expect(
      spendByDay(rows).map(({ day, estimatedNanoUsd }) => [(day - november(3)) / DAY_MS, estimatedNanoUsd]),
    ).toEqual([
      [0, usd(3)],
      [4, usd(4)],
    ]);
  });

  it("are none where there is no usage", () => {
    expect(spendBy(spendOf([]), ["team"], "billed")).toEqual([]);
    expect(spendOf([usageRow({})])).toHaveLength(1);
  });
});
