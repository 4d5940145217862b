/**
 * Uses of models in the order in which they arrived, whatever order they were read in. In columns: 62 bytes a
 * reading. Nothing is counted twice: not a call that was read again, not an earlier reading of a bucket that grew, not
 * the same traffic told by another view.
 */
import { type Activity, modelOf, principalOf } from "../model/activity.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import { attributionOf as saidOf } from "./attribute.ts";
import type { Attribution, Reading } from "./watch.ts";

/** What one activity cost and counts for. */
export interface Use {
  /** Absent where nobody knows its price: it is then part of no spend, and of quotas only. */
  readonly nanoUsd?: number | undefined;
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
const naturals = () => new Column((length) => new Uint32Array(length));
const bytes = () => new Column((length) => new Uint8Array(length));

type Figures = Readonly<Record<"nanoUsd" | "calls" | "inputTokens" | "outputTokens" | "errors", number>>;

/** What arrived at one time. */
interface Arrived {
  time: EpochMs;
  readonly readings: Reading[];
  /** What nobody knows the price of. */
  readonly unpriced: Reading[];
}

export class Arrivals {
  readonly #attributions = new Map<string, number>();
  readonly #attributionOf: Attribution[] = [];
  readonly #tellings = new Map<string, number>();
  readonly #told: Telling[] = [];
  readonly #doors = new Map<string, Telling["door"]>();
  readonly #buckets = new Map<number, number>();
  /** The row that holds a call. */
  readonly #callRows = new Map<number, number>();
  /** By attribution: the row that its next call of the same minute and hour is added to. */
  readonly #mergeable: number[] = [];
  readonly #time = doubles();
  readonly #attribution = naturals();
  readonly #telling = naturals();
  readonly #view = bytes();
  readonly #isUnpriced = bytes();
  /** Of a bucket, from 1, to find its earlier readings by; 0 for calls, which are merged. */
  readonly #uid = naturals();
  readonly #firstHour = naturals();
  readonly #hours = naturals();
  /** Whole numbers, whose sums do not depend on their order. */
  readonly #nanoUsd = doubles();
  readonly #calls = singles();
  readonly #inputTokens = doubles();
  readonly #outputTokens = doubles();
  readonly #errors = singles();
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
    const isUnpriced = use.nanoUsd === undefined;
    const figures: Figures = {
      nanoUsd: Math.round(use.nanoUsd ?? 0),
      calls: use.calls,
      inputTokens: usage?.inputTokens ?? 0,
      outputTokens: usage?.outputTokens ?? 0,
      errors: use.errors,
    };
    const uid = digestOf(activity.uid);
    const earlier = isBucket ? undefined : this.#callRows.get(uid);
    if (earlier !== undefined && !this.#takeBack(earlier, time, isUnpriced, figures)) return true;

    const attribution = this.#attributionIndex(activity, use.owner);
    const isInvoice = activity.cost?.basis === "billed" && activity.count === 0 && !usage;
    const view = isInvoice ? AUTHORITY.invoice : AUTHORITY[activity.view];
    const telling = this.#tellingIndex(activity, view, isUnpriced);

    const open = isBucket || isUnpriced ? undefined : this.#mergeable[attribution];
    if (
      open !== undefined &&
      this.#firstHour.at(open) === firstHour &&
      this.#telling.at(open) === telling &&
      this.#view.at(open) === view &&
      this.#time.at(open) === time
    ) {
      this.#callRows.set(uid, open);
      this.#change(open, 1, figures);
      return true;
    }
    const row = this.#time.length;
    if (isBucket) {
      if (!this.#buckets.has(uid)) this.#buckets.set(uid, this.#buckets.size + 1);
    } else {
      this.#callRows.set(uid, row);
      if (!isUnpriced) this.#mergeable[attribution] = row;
    }
    this.#time.push(time);
    this.#attribution.push(attribution);
    this.#telling.push(telling);
    this.#view.push(view);
    this.#isUnpriced.push(isUnpriced ? 1 : 0);
    this.#uid.push(isBucket ? (this.#buckets.get(uid) ?? 0) : 0);
    this.#firstHour.push(firstHour);
    this.#hours.push(hours);
    this.#nanoUsd.push(figures.nanoUsd);
    this.#calls.push(figures.calls);
    this.#inputTokens.push(figures.inputTokens);
    this.#outputTokens.push(figures.outputTokens);
    this.#errors.push(figures.errors);
    return true;
  }

  /**
   * Of two readings of one call the one that has a price counts, then the one that arrived first. Whether the earlier one
   * was taken out of its row. The two tell the same figures; one without a price is alone in its row.
   */
  #takeBack(row: number, time: number, isUnpriced: boolean, figures: Figures): boolean {
    const wasUnpriced = this.#isUnpriced.at(row) === 1;
    if (wasUnpriced === isUnpriced ? time >= this.#time.at(row) : isUnpriced) return false;
    this.#change(row, -1, wasUnpriced ? this.#figuresOf(row) : figures);
    return true;
  }

  #change(row: number, sign: 1 | -1, { nanoUsd, calls, inputTokens, outputTokens, errors }: Figures): void {
    this.#nanoUsd.add(row, sign * nanoUsd);
    this.#calls.add(row, sign * calls);
    this.#inputTokens.add(row, sign * inputTokens);
    this.#outputTokens.add(row, sign * outputTokens);
    this.#errors.add(row, sign * errors);
  }

  #figuresOf(row: number): Figures {
    return {
      nanoUsd: this.#nanoUsd.at(row),
      calls: this.#calls.at(row),
      inputTokens: this.#inputTokens.at(row),
      outputTokens: this.#outputTokens.at(row),
      errors: this.#errors.at(row),
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
    let arrived: Arrived = { time: 0 as EpochMs, readings: [], unpriced: [] };
    const isSome = ({ readings, unpriced }: Arrived): boolean => readings.length + unpriced.length > 0;
    for (const row of this.#order()) {
      const time = this.#time.at(row) as EpochMs;
      if (batchOf(time) !== batchOf(arrived.time)) {
        if (isSome(arrived)) yield arrived;
        arrived = { time, readings: [], unpriced: [] };
      }
      arrived.time = time;
      if (this.#firstHour.at(row) > this.#latest) continue;
      const telling = this.#told[this.#telling.at(row)];
      const isCounted = this.#isUnpriced.at(row) === 1 ? isUnpricedTold : isTold;
      if (!telling || !isCounted(this.#view.at(row), telling)) continue;
      const uid = this.#uid.at(row);
      if (uid > 0) {
        const earlier = latest.get(uid);
        if (earlier !== undefined) this.#spread(earlier, -1, arrived);
        latest.set(uid, row);
      } else if (this.#calls.at(row) === 0 && this.#nanoUsd.at(row) === 0) continue;
      this.#spread(row, 1, arrived);
    }
    if (isSome(arrived)) yield arrived;
  }

  /** A row as readings of its hours; `sign` -1 takes it back. */
  #spread(row: number, sign: 1 | -1, { readings, unpriced }: Arrived): void {
    const attribution = this.#attributionOf[this.#attribution.at(row)];
    if (!attribution) return;
    const firstHour = this.#firstHour.at(row);
    const hours = this.#hours.at(row);
    const share = sign / hours;
    const into = this.#isUnpriced.at(row) === 1 ? unpriced : readings;
    for (let hour = firstHour; hour < firstHour + hours; hour++) {
      into.push({
        attribution,
        hour,
        cost: (this.#nanoUsd.at(row) / 1e9) * share,
        calls: this.#calls.at(row) * share,
        inputTokens: this.#inputTokens.at(row) * share,
        outputTokens: this.#outputTokens.at(row) * share,
        errors: this.#errors.at(row) * share,
      });
    }
  }

  /** Rows by time; of two readings at one time, the one that counts less is the earlier: buckets grow. */
  #order(): Uint32Array {
    const order = Uint32Array.from({ length: this.#time.length }, (_, row) => row);
    const rank = new Uint32Array(this.#attributionOf.length);
    [...this.#attributions]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .forEach(([, index], place) => {
        rank[index] = place;
      });
    const rankOf = (row: number): number => rank[this.#attribution.at(row)] ?? 0;
    const before = (a: number, b: number): number =>
      this.#time.at(a) - this.#time.at(b) ||
      rankOf(a) - rankOf(b) ||
      this.#calls.at(a) - this.#calls.at(b) ||
      this.#nanoUsd.at(a) - this.#nanoUsd.at(b) ||
      this.#firstHour.at(a) - this.#firstHour.at(b);
    return order.sort(before);
  }

  #attributionIndex(activity: Activity, owner: string | undefined): number {
    const attribution = attributionOf(activity, owner);
    const key = JSON.stringify([attribution.leaf, attribution.app, attribution.team]);
    let index = this.#attributions.get(key);
    if (index === undefined) {
      index = this.#attributionOf.length;
      this.#attributionOf.push(attribution);
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

function labelled(labels: Activity["labels"], names: readonly string[]): string | undefined {
  if (!labels) return undefined;
  for (const name of names) {
    const value = labels[name];
    if (value !== undefined) return value;
  }
  for (const [key, value] of Object.entries(labels)) if (names.includes(key.toLowerCase())) return value;
  return undefined;
}
