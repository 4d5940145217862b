/**
 * Activities that a policy cannot tell apart. Calls are many and ways to call are few: what the policy says of one is kept
 * for all others that agree in every value it asks about.
 *
 * Of whoever calls there are many, since sessions and temporary keys have new names every hour, and a tag may hold anything:
 * there it is kept which of the policy's patterns a name matches, and not the name. All other values are kept as they stand.
 */
import type { Activity } from "../model/activity.ts";
import { ByValues, type Value } from "../model/by-values.ts";
import { matchersOf } from "./pattern.ts";
import { perPolicy } from "./per-policy.ts";
import type { Clause, Judgement, Stray } from "./policy.ts";
import { spellings } from "./scope.ts";

/** What was said of them; absent where nobody has asked yet. */
export interface Alike {
  judgement?: Judgement;
  /** `none`: they break no clause. */
  stray?: Stray | "none";
}

/** Beyond this many, all are forgotten. */
const MOST_REMEMBERED = 5_000;

/** What is said of activities like this one. A condition may ask about anything: a policy with one tells all apart. */
export const alikeIn = perPolicy((policy) => {
  const clauses: readonly Clause[] = [
    ...policy.owners,
    ...policy.exceptions,
    ...policy.denials,
    ...policy.approvals,
    ...policy.residency,
  ];
  if (clauses.some(({ when }) => when !== undefined)) return (): Alike => ({});

  const asks = (part: keyof typeof spellings): boolean => clauses.some((clause) => clause[part] !== undefined);
  const exact = (["models", "doors", "accounts", "credentialTypes"] as const).filter(asks);
  const asksRegions = policy.residency.length > 0 || asks("regions");
  const callers = asks("principals")
    ? matchedBy(clauses.flatMap(({ principals }) => principals ?? []))
    : undefined;
  const labels = Map.groupBy(
    clauses.flatMap((clause) => Object.entries(clause.labels ?? {})),
    ([label]) => label,
  );
  const tags = [...labels].map(([label, asked]) => ({
    label,
    matched: matchedBy(asked.map(([, pattern]) => pattern)),
  }));
  const ends = [...new Set(clauses.flatMap(({ until }) => until ?? []))].sort((a, b) => a - b);

  let root = new ByValues<Alike>();
  let remembered = 0;
  /** Asked by the judge and by each rule about regions, one behind the other. */
  let last: { readonly activity: Activity; readonly alike: Alike } | undefined;

  return (activity: Activity): Alike => {
    if (last?.activity === activity) return last.alike;
    let at = root.at(activity.kind === "contact");
    for (const part of exact) for (const value of spellings[part](activity)) at = at.at(value);
    if (callers) for (const value of spellings.principals(activity)) at = at.at(callers(value));
    if (asksRegions) {
      const { requested, processed, scope, geography } = activity.region ?? {};
      // Its door says where a geography lies.
      at = at.at(requested).at(processed).at(scope).at(geography).at(activity.provider);
    }
    for (const { label, matched } of tags) at = at.at(matched(activity.labels?.[label]));
    if (ends.length > 0) at = at.at(ends.findLastIndex((end) => end <= activity.startTime));
    if (!at.held && remembered++ === MOST_REMEMBERED) {
      root = new ByValues();
      remembered = 0;
    }
    at.held ??= {};
    last = { activity, alike: at.held };
    return at.held;
  };
});

/** By name, which of the patterns it matches: all that a list of them asks about it. */
function matchedBy(patterns: readonly string[]): (name: string | undefined) => Value {
  const matchers = matchersOf(patterns);
  const known = new Map<string, string>();
  return (name) => {
    if (name === undefined) return undefined;
    const before = known.get(name);
    if (before !== undefined) return before;
    const matched = matchers.map((matches) => (matches(name) ? "1" : "0")).join("");
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(name, matched);
    return matched;
  };
}
