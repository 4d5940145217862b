import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usageRow } from "../../test/usage-rows.ts";
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS, type NanoUsd } from "../model/units.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import type { PriceOverride } from "./price.ts";
import { reservedPrices, withReserved } from "./reserved.ts";

const START = Date.UTC(2026, 0, 5);
const at = (hour: number) => (START + hour * HOUR_MS) as EpochMs;

const ptu: PriceOverride = {
  name: "chat-ptu",
  providers: ["azure.ai.openai"],
  models: ["openai/gpt-4o"],
  accounts: ["made-up-subscription"],
  deployments: ["chat-ptu"],
  terms: { kind: "capacity", hourlyNanoUsd: 24e9 as NanoUsd },
};

/** Calls through capacity: they used tokens, and nobody knows a price. */
const used = (hour: number, principal: string, tokens: number, changes: Partial<UsageRow> = {}): UsageRow =>
  usageRow({
    hour: at(hour),
    principal,
    provider: "azure.ai.openai",
    model: "openai/gpt-4o",
    account: "made-up-subscription",
    calls: 10,
    unpricedCalls: 10,
    inputTokens: tokens,
    ...changes,
  });

const estimates = (rows: readonly UsageRow[], ...overrides: readonly PriceOverride[]) =>
  withReserved(rows, overrides).map(({ hour, principal, estimatedNanoUsd }) => [
    (hour - START) / HOUR_MS,
    principal,
    estimatedNanoUsd / 1e9,
  ]);

describe("capacity that is paid by the hour", () => {
  it("is shared out among those who used it in the hour, by tokens", () => {
    expect(estimates([used(0, "a", 100), used(0, "b", 300), used(1, "b", 5)], ptu)).toEqual([
      [0, "a", 6],
      [0, "b", 18],
      [1, "b", 24],
    ]);
  });

  it("leaves no call unpriced that it is spread over", () => {
    expect(withReserved([used(0, "a", 100)], [ptu])).toMatchObject([{ unpricedCalls: 0, calls: 10 }]);
  });

  it("is nobody's in an hour without use, and counted all the same", () => {
    const rows = withReserved([used(0, "a", 100), used(30, "a", 100)], [ptu]);
    expect(
      rows.map(({ hour, principal, estimatedNanoUsd }) => [
        (hour - START) / HOUR_MS,
        principal,
        estimatedNanoUsd / 1e9,
      ]),
    ).toEqual([
      [0, "a", 24],
      [0, "", 23 * 24],
      [24, "", 6 * 24],
      [30, "a", 24],
    ]);
    expect(systemOfRecord(rows).counted).toHaveLength(4);
    expect(rows[1]).toMatchObject({ account: "made-up-subscription", model: "openai/gpt-4o", calls: 0 });
  });

  it("is paid from its first hour to its last", () => {
    const dated = { ...ptu, since: at(1), until: at(3) };
    const rows = [0, 1, 2, 3].map((hour) => used(hour, "a", 100));
    expect(estimates(rows, dated)).toEqual([
      [0, "a", 0],
      [1, "a", 24],
      [2, "a", 24],
      [3, "a", 0],
    ]);
  });

  it("is not of those who pay by the token, nor of another door, model or account", () => {
    const others = [
      used(0, "priced", 100, { unpricedCalls: 0, estimatedNanoUsd: 1e9 }),
      used(0, "door", 100, { provider: "openai" }),
      used(0, "model", 100, { model: "openai/o3" }),
      used(0, "account", 100, { account: "another" }),
    ];
    expect(estimates([used(0, "a", 1), ...others], ptu)).toEqual([
      [0, "a", 24],
      [0, "priced", 1],
      [0, "door", 0],
      [0, "model", 0],
      [0, "account", 0],
    ]);
  });

  it("is spread over one telling of the same calls", () => {
    const gateway = used(0, "told-again", 400, { view: "gateway" });
    expect(estimates([used(0, "a", 100), gateway], ptu)).toEqual([
      [0, "a", 24],
      [0, "told-again", 0],
    ]);
  });

  it("silences no other telling where it lies idle", () => {
    const gateway = [0, 5].map((hour) => used(hour, "g", 100, { view: "gateway", account: "" }));
    const everywhere = { ...ptu, accounts: ["*"] };
    const rows = withReserved(gateway, [everywhere]);
    expect(systemOfRecord(rows).attributing).toEqual([]);
  });

  it("adds up to what it costs, to the last nano-dollar", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(80), fc.constantFrom("a", "b", "c"), fc.nat(1e6)), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 1e12 }),
        (uses, hourly) => {
          const rows = uses.map(([hour, principal, tokens]) => used(hour, principal, tokens));
          const given = { ...ptu, terms: { kind: "capacity" as const, hourlyNanoUsd: hourly as NanoUsd } };
          const hours = rows.map(({ hour }) => hour);
          const paid = ((Math.max(...hours) - Math.min(...hours)) / HOUR_MS + 1) * hourly;
          const told = withReserved(rows, [given]);
          expect(told.reduce((sum, row) => sum + row.estimatedNanoUsd, 0)).toBe(paid);
          expect(systemOfRecord(told).counted).toHaveLength(told.length);
        },
      ),
    );
  });

  it("changes nothing where the configuration tells of none", () => {
    const rows = [used(0, "a", 1)];
    expect(withReserved(rows, [])).toBe(rows);
    expect(withReserved(rows, [{ ...ptu, terms: { kind: "discount", share: 0.5 } }])).toBe(rows);
    expect(withReserved([], [ptu])).toEqual([]);
  });
});

describe("the price of capacity that the ledger tells of", () => {
  const capacity = {
    uid: "/subscriptions/made-up-subscription/deployments/chat-ptu",
    name: "chat-ptu",
    account: "made-up-subscription",
    provider: "azure.ai.openai",
    model: "openai/gpt-4o",
    since: at(0),
    calls: 0,
  };

  it("is that of the last entry that names it and holds in its time", () => {
    const dearer = {
      ...ptu,
      name: "dearer",
      terms: { kind: "capacity" as const, hourlyNanoUsd: 30e9 as NanoUsd },
    };
    expect(reservedPrices([ptu, dearer])(capacity)).toBe(30e9);
    expect(reservedPrices([ptu, { ...dearer, until: at(0) }])(capacity)).toBe(24e9);
    const ended = { ...capacity, until: (at(0) + DAY_MS) as EpochMs };
    expect(reservedPrices([{ ...ptu, since: ended.until }])(ended)).toBeUndefined();
  });

  it("is unknown where no entry names it", () => {
    expect(reservedPrices([ptu])({ ...capacity, name: "other", uid: "other" })).toBeUndefined();
    expect(reservedPrices([])(capacity)).toBeUndefined();
  });
});
