/**
 * The members of a team spend more together, each too little to be seen alone: a shared tool's new version, a shared
 * prompt, keys stolen from one place.
 *
 * Method: `cost/lift.ts`, Stouffer's sum of the members' lifts, the one who rose most left out, the organization's own
 * rise taken off.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOf, watchedMatch } from "./watched.ts";

export const teamLift: WatchDetection = {
  on: "watch",
  detector: "team-lift",
  rule: {
    id: "d0d77c2a-a8ae-4e57-8e01-63b36eaf8c80",
    name: "team-lift",
    title: "AI Spend of a Team Rises Together",
    status: "test",
    level: "low",
    description:
      "The members of a team have spent more than usual for up to five days, together improbably much, and $10 a day or more above the usual.",
    references: ["https://www.finops.org/framework/capabilities/anomaly-management/"],
    falsepositives: ["A project's crunch, or a tool that the whole team has begun to use"],
    tags: ["atlas-version.5.6", "atlas.aml.t0034", "owasp.llm10-2025"],
    misses: "Teams of fewer than four, and a rise of the whole organization.",
    remedy:
      "Ask the team what changed for all of them on the first of these days: a shared tool, prompt or model.",
    quietMs: 7 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOf(said, "low")),
};
