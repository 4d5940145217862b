/**
 * Somebody unknown three days ago has spent: a new workload, or somebody else's key.
 *
 * Method: `cost/evidence.ts`. No statistics, there are none yet: an amount, the less the dearer its tokens are.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOfNewcomer, watchedMatch } from "./watched.ts";

export const newSpender: WatchDetection = {
  on: "watch",
  detector: "new-spender",
  rule: {
    id: "16e271b8-c6f6-4f07-92e9-d3bc9955e07a",
    name: "new-spender",
    title: "AI Spend of a Newcomer",
    status: "test",
    level: "low",
    description:
      "A principal first seen less than three days ago has spent $5 on dear tokens, $25 on middling or $100 on cheap ones.",
    references: [
      "https://atlas.mitre.org/studies/AML.CS0030",
      "https://www.finops.org/framework/capabilities/anomaly-management/",
    ],
    falsepositives: [
      "A new workload or colleague",
      "A principal that was renamed or moved to another account",
      "A source that was connected now and tells of old use",
    ],
    tags: ["attack-version.19", "attack.t1496.004", "atlas-version.5.6", "atlas.aml.t0034", "owasp.llm10-2025"],
    misses:
      "A newcomer who spends less than that, or who comes in the first days of everything, when ten times as much is let pass.",
    remedy: "Ask its owner what it is for, give it an owner and a budget in the policy, or revoke its credential.",
    quietMs: 14 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOfNewcomer(said)),
};
