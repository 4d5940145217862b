/**
 * 85, 95 or 100 % of a budget or quota of the policy is used. A fact, told once each a period.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOfBudget, watchedMatch } from "./watched.ts";

export const budgetCrossed: WatchDetection = {
  on: "watch",
  detector: "budget-crossed",
  rule: {
    id: "7f078913-3730-4745-9668-71e542cb8668",
    name: "budget-crossed",
    title: "AI Budget Used Up or Nearly So",
    status: "test",
    level: "low",
    description: "Of a budget or quota of the policy 85 %, 95 % or all is used before its period is over.",
    references: [
      "https://www.finops.org/framework/capabilities/budgeting/",
      "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
    ],
    falsepositives: ["A budget that is meant to be used up by the end of its period"],
    tags: ["owasp.llm10-2025"],
    misses: "Use that no log tells of and use without a price; the invoice is what counts in the end.",
    remedy: "See who used it; raise the budget, or lower the use until the period ends.",
    quietMs: 7 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOfBudget(said)),
};
