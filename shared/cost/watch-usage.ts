/**
 * The watch over rows of `usage_hourly`, hour by hour of event time: each hour is taken as told at its end, the running
 * one as of `now`. So what is said is a function of the rows, and late ones restate it.
 *
 * It need not begin at the beginning: what was learned by a morning some days back is kept, and with the rows from there
 * on it gives what all rows would. What comes later than that for the hours before is not learned.
 */
import { canonicalJson } from "../model/canonical-json.ts";
import type { Subject } from "../model/finding.ts";
import type { SeriesRow, UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import type { Budget, Policy } from "../policy/policy.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import type { Alert } from "./alert.ts";
import { type BudgetSnapshot, BudgetWatch } from "./budget.ts";
import type { Feedback } from "./feedback.ts";
import { type EpochHour, STATE_VERSION } from "./series-state.ts";
import { accountSeries, NOBODY, principalOf, teamOf, usageReadings } from "./usage-readings.ts";
import { CostWatch } from "./watch.ts";

/** What comes later than this is not learned: reports by the day have been told by then, and told again. */
const RESTATED_MS = 4 * DAY_MS;

/** What one detector says of one subject on one UTC day, and what the rows tell beside. */
export interface UsageAlert {
  /** As of the hour in which it was worst. */
  readonly alert: Alert;
  readonly subject: Subject;
  /** Start of the first hour that shows it: the same when asked again later. */
  readonly hour: EpochMs;
  /** Requests of the subject in all hours that show it; 0 of a budget. */
  readonly calls: number;
  /** Whom the policy names for the subject's use. */
  readonly owner?: string;
}

/** What a person said of an alert. It is heeded from the next hour on. */
export interface HeardFeedback {
  readonly kind: "principal" | "app" | "team";
  readonly uid: string;
  readonly feedback: Feedback;
  readonly time: EpochMs;
}

export interface UsageWatchOptions {
  readonly policy: Pick<Policy, "budgets" | "events">;
  /** Up to when everything has been told. */
  readonly now: EpochMs;
  /** What was learned before, for which `mayGoOnFrom` holds; or the first day to learn from. */
  readonly from: readonly SeriesRow[] | EpochMs;
  /** By time. */
  readonly feedback?: readonly HeardFeedback[];
}

export interface WatchedUsage {
  /** Of the hours from `from` on. */
  readonly alerts: readonly UsageAlert[];
  /** What may be forgotten of the past: absent where that is no more than before. */
  readonly learned?: readonly SeriesRow[];
}

/** What the organization's row holds beside its state. */
interface Whole {
  readonly version: number;
  /** The first day that was learned from. */
  readonly since: EpochMs;
  readonly budgets: readonly Budget[];
  readonly kept: BudgetSnapshot;
}

const wholeOf = (learned: readonly SeriesRow[]): Whole | undefined =>
  learned.find(({ kind }) => kind === "organization")?.rest as Whole | undefined;

/** Where rows are to be read from, to go on from what was learned. */
export const startOf = (learned: readonly SeriesRow[]): EpochMs =>
  ((learned[0]?.nextHour ?? 0) * HOUR_MS) as EpochMs;

/**
 * Whether one may go on from there. Not where use of an earlier time has been told since, nor where budgets have
 * changed: what is used of them was counted from their beginning.
 */
export function mayGoOnFrom(
  learned: readonly SeriesRow[],
  { policy, first, now }: Pick<UsageWatchOptions, "policy" | "now"> & { readonly first: EpochMs },
): boolean {
  const whole = wholeOf(learned);
  return (
    whole?.version === STATE_VERSION &&
    canonicalJson(whole.budgets) === canonicalJson(policy.budgets) &&
    dayOf(first) >= whole.since &&
    startOf(learned) <= now
  );
}

/** Takes rows of whole UTC days in the store's order, one day or many at once, later days later. */
export async function watchUsage(
  days: AsyncIterable<readonly UsageRow[]>,
  { policy, now, from, feedback = [] }: UsageWatchOptions,
): Promise<WatchedUsage> {
  const alerts = new Map<string, UsageAlert>();
  let learned: readonly SeriesRow[] = [];
  let latest: readonly UsageRow[] = [];

  const add = (alert: Alert): void => {
    const said = usageAlert(alert, latest);
    const { kind, uid } = alert.subject;
    const key = JSON.stringify([alert.detector, kind, uid, alert.budget?.name, dayOf(said.hour)]);
    const before = alerts.get(key);
    alerts.set(key, before ? together(before, said) : said);
  };
  const { watch, budgets, since, start } = begun(policy, from, now, add);
  const readingOf = usageReadings();
  const advance = (hour: EpochHour): void => {
    for (const alert of [...watch.advance(hour), ...budgets.advance(hour)]) add(alert);
  };
  const keep = (): void => {
    const whole: Whole = { version: STATE_VERSION, since, budgets: policy.budgets, kept: budgets.snapshot() };
    learned = watch
      .snapshot()
      .map((row) => (row.kind === "organization" ? { ...row, rest: { ...row.rest, ...whole } } : row));
  };

  /** What is to be done before an hour is taken, the first one first. */
  const due: { readonly hour: EpochHour; readonly work: () => void }[] = [];
  const morning = dayOf((now - RESTATED_MS) as EpochMs) / HOUR_MS;
  if (morning > start) due.push({ hour: morning, work: keep });
  for (const { kind, uid, feedback: word, time } of feedback) {
    const hour = Math.floor(time / HOUR_MS) + 1;
    if (hour >= start) due.push({ hour, work: () => watch.hear(kind, uid, word) });
  }
  due.sort((a, b) => a.hour - b.hour);
  const pass = (hour: EpochHour): void => {
    while (due[0] && due[0].hour <= hour) {
      const next = due.shift();
      if (!next) return;
      advance(next.hour);
      next.work();
    }
    advance(hour);
  };

  for await (const rows of days) {
    for (const [hour, ofHour] of Map.groupBy(systemOfRecord(rows).counted, (row) => row.hour)) {
      if (hour >= now) break;
      pass(hour / HOUR_MS);
      latest = ofHour;
      const readings = ofHour.map(readingOf);
      const time = Math.min(now, hour + HOUR_MS) as EpochMs;
      // What nobody knows the price of says nothing about spend; of a quota it is a part.
      const priced = readings.filter(({ cost, errors }) => cost > 0 || errors > 0);
      for (const alert of [...watch.deliver(time, priced), ...budgets.deliver(time, readings)]) add(alert);
    }
  }
  pass(Math.floor(now / HOUR_MS));
  return { alerts: [...alerts.values()], ...(learned.length > 0 ? { learned } : {}) };
}

function begun(
  policy: UsageWatchOptions["policy"],
  from: UsageWatchOptions["from"],
  now: EpochMs,
  goesOn: (alert: Alert) => void,
) {
  const options = { knownEvents: policy.events, now, goesOn };
  if (typeof from === "number")
    return {
      watch: new CostWatch(options),
      budgets: new BudgetWatch(policy.budgets),
      since: dayOf(from),
      start: 0,
    };
  const whole = wholeOf(from);
  if (!whole) throw new Error("what was learned is not whole");
  const start = startOf(from) / HOUR_MS;
  return {
    watch: CostWatch.from(from, options),
    budgets: BudgetWatch.from(policy.budgets, whole.kept, start),
    since: whole.since,
    start,
  };
}

const dayOf = (time: EpochMs): EpochMs => Math.max(0, time - (time % DAY_MS)) as EpochMs;

function usageAlert(alert: Alert, latest: readonly UsageRow[]): UsageAlert {
  const { kind, uid } = alert.subject;
  const hour = ((Math.ceil(alert.detectedTime / HOUR_MS) - 1) * HOUR_MS) as EpochMs;
  const partOf = (row: UsageRow): string =>
    kind === "principal" ? principalOf(row) : kind === "team" ? teamOf(row) : row.app;
  const rows = alert.budget ? [] : latest.filter((row) => row.hour === hour && partOf(row) === uid);
  const owner = rows.find((row) => row.owner !== "")?.owner;
  return {
    alert,
    subject: subjectOf(alert, rows),
    hour,
    calls: rows.reduce((sum, row) => sum + row.calls, 0),
    ...(owner === undefined ? {} : { owner }),
  };
}

/** The worse one's words; of two alike, what came later is the worse. */
function together(before: UsageAlert, after: UsageAlert): UsageAlert {
  const worse = after.alert.impactNanoUsd >= before.alert.impactNanoUsd ? after : before;
  return { ...worse, hour: before.hour, calls: before.calls + after.calls };
}

function subjectOf({ budget, subject: { kind, uid } }: Alert, rows: readonly UsageRow[]): Subject {
  if (budget) return { resource: `budget ${budget.name}` };
  if (kind !== "principal") return { resource: `${kind} ${uid}` };
  const [row] = rows;
  if (row?.principal !== "") return { principal: uid };
  return row.account === "" ? { resource: UNATTRIBUTED } : { account: row.account };
}

const UNATTRIBUTED = "use that no log attributes";

/** The series that a finding of the watch is about. Undefined for a budget. */
export function seriesOf({
  principal,
  account,
  resource = "",
}: Subject): Pick<HeardFeedback, "kind" | "uid"> | undefined {
  if (principal !== undefined) return { kind: "principal", uid: principal };
  if (account !== undefined) return { kind: "principal", uid: accountSeries(account) };
  if (resource === UNATTRIBUTED) return { kind: "principal", uid: NOBODY };
  const [, kind, uid] = /^(app|team) (.+)$/s.exec(resource) ?? [];
  return uid !== undefined && (kind === "app" || kind === "team") ? { kind, uid } : undefined;
}
