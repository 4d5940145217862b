/** The store of `gnomon scan`: maps, no start-up, gone at the end. Transactions run one after the other. */
import { canonicalJson } from "../model/canonical-json.ts";
import { EVIDENCE_KEPT } from "../model/finding.ts";
import {
  byTimeAndSupporter,
  type EntityRow,
  type FindingMatch,
  type FindingRow,
  type HeldFinding,
  type LedgerEntry,
  type MatchKey,
  type RuleGroupRow,
  type RuleStateRow,
  type SeriesRow,
  type UsageRow,
  usageKeys,
  usageSums,
  widenEntity,
} from "../model/ledger.ts";
import { EpochMs } from "../model/units.ts";
import { byEntity, byFinding, bySeries, byStart, byUsage } from "./row-order.ts";
import type { ClaimedGroup, Store, Tables } from "./store.ts";

export interface MemoryStore extends Store {
  /** Activities and matches: what grows with what is read. */
  size(): number;
  /** Everything, for a store that takes over. */
  rows(): StoredRows;
}

export interface StoredRows {
  readonly activities: readonly LedgerEntry[];
  readonly usage: readonly UsageRow[];
  readonly entities: readonly EntityRow[];
  readonly groups: readonly RuleGroupRow[];
  readonly remembered: readonly RuleStateRow[];
  readonly findings: readonly HeldFinding[];
  readonly matches: readonly FindingMatch[];
  readonly series: readonly SeriesRow[];
}

export function openMemoryStore(): MemoryStore {
  const activities = new Map<string, LedgerEntry>();
  const usage = new Map<string, UsageRow>();
  const entities = new Map<string, EntityRow>();
  const groups = new Map<string, RuleGroupRow>();
  /** By group, then by row. */
  const remembered = new Map<string, Map<string, RuleStateRow>>();
  const slots = new Map<string, RuleStateRow>();
  const findings = new Map<string, HeldFinding>();
  /** By finding, then by place in it. */
  const matches = new Map<string, Map<string, FindingMatch>>();
  let matchCount = 0;
  let series: readonly SeriesRow[] = [];

  /** How to take back what the transaction at hand has done, the last first. */
  let undo: (() => void)[] = [];

  function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
    const before = map.get(key);
    map.set(key, value);
    undo.push(before === undefined ? () => map.delete(key) : () => map.set(key, before));
  }

  function remove<Value>(map: Map<string, Value>, key: string): Value | undefined {
    const before = map.get(key);
    if (before === undefined) return undefined;
    map.delete(key);
    undo.push(() => map.set(key, before));
    return before;
  }

  function within<Value>(maps: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
    const inner = maps.get(key) ?? new Map<string, Value>();
    maps.set(key, inner);
    return inner;
  }

  function held<Value>(map: ReadonlyMap<string, Value>, keys: readonly string[]): Map<string, Value> {
    const found = new Map<string, Value>();
    for (const key of keys) {
      const value = map.get(key);
      if (value !== undefined) found.set(key, value);
    }
    return found;
  }

  const tables: Tables = {
    async claimActivities(uids) {
      return held(activities, uids);
    },

    async putActivities(entries) {
      for (const entry of entries) put(activities, entry.activity.uid, entry);
    },

    async addUsage(differences) {
      for (const difference of differences) {
        const key = usageKeys.map((part) => difference[part]).join("\0");
        const before = usage.get(key);
        const after = { ...difference };
        for (const sum of usageSums) after[sum] += before?.[sum] ?? 0;
        if (usageSums.every((sum) => after[sum] === 0)) remove(usage, key);
        else put(usage, key, after);
      }
    },

    async widenEntities(rows) {
      for (const row of rows) {
        const key = `${row.type} ${row.uid}`;
        const before = entities.get(key);
        put(entities, key, before ? widenEntity(before, row) : row);
      }
    },

    async rememberedAt(keys) {
      return [...held(slots, keys).values()];
    },

    async claimGroups(keys) {
      const claimed = new Map<string, ClaimedGroup>();
      for (const [key, { matches }] of held(groups, keys)) {
        claimed.set(key, { matches, remembered: [...within(remembered, key).values()] });
      }
      return claimed;
    },

    async putGroups(written, removed) {
      for (const group of written.groups) put(groups, group.key, group);
      for (const row of written.remembered) {
        put(slots, row.key, row);
        put(within(remembered, row.groupKey), row.key, row);
      }
      for (const key of removed.remembered) {
        const row = remove(slots, key);
        if (row) remove(within(remembered, row.groupKey), key);
      }
      for (const key of removed.groups) remove(groups, key);
    },

    async moveMatches(taken, given) {
      const before = matchCount;
      undo.push(() => {
        matchCount = before;
      });
      const found = taken.flatMap((key) => remove(within(matches, key.finding), placeOf(key)) ?? []);
      for (const match of given) put(within(matches, match.finding), placeOf(match), match);
      matchCount += given.length - found.length;
      return found;
    },

    async claimFindings(uids) {
      return held(findings, uids);
    },

    async endsOf(uid) {
      const sorted = [...within(matches, uid).values()].sort(byTimeAndSupporter);
      return sorted.length <= EVIDENCE_KEPT
        ? sorted
        : [...sorted.slice(0, EVIDENCE_KEPT - 1), ...sorted.slice(-1)];
    },

    async putFindings(rows, removed) {
      for (const row of rows) put(findings, row.finding.uid, row);
      for (const uid of removed) remove(findings, uid);
    },

    async claimSeries() {
      return series[0]?.nextHour;
    },

    async putSeries(rows) {
      const before = series;
      undo.push(() => {
        series = before;
      });
      series = rows.toSorted(bySeries);
    },
  };

  const rows = (): StoredRows => ({
    activities: [...activities.values()],
    usage: [...usage.values()],
    entities: [...entities.values()],
    groups: [...groups.values()],
    remembered: [...slots.values()],
    findings: [...findings.values()],
    matches: [...matches.values()].flatMap((inner) => [...inner.values()]),
    series,
  });

  /** The transaction at hand and all that wait. Readers wait too, and so see none half done. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(work: () => Promise<Result> | Result): Promise<Result> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    transact: (work) =>
      inTurn(async () => {
        undo = [];
        try {
          return await work(tables);
        } catch (error) {
          for (const step of undo.reverse()) step();
          throw error;
        }
      }),

    findings: ({ status } = {}) =>
      inTurn(() =>
        [...findings.values()]
          .filter(({ finding }) => status?.includes(finding.status) ?? true)
          .map(rowOf)
          .sort(byFinding),
      ),

    finding: (uid) =>
      inTurn(() => {
        const row = findings.get(uid);
        return row && rowOf(row);
      }),

    usage: ({ since = 0, until = Number.POSITIVE_INFINITY } = {}) =>
      inTurn(() => [...usage.values()].filter(({ hour }) => hour >= since && hour < until).sort(byUsage)),

    usedHours: () =>
      inTurn(() => {
        let first = Number.POSITIVE_INFINITY;
        let last = Number.NEGATIVE_INFINITY;
        for (const row of usage.values()) {
          if (row.view === "network" || row.calls + row.inputTokens + row.outputTokens === 0) continue;
          first = Math.min(first, row.hour);
          last = Math.max(last, row.hour);
        }
        return first <= last ? { first: first as EpochMs, last: last as EpochMs } : undefined;
      }),

    series: () => inTurn(() => series),

    entities: () => inTurn(() => [...entities.values()].sort(byEntity)),

    async *activities({ since = 0, until = Number.POSITIVE_INFINITY } = {}) {
      yield* await inTurn(() =>
        [...activities.values()]
          .filter(({ activity: { startTime } }) => startTime >= since && startTime < until)
          .sort(byStart),
      );
    },

    forgottenBefore: async () => EpochMs.parse(0),

    dump: () =>
      inTurn(() => {
        const all = rows();
        return {
          activity: lines(all.activities),
          usage_hourly: lines(all.usage),
          entity: lines(all.entities),
          rule_group: lines(all.groups),
          rule_state: lines(all.remembered),
          finding: lines(all.findings),
          finding_match: lines(all.matches),
          series_state: lines(all.series.map(encoded)),
        };
      }),

    size: () => activities.size + matchCount,
    rows,

    async close() {},
  };
}

const encoded = (row: SeriesRow) => ({ ...row, state: Buffer.from(row.state).toString("base64") });
const rowOf = ({ finding, revision }: HeldFinding): FindingRow => ({ finding, revision });
const placeOf = ({ time, supporter }: MatchKey): string => `${time} ${supporter}`;
const lines = (rows: readonly unknown[]): string[] => rows.map(canonicalJson).sort();
