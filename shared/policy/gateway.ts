/** Workloads that are to use a gateway, and do not. */
import type { Activity } from "../model/activity.ts";
import { compile, ownerOf, placeOf } from "./judge.ts";
import { perPolicy } from "./per-policy.ts";
import type { Gateway, Policy } from "./policy.ts";

const compiledGateways = perPolicy((policy) => compile(policy.gateways, "describe"));

/**
 * The first gateway clause that applies to the activity and was not heeded, with its place. Judged by what the vendor
 * or the network saw of one caller; a vendor's sums do not tell the gateway's own calls from others.
 */
export function bypassedGateway(
  policy: Policy,
  activity: Activity,
): { readonly gateway: Gateway["gateway"]; readonly clause: string } | undefined {
  const clauses = compiledGateways(policy);
  const direct = activity.kind === "contact" || (activity.kind === "call" && activity.view === "provider");
  if (clauses.length === 0 || !direct) return undefined;
  const owner = ownerOf(policy, activity);
  const found = clauses.find(
    ({ clause, scope }) => scope.fits(activity, owner) && !goesThrough(clause.gateway, activity),
  );
  return found && { gateway: found.clause.gateway, clause: placeOf(policy, found.clause) };
}

/** A contact with the gateway itself names it as the provider. */
const goesThrough = (gateway: string, activity: Activity): boolean =>
  [activity.gateway, activity.provider].some((door) => door?.toLowerCase() === gateway.toLowerCase());
