/**
 * What the unsanctioned-* detections share: which of them speaks of an activity, at most one, and in what words.
 *
 * Unsanctioned use is a finding on who does it. Unreviewed use is one on what is used, per account, and low: a
 * person settles it with one clause of the policy, whoever does it, so that a policy that has just begun does not
 * bury its reader. A policy that approves and denies nothing is no yardstick, and yields none: the inventory shows
 * what is in use.
 */
import { type Activity, isBill, modelOf, principalOf } from "../model/activity.ts";
import type { Level, Match, Subject } from "../model/finding.ts";
import { bypassedGateway } from "../policy/gateway.ts";
import { placeOf, untoldByBills } from "../policy/judge.ts";
import type { Clause, Policy } from "../policy/policy.ts";
import type { Verdict } from "./detection.ts";
import { evidenceOf, lowered, useOf, wasRefused } from "./wording.ts";

export type Fault = "model" | "door" | "account" | "principal" | "credential" | "region" | "expired";

/** A match if this activity is at fault in this way, and in no nearer one. */
export function unsanctionedMatch(
  fault: Fault,
  activity: Activity,
  verdict: Verdict,
  usually: Level,
  subjectOf: (activity: Activity, verdict: Verdict) => Subject,
): Match | undefined {
  const { judgement } = verdict;
  if (!judgement || faultOf(activity, verdict) !== fault) return undefined;
  // That an approval has run out is a fact, whatever happens to the unapproved.
  const underReview = judgement.verdict === "unreviewed" && fault !== "expired";
  const subject = subjectOf(activity, verdict);
  const level = judgement.miss === "denied" ? "high" : underReview ? "low" : usually;
  // A name looked up is not yet use; a call refused has not become any; a bill comes days after the use.
  const seldomAsLoud = activity.kind === "contact" || wasRefused(activity) || isBill(activity);
  return {
    subject: nonEmpty(underReview ? reviewSubject(fault, activity, subject) : subject, activity),
    reason: `${useOf(activity)}: ${judgement.reason}.`,
    level: seldomAsLoud ? lowered(level) : level,
    time: activity.startTime,
    evidence: [evidenceOf(activity)],
    count: activity.count,
    ...(judgement.owner === undefined ? {} : { owner: judgement.owner }),
    clause: judgement.clause,
  };
}

function faultOf(activity: Activity, verdict: Verdict): Fault | undefined {
  if (!isBill(activity)) return faultIn(activity, verdict);
  const fault = verdict.judgement?.miss === "condition" ? undefined : faultIn(activity, verdict);
  return untoldByBills.has(fault) ? undefined : fault;
}

function faultIn(activity: Activity, { policy, judgement }: Verdict): Fault | undefined {
  if (!judgement || judgement.verdict === "sanctioned") return undefined;
  switch (judgement.miss) {
    case undefined:
      return judgement.verdict === "unsanctioned" ? "door" : undefined;
    case "denied":
      return deniedPart(clauseAt(policy, policy.denials, judgement.clause));
    case "condition":
      return "model";
    // What a log does not name, nobody can look into; and another log of the same call may yet name it.
    case "model":
      return activity.model === undefined ? undefined : "model";
    case "credential":
      return activity.credential?.type === undefined ? undefined : "credential";
    case "principal":
      return principalOf(activity) === undefined ? undefined : "principal";
    case "region":
      return activity.region?.requested === undefined ? undefined : "region";
    case "door":
      // That it has a gateway to use says more than that this door is not approved.
      return bypassedGateway(policy, activity) ? undefined : "door";
    default:
      return judgement.miss;
  }
}

/** The most telling part that a denial names. */
function deniedPart(clause: Clause | undefined): Fault {
  if (clause?.models) return "model";
  if (clause?.doors) return "door";
  if (clause?.credentialTypes) return "credential";
  if (clause?.principals) return "principal";
  if (clause?.accounts) return "account";
  return clause?.regions ? "region" : "model";
}

export const clauseAt = <T extends Clause>(policy: Policy, clauses: readonly T[], place: string | undefined) =>
  clauses.find((clause) => placeOf(policy, clause) === place);

/** A log that names neither whom, what nor where is itself what a person can act on. */
const nonEmpty = (subject: Subject, { source }: Activity): Subject =>
  Object.keys(subject).length > 0 ? subject : { resource: source };

const reviewSubject = (fault: Fault, activity: Activity, subject: Subject): Subject => ({
  ...accountOf(activity),
  ...doorOf(activity),
  ...(fault === "model" || fault === "principal" ? modelSubject(activity) : {}),
  ...(fault === "region" && subject.region !== undefined ? { region: subject.region } : {}),
  ...(fault === "credential" && activity.credential?.type ? { credential: activity.credential.type } : {}),
});

export const accountOf = ({ account }: Activity): Subject => (account ? { account: account.uid } : {});

export const doorOf = ({ provider, gateway }: Activity): Subject => {
  const door = provider ?? gateway;
  return door === undefined ? {} : { provider: door };
};

export const modelSubject = (activity: Activity): Subject => {
  const model = modelOf(activity);
  return model === undefined ? {} : { model };
};

/** Who; where the log names nobody, the account answers for it. */
export const principalSubject = (activity: Activity): Subject => {
  const principal = principalOf(activity);
  return principal === undefined ? accountOf(activity) : { principal };
};
