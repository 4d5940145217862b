/**
 * Uses of models in the order in which they arrived, whatever order they were read in. In columns: 100 bytes a
 * reading. Nothing is counted twice: not a call that was read again, not an earlier reading of a bucket that grew, not
 * the same traffic told by another view.
 */
import { type Activity, modelOf, principalOf } from "../model/activity.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import type { Attribution, Reading } from "./watch.ts";

/** What one activity cost and counts for. */
export interface Use {
  readonly dollars: number;
  readonly calls: number;
  readonly errors: number;
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

export class Arrivals {
  readonly #attributions = new Map<string, number>();
  readonly #attributionOf: Attribution[] = [];
  readonly #tellings = new Map<string, number>();
  readonly #authority: number[] = [];
  readonly #uids = new Map<number, number>();
  /** By attribution: the row that its next call of the same minute and hour is added to. */
  readonly #mergeable: number[] = [];
  readonly #time: number[] = [];
  readonly #attribution: number[] = [];
  readonly #telling: number[] = [];
  readonly #view: number[] = [];
  /** Of a bucket, to find its earlier readings by; -1 for calls, which are merged. */
  readonly #uid: number[] = [];
  readonly #firstHour: number[] = [];
  readonly #hours: number[] = [];
  readonly #dollars: number[] = [];
  readonly #calls: number[] = [];
  readonly #inputTokens: number[] = [];
  readonly #outputTokens: number[] = [];
  readonly #errors: number[] = [];

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
    const number = known ?? this.#uids.size;
    if (known === undefined) this.#uids.set(uid, number);

    const attribution = this.#attributionIndex(activity);
    const isInvoice = activity.cost?.basis === "billed" && activity.count === 0 && !usage;
    const view = isInvoice ? AUTHORITY.invoice : AUTHORITY[activity.view];
    const telling = this.#tellingIndex(activity, view);
    const inputTokens = usage?.inputTokens ?? 0;
    const outputTokens = usage?.outputTokens ?? 0;

    const open = isBucket ? undefined : this.#mergeable[attribution];
    if (
      open !== undefined &&
      this.#firstHour[open] === firstHour &&
      this.#telling[open] === telling &&
      this.#view[open] === view &&
      Math.floor((this.#time[open] ?? 0) / BATCH_MS) === Math.floor(time / BATCH_MS)
    ) {
      this.#time[open] = Math.max(this.#time[open] ?? 0, time);
      this.#dollars[open] = (this.#dollars[open] ?? 0) + use.dollars;
      this.#calls[open] = (this.#calls[open] ?? 0) + use.calls;
      this.#inputTokens[open] = (this.#inputTokens[open] ?? 0) + inputTokens;
      this.#outputTokens[open] = (this.#outputTokens[open] ?? 0) + outputTokens;
      this.#errors[open] = (this.#errors[open] ?? 0) + use.errors;
      return;
    }
    if (!isBucket) this.#mergeable[attribution] = this.#time.length;
    this.#time.push(time);
    this.#attribution.push(attribution);
    this.#telling.push(telling);
    this.#view.push(view);
    this.#uid.push(isBucket ? number : -1);
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
      const arrival = this.#time[row] ?? 0;
      if (Math.floor(arrival / BATCH_MS) !== minute) {
        if (readings.length > 0) yield { time: time as EpochMs, readings };
        readings = [];
        minute = Math.floor(arrival / BATCH_MS);
      }
      time = arrival;
      if ((this.#view[row] ?? 0) > (this.#authority[this.#telling[row] ?? 0] ?? 0)) continue;
      const uid = this.#uid[row] ?? -1;
      if (uid >= 0) {
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
    const attribution = this.#attributionOf[this.#attribution[row] ?? 0];
    if (!attribution) return;
    const firstHour = this.#firstHour[row] ?? 0;
    const hours = this.#hours[row] ?? 1;
    const share = sign / hours;
    for (let hour = firstHour; hour < firstHour + hours; hour++) {
      readings.push({
        attribution,
        hour,
        cost: (this.#dollars[row] ?? 0) * share,
        calls: (this.#calls[row] ?? 0) * share,
        inputTokens: (this.#inputTokens[row] ?? 0) * share,
        outputTokens: (this.#outputTokens[row] ?? 0) * share,
        errors: (this.#errors[row] ?? 0) * share,
      });
    }
  }

  /** Rows by time; of two readings at one time, the one that counts less is the earlier: buckets grow. */
  #order(): Uint32Array {
    const order = Uint32Array.from(this.#time, (_, row) => row);
    const before = (a: number, b: number): number =>
      (this.#time[a] ?? 0) - (this.#time[b] ?? 0) ||
      (this.#calls[a] ?? 0) - (this.#calls[b] ?? 0) ||
      (this.#dollars[a] ?? 0) - (this.#dollars[b] ?? 0) ||
      (this.#attribution[a] ?? 0) - (this.#attribution[b] ?? 0);
    const sorted = order.every((row) => row === 0 || (this.#time[row - 1] ?? 0) < (this.#time[row] ?? 0));
    return sorted ? order : order.sort(before);
  }

  #attributionIndex(activity: Activity): number {
    const attribution = attributionOf(activity);
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
    const key = `${activity.account?.uid ?? ""}\n${activity.provider ?? ""}\n${day}`;
    let index = this.#tellings.get(key);
    if (index === undefined) {
      index = this.#authority.length;
      this.#authority.push(view);
      this.#tellings.set(key, index);
    }
    this.#authority[index] = Math.min(this.#authority[index] ?? view, view);
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

const APP_LABELS = ["app", "application", "service", "workload", "project"];
const TEAM_LABELS = ["team", "owner", "department", "squad", "group", "cost-center", "cost_center", "costcenter"];
const PRINCIPAL_LABELS = ["principal", "user", "user_id", "userid"];

/** Who used what: fields first, the caller's labels for what fields do not say, then where it is billed. */
function attributionOf(activity: Activity): Attribution {
  const { labels, project, account, provider, region } = activity;
  const principal = principalOf(activity) ?? labelled(labels, PRINCIPAL_LABELS) ?? account?.uid ?? "unattributed";
  const model = modelOf(activity) ?? "unknown model";
  const app = labelled(labels, APP_LABELS) ?? project?.name ?? project?.uid;
  const team = labelled(labels, TEAM_LABELS) ?? account?.name ?? account?.uid;
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
