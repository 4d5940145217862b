/** In what order stores give rows, decided here and not by a database's collation. */
import { levels } from "../model/finding.ts";
import {
  type EntityRow,
  type FindingRow,
  type LedgerEntry,
  type SeriesRow,
  type UsageRow,
  usageKeys,
} from "../model/ledger.ts";

const compare = <Value extends string | number>(a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0);

export const byStart = ({ activity: a }: LedgerEntry, { activity: b }: LedgerEntry): number =>
  a.startTime - b.startTime || compare(a.uid, b.uid);

export function byUsage(a: UsageRow, b: UsageRow): number {
  for (const key of usageKeys) {
    const order = compare(a[key], b[key]);
    if (order !== 0) return order;
  }
  return 0;
}

export const byEntity = (a: EntityRow, b: EntityRow): number => compare(a.type, b.type) || compare(a.uid, b.uid);

export const bySeries = (a: SeriesRow, b: SeriesRow): number => compare(a.kind, b.kind) || compare(a.uid, b.uid);

/** The highest level first, then the first seen. */
export const byFinding = ({ finding: a }: FindingRow, { finding: b }: FindingRow): number =>
  levels.indexOf(b.level) - levels.indexOf(a.level) || a.firstSeenTime - b.firstSeenTime || compare(a.uid, b.uid);
