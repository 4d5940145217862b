/**
 * Uses of models in the order in which they arrived, whatever order they were read in. In columns: 62 bytes a
 * reading of a bucket, some 90 a call. Nothing is counted twice: not a call that was read again, not an earlier reading
 * of a bucket that grew, not the same traffic told by another view. Readings of one call that say different things are
 * joined as they arrive, as `mergeActivities` joins them.
 */
import { type Activity, modelOf, principalOf } from "../model/activity.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import { attributionOf as saidOf } from "./attribute.ts";
import type { Attribution, Reading } from "./watch.ts";

/** What one activity cost and counts for. */
export interface Use {
  /** Absent where nobody knows its price: it is then part of no spend, and of quotas only. */
  readonly nanoUsd?: number | undefined;
  readonly isBilled: boolean;
  readonly calls: number;
  readonly errors: number;
  /** Whom the policy names for it. */
  readonly owner?: string | undefined;
}

/** What is delivered at once, at its end: everything of the same minute. */
const BATCH_MS = MINUTE_MS;
const batchOf = (time: number): number => Math.ceil(time / BATCH_MS);
/** A bucket of a day is spread evenly over its hours. Longer than a month, it says nothing about when. */
const LONGEST_BUCKET_HOURS = 31 * 24;

/**
 * Who speaks with more authority about one account and door on one day. A line of an invoice counts no calls and
 * comes last: estimates have hours, it does not.
 */
const AUTHORITY = { provider: 0, usage: 1, gateway: 2, network: 3, invoice: 4 } as const;
const NOBODY = 5;

/** What is told of one account, door and day. */
interface Telling {
  readonly namesAccount: boolean;
  /** The least told of what has a price, and of what has none. */
  authority: number;
  unpriced: number;
  /** Of all accounts of the door, and of tellings that name none. */
  readonly door: { authority: number; unpriced: number; unnamed: number };
}

/** Who names no account is matched by the door: a gateway beside a vendor, an invoice beside anybody. */
function isTold(view: number, { authority, namesAccount, door }: Telling): boolean {
  if (view > authority) return false;
  if (view === AUTHORITY.invoice) return (namesAccount ? door.unnamed : door.authority) === view;
  return namesAccount || view !== AUTHORITY.gateway || door.authority >= view;
}

/** Where anybody prices some of it, that view's calls without a price are the rest; else the best view's are all. */
function isUnpricedTold(view: number, { authority, unpriced, namesAccount, door }: Telling): boolean {
  if (authority !== NOBODY) return view === authority;
  const isOfDoor = Math.min(door.authority, door.unpriced) >= view;
  return view === unpriced && (namesAccount || view !== AUTHORITY.gateway || isOfDoor);
}

/** A clock may be this far ahead. */
const AHEAD_MS = 2 * DAY_MS;
/** Where more than this is later than now, it is now that is wrong. */
const AHEAD_SHARE = 0.01;

type Numbers = Float64Array | Float32Array | Uint32Array | Uint8Array;

/** Numbers of one width, in memory that doubles as it fills. */
class Column {
  #numbers: Numbers;
  readonly #of: (length: number) => Numbers;
  length = 0;

  constructor(of: (length: number) => Numbers) {
    this.#of = of;
    this.#numbers = of(1_024);
  }

  push(value: number): void {
    if (this.length === this.#numbers.length) {
      const wider = this.#of(2 * this.length);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.length++] = value;
  }

  at(row: number): number {
    return this.#numbers[row] ?? 0;
  }

  put(row: number, value: number): void {
    this.#numbers[row] = value;
  }

  add(row: number, value: number): void {
    this.put(row, this.at(row) + value);
  }
}

const doubles = () => new Column((length) => new Float64Array(length));
const singles = () => new Column((length) => new Float32Array(length));
const ofFigures = () => ({ nanoUsd: doubles(), inputTokens: doubles(), outputTokens: doubles() });
const naturals = () => new Column((length) => new Uint32Array(length));
const bytes = () => new Column((length) => new Uint8Array(length));

const figureNames = ["nanoUsd", "calls", "inputTokens", "outputTokens", "errors"] as const;
type Figures = Readonly<Record<(typeof figureNames)[number], number>>;

/** How far an amount is to be trusted. */
const trust = { unpriced: 0, estimated: 1, billed: 2 } as const;

/** What a record says of a use, but for when it arrived. */
interface Said extends Figures {
  readonly attribution: number;
  readonly telling: number;
  readonly view: number;
  readonly trust: number;
  readonly firstHour: number;
  readonly hours: number;
}

const saidNames = ["attribution", "telling", "view", "trust", "firstHour", ...figureNames] as const;

/** What arrived at one time. */
interface Arrived {
  readonly time: EpochMs;
  readonly readings: readonly Reading[];
  /** What nobody knows the price of. */
  readonly unpriced: readonly Reading[];
}

/** By attribution and hour: whole numbers, whose sums do not depend on their order. */
type Sums = Map<number, { -readonly [Name in keyof Figures]: number }>;

/** What arrives at one time, while it is gathered. */
interface Batch {
  time: EpochMs;
  readonly priced: Sums;
  readonly unpriced: Sums;
  /** Of buckets of several hours. */
  readonly shares: Reading[];
  readonly unpricedShares: Reading[];
}

const newBatch = (time: EpochMs): Batch => ({
  time,
  priced: new Map(),
  unpriced: new Map(),
  shares: [],
  unpricedShares: [],
});

/** More hours than there are until the year 2400. */
const HOURS = 2 ** 22;

export class Arrivals {
  readonly #attributions = new Map<string, number>();
  readonly #attributionOf: Attribution[] = [];
  /** By attribution: how many of its names a log says. */
  readonly #named: number[] = [];
  readonly #tellings = new Map<string, number>();
  readonly #told: Telling[] = [];
  readonly #doors = new Map<string, Telling["door"]>();
  /** What has rows of its own, by number: buckets have even ones, calls of which readings differ odd ones. */
  readonly #buckets = new Map<number, number>();
  readonly #differing = new Map<number, number>();
  readonly #callNumbers = new Map<number, number>();
  /** By the number of a call: the row that holds it, and its part of it. */
  readonly #callRow = naturals();
  readonly #callFigures = { ...ofFigures(), calls: singles(), errors: singles() };
  /** By attribution: the row that its next call of the same minute and hour is added to. */
  readonly #mergeable: number[] = [];
  readonly #time = doubles();
  readonly #attribution = naturals();
  readonly #telling = naturals();
  readonly #view = bytes();
  readonly #trust = bytes();
  /** To find earlier readings by; 0 for calls that are merged. */
  readonly #number = naturals();
  readonly #firstHour = naturals();
  readonly #hours = naturals();
  /** Whole numbers, whose sums do not depend on their order. */
  readonly #figures = { ...ofFigures(), calls: singles(), errors: singles() };
  /** By attribution: its place among all by name, once all are read. */
  #rank = new Uint32Array();
  #latest = Number.POSITIVE_INFINITY;

  /** False where it had been read before it happened: a clock that is wrong. */
  add(activity: Activity, use: Use): boolean {
    const { startTime, receivedTime, usage } = activity;
    if (receivedTime !== undefined && startTime > receivedTime + AHEAD_MS) return false;
    const firstHour = Math.floor(startTime / HOUR_MS);
    const isBucket = activity.kind === "bucket";
    // A bucket that does not say when it ends is one of an hour.
    const endTime =
      isBucket && activity.endTime <= startTime
        ? (firstHour + 1) * HOUR_MS
        : Math.max(startTime, activity.endTime);
    const arrival = Math.max(startTime, receivedTime ?? endTime);
    // Of a bucket the later reading counts, even of the same minute; calls of a minute are one.
    const time = isBucket ? arrival : batchOf(arrival) * BATCH_MS;
    const hours = isBucket
      ? Math.max(1, Math.min(LONGEST_BUCKET_HOURS, Math.ceil(endTime / HOUR_MS) - firstHour))
      : 1;
    const isInvoice = activity.cost?.basis === "billed" && activity.count === 0 && !usage;
    const view = isInvoice ? AUTHORITY.invoice : AUTHORITY[activity.view];
    const isUnpriced = use.nanoUsd === undefined;
    const said: Said = {
      attribution: this.#attributionIndex(activity, use.owner),
      telling: this.#tellingIndex(activity, view, isUnpriced),
      view,
      trust: isUnpriced ? trust.unpriced : use.isBilled ? trust.billed : trust.estimated,
      firstHour,
      hours,
      nanoUsd: Math.round(use.nanoUsd ?? 0),
      calls: use.calls,
      inputTokens: usage?.inputTokens ?? 0,
      outputTokens: usage?.outputTokens ?? 0,
      errors: use.errors,
    };
    const uid = digestOf(activity.uid);
    if (isBucket) this.#push(said, time, 2 * placeOf(uid, this.#buckets));
    else this.#addCall(said, time, uid);
    return true;
  }

  #addCall(said: Said, time: number, uid: number): void {
    const call = this.#callNumbers.get(uid);
    if (call === undefined) {
      const added = this.#callRow.length;
      this.#callNumbers.set(uid, added);
      this.#callRow.push(this.#merge(said, time));
      for (const name of figureNames) this.#callFigures[name].push(said[name]);
      return;
    }
    if (this.#differing.has(uid)) {
      this.#push(said, time, this.#differingNumber(uid));
      return;
    }
    const row = this.#callRow.at(call);
    const before: Said = { ...this.#saidIn(row), ...this.#figuresAt(this.#callFigures, call) };
    const timeBefore = this.#time.at(row);
    const isSame = saidNames.every((name) => before[name] === said[name]);
    if (isSame && time >= timeBefore) return;
    this.#change(row, -1, before);
    if (isSame) {
      this.#callRow.put(call, this.#merge(said, time));
      return;
    }
    const number = this.#differingNumber(uid);
    this.#push(before, timeBefore, number);
    this.#push(said, time, number);
  }

  #differingNumber(uid: number): number {
    return 2 * placeOf(uid, this.#differing) + 1;
  }

  /** Adds a call to the row of its minute; which one that is. */
  #merge(said: Said, time: number): number {
    const open = said.trust === trust.unpriced ? undefined : this.#mergeable[said.attribution];
    if (
      open !== undefined &&
      this.#firstHour.at(open) === said.firstHour &&
      this.#telling.at(open) === said.telling &&
      this.#view.at(open) === said.view &&
      this.#trust.at(open) === said.trust &&
      this.#time.at(open) === time
    ) {
      this.#change(open, 1, said);
      return open;
    }
    const row = this.#push(said, time, 0);
    if (said.trust !== trust.unpriced) this.#mergeable[said.attribution] = row;
    return row;
  }

  #push(said: Said, time: number, number: number): number {
    const row = this.#time.length;
    this.#time.push(time);
    this.#number.push(number);
    this.#attribution.push(said.attribution);
    this.#telling.push(said.telling);
    this.#view.push(said.view);
    this.#trust.push(said.trust);
    this.#firstHour.push(said.firstHour);
    this.#hours.push(said.hours);
    for (const name of figureNames) this.#figures[name].push(said[name]);
    return row;
  }

  #change(row: number, sign: 1 | -1, figures: Figures): void {
    for (const name of figureNames) this.#figures[name].add(row, sign * figures[name]);
  }

  #saidIn(row: number): Said {
    return {
      attribution: this.#attribution.at(row),
      telling: this.#telling.at(row),
      view: this.#view.at(row),
      trust: this.#trust.at(row),
      firstHour: this.#firstHour.at(row),
      hours: this.#hours.at(row),
      ...this.#figuresAt(this.#figures, row),
    };
  }

  #figuresAt(columns: Readonly<Record<keyof Figures, Column>>, at: number): Figures {
    return {
      nanoUsd: columns.nanoUsd.at(at),
      calls: columns.calls.at(at),
      inputTokens: columns.inputTokens.at(at),
      outputTokens: columns.outputTokens.at(at),
      errors: columns.errors.at(at),
    };
  }

  /**
   * Leaves out what starts later than a clock that is right can have it; how many readings those are. Where they are many,
   * the files are of another time than the clock, and nothing is left out.
   */
  leaveOutAfter(now: EpochMs): number {
    const latest = Math.floor((now + AHEAD_MS) / HOUR_MS);
    let later = 0;
    for (let row = 0; row < this.#firstHour.length; row++) if (this.#firstHour.at(row) > latest) later++;
    if (later > AHEAD_SHARE * this.#firstHour.length) return 0;
    this.#latest = latest;
    return later;
  }

  /** What arrived in each minute, as changes of hourly totals. */
  *inOrder(): Generator<Arrived> {
    const latest = new Map<number, number>();
    /** What readings of this minute have said of calls, joined with what earlier ones had. */
    const joined = new Map<number, number>();
    let batch = newBatch(0 as EpochMs);
    for (const row of this.#order()) {
      const time = this.#time.at(row) as EpochMs;
      if (batchOf(time) !== batchOf(batch.time)) {
        this.#replaceAll(joined, latest, batch);
        yield* this.#arrived(batch);
        batch = newBatch(time);
      }
      batch.time = time;
      if (this.#firstHour.at(row) > this.#latest) continue;
      const telling = this.#told[this.#telling.at(row)];
      const isCounted = this.#trust.at(row) === trust.unpriced ? isUnpricedTold : isTold;
      if (!telling || !isCounted(this.#view.at(row), telling)) continue;
      const number = this.#number.at(row);
      if (isOfCall(number)) {
        const earlier = joined.get(number) ?? latest.get(number);
        if (earlier !== undefined) this.#join(row, earlier);
        joined.set(number, row);
      } else if (number > 0) this.#replace(number, row, latest, batch);
      else this.#spread(row, 1, batch);
    }
    this.#replaceAll(joined, latest, batch);
    yield* this.#arrived(batch);
  }

  /** Sums of fractions depend on their order: the same one, in whatever order lines were read. */
  *#arrived({ time, priced, unpriced, shares, unpricedShares }: Batch): Generator<Arrived> {
    const readings = [...this.#readingsOf(priced), ...shares];
    const others = [...this.#readingsOf(unpriced), ...unpricedShares];
    if (readings.length + others.length > 0) yield { time, readings, unpriced: others };
  }

  #readingsOf(sums: Sums): readonly Reading[] {
    const placeIn = (key: number): number => (this.#rank[Math.floor(key / HOURS)] ?? 0) * HOURS + (key % HOURS);
    return [...sums]
      .sort(([a], [b]) => placeIn(a) - placeIn(b))
      .flatMap(([key, { nanoUsd, calls, inputTokens, outputTokens, errors }]) => {
        const attribution = this.#attributionOf[Math.floor(key / HOURS)];
        if (!attribution || [nanoUsd, calls, inputTokens, outputTokens, errors].every((sum) => sum === 0))
          return [];
        return { attribution, hour: key % HOURS, cost: nanoUsd / 1e9, calls, inputTokens, outputTokens, errors };
      });
  }

  #replace(number: number, row: number, latest: Map<number, number>, batch: Batch): void {
    const earlier = latest.get(number);
    if (earlier !== undefined) this.#spread(earlier, -1, batch);
    latest.set(number, row);
    this.#spread(row, 1, batch);
  }

  #replaceAll(joined: Map<number, number>, latest: Map<number, number>, batch: Batch): void {
    for (const [number, row] of joined) this.#replace(number, row, latest, batch);
    joined.clear();
  }

  /** What two readings of one call say together, into the row of the later one. */
  #join(row: number, earlier: number): void {
    const trusted = this.#trust.at(earlier) - this.#trust.at(row);
    if (trusted > 0) this.#figures.nanoUsd.put(row, this.#figures.nanoUsd.at(earlier));
    for (const name of figureNames) {
      if (name === "nanoUsd" && trusted !== 0) continue;
      const column = this.#figures[name];
      column.put(row, Math.max(column.at(row), column.at(earlier)));
    }
    this.#trust.put(row, Math.max(this.#trust.at(row), this.#trust.at(earlier)));
    this.#firstHour.put(row, Math.min(this.#firstHour.at(row), this.#firstHour.at(earlier)));
    const attribution = this.#attribution.at(earlier);
    if (this.#saysMore(attribution, this.#attribution.at(row))) this.#attribution.put(row, attribution);
  }

  /** Any one of two that say as much, but always the same. */
  #saysMore(one: number, other: number): boolean {
    const more = (this.#named[one] ?? 0) - (this.#named[other] ?? 0);
    return more === 0 ? (this.#rank[one] ?? 0) > (this.#rank[other] ?? 0) : more > 0;
  }

  /** A row as readings of its hours; `sign` -1 takes it back. */
  #spread(row: number, sign: 1 | -1, batch: Batch): void {
    const place = this.#attribution.at(row);
    const firstHour = this.#firstHour.at(row);
    const hours = this.#hours.at(row);
    const isUnpriced = this.#trust.at(row) === trust.unpriced;
    const figures = this.#figuresAt(this.#figures, row);
    if (hours === 1) {
      const sums = isUnpriced ? batch.unpriced : batch.priced;
      const key = place * HOURS + firstHour;
      const sum = sums.get(key) ?? { nanoUsd: 0, calls: 0, inputTokens: 0, outputTokens: 0, errors: 0 };
      sums.set(key, sum);
      for (const name of figureNames) sum[name] += sign * figures[name];
      return;
    }
    const attribution = this.#attributionOf[place];
    if (!attribution) return;
    const { nanoUsd, calls, inputTokens, outputTokens, errors } = figures;
    const share = sign / hours;
    const into = isUnpriced ? batch.unpricedShares : batch.shares;
    for (let hour = firstHour; hour < firstHour + hours; hour++) {
      into.push({
        attribution,
        hour,
        cost: (nanoUsd / 1e9) * share,
        calls: calls * share,
        inputTokens: inputTokens * share,
        outputTokens: outputTokens * share,
        errors: errors * share,
      });
    }
  }

  /** Rows by time; of two readings at one time, the one that counts less is the earlier: buckets grow. */
  #order(): Uint32Array {
    const order = Uint32Array.from({ length: this.#time.length }, (_, row) => row);
    this.#rank = new Uint32Array(this.#attributionOf.length);
    [...this.#attributions]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .forEach(([, index], place) => {
        this.#rank[index] = place;
      });
    return order.sort((a, b) => this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    const { calls, nanoUsd, inputTokens, outputTokens, errors } = this.#figures;
    return (
      this.#time.at(a) - this.#time.at(b) ||
      (this.#rank[this.#attribution.at(a)] ?? 0) - (this.#rank[this.#attribution.at(b)] ?? 0) ||
      calls.at(a) - calls.at(b) ||
      nanoUsd.at(a) - nanoUsd.at(b) ||
      this.#firstHour.at(a) - this.#firstHour.at(b) ||
      inputTokens.at(a) - inputTokens.at(b) ||
      outputTokens.at(a) - outputTokens.at(b) ||
      errors.at(a) - errors.at(b) ||
      this.#hours.at(a) - this.#hours.at(b)
    );
  }

  #attributionIndex(activity: Activity, owner: string | undefined): number {
    const attribution = attributionOf(activity, owner);
    const named = namesSaidBy(activity, attribution);
    const key = JSON.stringify([attribution.leaf, attribution.app, attribution.team, named]);
    let index = this.#attributions.get(key);
    if (index === undefined) {
      index = this.#attributionOf.length;
      this.#attributionOf.push(attribution);
      this.#named.push(named);
      this.#attributions.set(key, index);
    }
    return index;
  }

  #tellingIndex(activity: Activity, view: number, isUnpriced: boolean): number {
    const day = Math.floor(activity.startTime / DAY_MS);
    const account = activity.account?.uid ?? "";
    const doorDay = `${activity.provider ?? ""}\n${day}`;
    const door = this.#doors.get(doorDay) ?? {
      authority: NOBODY,
      unpriced: NOBODY,
      unnamed: AUTHORITY.invoice,
    };
    this.#doors.set(doorDay, door);
    const of = isUnpriced ? "unpriced" : "authority";
    door[of] = Math.min(door[of], view);
    if (account === "" && !isUnpriced) door.unnamed = Math.min(door.unnamed, view);

    const key = `${account}\n${doorDay}`;
    const index = this.#tellings.get(key) ?? this.#told.length;
    this.#tellings.set(key, index);
    const telling = this.#told[index] ?? {
      namesAccount: account !== "",
      authority: NOBODY,
      unpriced: NOBODY,
      door,
    };
    this.#told[index] = telling;
    telling[of] = Math.min(telling[of], view);
    return index;
  }
}

const isOfCall = (number: number): boolean => number % 2 === 1;

/** From 1, in the order in which they come. */
function placeOf(uid: number, places: Map<number, number>): number {
  const place = places.get(uid) ?? places.size + 1;
  places.set(uid, place);
  return place;
}

/**
 * 53 bits are enough to tell ten million uids apart, in a third of the memory. Of the whole uid: not everybody's is a
 * hash. After cyrb53, public domain.
 */
function digestOf(uid: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < uid.length; index++) {
    const code = uid.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}

const PRINCIPAL_LABELS = ["principal", "user", "user_id", "userid"];

/** Who used what, as the store has it; where nobody says for whom it was, for whom it is billed. */
function attributionOf(activity: Activity, owner: string | undefined): Attribution {
  const { labels, project, account, provider, region } = activity;
  const principal = principalOf(activity) ?? labelled(labels, PRINCIPAL_LABELS) ?? account?.uid ?? "unattributed";
  const model = modelOf(activity) ?? "unknown model";
  const said = saidOf(activity);
  const app = said.app ?? project?.uid;
  // Where an app is named, a project is the next larger thing; else it is the app, and the account its team.
  const team = owner ?? said.team ?? (said.app === undefined ? undefined : project?.uid) ?? account?.uid;
  const place = region?.processed ?? region?.requested ?? "";
  return {
    leaf: JSON.stringify([principal, model, provider ?? "", place]),
    principal,
    model,
    ...(app === undefined ? {} : { app }),
    ...(team === undefined ? {} : { team }),
  };
}

/** How much a log says of whose use it was. */
const namesSaidBy = (activity: Activity, { app, team }: Attribution): number =>
  [principalOf(activity), modelOf(activity), activity.provider, app, team].filter((name) => name !== undefined)
    .length;

function labelled(labels: Activity["labels"], names: readonly string[]): string | undefined {
  if (!labels) return undefined;
  for (const name of names) {
    const value = labels[name];
    if (value !== undefined) return value;
  }
  for (const [key, value] of Object.entries(labels)) if (names.includes(key.toLowerCase())) return value;
  return undefined;
}
