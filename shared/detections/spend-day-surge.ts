/**
 * A day that costs twice what any day of four weeks did, without one hour that stands out.
 *
 * Method: `cost/evidence.ts`, the day so far against the usual of its weekday and the greatest of four weeks.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOf, watchedMatch } from "./watched.ts";

export const spendDaySurge: WatchDetection = {
  on: "watch",
  detector: "day-surge",
  rule: {
    id: "6bf92ce3-e44a-406b-8adb-606611a6fafe",
    name: "spend-day-surge",
    title: "Unusual Day of AI Spend",
    status: "test",
    level: "medium",
    description:
      "The day so far cost more than the usual whole day and twice the greatest of the last four weeks, $20 or more above it.",
    references: [
      "https://www.finops.org/framework/capabilities/anomaly-management/",
      "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
    ],
    falsepositives: [
      "A launch or a migration that nobody declared as an event in the policy",
      "Work that comes less than once a month",
    ],
    tags: ["atlas-version.5.6", "atlas.aml.t0034", "owasp.llm10-2025"],
    misses: "The first ten days of a principal, app or team, and a day that has its like within four weeks.",
    remedy:
      "See who and which model makes the difference and whether it goes on tomorrow; if it does, agree on a budget for it.",
    quietMs: 7 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOf(said, "medium")),
};
