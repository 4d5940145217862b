/**
 * What use adds up to → what is wrong with it: bills, logs and attribution, once both have come, and what the watch over
 * spend says. Asked whenever rows of usage may have changed: what it says is a function of the rows, so that asking
 * twice changes nothing, and what late records explain is taken back.
 *
 * Rows are read before the transaction. A batch that comes in between is in the next review.
 */
import type { SettleDays } from "../cost/reconcile.ts";
import { type HeardFeedback, mayGoOnFrom, startOf, watchUsage } from "../cost/watch-usage.ts";
import type { Detection, HeardBefore } from "../detections/detection.ts";
import type { Rule } from "../model/finding.ts";
import type { FindingRow, MatchKey, RuleGroupRow, SeriesRow, UsageRow } from "../model/ledger.ts";
import { uidOf } from "../model/uid.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import type { Policy } from "../policy/policy.ts";
import type { Store } from "../store/store.ts";
import { find, type SaidMatch, saidMatch } from "./find.ts";

export interface ReviewPorts {
  readonly policy: Policy;
  readonly detections: readonly Detection[];
  readonly settleDays?: SettleDays;
  /** Months before that of this instant are left as they were said to be. Default: every month with use. */
  readonly since?: EpochMs;
  /** What has not happened by then is left out. Default: nothing is. */
  readonly now?: EpochMs;
  /** When each source spoke last: told with `now` by a store that lasts. */
  readonly heard?: readonly Omit<HeardBefore, "longestSilenceMs">[];
  /** What people said of alerts. */
  readonly feedback?: readonly HeardFeedback[];
}

type ReviewedStore = Pick<Store, "usage" | "usedHours" | "series" | "transact">;

/** Findings that are new or say something else than before. */
export async function review(store: ReviewedStore, ports: ReviewPorts): Promise<readonly FindingRow[]> {
  const groups = new Map<string, Group>();
  const rows = await askUsage(store, ports, groups);
  askCoverage(rows, ports, groups);
  const series = await askWatch(store, ports, groups);

  return store.transact(async (tables) => {
    const claimed = await tables.claimGroups([...groups.keys()]);
    const taken: MatchKey[] = [];
    const put: SaidMatch[] = [];
    const written: RuleGroupRow[] = [];
    const emptied: string[] = [];
    for (const { row, said } of groups.values()) {
      const before = claimed.get(row.key);
      taken.push(...(before?.matches ?? []));
      put.push(...said.values());
      const matches = [...said.values()].map(({ match: { finding, time, supporter } }) => ({
        finding,
        time,
        supporter,
      }));
      if (matches.length > 0) written.push({ ...row, matches });
      else if (before) emptied.push(row.key);
    }
    const isSilent = taken.length === 0 && put.length === 0;
    if (!isSilent)
      await tables.putGroups({ groups: written, remembered: [] }, { groups: emptied, remembered: [] });
    const findings = await find(tables, taken, put);
    // Whoever has gone on from the same was first, and has learned the same.
    if (series && (await tables.claimSeries()) === series.before) await tables.putSeries(series.learned);
    return findings;
  });
}

/** What one rule says of one month, or day. */
interface Group {
  readonly row: Omit<RuleGroupRow, "matches">;
  /** By finding and time: of two that are told at once, the later tells more. */
  readonly said: Map<string, SaidMatch>;
}

/** `of`: the start of a month or day; a source, and when it spoke last. */
const keyOf = (rule: Rule, ...of: readonly (string | number)[]): string => uidOf("group", rule.id, ...of);

function open(groups: Map<string, Group>, rule: Rule, key: string, group: string): void {
  groups.set(key, { row: { key, ruleId: rule.id, group }, said: new Map() });
}

function say(groups: ReadonlyMap<string, Group>, said: SaidMatch): void {
  const { supporter, finding, time } = said.match;
  groups.get(supporter)?.said.set(`${finding} ${time}`, said);
}

async function askUsage(
  store: ReviewedStore,
  { policy, detections, settleDays, since }: ReviewPorts,
  groups: Map<string, Group>,
): Promise<readonly UsageRow[]> {
  const onUsage = detections.filter((detection) => detection.on === "usage");
  if (onUsage.length === 0) return [];
  // The month before shows since when there have been logs and bills.
  const rows = await store.usage(since === undefined ? {} : { since: startOfMonth(since, -1) });
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return rows;

  const verdict = settleDays === undefined ? { policy } : { policy, settleDays };
  for (const detection of onUsage) {
    const { rule } = detection;
    for (let month = startOfMonth(since ?? first.hour); month <= last.hour; month = startOfMonth(month, 1))
      open(groups, rule, keyOf(rule, month), new Date(month).toISOString().slice(0, 7));
    for (const match of detection.evaluate(rows, verdict))
      say(groups, saidMatch(rule, match, keyOf(rule, startOfMonth(match.time)), match.time));
  }
  return rows;
}

/** Each silence is a group of its own, so that the one before stands when a source speaks again. */
function askCoverage(
  rows: readonly UsageRow[],
  { detections, heard = [], now }: ReviewPorts,
  groups: Map<string, Group>,
): void {
  if (now === undefined) return;
  for (const { rule, evaluate } of detections.filter((detection) => detection.on === "coverage")) {
    for (const one of heard) {
      const key = keyOf(rule, one.source, one.lastEventTime);
      open(groups, rule, key, one.source);
      const match = evaluate({ ...one, ...silenceOf(one, rows) }, now);
      if (match) say(groups, saidMatch(rule, match, key, match.time));
    }
  }
}

const HABIT_MS = 28 * DAY_MS;
/** With fewer hours of use nobody knows what is usual. */
const LEAST_HOURS = 48;

/** The longest time between two hours with use in the four weeks until a source spoke last. */
function silenceOf(
  { source, lastEventTime }: Omit<HeardBefore, "longestSilenceMs">,
  rows: readonly UsageRow[],
): Pick<HeardBefore, "longestSilenceMs"> {
  const hours = [
    ...new Set(
      rows
        .filter((row) => row.source === source && row.hour <= lastEventTime && row.hour > lastEventTime - HABIT_MS)
        .map(({ hour }) => hour),
    ),
  ].sort((a, b) => a - b);
  if (hours.length < LEAST_HOURS) return {};
  return { longestSilenceMs: Math.max(...hours.slice(1).map((hour, at) => hour - (hours[at] ?? hour))) };
}

/** What the watch has learned, to be kept for the next review; undefined where that is no more than before. */
async function askWatch(
  store: ReviewedStore,
  { policy, detections, now: latest, feedback = [] }: ReviewPorts,
  groups: Map<string, Group>,
): Promise<{ readonly before: number | undefined; readonly learned: readonly SeriesRow[] } | undefined> {
  const onWatch = detections.filter((detection) => detection.on === "watch");
  const used = onWatch.length > 0 ? await store.usedHours() : undefined;
  if (!used) return undefined;
  const told = (used.last + HOUR_MS) as EpochMs;
  const now = latest !== undefined && latest < told ? latest : told;
  const first = Math.max(used.first, now - LONGEST_MS) as EpochMs;
  const held = await store.series();
  const from = mayGoOnFrom(held, { policy, first, now }) ? held : startOfDay(first);
  const start = typeof from === "number" ? from : startOf(from);

  const { alerts, learned } = await watchUsage(fortnights(store, start, now), { policy, now, from, feedback });
  for (const { rule } of onWatch) {
    for (let day = start; day < now; day = (day + DAY_MS) as EpochMs)
      open(groups, rule, keyOf(rule, day), new Date(day).toISOString().slice(0, 10));
  }
  const byDetector = new Map(onWatch.map((detection) => [detection.detector, detection]));
  for (const said of alerts) {
    const detection = byDetector.get(said.alert.detector);
    if (!detection) continue;
    const match = detection.evaluate(said);
    say(groups, saidMatch(detection.rule, match, keyOf(detection.rule, startOfDay(match.time)), match.time));
  }
  return learned && { before: held[0]?.nextHour, learned };
}

/** The watch learns from no more: a year and a month tell whatever recurs. */
const LONGEST_MS = 400 * DAY_MS;
/** As much as is held in memory at once. */
const READ_MS = 14 * DAY_MS;

async function* fortnights(
  store: Pick<Store, "usage">,
  since: EpochMs,
  until: EpochMs,
): AsyncGenerator<readonly UsageRow[]> {
  for (let start = since; start < until; start = (start + READ_MS) as EpochMs)
    yield await store.usage({ since: start, until: Math.min(start + READ_MS, until) as EpochMs });
}

const startOfDay = (time: EpochMs): EpochMs => (time - (time % DAY_MS)) as EpochMs;

function startOfMonth(time: EpochMs, monthsLater = 0): EpochMs {
  const date = new Date(time);
  return Math.max(0, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater)) as EpochMs;
}
