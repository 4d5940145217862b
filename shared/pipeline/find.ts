/**
 * A finding is a function of the set of its matches: what it counts, its level, its sentence, its evidence. It is
 * restated from what it held and what came and went, so that a finding of a million matches costs what one of ten
 * costs; only where the earliest or the latest left does the store look for the next.
 */
import { canonicalJson } from "../model/canonical-json.ts";
import {
  EVIDENCE_KEPT,
  type Evidence,
  FINDING_SCHEMA,
  type Finding,
  type Level,
  levels,
  type Match,
  type Rule,
  type Subject,
} from "../model/finding.ts";
import { compareJson } from "../model/json-order.ts";
import {
  byTimeAndSupporter,
  type FindingMatch,
  type FindingRow,
  type HeldFinding,
  type MatchKey,
} from "../model/ledger.ts";
import { uidOf } from "../model/uid.ts";
import { type EpochMs, toMinute } from "../model/units.ts";
import type { Tables } from "../store/store.ts";

export const findingUid = (rule: Rule, subject: Subject): string =>
  uidOf("finding", rule.id, canonicalJson(subject));

/** A match and whose it is. */
export interface SaidMatch {
  readonly rule: Rule;
  readonly subject: Subject;
  readonly match: FindingMatch;
}

/** What a detection said of one supporter, as it is kept. `time` orders it among the others of its finding. */
export function saidMatch(rule: Rule, said: Match, supporter: string, time: EpochMs): SaidMatch {
  const match: FindingMatch = {
    finding: findingUid(rule, said.subject),
    time,
    supporter,
    level: said.level ?? rule.level,
    reason: said.reason,
    count: said.count,
    evidence: endsOf(said.evidence.toSorted(byTimeAndUid)),
    ...(said.owner === undefined ? {} : { owner: said.owner }),
    ...(said.clause === undefined ? {} : { clause: said.clause }),
  };
  return { rule, subject: said.subject, match };
}

/** Moves matches, and restates every finding that gained or lost one. */
export async function find(
  tables: Tables,
  taken: readonly MatchKey[],
  put: readonly SaidMatch[],
): Promise<readonly FindingRow[]> {
  if (taken.length === 0 && put.length === 0) return [];
  const removed = await tables.moveMatches(
    taken,
    put.map(({ match }) => match),
  );
  const changes = new Map<string, { added: SaidMatch[]; removed: FindingMatch[] }>();
  const changeOf = (uid: string) => {
    const change = changes.get(uid) ?? { added: [], removed: [] };
    changes.set(uid, change);
    return change;
  };
  for (const said of put) changeOf(said.match.finding).added.push(said);
  for (const match of removed) changeOf(match.finding).removed.push(match);

  const held = await tables.claimFindings([...changes.keys()]);
  const restated: HeldFinding[] = [];
  const unsupported: string[] = [];
  for (const [uid, change] of changes) {
    const before = held.get(uid);
    const ends = endsAfter(before, change) ?? (await tables.endsOf(uid));
    const after = restate(uid, before, change, ends);
    if (!after) unsupported.push(uid);
    else if (after !== before) restated.push(after);
  }
  await tables.putFindings(restated, unsupported);
  return restated
    .filter(({ finding, revision }) => revision !== held.get(finding.uid)?.revision)
    .map(({ finding, revision }) => ({ finding, revision }));
}

/** What happened to one finding in one batch. */
export interface FindingChange {
  readonly added: readonly SaidMatch[];
  readonly removed: readonly FindingMatch[];
}

/**
 * The ends after a change, or undefined where only the store can tell them. The matches a finding does not hold lie
 * strictly between its earliest ones and its latest.
 */
export function endsAfter(
  before: HeldFinding | undefined,
  { added, removed }: FindingChange,
): readonly FindingMatch[] | undefined {
  const held = before?.ends ?? [];
  const gone = new Set(removed.map(({ supporter }) => supporter));
  const came = added.map(({ match }) => match);
  const known = [...held.filter(({ supporter }) => !gone.has(supporter)), ...came].sort(byTimeAndSupporter);
  const matches = (before?.finding.matches ?? 0) + added.length - removed.length;
  const ends = endsOf(known);
  if (known.length === matches) return ends;

  const [early, late] = [held.at(-2), held.at(-1)];
  const [lastOfEarliest, latest] = [ends.at(-2), ends.at(-1)];
  const certain =
    early !== undefined &&
    late !== undefined &&
    lastOfEarliest !== undefined &&
    latest !== undefined &&
    ends.length === EVIDENCE_KEPT &&
    byTimeAndSupporter(lastOfEarliest, early) <= 0 &&
    byTimeAndSupporter(latest, late) >= 0;
  return certain ? ends : undefined;
}

/** The finding after a change; undefined where nothing supports it any more, `before` where nothing changed. */
export function restate(
  uid: string,
  before: HeldFinding | undefined,
  { added: said, removed }: FindingChange,
  ends: readonly FindingMatch[],
): HeldFinding | undefined {
  const first = ends[0];
  if (!first) return undefined;
  const sum = (numbers: readonly { readonly count: number }[]) =>
    numbers.reduce((total, { count }) => total + count, 0);
  const added = said.map(({ match }) => match);
  const matches = (before?.finding.matches ?? 0) + added.length - removed.length;
  const count = (before?.finding.count ?? 0) + sum(added) - sum(removed);
  const byLevel: Partial<Record<Level, number>> = {};
  for (const level of levels) {
    const of = (given: readonly FindingMatch[]) => given.filter((match) => match.level === level).length;
    const number = (before?.levels[level] ?? 0) + of(added) - of(removed);
    if (number > 0) byLevel[level] = number;
  }
  const gravest = levels.findLast((level) => byLevel[level]) ?? first.level;
  // Of a budget that is used up nobody wants to read first that 85 % were used.
  const told = ends.find(({ level }) => level === gravest) ?? first;
  const evidence = [...endsOf(distinct(ends.flatMap((match) => match.evidence)).sort(byTimeAndUid))];
  const times = ends.flatMap((match) => [match.time, ...match.evidence.map(({ time }) => time)]);
  const lastSeenTime = Math.max(...times) as EpochMs;

  const finding: Finding = {
    schema: FINDING_SCHEMA,
    uid,
    ...headerOf(before?.finding, said[0]),
    level: gravest,
    // Other verbs move a finding on: what a person decided outlives what is restated here.
    status: before?.finding.status ?? "new",
    reason: summarise(told.reason, told === first, { matches, count, lastSeenTime }),
    firstSeenTime: Math.min(...times) as EpochMs,
    lastSeenTime,
    matches,
    count,
    evidence,
    ...(told.owner === undefined ? {} : { owner: told.owner }),
    ...(told.clause === undefined ? {} : { clause: told.clause }),
  };
  const visible = !before || compareJson(finding, before.finding) !== 0;
  const after = { finding, revision: (before?.revision ?? 0) + (visible ? 1 : 0), levels: byLevel, ends };
  return before && compareJson(after, before) === 0 ? before : after;
}

type Header = Pick<Finding, "ruleId" | "ruleName" | "title" | "experimental" | "subject">;

function headerOf(before: Finding | undefined, about: SaidMatch | undefined): Header {
  if (about) {
    const { rule, subject } = about;
    return {
      ruleId: rule.id,
      ruleName: rule.name,
      title: rule.title,
      ...(rule.status === "experimental" ? { experimental: true } : {}),
      subject,
    };
  }
  if (!before) throw new Error("a finding that was not held can only come with a match");
  const { ruleId, ruleName, title, experimental, subject } = before;
  return { ruleId, ruleName, title, ...(experimental ? { experimental } : {}), subject };
}

/** The sentence of one match, which speaks of that one alone, and how many there were. */
function summarise(
  reason: string,
  isFirst: boolean,
  { matches, count, lastSeenTime }: Pick<Finding, "matches" | "count" | "lastSeenTime">,
): string {
  if (matches === 1) return reason;
  const last = `${toMinute(lastSeenTime)} UTC`;
  const requests = count === matches || count === 0 ? "" : `, ${count.toLocaleString("en-US")} requests`;
  return `${reason.replace(/\.$/, "")}; ${isFirst ? "the first" : "one"} of ${matches.toLocaleString("en-US")} times${requests}, the last ${last}.`;
}

/** The earliest and, as the last one, the latest. */
const endsOf = <Item>(sorted: readonly Item[]): readonly Item[] =>
  sorted.length <= EVIDENCE_KEPT ? sorted : [...sorted.slice(0, EVIDENCE_KEPT - 1), ...sorted.slice(-1)];

const byTimeAndUid = (a: Evidence, b: Evidence): number => a.time - b.time || (a.uid < b.uid ? -1 : 1);

const distinct = (evidence: readonly Evidence[]): Evidence[] => [
  ...new Map(evidence.map((item) => [item.uid, item])).values(),
];
