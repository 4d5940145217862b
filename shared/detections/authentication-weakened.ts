/** Sign-in to AI made weaker: local keys allowed, single sign-on removed. */
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { weakenedMatch } from "./weakened.ts";

export const authenticationWeakened: ActivityDetection = {
  on: "activity",
  rule: {
    id: "0b352391-fd8c-4f9e-a468-40fd8377087e",
    name: "authentication-weakened",
    title: "Authentication to AI Weakened",
    status: "test",
    level: "medium",
    description:
      "Sign-in to an AI resource or organization was made weaker: keys allowed where identities were the rule, single sign-on removed.",
    references: [
      "https://learn.microsoft.com/en-us/azure/ai-services/disable-local-auth",
      "https://attack.mitre.org/techniques/T1556/",
    ],
    falsepositives: ["A migration between identity providers", "A tool that can use keys only"],
    tags: ["attack-version.19", "attack.t1556"],
    misses: "Changes at the identity provider itself.",
    remedy: "Put the requirement back, and rotate what was used meanwhile.",
    quietMs: 90 * DAY_MS,
  },

  evaluate: (activity, { policy }) => weakenedMatch("authentication", activity, policy, "the authentication of"),
};
