/** `gnomon cost reconcile`: what was billed against what the logs explain. */
import type { Command } from "commander";
import { monthAround } from "../../shared/cost/bill-periods.ts";
import { unexplainedOf } from "../../shared/cost/reconcile.ts";
import type { EpochMs } from "../../shared/model/units.ts";
import { dollars, percent } from "../../shared/report/figures.ts";
import { unratedBills } from "../../shared/report/unrated-bills.ts";
import { choice, choices } from "../choice.ts";
import { type Door, write } from "../door.ts";
import { checkPeriod, type PeriodOptions, periodOf, periodOptions } from "../period.ts";
import { reconciledColumns, reconciledDimensions, reconciledRows } from "../render/reconciliation.ts";
import { toParagraph, toTable } from "../render/table.ts";
import { toUnratedBills, unratedNotes } from "../render/unrated-bills.ts";
import { withUsage } from "../usage.ts";
import { formatOf, listed, NO_USE, noUseIn, type ViewOptions, viewOptions } from "./view.ts";

interface Options extends ViewOptions, PeriodOptions {
  readonly by?: string;
  readonly per?: string;
}

export function addReconciliation(command: Command, door: Door): void {
  periodOptions(viewOptions(command.command("reconcile")))
    .description("bills against logs: billed, estimated, and what nobody saw")
    .option("--by <what>", `of ${reconciledDimensions.join(", ")} (default: account,door)`)
    .option("--per <period>", "day or month (default: month)")
    .action((paths: string[], options: Options) => run(paths, options, door));
}

async function run(paths: readonly string[], options: Options, door: Door): Promise<void> {
  const format = formatOf(options);
  checkPeriod(options);
  const by = choices("--by", options.by ?? "account,door", reconciledDimensions, reconciledDimensions.length);
  const per = choice("--per", options.per ?? "month", ["day", "month"]);
  await withUsage(paths, options, door, async (usage) => {
    const end = usage.end ?? (0 as EpochMs);
    const period = periodOf(options, end);
    const { since = 0, until = Number.POSITIVE_INFINITY } = period;
    // The month before shows since when there have been logs and bills, what came after the period whether they are all there.
    const rows = await usage.rows(
      period.since === undefined
        ? {}
        : { since: monthAround((monthAround(period.since).start - 1) as EpochMs).start },
    );
    const lines = (await usage.figures(rows, end))
      .reconciliation()
      .filter(({ start }) => start >= since && start < until);
    const unrated = unratedBills(rows.filter(({ hour }) => hour >= since && hour < until));
    const listing = {
      schema: "gnomon.reconciliation/v1",
      columns: reconciledColumns(by, per),
      rows: reconciledRows(lines, by, per),
      whenEmpty: "",
    };
    if (format !== "table") {
      if (!options.quiet) for (const note of unratedNotes(unrated)) door.err.write(`${note}\n`);
      return write(listed(listing, format, door), options.output, door);
    }
    if (listing.rows.length === 0 && unrated.length > 0) {
      const notes = unratedNotes(unrated).map((note) => toParagraph(note, door.out));
      return write(notes.join(""), options.output, door);
    }
    if (listing.rows.length === 0) {
      const isSilent = rows.every(({ hour }) => hour < since || hour >= until);
      const why = usage.end === undefined ? NO_USE : isSilent ? noUseIn(period, usage) : NO_BILL;
      return write(toParagraph(why, door.out), options.output, door);
    }
    const { billedNanoUsd, unexplainedNanoUsd } = unexplainedOf(lines);
    const told =
      billedNanoUsd > 0
        ? `Of ${dollars(billedNanoUsd)} billed in settled periods, logs do not explain ${dollars(unexplainedNanoUsd)} (${percent(unexplainedNanoUsd, billedNanoUsd)}).`
        : "No period is settled yet: bills come days late, and logs must have begun before.";
    return write(
      `${toTable(listing.columns, listing.rows, door.out, "")}\n${toParagraph(told, door.out)}${toUnratedBills(unrated, door.out)}`,
      options.output,
      door,
    );
  });
}

const NO_BILL =
  "No bill in there. Bills come from cost exports and cost APIs (AWS, Azure, Google, OpenAI, Anthropic, FOCUS files): name them beside the logs, or collect them (gnomon init).";
