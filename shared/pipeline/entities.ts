/**
 * Who and what uses AI, and since when. Widened by every reading, not by merged rows: "first seen" cannot be taken
 * back, and only so is it the same in whatever order the readings came.
 */
import { type Activity, isBill, modelOf, principalOf } from "../model/activity.ts";
import { ByValues } from "../model/by-values.ts";
import { type EntityRow, storable, widenEntity } from "../model/ledger.ts";
import type { EpochMs } from "../model/units.ts";

/** One row per entity. Administrative acts are not use, and a bill dates nothing: a month's stands at its first hour. */
export function entitiesOf(readings: readonly Activity[]): EntityRow[] {
  const rows: Sighting[] = [];
  const seen = new ByValues<Sighting>();
  const first = (type: EntityRow["type"], uid: string, name: string, time: EpochMs): Sighting => {
    const row = { type, uid, name, firstSeenTime: time, lastSeenTime: time };
    rows.push(row);
    return row;
  };
  const see = (type: Thing, given: string | undefined, time: EpochMs, said?: string) => {
    if (given === undefined) return;
    const uid = storable(given);
    const name = said === undefined ? uid : storable(said);
    const at = seen.at(type).at(uid);
    if (at.held) widen(at.held, name, time);
    else at.held = first(type, uid, name, time);
  };
  const seePair = (type: Pair, principal: string, other: string | undefined, time: EpochMs) => {
    if (other === undefined) return;
    const at = seen.at(type).at(principal).at(other);
    if (at.held) {
      widen(at.held, at.held.name, time);
      return;
    }
    const uid = JSON.stringify([principal, other]);
    at.held = first(type, uid, uid, time);
  };

  for (const activity of readings) {
    if (activity.kind === "change" || isBill(activity)) continue;
    const { startTime: time, actor, account, credential, provider } = activity;
    const principal = principalOf(activity);
    const model = modelOf(activity);
    see("principal", principal, time, principal === actor?.uid ? actor?.name : undefined);
    // A temporary credential is a session: one a day and principal, and nothing that anybody could revoke.
    if (credential?.type !== "temporary") see("credential", credential?.uid, time);
    see("model", model, time);
    see("provider", provider, time);
    see("account", account?.uid, time, account?.name);
    if (principal === undefined) continue;
    seePair("principal-model", principal, model, time);
    seePair("principal-provider", principal, provider, time);
  }
  return rows;
}

type Pair = "principal-model" | "principal-provider";
type Thing = Exclude<EntityRow["type"], Pair>;
type Sighting = { -readonly [Field in keyof EntityRow]: EntityRow[Field] };

/** In place: of a batch's readings nearly all tell of what another one told. */
function widen(row: Sighting, name: string, time: EpochMs): void {
  if (time < row.firstSeenTime) row.firstSeenTime = time;
  if (time > row.lastSeenTime) row.lastSeenTime = time;
  if (name !== row.name) row.name = widenEntity(row, { ...row, name }).name;
}
