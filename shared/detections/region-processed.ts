/** Data that was processed in a region where the policy does not allow it. */
import { principalOf } from "../model/activity.ts";
import { DAY_MS } from "../model/units.ts";
import { ownerOf } from "../policy/judge.ts";
import { strayOf } from "../policy/residency.ts";
import type { ActivityDetection } from "./detection.ts";
import { accountOf, doorOf } from "./unsanctioned.ts";
import { evidenceOf, useOf } from "./wording.ts";

export const regionProcessed: ActivityDetection = {
  on: "activity",
  rule: {
    id: "aa7c755e-e469-47eb-9ad1-8558a891aada",
    name: "region-processed",
    title: "AI Data Processed Outside the Allowed Regions",
    status: "test",
    level: "high",
    description:
      "The log shows that a request ran in a region that a residency clause of the policy does not allow.",
    references: [
      "https://docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html",
      "https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/deployment-types",
    ],
    falsepositives: ["Data that no residency rule protects, under a clause that is drawn too wide"],
    tags: ["owasp.llm02-2025"],
    misses:
      "Vendors that do not say where they process: Azure's global and data zone deployments, OpenAI, most gateways.",
    remedy: "Have the caller use a model or profile of an allowed region, and tell whoever answers for the data.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, { policy }) {
    const stray = strayOf(policy, activity);
    if (activity.kind === "change" || stray?.how !== "processed") return undefined;
    const { requested } = activity.region ?? {};
    const owner = ownerOf(policy, activity);
    const asked = requested && requested !== stray.where ? `, requested in ${requested},` : "";
    const failed = activity.outcome?.status === "failure";
    const principal = principalOf(activity);
    return {
      subject: {
        ...(principal === undefined ? accountOf(activity) : { principal }),
        ...doorOf(activity),
        region: stray.where,
      },
      reason: `${useOf(activity)}: the request${asked} ${failed ? "was sent to" : "was processed in"} ${stray.where}; allowed is ${stray.allowed.join(", ")}.`,
      // Nothing was made of the data, though it went there.
      ...(failed ? { level: "low" } : {}),
      time: activity.startTime,
      evidence: [evidenceOf(activity)],
      count: activity.count,
      clause: stray.clause,
      ...(owner === undefined ? {} : { owner }),
    };
  },
};
