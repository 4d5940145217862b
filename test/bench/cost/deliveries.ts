/**
 * What a collector would deliver of an organization, and when: hourly buckets that grow every five minutes, some of
 * them late, all of them held back while the collector is down.
 */
import { ACTIVITY_SCHEMA, type Activity } from "../../../shared/model/activity.ts";
import { type EpochMs, fromUsd, HOUR_MS } from "../../../shared/model/units.ts";
import { HOURS, type Leaf, type Organization, START_MS } from "./organization.ts";

/** A reading of a bucket: what it holds so far. */
export interface Delivery {
  readonly leaf: number;
  /** Hours since the start. */
  readonly hour: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly errors: number;
  readonly cost: number;
}

const FLUSHES_PER_HOUR = 12;

export const timeAt = (hours: number): EpochMs => Math.round(START_MS + hours * HOUR_MS) as EpochMs;

/** How it is collected. */
export interface Collection {
  /** How often in an hour. 1: only complete hours. */
  readonly flushes?: number;
  /** How long everything takes on its way. */
  readonly minutesLater?: number;
}

/** In order of arrival. */
export function* deliveries(
  organization: Organization,
  { flushes = FLUSHES_PER_HOUR, minutesLater = 0 }: Collection = {},
): Generator<{ readonly time: EpochMs; readonly deliveries: readonly Delivery[] }> {
  const { leaves, outages } = organization;
  const arrivalAt = (hours: number): EpochMs => timeAt(hours + minutesLater / 60);
  const lateShare = new Map<number, number>();
  /** By hour of arrival: leaves and hours to be delivered in full. */
  const owed = new Map<number, { leaf: number; hour: number }[]>();
  const owe = (arrival: number, leaf: number, hour: number): void => {
    const list = owed.get(arrival) ?? [];
    list.push({ leaf, hour });
    owed.set(arrival, list);
  };
  for (const { leaf, hour, share, by } of organization.late) {
    lateShare.set(leaf * HOURS + hour, share);
    owe(hour + by + 1, leaf, hour);
  }
  const downUntil = (hour: number): number | undefined =>
    outages.find(([from, to]) => hour >= from && hour < to)?.[1];

  for (let hour = 0; hour < HOURS; hour++) {
    const due = (owed.get(hour) ?? []).flatMap(({ leaf, hour: past }) => {
      const until = downUntil(hour);
      if (until !== undefined) {
        owe(until, leaf, past);
        return [];
      }
      const source = leaves[leaf];
      return source ? [upTo(source, leaf, past, 1, 1)] : [];
    });
    if (due.length > 0) yield { time: arrivalAt(hour), deliveries: due };
    const until = downUntil(hour);
    const active = leaves.flatMap((leaf, index) => ((leaf.calls[hour] ?? 0) > 0 ? [index] : []));
    if (until !== undefined) {
      for (const index of active) owe(until, index, hour);
      continue;
    }
    const last = new Map<number, number>();
    for (let flush = 1; flush <= flushes; flush++) {
      const batch: Delivery[] = [];
      for (const index of active) {
        const leaf = leaves[index];
        if (!leaf) continue;
        const arrived = 1 - (lateShare.get(index * HOURS + hour) ?? 0);
        const delivery = upTo(leaf, index, hour, flush / flushes, arrived);
        if (delivery.calls === 0 || delivery.cost === last.get(index)) continue;
        last.set(index, delivery.cost);
        batch.push(delivery);
      }
      if (batch.length > 0) yield { time: arrivalAt(hour + flush / flushes), deliveries: batch };
    }
  }
}

/** What the leaf's bucket holds at a time within its hour, 0 to 1; `share` of it has arrived. */
function upTo(leaf: Leaf, index: number, hour: number, time: number, share: number): Delivery {
  const burst = leaf.bursts.get(hour);
  const begun = burst && burst.start < 1 ? Math.max(0, (time - burst.start) / (1 - burst.start)) : 0;
  const whole = leaf.calls[hour] ?? 0;
  /** Even over the hour, but for what an anomaly adds after its start. */
  const at = (all: Float64Array, late: number): number => ((all[hour] ?? 0) - late) * time + late * begun;
  const calls = Math.floor(at(leaf.calls, burst?.calls ?? 0) * share + 1e-6);
  // Of few calls, tokens and cost follow the calls that were made.
  const rest = whole < 12 && !burst ? calls / (whole * time) : share;
  return {
    leaf: index,
    hour,
    calls,
    inputTokens: Math.round(at(leaf.inputTokens, burst?.inputTokens ?? 0) * rest),
    outputTokens: Math.round(at(leaf.outputTokens, burst?.outputTokens ?? 0) * rest),
    errors: Math.floor(at(leaf.errors, burst?.errors ?? 0) * rest),
    cost: at(leaf.cost, burst?.cost ?? 0) * rest,
  };
}

/** The same as `gnomon.activity/v1`, as a usage API would be read: one bucket per leaf and hour, which grows. */
export async function* activities(
  organization: Organization,
  collection: Collection = {},
): AsyncGenerator<Activity> {
  const { leaves, principals, seed } = organization;
  const templates = leaves.map(
    (leaf): Omit<Activity, "uid" | "startTime" | "endTime" | "count"> => ({
      schema: ACTIVITY_SCHEMA,
      kind: "bucket",
      view: "usage",
      source: "made-up.usage",
      operation: "usage",
      actor: { uid: principals[leaf.principal]?.name ?? "" },
      account: { uid: "made-up" },
      provider: leaf.model.provider,
      model: { id: leaf.model.name, name: leaf.model.name },
      region: { requested: leaf.region },
      labels: { app: leaf.app, team: leaf.team },
    }),
  );
  for (const { time, deliveries: batch } of deliveries(organization, collection)) {
    for (const { leaf, hour, calls, inputTokens, outputTokens, cost } of batch) {
      const template = templates[leaf];
      if (!template) continue;
      yield {
        ...template,
        uid: [seed, leaf, hour, 0].map((part) => part.toString(16).padStart(8, "0")).join(""),
        startTime: timeAt(hour),
        endTime: timeAt(hour + 1),
        receivedTime: time,
        count: calls,
        usage: { inputTokens, outputTokens },
        cost: { nanoUsd: fromUsd(cost), basis: "estimated" },
      };
    }
  }
}
