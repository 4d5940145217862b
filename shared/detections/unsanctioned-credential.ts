/** Approved use with a type of credential that is not: a long-term key where roles are the rule. */
import type { Activity } from "../model/activity.ts";
import type { Subject } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { doorOf, principalSubject, unsanctionedMatch } from "./unsanctioned.ts";

export const unsanctionedCredential: ActivityDetection = {
  on: "activity",
  rule: {
    id: "ce89a4f7-3f01-49e4-bb63-bd306e27a56a",
    name: "unsanctioned-credential",
    title: "Use of AI With an Unapproved Type of Credential",
    status: "test",
    level: "medium",
    description: "An approved use was made with a type of key that its approval does not cover.",
    references: [
      "https://attack.mitre.org/techniques/T1078/004/",
      "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
    ],
    falsepositives: ["A developer who tries something out with a key of their own"],
    tags: ["attack-version.19", "attack.t1078.004", "atlas-version.5.6", "atlas.aml.t0012"],
    misses: "Logs that do not tell the type of a credential, such as those of most gateways.",
    remedy: "Move the use to the approved type, then delete the key; if nobody knows the key, treat it as stolen.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, verdict) {
    return unsanctionedMatch("credential", activity, verdict, this.rule.level, subjectOf);
  },
};

const subjectOf = (activity: Activity): Subject => ({
  ...principalSubject(activity),
  ...credentialOf(activity),
  ...doorOf(activity),
});

/** A key that lasts is what a person would delete; a session's is gone by then, and its type is the matter. */
function credentialOf({ credential }: Activity): Subject {
  const lasts = credential?.type !== undefined && durable.has(credential.type);
  const named = lasts ? (credential?.uid ?? credential?.type) : credential?.type;
  return named === undefined ? {} : { credential: named };
}

const durable: ReadonlySet<string> = new Set(["long-term", "api-key", "master-key"]);
