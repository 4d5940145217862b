import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usageRow } from "../../test/usage-rows.ts";
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import { isBillRow, isLogRow, systemOfRecord } from "./system-of-record.ts";

const NOON = (Date.UTC(2026, 8, 14) + 12 * HOUR_MS) as EpochMs;

const row = (parts: Partial<UsageRow>) =>
  usageRow({
    hour: NOON,
    view: "provider",
    source: "made.up",
    account: "111122223333",
    principal: "role/data",
    provider: "aws.bedrock",
    model: "anthropic/claude-sonnet-4-5",
    calls: 100,
    ...parts,
  });

const measured = { inputTokens: 5_000, outputTokens: 900 };
const bill = { view: "usage", source: "own.bill", principal: "", calls: 0, billedNanoUsd: 3 } as const;
const isBillName = (name: string) => name.startsWith("bill");
const viewsOf = (rows: readonly UsageRow[]) => rows.map(({ view }) => view);
const calls = (rows: readonly UsageRow[]) => rows.reduce((sum, one) => sum + one.calls, 0);

describe("the system of record", () => {
  it("counts the same traffic once when provider, usage API and gateway all report it", () => {
    const views = systemOfRecord([
      row({ view: "gateway", ...measured }),
      row(measured),
      row({ view: "usage", ...measured }),
    ]);
    expect(viewsOf(views.counted)).toEqual(["provider"]);
    expect(viewsOf(views.attributing)).toEqual(["gateway", "usage"]);
    expect(calls(views.counted)).toBe(100);
  });

  it("is the usage API where the provider's log measures no tokens", () => {
    const views = systemOfRecord([row({}), row({ view: "usage", ...measured })]);
    expect(viewsOf(views.counted)).toEqual(["usage"]);
  });

  it("is the provider's log without tokens before the gateway, which sees only what passes it", () => {
    const views = systemOfRecord([row({}), row({ view: "gateway", ...measured })]);
    expect(viewsOf(views.counted)).toEqual(["provider"]);
  });

  it("keeps a door that only a gateway knows", () => {
    const views = systemOfRecord([row(measured), row({ view: "gateway", provider: "mistral_ai", account: "" })]);
    expect(viewsOf(views.counted)).toEqual(["provider", "gateway"]);
  });

  it("does not count a gateway that knows no account where the vendor itself speaks of the door", () => {
    const views = systemOfRecord([
      row({ view: "usage", provider: "openai", account: "org-a", ...measured }),
      row({ view: "gateway", provider: "openai", account: "", ...measured }),
    ]);
    expect(viewsOf(views.counted)).toEqual(["usage"]);
    expect(viewsOf(views.attributing)).toEqual(["gateway"]);
  });

  it("counts each account by its own record", () => {
    const views = systemOfRecord([
      row({ account: "a", ...measured }),
      row({ account: "b", view: "gateway", ...measured }),
    ]);
    expect(calls(views.counted)).toBe(200);
  });

  it("lets another view speak for the days on which the first was off", () => {
    const before = (NOON - DAY_MS) as EpochMs;
    const views = systemOfRecord([
      row(measured),
      row({ view: "usage", ...measured }),
      row({ view: "usage", hour: before, ...measured }),
    ]);
    expect(views.counted.map(({ view, hour }) => [view, hour])).toEqual([
      ["provider", NOON],
      ["usage", before],
    ]);
  });

  it("adds up all rows of the view that is the record", () => {
    const views = systemOfRecord([row(measured), row({ principal: "role/web" }), row({ source: "another.log" })]);
    expect(views.counted).toHaveLength(3);
  });

  it("keeps contacts apart from calls", () => {
    const views = systemOfRecord([row({ view: "network", provider: "openai" }), row(measured)]);
    expect(viewsOf(views.contacts)).toEqual(["network"]);
    expect(viewsOf(views.counted)).toEqual(["provider"]);
  });

  /** One day's traffic, told by everybody who can tell it. */
  const tellings = {
    provider: row(measured),
    usage: row({ view: "usage", source: "usage.api", principal: "", ...measured }),
    gateway: row({ view: "gateway", source: "gate.way", account: "", ...measured }),
    bill: row({ ...bill, source: "own.bill", billedNanoUsd: 7 }),
    billByMonth: row({ ...bill, source: "monthly.bill", hour: Date.UTC(2026, 8, 1) as EpochMs, billedNanoUsd: 7 }),
    billOfNobody: row({ ...bill, source: "cost.api", account: "", model: "", billedNanoUsd: 7 }),
  };

  it("counts calls, tokens and estimate once and shows the bill once beside them, whoever tells", () => {
    const names = Object.keys(tellings) as (keyof typeof tellings)[];
    for (let chosen = 1; chosen < 1 << names.length; chosen++) {
      const told = names.filter((_, at) => chosen & (1 << at));
      const rows = told.flatMap((name) => ({ ...tellings[name], estimatedNanoUsd: isBillName(name) ? 0 : 5 }));
      const { counted, billed, attributing, billedAgain } = systemOfRecord(rows);
      const sum = (of: readonly UsageRow[], part: keyof UsageRow) =>
        of.reduce((total, one) => total + Number(one[part]), 0);
      const calls = told.some((name) => !isBillName(name)) ? 1 : 0;
      expect(sum(counted, "calls"), told.join()).toBe(100 * calls);
      expect(sum(counted, "inputTokens"), told.join()).toBe(5_000 * calls);
      expect(sum(counted, "estimatedNanoUsd"), told.join()).toBe(5 * calls);
      expect(sum(counted, "billedNanoUsd"), told.join()).toBe(0);
      expect(sum(billed, "billedNanoUsd"), told.join()).toBe(told.some(isBillName) ? 7 : 0);
      expect(counted.length + billed.length + attributing.length + billedAgain.length).toBe(told.length);
    }
  });

  it("lets no bill silence the gateway that tells of the calls", () => {
    const views = systemOfRecord([tellings.bill, row({ view: "gateway", ...measured })]);
    expect(viewsOf(views.counted)).toEqual(["gateway"]);
  });

  it("takes for the invoice the source that tells of more days of the month, and of equals the one with more lines", () => {
    const on = (day: number, given: Partial<UsageRow>) =>
      row({ ...bill, hour: Date.UTC(2026, 8, day) as EpochMs, billedNanoUsd: 1, ...given });
    const sourcesOf = (...rows: readonly UsageRow[]) => [
      ...new Set(systemOfRecord(rows).billed.map(({ source }) => source)),
    ];
    expect(sourcesOf(on(1, { source: "a" }), on(1, { source: "b" }), on(2, { source: "b" }))).toEqual(["b"]);
    expect(sourcesOf(on(1, { source: "a" }), on(1, { source: "b" }), on(1, { source: "b", model: "" }))).toEqual([
      "b",
    ]);
    expect(sourcesOf(on(1, { source: "b" }), on(1, { source: "a" }))).toEqual(["a"]);
    // Another month, account or door has its own.
    expect(
      sourcesOf(on(1, { source: "a" }), on(1, { source: "b" }), on(2, { source: "b" }), on(35, { source: "a" })),
    ).toEqual(["b", "a"]);
    expect(sourcesOf(on(1, { source: "a", account: "x" }), on(1, { source: "b", account: "y" }))).toEqual([
      "a",
      "b",
    ]);
  });

  it("keeps the lines without an account of a bill that names accounts elsewhere", () => {
    const views = systemOfRecord([row({ ...bill, account: "" }), row({ ...bill, account: "a" })]);
    expect(views.billed).toHaveLength(2);
  });

  it("keeps a bill without a rate apart, lets it silence nobody, and takes it for none where another tells it in dollars", () => {
    const euros = row({
      ...bill,
      source: "azure.cost-export",
      billedNanoUsd: 0,
      currency: "EUR",
      unratedLines: 2,
    });
    const calls = row({ ...bill, view: "gateway", source: "litellm.spend", billedNanoUsd: 0, calls: 3 });
    const alone = systemOfRecord([euros, calls]);
    expect(alone).toMatchObject({ unrated: [euros], counted: [calls], billed: [], billedAgain: [] });
    const told = systemOfRecord([euros, row({ ...bill, source: "focus" })]);
    expect(told).toMatchObject({ unrated: [], billedAgain: [euros] });
    const sameSource = systemOfRecord([euros, row({ ...bill, source: "azure.cost-export" })]);
    expect(sameSource.unrated).toEqual([euros]);
  });

  it("puts every row into one place, the same whatever their order", () => {
    const rows = fc.array(
      fc
        .record({
          view: fc.constantFrom("provider", "usage", "gateway", "network"),
          account: fc.constantFrom("", "a", "b"),
          provider: fc.constantFrom("", "openai", "aws.bedrock"),
          hour: fc.constantFrom(NOON, (NOON - DAY_MS) as EpochMs),
          source: fc.constantFrom("a", "b"),
          inputTokens: fc.constantFrom(0, 10),
          billedNanoUsd: fc.constantFrom(0, 0, 3),
          calls: fc.nat(2),
          unratedLines: fc.constantFrom(0, 0, 0, 1),
        })
        .map((one) => row(one.unratedLines > 0 ? { ...one, billedNanoUsd: 0 } : one)),
      { maxLength: 12 },
    );
    const sorted = (found: readonly UsageRow[]) => found.map((one) => JSON.stringify(one)).sort();
    fc.assert(
      fc.property(rows, (given) => {
        const forth = systemOfRecord(given);
        const back = systemOfRecord(given.toReversed());
        expect(sorted(Object.values(forth).flat())).toEqual(sorted(given));
        expect(sorted(forth.counted)).toEqual(sorted(back.counted));
        expect(sorted(forth.billed)).toEqual(sorted(back.billed));
        expect(sorted(forth.unrated)).toEqual(sorted(back.unrated));
        // What is said of an account and door is never silent altogether.
        if (given.some((one) => isBillRow(one))) expect(forth.billed.length).toBeGreaterThan(0);
        if (given.some(isLogRow)) expect(forth.counted.length).toBeGreaterThan(0);
      }),
    );
  });
});
