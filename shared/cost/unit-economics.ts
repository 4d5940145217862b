/**
 * What one unit of use costs and what it is made of, and whether that has drifted from its own last four weeks. Pure
 * over rows of usage; each call once. Figures that nobody measured are absent.
 */
import type { UsageKey, UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, type NanoUsd } from "../model/units.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import { dayOf } from "./bill-periods.ts";

export interface UnitEconomics {
  readonly calls: number;
  readonly tokens: number;
  readonly costNanoUsd: NanoUsd;
  /** Nano-dollars, over calls that have a price. */
  readonly perCall?: number;
  /** Nano-dollars, over tokens that have a price. */
  readonly perThousandTokens?: number;
  /** Tokens out for one token in. */
  readonly outputPerInput?: number;
  /** Of the input. */
  readonly cacheHitShare?: number;
  /** Of the output. */
  readonly reasoningShare?: number;
  /** Of the calls. */
  readonly failureShare?: number;
  /** What was paid for calls that failed: part of the cost. */
  readonly failedNanoUsd: NanoUsd;
}

/** Of rows as they are: the caller has taken care that views are not added. */
export function unitEconomicsOf(rows: readonly UsageRow[]): UnitEconomics {
  const sum = (measure: (row: UsageRow) => number, of = rows) =>
    of.reduce((total, row) => total + measure(row), 0);
  const [calls, input, output] = [
    sum((row) => row.calls),
    sum((row) => row.inputTokens),
    sum((row) => row.outputTokens),
  ];
  const priced = rows.filter((row) => row.estimatedNanoUsd > 0);
  // A usage API that counts no requests has a price per token and none per call.
  const called = priced.filter((row) => row.calls > row.unpricedCalls);
  return {
    calls,
    tokens: input + output,
    costNanoUsd: sum((row) => row.estimatedNanoUsd) as NanoUsd,
    ...ratio(
      "perCall",
      sum((row) => row.estimatedNanoUsd, called),
      sum((row) => row.calls - row.unpricedCalls, called),
    ),
    ...ratio(
      "perThousandTokens",
      sum((row) => row.estimatedNanoUsd, priced) * 1_000,
      sum((row) => row.inputTokens + row.outputTokens, priced),
    ),
    ...ratio("outputPerInput", output, input),
    ...ratio(
      "cacheHitShare",
      sum((row) => row.cacheReadTokens),
      input,
    ),
    ...ratio(
      "reasoningShare",
      sum((row) => row.reasoningTokens),
      output,
    ),
    ...ratio(
      "failureShare",
      sum((row) => row.failures),
      calls,
    ),
    failedNanoUsd: sum((row) => row.failedNanoUsd) as NanoUsd,
  };
}

const ratio = <Name extends string>(name: Name, part: number, of: number): { [Key in Name]?: number } =>
  of > 0 ? ({ [name]: part / of } as { [Key in Name]?: number }) : {};

export type Dimension = Exclude<keyof UsageKey, "hour" | "view" | "source">;

export interface UnitEconomicsLine extends UnitEconomics {
  /** "" for what has none: shown, never left out. */
  readonly value: string;
}

/** By team, customer, model or any other part of the key; the dearest first. `team` is the policy's owner, else the tag. */
export function unitEconomicsBy(usage: readonly UsageRow[], dimension: Dimension): readonly UnitEconomicsLine[] {
  const { counted } = systemOfRecord(usage);
  return [...Map.groupBy(counted, valueBy(dimension))]
    .map(([value, rows]) => ({ value, ...unitEconomicsOf(rows) }))
    .sort((a, b) => b.costNanoUsd - a.costNanoUsd || b.calls - a.calls || (a.value < b.value ? -1 : 1));
}

/** Whom the policy names as owner is whose it is, whatever the caller's tag says. */
export const valueBy =
  (dimension: Dimension) =>
  (row: UsageRow): string =>
    dimension === "team" ? row.owner || row.team : row[dimension];

const measures = [
  "perCall",
  "perThousandTokens",
  "outputPerInput",
  "cacheHitShare",
  "reasoningShare",
  "failureShare",
] as const satisfies readonly (keyof UnitEconomics)[];
export type Measure = (typeof measures)[number];

export interface Drift {
  /** Of the dimension. */
  readonly value: string;
  readonly measure: Measure;
  /** Of the day. */
  readonly now: number;
  /** The median of the days before. */
  readonly usual: number;
  /** Modified z-score: how many usual deviations away; negative where it fell. */
  readonly deviations: number;
  readonly calls: number;
  readonly costNanoUsd: NanoUsd;
}

const DAYS_BEFORE = 28;
/** With fewer days there is no usual. */
const LEAST_DAYS = 10;
/** Below these a day is too small to have a make-up of its own. Nano-dollars. */
const LEAST_CALLS = 20;
const LEAST_COST = 1e9;
/** Iglewicz & Hoaglin, How to Detect and Handle Outliers (1993): the cut-off for modified z-scores. */
const CUT_OFF = 3.5;
/** A series that hardly ever moves must move at least so far: 20 % of a price or ratio, five points of a share. */
const LEAST_RATIO = 0.2;
const LEAST_POINTS = 0.05;

/** What has drifted on a UTC day, the dearest first. Median and median absolute deviation: one odd day hides nothing. */
export function driftOn(usage: readonly UsageRow[], day: EpochMs, dimension: Dimension): readonly Drift[] {
  const { counted } = systemOfRecord(usage);
  const today = dayOf(day);
  const since = today - DAYS_BEFORE * DAY_MS;
  const recent = counted.filter(({ hour }) => hour >= since);
  return [...Map.groupBy(recent, valueBy(dimension))]
    .flatMap(([value, rows]) => driftOf(value, rows, today))
    .sort(
      (a, b) =>
        b.costNanoUsd - a.costNanoUsd ||
        (a.value < b.value ? -1 : a.value > b.value ? 1 : 0) ||
        measures.indexOf(a.measure) - measures.indexOf(b.measure),
    );
}

function driftOf(value: string, rows: readonly UsageRow[], today: EpochMs): Drift[] {
  const days = new Map(
    [...Map.groupBy(rows, ({ hour }) => dayOf(hour))].map(([day, of]) => [day, unitEconomicsOf(of)]),
  );
  const now = days.get(today);
  if (!now || now.calls < LEAST_CALLS || now.costNanoUsd < LEAST_COST) return [];
  const before = [...days].filter(([day, { calls }]) => day < today && calls >= LEAST_CALLS).map(([, of]) => of);
  return measures.flatMap((measure) => {
    const [present, past] = [now[measure], before.flatMap((of) => of[measure] ?? [])];
    if (present === undefined || past.length < LEAST_DAYS) return [];
    const usual = median(past);
    const least = measure.endsWith("Share") ? LEAST_POINTS : LEAST_RATIO * usual;
    const spread = Math.max(median(past.map((one) => Math.abs(one - usual))), least * SPREAD_OF_LEAST);
    const moved = present - usual;
    if (Math.abs(moved) < least || spread === 0) return [];
    const deviations = (NORMAL * moved) / spread;
    if (Math.abs(deviations) < CUT_OFF) return [];
    return { value, measure, now: present, usual, deviations, calls: now.calls, costNanoUsd: now.costNanoUsd };
  });
}

/** Of a normal distribution, the median absolute deviation in standard deviations. */
const NORMAL = 0.6745;
/** So that a move of just `least` is at the cut-off where nothing moved before. */
const SPREAD_OF_LEAST = NORMAL / CUT_OFF;

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}
