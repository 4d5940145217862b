/**
 * What use adds up to → what is wrong with it: bills, logs and attribution, once both have come. Asked again whenever
 * rows of usage may have changed, at the end of a scan and in housekeeping: what it says is a function of the rows, so
 * that asking twice changes nothing, and what late records explain is taken back.
 *
 * Rows are read before the transaction. A batch that comes in between is in the next review.
 */
import type { SettleDays } from "../cost/reconcile.ts";
import type { Detection } from "../detections/detection.ts";
import type { FindingRow, MatchKey, RuleGroupRow } from "../model/ledger.ts";
import { uidOf } from "../model/uid.ts";
import type { EpochMs } from "../model/units.ts";
import type { Policy } from "../policy/policy.ts";
import type { Store } from "../store/store.ts";
import { find, type SaidMatch, saidMatch } from "./find.ts";

export interface ReviewPorts {
  readonly policy: Policy;
  readonly detections: readonly Detection[];
  readonly settleDays?: SettleDays;
  /** Months before that of this instant are left as they were said to be. Default: every month with use. */
  readonly since?: EpochMs;
}

/** Findings that are new or say something else than before. */
export async function review(
  store: Pick<Store, "usage" | "transact">,
  { policy, detections, settleDays, since }: ReviewPorts,
): Promise<readonly FindingRow[]> {
  const onUsage = detections.filter((detection) => detection.on === "usage");
  // The month before shows since when there have been logs and bills.
  const rows = await store.usage(since === undefined ? {} : { since: startOfMonth(since, -1) });
  const [first, last] = [rows[0], rows.at(-1)];
  if (onUsage.length === 0 || !first || !last) return [];

  const groups = new Map<string, Group>();
  for (const { rule } of onUsage) {
    for (let month = startOfMonth(since ?? first.hour); month <= last.hour; month = startOfMonth(month, 1)) {
      const key = uidOf("group", rule.id, month);
      groups.set(key, {
        row: { key, ruleId: rule.id, group: new Date(month).toISOString().slice(0, 7) },
        said: [],
      });
    }
  }
  const verdict = settleDays === undefined ? { policy } : { policy, settleDays };
  for (const detection of onUsage) {
    const { rule } = detection;
    for (const match of detection.evaluate(rows, verdict)) {
      const key = uidOf("group", rule.id, startOfMonth(match.time));
      groups.get(key)?.said.push(saidMatch(rule, match, key, match.time));
    }
  }

  return store.transact(async (tables) => {
    const claimed = await tables.claimGroups([...groups.keys()]);
    const taken: MatchKey[] = [];
    const put: SaidMatch[] = [];
    const written: RuleGroupRow[] = [];
    const emptied: string[] = [];
    for (const { row, said } of groups.values()) {
      const before = claimed.get(row.key);
      taken.push(...(before?.matches ?? []));
      put.push(...said);
      const matches = said.map(({ match: { finding, time, supporter } }) => ({ finding, time, supporter }));
      if (matches.length > 0) written.push({ ...row, matches });
      else if (before) emptied.push(row.key);
    }
    if (taken.length === 0 && put.length === 0) return [];
    await tables.putGroups({ groups: written, remembered: [] }, { groups: emptied, remembered: [] });
    return find(tables, taken, put);
  });
}

/** What one rule says of one month. */
interface Group {
  readonly row: Omit<RuleGroupRow, "matches">;
  readonly said: SaidMatch[];
}

function startOfMonth(time: EpochMs, monthsLater = 0): EpochMs {
  const date = new Date(time);
  return Math.max(0, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater)) as EpochMs;
}
