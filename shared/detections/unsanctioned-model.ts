/**
 * Use of a model that the policy does not approve there, or forbids.
 *
 * Misses: use whose log names no model. Over-reports: an alias or an application inference profile that hides an
 * approved model behind a name of its own.
 */
import type { Activity } from "../model/activity.ts";
import type { Subject } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import type { ActivityDetection } from "./detection.ts";
import { doorOf, modelSubject, principalSubject, unsanctionedMatch } from "./unsanctioned.ts";

export const unsanctionedModel: ActivityDetection = {
  on: "activity",
  rule: {
    id: "cf98473b-a2d8-4f5d-bfef-e08a97326546",
    name: "unsanctioned-model",
    title: "Use of an AI Model Without Approval",
    status: "test",
    level: "medium",
    description: "A model was called that the policy does not approve for this use, or denies.",
    references: ["https://atlas.mitre.org/techniques/AML.T0040"],
    falsepositives: [
      "An approval that was agreed and is not yet in the policy",
      "An approved model behind an application inference profile or a gateway's alias",
    ],
    tags: ["atlas-version.5.6", "atlas.aml.t0040", "owasp.llm03-2025"],
    misses: "Use whose log names no model, and an unapproved model that goes by an approved name.",
    remedy: "Ask whoever owns it what the model is for; then approve it in the policy, or have the use stopped.",
    quietMs: 14 * DAY_MS,
  },

  evaluate(activity, verdict) {
    return unsanctionedMatch("model", activity, verdict, this.rule.level, subjectOf);
  },
};

const subjectOf = (activity: Activity): Subject => ({
  ...principalSubject(activity),
  ...doorOf(activity),
  ...modelSubject(activity),
});
