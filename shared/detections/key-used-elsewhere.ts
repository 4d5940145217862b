/**
 * A Bedrock API key's user that acts outside Bedrock: it exists for calling models, and nothing else.
 *
 * Method: as Elastic's "phantom user activity outside Bedrock" (2026). Asking who one is comes with every SDK's start
 * and harms nobody, so it counts less.
 */
import { DAY_MS } from "../model/units.ts";
import { ownerOf } from "../policy/judge.ts";
import type { ActivityDetection } from "./detection.ts";
import { accountOf, principalSubject } from "./unsanctioned.ts";
import { evidenceOf, inAccount, targetOf, whoOf } from "./wording.ts";

const HARMLESS: ReadonlySet<string> = new Set(["GetCallerIdentity", "GetSessionToken", "GetAccessKeyInfo"]);

export const keyUsedElsewhere: ActivityDetection = {
  on: "activity",
  rule: {
    id: "227eb681-f012-4311-9e4a-7dee9ba05909",
    name: "key-used-elsewhere",
    title: "Key for AI Used on Other Services",
    status: "test",
    level: "high",
    description: "The user behind a key that is made for calling models acted on another service of its cloud.",
    references: [
      "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
      "https://attack.mitre.org/techniques/T1078/004/",
    ],
    falsepositives: ["An administrator who gave such a user other duties"],
    tags: ["attack-version.19", "attack.t1078.004", "atlas-version.5.6", "atlas.aml.t0091.000"],
    misses: "Other services whose data events are not logged.",
    remedy: "Delete the key and every other credential of its user, and look at what else the user did.",
    quietMs: 30 * DAY_MS,
  },

  evaluate(activity, { policy }) {
    const { kind, detail, operation, outcome } = activity;
    if (kind !== "change" || detail?.object !== "key" || detail.action !== "use") return undefined;
    const owner = ownerOf(policy, activity);
    const failed = outcome?.status === "failure";
    const subject = { ...principalSubject(activity), ...accountOf(activity) };
    return {
      subject: Object.keys(subject).length > 0 ? subject : { resource: activity.source },
      reason: `${whoOf(activity)} ${failed ? "tried" : "used"} ${operation} of ${targetOf(activity) ?? "another service"}${inAccount(activity)}.`,
      ...(HARMLESS.has(operation) ? { level: "low" } : failed ? { level: "medium" } : {}),
      time: activity.startTime,
      evidence: [evidenceOf(activity)],
      count: activity.count,
      ...(owner === undefined ? {} : { owner }),
    };
  },
};
