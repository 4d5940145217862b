/** `gnomon cost`: what was spent, by anything, beside another period. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { dayOf, monthAround } from "../../shared/cost/bill-periods.ts";
import { PipelineError } from "../../shared/model/errors.ts";
import type { UsageRow } from "../../shared/model/ledger.ts";
import { DAY_MS, type EpochMs, fromUsd } from "../../shared/model/units.ts";
import { didYouMean } from "../../shared/policy/did-you-mean.ts";
import { days } from "../../shared/report/figures.ts";
import { focusColumns, focusRows } from "../../shared/report/focus.ts";
import {
  amountOf,
  type Basis,
  compareSpendBy,
  type SpendDimension,
  type SpendRow,
  spendBy,
  spendDimensions,
  spendOf,
  topOf,
  total,
  totalOf,
} from "../../shared/report/spend.ts";
import { type UnratedBill, unratedBills } from "../../shared/report/unrated-bills.ts";
import { choice, choices, positiveNumber } from "../choice.ts";
import { type Door, write } from "../door.ts";
import {
  type Comparison,
  checkPeriod,
  comparisons,
  type Days,
  endOfDay,
  type Period,
  type PeriodOptions,
  periodBefore,
  periodOf,
  periodOptions,
} from "../period.ts";
import { toCsv } from "../render/csv.ts";
import { renderSpend, type SpendFormat, type SpendView, spendFormats } from "../render/spend.ts";
import { toParagraph } from "../render/table.ts";
import { unratedNotes } from "../render/unrated-bills.ts";
import { type KnownUsage, withUsage } from "../usage.ts";
import { NO_USE, noUseIn, type ViewOptions, viewOptions } from "./view.ts";

interface Options extends ViewOptions, PeriodOptions {
  readonly by?: string;
  readonly compare?: string;
  readonly basis?: string;
  readonly top?: string;
  readonly min?: string;
}

/** What was asked for, in words that mean something. */
interface Question {
  readonly by: readonly SpendDimension[];
  readonly basis: Basis;
  readonly format: SpendFormat;
  readonly comparison?: Comparison;
  readonly most?: number;
  /** Nano-dollars. */
  readonly least?: number;
}

export function addSpend(command: Command, door: Door): void {
  periodOptions(viewOptions(command, spendFormats))
    .option("--by <what>", `one or two of ${spendDimensions.join(", ")} (default: model)`)
    .option("--compare <period>", "beside the previous period, or the same days a week or a month before")
    .option("--basis <basis>", "estimated from prices, or billed by vendors (default: estimated)")
    .option("--top <number>", "the first lines, all others as one")
    .option("--min <dollars>", "lines of at least so much, all others as one")
    .addHelpText(
      "after",
      `
Examples:
  $ gnomon cost ./logs --by team,model --policy policy.yaml
  $ gnomon cost --month 2026-11 --compare previous --top 10
  $ gnomon cost --last 7d --by app --format csv
  $ gnomon cost --month 2026-11 --format focus > focus.csv`,
    )
    .action((paths: string[], options: Options) => run(paths, options, command, door));
}

async function run(paths: readonly string[], options: Options, command: Command, door: Door): Promise<void> {
  refuseMistypedSubcommand(paths, command);
  const question = questionOf(options);
  checkPeriod(options, question.comparison);
  await withUsage(paths, options, door, async (usage) => {
    const text =
      usage.end === undefined
        ? whenNoUse(question, door)
        : await answer(question, options, usage, usage.end, door);
    await write(text, options.output, door);
  });
}

async function answer(question: Question, options: Options, usage: KnownUsage, end: EpochMs, door: Door) {
  const { format, comparison } = question;
  const period = periodOf(options, end);
  const before = comparison && periodBefore(period, end, comparison, options);
  const rows = await usage.rows(wholeMonths(period, before));
  if (format === "focus") {
    tellUnrated(unratedIn(rows, period), question, options, door);
    const { since = 0, until = Number.POSITIVE_INFINITY } = period;
    const inPeriod = focusRows(rows).filter(({ ChargePeriodStart = "" }) => {
      const time = Date.parse(ChargePeriodStart);
      return time >= since && time < until;
    });
    return toCsv(focusColumns, inPeriod);
  }
  const unrated = unratedIn(rows, period);
  const view = {
    ...viewOf(question, spendOf(rows), period, before, usage, tellsHours(rows, end) ? end : endOfDay(end)),
    unrated,
  };
  if (format !== "table" || view.lines.length > 0) {
    const text = renderSpend(view, format, door.out);
    const isUnbilled = question.basis === "billed" && amountOf(view.total, "billed") === undefined;
    if (isUnbilled && format === "table" && view.period && unrated.length === 0)
      return toParagraph(noBillIn(view.period), door.out);
    tellUnrated(unrated, question, options, door);
    return text;
  }
  if (unrated.length > 0)
    return unratedNotes(unrated)
      .map((note) => toParagraph(note, door.out))
      .join("");
  return toParagraph(noUseIn(period, usage), door.out);
}

function whenNoUse({ by, basis, format }: Question, door: Door): string {
  if (format === "table") return toParagraph(NO_USE, door.out);
  if (format === "focus") return toCsv(focusColumns, []);
  return renderSpend(
    { by, basis, lines: [], total: totalOf([]), unattributed: [], unpricedModels: [], unrated: [] },
    format,
    door.out,
  );
}

/** Whether anybody told of the last day but by the day: a bucket of a day stands in its first hour. */
const tellsHours = (rows: readonly UsageRow[], end: EpochMs): boolean =>
  rows.some(({ hour }) => hour > dayOf((end - 1) as EpochMs));

function viewOf(
  { by, basis, comparison, most, least }: Question,
  spend: readonly SpendRow[],
  period: Period,
  before: Days | undefined,
  { start }: KnownUsage,
  end: EpochMs,
): Omit<SpendView, "unrated"> {
  const of = ({ since = 0 as EpochMs, until = Number.POSITIVE_INFINITY }: { since?: EpochMs; until?: number }) =>
    spend.filter(({ day }) => day >= since && day < until);
  const rows = of(period);
  const shown = daysShown(rows, period, end);
  const all = before && comparison ? compareSpendBy(rows, of(before), by, basis) : spendBy(rows, by, basis);
  const { shown: lines, others } = topOf(all, basis, {
    ...(most === undefined ? {} : { most }),
    ...(least === undefined ? {} : { least }),
  });
  const lastDay = dayOf((shown.until - 1) as EpochMs);
  return {
    by,
    basis,
    period: shown,
    lines,
    ...(others ? { others } : {}),
    total: totalOf(all),
    unattributed: by.flatMap((dimension) => {
      const nobody = rows.filter((row) => row[dimension] === "");
      return nobody.length > 0 ? [{ dimension, sums: total(nobody) }] : [];
    }),
    unpricedModels: [
      ...new Set(
        rows
          .filter(({ unpricedCalls, unpricedTokens }) => unpricedCalls + unpricedTokens > 0)
          .map(({ model }) => model),
      ),
    ]
      .filter((model) => model !== "")
      .sort(),
    ...(end > lastDay && end < lastDay + DAY_MS ? { runningUntil: end } : {}),
    ...(before
      ? {
          compared: {
            ...before,
            ...(start !== undefined && start > before.since + DAY_MS ? { knownSince: start } : {}),
          },
        }
      : {}),
  };
}

/** The days that were asked for, as far as they are over or something is known of them. */
function daysShown(rows: readonly SpendRow[], { since, until }: Period, end: EpochMs): Days {
  const [first, last] = [rows[0]?.day ?? dayOf((end - 1) as EpochMs), rows.at(-1)?.day ?? 0];
  const known = Math.max(last, dayOf((end - 1) as EpochMs)) + DAY_MS;
  return {
    since: since ?? first,
    until: (until === undefined
      ? Math.max(last + DAY_MS, (since ?? first) + DAY_MS)
      : Math.max(Math.min(until, known), (since ?? 0) + DAY_MS)) as EpochMs,
  };
}

const unratedIn = (
  rows: readonly UsageRow[],
  { since = 0 as EpochMs, until = Number.POSITIVE_INFINITY as EpochMs }: Period,
): readonly UnratedBill[] => unratedBills(rows.filter(({ hour }) => hour >= since && hour < until));

/** To stderr, in forms that have no room for notes. */
function tellUnrated(
  bills: readonly UnratedBill[],
  { format }: Pick<Question, "format">,
  { quiet }: Options,
  door: Door,
): void {
  if (quiet || format === "table" || format === "markdown" || format === "json") return;
  for (const note of unratedNotes(bills)) door.err.write(`${note}\n`);
}

/** Bills by the month are shared out over all of it. */
function wholeMonths({ since, until }: Period, before: Days | undefined): { since?: EpochMs; until?: EpochMs } {
  const first = before ? (Math.min(before.since, since ?? before.since) as EpochMs) : since;
  return {
    ...(first === undefined ? {} : { since: monthAround(first).start }),
    ...(until === undefined ? {} : { until: monthAround((until - 1) as EpochMs).end }),
  };
}

const noBillIn = ({ since, until }: Days): string =>
  `No bill of ${days(since, until - 1)} in there. Bills come from cost exports and cost APIs (AWS, Azure, Google, OpenAI, Anthropic, FOCUS files): name them too, or collect them (gnomon init). What it costs by price: --basis estimated`;

function questionOf(options: Options): Question {
  const { by, basis, format, compare, top, min } = options;
  const form = choice("--format", format ?? "table", spendFormats);
  if (form === "focus") {
    const [without] =
      Object.entries({ by, compare, top, min, basis }).find(([, value]) => value !== undefined) ?? [];
    if (without !== undefined)
      throw new PipelineError(
        "config-invalid",
        `--format focus is a line for each hour and use, as FOCUS has it, billed where there is a bill: leave out --${without}`,
      );
  }
  return {
    format: form,
    by: by === undefined ? ["model"] : choices("--by", by, spendDimensions, 2),
    basis: choice("--basis", basis ?? "estimated", ["estimated", "billed"]),
    ...(compare === undefined ? {} : { comparison: choice("--compare", compare, comparisons) }),
    ...(top === undefined ? {} : { most: wholeNumber(top) }),
    ...(min === undefined ? {} : { least: fromUsd(positiveNumber("--min", min, "an amount in dollars, as 0.5")) }),
  };
}

function wholeNumber(given: string): number {
  const number = positiveNumber("--top", given, "a number of lines");
  if (!Number.isInteger(number)) throw new PipelineError("config-invalid", `--top ${given}: a number of lines`);
  return number;
}

/** `gnomon cost budget` means no file of that name. */
function refuseMistypedSubcommand(paths: readonly string[], command: Command): void {
  const [path] = paths;
  if (path === undefined || paths.length > 1 || existsSync(path)) return;
  const meant = didYouMean(
    path,
    command.commands.map((one) => one.name()),
  );
  if (meant !== undefined)
    throw new PipelineError(
      "config-invalid",
      `${path}: no such file or folder; did you mean gnomon cost ${meant}?`,
    );
}
