/** Guardrails and content filters lowered or removed. */
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { weakenedMatch } from "./weakened.ts";

export const guardrailWeakened: ActivityDetection = {
  on: "activity",
  rule: {
    id: "d41bdc1f-6c94-43ae-905a-259141278c6b",
    name: "guardrail-weakened",
    title: "AI Guardrail Weakened or Removed",
    status: "test",
    level: "medium",
    description: "A guardrail or content filter was deleted, detached or set to let more through.",
    references: [
      "https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails.html",
      "https://learn.microsoft.com/en-us/azure/ai-services/openai/concepts/content-filter",
      "https://attack.mitre.org/techniques/T1685/",
    ],
    falsepositives: ["A guardrail of a test, removed after it", "A filter tuned after too many false blocks"],
    tags: ["attack-version.19", "attack.t1685", "atlas-version.5.6", "atlas.aml.t0054", "owasp.llm01-2025"],
    misses:
      "Updates whose record hides what was set, as most of UpdateGuardrail, and callers that leave the guardrail out.",
    remedy: "Ask whoever changed it; restore the last version, and review what passed since.",
    quietMs: 90 * DAY_MS,
  },

  evaluate: (activity, { policy }) => weakenedMatch("guardrail", activity, policy, "the guardrail"),
};
