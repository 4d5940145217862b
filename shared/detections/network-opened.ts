/** Network limits of an AI resource lifted. */
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { weakenedMatch } from "./weakened.ts";

export const networkOpened: ActivityDetection = {
  on: "activity",
  rule: {
    id: "0853e653-03f4-4655-be81-d1be0c68cf95",
    name: "network-opened",
    title: "AI Resource Opened to the Network",
    status: "test",
    level: "medium",
    description:
      "The network limits of an AI resource or organization were lifted: public access allowed, an address list removed.",
    references: ["https://learn.microsoft.com/en-us/azure/ai-services/cognitive-services-virtual-networks"],
    falsepositives: ["A resource that is meant to be public and has keys and quotas to match"],
    tags: ["attack-version.19", "attack.t1686.001"],
    misses:
      "Firewalls and endpoints outside the AI resource itself, and address lists that grew without being removed.",
    remedy: "Close it again, or have the exception approved; then look for callers from outside since then.",
    quietMs: 90 * DAY_MS,
  },

  evaluate: (activity, { policy }) => weakenedMatch("network", activity, policy, "the network limits of"),
};
