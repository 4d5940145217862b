/**
 * Tokens per call grow day by day: a conversation that is never cut, a prompt that everybody adds to.
 *
 * Method: `cost/evidence.ts`, the size of a call by day against its median; steady growth, which a release is not.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOf, watchedMatch } from "./watched.ts";

export const slowLeak: WatchDetection = {
  on: "watch",
  detector: "slow-leak",
  rule: {
    id: "cfb0c7b0-29cc-492b-9f04-af614a37970d",
    name: "slow-leak",
    title: "AI Calls Grow Longer Day by Day",
    status: "test",
    level: "medium",
    description: "Tokens per call grow every day by 3 to 40 % and are by now 30 % or more above the usual.",
    references: [
      "https://www.finops.org/framework/capabilities/unit-economics/",
      "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
    ],
    falsepositives: ["Users who take to a feature with longer and longer input"],
    tags: ["atlas-version.5.6", "atlas.aml.t0034", "owasp.llm10-2025"],
    misses: "Growth by a step, which a release makes, growth under 3 % a day, and days with fewer than ten calls.",
    remedy: "Look for history, retrieved context or tool output that is kept and never cut; cap it.",
    quietMs: 14 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOf(said, "medium")),
};
