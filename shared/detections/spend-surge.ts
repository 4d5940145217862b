/**
 * Hours that cost what this principal, app or team has never cost: a loop, a leaked key, a launch.
 *
 * Method: `cost/evidence.ts`, how improbable the hour is in the tail of all hours so far.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOf, watchedMatch } from "./watched.ts";

export const spendSurge: WatchDetection = {
  on: "watch",
  detector: "surge",
  rule: {
    id: "eed16a14-1925-49fc-848f-827c3d289091",
    name: "spend-surge",
    title: "Unusual Hours of AI Spend",
    status: "test",
    level: "medium",
    description:
      "One hour cost what happens once in 25,000, or several in a row what is improbable together, and at least half as much again as usual.",
    references: [
      "https://www.finops.org/framework/capabilities/anomaly-management/",
      "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
      "https://atlas.mitre.org/techniques/AML.T0034",
    ],
    falsepositives: [
      "A launch or a batch that nobody declared as an event in the policy",
      "Work that comes back after months",
    ],
    tags: ["attack-version.19", "attack.t1496.004", "atlas-version.5.6", "atlas.aml.t0034", "owasp.llm10-2025"],
    misses:
      "What stays within a series' own habit, such as a loop of one agent among bursty agents, and the first three days of everything.",
    remedy:
      "See which part drives it, calls, tokens per call or price per token; stop the loop or revoke the key; if it was planned, declare the event or answer `expected`.",
    quietMs: 3 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOf(said, "medium")),
};
