/**
 * What use of models cost, for a reader who pays for it: how much, who, what stood out, whether it will last, what
 * would cost less, and whether the bills agree. Every picture says in words what it shows.
 */
import type { Advice } from "../cost/advice.ts";
import { dayOf } from "../cost/bill-periods.ts";
import { isByTheMinute } from "../cost/budget.ts";
import { type ReconciledLine, unexplainedOf } from "../cost/reconcile.ts";
import type { Drift, Measure } from "../cost/unit-economics.ts";
import type { FindingRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, fromUsd, type NanoUsd } from "../model/units.ts";
import type { Budget } from "../policy/policy.ts";
import { levelMark, type TimeScale, timeScaleOf } from "./charts.ts";
import {
  amountBar,
  billBars,
  burn,
  LAYERS,
  type Layer,
  type Stack,
  stackOverTime,
  trendLine,
} from "./cost-charts.ts";
import { type BudgetFigures, budgetState, type CostFigures, crossingOf, type UnitTrend } from "./cost-figures.ts";
import { doorTitle } from "./door-title.ts";
import {
  compact,
  day,
  days,
  dollars,
  dollarsInShort,
  percent,
  plural,
  roundDollars,
  unitDollars,
  whole,
} from "./figures.ts";
import { breakable, type Html, html } from "./html.ts";
import { called, capital, empty, figure, levelChip, type Names } from "./page-parts.ts";
import type { ReportInput } from "./report-input.ts";
import {
  amountOf,
  type Basis,
  compareSpendBy,
  differenceOf,
  type SpendDimension,
  type SpendRow,
  spendBy,
  total,
} from "./spend.ts";
import { howToRate, unratedInWords } from "./unrated-bills.ts";

/** What stays readable; `gnomon cost` lists the rest. */
const MARKS_SHOWN = 12;
const BUDGETS_DRAWN = 5;
const BUDGETS_NAMED = 20;
const UNITS_SHOWN = 4;
const DRIFTS_SHOWN = 8;
const ADVICE_SHOWN = 12;
const BILLS_SHOWN = 20;

/** Rules about spend that changed: their findings are marked on the curve. */
const COST_RULES: ReadonlySet<string> = new Set([
  "spend-surge",
  "spend-day-surge",
  "retry-storm",
  "unit-cost-rise",
  "dear-model",
  "new-spender",
  "slow-leak",
  "team-lift",
  "budget-crossed",
  "budget-forecast",
]);

export function costSection(input: ReportInput, names: Names, isShown: (finding: string) => boolean): Html {
  const { cost } = input;
  const all = total(cost.spend);
  const basis: Basis = (all.estimatedNanoUsd ?? 0) > 0 ? "estimated" : "billed";
  if ((amountOf(all, basis) ?? 0) <= 0)
    return html`${withoutCost(all.unpricedCalls + all.unpricedTokens > 0)}${unrated(cost)}`;
  const notable = notableIn(input);
  return html`<p class="intro">${
    basis === "estimated"
      ? "Estimated from prices and tokens as the calls happen. Bills arrive days later and stand beside the estimate; the two are never added."
      : "From bills alone: no log that was read measures tokens of a model with a price."
  } All in US dollars.</p>
${headline(cost, basis)}
${overTime(cost, basis, notable)}
${stoodOut(notable, isShown)}
<h3 class="part">The month and its budgets</h3>
${budgets(input)}
<h3 class="part">What a unit of use costs</h3>
${units(cost)}
<h3 class="part">What would cost less</h3>
${advice(cost, names)}
<h3 class="part">Bills against logs</h3>
${bills(cost, names)}`;
}

const withoutCost = (isUnpriced: boolean): Html =>
  isUnpriced
    ? empty(
        "No cost is known.",
        "There are calls, and none of them has both a price and a number of tokens. Give prices of your own under “prices:” in gnomon.yaml, or read a log that measures tokens: Bedrock invocation logs, Azure diagnostic logs, a vendor's usage figures, a gateway.",
      )
    : empty(
        "No use with a cost was seen.",
        "Read a log that measures tokens (Bedrock invocation logs, Azure diagnostic logs, a vendor's usage figures, a gateway) or a bill: a cost export of AWS, Azure or Google, or any FOCUS file.",
      );

/** The last days against as many before, by whole weeks: a weekend must not look like a saving. */
interface Comparison {
  readonly days: 7 | 28;
  readonly recent: readonly SpendRow[];
  readonly before: readonly SpendRow[];
}

function comparisonOf({ spend, now }: CostFigures): Comparison | undefined {
  const today = dayOf(now);
  const first = spend.reduce<number>((least, row) => Math.min(least, row.day), today);
  const complete = (today - first) / DAY_MS;
  const length = ([28, 7] as const).find((one) => complete >= 2 * one);
  if (length === undefined) return undefined;
  const within = (from: number, to: number) => spend.filter((row) => row.day >= from && row.day < to);
  return {
    days: length,
    recent: within(today - length * DAY_MS, today),
    before: within(today - 2 * length * DAY_MS, today - length * DAY_MS),
  };
}

/** `+18%`, `−7%`, `12 times as much`; undefined where there was nothing. */
function change(now: number, before: number): string | undefined {
  if (before <= 0) return undefined;
  const ratio = now / before;
  if (ratio >= 3) return `${ratio < 10 ? ratio.toFixed(1) : whole(ratio)} times as much`;
  const points = Math.round(100 * (ratio - 1));
  return points === 0 ? "unchanged" : `${points > 0 ? "+" : "−"}${Math.abs(points)}%`;
}

function headline(cost: CostFigures, basis: Basis): Html {
  const all = total(cost.spend);
  const compared = comparisonOf(cost);
  const spent = amountOf(all, basis) ?? (0 as NanoUsd);
  const beside = basis === "estimated" ? all.billedNanoUsd : undefined;
  const without = cost.spend.filter(({ team, app }) => team === "" && app === "");
  const unattributed = amountOf(total(without), basis) ?? (0 as NanoUsd);
  return html`<dl class="figures thirds">
${figure(basis === "estimated" ? "Estimated spend" : "Billed spend", roundDollars(spent), compared ? comparedLine(compared, basis) : `from ${daysOf(cost.spend)}; a comparison takes two weeks`)}
${figure(
  "Billed",
  beside === undefined ? (basis === "billed" ? roundDollars(spent) : "–") : roundDollars(beside),
  billedNote(cost, basis),
)}
${monthFigure(cost)}
${figure(
  "Calls without a cost",
  whole(all.unpricedCalls),
  all.unpricedCalls === 0
    ? `all ${plural(all.calls, "call")} have a price`
    : `${percent(all.unpricedCalls, all.calls)} of the calls: their price or size is not known, so they are in no figure here`,
)}
${figure(
  "For nobody in particular",
  percent(unattributed, spent),
  unattributed > 0
    ? `${roundDollars(unattributed)} that no policy, label or gateway attributes to a team or application`
    : "every dollar has a team or an application",
)}
${figure("Paid for calls that failed", roundDollars(all.failedNanoUsd), all.failedNanoUsd > 0 ? `${percent(all.failedNanoUsd, spent)} of the estimate` : `${plural(all.failures, "call")} failed, none at a known cost`)}
</dl>`;
}

function comparedLine({ days: length, recent, before }: Comparison, basis: Basis): Html {
  const [now, then] = [recent, before].map((rows) => amountOf(total(rows), basis) ?? (0 as NanoUsd));
  const changed = change(now ?? 0, then ?? 0);
  return html`${changed === undefined ? "" : html`<strong>${changed}</strong> in the `}last ${length} days: ${roundDollars(now ?? (0 as NanoUsd))}, before that ${roundDollars(then ?? (0 as NanoUsd))}`;
}

const daysOf = (spend: readonly SpendRow[]): string => {
  const all = spend.map((row) => row.day);
  return days(Math.min(...all), Math.max(...all));
};

function billedNote({ spend }: CostFigures, basis: Basis): string {
  const billed = spend.filter(({ billedNanoUsd }) => billedNanoUsd !== undefined);
  if (billed.length === 0) return "no bill was read; the estimate stands alone";
  const { unloggedNanoUsd, unusedNanoUsd, billedNanoUsd = 0 as NanoUsd } = total(billed);
  const until = `for ${daysOf(billed)}`;
  if (basis === "billed") return until;
  const parts = [
    ...(unusedNanoUsd > 0
      ? [`${percent(unusedNanoUsd, billedNanoUsd)} of it for capacity that no call is known to use`]
      : []),
    ...(unloggedNanoUsd > 0
      ? [`${percent(unloggedNanoUsd, billedNanoUsd)} of it for no call that a log tells of`]
      : []),
  ];
  return parts.length > 0 ? [until, ...parts].join("; ") : `${until}, all of it for calls that logs tell of`;
}

function monthFigure(cost: CostFigures): Html {
  const { month } = cost;
  if (!month) return figure("Expected by the month's end", "–", "no use in this month");
  const used = roundDollars(fromUsd(month.used));
  const name = monthName(month.periodStart);
  if (month.ahead.length === 0) return figure(name, used, "the whole month");
  if (!isForeseeable(cost)) return figure(`${name} so far`, used, "a forecast of the month takes a week of use");
  return figure(
    `Expected by ${shortDay(month.periodEnd - 1)}`,
    roundDollars(fromUsd(month.forecast)),
    `${roundDollars(fromUsd(month.low))} to ${roundDollars(fromUsd(month.high))} in 80 of 100 cases; ${used} so far`,
  );
}

const FORESEEABLE_MS = 7 * DAY_MS;

const isForeseeable = ({ spend, now }: CostFigures): boolean =>
  spend.some((row) => row.day <= now - FORESEEABLE_MS);

const monthName = (time: number): string => day(time).split(" ").slice(1).join(" ");
const shortDay = (time: number): string => day(time).split(" ").slice(0, 2).join(" ");

interface Notable {
  readonly finding: FindingRow["finding"];
  readonly number: number;
  /** When it happened, the first and the last time. */
  readonly times: readonly EpochMs[];
}

/** Numbered by time; where there are too many, the gravest. */
function notableIn({ findings }: ReportInput): { readonly shown: readonly Notable[]; readonly count: number } {
  const found = findings
    .map(({ finding }) => finding)
    .filter(({ ruleName, status }) => COST_RULES.has(ruleName) && status !== "suppressed");
  // Findings come with the gravest first.
  const shown = found
    .slice(0, MARKS_SHOWN)
    .map((finding) => ({ finding, times: timesOf(finding) }))
    .sort((a, b) => (a.times[0] ?? 0) - (b.times[0] ?? 0) || (a.finding.uid < b.finding.uid ? -1 : 1))
    .map((one, at) => ({ ...one, number: at + 1 }));
  return { shown, count: found.length };
}

/** Evidence says when an anomaly began; of a budget it says when its period did. */
function timesOf({ ruleName, evidence, firstSeenTime, lastSeenTime }: FindingRow["finding"]): readonly EpochMs[] {
  const [first = firstSeenTime, last = firstSeenTime] = ruleName.startsWith("budget-")
    ? [firstSeenTime, lastSeenTime]
    : [evidence[0]?.time, evidence.at(-1)?.time];
  return dayOf(last) === dayOf(first) ? [first] : [first, last];
}

function overTime(cost: CostFigures, basis: Basis, { shown }: ReturnType<typeof notableIn>): Html {
  const spent = cost.spend.filter((row) => (amountOf(row, basis) ?? 0) !== 0);
  const firstDay = Math.min(...spent.map((row) => row.day));
  const lastDay = Math.max(...spent.map((row) => row.day));
  const scale = dailyAtLeast(timeScaleOf(firstDay, lastDay));
  const first = Math.floor(firstDay / scale.stepMs);
  const starts = Array.from(
    { length: Math.floor(lastDay / scale.stepMs) - first + 1 },
    (_, at) => (first + at) * scale.stepMs,
  );
  const whose = (["team", "app", "account"] as const).find((one) => spent.some((row) => row[one] !== ""));
  const compared = comparisonOf(cost);
  const chart = (dimension: SpendDimension, word: string): Html => {
    const stack: Stack = {
      id: `spend-${dimension}`,
      title: `${capital(basis)} spend per ${scale.word}, by ${word}`,
      starts,
      scale,
      layers: layersOf(spent, dimension, basis, starts, scale),
      marks: shown.flatMap(({ number, times }) => times.map((time) => ({ number, time }))),
    };
    return html`<div class="card chart"><h3>${stack.title}</h3>${stackOverTime(stack)}${compared ? changes(compared, dimension, basis) : ""}${numbersBehind(stack)}</div>`;
  };
  return html`${whose ? chart(whose, WHOSE[whose]) : ""}${chart("model", "model")}`;
}

/** Below this part of what was spent before, a change is not worth a word. */
const CHANGE_SHARE = 0.02;
const CHANGES_SHOWN = 4;

function changes({ days: length, recent, before }: Comparison, dimension: SpendDimension, basis: Basis): Html {
  const least = CHANGE_SHARE * (amountOf(total(before), basis) ?? 0);
  const lines = compareSpendBy(recent, before, [dimension], basis)
    .flatMap((line) => {
      const difference = differenceOf(line, basis);
      return difference === undefined || Math.abs(difference) < least ? [] : [{ line, difference }];
    })
    .slice(0, CHANGES_SHOWN);
  if (lines.length === 0)
    return html`<p class="small">The last ${length} days were like the ${length} before them.</p>`;
  return html`<p class="small">The last ${length} days against the ${length} before: ${lines.map(
    ({ line, difference }, at) => {
      const share = line.before && change(amountOf(line, basis) ?? 0, amountOf(line.before, basis) ?? 0);
      return html`${at > 0 ? ", " : ""}${nameOf(line.values[0] ?? "", dimension)} <strong>${difference < 0 ? "−" : "+"}${roundDollars(Math.abs(difference) as NanoUsd)}</strong> (${share ?? "new"})`;
    },
  )}.</p>`;
}

const nameOf = (value: string, dimension: SpendDimension): string =>
  value === "" ? (UNSAID[dimension] ?? "not said") : value;

const WHOSE = { team: "team", app: "application", account: "account" } as const;

/** Spend is known by the day. */
const dailyAtLeast = (scale: TimeScale): TimeScale =>
  scale.word === "hour" ? { stepMs: DAY_MS, word: "day" } : scale;

function layersOf(
  spend: readonly SpendRow[],
  dimension: SpendDimension,
  basis: Basis,
  starts: readonly number[],
  { stepMs }: TimeScale,
): readonly Layer[] {
  const first = starts[0] ?? 0;
  const lines = spendBy(spend, [dimension], basis);
  const layerOf = new Map(lines.slice(0, LAYERS).map(({ values }, at) => [values[0] ?? "", at]));
  const others = lines.length - layerOf.size;
  const amounts = Array.from({ length: layerOf.size + (others > 0 ? 1 : 0) }, () =>
    new Array<number>(starts.length).fill(0),
  );
  for (const row of spend) {
    const steps = amounts[layerOf.get(row[dimension]) ?? LAYERS];
    const at = Math.floor((row.day - first) / stepMs);
    if (steps) steps[at] = (steps[at] ?? 0) + (amountOf(row, basis) ?? 0);
  }
  const all = amountOf(total(spend), basis) ?? 0;
  return amounts.map((values, at): Layer => {
    const amount = values.reduce((sum, value) => sum + value, 0) as NanoUsd;
    const isRest = at >= layerOf.size;
    const name = isRest ? plural(others, "other") : nameOf(lines[at]?.values[0] ?? "", dimension);
    return {
      name,
      shortName: dimension === "model" ? name.slice(name.lastIndexOf("/") + 1) : name,
      values: values as NanoUsd[],
      note: `${roundDollars(amount)}, ${percent(amount, all)}`,
      ...(isRest ? { isRest } : {}),
    };
  });
}

const UNSAID: Partial<Record<SpendDimension, string>> = {
  team: "no team named",
  app: "no application named",
  account: "no account named",
  model: "model not said",
};

function numbersBehind({ title, starts, scale, layers }: Stack): Html {
  return html`<details class="screen-only"><summary>The numbers behind this chart</summary>
<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table><thead><tr><th scope="col">${capital(scale.word)} from</th>${layers.map(({ name }) => html`<th scope="col" class="num">${breakable(name)}</th>`)}</tr></thead>
<tbody>${starts.map((start, at) => html`<tr><th scope="row">${day(start)}</th>${layers.map(({ values }) => html`<td class="num">${dollars(values[at] ?? (0 as NanoUsd))}</td>`)}</tr>`)}</tbody></table></div></details>`;
}

function stoodOut({ shown, count }: ReturnType<typeof notableIn>, isShown: (finding: string) => boolean): Html {
  if (shown.length === 0)
    return html`<p class="muted">Nothing stood out: nobody's spend left what was usual for them, and no budget was crossed.</p>`;
  return html`<div class="card"><h3>What stood out</h3><ol class="marked">${shown.map(({ number, finding, times }) => html`<li><span class="flag">${number}</span><div>${finding.reason}<span class="sub">${levelChip(finding.level)} ${isShown(finding.uid) ? html`<a href="#finding-${finding.uid}">${finding.title}</a>` : finding.title}, ${times.map(day).join(" and ")}${finding.owner ? `, ${finding.owner}` : ""}${finding.status === "new" || finding.status === "open" ? "" : `, ${finding.status}`}</span></div></li>`)}</ol>${
    count > shown.length
      ? html`<p class="muted small">${plural(count - shown.length, "other")} of lesser weight: “gnomon findings list”.</p>`
      : ""
  }</div>`;
}

function budgets(input: ReportInput): Html {
  const { cost, policy } = input;
  const sorted = cost.budgets.toSorted(
    (a, b) =>
      Number(b.used >= b.budget.amount) - Number(a.used >= a.budget.amount) ||
      b.exceedProbability - a.exceedProbability ||
      b.used / b.budget.amount - a.used / a.budget.amount ||
      (a.budget.name < b.budget.name ? -1 : 1),
  );
  const drawn = sorted.slice(0, BUDGETS_DRAWN);
  const named = sorted.slice(BUDGETS_DRAWN, BUDGETS_DRAWN + BUDGETS_NAMED);
  const none =
    cost.budgets.length > 0
      ? ""
      : empty(
          policy && policy.budgets.length > 0
            ? "No budget of the policy runs now."
            : "No budget is in the policy.",
          html`Write one, and it is followed here and forecast, and a finding says when it will not last: <code>budgets: [{ name: research, team: research, amount: 4000, period: month }]</code>`,
        );
  return html`<div class="burns">${monthCard(cost)}${drawn.map((one, at) => budgetCard(one, at))}${none}</div>
${
  named.length === 0
    ? ""
    : html`<p class="small muted">Less pressing: ${named.map(({ budget, used }, at) => html`${at > 0 ? ", " : ""}${budget.name} ${percent(used, budget.amount)} used`)}${sorted.length > BUDGETS_DRAWN + BUDGETS_NAMED ? `, and ${whole(sorted.length - BUDGETS_DRAWN - BUDGETS_NAMED)} more` : ""}.</p>`
}`;
}

const courseOf = ({ course, periodEnd }: Pick<BudgetFigures, "course" | "periodEnd">, now: EpochMs) =>
  course.map((one) => ({ time: Math.min(one.day + DAY_MS, now, periodEnd), used: one.used }));

const aheadOf = ({ ahead, periodEnd }: Pick<BudgetFigures, "ahead" | "periodEnd">) =>
  ahead.map((one) => ({ ...one, time: Math.min(one.day + DAY_MS, periodEnd) }));

/** The month as a whole, beside the one before where that was seen in full. */
function monthCard(cost: CostFigures): Html {
  const { month, now, spend } = cost;
  if (!month) return html``;
  const before = Date.UTC(
    new Date(month.periodStart).getUTCFullYear(),
    new Date(month.periodStart).getUTCMonth() - 1,
  );
  const isSeen = spend.some((row) => row.day <= before);
  const last = total(spend.filter((row) => row.day >= before && row.day < month.periodStart)).estimatedNanoUsd;
  const name = monthName(month.periodStart);
  const money = (amount: number): string => roundDollars(fromUsd(amount));
  const ahead = isForeseeable(cost) ? aheadOf(month) : [];
  const against =
    isSeen && last !== undefined && last > 0
      ? ahead.length > 0
        ? `${change(month.forecast, last / 1e9)} against ${monthName(before)} (${roundDollars(last)}).`
        : `${monthName(before)} cost ${roundDollars(last)}.`
      : "";
  const words = [
    month.ahead.length === 0
      ? `${money(month.used)} in the whole month.`
      : `${money(month.used)} by ${shortDay(now - 1)}.`,
    ahead.length > 0
      ? `${money(month.forecast)} expected by ${shortDay(month.periodEnd - 1)}, in 80 of 100 cases ${money(month.low)} to ${money(month.high)}.`
      : "",
    against,
  ]
    .filter((one) => one !== "")
    .join(" ");
  return html`<div class="card chart"><h4>${name}, everybody</h4><p>${words}</p>${burn({
    id: "month",
    title: `Spend of ${name}, day by day`,
    words,
    start: month.periodStart,
    end: month.periodEnd,
    course: courseOf(month, now),
    ahead,
    ...(isSeen && last !== undefined && last > 0
      ? { limit: { amount: last / 1e9, label: `${shortMonth(before)}: ${roundDollars(last)}`, isReference: true } }
      : {}),
    written: money,
    writtenShort: (amount) => dollarsInShort(fromUsd(amount)),
  })}</div>`;
}

const shortMonth = (time: number): string => `all of ${monthName(time).split(" ")[0]}`;

function budgetCard(of: BudgetFigures, at: number): Html {
  const { budget, periodStart, periodEnd, used, course } = of;
  const written = writtenIn(budget);
  const now = Math.min((course.at(-1)?.day ?? periodStart) + DAY_MS, periodEnd);
  const crossing = crossingOf(of);
  const isCrossed = used >= budget.amount;
  const state = budgetState(of);
  if (isByTheMinute(budget))
    return html`<div class="card chart"><div class="beside"><h4>${budget.name}<span class="small muted">, ${scopeOf(budget)}</span></h4><span class="chip ${state.level}">${levelMark(state.level)}${state.word}</span></div><p>${percent(used, budget.amount)} used in the busiest hour of ${day(periodStart)}: ${compact(used)} ${budget.measure} a minute on average, of ${compact(budget.amount)} ${budget.measure}.</p></div>`;
  const words = [
    `${percent(used, budget.amount)} used on day ${Math.ceil((now - periodStart) / DAY_MS)} of ${Math.round((periodEnd - periodStart) / DAY_MS)}: ${written(used)} of ${written(budget.amount)}.`,
    ...(crossing && isCrossed ? [`Crossed on ${day(crossing.time)}.`] : []),
    ...outlookOf(of, written),
  ].join(" ");
  return html`<div class="card chart"><div class="beside"><h4>${budget.name}<span class="small muted">, ${scopeOf(budget)}</span></h4><span class="chip ${state.level}">${levelMark(state.level)}${state.word}</span></div><p>${words}</p>${burn(
    {
      id: `budget-${at}`,
      title: `Budget ${budget.name}: use against its amount`,
      words,
      start: periodStart,
      end: periodEnd,
      course: course.map((one) => ({ time: Math.min(one.day + DAY_MS, periodEnd), used: one.used })),
      ahead: aheadOf(of),
      limit: { amount: budget.amount, label: `budget ${written(budget.amount)}` },
      ...(crossing ? { crossing: crossing.time } : {}),
      written,
      writtenShort: budget.measure === "cost" ? (amount) => dollarsInShort(fromUsd(amount)) : compact,
    },
  )}</div>`;
}

function outlookOf(of: BudgetFigures, written: (amount: number) => string): readonly string[] {
  const { budget, used, forecast, low, high, exceedProbability, periodEnd, ahead } = of;
  if (ahead.length === 0) return ["The period is over."];
  if (forecast <= used) return ["A forecast takes a whole day of use."];
  const expected = `${written(forecast)} expected by ${shortDay(periodEnd - 1)}, in 80 of 100 cases ${written(low)} to ${written(high)}.`;
  if (used >= budget.amount) return [expected];
  const crossing = crossingOf(of);
  return [
    `${percent(exceedProbability, 1)} likely to exceed${crossing ? `, about ${shortDay(crossing.time)}` : ""}.`,
    expected,
  ];
}

const writtenIn =
  ({ measure }: Budget) =>
  (amount: number): string =>
    measure === "cost" ? roundDollars(fromUsd(amount)) : `${compact(Math.round(amount))} ${measure}`;

const scopeOf = ({ scope: { kind, uid } }: Budget): string =>
  kind === "organization" ? "everybody" : `${kind} ${uid}`;

type Shown = Extract<Measure, "perCall" | "perThousandTokens" | "cacheHitShare" | "outputPerInput">;

const UNITS: Readonly<Record<Shown, string>> = {
  perCall: "Cost per request",
  perThousandTokens: "Cost per 1,000 tokens",
  cacheHitShare: "Input read from a cache",
  outputPerInput: "Tokens out per token in",
};
const shownUnits = Object.keys(UNITS) as readonly Shown[];

const isShownUnit = (measure: Measure): measure is Shown => measure in UNITS;

const unitFigure = (measure: Measure, value: number): string => {
  if (measure === "outputPerInput") return value.toFixed(2);
  return measure === "perCall" || measure === "perThousandTokens"
    ? unitDollars(value as NanoUsd)
    : percent(value, 1);
};

/** Fewer calls have no make-up of their own, as in `unit-economics.ts`. */
const LEAST_CALLS = 20;

function units(cost: CostFigures): Html {
  const today = dayOf(cost.now);
  const yesterday = (today - DAY_MS) as EpochMs;
  const first = cost.spend.reduce<number>((least, row) => Math.min(least, row.day), today);
  const count = Math.round((today - first) / DAY_MS);
  const groups = (["team", "model"] as const).flatMap((dimension) => {
    const drifts = cost.drift(dimension).slice(0, DRIFTS_SHOWN);
    const trends = cost.units(dimension).filter((one) => one.costNanoUsd > 0 && one.value !== "");
    const shown = trends.filter(
      ({ value }, at) => at < UNITS_SHOWN || drifts.some((one) => one.value === value && isShownUnit(one.measure)),
    );
    return shown.length === 0 ? [] : [{ dimension, shown, drifts }];
  });
  if (count < 2 || groups.length === 0)
    return empty(
      "No trend yet.",
      "What a request costs is followed by the day: it takes two complete days with use.",
    );
  const drifted = groups.flatMap(({ drifts }) => drifts);
  const unshown = drifted.filter(({ measure }) => !isShownUnit(measure));
  const row = (trend: UnitTrend, drifts: readonly Drift[]): Html =>
    html`<tr class="rows-of"><th scope="row"><span class="name">${breakable(trend.value)}</span><span class="sub">${roundDollars(trend.costNanoUsd)}, ${plural(trend.calls, "request")}</span></th>${shownUnits.map((measure) => unitCell(trend, measure, drifts, { first, count, yesterday }))}</tr>`;
  return html`<p class="intro">Day by day, from nought up; the figure below a line is that of its last complete day. ${
    drifted.length === 0
      ? `On ${day(yesterday)}, none was far from its own four weeks before.`
      : `On ${day(yesterday)}, ${plural(drifted.length, "figure", "figures")} had left the usual of the four weeks before; the dashes are that usual.`
  }</p>
<table class="cards units"><caption>The dearest teams and models</caption>
<thead><tr><th scope="col">Whose</th>${shownUnits.map((measure) => html`<th scope="col">${UNITS[measure]}</th>`)}</tr></thead>
${groups.map(({ dimension, shown, drifts }) => html`<tbody><tr class="group"><th scope="rowgroup" colspan="5">By ${dimension}</th></tr>${shown.map((trend) => row(trend, drifts))}</tbody>`)}
</table>${
    unshown.length === 0
      ? ""
      : html`<p class="small">Beside these: ${unshown.map((one, at) => html`${at > 0 ? "; " : ""}${breakable(one.value === "" ? "nobody named" : one.value)}, ${one.measure === "reasoningShare" ? "output spent on reasoning" : "calls that failed"} ${percent(one.now, 1)}, ${driftWords(one)}`)}.</p>`
  }`;
}

function unitCell(
  { value, days: told }: UnitTrend,
  measure: Shown,
  drifts: readonly Drift[],
  { first, count, yesterday }: { readonly first: number; readonly count: number; readonly yesterday: EpochMs },
): Html {
  const values = new Array<number | undefined>(count).fill(undefined);
  for (const one of told)
    if (one.calls >= LEAST_CALLS && one.day <= yesterday) values[(one.day - first) / DAY_MS] = one[measure];
  const known = values.filter((one) => one !== undefined);
  const last = known.at(-1);
  // A cache that nobody uses is no trend.
  if (last === undefined || known.every((one) => one === 0))
    return html`<td data-label="${UNITS[measure]}"><span class="muted small">${last === undefined ? "not measured" : "none"}</span></td>`;
  const drift = drifts.find((one) => one.value === value && one.measure === measure);
  const said = drift ? driftWords(drift) : undefined;
  const figures = unitFigure(measure, last);
  return html`<td data-label="${UNITS[measure]}">${trendLine({
    label: `${UNITS[measure]}: ${figures} at the end, between ${unitFigure(measure, Math.min(...known))} and ${unitFigure(measure, Math.max(...known))}`,
    values,
    ...(drift ? { usual: drift.usual } : {}),
  })}<span class="now">${figures}</span>${drift && said !== undefined ? html`<strong class="${isBetter(drift) ? "drift better" : "drift"}">${said}</strong>` : ""}</td>`;
}

/** Cheaper, or more of it from a cache. */
const isBetter = ({ measure, now, usual }: Drift): boolean =>
  measure === "cacheHitShare"
    ? now > usual
    : (measure === "perCall" || measure === "perThousandTokens") && now < usual;

/** `2.4 times the usual $0.0021`, `usually 61%`. */
function driftWords({ measure, now, usual }: Drift): string {
  const ratio = usual > 0 ? now / usual : 0;
  const was = unitFigure(measure, usual);
  if (measure.endsWith("Share") || ratio === 0) return `${now > usual ? "up" : "down"} from the usual ${was}`;
  return ratio >= 2
    ? `${ratio.toFixed(1)} times the usual ${was}`
    : `${change(now, usual)} against the usual ${was}`;
}

function advice(cost: CostFigures, names: Names): Html {
  const all = cost.advice();
  if (all.length === 0)
    return empty(
      "Nothing worth a change was found.",
      "Looked for: smaller models for short answers, prompts to be cached, batches, the same model through a cheaper door, idle capacity. It takes a week of use, prices, and $10 a month to be saved.",
    );
  const shown = all.slice(0, ADVICE_SHOWN);
  const firstOf = new Map<string, number>();
  const pieces = shown.map((piece, at) => {
    const use = JSON.stringify([piece.subject, piece.owner]);
    const before = firstOf.get(use);
    if (before === undefined) firstOf.set(use, at + 1);
    return { piece, number: at + 1, ...(before === undefined ? {} : { before }) };
  });
  const sum = pieces.reduce(
    (saving, { piece, before }) => saving + (before === undefined ? (piece.monthlySavingNanoUsd ?? 0) : 0),
    0,
  );
  const most = Math.max(...shown.map(({ monthlySavingNanoUsd }) => monthlySavingNanoUsd ?? 0), 1);
  return html`<p class="intro">${
    sum > 0
      ? `Up to ${roundDollars(sum as NanoUsd)} a month, each use counted once with its greatest saving: pieces about the same use are alternatives, and are not added.`
      : "What it would save is not known, since what it costs is not."
  }</p>
<table class="cards advised"><caption>${plural(all.length, "piece")} of advice${all.length > shown.length ? `, of which ${whole(shown.length)} are shown; “gnomon cost advice” lists all` : ""}</caption>
<thead><tr><th scope="col">What</th><th scope="col" class="num">Saves a month</th><th scope="col">Rests on</th><th scope="col">Assumes</th></tr></thead>
<tbody>${pieces.map((one) => adviceRow(one, most, names))}</tbody></table>`;
}

const KINDS: Readonly<Record<Advice["kind"], string>> = {
  "cheaper-model": "Smaller model",
  caching: "Cache prompts",
  batch: "Batch interface",
  "cheaper-door": "Cheaper door",
  "idle-capacity": "Idle capacity",
};

function adviceRow(
  { piece, number, before }: { readonly piece: Advice; readonly number: number; readonly before?: number },
  most: number,
  names: Names,
): Html {
  const { kind, text, owner, subject, monthlySavingNanoUsd: saving, evidence, assumes } = piece;
  return html`<tr><th scope="row"><span class="name">${number}. ${KINDS[kind]}</span>${owner ? html`<span class="muted small">, ${owner}</span>` : ""}<span class="said">${text}</span>${subject.account === undefined ? "" : html`<span class="sub">Account ${called("account", subject.account, names)}</span>`}</th>
<td class="num" data-label="Saves a month">${saving === undefined ? html`<span class="muted">not known</span>` : html`<strong>${dollars(saving)}</strong>${amountBar(saving, most)}`}${before === undefined ? "" : html`<span class="sub or">instead of ${before}</span>`}</td>
<td data-label="Rests on"><span class="small">${Object.entries(evidence).map(([name, value], at) => html`${at > 0 ? "; " : ""}${name} ${breakable(value)}`)}</span></td>
<td class="wide" data-label="Assumes"><span class="small">${assumes.join("; ")}</span></td></tr>`;
}

function bills(cost: CostFigures, names: Names): Html {
  const lines = cost.reconciliation();
  if (lines.length === 0)
    return cost.unrated.length > 0
      ? unrated(cost)
      : empty(
          "No bill was read.",
          "Put a cost export beside the logs (AWS Cost and Usage Report, Azure cost export, Google billing export, any FOCUS file) or let “gnomon collect” fetch it: what no log explains is what nobody sees.",
        );
  const settled = lines.filter(({ isSettled }) => isSettled);
  const open = lines.filter(({ isSettled }) => !isSettled);
  const tooEarly =
    open.length === 0
      ? ""
      : `${dollars(sumOf(open, ({ billedNanoUsd }) => billedNanoUsd))} more is not judged: bill or logs of those days may be incomplete.`;
  if (settled.length === 0) return html`<p>${tooEarly}</p>${unrated(cost)}`;
  const groups = [...Map.groupBy(settled, ({ provider, account }) => JSON.stringify([provider, account])).values()]
    .flatMap((of) =>
      of[0]
        ? [
            {
              ...of[0],
              of,
              ...unexplainedOf(of),
              estimated: sumOf(of, ({ estimatedNanoUsd }) => estimatedNanoUsd),
            },
          ]
        : [],
    )
    .sort(
      (a, b) =>
        b.unexplainedNanoUsd - a.unexplainedNanoUsd ||
        b.billedNanoUsd - a.billedNanoUsd ||
        (a.provider + a.account < b.provider + b.account ? -1 : 1),
    );
  const shown = groups.slice(0, BILLS_SHOWN);
  const most = Math.max(...shown.flatMap(({ billedNanoUsd, estimated }) => [billedNanoUsd, estimated]), 1);
  const all = unexplainedOf(settled);
  return html`<p class="intro">${dollars(all.billedNanoUsd)} billed and settled; the logs${sumOf(settled, ({ capacityNanoUsd }) => capacityNanoUsd) > 0 ? ", and capacity paid by the hour," : ""} explain all but ${dollars(all.unexplainedNanoUsd)} (${percent(all.unexplainedNanoUsd, all.billedNanoUsd)}), hatched below. ${tooEarly}</p>
<div class="card chart"><table class="cards bills"><caption>Upper bar: billed. Lower bar: estimated from logs. Hatched: billed, and explained by no log of that day${groups.length > shown.length ? `. ${whole(shown.length)} of ${plural(groups.length, "account")} are shown; “gnomon cost reconcile” lists all` : ""}.</caption>
<thead><tr><th scope="col">Door and account</th><th scope="col" class="bar">Billed and estimated</th><th scope="col" class="num">Billed</th><th scope="col" class="num">Estimated</th><th scope="col" class="num">Unexplained</th></tr></thead>
<tbody>${shown.map((group) => billRow(group, most, names))}</tbody></table></div>
${unrated(cost)}`;
}

/** Bills that are in no figure. */
const unrated = ({ unrated: bills }: CostFigures): Html =>
  bills.length === 0
    ? html``
    : html`<ul class="plain">${bills.map((bill) => html`<li><strong>${unratedInWords(bill)}.</strong></li>`)}</ul>
<p class="muted">${howToRate(bills)}</p>`;

interface BillGroup extends ReconciledLine {
  readonly of: readonly ReconciledLine[];
  readonly unexplainedNanoUsd: NanoUsd;
  readonly estimated: NanoUsd;
}

function billRow(
  { provider, account, of, billedNanoUsd: billed, unexplainedNanoUsd: unexplained, estimated }: BillGroup,
  most: number,
  names: Names,
): Html {
  const door = provider === "" ? "door not said" : doorTitle(provider);
  const capacity = sumOf(of, ({ capacityNanoUsd }) => capacityNanoUsd);
  const reason = reasonOf(of, billed, unexplained, estimated);
  return html`<tr><th scope="row"><span class="name">${door}</span><span class="sub">${account === "" ? "no account named" : called("account", account, names)} · ${daysIn(of)}</span></th>
<td class="bar wide">${billBars({ billed, capacity, unexplained, estimated }, most, `${dollars(billed)} billed, ${dollars(estimated)} estimated, ${dollars(unexplained)} unexplained`)}${reason === undefined ? "" : html`<span class="sub">${reason}</span>`}</td>
<td class="num" data-label="Billed">${dollars(billed)}</td><td class="num" data-label="Estimated">${dollars(estimated)}</td><td class="num" data-label="Unexplained">${dollars(unexplained)}<span class="sub">${percent(unexplained, billed)}</span></td></tr>`;
}

function reasonOf(
  of: readonly ReconciledLine[],
  billed: number,
  unexplained: number,
  estimated: number,
): string | undefined {
  const calls = sumOf(of, (line) => line.calls as NanoUsd);
  const unpriced = sumOf(of, (line) => line.unpricedCalls as NanoUsd);
  const capacity = sumOf(of, ({ capacityNanoUsd }) => capacityNanoUsd);
  if (capacity > 0) return `dotted: ${dollars(capacity)} for capacity by the hour, whatever is called`;
  if (calls === 0 && billed > 0) return "no log tells of any call";
  if (unexplained > 0 && unpriced > 0) return `${plural(unpriced, "call")} in the logs without a known cost`;
  return estimated > 1.05 * billed ? "billed below list price: a discount, credits or a commitment" : undefined;
}

const daysIn = (lines: readonly ReconciledLine[]): string =>
  days(Math.min(...lines.map(({ start }) => start)), Math.max(...lines.map(({ end }) => end)) - 1);

const sumOf = (lines: readonly ReconciledLine[], measure: (line: ReconciledLine) => NanoUsd): NanoUsd =>
  lines.reduce((sum, line) => sum + measure(line), 0) as NanoUsd;
