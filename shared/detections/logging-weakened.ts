/** Logging lowered or removed, by which everything else here is seen. */
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { weakenedMatch } from "./weakened.ts";

export const loggingWeakened: ActivityDetection = {
  on: "activity",
  rule: {
    id: "c035c95b-5043-4064-b815-cc1d48a16b47",
    name: "logging-weakened",
    title: "AI Activity Logging Weakened or Removed",
    status: "test",
    level: "high",
    description: "Logging of model calls or of the acts around them was switched off, narrowed or deleted.",
    references: [
      "https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html",
      "https://attack.mitre.org/techniques/T1685/002/",
    ],
    falsepositives: [
      "A log that is moved: set up elsewhere first, then removed here",
      "Infrastructure code that is taken down with its workload",
    ],
    tags: ["attack-version.19", "attack.t1685.002", "atlas-version.5.6", "atlas.aml.t0081"],
    misses:
      "A change whose record does not show what was set, such as a new destination that nobody reads, and what happens while nothing is logged.",
    remedy: "Put the logging back, and look at the model calls since then in other logs: usage, billing, network.",
    quietMs: 90 * DAY_MS,
  },

  evaluate: (activity, { policy }) => weakenedMatch("logging", activity, policy, "the logging"),
};
