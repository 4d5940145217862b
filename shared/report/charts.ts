/**
 * Charts as inline SVG: no script, no colour but the page's own, so that they follow light, dark and print. Widths
 * are percentages of the page and heights are pixels, so that text keeps its size on a phone. Every colour comes
 * with a pattern or a word. Ids are fixed: the same input gives the same bytes.
 */
import type { Level } from "../model/finding.ts";
import type { VerdictWord } from "../model/ledger.ts";
import { DAY_MS, HOUR_MS } from "../model/units.ts";
import { day, plural, whole } from "./figures.ts";
import { type Html, html } from "./html.ts";
import type { RegionFlow } from "./report-input.ts";

export type Judged = VerdictWord | "unjudged";
export type Counts = Readonly<Partial<Record<Judged, number>>>;

/** From the bottom of a bar to its top. */
export const judged: readonly Judged[] = ["sanctioned", "unreviewed", "unsanctioned", "unjudged"];

/** Once per page: what `fill` refers to. */
export const patterns = (
  others: Html,
): Html => html`<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>
<pattern id="unreviewed" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="unreviewed" width="5" height="5"/><circle class="gap" cx="2.5" cy="2.5" r="1.1"/></pattern>
<pattern id="unsanctioned" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="unsanctioned" width="6" height="6"/><rect class="gap" width="1.6" height="6"/></pattern>
${others}
</defs></svg>`;

const fillOf = (verdict: Judged): Html =>
  verdict === "unreviewed" || verdict === "unsanctioned"
    ? html`fill="url(#${verdict})"`
    : html`class="${verdict}"`;

const totalOf = (counts: Counts): number => judged.reduce((total, one) => total + (counts[one] ?? 0), 0);

/** Three digits are enough for where a pixel goes. */
export const round = (value: number): number => Math.round(value * 1_000) / 1_000;

/** `620 calls: 410 sanctioned, 210 unreviewed` */
export const countsInWords = (counts: Counts, unit = "call"): string => {
  const parts = judged.filter((one) => (counts[one] ?? 0) > 0).map((one) => `${whole(counts[one] ?? 0)} ${one}`);
  return `${plural(totalOf(counts), unit)}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
};

/** Which colour and pattern is which. */
export const legend = (shown: readonly Judged[]): Html =>
  html`<ul class="legend">${shown.map(
    (one) =>
      html`<li><svg width="14" height="14" aria-hidden="true"><rect width="14" height="14" ${fillOf(one)}/></svg>${one === "unjudged" ? "not judged" : one}</li>`,
  )}</ul>`;

export interface Step {
  readonly start: number;
  readonly counts: Counts;
}

export interface TimeScale {
  readonly stepMs: number;
  readonly word: "hour" | "day" | "week" | "interval";
}

/** As many steps as a picture can hold: one record with an absurd date must not make a million. */
const MOST_STEPS = 124;

/** Hours up to three days, days up to four months, weeks up to two years, then equal intervals of whole days. */
export function timeScaleOf(first: number, last: number): TimeScale {
  const span = last - first;
  if (span <= 3 * DAY_MS) return { stepMs: HOUR_MS, word: "hour" };
  if (span <= MOST_STEPS * DAY_MS) return { stepMs: DAY_MS, word: "day" };
  if (span <= MOST_STEPS * 7 * DAY_MS) return { stepMs: 7 * DAY_MS, word: "week" };
  return { stepMs: Math.ceil(span / (MOST_STEPS * DAY_MS)) * DAY_MS, word: "interval" };
}

/** Stacked bars over time. Expects every step of the period, the empty ones too. */
export function barsOverTime(steps: readonly Step[], { word }: TimeScale): Html {
  const plotHeight = 180;
  const most = niceCeiling(Math.max(...steps.map(({ counts }) => totalOf(counts)), 1));
  const slot = 100 / steps.length;
  const labelEvery = Math.ceil(steps.length / 5);
  const peak = steps.reduce((best, step) => (totalOf(step.counts) > totalOf(best.counts) ? step : best));
  const y = (value: number): number => round(8 + plotHeight * (1 - value / most));

  return html`<svg class="over-time" width="100%" height="${plotHeight + 34}" role="img" aria-labelledby="over-time-title over-time-desc">
<title id="over-time-title">Calls per ${word} by verdict</title>
<desc id="over-time-desc">${plural(steps.length, word)}. The most were ${countsInWords(peak.counts)}, on ${stepLabel(peak.start, word)}.</desc>
${[0, 0.5, 1].map((part) => html`<line class="grid" x1="0" x2="100%" y1="${y(part * most)}" y2="${y(part * most)}"/><text class="tick" x="-8" y="${y(part * most) + 4}" text-anchor="end">${whole(part * most)}</text>`)}
${steps.map((step, at) => {
  let below = 0;
  const bars = judged.flatMap((one) => {
    const value = step.counts[one] ?? 0;
    if (value === 0) return [];
    below += value;
    const height = Math.max((plotHeight * value) / most, 0.5);
    return [
      html`<rect x="${round(at * slot + slot * 0.12)}%" width="${round(slot * 0.76)}%" y="${y(below)}" height="${round(height)}" ${fillOf(one)}/>`,
    ];
  });
  return bars.length > 0
    ? html`<g><title>${stepLabel(step.start, word)}: ${countsInWords(step.counts)}</title>${bars}</g>`
    : html``;
})}
${steps.map((step, at) => (at % labelEvery === 0 ? html`<text class="tick" x="${round((at + 0.5) * slot)}%" y="${plotHeight + 28}" text-anchor="middle">${stepLabel(step.start, word, true)}</text>` : html``))}
</svg>`;
}

/** A round number little above, whose half is one too: below ten, of what is counted, a whole one. */
export function niceCeiling(value: number): number {
  if (value <= 10) return Math.max(2 * Math.ceil(value / 2), 2);
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = FACTORS.find((one) => one * power >= value) ?? 10;
  return Math.round(factor * power);
}

/** None is more than a quarter above the one before. */
const FACTORS = [1, 1.2, 1.4, 1.6, 1.8, 2, 2.4, 2.8, 3.2, 3.6, 4, 5, 6, 7, 8, 9, 10];

/** `14 Sep 2026, 08:00`, `the week from 14 Sep 2026`; short on an axis. */
export function stepLabel(start: number, word: TimeScale["word"], short = false): string {
  if (word === "hour") return `${short ? "" : `${day(start)}, `}${new Date(start).toISOString().slice(11, 16)}`;
  return short
    ? day(start).split(" ").slice(0, 2).join(" ")
    : `${word === "day" ? "" : `the ${word} from `}${day(start)}`;
}

/** One bar, as long as `counts` is of `most`. */
export const shareBar = (counts: Counts, most: number, height = 14): Html => {
  let before = 0;
  return html`<svg class="share" width="100%" height="${height}" role="img" aria-label="${countsInWords(counts)}">${judged.flatMap(
    (one) => {
      const value = counts[one] ?? 0;
      if (value === 0) return [];
      const start = before;
      before += value;
      return [
        html`<rect x="${round((100 * start) / most)}%" width="${round((100 * value) / most)}%" height="${height}" ${fillOf(one)}/>`,
      ];
    },
  )}</svg>`;
};

/** A row's calls over the period, to be seen at a glance. */
export function sparkline(values: readonly number[], word: string): Html {
  const [width, height] = [104, 22];
  const most = Math.max(...values, 1);
  const slot = width / values.length;
  const bars = values.map((value, at) =>
    value === 0
      ? html``
      : html`<rect x="${round(at * slot)}" y="${round(height - Math.max((height * value) / most, 1))}" width="${round(Math.max(slot - 0.8, 0.6))}" height="${round(Math.max((height * value) / most, 1))}"/>`,
  );
  const quiet = values.filter((value) => value === 0).length;
  return html`<svg class="spark" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Per ${word} up to ${whole(most)}${quiet > 0 ? `, none in ${plural(quiet, word)}` : ""}">${bars}</svg>`;
}

/** One square per day of the period, or for several where there are too many: full where the source spoke. */
export function dayStrip(days: readonly number[], first: number, count: number): Html {
  const perCell = Math.ceil(count / MOST_STEPS);
  const cells = Math.ceil(count / perCell);
  const heard = new Set(days.map((one) => Math.floor((one - first) / (perCell * DAY_MS))));
  const slot = 100 / cells;
  return html`<svg class="strip" width="100%" height="14" role="img" aria-label="Heard on ${whole(days.length)} of ${plural(count, "day")}">${Array.from(
    { length: cells },
    (_, at) =>
      html`<rect class="${heard.has(at) ? "heard" : "silent"}" x="${round(at * slot + slot * 0.1)}%" width="${round(slot * 0.8)}%" y="1" height="12"><title>${perCell > 1 ? "From " : ""}${day(first + at * perCell * DAY_MS)}: ${heard.has(at) ? "heard" : "silent"}</title></rect>`,
  )}</svg>`;
}

/** How a flow's data moved, from the harmless to the open. */
export type Movement = "stays" | "moved" | "may-move" | "anywhere" | "unsaid";

export function movementOf({ requested, processed, scope }: RegionFlow): Movement {
  if (processed !== undefined) return requested === undefined || processed === requested ? "stays" : "moved";
  if (scope === "global") return "anywhere";
  if (scope === "geography") return "may-move";
  return scope === "regional" ? "stays" : "unsaid";
}

export function destinationOf(flow: RegionFlow): string {
  if (flow.processed !== undefined) return flow.processed;
  switch (movementOf(flow)) {
    case "anywhere":
      return "anywhere";
    case "may-move":
      return flow.geography === undefined ? "its geography" : `somewhere in ${flow.geography}`;
    case "stays":
      return flow.requested ?? "not said";
    default:
      return "not said";
  }
}

interface Node {
  readonly name: string;
  readonly calls: number;
  /** Room enough for two lines of text. */
  readonly top: number;
  readonly room: number;
  /** As thick as its calls, in the middle of the room. */
  readonly band: number;
}

const bandTop = (node: Node): number => node.top + (node.room - node.band) / 2;

/** Where calls were sent, on the left, and where they ran or may have run, on the right. */
export function regionFlow(flows: readonly RegionFlow[]): Html {
  const bands = [
    ...Map.groupBy(
      flows.map((flow) => ({
        from: flow.requested ?? "not said",
        to: destinationOf(flow),
        movement: movementOf(flow),
        calls: flow.calls,
      })),
      ({ from, to, movement }) => JSON.stringify([from, to, movement]),
    ).values(),
  ].flatMap((same) => (same[0] ? [{ ...same[0], calls: callsOf(same) }] : []));
  const left = nodes(bands, ({ from }) => from);
  const middleOf = new Map(left.map((node) => [node.name, node.top + node.room / 2]));
  // By where their calls come from, so that few bands cross.
  const right = nodes(
    bands,
    ({ to }) => to,
    (same) => weightedMean(same.map(({ from, calls }) => [middleOf.get(from) ?? 0, calls])),
  );
  const height = Math.max(heightOf(left), heightOf(right));
  const used = new Map<Node, number>();
  /** The part of a node that a band takes, below the parts already taken. */
  const take = (node: Node, calls: number): [top: number, bottom: number] => {
    const top = bandTop(node) + (used.get(node) ?? 0);
    const part = (node.band * calls) / node.calls;
    used.set(node, (used.get(node) ?? 0) + part);
    return [round(top), round(top + part)];
  };
  const order = (names: readonly Node[], name: string): number => names.findIndex((node) => node.name === name);
  const drawn = bands
    .toSorted((a, b) => order(left, a.from) - order(left, b.from) || order(right, a.to) - order(right, b.to))
    .map((band) => {
      const from = left[order(left, band.from)];
      const to = right[order(right, band.to)];
      if (!from || !to) return html``;
      const [fromTop, fromBottom] = take(from, band.calls);
      const [toTop, toBottom] = take(to, band.calls);
      return html`<path class="${band.movement}" d="M0,${fromTop}C50,${fromTop} 50,${toTop} 100,${toTop}V${toBottom}C50,${toBottom} 50,${fromBottom} 0,${fromBottom}Z"><title>${band.from} to ${band.to}: ${plural(band.calls, "call")}</title></path>`;
    });
  const named = (node: Node, x: string, anchor: string): Html =>
    html`<text class="place" x="${x}" y="${round(node.top + node.room / 2 - 2)}" text-anchor="${anchor}">${shortened(node.name)}</text><text class="tick" x="${x}" y="${round(node.top + node.room / 2 + 14)}" text-anchor="${anchor}">${plural(node.calls, "call")}</text>`;

  return html`<svg class="flow" width="100%" height="${Math.ceil(height)}" role="img" aria-labelledby="flow-title flow-desc">
<title id="flow-title">Where calls were sent and where they ran</title>
<desc id="flow-desc">${bands.map(({ from, to, calls }) => `${from} to ${to}: ${plural(calls, "call")}.`).join(" ")}</desc>
<svg x="33%" width="34%" height="${Math.ceil(height)}" viewBox="0 0 100 ${Math.ceil(height)}" preserveAspectRatio="none">${drawn}</svg>
${left.map((node) => html`<rect class="node" x="32.4%" width="0.6%" y="${round(bandTop(node))}" height="${round(node.band)}"/>${named(node, "31.4%", "end")}`)}
${right.map((node) => html`<rect class="node" x="67%" width="0.6%" y="${round(bandTop(node))}" height="${round(node.band)}"/>${named(node, "68.6%", "start")}`)}
</svg>`;
}

/** What fits beside the bands; the table below the picture has the whole name. */
const shortened = (name: string): string => (name.length > 20 ? `${name.slice(0, 19)}…` : name);

/** One below the other, the least `rank` on top. */
function nodes<Band extends { readonly calls: number }>(
  bands: readonly Band[],
  nameOf: (band: Band) => string,
  rank: (same: readonly Band[]) => number = (same) => -callsOf(same),
): Node[] {
  const [leastRoom, leastBand, spread, gap] = [34, 1.5, 240, 8];
  const all = callsOf(bands);
  let top = 0;
  return [...Map.groupBy(bands, nameOf)]
    .map(([name, same]) => ({ name, calls: callsOf(same), rank: rank(same) }))
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
    .map(({ name, calls }) => {
      const band = Math.max(leastBand, (spread * calls) / all);
      const node = { name, calls, top, room: Math.max(leastRoom, band), band };
      top += node.room + gap;
      return node;
    });
}

const callsOf = (bands: readonly { readonly calls: number }[]): number =>
  bands.reduce((total, { calls }) => total + calls, 0);

const weightedMean = (weighted: readonly (readonly [value: number, weight: number])[]): number =>
  weighted.reduce((total, [value, weight]) => total + value * weight, 0) /
  weighted.reduce((total, [, weight]) => total + weight, 0);

const heightOf = (column: readonly Node[]): number => {
  const last = column.at(-1);
  return last ? last.top + last.room : 0;
};

/** A shape for each level, so that it is known without its colour. */
export const levelMark = (level: Level): Html =>
  html`<svg class="mark ${level}" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d="${SHAPES[level]}"/></svg>`;

const SHAPES: Readonly<Record<Level, string>> = {
  critical: "M4.1 0h5.8L14 4.1v5.8L9.9 14H4.1L0 9.9V4.1z",
  high: "M7 .5 14 13.5H0z",
  medium: "M7 0l7 7-7 7-7-7z",
  low: "M7 0a7 7 0 1 1 0 14A7 7 0 0 1 7 0z",
  informational: "M1 1h12v12H1z",
};
