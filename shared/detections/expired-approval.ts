/** Use that an approval covered until its date, and that goes on. */
import type { Activity } from "../model/activity.ts";
import type { Subject } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection, Verdict } from "./detection.ts";
import { clauseAt, unsanctionedMatch } from "./unsanctioned.ts";

export const expiredApproval: ActivityDetection = {
  on: "activity",
  rule: {
    id: "229637d5-02eb-459c-83e4-1e9ed4a40fbe",
    name: "expired-approval",
    title: "Use of AI After Its Approval Expired",
    status: "test",
    level: "medium",
    description: "All parts of an approval fit the use but its date, which had passed.",
    references: ["https://www.nist.gov/itl/ai-risk-management-framework"],
    falsepositives: ["A renewal that was agreed and is not yet in the policy"],
    tags: [],
    misses: "Use that another approval covers as well; that is approved.",
    remedy: "Renew the approval with a new date, or have the use stopped.",
    quietMs: 14 * DAY_MS,
  },

  /** The approval is what a person renews, whoever still relies on it. */
  evaluate(activity, verdict) {
    return unsanctionedMatch("expired", activity, verdict, this.rule.level, subjectOf);
  },
};

function subjectOf(_: Activity, { policy, judgement }: Verdict): Subject {
  const approval = clauseAt(policy, policy.approvals, judgement?.clause);
  return approval ? { resource: `approval ${approval.name}` } : {};
}
