import { describe, expect, it } from "vitest";
import type { EpochMs, NanoUsd } from "../model/units.ts";
import {
  compact,
  day,
  days,
  dollars,
  dollarsInShort,
  minute,
  percent,
  plural,
  rate,
  roundDollars,
  subjectParts,
  unitDollars,
} from "./figures.ts";

describe("figures for people", () => {
  it.each([
    [0, "$0.00"],
    [4_200_000, "$0.0042"],
    [9_999_999, "$0.01"],
    [10_000_000, "$0.01"],
    [1_204_500_000_000, "$1,204.50"],
    [-4_200_000, "-$0.0042"],
  ])("write %i nano-USD as %s", (nanoUsd, written) => {
    expect(dollars(nanoUsd as NanoUsd)).toBe(written);
  });

  it.each([
    [99_990_000_000, "$99.99", "$99.99", "$100"],
    [100_000_000_000, "$100", "$100.00", "$100"],
    [1_204_500_000_000, "$1,205", "$1,204.50", "$1.2K"],
    [18_644_000, "$0.02", "$0.0186", "$0.0186"],
    [-150_600_000_000, "-$151", "-$150.60", "-$151"],
    [0, "$0.00", "$0.00", "$0"],
  ])("write %i nano-USD as %s of an estimate, %s of a unit and %s on an axis", (nanoUsd, round, unit, short) => {
    const cost = nanoUsd as NanoUsd;
    expect([roundDollars(cost), unitDollars(cost), dollarsInShort(cost)]).toEqual([round, unit, short]);
  });

  it.each([
    [0, 10, "0%"],
    [1, 1_000, "<1%"],
    [5, 1_000, "1%"],
    [999, 1_000, ">99%"],
    [1_000, 1_000, "100%"],
    [0, 0, "–"],
  ])("write %i of %i as %s", (part, of, written) => {
    expect(percent(part, of)).toBe(written);
  });

  it.each([
    [2.55, "2.55"],
    [99.96, "99.9"],
    [100, "100"],
    [119.9, "119"],
    [1_999_999.9, "1,999,999"],
  ])("write %d of a quota as %s, never as a limit that it has not reached", (count, written) => {
    expect(rate(count)).toBe(written);
  });

  it("shorten large counts to three digits and keep small ones whole", () => {
    expect([999, 1_234, 35_812_000].map(compact)).toEqual(["999", "1.23K", "35.8M"]);
    expect(plural(1, "finding")).toBe("1 finding");
    expect(plural(1_200, "person", "people")).toBe("1,200 people");
  });

  it("write time in UTC", () => {
    const time = Date.UTC(2026, 10, 1, 8, 5) as EpochMs;
    expect(minute(time)).toBe("2026-11-01 08:05");
    expect(day(time)).toBe("1 Nov 2026");
  });

  it.each([
    ["2026-11-01", "2026-11-01", "1 Nov 2026"],
    ["2026-11-01", "2026-11-30", "1–30 Nov 2026"],
    ["2026-11-28", "2026-12-03", "28 Nov – 3 Dec 2026"],
    ["2026-12-28", "2027-01-03", "28 Dec 2026 – 3 Jan 2027"],
    ["2026-11-01", "2026-12-01", "1 Nov – 1 Dec 2026"],
  ])("write %s to %s as %s", (first, last, written) => {
    expect(days(Date.parse(first), Date.parse(last))).toBe(written);
  });

  it("say what a finding is about in the order a person says it, and call a provider a door", () => {
    expect(subjectParts({ provider: "openai", principal: "ada" })).toEqual([
      { part: "principal", value: "ada" },
      { part: "door", value: "openai" },
    ]);
  });
});
