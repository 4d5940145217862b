/** `gnomon cost growth`: what grew for weeks and was abnormal on no day. For a look once a week; no finding pages for it. */
import type { Command } from "commander";
import type { Growth } from "../../shared/cost/slow-burn.ts";
import { days } from "../../shared/report/figures.ts";
import { type Door, write } from "../door.ts";
import { type Column, cost } from "../render/columns.ts";
import { toParagraph, toTable } from "../render/table.ts";
import { withUsage } from "../usage.ts";
import { formatOf, listed, NO_USE, type ViewOptions, viewOptions } from "./view.ts";

export function addGrowth(command: Command, door: Door): void {
  viewOptions(command.command("growth"))
    .description("who spends more week by week without being abnormal on any day")
    .action((paths: string[], options: ViewOptions) => run(paths, options, door));
}

const growthColumns: readonly Column<Growth>[] = [
  { heading: "Who", value: ({ kind, uid }) => (kind === "principal" ? uid : `${kind} ${uid}`) },
  { heading: "Days", value: ({ since, until }) => days(since, until - 1) },
  cost("Spent USD", ({ nanoUsd }) => nanoUsd),
  cost("Five weeks ago USD", ({ usualNanoUsd }) => usualNanoUsd),
];

const NONE =
  "Nobody grew by a quarter in three weeks without being abnormal on any day. It takes five weeks of use to tell.";

async function run(paths: readonly string[], options: ViewOptions, door: Door): Promise<void> {
  const format = formatOf(options);
  await withUsage(paths, options, door, async (usage) => {
    const rows = await usage.growth();
    const whenEmpty = usage.end === undefined ? NO_USE : NONE;
    const listing = { schema: "gnomon.cost-growth/v1", columns: growthColumns, rows, whenEmpty };
    const text =
      format !== "table"
        ? listed(listing, format, door)
        : rows.length > 0
          ? toTable(growthColumns, rows, door.out, whenEmpty)
          : toParagraph(whenEmpty, door.out);
    await write(text, options.output, door);
  });
}
