/**
 * Use of an AI service, cloud or gateway that the policy does not approve for anyone, or forbids.
 *
 * Misses: services behind hosts that no source knows, and talk that leaves by networks without logs.
 */
import type { Activity } from "../model/activity.ts";
import type { Subject } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { doorOf, principalSubject, unsanctionedMatch } from "./unsanctioned.ts";

export const unsanctionedDoor: ActivityDetection = {
  on: "activity",
  rule: {
    id: "243e4a67-48c9-450a-8d53-2bef66cdfad0",
    name: "unsanctioned-door",
    title: "Use of an AI Service Without Approval",
    status: "test",
    level: "medium",
    description: "Somebody used, or contacted, an AI service that no approval of the policy covers.",
    references: ["https://attack.mitre.org/techniques/T1567/", "https://atlas.mitre.org/techniques/AML.T0047"],
    falsepositives: [
      "A browser that looks up a name before anyone follows the link",
      "A page with the service's widget in it",
    ],
    tags: ["attack-version.19", "attack.t1567", "atlas-version.5.6", "atlas.aml.t0047", "owasp.llm02-2025"],
    misses: "Services whose hosts no source knows, personal devices, and networks without DNS or proxy logs.",
    remedy: "Find out who it is and what they need; offer the approved door, or approve this one.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, verdict) {
    return unsanctionedMatch("door", activity, verdict, this.rule.level, subjectOf);
  },
};

const subjectOf = (activity: Activity): Subject => ({ ...principalSubject(activity), ...doorOf(activity) });
