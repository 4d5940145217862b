/** `gnomon cost advice`: what the same work would cost done otherwise. */
import type { Command } from "commander";
import { DAY_MS, type EpochMs } from "../../shared/model/units.ts";
import { plural } from "../../shared/report/figures.ts";
import { type Door, write } from "../door.ts";
import { checkPeriod, type PeriodOptions, periodOf, periodOptions } from "../period.ts";
import { adviceColumns, toAdvice } from "../render/advice.ts";
import { toParagraph } from "../render/table.ts";
import { type KnownUsage, withUsage } from "../usage.ts";
import { formatOf, listed, NO_USE, noUseIn, type ViewOptions, viewOptions } from "./view.ts";

export function addAdvice(command: Command, door: Door): void {
  periodOptions(viewOptions(command.command("advice")))
    .description("what would cost less: smaller models, caching, batches, other doors, idle capacity")
    .action((paths: string[], options: ViewOptions & PeriodOptions) => run(paths, options, door));
}

async function run(paths: readonly string[], options: ViewOptions & PeriodOptions, door: Door): Promise<void> {
  const format = formatOf(options);
  checkPeriod(options);
  await withUsage(paths, options, door, async (usage) => {
    const end = usage.end ?? (0 as EpochMs);
    const period = periodOf(options, end);
    const rows = await usage.rows(period);
    const figures = await usage.figures(rows, end, { advice: true });
    const listing = {
      schema: "gnomon.cost-advice/v1",
      columns: adviceColumns,
      rows: figures.advice(),
      whenEmpty: rows.length === 0 ? noUseIn(period, usage) : whenNone(usage),
    };
    const text =
      format !== "table"
        ? listed(listing, format, door)
        : listing.rows.length > 0
          ? toAdvice(listing.rows, door.out)
          : toParagraph(listing.whenEmpty, door.out);
    await write(text, options.output, door);
  });
}

const WEEK_DAYS = 7;

function whenNone({ start, end }: KnownUsage): string {
  if (start === undefined || end === undefined) return NO_USE;
  const known = Math.ceil((end - start) / DAY_MS);
  return known < WEEK_DAYS
    ? `No advice yet: it takes a week of use to tell what a month is, and known is ${plural(known, "day")}.`
    : "No advice: by what is known, nothing would save ten dollars a month. It rests on tokens and prices; logs without tokens give none.";
}
