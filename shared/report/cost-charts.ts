/**
 * Charts of money as inline SVG, by the same rules as `charts.ts`: percentages across and pixels down, so that text
 * keeps its size on a phone; what is drawn is named where it is drawn.
 */
import type { NanoUsd } from "../model/units.ts";
import { niceCeiling, round, stepLabel, type TimeScale } from "./charts.ts";
import { day, dollars, dollarsInShort } from "./figures.ts";
import { type Html, html } from "./html.ts";

/** One part of a stack: an amount for each step, none of them negative. */
export interface Layer {
  readonly name: string;
  /** Where there is little room. */
  readonly shortName: string;
  readonly values: readonly NanoUsd[];
  /** Below the name: what a reader wants to know of it first. */
  readonly note: string;
  /** Everything that has no layer of its own. */
  readonly isRest?: true;
}

/** Something that stood out, and the number of the sentence that says what. */
export interface Mark {
  readonly number: number;
  readonly time: number;
}

export interface Stack {
  /** Of the ids within the page. */
  readonly id: string;
  readonly title: string;
  readonly starts: readonly number[];
  readonly scale: TimeScale;
  /** The greatest first: it lies at the bottom. */
  readonly layers: readonly Layer[];
  readonly marks: readonly Mark[];
}

/** As many layers as a reader can tell apart; every second one has a pattern. */
export const LAYERS = 6;

export const costPatterns =
  (): Html => html`<pattern id="cost-2" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="cost-2" width="5" height="5"/><circle class="gap" cx="2.5" cy="2.5" r="1.2"/></pattern>
<pattern id="cost-4" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="cost-4" width="6" height="6"/><rect class="gap" width="2" height="6"/></pattern>
<pattern id="cost-6" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="cost-6" width="5" height="5"/><rect class="gap" width="5" height="1.6"/></pattern>
<pattern id="unexplained" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect class="unexplained" width="6" height="6"/><rect class="gap" width="2.4" height="6"/></pattern>`;

const layerFill = (at: number, isRest: boolean): Html => {
  if (isRest) return html`class="cost-rest"`;
  return at % 2 === 0 ? html`class="cost-${at + 1}"` : html`fill="url(#cost-${at + 1})"`;
};

const PLOT_HEIGHT = 216;
const LANE_HEIGHT = 21;
const TOP = 8;
const AXIS_HEIGHT = 26;

/** Spend per step in layers, what stood out above it, and beside it each layer's part of the whole. */
export function stackOverTime(stack: Stack): Html {
  const { id, title, starts, scale, layers, marks } = stack;
  const totals = starts.map((_, at) => sum(layers.map(({ values }) => values[at] ?? 0)));
  const most = niceCeiling(Math.max(...totals, 1));
  const slot = 100 / starts.length;
  const placed = inLanes(marks, stack);
  const top = TOP + LANE_HEIGHT * (1 + Math.max(-1, ...placed.map(({ lane }) => lane)));
  const bottom = top + PLOT_HEIGHT;
  const y = (value: number): number => round(bottom - (PLOT_HEIGHT * value) / most);
  const labelEvery = Math.ceil(starts.length / 5);
  const peak = totals.indexOf(Math.max(...totals));

  return html`<div class="stack">
<svg class="over-time" width="100%" height="${bottom + AXIS_HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${layers.map(({ name, note }) => `${name}: ${note}.`).join(" ")} The most was ${dollars((totals[peak] ?? 0) as NanoUsd)}, on ${stepLabel(starts[peak] ?? 0, scale.word)}.</desc>
${[0, 0.5, 1].map((part) => html`<line class="grid" x1="0" x2="100%" y1="${y(part * most)}" y2="${y(part * most)}"/><text class="tick" x="-8" y="${y(part * most) + 4}" text-anchor="end">${dollarsInShort((part * most) as NanoUsd)}</text>`)}
${starts.map((start, at) => {
  let below = 0;
  const bars = layers.flatMap(({ values, isRest }, layer) => {
    const value = values[at] ?? 0;
    if (value <= 0) return [];
    below += value;
    const height = Math.max((PLOT_HEIGHT * value) / most, 0.5);
    return [
      html`<rect x="${round(at * slot + slot * 0.1)}%" width="${round(slot * 0.8)}%" y="${y(below)}" height="${round(height)}" ${layerFill(layer, isRest === true)}/>`,
    ];
  });
  if (bars.length === 0) return html``;
  return html`<g><title>${stepLabel(start, scale.word)}: ${dollars((totals[at] ?? 0) as NanoUsd)}</title>${bars}</g>`;
})}
${placed.map(({ number, lane, at, x }) => {
  const middle = top - TOP - LANE_HEIGHT * lane - LANE_HEIGHT / 2 + 2;
  return html`<line class="pointer" x1="${x}%" x2="${x}%" y1="${middle}" y2="${y(totals[at] ?? 0)}"/><circle class="flag" cx="${x}%" cy="${middle}" r="9"/><text class="flag" x="${x}%" y="${middle + 4}" text-anchor="middle">${number}</text>`;
})}
${starts.map((start, at) => (at % labelEvery === 0 ? html`<text class="tick" x="${round((at + 0.5) * slot)}%" y="${bottom + 20}" text-anchor="middle">${stepLabel(start, scale.word, true)}</text>` : html``))}
</svg>
${wholeColumn(layers)}
</div>`;
}

interface PlacedMark extends Mark {
  readonly at: number;
  /** Per cent from the left. */
  readonly x: number;
  readonly lane: number;
}

/** Two numbers nearer than this would lie upon each other on a phone. Per cent. */
const APART = 8;

/** Marks that are too near to each other stand one above the other. */
function inLanes(marks: readonly Mark[], { starts, scale }: Stack): PlacedMark[] {
  const slot = 100 / starts.length;
  const first = starts[0] ?? 0;
  const lastIn: number[] = [];
  return marks
    .map((mark) => ({ ...mark, at: Math.floor((mark.time - first) / scale.stepMs) }))
    .filter(({ at }) => at >= 0 && at < starts.length)
    .sort((a, b) => a.at - b.at || a.number - b.number)
    .map((mark) => {
      const x = round((mark.at + 0.5) * slot);
      const free = lastIn.findIndex((last) => x - last >= APART);
      const lane = free === -1 ? lastIn.length : free;
      lastIn[lane] = x;
      return { ...mark, x, lane };
    });
}

/** Two lines of text. */
const LABEL_HEIGHT = 32;

/** The whole period as one column, as high as the plot beside it, each part named. */
function wholeColumn(layers: readonly Layer[]): Html {
  const all = sum(layers.map(({ values }) => sum(values)));
  const top = Math.max(TOP, LABEL_HEIGHT * layers.length - PLOT_HEIGHT);
  const bottom = top + PLOT_HEIGHT;
  let below = 0;
  const parts = layers.map((layer, at) => {
    const height = all > 0 ? (PLOT_HEIGHT * sum(layer.values)) / all : 0;
    below += height;
    return { layer, at, height, y: bottom - below, middle: bottom - below + height / 2 };
  });
  const labels = apart(
    parts.toReversed().map(({ middle }) => middle),
    LABEL_HEIGHT,
    LABEL_HEIGHT / 2,
    bottom - LABEL_HEIGHT / 2 + TOP,
  ).reverse();
  return html`<svg class="names" width="100%" height="${bottom + AXIS_HEIGHT}" aria-hidden="true">
${parts.map(({ layer, at, height, y, middle }) => {
  const label = round(labels[at] ?? middle);
  return html`<rect x="2" width="18" y="${round(y)}" height="${round(Math.max(height - 1, 0.5))}" ${layerFill(at, layer.isRest === true)}/><path class="leader" d="M22 ${round(middle)} 28 ${round(middle)} 36 ${label}H40"/><text class="place" x="44" y="${round(label - 2)}">${shortened(layer.shortName)}</text><text class="tick" x="44" y="${round(label + 13)}">${layer.note}</text>`;
})}
<text class="tick" x="2" y="${bottom + 20}">all of it</text>
</svg>`;
}

/** Positions from the least to the greatest, moved as little as keeps them `distance` apart and within bounds. */
export function apart(wished: readonly number[], distance: number, least: number, greatest: number): number[] {
  const placed: number[] = [];
  for (const one of wished) placed.push(Math.max(one, (placed.at(-1) ?? least - distance) + distance));
  let limit = greatest;
  for (let at = placed.length - 1; at >= 0; at--) {
    placed[at] = Math.min(placed[at] ?? limit, limit);
    limit = (placed[at] ?? limit) - distance;
  }
  return placed;
}

const shortened = (name: string): string => (name.length > 24 ? `${name.slice(0, 23)}…` : name);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** How a budget is used up: what is used, what is expected until the period's end, and the amount. */
export interface Burn {
  /** Of the ids within the page. */
  readonly id: string;
  readonly title: string;
  /** In words, for those who do not see it. */
  readonly words: string;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Ascending, from the period's start. */
  readonly course: readonly { readonly time: number; readonly used: number }[];
  /** What it is held against. */
  readonly limit?: {
    readonly amount: number;
    readonly label: string;
    /** To compare with, and no harm to exceed. */
    readonly isReference?: true;
  };
  /** What is expected, ascending until the end. Empty: the period is over. */
  readonly ahead: readonly Expected[];
  /** When the limit was reached, or is expected to be. */
  readonly crossing?: number;
  readonly written: (amount: number) => string;
  /** For the end of the line, where there is little room. */
  readonly writtenShort: (amount: number) => string;
}

export interface Expected {
  readonly time: number;
  readonly expected: number;
  /** Where it lies in 80 of 100 cases. */
  readonly low: number;
  readonly high: number;
}

const BURN_HEIGHT = 150;
/** Room for a label above the highest line. */
const BURN_TOP = 18;

export function burn(of: Burn): Html {
  const { id, title, words, start, end, course, limit, ahead, crossing, written, writtenShort } = of;
  const outlook = ahead.at(-1);
  const last = course.at(-1) ?? { time: start, used: 0 };
  const most = 1.08 * Math.max(limit?.amount ?? 0, last.used, outlook?.high ?? 0, 1);
  const bottom = BURN_TOP + BURN_HEIGHT;
  const x = (time: number): number =>
    round((100 * (Math.min(Math.max(time, start), end) - start)) / (end - start));
  const y = (value: number): number => round(bottom - (BURN_HEIGHT * value) / most);
  const line = [{ time: start, used: 0 }, ...course].map(({ time, used }) => `${x(time)},${y(used)}`).join("L");
  const from = `M${x(last.time)},${y(last.used)}`;
  const through = (value: (of: Expected) => number, of = ahead): string =>
    of.map((one) => `L${x(one.time)},${y(value(one))}`).join("");
  // The course rises through a label on the left; on the right there is room then.
  const isCrossedEarly = crossing !== undefined && x(crossing) < 42;
  return html`<svg class="burn" width="100%" height="${bottom + (outlook ? 38 : 22)}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${words}</desc>
<svg width="100%" height="${bottom}" viewBox="0 0 100 ${bottom}" preserveAspectRatio="none" overflow="visible">
<path class="used" d="M${line}V${bottom}H0Z"/>
${
  outlook
    ? html`<path class="band" d="${from}${through(({ high }) => high)}${through(({ low }) => low, ahead.toReversed())}Z"/><path class="expected" d="${from}${through(({ expected }) => expected)}"/>`
    : ""
}
<path class="course" d="M${line}"/>
</svg>
<line class="axis" x1="0" x2="100%" y1="${bottom}" y2="${bottom}"/>
${
  limit
    ? html`<line class="${limit.isReference ? "reference" : "limit"}" x1="0" x2="100%" y1="${y(limit.amount)}" y2="${y(limit.amount)}"/><text class="${limit.isReference ? "reference" : "limit"}" x="${isCrossedEarly ? "100%" : "0"}" y="${y(limit.amount) - 6}" text-anchor="${isCrossedEarly ? "end" : "start"}">${limit.label}</text>`
    : ""
}
${
  outlook
    ? html`<circle class="end" cx="100%" cy="${y(outlook.expected)}" r="4"/>${endLabels(outlook, y, writtenShort)}`
    : html`<circle class="end" cx="${x(last.time)}%" cy="${y(last.used)}" r="4"/>`
}
${crossing !== undefined && limit ? crossingAt(x(crossing), y(limit.amount), shortDay(crossing)) : ""}
<text class="tick" x="0" y="${bottom + 16}">${shortDay(start)}</text><text class="tick" x="100%" y="${bottom + 16}" text-anchor="end">${shortDay(end - 1)}</text>
${
  outlook
    ? html`<line class="pointer" x1="${x(last.time)}%" x2="${x(last.time)}%" y1="${bottom}" y2="${bottom + 22}"/><text class="date" x="${x(last.time)}%" y="${bottom + 33}" text-anchor="${anchorAt(x(last.time))}">${shortDay(last.time - 1)}: ${written(last.used)}</text>`
    : ""
}
</svg>`;
}

/** Before it the course is below the limit and leaves room above; after it there is room below. */
const crossingAt = (left: number, limit: number, date: string): Html =>
  left > 60
    ? html`<circle class="crossing" cx="${left}%" cy="${limit}" r="5"/><text class="limit" x="${left}%" dx="-9" y="${limit - 6}" text-anchor="end">${date}</text>`
    : html`<circle class="crossing" cx="${left}%" cy="${limit}" r="5"/><text class="limit" x="${left}%" dx="8" y="${limit + 15}">${date}</text>`;

/** What is expected, and in 80 of 100 cases: below each other at the right edge, where they do not touch. */
function endLabels(
  { low, expected, high }: Expected,
  y: (value: number) => number,
  written: (amount: number) => string,
): Html {
  const values = [high, expected, low];
  const places = apart(values.map(y), 14, 8, BURN_TOP + BURN_HEIGHT);
  return html`${values.map((value, at) => html`<text class="${at === 1 ? "place" : "tick"}" x="100%" dx="9" y="${round((places[at] ?? 0) + 4)}">${written(value)}</text>`)}`;
}

/** The end of the text that stands at a place so that it stays within the picture. */
function anchorAt(left: number): "start" | "middle" | "end" {
  if (left < 30) return "start";
  return left > 70 ? "end" : "middle";
}

const shortDay = (time: number): string => day(time).split(" ").slice(0, 2).join(" ");

/** One measure of a row over days: where nobody measured, nothing is drawn. */
export interface Trend {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
  /** Of four weeks, where the last value has left it. */
  readonly usual?: number;
}

const [TREND_WIDTH, TREND_HEIGHT] = [132, 34];
/** A line goes on over a weekend, and breaks after so many days without a figure. */
const GAP = 5;

/** A line from nought up, with its last value as a dot; the usual is dashed, where the last value has left it. */
export function trendLine({ label, values, usual }: Trend): Html {
  const known = values.flatMap((value, at) => (value === undefined ? [] : [{ value, at }]));
  const most = Math.max(...known.map(({ value }) => value), usual ?? 0) || 1;
  const x = (at: number): number => round(3 + ((TREND_WIDTH - 8) * at) / Math.max(values.length - 1, 1));
  const y = (value: number): number => round(TREND_HEIGHT - 4 - ((TREND_HEIGHT - 9) * value) / most);
  const last = known.at(-1);
  const path = known
    .map(({ value, at }, nth) => `${at - (known[nth - 1]?.at ?? -GAP) >= GAP ? "M" : "L"}${x(at)} ${y(value)}`)
    .join("");
  return html`<svg class="trend" width="${TREND_WIDTH}" height="${TREND_HEIGHT}" viewBox="0 0 ${TREND_WIDTH} ${TREND_HEIGHT}" role="img" aria-label="${label}"><path class="axis" d="M0 ${TREND_HEIGHT - 3.5}H${TREND_WIDTH}"/>${usual === undefined ? "" : html`<path class="usual" d="M0 ${y(usual)}H${TREND_WIDTH}"/>`}<path class="course" d="${path}"/>${last ? html`<circle class="${usual === undefined ? "end" : "end drifted"}" cx="${x(last.at)}" cy="${y(last.value)}" r="${usual === undefined ? 2.5 : 4}"/>` : ""}</svg>`;
}

export interface BillParts {
  readonly billed: number;
  /** Of the bill: capacity by the hour. */
  readonly capacity: number;
  /** Of the bill: what neither logs nor capacity explain. */
  readonly unexplained: number;
  readonly estimated: number;
}

/** A bill in its parts, above what the logs say it should be. */
export function billBars(
  { billed, capacity, unexplained, estimated }: BillParts,
  most: number,
  label: string,
): Html {
  const width = (value: number): number => round((100 * Math.max(value, 0)) / most);
  const known = Math.max(billed - unexplained, 0);
  const forCalls = Math.max(known - capacity, 0);
  return html`<svg class="bill" width="100%" height="26" role="img" aria-label="${label}"><rect class="cost-1" width="${width(forCalls)}%" height="12"/><rect fill="url(#cost-2)" x="${width(forCalls)}%" width="${width(known - forCalls)}%" height="12"/><rect fill="url(#unexplained)" x="${width(known)}%" width="${width(unexplained)}%" height="12"/><rect class="estimated" y="15" width="${width(estimated)}%" height="9"/></svg>`;
}

/** One amount as long as it is of the greatest. */
export const amountBar = (value: number, most: number): Html =>
  html`<svg class="amount" width="100%" height="8" aria-hidden="true"><rect width="${round((100 * value) / most)}%" height="8"/></svg>`;
