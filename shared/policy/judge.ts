/**
 * What the policy says of one activity. In this order: who owns it; an exception; a denial; an approval, all of whose
 * parts match; the default. Where nothing approves it, the nearest approval explains why not.
 */
import { type Activity, isBill } from "../model/activity.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";
import { alikeIn } from "./alike.ts";
import { perPolicy } from "./per-policy.ts";
import type { Clause, Judge, Judgement, Policy } from "./policy.ts";
import { type CompiledScope, compileScope, type Manner, type misses, worstOf } from "./scope.ts";

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
  const alike = alikeIn(policy);
  return (activity) => {
    if (!isUse(activity)) return undefined;
    const said = alike(activity);
    said.judgement ??= judge(activity);
    return said.judgement;
  };
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
