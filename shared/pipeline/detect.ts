/**
 * Activities → what is known: merged, priced, judged, added up, and what is wrong with them. One transaction per
 * batch, and a batch seen again, in part or whole, in any order, from two workers at once, changes nothing.
 *
 * Two kinds of rows. What can be taken back follows the merged activity, by the difference a merge makes: the ledger,
 * rollups, findings. What can only widen follows every reading by itself: first and last seen, the earliest of a slot.
 */
import { attributionOf } from "../cost/attribute.ts";
import type { ActivityDetection, Detection } from "../detections/detection.ts";
import { type Activity, type Cost, isBill } from "../model/activity.ts";
import { compareJson } from "../model/json-order.ts";
import type { FindingRow, LedgerEntry, MatchKey } from "../model/ledger.ts";
import { mergeActivities } from "../model/merge.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";
import { tells } from "../policy/judge.ts";
import type { Judge, Policy } from "../policy/policy.ts";
import type { Store } from "../store/store.ts";
import { entitiesOf } from "./entities.ts";
import { find, type SaidMatch, saidMatch } from "./find.ts";
import { earliestOf, remember } from "./remember.ts";
import { type EntryChange, usageDifferences } from "./rollup.ts";

export interface DetectPorts {
  readonly store: Store;
  readonly policy: Policy;
  readonly judge: Judge;
  /**
   * Our estimate, and a bill's dollars where we know the rate of its currency; undefined where no price is known. Asked
   * only where no log told the cost.
   */
  readonly price: (activity: Activity) => Cost | undefined;
  readonly detections: readonly Detection[];
}

export interface Detected {
  /** Activities not known before. */
  readonly added: number;
  /** Known ones of which a reading told something new. */
  readonly changed: number;
  /** Findings that are new or say something else than before. */
  readonly findings: readonly FindingRow[];
}

/** A database writes one chunk while the next is judged. */
const CHUNK = 250;

export function detect(batch: readonly Activity[], ports: DetectPorts): Promise<Detected> {
  const { store, policy, detections } = ports;
  const onActivity = detections.filter((detection) => detection.on === "activity");
  const onGroup = detections.filter((detection) => detection.on === "group");
  const readings = joinByUid(batch);
  const entities = entitiesOf(batch);
  const slots = earliestOf(batch, onGroup);

  return store.transact(async (tables) => {
    const held = await tables.claimActivities(readings.map(({ uid }) => uid));
    const changes: EntryChange[] = [];
    const taken: MatchKey[] = [];
    const put: SaidMatch[] = [];
    for (let from = 0; from < readings.length; from += CHUNK) {
      const entries: LedgerEntry[] = [];
      for (const reading of readings.slice(from, from + CHUNK)) {
        const before = held.get(reading.uid);
        const activity = before ? (mergedWith(before, reading) ?? takenAnew(before, ports)) : reading;
        if (!activity) continue;
        const after = entryOf(activity, ports, onActivity, put);
        entries.push(after);
        changes.push(before ? { before, after } : { after });
        if (before) taken.push(...before.findings.map((finding) => matchKey(finding, before.activity)));
      }
      await tables.putActivities(entries);
    }
    await tables.addUsage(usageDifferences(changes));
    await tables.widenEntities(entities);
    const groups = await remember(tables, slots, changes, onGroup, policy);
    const findings = await find(tables, [...taken, ...groups.taken], [...put, ...groups.put]);
    const changed = changes.filter(({ before }) => before).length;
    return { added: changes.length - changed, changed, findings };
  });
}

/** Distinct by uid, and sorted by it: every transaction claims in the same order. */
function joinByUid(batch: readonly Activity[]): Activity[] {
  const readings = new Map<string, Activity>();
  for (const reading of batch) {
    const other = readings.get(reading.uid);
    readings.set(reading.uid, other ? mergeActivities(other, reading) : reading);
  }
  return [...readings.values()].sort((a, b) => (a.uid < b.uid ? -1 : 1));
}

/** Undefined where the reading tells nothing new. */
function mergedWith({ activity: held, priced }: LedgerEntry, reading: Activity): Activity | undefined {
  const told = priced ? withoutCost(held) : held;
  const merged = mergeActivities(told, reading);
  return compareJson(merged, told) === 0 ? undefined : merged;
}

/**
 * What was judged by another policy, or had no price and has one now, is taken anew when a log tells of it again.
 * Undefined where nothing changes.
 */
function takenAnew(held: LedgerEntry, { judge, price }: DetectPorts): Activity | undefined {
  if (!held.activity.cost && ourPrice(held.activity, price)) return held.activity;
  const said = judge(held.activity);
  const told = said && tells(held.activity, said) ? said : undefined;
  const same = told?.verdict === held.verdict && said?.owner === held.owner && told?.clause === held.clause;
  if (same) return undefined;
  return held.priced ? withoutCost(held.activity) : held.activity;
}

function withoutCost({ cost: _, ...activity }: Activity): Activity {
  return activity;
}

const ourPrice = (told: Activity, price: DetectPorts["price"]): Cost | undefined =>
  told.cost || told.kind === "change" || told.kind === "contact" ? undefined : price(told);

/** The entry of an activity; what the detections say of it goes to `put`. */
function entryOf(
  told: Activity,
  { policy, judge, price }: DetectPorts,
  detections: readonly ActivityDetection[],
  put: SaidMatch[],
): LedgerEntry {
  const ours = ourPrice(told, price);
  const activity = ours ? { ...told, cost: ours } : told;
  const judgement = judge(activity);
  const attribution = told.kind === "change" ? undefined : attributionOf(activity);
  const findings: string[] = [];
  for (const detection of detections) {
    const said = detection.evaluate(activity, { policy, judgement });
    if (!said) continue;
    const match = saidMatch(detection.rule, said, activity.uid, standsAt(activity));
    findings.push(match.match.finding);
    put.push(match);
  }
  const entry: { -readonly [Field in keyof LedgerEntry]: LedgerEntry[Field] } = {
    activity,
    findings: findings.sort(),
  };
  if (ours) entry.priced = true;
  if (judgement && tells(activity, judgement)) {
    entry.verdict = judgement.verdict;
    entry.clause = judgement.clause;
  }
  if (judgement?.owner !== undefined) entry.owner = judgement.owner;
  if (attribution && Object.keys(attribution).length > 0) entry.attribution = attribution;
  return entry;
}

const matchKey = (finding: string, activity: Activity): MatchKey => ({
  finding,
  time: standsAt(activity),
  supporter: activity.uid,
});

/**
 * An activity's match stands at its start. That of a bill stands at the end of its first day, so that the use that it is
 * for tells the finding's sentence: of a day there are more lines of a bill than a finding keeps matches.
 */
function standsAt(activity: Activity): EpochMs {
  const { startTime, endTime } = activity;
  if (!isBill(activity) || endTime <= startTime) return startTime;
  return (Math.min(endTime, startTime + DAY_MS) - 1) as EpochMs;
}
