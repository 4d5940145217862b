/**
 * What the policy says of one activity. In this order: who owns it; an exception; a denial; an approval, all of whose
 * parts match; the default. Where nothing approves it, the nearest approval explains why not.
 */
import { type Activity, isBill } from "../model/activity.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";
import type { Clause, Judge, Judgement, Policy } from "./policy.ts";
import { type CompiledScope, compileScope, type Manner, type misses, spellings, worstOf } from "./scope.ts";

export function compilePolicy(policy: Policy): Judge {
  const denials = compile(policy.denials, "forbid");
  const approvals = compile(policy.approvals, "grant");

  const judge = (activity: Activity): Judgement => {
    const owned = ownerOf(policy, activity);
    const said = (judgement: Omit<Judgement, "owner">): Judgement =>
      owned === undefined ? judgement : { ...judgement, owner: owned };

    const exception = exceptionFor(policy, activity, owned);
    if (exception)
      return said({
        verdict: "sanctioned",
        clause: placeOf(policy, exception),
        reason: `excepted by ${quoted(exception)}`,
      });

    for (const { clause, scope } of denials)
      if (scope.fits(activity, owned))
        return said({
          verdict: "unsanctioned",
          clause: placeOf(policy, clause),
          reason: denial(clause, scope.undecided(activity)),
          miss: "denied",
        });

    let nearest: { readonly clause: Clause; readonly bits: number } | undefined;
    for (const { clause, scope } of approvals) {
      const bits = scope.misses(activity, owned, nearest?.bits);
      if (bits === 0)
        return said({
          verdict: "sanctioned",
          clause: placeOf(policy, clause),
          reason: `approved by ${quoted(clause)}`,
        });
      if (nearest === undefined || bits < nearest.bits) nearest = { clause, bits };
    }

    const clause = DEFAULT_CLAUSE;
    if (policy.default === "allow") return said({ verdict: "sanctioned", clause, reason: "allowed by default" });
    const verdict = policy.default === "deny" ? "unsanctioned" : "unreviewed";
    const miss = nearest && worstOf(nearest.bits);
    if (!nearest || !miss) return said({ verdict, clause, reason: "the policy approves nothing" });
    return said({
      verdict,
      clause: miss === "expired" ? placeOf(policy, nearest.clause) : clause,
      reason: explanation(nearest.clause, miss),
      miss,
    });
  };
  const remembering = remembered(judge, policy);
  return (activity) => (isUse(activity) ? remembering(activity) : undefined);
}

/** Stands where no clause decided. */
export const DEFAULT_CLAUSE = "default";

/** A bill names nobody and no key, and says at most where it was charged: of these, the logs must tell. */
export const untoldByBills: ReadonlySet<string | undefined> = new Set(["principal", "credential", "region"]);

/** Whether the activity tells what it was judged by. A bill that lacks it is neither sanctioned nor unsanctioned. */
export function tells(activity: Activity, { verdict, miss }: Judgement): boolean {
  if (verdict === "sanctioned" || !isBill(activity)) return true;
  if (miss === "model") return activity.model !== undefined;
  return miss !== "condition" && !untoldByBills.has(miss);
}

/** A batch job is started by an administrative act, and is use of a model all the same. */
const isUse = ({ kind, detail }: Activity): boolean =>
  kind !== "change" || (detail?.object === "batch-job" && detail.action === "create");

/** Compiles a policy once, however often it is asked. */
export function perPolicy<T>(compileOnce: (policy: Policy) => T): (policy: Policy) => T {
  const compiled = new WeakMap<Policy, T>();
  return (policy) => {
    const before = compiled.get(policy);
    if (before !== undefined) return before;
    const made = compileOnce(policy);
    compiled.set(policy, made);
    return made;
  };
}

const compiledOwners = perPolicy((policy) => compile(policy.owners, "describe"));

/** Who answers for an activity of any kind, a change too: the first that matches. */
export const ownerOf = (policy: Policy, activity: Activity): string | undefined =>
  compiledOwners(policy).find(({ scope }) => scope.fits(activity, undefined))?.clause.name;

const compiledExceptions = perPolicy((policy) => compile(policy.exceptions, "grant"));

export const exceptionFor = (policy: Policy, activity: Activity, owner: string | undefined): Clause | undefined =>
  compiledExceptions(policy).find(({ scope }) => scope.fits(activity, owner))?.clause;

export const compile = <T extends Clause>(
  clauses: readonly T[],
  manner: Manner,
): readonly { readonly clause: T; readonly scope: CompiledScope }[] =>
  clauses.map((clause) => ({ clause, scope: compileScope(clause, manner) }));

export const placeOf = (policy: Policy, clause: Clause): string => `${policy.file}:${clause.line}`;

const quoted = (clause: Clause): string => JSON.stringify(clause.name);

const denial = (clause: Clause, undecided: string | undefined): string =>
  [
    `denied by ${quoted(clause)}`,
    ...(undecided ? [`whose condition cannot be decided (${undecided})`] : []),
    ...(clause.reason ? [clause.reason] : []),
  ].join(": ");

const explanation = (clause: Clause, miss: (typeof misses)[number]): string => {
  const name = quoted(clause);
  switch (miss) {
    case "expired":
      return `approved by ${name} until ${lastDay(clause.until)}, expired`;
    case "condition":
      return `${name} approves it under a condition that does not hold`;
    case "model":
      return `${name} approves other models here`;
    case "credential":
      return `${name} approves it with other types of credential`;
    case "region":
      return `${name} approves it in other regions`;
    case "principal":
      return `${name} approves it for other principals`;
    case "account":
      return `${name} approves it in other accounts`;
    case "door":
      return "no approval covers this door";
  }
};

/** `until` is exclusive, so midnight belongs to the day before. */
const lastDay = (until: EpochMs | undefined): string =>
  new Date(until === undefined ? 0 : until - 1).toISOString().slice(0, until && until % DAY_MS === 0 ? 10 : 16);

/** Distinct activities to a policy are few; beyond this many, the policy is judged afresh. */
const MOST_REMEMBERED = 5_000;

/**
 * Two activities that agree in all that the policy asks about are judged alike. A condition may ask about anything,
 * so a policy with one is judged each time.
 */
function remembered(judge: (activity: Activity) => Judgement, policy: Policy): (activity: Activity) => Judgement {
  const clauses: readonly Clause[] = [
    ...policy.owners,
    ...policy.exceptions,
    ...policy.denials,
    ...policy.approvals,
  ];
  if (clauses.some(({ when }) => when !== undefined)) return judge;

  const asked = (Object.keys(spellings) as (keyof typeof spellings)[]).filter((part) =>
    clauses.some((clause) => clause[part] !== undefined),
  );
  const labels = [...new Set(clauses.flatMap((clause) => Object.keys(clause.labels ?? {})))];
  const ends = [...new Set(clauses.flatMap(({ until }) => until ?? []))].sort((a, b) => a - b);
  const known = new Map<string, Judgement>();

  return (activity) => {
    let key = activity.kind === "contact" ? "contact" : "";
    for (const part of asked) for (const value of spellings[part](activity)) key += keyPart(value);
    for (const label of labels) key += keyPart(activity.labels?.[label]);
    if (ends.length > 0) key += ends.findLastIndex((end) => end <= activity.startTime);
    const before = known.get(key);
    if (before) return before;
    const judgement = judge(activity);
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(key, judgement);
    return judgement;
  };
}

/** With its length in front, so that no value can be written to look like two others. */
const keyPart = (value: string | undefined): string => (value === undefined ? "-" : `${value.length}:${value}`);
