import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usageRow } from "../../test/usage-rows.ts";
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import { reconcile, unexplainedOf } from "./reconcile.ts";

const OCTOBER = Date.UTC(2026, 9, 1);
/** The `day`th of October at noon; November goes on behind it. */
const on = (day: number, hour = 12) => (OCTOBER + (day - 1) * DAY_MS + hour * HOUR_MS) as EpochMs;

const nothing = usageRow({
  hour: on(10),
  source: "aws.cloudtrail",
  account: "a",
  provider: "aws.bedrock",
  model: "anthropic/claude",
});
const dollars = (usd: number) => usd * 1e9;
const logged = (day: number, usd: number, given: Partial<UsageRow> = {}): UsageRow => ({
  ...nothing,
  hour: on(day),
  calls: 10,
  inputTokens: 1_000,
  estimatedNanoUsd: dollars(usd),
  ...given,
});
const billed = (day: number, usd: number, given: Partial<UsageRow> = {}): UsageRow => ({
  ...nothing,
  hour: on(day, 0),
  view: "usage",
  source: "aws.cur",
  billedNanoUsd: dollars(usd),
  ...given,
});
/** Both sides on every day of the month and beyond, so that everything in it is settled. */
const month = (given: { readonly account?: string } = {}) =>
  Array.from({ length: 40 }, (_, at) => [logged(at - 2, 5, given), billed(at - 2, 5, given)]).flat();

/** The line of the 10th, or of the whole month. */
const lineOf = (rows: readonly UsageRow[], account = "a") =>
  reconcile(rows).find((line) => line.account === account && line.start <= on(10, 0) && line.end > on(10, 0));

describe("reconciliation", () => {
  it("sets what is billed beside what the logs explain, by account, door, day and model", () => {
    const rows = [
      ...month(),
      logged(10, 2, { model: "amazon/nova" }),
      billed(10, 4, { model: "amazon/nova", hour: on(10, 23) }),
    ];
    expect(lineOf(rows)).toEqual({
      account: "a",
      provider: "aws.bedrock",
      owner: "",
      start: on(10, 0),
      end: on(11, 0),
      source: "aws.cur",
      billedNanoUsd: dollars(9),
      capacityNanoUsd: 0,
      estimatedNanoUsd: dollars(7),
      calls: 20,
      tokens: 2_000,
      unpricedCalls: 0,
      isSettled: true,
      models: [
        { model: "amazon/nova", billedNanoUsd: dollars(4), capacityNanoUsd: 0, estimatedNanoUsd: dollars(2) },
        { model: "anthropic/claude", billedNanoUsd: dollars(5), capacityNanoUsd: 0, estimatedNanoUsd: dollars(5) },
      ],
    });
  });

  it("takes the view that explains most and never adds two", () => {
    const gateway = { view: "gateway", source: "litellm.spend" } as const;
    expect(lineOf([...month(), logged(10, 4, gateway)])).toMatchObject({
      estimatedNanoUsd: dollars(5),
      calls: 10,
    });
    expect(lineOf([...month(), logged(10, 6, gateway)])).toMatchObject({
      estimatedNanoUsd: dollars(6),
      calls: 10,
    });
  });

  it("takes one telling of a bill", () => {
    expect(lineOf([...month(), billed(10, 5, { source: "focus" })])?.billedNanoUsd).toBe(dollars(5));
  });

  it("leaves out what no bill is about, and keeps what no log is about", () => {
    const lines = reconcile([...month(), logged(10, 3, { account: "b" }), billed(10, 3, { account: "c" })]);
    expect(lines.some(({ account }) => account === "b")).toBe(false);
    expect(lines.filter(({ account }) => account === "c")).toMatchObject([
      { calls: 0, tokens: 0, isSettled: true },
    ]);
  });

  it("counts calls that are in no estimate", () => {
    const unmeasured = { inputTokens: 0, estimatedNanoUsd: 0, failures: 3 };
    expect(lineOf([...month(), logged(10, 0, unmeasured)])?.unpricedCalls).toBe(7);
    expect(lineOf([...month(), logged(10, 0, { unpricedCalls: 4 })])?.unpricedCalls).toBe(4);
  });

  it("tells the owner of most of the bill", () => {
    const rows = [billed(10, 4, { owner: "x", model: "" }), billed(10, 9, { owner: "y", model: "" })];
    expect(lineOf([...month(), ...rows])?.owner).toBe("y");
  });

  describe("of accounts", () => {
    it("compares the door as a whole where the bill names none", () => {
      const whole = month().map((row) => (row.view === "usage" ? { ...row, account: "" } : row));
      const line = lineOf([...whole, logged(10, 2, { account: "b" })], "");
      expect(line).toMatchObject({ billedNanoUsd: dollars(5), estimatedNanoUsd: dollars(7) });
    });

    it("lets calls of an unnamed account explain the bill of one that no log names, and no other's", () => {
      const rows = [
        ...month(),
        billed(10, 3, { account: "b" }),
        logged(10, 3, { account: "", view: "gateway", source: "litellm.spend" }),
      ];
      expect(lineOf(rows, "")).toMatchObject({
        billedNanoUsd: dollars(3),
        estimatedNanoUsd: dollars(3),
        calls: 10,
      });
      expect(lineOf(rows)).toMatchObject({ estimatedNanoUsd: dollars(5) });
    });

    it("compares by name what both sides leave unnamed, as a default workspace", () => {
      const rows = [...month(), ...month({ account: "" })];
      expect(lineOf(rows, "")).toMatchObject({ billedNanoUsd: dollars(5), estimatedNanoUsd: dollars(5) });
    });
  });

  describe("by the month", () => {
    const monthly = [
      ...month().filter(({ view }) => view === "provider"),
      billed(1, 150),
      billed(32, 20, { hour: Date.UTC(2026, 10, 1) as EpochMs }),
    ];

    it("is how bills of the month's first hour are compared", () => {
      expect(lineOf(monthly)).toMatchObject({
        start: OCTOBER,
        end: Date.UTC(2026, 10, 1),
        billedNanoUsd: dollars(150),
        estimatedNanoUsd: dollars(31 * 5),
        isSettled: true,
      });
    });

    it("waits for the month's end and five days more", () => {
      const until = (day: number) => lineOf(monthly.filter(({ hour }) => hour <= on(day, 0)))?.isSettled;
      expect(until(37)).toBe(false);
      expect(until(38)).toBe(true);
    });

    it("is not how a source's bill is compared that told of any other hour of this door", () => {
      const daily = billed(40, 1, { account: "b" });
      expect(lineOf([...monthly, daily])).toMatchObject({ start: on(10, 0), billedNanoUsd: 0 });
      expect(lineOf([...monthly, { ...daily, provider: "openai" }])).toMatchObject({
        billedNanoUsd: dollars(150),
      });
    });
  });

  describe("is settled", () => {
    const settled = (rows: readonly UsageRow[]) => lineOf(rows)?.isSettled;
    const logs = (from: number, to: number, given: Partial<UsageRow> = {}) =>
      Array.from({ length: to - from + 1 }, (_, at) => logged(from + at, 5, given));
    const bills = (from: number, to: number, given: Partial<UsageRow> = {}) =>
      Array.from({ length: to - from + 1 }, (_, at) => billed(from + at, 5, given));

    it("two days after the day as the bill counts", () => {
      expect(settled([...logs(1, 20), ...bills(1, 12)])).toBe(false);
      expect(settled([...logs(1, 20), ...bills(1, 13)])).toBe(true);
      expect(settled([...logs(1, 20), ...bills(1, 12), ...bills(13, 20, { account: "b" })])).toBe(true);
      expect(settled([...logs(1, 20), ...bills(1, 12), ...bills(13, 20, { source: "another" })])).toBe(false);
    });

    it("a day after the day as the logs count", () => {
      const untilMidnight = (day: number) =>
        logs(1, day).map((row) => ({ ...row, hour: (row.hour - 12 * HOUR_MS) as EpochMs }));
      expect(settled([...untilMidnight(11), ...bills(1, 14)])).toBe(false);
      expect(settled([...untilMidnight(12), ...bills(1, 14)])).toBe(true);
    });

    it("without waiting for a log that has been silent for a week while others went on", () => {
      const silent = [...logs(1, 9), ...bills(1, 14)];
      expect(settled(silent)).toBe(false);
      const other = { provider: "openai", source: "openai.usage" };
      expect(settled([...silent, ...logs(1, 17, other)])).toBe(false);
      expect(settled([...silent, ...logs(1, 18, other)])).toBe(true);
    });

    it("not on the first day of a log or before it, and not before the bill's first day", () => {
      expect(settled([...logs(10, 20), ...bills(1, 20)])).toBe(false);
      expect(settled([...logs(9, 20), ...bills(1, 20)])).toBe(true);
      expect(reconcile([...logs(1, 20), ...bills(12, 20)]).map(({ start }) => start)).not.toContain(on(10, 0));
    });

    it("by any log where none ever told of the door, and never without a log", () => {
      const dark = bills(1, 20, { provider: "openai" });
      expect(lineOf([...dark, ...logs(1, 20)])?.isSettled).toBe(true);
      expect(lineOf(dark)?.isSettled).toBe(false);
    });
  });

  it("adds up what is unexplained, over settled days and never against each other", () => {
    const lines = reconcile([...month(), billed(10, 3, { account: "c" }), logged(11, 4), logged(39, 9)]);
    const { billedNanoUsd, unexplainedNanoUsd } = unexplainedOf(lines);
    expect(unexplainedNanoUsd).toBe(dollars(3));
    expect(billedNanoUsd).toBe(
      dollars(3 + 5 * lines.filter(({ isSettled, account }) => isSettled && account === "a").length),
    );
  });

  it("takes capacity by the hour for explained, and what is behind it not", () => {
    const capacity = { capacityNanoUsd: dollars(30), model: "" };
    const lines = reconcile([...month(), billed(10, 30, capacity), billed(11, 4), logged(12, 3)]);
    expect(lines.find(({ start }) => start === on(10, 0))).toMatchObject({
      billedNanoUsd: dollars(35),
      capacityNanoUsd: dollars(30),
    });
    expect(unexplainedOf(lines).unexplainedNanoUsd).toBe(dollars(4));
  });

  it("says the same of rows in any order, and bills each dollar once", () => {
    const rows = fc.array(
      fc
        .record({
          hour: fc.integer({ min: 0, max: 45 * 24 }).map((hour) => (OCTOBER + hour * HOUR_MS) as EpochMs),
          bill: fc.boolean(),
          view: fc.constantFrom<UsageRow["view"][]>("provider", "usage", "gateway", "network"),
          source: fc.constantFrom("s", "t"),
          account: fc.constantFrom("", "a", "b"),
          provider: fc.constantFrom("x", "y"),
          usd: fc.integer({ min: -3, max: 9 }),
        })
        .map(({ bill, usd, view, ...given }) =>
          bill ? billed(1, usd, given) : logged(1, Math.abs(usd), { view, ...given }),
        ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(rows, (given) => {
        const lines = reconcile(given);
        expect(reconcile(given.toReversed())).toEqual(lines);
        const { billed } = systemOfRecord(given);
        const total = (numbers: readonly { readonly billedNanoUsd: number }[]) =>
          numbers.reduce((all, one) => all + one.billedNanoUsd, 0);
        expect(total(lines)).toBe(total(billed));
      }),
    );
  });
});
