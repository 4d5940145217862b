/**
 * A call costs a multiple: prompts blown up, a cache that no longer hits, a dearer model behind the same name.
 *
 * Method: `cost/evidence.ts`, dollars per call of the last active hours against the series' own past.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOf, watchedMatch } from "./watched.ts";

export const unitCostRise: WatchDetection = {
  on: "watch",
  detector: "unit-cost",
  rule: {
    id: "aa89fafe-40d0-4557-b234-4db0972c15e6",
    name: "unit-cost-rise",
    title: "Rise of the Cost of an AI Call",
    status: "test",
    level: "medium",
    description:
      "A call costs two and a half times or more what it usually costs this principal, and improbably much for it.",
    references: [
      "https://www.finops.org/framework/capabilities/unit-economics/",
      "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
    ],
    falsepositives: ["A release that means to send more context", "Longer documents than before"],
    tags: ["atlas-version.5.6", "atlas.aml.t0034", "owasp.llm10-2025"],
    misses: "Calls whose cost scatters as widely anyway, and the first twelve active hours.",
    remedy:
      "See whether tokens per call or price per token rose; look for a growing history, a lost prompt cache or a changed model alias.",
    quietMs: 3 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOf(said, "medium")),
};
