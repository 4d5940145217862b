/** Workloads that are to use a gateway, and do not. */
import type { Activity } from "../model/activity.ts";
import { compile, ownerOf, perPolicy, placeOf } from "./judge.ts";
import type { Gateway, Policy } from "./policy.ts";

const compiledGateways = perPolicy((policy) => compile(policy.gateways, "forbid"));

/** The first gateway clause that applies to the activity and was not heeded, with its place. */
export function bypassedGateway(
  policy: Policy,
  activity: Activity,
): { readonly gateway: Gateway["gateway"]; readonly clause: string } | undefined {
  const clauses = compiledGateways(policy);
  if (clauses.length === 0 || activity.kind === "change") return undefined;
  const owner = ownerOf(policy, activity);
  const found = clauses.find(
    ({ clause, scope }) => scope.misses(activity, owner) === 0 && !goesThrough(clause.gateway, activity),
  );
  return found && { gateway: found.clause.gateway, clause: placeOf(policy, found.clause) };
}

/** A contact with the gateway itself names it as the provider. */
const goesThrough = (gateway: string, activity: Activity): boolean =>
  [activity.gateway, activity.provider].some((door) => door?.toLowerCase() === gateway.toLowerCase());
