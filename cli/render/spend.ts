/** What was spent, in every form in which it leaves the command line. */
import { type EpochMs, type NanoUsd, toUsd } from "../../shared/model/units.ts";
import { days, dollars, minute, percent, plural, whole } from "../../shared/report/figures.ts";
import {
  amountOf,
  type Basis,
  differenceOf,
  type SpendDimension,
  type SpendLine,
  type SpendSums,
} from "../../shared/report/spend.ts";
import type { UnratedBill } from "../../shared/report/unrated-bills.ts";
import { bar } from "./bar.ts";
import { type Column, cost, count, resourceOfArn, spare } from "./columns.ts";
import { toCsv } from "./csv.ts";
import { toMarkdownTable } from "./markdown.ts";
import { type Screen, toParagraph, toTable } from "./table.ts";
import { unratedNotes } from "./unrated-bills.ts";

export interface SpendView {
  readonly by: readonly SpendDimension[];
  readonly basis: Basis;
  /** Absent: nobody told of any use. */
  readonly period?: Days;
  readonly lines: readonly SpendLine[];
  /** What `--top` and `--min` left out, as one. */
  readonly others?: Omit<SpendLine, "values"> & { readonly lines: number };
  readonly total: Omit<SpendLine, "values">;
  /** By dimension of `by`, what nobody told. */
  readonly unattributed: readonly { readonly dimension: SpendDimension; readonly sums: SpendSums }[];
  /** Models of which some use has no price. */
  readonly unpricedModels: readonly string[];
  /** Bills of the period that are in none of it. */
  readonly unrated: readonly UnratedBill[];
  /** Until when the last day has been told, where it is not over. */
  readonly runningUntil?: EpochMs;
  readonly compared?: Days & {
    /** Since when anything is known, where that is after the beginning. */
    readonly knownSince?: EpochMs;
  };
}

interface Days {
  readonly since: EpochMs;
  /** Exclusive. */
  readonly until: EpochMs;
}

export const spendFormats = ["table", "json", "ndjson", "csv", "markdown", "focus"] as const;
export type SpendFormat = (typeof spendFormats)[number];

export function renderSpend(view: SpendView, format: Exclude<SpendFormat, "focus">, screen: Screen): string {
  const rows = rowsOf(view);
  switch (format) {
    case "table":
      return asTable(view, screen);
    case "csv":
      return toCsv(recordColumns(view), rows);
    case "markdown":
      return asMarkdown(view);
    case "ndjson":
      return rows.map((row) => `${JSON.stringify({ schema: SCHEMA, ...recordOf(row, view) })}\n`).join("");
    case "json":
      return `${JSON.stringify(documentOf(view), undefined, 2)}\n`;
  }
}

const SCHEMA = "gnomon.cost/v1";

interface Row extends Omit<SpendLine, "values"> {
  readonly kind: "line" | "others" | "total";
  readonly values: readonly string[];
  /** Lines that are summed up in it. */
  readonly lines: number;
}

const rowsOf = ({ by, lines, others }: SpendView): readonly Row[] => [
  ...lines.map((line): Row => ({ ...line, kind: "line", lines: 1 })),
  ...(others ? [{ ...others, kind: "others" as const, values: by.map(() => "") }] : []),
];

/** With what it all adds up to. */
function rowsWithTotal(view: SpendView): readonly Row[] {
  const rows = rowsOf(view);
  const total: Row = { ...view.total, kind: "total", values: view.by.map(() => ""), lines: rows.length };
  return [...rows, total];
}

function asTable(view: SpendView, screen: Screen): string {
  const table = toTable(
    view.compared ? comparedColumns(view) : shareColumns(view),
    rowsWithTotal(view),
    screen,
    "",
  );
  const notes = notesOf(view).map((note) => toParagraph(note, screen));
  return [toParagraph(titleOf(view), screen), "\n", table, notes.length > 0 ? "\n" : "", ...notes].join("");
}

function asMarkdown(view: SpendView): string {
  const columns = view.compared
    ? comparedColumns(view)
    : [
        ...nameColumns(view),
        amount(view),
        percentColumn(view),
        ...otherBasis(view),
        count<Row>("Calls", ({ calls }) => calls),
      ];
  const notes = notesOf(view).map((note) => `${note}\n`);
  return [`**${titleOf(view)}**\n\n`, toMarkdownTable(columns, rowsWithTotal(view)), "\n", notes.join("\n")].join(
    "",
  );
}

const BASIS: Readonly<Record<Basis, string>> = { estimated: "Estimated", billed: "Billed" };

function titleOf({ by, basis, period, compared }: SpendView): string {
  const beside = compared ? `, beside ${days(compared.since, compared.until - 1)}` : "";
  const of = period ? `, ${days(period.since, period.until - 1)}` : "";
  return `${BASIS[basis]} cost by ${by.join(" and ")}${of}${beside}`;
}

const BAR_WIDTH = 10;

const shareColumns = (view: SpendView): readonly Column<Row>[] => [
  ...nameColumns(view),
  amount(view),
  {
    heading: "Share",
    value: (row) => {
      const [part, of] = [amountOf(row, view.basis), amountOf(view.total, view.basis)];
      if (row.kind === "total" || part === undefined || !of) return undefined;
      return `${percent(part, of).padStart(4)} ${bar(part / of, BAR_WIDTH)}`;
    },
    rigid: true,
  },
  ...otherBasis(view).map(spare),
  spare(count("Calls", ({ calls }) => calls)),
  spare(count("Tokens", tokensOf)),
  spare(count("No price", ({ unpricedCalls }) => unpricedCalls || undefined)),
];

const comparedColumns = (view: SpendView): readonly Column<Row>[] => [
  ...nameColumns(view),
  { ...amount(view), heading: "Now" },
  cost("Before", ({ before }) => before && amountOf(before, view.basis)),
  {
    heading: "Change",
    value: (row) => {
      const difference = differenceOf(row, view.basis);
      return difference === undefined ? undefined : toUsd(difference);
    },
    show: (row) => changeInWords(row, view.basis),
    numeric: true,
  },
  spare(count("Calls", ({ calls }) => calls)),
  spare(count("Calls before", ({ before }) => before?.calls)),
];

/** `+$12.30 (+41%)`, `new`, `gone`. */
function changeInWords(row: Row, basis: Basis): string | undefined {
  const difference = differenceOf(row, basis);
  const sign = (number: number) => (number < 0 ? "-" : "+");
  const amount =
    difference === undefined || difference === 0
      ? undefined
      : `${sign(difference)}${dollars(Math.abs(difference) as NanoUsd)}`;
  const change = changeOf(row);
  if (change !== undefined) return amount === undefined ? change : `${amount} (${change})`;
  if (difference === 0) return "same";
  const before = row.before && amountOf(row.before, basis);
  if (amount === undefined || difference === undefined || !before || before < 0) return amount;
  return `${amount} (${inPercent(difference, before)})`;
}

/** A multiple says more than hundreds of percent. */
function inPercent(difference: number, before: number): string {
  const times = (before + difference) / before;
  if (times >= 3) return `${whole(times)} times`;
  const part = percent(Math.abs(difference), before);
  return part.startsWith("<") ? part : `${difference < 0 ? "-" : "+"}${part}`;
}

/** Seen in one of the two periods alone, whatever it cost. */
function changeOf(row: Row): "new" | "gone" | undefined {
  if (!row.before || isUse(row) === isUse(row.before)) return undefined;
  return isUse(row) ? "new" : "gone";
}

const isUse = ({ calls, estimatedNanoUsd, billedNanoUsd }: SpendSums): boolean =>
  calls > 0 || estimatedNanoUsd !== undefined || billedNanoUsd !== undefined;

const nameColumns = ({ by }: SpendView): readonly Column<Row>[] =>
  by.map((dimension, at) => ({
    heading: `${dimension.charAt(0).toUpperCase()}${dimension.slice(1)}`,
    value: (row) => row.values[at] || undefined,
    show: (row) => {
      if (row.kind !== "line") return at > 0 ? "" : row.kind === "total" ? "Total" : plural(row.lines, "other");
      const value = row.values[at] ?? "";
      return value === "" ? `(no ${dimension})` : dimension === "principal" ? resourceOfArn(value) : value;
    },
  }));

const amount = ({ basis }: SpendView): Column<Row> => ({
  ...cost(`${BASIS[basis]}`, (row: Row) => amountOf(row, basis)),
  show: (row) => {
    const known = amountOf(row, basis);
    if (known !== undefined) return dollars(known);
    if (!isUse(row)) return undefined;
    if (basis === "billed") return "no bill";
    return row.calls > 0 || tokensOf(row) !== undefined ? "no price" : "no log";
  },
});

const percentColumn = ({ basis, total }: SpendView): Column<Row> => ({
  heading: "Share",
  value: (row) => {
    const [part, of] = [amountOf(row, basis), amountOf(total, basis)];
    return part === undefined || !of ? undefined : Number((part / of).toFixed(6));
  },
  show: (row) => {
    const [part, of] = [amountOf(row, basis), amountOf(total, basis)];
    return part === undefined || !of ? undefined : percent(part, of);
  },
  numeric: true,
});

function otherBasis({ basis }: SpendView): readonly Column<Row>[] {
  const other: Basis = basis === "estimated" ? "billed" : "estimated";
  return [cost(BASIS[other], (row: Row) => amountOf(row, other))];
}

const recordColumns = (view: SpendView): readonly Column<Row>[] => [
  ...nameColumns(view).map((column, at) => ({
    ...column,
    value: (row: Row) =>
      row.kind === "others" ? (at === 0 ? `(${plural(row.lines, "other")})` : undefined) : column.value(row),
  })),
  cost("Estimated USD", ({ estimatedNanoUsd }) => estimatedNanoUsd),
  cost("Billed USD", ({ billedNanoUsd }) => billedNanoUsd),
  percentColumn(view),
  count("Calls", ({ calls }) => calls),
  count("Failed", ({ failures }) => failures),
  count("Input tokens", ({ inputTokens }) => inputTokens),
  count("Output tokens", ({ outputTokens }) => outputTokens),
  count("Cached tokens", ({ cacheReadTokens }) => cacheReadTokens),
  count("Reasoning tokens", ({ reasoningTokens }) => reasoningTokens),
  count("Calls without price", ({ unpricedCalls }) => unpricedCalls),
  ...(view.compared
    ? [
        cost<Row>("Before USD", ({ before }) => before && amountOf(before, view.basis)),
        cost<Row>("Difference USD", (row) => differenceOf(row, view.basis)),
        { heading: "Change", value: changeOf },
      ]
    : []),
];

function recordOf(row: Row, { by, basis }: SpendView): object {
  const { values, kind, lines, before, ...sums } = row;
  const difference = differenceOf(row, basis);
  const change = changeOf(row);
  return {
    ...Object.fromEntries(by.map((dimension, at) => [dimension, values[at] || undefined])),
    ...(kind === "others" ? { others: lines } : {}),
    ...sums,
    ...(before ? { before } : {}),
    ...(difference === undefined ? {} : { differenceNanoUsd: difference }),
    ...(change === undefined ? {} : { change }),
  };
}

function documentOf(view: SpendView): object {
  const { by, basis, period, compared, total } = view;
  const rows = rowsOf(view);
  return {
    schema: SCHEMA,
    basis,
    by,
    ...period,
    ...(compared ? { compared } : {}),
    rows: rows.filter(({ kind }) => kind === "line").map((row) => recordOf(row, view)),
    ...Object.fromEntries(
      rows.filter(({ kind }) => kind === "others").map((row) => ["others", recordOf(row, view)]),
    ),
    total: recordOf({ ...total, kind: "total", values: [], lines: 0 }, { ...view, by: [] }),
    unattributed: Object.fromEntries(view.unattributed.map(({ dimension, sums }) => [dimension, sums])),
    unpricedModels: view.unpricedModels,
    unratedBills: view.unrated,
  };
}

const tokensOf = ({ inputTokens, outputTokens }: SpendSums): number | undefined =>
  inputTokens + outputTokens || undefined;

/** What a dimension is taken from, where nobody told it. */
const TOLD_BY: Readonly<Partial<Record<SpendDimension, string>>> = {
  team: "name owners in the policy, or tag requests with a team",
  app: "tag requests with an app",
  customer: "tag requests with a customer",
  task: "tag requests with a task",
};

/** What the amounts leave out, and what to do about it: the shortest way from each to the next figure. */
function notesOf(view: SpendView): readonly string[] {
  const { basis, total, unattributed, unpricedModels, compared, runningUntil } = view;
  const known = amountOf(total, basis);
  const notes: string[] = [];
  if (runningUntil !== undefined) notes.push(`The last day is told until ${minute(runningUntil).slice(11)} UTC.`);
  if (compared?.knownSince !== undefined)
    notes.push(`Nothing is known from before ${minute(compared.knownSince)} UTC: what looks new may be older.`);
  if (basis === "estimated" && total.billedNanoUsd !== undefined)
    notes.push(
      `Estimated from prices. Billed so far: ${dollars(total.billedNanoUsd)} (--basis billed, gnomon cost reconcile).`,
    );
  if (basis === "billed" && total.unloggedNanoUsd > 0)
    notes.push(
      `${dollars(total.unloggedNanoUsd)} is billed for calls that no log tells of: gnomon cost reconcile.`,
    );
  if (basis === "billed" && total.unusedNanoUsd > 0)
    notes.push(
      `${dollars(total.unusedNanoUsd)} is billed for capacity that no call is known to use: gnomon cost advice.`,
    );
  const missing = [
    ...(total.unpricedCalls > 0 ? [plural(total.unpricedCalls, "call")] : []),
    ...(total.unpricedTokens > 0 ? [`${whole(total.unpricedTokens)} tokens of uncounted calls`] : []),
  ];
  if (basis === "estimated" && missing.length > 0)
    notes.push(
      `Not in it: ${missing.join(" and ")} of unknown tokens or price${unpricedModels.length > 0 ? ` (${few(unpricedModels)})` : ""}. A log with tokens or an entry of prices in gnomon.yaml gives them one.`,
    );
  for (const { dimension, sums } of unattributed) {
    const part = amountOf(sums, basis);
    if (part === undefined && sums.calls === 0) continue;
    const what =
      part === undefined || part === 0
        ? plural(sums.calls, "call")
        : `${dollars(part)}${known ? ` (${percent(part, known)})` : ""}`;
    notes.push(`Without ${dimension}: ${what}; ${TOLD_BY[dimension] ?? "the logs do not say"}.`);
  }
  return [...notes, ...unratedNotes(view.unrated)];
}

const MOST_NAMED = 3;
const few = (names: readonly string[]): string =>
  names.length <= MOST_NAMED
    ? names.join(", ")
    : `${names.slice(0, MOST_NAMED).join(", ")} and ${plural(names.length - MOST_NAMED, "other")}`;
