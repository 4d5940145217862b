/** Use of an approved model by a user, role or key that no approval covers. */
import type { Activity } from "../model/activity.ts";
import type { Subject } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { doorOf, principalSubject, unsanctionedMatch } from "./unsanctioned.ts";

export const unsanctionedPrincipal: ActivityDetection = {
  on: "activity",
  rule: {
    id: "2f31ec5b-dca3-4669-bf9d-0ac1fe7eec12",
    name: "unsanctioned-principal",
    title: "Use of AI by a Principal Without Approval",
    status: "test",
    level: "medium",
    description: "A user, role or key used AI in an account where only others are approved.",
    references: ["https://attack.mitre.org/techniques/T1078/004/", "https://atlas.mitre.org/techniques/AML.T0012"],
    falsepositives: ["A role that was renamed or replaced by a deploy", "A new colleague"],
    tags: ["attack-version.19", "attack.t1078.004", "atlas-version.5.6", "atlas.aml.t0012", "atlas.aml.t0040"],
    misses: "An approved role in the wrong hands, and use whose log names nobody.",
    remedy: "Check with the owner of the role or key whether the use is theirs; if not, revoke its sessions.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, verdict) {
    return unsanctionedMatch("principal", activity, verdict, this.rule.level, subjectOf);
  },
};

const subjectOf = (activity: Activity): Subject => ({ ...principalSubject(activity), ...doorOf(activity) });
