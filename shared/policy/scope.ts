/** Which parts of a clause an activity fits, and which not. */
import type { Activity } from "../model/activity.ts";
import { compileCondition } from "./condition.ts";
import { compilePatterns } from "./pattern.ts";
import type { Clause, Judgement, Pattern } from "./policy.ts";

/** Why an activity may miss a clause, the easiest to put right first. */
export const misses = [
  "expired",
  "condition",
  "model",
  "credential",
  "region",
  "principal",
  "account",
  "door",
] as const satisfies readonly Judgement["miss"][];

/**
 * A bit for each of `misses`: 0 fits. Of two numbers the smaller is the nearer miss, since the part that is hardest
 * to put right has the highest bit.
 */
export type MissBits = number;

export const bitOf = (miss: (typeof misses)[number]): MissBits => 1 << misses.indexOf(miss);

/** The hardest part of a miss to put right: the one to speak of. */
export const worstOf = (bits: MissBits): (typeof misses)[number] | undefined => misses[31 - Math.clz32(bits)];

/**
 * What is said where nobody can say: a condition over a field the log lacks, or everything but something, of a value
 * the log lacks.
 *
 * `grant` gives nothing away undecided, and `forbid` lets nothing through: as IAM conditions of Google Cloud, which
 * cannot be evaluated in an allow policy and do not grant, or in a deny policy and deny. Only a contact is given the
 * benefit of the doubt: a network log never names a model, a key or a region, so these parts of an approval are not
 * asked of it, and a denial that names them is not about it. `describe` claims nothing it cannot show.
 */
export type Manner = "grant" | "forbid" | "describe";

export interface CompiledScope {
  /** Once a miss is no nearer than `limit`, it may be told in part: nobody needs the rest. */
  misses(activity: Activity, owner: string | undefined, limit?: MissBits): MissBits;
  /** Whether nothing is missed. */
  fits(activity: Activity, owner: string | undefined): boolean;
  /** Why its condition could not be decided; undefined where it could. */
  undecided(activity: Activity): string | undefined;
}

/** Values of an activity that a part of a scope is compared with, in all their spellings. */
export const spellings = {
  models: ({ model }: Activity) =>
    model ? [model.name, model.name?.slice(model.name.indexOf("/") + 1), model.id] : nothing,
  doors: ({ provider, gateway }: Activity) => [provider, gateway],
  accounts: ({ account, project, organization }: Activity) => [
    account?.uid,
    account?.name,
    project?.uid,
    project?.name,
    organization?.uid,
    organization?.name,
  ],
  /** The credential too: where a log names nobody, the key stands for the principal. */
  principals: ({ actor, credential }: Activity) => [
    actor?.uid,
    actor?.name,
    actor?.issuerUid,
    actor?.sessionUid,
    credential?.uid,
  ],
  regions: ({ region }: Activity) => [region?.requested, region?.processed],
  credentialTypes: ({ credential }: Activity) => [credential?.type, credential?.virtual ? "virtual" : undefined],
};

/** As many as of a model that is named. */
const nothing = [undefined, undefined, undefined];

interface Part {
  readonly bit: MissBits;
  fits(activity: Activity, owner: string | undefined): boolean;
}

export function compileScope(clause: Clause, manner: Manner): CompiledScope {
  const parts: Part[] = [];
  const patterns = (
    miss: (typeof misses)[number],
    list: readonly Pattern[] | undefined,
    of: (activity: Activity, owner: string | undefined) => readonly (string | undefined)[],
    contactsLackIt = false,
  ): void => {
    if (list === undefined) return;
    const matches = compilePatterns(list);
    parts.push({
      bit: bitOf(miss),
      fits: (activity, owner) => {
        const values = of(activity, owner);
        if (contactsLackIt && activity.kind === "contact" && values.every((value) => value === undefined))
          return manner === "grant";
        return matches(values) ?? manner === "forbid";
      },
    });
  };

  patterns("model", clause.models, spellings.models, true);
  patterns("door", clause.doors, spellings.doors);
  patterns("account", clause.accounts, spellings.accounts);
  patterns("principal", clause.principals, spellings.principals);
  patterns("credential", clause.credentialTypes, spellings.credentialTypes, true);
  if (clause.regions) parts.push(regionsPart(clause.regions, manner));
  patterns("condition", clause.owners, (_, owner) => [owner]);
  for (const [label, pattern] of Object.entries(clause.labels ?? {}))
    patterns("condition", [pattern], ({ labels }) => [labels?.[label]], true);

  const compiled = clause.when === undefined ? undefined : compileCondition(clause.when);
  // A policy from `parsePolicy` has only conditions that compile; any other is never decided.
  const condition =
    compiled && "condition" in compiled ? compiled.condition : compiled && (() => ({ undecided: "invalid" }));
  if (condition)
    parts.push({
      bit: bitOf("condition"),
      fits: (activity) => {
        const holds = condition(activity);
        if (typeof holds === "boolean") return holds;
        return activity.kind === "contact" ? manner === "grant" : manner === "forbid";
      },
    });

  const { until } = clause;
  if (until !== undefined) parts.push({ bit: bitOf("expired"), fits: ({ startTime }) => startTime < until });

  const hardestFirst = parts.toSorted((a, b) => b.bit - a.bit);
  const missesOf: CompiledScope["misses"] = (activity, owner, limit = Number.POSITIVE_INFINITY) => {
    let bits = 0;
    for (const part of hardestFirst) {
      if (!part.fits(activity, owner)) bits |= part.bit;
      if (bits >= limit) break;
    }
    return bits;
  };
  return {
    misses: missesOf,
    fits: (activity, owner) => missesOf(activity, owner, 1) === 0,
    undecided(activity) {
      const holds = condition?.(activity);
      return typeof holds === "object" ? holds.undecided : undefined;
    },
  };
}

/** Requested and processed are two places: a clause that grants must cover both, one that forbids needs one. */
function regionsPart(list: readonly Pattern[], manner: Manner): Part {
  const matches = compilePatterns(list);
  return {
    bit: bitOf("region"),
    fits(activity) {
      const known = spellings.regions(activity).filter((region) => region !== undefined);
      if (known.length > 0)
        return manner === "forbid"
          ? known.some((region) => matches([region]))
          : known.every((region) => matches([region]));
      if (activity.kind === "contact") return manner === "grant";
      return matches([]) ?? manner === "forbid";
    },
  };
}
