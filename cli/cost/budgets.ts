/** `gnomon cost budgets`: what of each budget is used, and whether it will last. */
import type { Command } from "commander";
import type { EpochMs } from "../../shared/model/units.ts";
import { noPolicy } from "../../shared/policy/parse-policy.ts";
import { budgetState } from "../../shared/report/cost-figures.ts";
import { days } from "../../shared/report/figures.ts";
import { type Door, write } from "../door.ts";
import { checkPeriod, type PeriodOptions, periodOf } from "../period.ts";
import { budgetColumns, toBudgets } from "../render/budgets.ts";
import { toParagraph } from "../render/table.ts";
import { withUsage } from "../usage.ts";
import { formatOf, listed, NO_USE, type ViewOptions, viewOptions } from "./view.ts";

export function addBudgets(command: Command, door: Door): void {
  viewOptions(command.command("budgets"))
    .description("budgets of the policy: used, expected by the end of the period, and whether it will last")
    .option("--until <day>", "as it stood at the end of this day, UTC")
    .action((paths: string[], options: ViewOptions & Pick<PeriodOptions, "until">) => run(paths, options, door));
}

async function run(
  paths: readonly string[],
  options: ViewOptions & Pick<PeriodOptions, "until">,
  door: Door,
): Promise<void> {
  const format = formatOf(options);
  checkPeriod(options);
  await withUsage(paths, options, door, async (usage) => {
    const { policy = noPolicy, end = 0 as EpochMs } = usage;
    const { until } = periodOf(options.until === undefined ? {} : { until: options.until }, end);
    const rows = await usage.rows(until === undefined ? {} : { until });
    const figures = await usage.figures(rows, Math.min(end, until ?? end) as EpochMs);
    const running = new Set(figures.budgets.map(({ budget }) => budget));
    const idle = policy.budgets.filter((budget) => !running.has(budget));
    const listing = {
      schema: "gnomon.budgets/v1",
      columns: budgetColumns,
      rows: figures.budgets.map((one) => ({ ...one, state: budgetState(one).word })),
      whenEmpty: "",
    };
    const text =
      format !== "table"
        ? listed(listing, format, door)
        : usage.end === undefined
          ? toParagraph(NO_USE, door.out)
          : rows.length === 0
            ? toParagraph(
                `No use by then: what is known is of ${days(usage.start ?? end, end - 1)}. Name a later day, or none.`,
                door.out,
              )
            : toBudgets(figures, idle, door.out) +
              (policy.budgets.length > 0 ? "" : `\n${toParagraph(NO_BUDGET, door.out)}`);
    await write(text, options.output, door);
  });
}

const NO_BUDGET =
  "No budget in the policy (--policy FILE or --config FILE). One is a line of it: budgets: [{ name: research, team: research, amount: 4000, period: month }]";
