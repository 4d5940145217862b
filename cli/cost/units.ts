/** `gnomon cost units`: what a unit of use costs, and what of it left its own four weeks. */
import type { Command } from "commander";
import { dayOf } from "../../shared/cost/bill-periods.ts";
import type { Dimension } from "../../shared/cost/unit-economics.ts";
import { DAY_MS, type EpochMs } from "../../shared/model/units.ts";
import { days } from "../../shared/report/figures.ts";
import type { SpendDimension } from "../../shared/report/spend.ts";
import { choice } from "../choice.ts";
import { type Door, write } from "../door.ts";
import { checkPeriod, type PeriodOptions, periodOf, periodOptions } from "../period.ts";
import { toParagraph, toTable } from "../render/table.ts";
import { toDrift, unitColumns } from "../render/units.ts";
import { withUsage } from "../usage.ts";
import { formatOf, listed, NO_USE, noUseIn, type ViewOptions, viewOptions } from "./view.ts";

interface Options extends ViewOptions, PeriodOptions {
  readonly by?: string;
}

/** As `--by` of `gnomon cost` says them. */
const dimensions = {
  team: "team",
  app: "app",
  customer: "customer",
  task: "task",
  model: "model",
  door: "provider",
  account: "account",
  principal: "principal",
  region: "region",
} as const satisfies Partial<Record<SpendDimension, Dimension>>;
const words = Object.keys(dimensions) as (keyof typeof dimensions)[];

/** Drift is told against so many days before. */
const DAYS_BEFORE = 28;

export function addUnits(command: Command, door: Door): void {
  periodOptions(viewOptions(command.command("units")))
    .description("cost of a call and of a thousand tokens, and what they are made of; what has drifted")
    .option("--by <what>", `one of ${words.join(", ")} (default: model)`)
    .action((paths: string[], options: Options) => run(paths, options, door));
}

async function run(paths: readonly string[], options: Options, door: Door): Promise<void> {
  const format = formatOf(options);
  checkPeriod(options);
  const word = choice("--by", options.by ?? "model", words);
  await withUsage(paths, options, door, async (usage) => {
    const end = usage.end ?? (0 as EpochMs);
    const period = periodOf(options, end);
    const { since = 0 as EpochMs, until = Number.POSITIVE_INFINITY } = period;
    const now = Math.min(end, until) as EpochMs;
    const lastDay = (dayOf(now) - DAY_MS) as EpochMs;
    const past = await usage.rows({
      since: Math.max(0, Math.min(since, lastDay - DAYS_BEFORE * DAY_MS)) as EpochMs,
      ...(period.until === undefined ? {} : { until: period.until }),
    });
    const rows = past.filter(({ hour }) => hour >= since);
    const drift = (await usage.figures(past, now)).drift(dimensions[word]);
    const listing = {
      schema: "gnomon.unit-economics/v1",
      columns: unitColumns(word),
      rows: (await usage.figures(rows, now)).units(dimensions[word]).map((line) => ({
        ...line,
        drift: drift.filter(({ value }) => value === line.value),
      })),
      whenEmpty: usage.end === undefined ? NO_USE : noUseIn(period, usage),
    };
    const [first] = rows;
    const daysBefore = Math.max(0, Math.floor((lastDay - (past[0]?.hour ?? lastDay)) / DAY_MS));
    const text =
      format !== "table" || first === undefined || listing.rows.length === 0
        ? listed(listing, format, door)
        : [
            toParagraph(`Unit costs by ${word}, ${days(period.since ?? first.hour, now - 1)}`, door.out),
            toTable(listing.columns, listing.rows, door.out, ""),
            toDrift(drift, { dimension: word, lastDay, daysBefore }, door.out),
          ].join("\n");
    await write(text, options.output, door);
  });
}
