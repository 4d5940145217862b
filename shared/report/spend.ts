/**
 * What was spent, by UTC day and whatever it may be grouped by. Each dollar once: of several tellings of the same
 * traffic one counts (`system-of-record.ts`), and what was billed is shared out among the calls that it is for
 * (`cost/allocate.ts`). Estimates and bills stand side by side and are never added to each other.
 */
import { allocate } from "../cost/allocate.ts";
import { dayOf } from "../cost/bill-periods.ts";
import { isPriced, tokensOf, unpricedCallsOf } from "../cost/unpriced.ts";
import type { UsageRow } from "../model/ledger.ts";
import type { EpochMs, NanoUsd } from "../model/units.ts";

/** `team` is the policy's owner, else the caller's tag. `vendor` is who makes the model, `door` through whom it is called. */
export const spendDimensions = [
  "team",
  "app",
  "customer",
  "task",
  "model",
  "vendor",
  "door",
  "account",
  "principal",
  "region",
  "source",
] as const;
export type SpendDimension = (typeof spendDimensions)[number];

/** Two measures of one spend. */
export type Basis = "estimated" | "billed";

export interface SpendSums {
  readonly calls: number;
  readonly failures: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly reasoningTokens: number;
  /** From prices. Absent: nothing of it has one. */
  readonly estimatedNanoUsd?: NanoUsd;
  /** Part of the estimate: what calls cost that failed. */
  readonly failedNanoUsd: NanoUsd;
  /** From invoices. Absent: nobody has billed it yet. */
  readonly billedNanoUsd?: NanoUsd;
  /** Part of what was billed: for no call that a log tells of. */
  readonly unloggedNanoUsd: NanoUsd;
  /** Part of what was billed: capacity that no call is known to have used. */
  readonly unusedNanoUsd: NanoUsd;
  /** Successful calls that are in no estimate. */
  readonly unpricedCalls: number;
  /** Tokens that are in no estimate, where a vendor counts no calls. */
  readonly unpricedTokens: number;
}

/** A part that nobody told is "". */
export interface SpendRow extends SpendSums, Readonly<Record<SpendDimension, string>> {
  /** Start of the UTC day. */
  readonly day: EpochMs;
}

export interface SpendLine extends SpendSums {
  /** As many as were asked for, in their order; "" for what nobody told. */
  readonly values: readonly string[];
  /** Of the period that it is compared with. Absent: it is compared with none. */
  readonly before?: SpendSums;
}

/** By day, then by whatever tells them apart. They add up to all that was spent, exactly. */
export function spendOf(usage: readonly UsageRow[]): readonly SpendRow[] {
  const { counted, billed, unlogged } = allocate(usage);
  const groups = new Map<string, { readonly key: SpendKey; sums: SpendSums }>();
  const add = (row: UsageRow, sums: SpendSums) => {
    const key = keyOf(row);
    // "\0" is no part of a name in a store.
    const name = `${key.day}\0${spendDimensions.map((dimension) => key[dimension]).join("\0")}`;
    const group = groups.get(name);
    if (group) group.sums = plus(group.sums, sums);
    else groups.set(name, { key, sums });
  };
  for (const row of counted) add(row, sumsOf(row, billed.has(row) || row.billedNanoUsd !== 0));
  for (const row of unlogged)
    add(row, {
      ...nothing,
      billedNanoUsd: row.billedNanoUsd as NanoUsd,
      [row.capacityNanoUsd === 0 ? "unloggedNanoUsd" : "unusedNanoUsd"]: row.billedNanoUsd as NanoUsd,
    });
  return [...groups]
    .sort(([a, { key }], [b, other]) => key.day - other.key.day || (a < b ? -1 : 1))
    .map(([, { key, sums }]) => ({ ...key, ...sums }));
}

/** By one or more dimensions, the dearest first by `basis`; what costs nothing known by calls. */
export function spendBy(
  rows: readonly SpendRow[],
  dimensions: readonly SpendDimension[],
  basis: Basis,
): readonly SpendLine[] {
  const valuesOf = (row: SpendRow) => dimensions.map((dimension) => row[dimension]);
  return [...Map.groupBy(rows, (row) => valuesOf(row).join("\0"))]
    .map(([key, of]) => ({ key, line: { values: key.split("\0").slice(0, dimensions.length), ...total(of) } }))
    .sort((a, b) => compareSpend(a.line, b.line, basis) || (a.key < b.key ? -1 : 1))
    .map(({ line }) => line);
}

/** As `spendBy`, each line beside what it was before; where most has changed first, also what is gone. */
export function compareSpendBy(
  rows: readonly SpendRow[],
  before: readonly SpendRow[],
  dimensions: readonly SpendDimension[],
  basis: Basis,
): readonly SpendLine[] {
  const keyOf = ({ values }: SpendLine) => values.join("\0");
  const earlier = new Map(spendBy(before, dimensions, basis).map((line) => [keyOf(line), line]));
  const lines = spendBy(rows, dimensions, basis).map((line): SpendLine => {
    const { values: _, ...sums } = earlier.get(keyOf(line)) ?? { values: [], ...nothing };
    earlier.delete(keyOf(line));
    return { ...line, before: sums };
  });
  const gone = [...earlier.values()].map(({ values, ...sums }) => ({ values, ...nothing, before: sums }));
  const change = (line: SpendLine) => Math.abs(differenceOf(line, basis) ?? 0);
  return [...lines, ...gone].sort((a, b) => change(b) - change(a) || compareSpend(a, b, basis));
}

/** Of two periods. Absent: neither amount is known, or nothing is compared. */
export function differenceOf(line: Omit<SpendLine, "values">, basis: Basis): NanoUsd | undefined {
  const [now, before] = [amountOf(line, basis), line.before && amountOf(line.before, basis)];
  if (!line.before || (now === undefined && before === undefined)) return undefined;
  return ((now ?? 0) - (before ?? 0)) as NanoUsd;
}

/** The first lines, without those of a smaller amount; all others as one, so that nothing is lost. */
export function topOf(
  lines: readonly SpendLine[],
  basis: Basis,
  { most = lines.length, least = 0 }: { readonly most?: number; readonly least?: number },
): {
  readonly shown: readonly SpendLine[];
  readonly others?: Omit<SpendLine, "values"> & { readonly lines: number };
} {
  const amount = (line: SpendLine) =>
    Math.max(amountOf(line, basis) ?? 0, (line.before && amountOf(line.before, basis)) ?? 0);
  const shown = lines.filter((line) => least === 0 || amount(line) >= least).slice(0, most);
  const kept = new Set(shown);
  const left = lines.filter((line) => !kept.has(line));
  return left.length === 0 ? { shown } : { shown, others: { lines: left.length, ...totalOf(left) } };
}

/** Also of what the lines were before, where they are compared. */
export function totalOf(lines: readonly SpendLine[]): Omit<SpendLine, "values"> {
  const before = lines.flatMap((line) => line.before ?? []);
  return { ...total(lines), ...(before.length > 0 ? { before: total(before) } : {}) };
}

/** Days with use, ascending. */
export function spendByDay(rows: readonly SpendRow[]): readonly (SpendSums & { readonly day: EpochMs })[] {
  return [...Map.groupBy(rows, ({ day }) => day)]
    .sort(([a], [b]) => a - b)
    .map(([day, of]) => ({ day, ...total(of) }));
}

export const total = (rows: readonly SpendSums[]): SpendSums => rows.reduce(plus, nothing);

/** Absent where nobody knows it: of what is not priced, or not billed. */
export const amountOf = (sums: SpendSums, basis: Basis): NanoUsd | undefined =>
  basis === "estimated" ? sums.estimatedNanoUsd : sums.billedNanoUsd;

/** The dearest first, then what is called most. */
export const compareSpend = (a: SpendSums, b: SpendSums, basis: Basis): number =>
  (amountOf(b, basis) ?? -1) - (amountOf(a, basis) ?? -1) || b.calls - a.calls;

type SpendKey = Pick<SpendRow, "day" | SpendDimension>;

const keyOf = (row: UsageRow): SpendKey => ({
  day: dayOf(row.hour),
  team: row.owner || row.team,
  app: row.app,
  customer: row.customer,
  task: row.task,
  model: row.model,
  vendor: vendorOf(row),
  door: row.provider,
  account: row.account,
  principal: row.principal,
  region: row.region,
  source: row.source,
});

/** The first part of a name across doors, `anthropic/claude-sonnet-4-5`: a model that is not recognised has none. */
const vendorOf = ({ model }: UsageRow): string => /^([a-z0-9-]+)\//.exec(model)?.[1] ?? "";

const nothing: SpendSums = {
  calls: 0,
  failures: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  reasoningTokens: 0,
  failedNanoUsd: 0 as NanoUsd,
  unloggedNanoUsd: 0 as NanoUsd,
  unusedNanoUsd: 0 as NanoUsd,
  unpricedCalls: 0,
  unpricedTokens: 0,
};

function sumsOf(row: UsageRow, isBilled: boolean): SpendSums {
  const priced = isPriced(row);
  return {
    calls: row.calls,
    failures: row.failures,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cacheReadTokens: row.cacheReadTokens,
    reasoningTokens: row.reasoningTokens,
    ...(priced ? { estimatedNanoUsd: row.estimatedNanoUsd as NanoUsd } : {}),
    failedNanoUsd: row.failedNanoUsd as NanoUsd,
    ...(isBilled ? { billedNanoUsd: row.billedNanoUsd as NanoUsd } : {}),
    unloggedNanoUsd: 0 as NanoUsd,
    unusedNanoUsd: 0 as NanoUsd,
    unpricedCalls: unpricedCallsOf(row),
    unpricedTokens: priced || row.calls > 0 ? 0 : tokensOf(row),
  };
}

function plus(a: SpendSums, b: SpendSums): SpendSums {
  const estimated = amountSum(a.estimatedNanoUsd, b.estimatedNanoUsd);
  const billed = amountSum(a.billedNanoUsd, b.billedNanoUsd);
  return {
    calls: a.calls + b.calls,
    failures: a.failures + b.failures,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    ...(estimated === undefined ? {} : { estimatedNanoUsd: estimated }),
    failedNanoUsd: (a.failedNanoUsd + b.failedNanoUsd) as NanoUsd,
    ...(billed === undefined ? {} : { billedNanoUsd: billed }),
    unloggedNanoUsd: (a.unloggedNanoUsd + b.unloggedNanoUsd) as NanoUsd,
    unusedNanoUsd: (a.unusedNanoUsd + b.unusedNanoUsd) as NanoUsd,
    unpricedCalls: a.unpricedCalls + b.unpricedCalls,
    unpricedTokens: a.unpricedTokens + b.unpricedTokens,
  };
}

const amountSum = (a: NanoUsd | undefined, b: NanoUsd | undefined): NanoUsd | undefined =>
  a === undefined ? b : b === undefined ? a : ((a + b) as NanoUsd);
