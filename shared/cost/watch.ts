/**
 * The watch over all series of an organization: keeps hourly totals by event time, folds closed hours into states,
 * asks for evidence whenever something is delivered, and says what is new.
 *
 * The states are a function of the hourly totals by event time alone: late, repeated and replaced readings restate
 * up to three days by folding them again. Arrival decides only when something is noticed.
 */
import type { SeriesRow } from "../model/ledger.ts";
import { type EpochMs, fromUsd, HOUR_MS } from "../model/units.ts";
import type { KnownEvent } from "../policy/policy.ts";
import { ALERT_SCHEMA, type Alert, type SeriesKind } from "./alert.ts";
import { dayOf, runningHourAt } from "./calendar.ts";
import {
  aggregateEvidenceOf,
  type Bar,
  type Detector,
  dearModel,
  type Evidence,
  earlyDaySurge,
  evidenceOf,
  isBeginning,
  newSpender,
} from "./evidence.ts";
import { expect, newExpectation } from "./expectation.ts";
import { driverOf, sentenceFor } from "./explain.ts";
import { applyFeedback, type Feedback } from "./feedback.ts";
import { decide, type Incident, newIncident } from "./incident.ts";
import { type CompiledEvent, compileEvent, type Reach, reachOf } from "./known-events.ts";
import { organizationLift, teamLift } from "./lift.ts";
import {
  copyOf,
  decodeState,
  type EpochHour,
  encodeState,
  type HourTotals,
  newSeries,
  type SeriesState,
  STATE_VERSION,
} from "./series-state.ts";
import { correct, median, postpone, ROUND_HOURS, step, stepOverGap, usualDay } from "./step.ts";

/** Whose use a reading is. A leaf is a principal's use of one model through one door in one region. */
export interface Attribution {
  readonly leaf: string;
  readonly principal: string;
  readonly model: string;
  readonly app?: string;
  readonly team?: string;
}

/** A change of an hour's totals: a new reading, or a later reading of a bucket less the earlier one. */
export interface Reading extends HourTotals {
  readonly attribution: Attribution;
  readonly hour: EpochHour;
}

export interface WatchOptions {
  readonly sensitivity?: "high" | "normal" | "low";
  readonly knownEvents?: readonly KnownEvent[];
  /** When what is found is said; absent: as soon as it is delivered. */
  readonly now?: EpochMs;
  /** Told of every further hour that shows what an alert has said, with its figures as of then. */
  readonly goesOn?: (alert: Alert) => void;
}

interface Series {
  readonly kind: SeriesKind;
  readonly uid: string;
  state: SeriesState;
  /** Totals of the last hours by hour modulo `HOURS_KEPT`, five figures each. */
  readonly hours: Float64Array;
  /** States at the beginning of the last days, the latest first; what late data is folded in from. */
  mornings: SeriesState[];
}

/** What a row holds of a series beside its state. */
interface SeriesRest {
  /** Of the state. */
  readonly version: number;
  /** Place in the order in which series appeared: sums of fractions depend on it. */
  readonly order: number;
  /** JSON knows no infinity: a time that never was is null. */
  readonly incident?: Omit<Incident, "lastFast" | "lastSlow"> & {
    readonly lastFast: number | null;
    readonly lastSlow: number | null;
  };
  /** Of a leaf. */
  readonly principal?: string;
  readonly model?: string;
  /** Of an app or a team: its principals, in the order in which they came. */
  readonly members?: readonly string[];
}

/** The series one attribution adds to. */
interface Lineage {
  readonly leaf: Series;
  readonly principal: Series;
  readonly all: readonly Series[];
}

interface Leaf extends Series {
  readonly principal: Series;
  readonly model: string;
}

interface Aggregate extends Series {
  readonly members: Set<Series>;
}

const HOURS_KEPT = 96;
const MORNINGS_KEPT = 4;
const FIGURES = 5;

const BARS: Readonly<Record<"high" | "normal" | "low", Bar>> = {
  high: { decades: -0.4, dollars: 0.7 },
  normal: { decades: 0, dollars: 1 },
  low: { decades: 0.8, dollars: 2 },
};
/** Least amounts hold for an organization that spends so much a day, and grow with the square root of what it spends. */
const ORGANIZATION_DOLLARS = 2_500;
/** Apps and teams sum up principals, which are watched already. */
const AGGREGATE_DECADES = 2;
/** After an incident of a member its team needs none of its own. */
const MEMBER_EXPLAINS_MS = 48 * HOUR_MS;
/** A feed is silent where it delivers next to nothing in an hour in which so many calls are usual. */
const SILENT_EXPECTED_CALLS = 20;
const SILENT_SHARE = 0.02;
/** In the first days everybody is new, and nobody knows what is silence. */
const SETTLED_HOURS = 72;
/** Until then a newcomer may spend so many times more, and with whom the log begins still more. */
const UNSETTLED_TIMES = 10;
const BEGINNING_TIMES = 40;
/** In which series are asked. */
const ORDER: Readonly<Record<SeriesKind, number>> = { leaf: 0, principal: 1, app: 2, team: 3, organization: 4 };
/** Until the price level of the organization is known, nobody is dear. */
const PRICED_PRINCIPAL_DOLLARS = 1;

export class CostWatch {
  readonly #sensitivity: Bar;
  /** The bar of today, for principals and for what sums them up. */
  #bar: Bar;
  #aggregateBar: Bar;
  readonly #goesOn: WatchOptions["goesOn"];
  readonly #now: EpochMs | undefined;
  readonly #events: readonly CompiledEvent[];
  /** Until somebody appears or begins to work for another. */
  readonly #reaches = new Map<CompiledEvent, Reach<Series>>();
  readonly #organization: Series;
  readonly #leaves = new Map<string, Leaf>();
  readonly #principals = new Map<string, Series>();
  readonly #apps = new Map<string, Aggregate>();
  readonly #teams = new Map<string, Aggregate>();
  /** All of the above, to be folded hour by hour. */
  readonly #everything: Series[] = [];
  readonly #lineages = new WeakMap<Attribution, Lineage>();
  readonly #incidents = new Map<Series, Incident>();
  /** Hours in which the feed was silent. */
  readonly #gaps = new Set<EpochHour>();
  readonly #expected = newExpectation();
  readonly #totals: HourTotals = { cost: 0, calls: 0, inputTokens: 0, outputTokens: 0, errors: 0 };
  #firstHour: EpochHour = -1;
  /** The hour that runs; all before it are folded. */
  #openHour: EpochHour = -1;
  #medianPrice = 0;

  constructor(options: WatchOptions = {}) {
    this.#sensitivity = BARS[options.sensitivity ?? "normal"];
    this.#bar = this.#sensitivity;
    this.#aggregateBar = this.#sensitivity;
    this.#goesOn = options.goesOn;
    this.#now = options.now;
    this.#events = (options.knownEvents ?? []).map(compileEvent);
    this.#organization = newSeriesOf("organization", "organization", 0);
  }

  /** Goes on from what `snapshot` gave. */
  static from(rows: readonly SeriesRow[], options: WatchOptions = {}): CostWatch {
    const watch = new CostWatch(options);
    const kept = rows
      .map(({ rest, ...row }) => ({ ...row, rest: rest as unknown as SeriesRest }))
      .sort((a, b) => a.rest.order - b.rest.order);
    for (const { kind, uid, state: bytes, rest } of kept) {
      const state = decodeState(bytes, rest.version);
      const series = state && watch.#restored(kind, uid, rest);
      if (!series) throw new Error("the states of the watch are of another version, or not whole");
      series.state = state;
      series.mornings = [copyOf(state)];
      watch.#everything.push(series);
      const { incident } = rest;
      const NEVER = Number.NEGATIVE_INFINITY;
      if (incident)
        watch.#incidents.set(series, {
          ...incident,
          lastFast: incident.lastFast ?? NEVER,
          lastSlow: incident.lastSlow ?? NEVER,
        });
    }
    for (const { kind, uid, rest } of kept) {
      const aggregate =
        kind === "app" ? watch.#apps.get(uid) : kind === "team" ? watch.#teams.get(uid) : undefined;
      for (const member of rest.members ?? []) {
        const principal = watch.#principals.get(member);
        if (principal) aggregate?.members.add(principal);
      }
    }
    watch.#firstHour = watch.#organization.state.firstHour;
    watch.#openHour = watch.#organization.state.nextHour;
    watch.#setBars();
    return watch;
  }

  #restored(kind: SeriesKind, uid: string, { principal: owner = "", model = "" }: SeriesRest): Series | undefined {
    if (kind === "organization") return this.#organization;
    const series = newSeriesOf(kind, uid, 0);
    if (kind === "principal") this.#principals.set(uid, series);
    else if (kind === "leaf") {
      const principal = this.#principals.get(owner);
      if (!principal) return undefined;
      const leaf = { ...series, principal, model };
      this.#leaves.set(uid, leaf);
      return leaf;
    } else {
      const aggregate = { ...series, members: new Set<Series>() };
      (kind === "app" ? this.#apps : this.#teams).set(uid, aggregate);
      return aggregate;
    }
    return series;
  }

  /**
   * All that is learned of the hours before the one that runs. Asked in the first hour of a UTC day, before anything of it
   * is delivered: what a day adds up to is then in the states.
   */
  snapshot(): readonly SeriesRow[] {
    return this.#everything.map((series, order) => {
      const { kind, uid, state } = series;
      const incident = this.#incidents.get(series);
      const rest: SeriesRest = {
        version: STATE_VERSION,
        order,
        ...(incident
          ? { incident: { ...incident, lastFast: finite(incident.lastFast), lastSlow: finite(incident.lastSlow) } }
          : {}),
        ...(isLeaf(series) ? { principal: series.principal.uid, model: series.model } : {}),
        ...(isAggregate(series) ? { members: [...series.members].map((member) => member.uid) } : {}),
      };
      return { kind, uid, nextHour: this.#openHour, state: encodeState(state), rest: { ...rest } };
    });
  }

  /** Folds every hour before this one: whoever takes readings in the order of hours knows that they are complete. */
  advance(hour: EpochHour): readonly Alert[] {
    const alerts: Alert[] = [];
    if (this.#firstHour >= 0) this.#closeUntil(hour, alerts);
    return alerts;
  }

  /** Takes what arrived at one time. Times must not decrease. */
  deliver(time: EpochMs, readings: readonly Reading[]): readonly Alert[] {
    const alerts: Alert[] = [];
    const present = Math.floor(time / HOUR_MS);
    // A clock that is ahead is set back: nothing can have happened after it arrived.
    const hourOf = (reading: Reading): EpochHour => Math.min(reading.hour, present);
    let running = runningHourAt(time);
    for (const reading of readings) running = Math.max(running, hourOf(reading));
    if (this.#firstHour < 0) this.#begin(readings.reduce((least, one) => Math.min(least, hourOf(one)), running));
    this.#closeUntil(running, alerts);

    const touched = new Map<Series, EpochHour>();
    let earliest = this.#openHour;
    for (const reading of readings) {
      const hour = hourOf(reading);
      earliest = Math.min(earliest, hour);
      for (const series of this.#lineageOf(reading.attribution, hour).all) {
        this.#add(series, hour, reading);
        touched.set(series, Math.min(hour, touched.get(series) ?? hour));
      }
      this.#add(this.#organization, hour, reading);
    }
    // What arrives late may show that the feed was not silent, or that it was: then nobody's past is what it seemed.
    const changed = earliest < this.#openHour ? this.#refoldOrganization(earliest) : this.#openHour;
    if (changed < this.#openHour) {
      for (const series of this.#everything)
        if (series !== this.#organization && !touched.has(series)) this.#refold(series, changed);
    }
    // What a part explains, the whole need not say.
    for (const [series, hour] of [...touched].sort(([a], [b]) => ORDER[a.kind] - ORDER[b.kind])) {
      const from = Math.min(hour, changed);
      if (from < this.#openHour)
        this.#refold(series, from, (late) => {
          if (late >= hour) this.#examine(series, late, time, alerts);
        });
      this.#examine(series, this.#openHour, time, alerts);
    }
    return alerts;
  }

  /** The state of a subject, for reports. */
  stateOf(kind: "principal" | "app" | "team", uid: string): SeriesState | undefined {
    const series = { principal: this.#principals, app: this.#apps, team: this.#teams }[kind].get(uid);
    return series?.state;
  }

  /** What a person said about an alert on a subject changes what is asked of it from now on. */
  hear(kind: "principal" | "app" | "team", uid: string, feedback: Feedback): void {
    const series = { principal: this.#principals, app: this.#apps, team: this.#teams }[kind].get(uid);
    if (!series) return;
    for (const state of [series.state, ...series.mornings]) applyFeedback(state, feedback, this.#openHour);
    if (feedback === "expected") this.#incidents.delete(series);
  }

  #begin(hour: EpochHour): void {
    this.#firstHour = hour;
    this.#openHour = hour;
    restart(this.#organization, hour);
    this.#everything.push(this.#organization);
  }

  #lineageOf(attribution: Attribution, hour: EpochHour): Lineage {
    const known = this.#lineages.get(attribution);
    if (known) return known;
    const { app, team } = attribution;
    const principal = this.#grown(this.#principals, attribution.principal, () =>
      newSeriesOf("principal", attribution.principal, hour),
    );
    const leaf = this.#grown(this.#leaves, attribution.leaf, () => ({
      ...newSeriesOf("leaf", attribution.leaf, hour),
      principal,
      model: attribution.model,
    }));
    const all: Series[] = [leaf, principal];
    for (const [kind, map, uid] of [
      ["app", this.#apps, app],
      ["team", this.#teams, team],
    ] as const) {
      if (uid === undefined) continue;
      const aggregate = this.#grown(map, uid, () => ({ ...newSeriesOf(kind, uid, hour), members: new Set() }));
      aggregate.members.add(principal);
      this.#reaches.clear();
      all.push(aggregate);
    }
    const lineage = { leaf, principal, all };
    this.#lineages.set(attribution, lineage);
    return lineage;
  }

  #grown<Kind extends Series>(map: Map<string, Kind>, uid: string, make: () => Kind): Kind {
    let series = map.get(uid);
    if (!series) {
      series = make();
      map.set(uid, series);
      this.#reaches.clear();
      this.#everything.push(series);
      while (series.state.nextHour < this.#openHour) this.#fold(series);
    }
    return series;
  }

  #add(series: Series, hour: EpochHour, change: HourTotals): void {
    if (hour <= this.#openHour - HOURS_KEPT) {
      // Nothing to fold again from: what is linear in the past is put right, the rest keeps its error.
      for (const state of [series.state, ...series.mornings]) correct(state, hour, change);
      return;
    }
    const { hours } = series;
    const slot = (hour % HOURS_KEPT) * FIGURES;
    hours[slot] = (hours[slot] ?? 0) + change.cost;
    hours[slot + 1] = (hours[slot + 1] ?? 0) + change.calls;
    hours[slot + 2] = (hours[slot + 2] ?? 0) + change.inputTokens;
    hours[slot + 3] = (hours[slot + 3] ?? 0) + change.outputTokens;
    hours[slot + 4] = (hours[slot + 4] ?? 0) + change.errors;
  }

  /** Into one object that is reused. A sum that was taken back may be off by a rounding: it is never negative. */
  #totalsOf(series: Series, hour: EpochHour): HourTotals {
    const { hours } = series;
    const slot = (hour % HOURS_KEPT) * FIGURES;
    const totals = this.#totals;
    totals.calls = Math.max(0, hours[slot + 1] ?? 0);
    totals.cost = totals.calls === 0 ? 0 : Math.max(0, hours[slot] ?? 0);
    totals.inputTokens = Math.max(0, hours[slot + 2] ?? 0);
    totals.outputTokens = Math.max(0, hours[slot + 3] ?? 0);
    totals.errors = Math.max(0, hours[slot + 4] ?? 0);
    return totals;
  }

  #closeUntil(hour: EpochHour, alerts: Alert[]): void {
    for (let closed = 0; this.#openHour < hour; closed++) {
      if (closed === HOURS_KEPT) this.#skipSilence(hour);
      this.#closeHour(alerts);
    }
  }

  /** Of a feed that is silent for months nothing is to be learned, however long: everybody is new again after it. */
  #skipSilence(hour: EpochHour): void {
    const rounds = Math.floor((hour - this.#openHour) / ROUND_HOURS);
    if (rounds === 0) return;
    for (const series of this.#everything) {
      postpone(series.state, rounds);
      series.mornings = [copyOf(series.state)];
      series.hours.fill(0);
    }
    this.#gaps.clear();
    this.#openHour += rounds * ROUND_HOURS;
    this.#firstHour = hour;
  }

  #closeHour(alerts: Alert[]): void {
    const hour = this.#openHour;
    this.#judgeSilence(hour);
    for (const series of this.#everything) this.#fold(series);
    this.#openHour = hour + 1;
    const slot = ((hour + 1) % HOURS_KEPT) * FIGURES;
    for (const { hours } of this.#everything) hours.fill(0, slot, slot + FIGURES);
    this.#gaps.delete(hour - HOURS_KEPT);
    if (hour % 24 === 23) this.#closeDay(dayOf(hour), alerts);
  }

  /** Whether nothing was collected in the hour that the organization folds next; true where that is news. */
  #judgeSilence(hour: EpochHour): boolean {
    const { state } = this.#organization;
    expect(state, hour, this.#expected);
    const { calls } = this.#expected;
    const silent =
      hour - state.firstHour >= SETTLED_HOURS &&
      calls >= SILENT_EXPECTED_CALLS &&
      this.#totalsOf(this.#organization, hour).calls < SILENT_SHARE * calls;
    if (silent === this.#gaps.has(hour)) return false;
    if (silent) this.#gaps.add(hour);
    else this.#gaps.delete(hour);
    return true;
  }

  /** The first hour from `hour` on that turns out to be a gap, or none after all; else the running one. */
  #refoldOrganization(hour: EpochHour): EpochHour {
    let changed = this.#openHour;
    this.#refold(this.#organization, hour, (late) => {
      if (this.#judgeSilence(late)) changed = Math.min(changed, late);
    });
    return changed;
  }

  #fold(series: Series): void {
    const { state } = series;
    this.#foldInto(state, series);
    if (state.nextHour % 24 === 0) {
      series.mornings.unshift(copyOf(state));
      series.mornings.length = Math.min(series.mornings.length, MORNINGS_KEPT);
    }
  }

  /** One more hour of a series into a state of it. */
  #foldInto(state: SeriesState, series: Series): void {
    const hour = state.nextHour;
    const times = this.#timesOf(series, hour);
    if (times === undefined || this.#gaps.has(hour)) stepOverGap(state);
    else step(state, this.#totalsOf(series, hour), times);
  }

  /** Folds again from before `hour`; `examine` is called with every hour from then, before it is folded. */
  #refold(series: Series, hour: EpochHour, examine?: (hour: EpochHour) => void): void {
    const earliest = this.#openHour - HOURS_KEPT + 1;
    if (hour < earliest) return;
    if (hour < series.state.firstHour) restart(series, hour);
    else {
      const morning = series.mornings.findIndex(({ nextHour }) => nextHour <= hour);
      const from = series.mornings[morning];
      if (!from) return;
      series.state = copyOf(from);
      series.mornings = series.mornings.slice(morning);
    }
    while (series.state.nextHour < this.#openHour) {
      if (series.state.nextHour >= hour) examine?.(series.state.nextHour);
      this.#fold(series);
    }
  }

  /** 1 in ordinary times, undefined where nothing is to be said or learned. */
  #timesOf(series: Series, hour: EpochHour): number | undefined {
    const of = isLeaf(series) ? series.principal : series;
    let times = 1;
    for (const event of this.#events) {
      if (!event.isAt((hour * HOUR_MS) as EpochMs)) continue;
      if (!event.isEverybodys) {
        const { whole, part } = this.#reachOf(event);
        if (part.has(of)) return undefined;
        if (!whole.has(of)) continue;
      }
      if (event.times === undefined) return undefined;
      times *= event.times;
    }
    return times;
  }

  #reachOf(event: CompiledEvent): Reach<Series> {
    let reach = this.#reaches.get(event);
    if (!reach) {
      reach = reachOf<Series>(event, this.#principals.values(), {
        app: this.#apps.values(),
        team: this.#teams.values(),
      });
      this.#reaches.set(event, reach);
    }
    return reach;
  }

  #examine(series: Series, hour: EpochHour, time: EpochMs, alerts: Alert[]): void {
    const { kind, state } = series;
    const times = this.#timesOf(series, hour);
    if (times === undefined || state.nextHour !== hour || kind === "organization") return;
    const totals = this.#totalsOf(series, hour);
    expect(state, hour, this.#expected, times);
    if (isLeaf(series)) {
      const evidence = dearModel(state, totals, this.#expected, series.principal.state, this.#bar);
      if (evidence)
        this.#say(
          series.principal,
          { ...evidence, children: [{ uid: series.model, share: 1 }] },
          hour,
          time,
          alerts,
        );
    } else if (isAggregate(series)) {
      const evidence = aggregateEvidenceOf(state, totals, this.#expected, this.#aggregateBar);
      if (evidence && !this.#explained(series, time))
        this.#say(series, evidence, hour, time, alerts, () => this.#risen(series, evidence.startHour, hour));
    } else {
      const evidence =
        this.#newcomer(state, totals) ??
        evidenceOf(state, totals, this.#expected, this.#bar) ??
        this.#early(state, totals);
      if (evidence) this.#say(series, evidence, hour, time, alerts);
    }
  }

  #newcomer(state: SeriesState, totals: HourTotals): Evidence | undefined {
    const { firstHour } = state;
    const began = this.#firstHour;
    const beginning = isBeginning(firstHour, began);
    // After a day his own days tell.
    if (beginning && state.nextHour - firstHour >= 24) return undefined;
    const times = firstHour - began >= SETTLED_HOURS ? 1 : beginning ? BEGINNING_TIMES : UNSETTLED_TIMES;
    const bar = { ...this.#bar, dollars: this.#bar.dollars * times };
    const evidence = newSpender(state, totals, this.#medianPrice, bar);
    return evidence && beginning ? { ...evidence, isBeginning: true } : evidence;
  }

  #early(state: SeriesState, totals: HourTotals): Evidence | undefined {
    return state.firstHour - this.#firstHour < SETTLED_HOURS
      ? earlyDaySurge(state, totals, this.#expected, this.#firstHour, this.#bar)
      : undefined;
  }

  /** The members that make up most of what an aggregate's hours are beyond the usual, with their share of all that rose. */
  #risen({ members }: Aggregate, startHour: EpochHour, hour: EpochHour): NonNullable<Evidence["children"]> {
    const risen: { uid: string; excess: number }[] = [];
    const from = Math.max(startHour, this.#openHour - HOURS_KEPT + 1);
    for (const member of members) {
      // Who began later had no usual.
      const before = this.#stateBefore(member, from) ?? member.mornings.at(-1);
      if (!before) continue;
      let excess = 0;
      for (let since = from; since <= hour; since++) {
        expect(before, since, this.#expected, this.#timesOf(member, since));
        excess += this.#totalsOf(member, since).cost - this.#expected.cost;
      }
      if (excess > 0) risen.push({ uid: member.uid, excess });
    }
    const all = risen.reduce((sum, { excess }) => sum + excess, 0);
    return risen
      .sort((a, b) => b.excess - a.excess || (a.uid < b.uid ? -1 : 1))
      .slice(0, 3)
      .map(({ uid, excess }) => ({ uid, share: excess / all }));
  }

  /** What was known before an hour, as far as it can be folded again. */
  #stateBefore(series: Series, hour: EpochHour): SeriesState | undefined {
    if (series.state.nextHour === hour) return series.state;
    const morning = series.mornings.find(({ nextHour }) => nextHour <= hour);
    if (!morning) return undefined;
    const state = copyOf(morning);
    while (state.nextHour < hour) this.#foldInto(state, series);
    return state;
  }

  /** Whether a member's own incident says it already. */
  #explained(aggregate: Aggregate, time: EpochMs): boolean {
    for (const member of aggregate.members) if (this.#isOpen(member, time)) return true;
    return false;
  }

  #isOpen(member: Series, time: EpochMs): boolean {
    const incident = this.#incidents.get(member);
    return incident !== undefined && time - Math.max(incident.lastFast, incident.lastSlow) <= MEMBER_EXPLAINS_MS;
  }

  #closeDay(day: number, alerts: Alert[]): void {
    this.#setBars();
    const states = [...this.#principals.values()].map(({ state }) => state);
    // What was filled in for a gap is nobody's spend.
    const whole = [0, 1, 2, 3, 4].findIndex((back) => this.#hasGap(day - back));
    const days = [0, 1, 2, 3, 4].slice(0, whole < 0 ? undefined : whole);
    const background = days.map((back) => organizationLift(states, day - back));
    const hour = day * 24 + 23;
    const time = ((hour + 1) * HOUR_MS) as EpochMs;
    for (const team of this.#teams.values()) {
      if (this.#timesOf(team, hour) !== 1) continue;
      const evidence = this.#liftOf([...team.members], background, day, time);
      if (evidence) this.#say(team, evidence, hour, time, alerts);
    }
  }

  /** Where one member is most of it and has been told of, it is judged by the others. */
  #liftOf(
    members: readonly Series[],
    background: readonly number[],
    day: number,
    time: EpochMs,
  ): Evidence | undefined {
    const evidence = teamLift(members, background, day, this.#bar);
    const [most] = evidence?.children ?? [];
    if (!most || most.share <= 0.5) return evidence;
    const others = members.filter((member) => member.uid !== most.uid || !this.#isOpen(member, time));
    return others.length < members.length ? this.#liftOf(others, background, day, time) : evidence;
  }

  #hasGap(day: number): boolean {
    for (let hour = day * 24; hour < (day + 1) * 24; hour++) if (this.#gaps.has(hour)) return true;
    return false;
  }

  /** What is asked for until the day is over, by how dear and how large the organization is. */
  #setBars(): void {
    const prices: number[] = [];
    for (const { state } of this.#principals.values())
      if (state.totalCost > PRICED_PRINCIPAL_DOLLARS && state.totalTokens > 0)
        prices.push(state.totalCost / state.totalTokens);
    this.#medianPrice = median(prices);
    const { decades, dollars } = this.#sensitivity;
    const size = Math.sqrt(Math.max(1, usualDay(this.#organization.state) / ORGANIZATION_DOLLARS));
    this.#bar = { decades, dollars: dollars * size };
    this.#aggregateBar = { decades: decades + AGGREGATE_DECADES, dollars: dollars * size };
  }

  /** `childrenOf`: who made the difference, asked where it is said. */
  #say(
    series: Series,
    found: Evidence,
    hour: EpochHour,
    time: EpochMs,
    alerts: Alert[],
    childrenOf?: () => Evidence["children"],
  ): void {
    let incident = this.#incidents.get(series);
    if (!incident) {
      incident = newIncident();
      this.#incidents.set(series, incident);
    }
    const isNew = decide(incident, found, hour, time);
    const detector = isNew ? found.detector : incident.detector;
    if (!isNew && !isSame(detector, found.detector)) return;
    const saidNow = isNew || this.#goesOn ? -1 : alerts.findLastIndex(isOf(series));
    if (!isNew && !this.#goesOn && !hasGrownTo(found, alerts[saidNow])) return;
    const children = childrenOf?.();
    const evidence = children ? { ...found, children } : found;
    const alert: Alert = {
      schema: ALERT_SCHEMA,
      detector: detector ?? evidence.detector,
      subject: { kind: series.kind, uid: series.uid },
      startTime: (evidence.startHour * HOUR_MS) as EpochMs,
      detectedTime: time,
      impactNanoUsd: fromUsd(evidence.cost - evidence.usualCost),
      usualNanoUsd: fromUsd(evidence.usualCost),
      driver: driverOf(evidence),
      text: sentenceFor(series.uid, evidence, Math.min(time, (hour + 1) * HOUR_MS) as EpochMs, this.#now ?? time),
    };
    if (isNew) alerts.push(alert);
    else if (this.#goesOn) this.#goesOn(alert);
    else alerts[saidNow] = alert;
  }
}

/**
 * What makes a call odd is learned within hours: what goes on is then seen as a surge. A surge that goes on is seen by the
 * day, when it has become one of the hours that there are.
 */
const isSame = (said: Detector | undefined, shows: Detector): boolean =>
  said === shows ||
  (shows === "surge" && (said === "retry-storm" || said === "unit-cost")) ||
  (shows === "day-surge" && said === "surge");

const isOf =
  ({ kind, uid }: Series) =>
  ({ subject }: Alert): boolean =>
    subject.kind === kind && subject.uid === uid;

/** Where several hours arrive at once, as a day's bucket does, what is said of the first is said of all of them. */
const hasGrownTo = ({ startHour, cost, usualCost }: Evidence, said: Alert | undefined): boolean =>
  said !== undefined && startHour * HOUR_MS === said.startTime && fromUsd(cost - usualCost) > said.impactNanoUsd;

const finite = (time: number): number | null => (Number.isFinite(time) ? time : null);
const isLeaf = (series: Series): series is Leaf => series.kind === "leaf";
const isAggregate = (series: Series): series is Aggregate => series.kind === "app" || series.kind === "team";

function newSeriesOf(kind: SeriesKind, uid: string, hour: EpochHour): Series {
  const series = {
    kind,
    uid,
    state: newSeries(hour),
    hours: new Float64Array(HOURS_KEPT * FIGURES),
    mornings: [],
  };
  restart(series, hour);
  return series;
}

function restart(series: Series, hour: EpochHour): void {
  series.state = newSeries(hour);
  series.mornings = [copyOf(series.state)];
}
