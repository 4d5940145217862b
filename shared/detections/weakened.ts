/** What the *-weakened detections share: a protection lowered or removed, or somebody who tried. */
import type { Activity, Detail } from "../model/activity.ts";
import type { Match } from "../model/finding.ts";
import { ownerOf } from "../policy/judge.ts";
import type { Policy } from "../policy/policy.ts";
import { accountOf, doorOf } from "./unsanctioned.ts";
import { evidenceOf, inAccount, shortened, targetOf, whoOf } from "./wording.ts";

/**
 * `protection` is what a person calls it: `logging of model calls`. The finding is on the protection, not on who
 * lowered it, nor on how often: it is the protection that has to be put back.
 */
export function weakenedMatch(
  object: Detail["object"],
  activity: Activity,
  policy: Policy,
  protection: string,
): Match | undefined {
  const { kind, detail, outcome, operation, region } = activity;
  if (kind !== "change" || detail?.object !== object) return undefined;
  const failed = outcome?.status === "failure";
  // A log tells of a failed act at most what was meant; removing is meant to weaken.
  const removes = detail.action === "delete" || detail.action === "disable";
  if (!(detail.weakens ?? (failed && removes))) return undefined;

  const target = targetOf(activity);
  const where = `${inAccount(activity)}${region?.requested ? ` (${region.requested})` : ""}`;
  const tried = failed ? `tried to ${removes ? "remove" : "weaken"}` : removes ? "removed" : "weakened";
  const outcomeOf = failed ? `; it ${outcome.reason === "denied" ? "was denied" : "failed"}` : "";
  const owner = ownerOf(policy, activity);
  return {
    subject: { ...accountOf(activity), ...doorOf(activity), resource: detail.target?.uid ?? target ?? object },
    reason: `${whoOf(activity)} ${tried} ${protection}${target ? ` ${shortened(target)}` : ""}${where} with ${operation}${outcomeOf}.`,
    ...(failed ? { level: "low" } : {}),
    time: activity.startTime,
    evidence: [evidenceOf(activity)],
    count: activity.count,
    ...(owner === undefined ? {} : { owner }),
  };
}
