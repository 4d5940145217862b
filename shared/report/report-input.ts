/** Everything a report says, read from a store in one pass. */
import { capacityUse } from "../cost/capacity.ts";
import type { PriceOf, PriceOverride } from "../cost/price.ts";
import { reservedPrices, withReserved } from "../cost/reserved.ts";
import { type Activity, isBill } from "../model/activity.ts";
import type { Rule } from "../model/finding.ts";
import { type EntityRow, type FindingRow, type LedgerEntry, storable, type UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";
import { usageKeyOf } from "../pipeline/rollup.ts";
import { DEFAULT_CLAUSE } from "../policy/judge.ts";
import type { Policy } from "../policy/policy.ts";
import type { Store } from "../store/store.ts";
import { type CostFigures, costFigures, endOfSightings } from "./cost-figures.ts";
import { type Decided, useKey } from "./inventory.ts";
import { recordKeeper } from "./system-of-record.ts";

export interface ReportInput {
  /** Gnomon's own. */
  readonly version: string;
  /** Absent: no policy was given, so nothing was judged. */
  readonly policy?: Policy;
  /** Headers of the rules that ran, whether or not they found something. */
  readonly rules: readonly Rule[];
  /** First and last event time of everything read. Absent: nothing was read. */
  readonly period?: { readonly first: EpochMs; readonly last: EpochMs };
  readonly findings: readonly FindingRow[];
  readonly usage: readonly UsageRow[];
  /** What of the policy decided on each line of the inventory. Absent: it was judged by no policy. */
  readonly decided?: Decided;
  /** As of the last use that anybody told of. */
  readonly cost: CostFigures;
  readonly entities: readonly EntityRow[];
  readonly regions: readonly RegionFlow[];
  /** By source id. */
  readonly coverage: readonly SourceCoverage[];
  /** Most frequent first. */
  readonly rejects: readonly RejectSummary[];
}

/** Calls that were requested in one place and processed in another, or may have been. Each call counted once. */
export interface RegionFlow {
  readonly provider?: string;
  readonly requested?: string;
  /** Where it ran, if the log says. */
  readonly processed?: string;
  readonly scope?: "regional" | "geography" | "global";
  readonly geography?: string;
  readonly calls: number;
}

export interface SourceCoverage {
  readonly source: string;
  /** Absent where every record was rejected. */
  readonly view?: Activity["view"];
  /** Records read and rejected in this run; absent for a store that earlier runs filled. */
  readonly records?: number;
  readonly rejects?: number;
  readonly activities: number;
  readonly firstTime?: EpochMs;
  readonly lastTime?: EpochMs;
  /** The starts of the UTC days of which it told something, ascending. */
  readonly days: readonly EpochMs[];
}

export interface RejectSummary {
  /** Absent where no source recognised the record. */
  readonly source?: string;
  readonly reason: string;
  readonly count: number;
  /** Where the first one stands, as in `Reject`. */
  readonly place: string;
  readonly record?: number;
}

/** What a store cannot know. */
export interface RunFacts {
  readonly version: string;
  readonly policy?: Policy;
  readonly rules: readonly Rule[];
  /** What was read in this run, one row per source. */
  readonly read?: readonly {
    readonly source: string;
    readonly records: number;
    readonly activities: number;
    readonly rejects: number;
    readonly firstTime?: EpochMs;
    readonly lastTime?: EpochMs;
  }[];
  readonly rejects: readonly RejectSummary[];
  /** For advice on cost. Absent: none that needs a price. */
  readonly price?: PriceOf;
  /** What is paid where that is not the list price: for capacity that is paid by the hour. */
  readonly prices?: readonly PriceOverride[];
}

export async function readReportInput(
  store: Pick<Store, "findings" | "usage" | "entities" | "activities">,
  facts: RunFacts,
): Promise<ReportInput> {
  const { prices = [] } = facts;
  const entities = await store.entities();
  const usage = withReserved(await store.usage(), prices);
  const isRecord = recordKeeper(usage);
  const flows = new Map<string, RegionFlow>();
  const heard = new Map<string, Heard>();

  const decisions = new Map<string, Map<string, number>>();

  const hearAll = (entry: LedgerEntry): void => {
    const { activity, clause } = entry;
    if (clause !== undefined) {
      const key = useKey(usageKeyOf(entry));
      const calls = decisions.get(key) ?? new Map<string, number>();
      decisions.set(key, calls.set(clause, (calls.get(clause) ?? 0) + activity.count));
    }
    for (const source of activity.sources ?? [activity.source])
      heard.set(source, hear(heard.get(source), activity));

    if (activity.region === undefined || (activity.kind !== "call" && activity.kind !== "bucket")) return;
    if (isBill(activity)) return;
    const told = {
      view: activity.view,
      account: storable(activity.account?.uid ?? ""),
      provider: storable(activity.provider ?? ""),
      time: activity.startTime,
    };
    if (!isRecord(told)) return;
    const flow = flowOf(activity);
    const key = JSON.stringify([flow.provider, flow.requested, flow.processed, flow.scope, flow.geography]);
    flows.set(key, { ...flow, calls: flow.calls + (flows.get(key)?.calls ?? 0) });
  };
  const capacity = await capacityUse(listening(store.activities(), hearAll));

  const read = new Map(facts.read?.map((row) => [row.source, row]));
  const sources = new Set([...heard.keys(), ...read.keys()]);
  const first = [...heard.values()].map((one) => one.first).sort((a, b) => a - b)[0];
  const last = [...heard.values()].map((one) => one.last).sort((a, b) => b - a)[0];

  return {
    version: facts.version,
    ...(facts.policy ? { policy: facts.policy } : {}),
    rules: facts.rules,
    ...(first !== undefined && last !== undefined ? { period: { first, last } } : {}),
    findings: await store.findings(),
    usage,
    ...(facts.policy || wasJudged(decisions) ? { decided: mostCallsFirst(decisions) } : {}),
    cost: costFigures(usage, {
      budgets: facts.policy?.budgets ?? [],
      ...(facts.price ? { price: facts.price } : {}),
      capacityPrice: reservedPrices(prices),
      capacity,
      now: endOfSightings(entities) ?? (0 as EpochMs),
    }),
    entities,
    regions: [...flows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, flow]) => flow),
    coverage: [...sources].sort().map((source): SourceCoverage => {
      const told = heard.get(source);
      return {
        source,
        ...(told ? { view: told.view } : {}),
        activities: told?.activities ?? 0,
        ...(told ? { firstTime: told.first, lastTime: told.last } : {}),
        // This run knows how often each source spoke, also of what the store holds once.
        ...toldInThisRun(read.get(source)),
        days: [...(told?.days ?? [])].sort((a, b) => a - b) as EpochMs[],
      };
    }),
    rejects: facts.rejects.toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
  };
}

type Decisions = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Where everything was left to a default there may have been no policy at all. */
const wasJudged = (decisions: Decisions): boolean =>
  [...decisions.values()].some((calls) => [...calls.keys()].some((clause) => clause !== DEFAULT_CLAUSE));

const mostCallsFirst = (decisions: Decisions): Decided =>
  new Map(
    [...decisions].map(([key, calls]) => [
      key,
      [...calls].sort(([a, of], [b, than]) => than - of || (a < b ? -1 : 1)).map(([clause]) => clause),
    ]),
  );

/** Entries as they pass by: they are streamed once, whoever wants to know of them. */
async function* listening(
  entries: AsyncIterable<LedgerEntry>,
  hear: (entry: LedgerEntry) => void,
): AsyncGenerator<LedgerEntry> {
  for await (const entry of entries) {
    hear(entry);
    yield entry;
  }
}

/** What one source said. */
interface Heard {
  /** Of the activities that it told alone, where there are any: a merged one has the best of several views. */
  readonly view: Activity["view"];
  readonly isOwnView: boolean;
  readonly activities: number;
  readonly first: EpochMs;
  readonly last: EpochMs;
  readonly days: Set<number>;
}

function hear(before: Heard | undefined, activity: Activity): Heard {
  const { startTime: first, view } = activity;
  // The end of an interval is no longer of it: September's last bucket must not make it a report of October too.
  const last = Math.max(first, activity.endTime - 1) as EpochMs;
  const isOwnView = activity.sources === undefined;
  const days = (before?.days ?? new Set<number>()).add(Math.floor(first / DAY_MS) * DAY_MS);
  if (!before) return { view, isOwnView, activities: 1, first, last, days };
  return {
    view: isOwnView && !before.isOwnView ? view : before.view,
    isOwnView: isOwnView || before.isOwnView,
    activities: before.activities + 1,
    first: Math.min(before.first, first) as EpochMs,
    last: Math.max(before.last, last) as EpochMs,
    days,
  };
}

function flowOf(activity: Activity): RegionFlow {
  const { requested, processed, scope, geography } = activity.region ?? {};
  return {
    ...(activity.provider ? { provider: activity.provider } : {}),
    ...(requested ? { requested } : {}),
    ...(processed ? { processed } : {}),
    ...(scope ? { scope } : {}),
    ...(geography ? { geography } : {}),
    calls: activity.count,
  };
}

type Read = NonNullable<RunFacts["read"]>[number];

const toldInThisRun = (read: Read | undefined) =>
  read && {
    records: read.records,
    activities: read.activities,
    rejects: read.rejects,
    ...(read.firstTime === undefined ? {} : { firstTime: read.firstTime }),
    ...(read.lastTime === undefined ? {} : { lastTime: read.lastTime }),
  };
