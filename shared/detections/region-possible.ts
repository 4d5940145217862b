/** Data that may have left the allowed regions, or will: a profile or deployment that leads elsewhere. */
import { principalOf } from "../model/activity.ts";
import { DAY_MS } from "../model/units.ts";
import { ownerOf } from "../policy/judge.ts";
import type { Stray } from "../policy/policy.ts";
import { strayOf } from "../policy/residency.ts";
import type { ActivityDetection } from "./detection.ts";
import { accountOf, doorOf, modelSubject } from "./unsanctioned.ts";
import { evidenceOf, inAccount, targetOf, useOf, whoOf } from "./wording.ts";

export const regionPossible: ActivityDetection = {
  on: "activity",
  rule: {
    id: "7b4e664a-0b8d-416b-8c93-75a635b5b32d",
    name: "region-possible",
    title: "AI Data Possibly Processed Outside the Allowed Regions",
    status: "test",
    level: "medium",
    description:
      "A request was made in, or through a profile or deployment that leads to, regions that a residency clause does not allow, and no log shows where it ran.",
    references: [
      "https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html",
      "https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/deployment-types",
    ],
    falsepositives: [
      "A geography that lies within the allowed regions: allow it by its name, eu",
      "A request that in fact ran at home: only a log that says so can tell",
    ],
    tags: ["owasp.llm02-2025"],
    misses:
      "Calls to Azure deployments, whose log does not show their type, and data zones, whose log does not name the zone; failed calls, which process nothing.",
    remedy: "Use a model or profile of one allowed region, or allow the geography by name in the policy.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, { policy }) {
    const stray = strayOf(policy, activity);
    if (!stray || activity.outcome?.status === "failure") return undefined;
    const deploys =
      activity.kind === "change" &&
      activity.detail?.object === "deployment" &&
      activity.detail.action !== "delete";
    if (activity.kind === "change" ? !deploys || !activity.region?.scope : stray.how !== "possible")
      return undefined;
    const owner = ownerOf(policy, activity);
    const principal = principalOf(activity);
    const target = targetOf(activity);
    return {
      subject: deploys
        ? { ...accountOf(activity), ...doorOf(activity), resource: target ?? "deployment" }
        : {
            ...(principal === undefined ? accountOf(activity) : { principal }),
            ...doorOf(activity),
            ...modelSubject(activity),
          },
      reason: deploys
        ? `${whoOf(activity)} set up ${target ?? "a deployment"}${inAccount(activity)}: ${possibility(stray)}.`
        : `${useOf(activity)}: ${possibility(stray)}.`,
      time: activity.startTime,
      evidence: [evidenceOf(activity)],
      count: activity.count,
      clause: stray.clause,
      ...(owner === undefined ? {} : { owner }),
    };
  },
};

const possibility = ({ where, allowed }: Stray): string => {
  const only = `allowed is ${allowed.join(", ")}`;
  if (where === "global") return `it may run in any region of the world; ${only}`;
  return `it was requested in, or may run in, ${where}; ${only}`;
};
