/**
 * A workload that is to use a gateway and talks to a vendor directly.
 *
 * Misses: workloads the network log names by another name than the policy does.
 */
import { DAY_MS } from "../model/units.ts";
import { bypassedGateway } from "../policy/gateway.ts";
import { ownerOf } from "../policy/judge.ts";
import type { ActivityDetection } from "./detection.ts";
import { doorOf, principalSubject } from "./unsanctioned.ts";
import { evidenceOf, lowered, useOf, wasRefused } from "./wording.ts";

export const gatewayBypass: ActivityDetection = {
  on: "activity",
  rule: {
    id: "138d44ab-e5fc-4e66-b892-3cfb58be9c32",
    name: "gateway-bypass",
    title: "AI Gateway Bypassed",
    status: "test",
    level: "medium",
    description: "A workload for which the policy names a gateway reached an AI vendor without it.",
    references: ["https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/"],
    falsepositives: [
      "The gateway's own calls, where its principal is not excluded from the clause",
      "A name looked up and not used, as by a health check",
    ],
    tags: ["owasp.llm10-2025"],
    misses: "Workloads that the logs name otherwise than the policy, shared addresses, and vendors' hourly sums.",
    remedy: "Have the workload use the gateway, then take away its key for the vendor and its way out.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, { policy }) {
    const bypassed = bypassedGateway(policy, activity);
    if (!bypassed) return undefined;
    const owner = ownerOf(policy, activity);
    const subject = { ...principalSubject(activity), ...doorOf(activity) };
    return {
      subject: Object.keys(subject).length > 0 ? subject : { resource: bypassed.gateway },
      reason: `${useOf(activity)}, not by way of ${bypassed.gateway}.`,
      ...(wasRefused(activity) ? { level: lowered(this.rule.level) } : {}),
      time: activity.startTime,
      evidence: [evidenceOf(activity)],
      count: activity.count,
      clause: bypassed.clause,
      ...(owner === undefined ? {} : { owner }),
    };
  },
};
