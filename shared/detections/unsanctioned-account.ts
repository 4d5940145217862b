/** Use of an approved door from an account, subscription or project that no approval covers. */
import type { Activity } from "../model/activity.ts";
import type { Subject } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { accountOf, doorOf, unsanctionedMatch } from "./unsanctioned.ts";

export const unsanctionedAccount: ActivityDetection = {
  on: "activity",
  rule: {
    id: "0f1e18f3-d01b-4f52-b6bb-ec41bc6fbae3",
    name: "unsanctioned-account",
    title: "Use of AI From an Account Without Approval",
    status: "test",
    level: "medium",
    description: "An account, subscription or project used AI through a door that is approved for others.",
    references: ["https://atlas.mitre.org/techniques/AML.T0040"],
    falsepositives: ["A new account of a team whose old one is approved"],
    tags: ["atlas-version.5.6", "atlas.aml.t0040", "owasp.llm10-2025"],
    misses: "Accounts whose logs nobody collects, and private accounts of employees.",
    remedy:
      "Ask the account's owner who pays and what data goes in; then approve the account, or block the service in it.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, verdict) {
    return unsanctionedMatch("account", activity, verdict, this.rule.level, subjectOf);
  },
};

const subjectOf = (activity: Activity): Subject => ({ ...accountOf(activity), ...doorOf(activity) });
