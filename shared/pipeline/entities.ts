/**
 * Who and what uses AI, and since when. Widened by every reading, not by merged rows: "first seen" cannot be taken
 * back, and only so is it the same in whatever order the readings came.
 */
import { type Activity, isBill, modelOf, principalOf } from "../model/activity.ts";
import { type EntityRow, storable, widenEntity } from "../model/ledger.ts";

/** One row per entity. Administrative acts are not use, and a bill dates nothing: a month's stands at its first hour. */
export function entitiesOf(readings: readonly Activity[]): EntityRow[] {
  const rows = new Map<string, EntityRow>();
  const see = (type: EntityRow["type"], given: string | undefined, time: Activity["startTime"], said?: string) => {
    if (given === undefined) return;
    const uid = storable(given);
    const name = said === undefined ? uid : storable(said);
    const key = `${type} ${uid}`;
    const row = rows.get(key);
    const seen: EntityRow = { type, uid, name, firstSeenTime: time, lastSeenTime: time };
    rows.set(key, row ? widenEntity(row, seen) : seen);
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
    if (model !== undefined) see("principal-model", JSON.stringify([principal, model]), time);
    if (provider !== undefined) see("principal-provider", JSON.stringify([principal, provider]), time);
  }
  return [...rows.values()];
}
