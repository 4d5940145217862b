/**
 * Which of several tellings of the same traffic counts. A cloud's own log, a usage API and a gateway may all
 * report one call; they are never added together.
 *
 * For each account, door and UTC day one view is the system of record, in this order: the provider's log where it
 * measures tokens, the usage API, the provider's log without tokens, the gateway. By the day, so that a log which
 * was switched on or exported for a part of the time does not silence the others for the rest of it.
 */
import type { Activity } from "../model/activity.ts";
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";

export interface Views {
  /** To be added up. */
  readonly counted: readonly UsageRow[];
  /** The same traffic told again by another view: attributes and reconciles, never added. */
  readonly attributing: readonly UsageRow[];
  /** Network evidence: `calls` are contacts, which no other view counts. */
  readonly contacts: readonly UsageRow[];
}

export function systemOfRecord(rows: readonly UsageRow[]): Views {
  const isRecord = recordKeeper(rows);
  const views = { counted: [] as UsageRow[], attributing: [] as UsageRow[], contacts: [] as UsageRow[] };
  for (const row of rows) {
    if (row.view === "network") views.contacts.push(row);
    else if (isRecord({ ...row, time: row.hour })) views.counted.push(row);
    else views.attributing.push(row);
  }
  return views;
}

/** Where and when something was told, and by whom. `account` and `provider` are "" where not said. */
export interface Told {
  readonly view: Activity["view"];
  readonly account: string;
  readonly provider: string;
  readonly time: EpochMs;
}

/** Tells of anything whether the view that told it is the system of record there, given all rows of a period. */
export function recordKeeper(rows: readonly UsageRow[]): (told: Told) => boolean {
  const ranks = new Map<string, number>();
  /** Doors and days that a vendor itself speaks about, whatever the account. */
  const vendorDays = new Set<string>();
  const tokenDays = new Set<string>();
  for (const row of rows) {
    if (row.view !== "provider" || row.inputTokens + row.outputTokens === 0) continue;
    tokenDays.add(key({ ...row, time: row.hour }));
  }
  const rankOf = (told: Told): number =>
    told.view === "provider" ? (tokenDays.has(key(told)) ? 0 : 2) : told.view === "usage" ? 1 : 3;

  for (const row of rows) {
    if (row.view === "network") continue;
    const told = { ...row, time: row.hour };
    const rank = rankOf(told);
    ranks.set(key(told), Math.min(ranks.get(key(told)) ?? rank, rank));
    if (row.view !== "gateway") vendorDays.add(doorDay(told));
  }

  return (told) => {
    if (told.view === "network") return false;
    // A gateway that does not know whose account it spends cannot be matched by account: the door decides.
    if (told.view === "gateway" && told.account === "" && vendorDays.has(doorDay(told))) return false;
    return rankOf(told) <= (ranks.get(key(told)) ?? rankOf(told));
  };
}

const day = (time: EpochMs): number => Math.floor(time / DAY_MS);
const doorDay = ({ provider, time }: Told): string => JSON.stringify([provider, day(time)]);
const key = ({ account, provider, time }: Told): string => JSON.stringify([account, provider, day(time)]);
