import { describe, expect, it } from "vitest";
import type { EpochMs } from "../shared/model/units.ts";
import { type Comparison, type PeriodOptions, periodBefore, periodOf } from "./period.ts";

const at = (time: string): EpochMs => Date.parse(time.length === 10 ? `${time}T00:00:00Z` : time) as EpochMs;
/** The last use was told for the hour from 13 to 14 o'clock on the 18th. */
const END = at("2026-11-18T14:00:00Z");

/** First and last day. */
function daysOf({ since, until }: { since?: EpochMs; until?: EpochMs }): string {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  return `${since === undefined ? "" : day(since)}/${until === undefined ? "" : day(until - 1)}`;
}
const period = (options: PeriodOptions, end = END) => daysOf(periodOf(options, end));
const beside = (options: PeriodOptions, comparison: Comparison, end = END) =>
  daysOf(periodBefore(periodOf(options, end), end, comparison, options));

describe("a period", () => {
  it("is everything that is known where nobody says another", () => {
    expect(period({})).toBe("/");
  });

  it("is whole UTC days, the last one included", () => {
    expect(period({ since: "2026-11-03" })).toBe("2026-11-03/");
    expect(period({ since: "2026-11-03", until: "2026-11-03" })).toBe("2026-11-03/2026-11-03");
    expect(period({ until: "2026-11-05" })).toBe("/2026-11-05");
  });

  it("is a month", () => {
    expect(period({ month: "2026-10" })).toBe("2026-10-01/2026-10-31");
    expect(period({ month: "2026-11" })).toBe("2026-11-01/2026-11-30");
  });

  it("counts the last days back from the last use", () => {
    expect(period({ last: "1d" })).toBe("2026-11-18/2026-11-18");
    expect(period({ last: "1d" }, at("2026-11-19"))).toBe("2026-11-18/2026-11-18");
    expect(period({ last: "7d" })).toBe("2026-11-12/2026-11-18");
    expect(period({ last: "2w" })).toBe("2026-11-05/2026-11-18");
  });

  it.each<readonly [PeriodOptions, string]>([
    [{ last: "7d", month: "2026-11" }, "--month and --last: one period at a time"],
    [{ last: "7d", until: "2026-11-01" }, "--last and --since or --until: one period at a time"],
    [{ last: "0d" }, "as 7d or 4w"],
    [{ last: "24h" }, "as 7d or 4w"],
    [{ month: "November" }, "a month is written 2026-11"],
    [{ month: "2026-13" }, "a month is written 2026-11"],
    [{ since: "yesterday" }, "a day is written 2026-11-01"],
    [{ until: "2026-02-30" }, "a day is written 2026-11-01"],
    [{ since: "2026-11-03", until: "2026-11-02" }, "is after --until"],
  ])("is not %o", (options, message) => {
    expect(() => periodOf(options, END)).toThrow(message);
  });
});

describe("the period beside it", () => {
  it("is as long and ends where the other begins", () => {
    expect(beside({ last: "7d" }, "previous")).toBe("2026-11-05/2026-11-11");
    expect(beside({ since: "2026-11-16", until: "2026-11-17" }, "previous")).toBe("2026-11-14/2026-11-15");
  });

  it("is the same days of the month before, of a whole month all of it", () => {
    expect(beside({ month: "2026-11" }, "previous")).toBe("2026-10-01/2026-10-18");
    expect(beside({ month: "2026-10" }, "previous")).toBe("2026-09-01/2026-09-30");
    expect(beside({ month: "2026-09" }, "month")).toBe("2026-08-01/2026-08-31");
    expect(beside({ last: "7d" }, "month")).toBe("2026-10-12/2026-10-18");
    expect(beside({ since: "2026-03-31", until: "2026-03-31" }, "month")).toBe("2026-02-28/2026-02-28");
  });

  it("is the same weekdays a week before", () => {
    expect(beside({ since: "2026-11-16", until: "2026-11-17" }, "week")).toBe("2026-11-09/2026-11-10");
    expect(beside({ last: "7d" }, "week")).toBe("2026-11-05/2026-11-11");
  });

  it("is none where it overlaps or nobody said what is compared", () => {
    expect(() => beside({ last: "8d" }, "week")).toThrow("is longer than a week; use --compare previous");
    expect(() => beside({ since: "2026-09-10" }, "month")).toThrow("is longer than a month");
    expect(() => beside({}, "previous")).toThrow("say what is compared");
  });
});
