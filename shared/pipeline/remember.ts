/**
 * What group detections remember. `all` follows the merged activity and moves with it from group to group. `earliest`
 * looks at each reading by itself: the earliest cannot be taken back, and only so is it the same in any order; what
 * such a detection asks of an activity must stand in one log.
 */
import type { GroupDetection, Remembered } from "../detections/detection.ts";
import type { Activity } from "../model/activity.ts";
import { ByValues } from "../model/by-values.ts";
import { compareJson } from "../model/json-order.ts";
import type { MatchKey, RuleGroupRow, RuleStateRow } from "../model/ledger.ts";
import { mergeActivities } from "../model/merge.ts";
import { uidOf } from "../model/uid.ts";
import type { Policy } from "../policy/policy.ts";
import type { Tables } from "../store/store.ts";
import { type SaidMatch, saidMatch } from "./find.ts";
import type { EntryChange } from "./rollup.ts";

/** The earliest reading of every slot that the readings touch. */
export function earliestOf(
  readings: readonly Activity[],
  detections: readonly GroupDetection[],
): readonly RuleStateRow[] {
  const slots: ByValues<RuleStateRow>[] = [];
  for (const detection of detections) {
    const groups = new ByValues<RuleStateRow>();
    for (const reading of readings) {
      const said = detection.remember(reading);
      if (said?.keep !== "earliest") continue;
      let at = groups;
      for (const part of said.group) at = at.at(part);
      const slot = at.at(said.slot);
      if (slot.held) slot.held = earliest(slot.held, reading);
      else {
        slot.held = stateRow(detection, said, reading);
        slots.push(slot);
      }
    }
  }
  return slots.flatMap(({ held }) => held ?? []);
}

/** What the groups of a batch ceased to say about findings, and what they say now. */
export interface GroupMatches {
  readonly taken: readonly MatchKey[];
  readonly put: readonly SaidMatch[];
}

/** Remembers and forgets, and asks the detections of every group that changed. */
export async function remember(
  tables: Tables,
  slots: readonly RuleStateRow[],
  changes: readonly EntryChange[],
  detections: readonly GroupDetection[],
  policy: Policy,
): Promise<GroupMatches> {
  const touched = new Map<string, Touched>();
  const touch = ({ groupKey: key, ruleId, group }: RuleStateRow, detection: GroupDetection): Touched => {
    const known = touched.get(key) ?? { key, ruleId, group, detection, offered: [], left: [] };
    touched.set(key, known);
    return known;
  };

  const held = slots.length > 0 ? await tables.rememberedAt(slots.map(({ key }) => key)) : [];
  const heldAt = new Map(held.map((row) => [row.key, row]));
  for (const detection of detections) {
    for (const row of slots) {
      if (row.ruleId !== detection.rule.id) continue;
      const before = heldAt.get(row.key);
      if (!before || byTime(row.activity, before.activity) <= 0) touch(row, detection).offered.push(row);
    }
    for (const { before, after } of changes) {
      const row = followed(detection, after.activity);
      const was = before && followed(detection, before.activity);
      if (row) touch(row, detection).offered.push(row);
      if (was && was.key !== row?.key) touch(was, detection).left.push(was.key);
    }
  }
  if (touched.size === 0) return { taken: [], put: [] };

  const claimed = await tables.claimGroups([...touched.keys()]);
  const taken: MatchKey[] = [];
  const put: SaidMatch[] = [];
  const written: { groups: RuleGroupRow[]; remembered: RuleStateRow[] } = { groups: [], remembered: [] };
  const removed: { groups: string[]; remembered: string[] } = { groups: [], remembered: [] };
  for (const { key, ruleId, group, detection, offered, left } of touched.values()) {
    const before = claimed.get(key);
    const rows = new Map(before?.remembered.map((row) => [row.key, row]));
    const gone = left.filter((rowKey) => rows.delete(rowKey));
    const came: RuleStateRow[] = [];
    for (const offer of offered) {
      const known = rows.get(offer.key);
      const row = known && offer.keep === "earliest" ? earliest(known, offer.activity) : offer;
      if (known && compareJson(row.activity, known.activity) === 0) continue;
      rows.set(row.key, row);
      came.push(row);
    }
    if (gone.length === 0 && came.length === 0) continue;
    removed.remembered.push(...gone);
    written.remembered.push(...came);
    taken.push(...(before?.matches ?? []));
    if (rows.size === 0) {
      removed.groups.push(key);
      continue;
    }
    const remembered = [...rows.values()].sort(byTimeAndKey).map((row) => row.activity);
    const matches = new Map<string, MatchKey>();
    for (const said of detection.evaluate(remembered, { policy })) {
      const match = saidMatch(detection.rule, said, key, said.time);
      const { finding, time, supporter } = match.match;
      if (matches.has(finding)) continue;
      matches.set(finding, { finding, time, supporter });
      put.push(match);
    }
    written.groups.push({ key, ruleId, group, matches: [...matches.values()] });
  }
  await tables.putGroups(written, removed);
  return { taken, put };
}

interface Touched extends Omit<RuleGroupRow, "matches"> {
  readonly detection: GroupDetection;
  /** To be remembered, where nothing better is. */
  readonly offered: RuleStateRow[];
  /** Keys of rows whose activity now belongs elsewhere. */
  readonly left: string[];
}

function followed(detection: GroupDetection, activity: Activity): RuleStateRow | undefined {
  const said = detection.remember(activity);
  return said?.keep === "all" ? stateRow(detection, said, activity) : undefined;
}

function stateRow(
  { rule }: GroupDetection,
  { group: parts, slot, keep }: Remembered,
  activity: Activity,
): RuleStateRow {
  const group = JSON.stringify(parts.map((part) => part ?? null));
  const key = uidOf("remembered", rule.id, group, slot, keep === "all" ? activity.uid : undefined);
  return { key, groupKey: uidOf("group", rule.id, group), ruleId: rule.id, group, slot, keep, activity };
}

/** The slot after one more reading: two readings of the earliest are joined. */
function earliest(held: RuleStateRow, reading: Activity): RuleStateRow {
  const order = byTime(reading, held.activity);
  if (order > 0) return held;
  return { ...held, activity: order < 0 ? reading : mergeActivities(held.activity, reading) };
}

/** Two readings of one activity may stand in two slots. */
const byTimeAndKey = (a: RuleStateRow, b: RuleStateRow): number =>
  byTime(a.activity, b.activity) || (a.key < b.key ? -1 : 1);

const byTime = (a: Activity, b: Activity): number =>
  a.startTime - b.startTime || (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0);
