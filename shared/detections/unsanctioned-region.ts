/** Approved use in a region that its approval does not cover. Where data may go at all is residency's matter. */
import type { Activity } from "../model/activity.ts";
import type { Subject } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { doorOf, principalSubject, unsanctionedMatch } from "./unsanctioned.ts";

export const unsanctionedRegion: ActivityDetection = {
  on: "activity",
  rule: {
    id: "8ee0d856-a2af-4236-9804-93247f355cff",
    name: "unsanctioned-region",
    title: "Use of AI in an Unapproved Region",
    status: "test",
    level: "medium",
    description: "An approved use was requested, or ran, in a region that its approval does not cover.",
    references: ["https://attack.mitre.org/techniques/T1535/"],
    falsepositives: ["A planned move to another region", "A failover"],
    tags: ["attack-version.19", "attack.t1535"],
    misses: "Use whose log names no region.",
    remedy: "Ask the owner why it runs there; a thief takes a region where nobody looks.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, verdict) {
    return unsanctionedMatch("region", activity, verdict, this.rule.level, subjectOf);
  },
};

function subjectOf(activity: Activity): Subject {
  const region = activity.region?.processed ?? activity.region?.requested;
  return { ...principalSubject(activity), ...doorOf(activity), ...(region ? { region } : {}) };
}
