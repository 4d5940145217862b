/** Budgets for people at a prompt: a bar each, and how it stands in words. */
import stringWidth from "string-width";
import { isByTheMinute } from "../../shared/cost/budget.ts";
import { DAY_MS, type EpochMs, fromUsd } from "../../shared/model/units.ts";
import type { Budget } from "../../shared/policy/policy.ts";
import {
  type BudgetFigures,
  budgetState,
  type CostFigures,
  crossingOf,
} from "../../shared/report/cost-figures.ts";
import { day, days, dollars, percent, rate, whole } from "../../shared/report/figures.ts";
import type { Column } from "./columns.ts";
import { paint, type Screen, toParagraph, widthOf } from "./table.ts";

/** For CSV and Markdown. Amounts in what the budget measures. */
export const budgetColumns: readonly Column<BudgetFigures>[] = [
  { heading: "Budget", value: ({ budget }) => budget.name },
  { heading: "Scope", value: ({ budget }) => scopeOf(budget) },
  { heading: "Measure", value: ({ budget }) => budget.measure },
  { heading: "From", value: ({ periodStart }) => isoDay(periodStart) },
  { heading: "To", value: ({ periodEnd }) => isoDay(periodEnd - 1) },
  amountColumn("Amount", ({ budget }) => budget.amount),
  amountColumn("Used", ({ used }) => used),
  amountColumn("Expected", ({ forecast }) => forecast),
  amountColumn("Low", ({ low }) => low),
  amountColumn("High", ({ high }) => high),
  {
    heading: "Probability",
    value: ({ exceedProbability }) => Number(exceedProbability.toFixed(4)),
    show: ({ exceedProbability }) => percent(exceedProbability, 1),
    numeric: true,
  },
  { heading: "State", value: (figures) => budgetState(figures).word },
];

function amountColumn(heading: string, of: (figures: BudgetFigures) => number): Column<BudgetFigures> {
  // Sums of dollars as binary fractions: exact to the nano-dollar.
  return {
    heading,
    value: (figures) => Number(of(figures).toFixed(9)),
    show: (figures) => writtenIn(figures.budget)(of(figures)),
    numeric: true,
  };
}

/** The most pressing first; then what the whole month will come to. */
export function toBudgets({ budgets, month, now }: CostFigures, idle: readonly Budget[], screen: Screen): string {
  const blocks = budgets
    .toSorted(
      (a, b) => b.exceedProbability - a.exceedProbability || b.used / b.budget.amount - a.used / a.budget.amount,
    )
    .map((figures) => block(figures, now, screen));
  const all = month
    ? [
        toParagraph(
          `All use of ${days(month.periodStart, month.periodEnd - 1)}: ${dollars(fromUsd(month.used))} by ${day(now - 1)}${
            now < month.periodEnd && month.forecast > month.used
              ? `, ${dollars(fromUsd(month.forecast))} expected by its end (in 80 of 100 cases ${dollars(fromUsd(month.low))} to ${dollars(fromUsd(month.high))})`
              : ""
          }.`,
          screen,
        ),
      ]
    : [];
  const sleeping =
    idle.length > 0
      ? [toParagraph(`Not running on ${day(now - 1)}: ${idle.map(({ name }) => name).join(", ")}.`, screen)]
      : [];
  return [...blocks, ...all, ...sleeping].join("\n");
}

const WIDEST_BAR = 60;

function block(figures: BudgetFigures, now: EpochMs, screen: Screen): string {
  const { budget, periodStart, periodEnd } = figures;
  const { word, level } = budgetState(figures);
  const width = Math.min(widthOf(screen), WIDEST_BAR + 2);
  const name = `${budget.name} (${scopeOf(budget)}, ${days(periodStart, periodEnd - 1)})`;
  const gap = Math.max(2, width - stringWidth(name) - word.length);
  const head =
    stringWidth(name) + 2 + word.length <= widthOf(screen)
      ? `${name}${" ".repeat(gap)}${paint(word, screen, level)}\n`
      : `${toParagraph(name, screen)}${paint(word, screen, level)}\n`;
  const sentences = inWords(figures, now).map((sentence) => toParagraph(sentence, screen, "  "));
  return [head, `  ${burnBar(figures, width - 2)}\n`, ...sentences].join("");
}

/** Used, expected, and where the amount is: `████▒▒▒▒··|`. */
function burnBar({ budget: { amount }, used, forecast }: BudgetFigures, width: number): string {
  const end = Math.max(amount, forecast);
  const at = (value: number): number => Math.round((Math.max(0, value) / end) * (width - 1));
  const [usedUntil, expectedUntil, limit] = [at(used), at(forecast), at(amount)];
  return Array.from({ length: width }, (_, column) =>
    column === limit ? "|" : column < usedUntil ? "█" : column < expectedUntil ? "▒" : column < limit ? "·" : " ",
  )
    .join("")
    .trimEnd();
}

function inWords(figures: BudgetFigures, now: EpochMs): readonly string[] {
  const { budget, periodStart, periodEnd, used, forecast, low, high, exceedProbability } = figures;
  const written = writtenIn(budget);
  if (isByTheMinute(budget))
    return [
      `${rate(used)} of ${rate(budget.amount)} ${budget.measure} a minute (${percent(used, budget.amount)}), the mean of the busiest hour of ${day(periodStart)}.`,
    ];
  const crossing = crossingOf(figures);
  const length = Math.round((periodEnd - periodStart) / DAY_MS);
  const dayNumber = Math.min(length, Math.max(1, Math.ceil((now - periodStart) / DAY_MS)));
  const so = `${budget.measure === "cost" ? written(used) : whole(used)} of ${written(budget.amount)} used (${percent(used, budget.amount)}) by day ${dayNumber} of ${length}.`;
  const crossed =
    crossing && !crossing.isExpected
      ? [`Crossed on ${day(crossing.time)}, by ${written(used - budget.amount)} so far.`]
      : [];
  if (now >= periodEnd) return [so, ...crossed, "The period is over."];
  if (forecast <= used) return [so, ...crossed, "No forecast before a whole day of use is known."];
  const expected = `${written(forecast)} expected by ${day(periodEnd - 1)}, in 80 of 100 cases ${written(low)} to ${written(high)}.`;
  if (used >= budget.amount) return [so, ...crossed, expected];
  const when = crossing ? `, about ${day(crossing.time)}` : "";
  return [so, expected, `${sentenceCase(percent(exceedProbability, 1))} likely to be exceeded${when}.`];
}

const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const writtenIn =
  ({ measure }: Budget) =>
  (amount: number): string =>
    measure === "cost" ? dollars(fromUsd(amount)) : `${whole(amount)} ${measure}`;

const scopeOf = ({ scope: { kind, uid } }: Budget): string =>
  kind === "organization" ? "everybody" : `${kind} ${uid}`;

const isoDay = (time: number): string => new Date(time).toISOString().slice(0, 10);
