import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import { systemOfRecord } from "./system-of-record.ts";

const NOON = (Date.UTC(2026, 8, 14) + 12 * HOUR_MS) as EpochMs;

const row = (parts: Partial<UsageRow>): UsageRow => ({
  hour: NOON,
  view: "provider",
  source: "made.up",
  account: "111122223333",
  principal: "role/data",
  provider: "aws.bedrock",
  model: "anthropic/claude-sonnet-4-5",
  region: "",
  owner: "",
  verdict: "",
  calls: 100,
  failures: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  reasoningTokens: 0,
  estimatedNanoUsd: 0,
  billedNanoUsd: 0,
  unpricedCalls: 0,
  ...parts,
});

const measured = { inputTokens: 5_000, outputTokens: 900 };
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

  it("puts every row into one place, the same whatever their order", () => {
    const rows = fc.array(
      fc
        .record({
          view: fc.constantFrom("provider", "usage", "gateway", "network"),
          account: fc.constantFrom("", "a", "b"),
          provider: fc.constantFrom("", "openai", "aws.bedrock"),
          hour: fc.constantFrom(NOON, (NOON - DAY_MS) as EpochMs),
          inputTokens: fc.constantFrom(0, 10),
          calls: fc.nat(9),
        })
        .map(row),
      { maxLength: 12 },
    );
    const sorted = (found: readonly UsageRow[]) => found.map((one) => JSON.stringify(one)).sort();
    fc.assert(
      fc.property(rows, (given) => {
        const forth = systemOfRecord(given);
        const back = systemOfRecord(given.toReversed());
        expect(sorted([...forth.counted, ...forth.attributing, ...forth.contacts])).toEqual(sorted(given));
        expect(sorted(forth.counted)).toEqual(sorted(back.counted));
        // What is said of an account and door is never silent altogether.
        if (given.some(({ view }) => view !== "network")) expect(forth.counted.length).toBeGreaterThan(0);
      }),
    );
  });
});
