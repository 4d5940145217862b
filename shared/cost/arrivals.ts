/**
 * Uses of models in the order in which they arrived, whatever order they were read in. In columns: 51 bytes a
 * reading. Nothing is counted twice: not a call that was read again, not an earlier reading of a bucket that grew, not
 * the same traffic told by another view.
 */
import { type Activity, modelOf, principalOf } from "../model/activity.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import { attributionOf as saidOf } from "./attribute.ts";
import type { Attribution, Reading } from "./watch.ts";

/** What one activity cost and counts for. */
export interface Use {
  readonly dollars: number;
  readonly calls: number;
  readonly errors: number;
  /** Whom the policy names for it. */
  readonly owner?: string | undefined;
}

/** What is delivered at once: everything of the same minute. */
const BATCH_MS = MINUTE_MS;
/** A bucket of a day is spread evenly over its hours. Longer than a month, it says nothing about when. */
const LONGEST_BUCKET_HOURS = 31 * 24;

/**
 * Who speaks with more authority about one account and door on one day. A line of an invoice counts no calls and
 * comes last: estimates have hours, it does not.
 */
const AUTHORITY = { provider: 0, usage: 1, gateway: 2, network: 3, invoice: 4 } as const;

/** What is told of one account, door and day. */
interface Telling {
  readonly namesAccount: boolean;
  /** The least told. */
  authority: number;
  /** Of all accounts of the door, and of tellings that name none. */
  readonly door: { authority: number; unnamed: number };
}

/** Who names no account is matched by the door: a gateway beside a vendor, an invoice beside anybody. */
function isTold(view: number, { authority, namesAccount, door }: Telling): boolean {
  if (view > authority) return false;
  if (view === AUTHORITY.invoice) return (namesAccount ? door.unnamed : door.authority) === view;
  return namesAccount || view !== AUTHORITY.gateway || door.authority >= view;
}

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

export class Arrivals {
  readonly #attributions = new Map<string, number>();
  readonly #attributionOf: Attribution[] = [];
  readonly #tellings = new Map<string, number>();
  readonly #told: Telling[] = [];
  readonly #doors = new Map<string, Telling["door"]>();
  readonly #uids = new Map<number, number>();
  /** By attribution: the row that its next call of the same minute and hour is added to. */
  readonly #mergeable: number[] = [];
  readonly #time = doubles();
  readonly #attribution = naturals();
  readonly #telling = naturals();
  readonly #view = bytes();
  /** Of a bucket, from 1, to find its earlier readings by; 0 for calls, which are merged. */
  readonly #uid = naturals();
  readonly #firstHour = naturals();
  readonly #hours = naturals();
  readonly #dollars = doubles();
  readonly #calls = singles();
  readonly #inputTokens = singles();
  readonly #outputTokens = singles();
  readonly #errors = singles();

  add(activity: Activity, use: Use): void {
    const { startTime, usage } = activity;
    const firstHour = Math.floor(startTime / HOUR_MS);
    const isBucket = activity.kind === "bucket";
    // A bucket that does not say when it ends is one of an hour.
    const endTime =
      isBucket && activity.endTime <= startTime
        ? (firstHour + 1) * HOUR_MS
        : Math.max(startTime, activity.endTime);
    const time = Math.max(startTime, activity.receivedTime ?? endTime);
    const hours = isBucket
      ? Math.max(1, Math.min(LONGEST_BUCKET_HOURS, Math.ceil(endTime / HOUR_MS) - firstHour))
      : 1;
    const uid = digestOf(activity.uid);
    const known = this.#uids.get(uid);
    if (!isBucket && known !== undefined) return;
    const number = known ?? this.#uids.size + 1;
    if (known === undefined) this.#uids.set(uid, number);

    const attribution = this.#attributionIndex(activity, use.owner);
    const isInvoice = activity.cost?.basis === "billed" && activity.count === 0 && !usage;
    const view = isInvoice ? AUTHORITY.invoice : AUTHORITY[activity.view];
    const telling = this.#tellingIndex(activity, view);
    const inputTokens = usage?.inputTokens ?? 0;
    const outputTokens = usage?.outputTokens ?? 0;

    const open = isBucket ? undefined : this.#mergeable[attribution];
    if (
      open !== undefined &&
      this.#firstHour.at(open) === firstHour &&
      this.#telling.at(open) === telling &&
      this.#view.at(open) === view &&
      Math.floor(this.#time.at(open) / BATCH_MS) === Math.floor(time / BATCH_MS)
    ) {
      this.#time.put(open, Math.max(this.#time.at(open), time));
      this.#dollars.add(open, use.dollars);
      this.#calls.add(open, use.calls);
      this.#inputTokens.add(open, inputTokens);
      this.#outputTokens.add(open, outputTokens);
      this.#errors.add(open, use.errors);
      return;
    }
    if (!isBucket) this.#mergeable[attribution] = this.#time.length;
    this.#time.push(time);
    this.#attribution.push(attribution);
    this.#telling.push(telling);
    this.#view.push(view);
    this.#uid.push(isBucket ? number : 0);
    this.#firstHour.push(firstHour);
    this.#hours.push(hours);
    this.#dollars.push(use.dollars);
    this.#calls.push(use.calls);
    this.#inputTokens.push(inputTokens);
    this.#outputTokens.push(outputTokens);
    this.#errors.push(use.errors);
  }

  /** What arrived in each minute, as changes of hourly totals. */
  *inOrder(): Generator<{ readonly time: EpochMs; readonly readings: readonly Reading[] }> {
    const latest = new Map<number, number>();
    let readings: Reading[] = [];
    let minute = -1;
    let time = 0;
    for (const row of this.#order()) {
      const arrival = this.#time.at(row);
      if (Math.floor(arrival / BATCH_MS) !== minute) {
        if (readings.length > 0) yield { time: time as EpochMs, readings };
        readings = [];
        minute = Math.floor(arrival / BATCH_MS);
      }
      time = arrival;
      const telling = this.#told[this.#telling.at(row)];
      if (!telling || !isTold(this.#view.at(row), telling)) continue;
      const uid = this.#uid.at(row);
      if (uid > 0) {
        const earlier = latest.get(uid);
        if (earlier !== undefined) this.#spread(earlier, -1, readings);
        latest.set(uid, row);
      }
      this.#spread(row, 1, readings);
    }
    if (readings.length > 0) yield { time: time as EpochMs, readings };
  }

  /** A row as readings of its hours; `sign` -1 takes it back. */
  #spread(row: number, sign: 1 | -1, readings: Reading[]): void {
    const attribution = this.#attributionOf[this.#attribution.at(row)];
    if (!attribution) return;
    const firstHour = this.#firstHour.at(row);
    const hours = this.#hours.at(row);
    const share = sign / hours;
    for (let hour = firstHour; hour < firstHour + hours; hour++) {
      readings.push({
        attribution,
        hour,
        cost: this.#dollars.at(row) * share,
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
    const before = (a: number, b: number): number =>
      this.#time.at(a) - this.#time.at(b) ||
      this.#calls.at(a) - this.#calls.at(b) ||
      this.#dollars.at(a) - this.#dollars.at(b) ||
      this.#attribution.at(a) - this.#attribution.at(b);
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

  #tellingIndex(activity: Activity, view: number): number {
    const day = Math.floor(activity.startTime / DAY_MS);
    const account = activity.account?.uid ?? "";
    const doorDay = `${activity.provider ?? ""}\n${day}`;
    const door = this.#doors.get(doorDay) ?? { authority: view, unnamed: AUTHORITY.invoice };
    this.#doors.set(doorDay, door);
    door.authority = Math.min(door.authority, view);
    if (account === "") door.unnamed = Math.min(door.unnamed, view);

    const key = `${account}\n${doorDay}`;
    const index = this.#tellings.get(key) ?? this.#told.length;
    this.#tellings.set(key, index);
    const telling = this.#told[index] ?? { namesAccount: account !== "", authority: view, door };
    this.#told[index] = telling;
    telling.authority = Math.min(telling.authority, view);
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
