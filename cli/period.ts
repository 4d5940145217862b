/**
 * Which days a command is about. Whole UTC days, as budgets and bills have them; counted back from the last use that is
 * known and not from today, so that last year's logs can be asked for their last week too.
 */
import type { Command } from "commander";
import { dayOf, monthAround } from "../shared/cost/bill-periods.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { DAY_MS, type EpochMs, fromIsoDate } from "../shared/model/units.ts";
import { days } from "../shared/report/figures.ts";

export interface PeriodOptions {
  readonly since?: string;
  readonly until?: string;
  readonly month?: string;
  readonly last?: string;
}

export interface Period {
  /** Absent: since the first use. */
  readonly since?: EpochMs;
  /** Exclusive. Absent: until the last use. */
  readonly until?: EpochMs;
}

export interface Days {
  readonly since: EpochMs;
  /** Exclusive. */
  readonly until: EpochMs;
}

export const periodOptions = (command: Command): Command =>
  command
    .option("--since <day>", "the first day, UTC: 2026-11-01")
    .option("--until <day>", "the last day, UTC")
    .option("--month <month>", "2026-11")
    .option("--last <days>", "7d or 4w, back from the last use that is known");

export const comparisons = ["previous", "week", "month"] as const;
export type Comparison = (typeof comparisons)[number];

/** Throws `config-invalid` for what is no period, before anything is read. */
export function checkPeriod(options: PeriodOptions, comparison?: Comparison): void {
  const period = periodOf(options, DAY_MS as EpochMs);
  if (comparison !== undefined && period.since === undefined) throw nothingCompared(comparison);
}

/** `end` is when the last use was over. Throws `config-invalid` for what is no period. */
export function periodOf(options: PeriodOptions, end: EpochMs): Period {
  const { since, until, month, last } = options;
  const given = Object.entries({ month, last, since: since ?? until }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const names = given.map(([name]) => (name === "since" ? "--since or --until" : `--${name}`));
    throw new PipelineError("config-invalid", `${names.join(" and ")}: one period at a time`);
  }
  if (month !== undefined) {
    const { start, end: next } = monthAround(firstOf(month));
    return { since: start, until: next };
  }
  if (last !== undefined) {
    const known = endOfDay(end);
    return { since: (known - daysIn(last) * DAY_MS) as EpochMs, until: known };
  }
  const [first, final] = [
    since === undefined ? undefined : dayGiven("--since", since),
    until === undefined ? undefined : dayGiven("--until", until),
  ];
  if (first !== undefined && final !== undefined && first > final) {
    throw new PipelineError("config-invalid", `--since ${since} is after --until ${until}`);
  }
  return {
    ...(first === undefined ? {} : { since: first }),
    ...(final === undefined ? {} : { until: (final + DAY_MS) as EpochMs }),
  };
}

/** What a period stands beside: of a running month, the same days. Throws `config-invalid` where part of it is both. */
export function periodBefore(
  { since, until: whole }: Period,
  end: EpochMs,
  comparison: Comparison,
  options: PeriodOptions,
): Days {
  if (since === undefined) throw nothingCompared(comparison);
  const until = least(whole ?? endOfDay(end), endOfDay(end));
  const isMonth = comparison === "month" || (comparison === "previous" && options.month !== undefined);
  const back = comparison === "week" ? 7 * DAY_MS : until - since;
  const compared = isMonth
    ? monthBefore({ since, until })
    : { since: earlier(since, back), until: earlier(until, back) };
  if (compared.until > since) {
    throw new PipelineError(
      "config-invalid",
      `--compare ${comparison}: ${days(since, until - 1)} is longer than a ${comparison}; use --compare previous`,
    );
  }
  return compared;
}

const nothingCompared = (comparison: Comparison): PipelineError =>
  new PipelineError(
    "config-invalid",
    `--compare ${comparison}: say what is compared, with --month 2026-11, --last 7d or --since 2026-11-01`,
  );

/** The same days of the month before; of a whole month all of it, of a 31st the last one there is. */
function monthBefore({ since, until }: Days): Days {
  const sameDay = (day: EpochMs): EpochMs => {
    const { start } = monthAround(day);
    const before = monthAround((start - 1) as EpochMs);
    return least((before.start + (day - start)) as EpochMs, (before.end - DAY_MS) as EpochMs);
  };
  const last = (until - DAY_MS) as EpochMs;
  const isWhole = monthAround(since).start === since && monthAround(last).end === until;
  const lastBefore = sameDay(last);
  return {
    since: sameDay(since),
    until: isWhole ? monthAround(lastBefore).end : ((lastBefore + DAY_MS) as EpochMs),
  };
}

/** A midnight is the end of the day before. */
export const endOfDay = (time: EpochMs): EpochMs => (dayOf((time - 1) as EpochMs) + DAY_MS) as EpochMs;
const earlier = (time: EpochMs, by: number): EpochMs => Math.max(0, time - by) as EpochMs;
const least = (a: EpochMs, b: EpochMs): EpochMs => Math.min(a, b) as EpochMs;

function firstOf(month: string): EpochMs {
  const first = /^\d{4}-\d{2}$/.test(month) ? fromIsoDate(`${month}-01`) : undefined;
  if (first === undefined)
    throw new PipelineError("config-invalid", `--month ${month}: a month is written 2026-11`);
  return first;
}

function dayGiven(option: string, given: string): EpochMs {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(given) ? fromIsoDate(given) : undefined;
  if (day === undefined)
    throw new PipelineError("config-invalid", `${option} ${given}: a day is written 2026-11-01`);
  return day;
}

function daysIn(given: string): number {
  const [, count, unit] = /^(\d{1,4})([dw])$/.exec(given) ?? [];
  const length = Number(count ?? 0) * (unit === "w" ? 7 : 1);
  if (length > 0) return length;
  throw new PipelineError("config-invalid", `--last ${given}: days or weeks, as 7d or 4w`);
}
