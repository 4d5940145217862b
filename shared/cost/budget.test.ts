import { describe, expect, it } from "vitest";
import { processorMs } from "../../test/processor-time.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import type { Budget } from "../policy/policy.ts";
import type { Alert } from "./alert.ts";
import { BudgetWatch, periodAt } from "./budget.ts";
import type { Attribution, Reading } from "./watch.ts";

const START = Date.UTC(2026, 0, 1) as EpochMs;
const at = (hours: number): EpochMs => (START + hours * HOUR_MS) as EpochMs;
const alice: Attribution = { leaf: "alice m", principal: "alice", model: "m", app: "chat", team: "core" };

const reading = (hour: number, dollars: number, of: Attribution = alice): Reading => ({
  attribution: of,
  hour: START / HOUR_MS + hour,
  cost: dollars,
  calls: 10,
  inputTokens: 900,
  outputTokens: 100,
  errors: 0,
});

const monthly = (amount: number, changes: Partial<Budget> = {}): Budget => ({
  name: "core",
  scope: { kind: "team", uid: "core" },
  measure: "cost",
  amount,
  period: "month",
  since: START,
  ...changes,
});

/** Delivers hours from the year's beginning at so much an hour; what was said. */
function spent(watch: BudgetWatch, hours: number, perHour: (hour: number) => number = () => 1): readonly Alert[] {
  const alerts: Alert[] = [];
  for (let hour = 0; hour < hours; hour++)
    alerts.push(...watch.deliver(at(hour + 1), [reading(hour, perHour(hour))]));
  return alerts;
}
const said = (alerts: readonly Alert[]) => alerts.map(({ detector }) => detector);

describe("a budget", () => {
  it("tells of 85, 95 and 100 % once each, and begins anew with the month", () => {
    const january = 31 * 24;
    const alerts = spent(new BudgetWatch([monthly(january)]), january + 100);
    const crossed = alerts.filter(({ detector }) => detector === "budget-crossed");
    expect(crossed.map(({ text }) => text.slice(0, 16))).toEqual([
      "core: 85 % used ",
      "core: 95 % used ",
      "core: 100 % used",
    ]);
    expect(crossed[0]).toMatchObject({
      schema: "gnomon.alert/v1",
      subject: { kind: "team", uid: "core" },
      startTime: START,
      usualNanoUsd: january * 1e9,
      driver: "budget",
    });
    expect(crossed[0]?.text).toBe("core: 85 % used ($633 of $744) on day 27 of 31");
  });

  it("says one crossing where several are jumped over at once", () => {
    const alerts = spent(new BudgetWatch([monthly(500)]), 3 * 24 + 1, (hour) => (hour === 72 ? 900 : 1));
    expect(
      alerts.filter(({ detector }) => detector === "budget-crossed").map(({ text }) => text.slice(0, 16)),
    ).toEqual(["core: 194 % used"]);
  });

  it("foresees that it will be exceeded, days before, once", () => {
    const watch = new BudgetWatch([
      monthly(10_000, { until: (START + 31 * DAY_MS) as EpochMs }),
      monthly(400, { since: (START + 31 * DAY_MS) as EpochMs }),
    ]);
    const alerts = spent(watch, (31 + 28) * 24);
    const foreseen = alerts.filter(({ detector }) => detector === "budget-forecast");
    expect(foreseen).toHaveLength(1);
    const exhausted = START + 31 * DAY_MS + 400 * HOUR_MS;
    expect((exhausted - (foreseen[0]?.detectedTime ?? exhausted)) / DAY_MS).toBeGreaterThan(5);
    expect(foreseen[0]?.text).toMatch(
      /^core: will exceed \$400: \$[\d.]+ used on day \d+ of 28, \$\d+ expected by the end \(80 %: \$\d+ to \$\d+\)$/,
    );
    expect(foreseen[0]?.impactNanoUsd).toBeGreaterThan(200e9);
  });

  it("counts the last hour of a month that is told some minutes after it", () => {
    const watch = new BudgetWatch([monthly(900)]);
    for (let hour = 0; hour < 31 * 24; hour++) watch.deliver(at(hour + 1 + 2 / 60), [reading(hour, 1)]);
    expect(watch.statuses()[0]).toMatchObject({ periodStart: START, used: 31 * 24 });
    expect(watch.deliver(at(31 * 24 + 0.5), [reading(31 * 24, 1)])).toEqual([]);
    expect(watch.statuses()[0]).toMatchObject({ periodStart: START + 31 * DAY_MS, used: 1 });
  });

  it("passes over decades without use at once", () => {
    const watch = new BudgetWatch([monthly(900)]);
    spent(watch, 20 * 24);
    const later = 5_000 * 365 * 24;
    const took = processorMs(() => expect(watch.deliver(at(later), [reading(later - 1, 1)])).toEqual([]));
    expect(took).toBeLessThan(3_000);
    expect(watch.statuses()[0]?.used).toBe(1);
  });

  it("is silent where the month will do", () => {
    expect(said(spent(new BudgetWatch([monthly(900)]), 31 * 24 - 1))).toEqual([]);
  });

  it("counts what arrives late in the month in which it happened", () => {
    const watch = new BudgetWatch([monthly(100)]);
    spent(watch, 48);
    expect(said(watch.deliver(at(48.5), [reading(3, 60)]))).toContain("budget-crossed");
    const other = new BudgetWatch([monthly(100, { since: at(24) })]);
    spent(other, 48);
    expect(other.deliver(at(48.5), [reading(3, 900)])).toEqual([]);
  });

  it("foresees nothing before it knows a day, and tells facts from the first hour", () => {
    expect(said(spent(new BudgetWatch([monthly(5)]), 4))).toEqual([]);
    expect(said(spent(new BudgetWatch([monthly(5)]), 23))).toEqual(["budget-crossed"]);
  });

  it("holds for its scope alone", () => {
    const bob: Attribution = { leaf: "bob m", principal: "bob", model: "m", team: "edge" };
    const budgets = [
      monthly(100, { scope: { kind: "principal", uid: "alice" } }),
      monthly(100, { scope: { kind: "app", uid: "chat" } }),
      monthly(100, { scope: { kind: "organization", uid: "" } }),
      monthly(100, { scope: { kind: "team", uid: "edge" } }),
    ];
    const watch = new BudgetWatch(budgets);
    spent(watch, 48);
    watch.deliver(at(48.5), [reading(48, 7, bob)]);
    expect(watch.statuses().map(({ used }) => used)).toEqual([48, 48, 55, 7]);
  });

  it("shows where it will end, and how surely", () => {
    const watch = new BudgetWatch([monthly(700)]);
    spent(watch, 15 * 24);
    const [status] = watch.statuses();
    expect(status?.forecast).toBeGreaterThan(650);
    expect(status?.forecast).toBeLessThan(850);
    expect(status?.low).toBeLessThan(status?.forecast ?? 0);
    expect(status?.high).toBeGreaterThan(status?.forecast ?? 0);
    expect(status?.exceedProbability).toBeGreaterThan(0.5);
    expect(status?.periodEnd).toBe(Date.UTC(2026, 1, 1));
  });

  it("of tokens or calls is a quota by the same rules", () => {
    const watch = new BudgetWatch([
      monthly(100_000, { measure: "tokens", name: "tpm" }),
      monthly(1_000, { measure: "calls" }),
    ]);
    const alerts = spent(watch, 101);
    const quota = alerts.find(({ text }) => text.startsWith("tpm: 95 %"));
    expect(quota).toMatchObject({ driver: "quota", impactNanoUsd: 0 });
    expect(quota?.text).toContain("95,000 of 100,000 tokens");
    expect(alerts.some(({ text }) => text.includes("1,000 of 1,000 calls"))).toBe(true);
  });
});

describe("a quota of a few calls a month", () => {
  it("is foreseen in figures of which the expected one is beyond it", () => {
    const watch = new BudgetWatch([monthly(23, { measure: "calls", name: "few", since: at(31 * 24) })]);
    const daily = (hour: number): Reading => ({
      ...reading(hour, 1),
      calls: hour % 24 === 9 && hour % 168 > 24 ? 1 : 0,
    });
    const alerts: Alert[] = [];
    for (let hour = 0; hour < 59 * 24; hour++) alerts.push(...watch.deliver(at(hour + 1), [daily(hour)]));
    const foreseen = alerts.find(({ detector }) => detector === "budget-forecast");
    expect(foreseen?.text).toBe(
      "few: will exceed 23 calls: 21 used on day 24 of 28, 23.7 expected by the end (80 %: 22.9 to 24.6)",
    );
  });
});

describe("a quota by the minute", () => {
  const tpm = (changes: Partial<Budget> = {}) =>
    new BudgetWatch([monthly(100, { name: "tpm", measure: "tokens", period: "minute", ...changes })]);
  const used = (hour: number, tokens: number, of?: Attribution): Reading => ({
    ...reading(hour, 1, of),
    inputTokens: tokens - 100,
  });

  it("is judged by the mean of the busiest hour, and told once a day of each share, while the hour runs", () => {
    const watch = tpm();
    const alerts = [
      ...watch.deliver(at(9), [used(8, 5_000)]),
      ...watch.deliver(at(9.5), [used(9, 3_000)]),
      ...watch.deliver(at(9.8), [used(9, 2_800)]),
      ...watch.deliver(at(11), [used(10, 5_750)]),
      ...watch.deliver(at(14), [used(13, 9_000)]),
      ...watch.deliver(at(15), [used(14, 12_000)]),
      ...watch.deliver(at(35), [used(34, 5_200)]),
    ];
    expect(alerts.map(({ text, startTime, detectedTime }) => [text, startTime, detectedTime])).toEqual([
      [
        "tpm: 96 % used (96.6 of 100 tokens a minute) on average in the hour from 2026-01-01 09:00 UTC",
        at(9),
        at(9.8),
      ],
      [
        "tpm: 150 % used (150 of 100 tokens a minute) on average in the hour from 2026-01-01 13:00 UTC",
        at(13),
        at(14),
      ],
      [
        "tpm: 86 % used (86.6 of 100 tokens a minute) on average in the hour from 2026-01-02 10:00 UTC",
        at(34),
        at(35),
      ],
    ]);
    expect(alerts[0]).toMatchObject({ detector: "budget-crossed", driver: "quota", impactNanoUsd: 0 });
  });

  it.each([
    [3, 153, "85 % used (2.55 of 3 calls a minute)"],
    [1, 59, "98 % used (0.983 of 1 call a minute)"],
    [0.5, 400, "1,333 % used (6.66 of 0.5 calls a minute)"],
    [120, 7_196, "99 % used (119 of 120 calls a minute)"],
    [2_000_000, 119_999_990, "99 % used (1,999,999 of 2,000,000 calls a minute)"],
    [2_000_000, 120_000_000, "100 % used (2,000,000 of 2,000,000 calls a minute)"],
  ])("of %d calls, %d of them in an hour, is told in figures that agree with the share", (limit, calls, text) => {
    const watch = tpm({ name: "rpm", measure: "calls", amount: limit });
    const alerts = watch.deliver(at(9), [{ ...reading(8, 1), calls }]);
    expect(alerts.map((alert) => alert.text)).toEqual([
      `rpm: ${text} on average in the hour from 2026-01-01 08:00 UTC`,
    ]);
  });

  it("counts what arrives late in its hour, and what is taken back no more", () => {
    const watch = tpm();
    watch.deliver(at(2), [used(1, 4_000)]);
    watch.deliver(at(4), [used(3, 1_000)]);
    const late = watch.deliver(at(4.5), [used(1, 1_500)]);
    expect(said(late)).toEqual(["budget-crossed"]);
    expect(watch.statuses()[0]).toMatchObject({ used: 5_500 / 60, exceedProbability: 0, ahead: [] });
    watch.deliver(at(4.6), [{ ...used(1, 0), inputTokens: -5_500, outputTokens: 0, calls: 0 }]);
    expect(watch.statuses()[0]?.used).toBeCloseTo(1_000 / 60, 9);
  });

  it("counts no hour of its first day from before it holds", () => {
    const watch = tpm({ since: at(12) });
    watch.deliver(at(9), [used(8, 9_000)]);
    expect(watch.statuses()).toEqual([]);
    expect(watch.deliver(at(13), [used(12, 600)])).toEqual([]);
    expect(watch.statuses()[0]).toMatchObject({ periodStart: at(12), used: 10 });
    expect(watch.deliver(at(14), [used(13, 5_700)]).map(({ startTime }) => startTime)).toEqual([at(13)]);
  });

  it("is foreseen by nobody: a day's pace says nothing of a minute", () => {
    const alerts: Alert[] = [];
    const watch = tpm();
    for (let hour = 0; hour < 30 * 24; hour++) alerts.push(...watch.deliver(at(hour + 1), [used(hour, 4_900)]));
    expect(alerts).toEqual([]);
  });
});

describe("a period", () => {
  const hour = (time: number) => time / HOUR_MS;

  it("is a calendar month in UTC, leap years included", () => {
    expect(periodAt(monthly(1, { since: 0 as EpochMs }), hour(Date.UTC(2028, 1, 29, 23)))).toEqual({
      start: hour(Date.UTC(2028, 1, 1)),
      end: hour(Date.UTC(2028, 2, 1)),
    });
  });

  it("is so many days from the first, over and over", () => {
    const weekly = monthly(1, { period: 7 });
    expect(periodAt(weekly, hour(START + 8 * DAY_MS))).toEqual({
      start: hour(START + 7 * DAY_MS),
      end: hour(START + 14 * DAY_MS),
    });
  });

  it("is none before the budget holds and after it ends", () => {
    const dated = monthly(1, { until: (START + DAY_MS) as EpochMs });
    expect(periodAt(dated, hour(START) - 1)).toBeUndefined();
    expect(periodAt(dated, hour(START))).toBeDefined();
    expect(periodAt(dated, hour(START + DAY_MS))).toBeUndefined();
  });
});
