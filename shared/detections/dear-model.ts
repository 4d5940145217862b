/**
 * A model whose tokens cost four times what this principal usually pays, used beyond its own habit: a swap, or a stolen
 * key on the dearest model there is.
 *
 * Method: `cost/evidence.ts`, price per token of one model against that of all the principal's use.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOf, watchedMatch } from "./watched.ts";

export const dearModel: WatchDetection = {
  on: "watch",
  detector: "dear-model",
  rule: {
    id: "08811aaa-0cc5-403c-acfa-ad8123c36b80",
    name: "dear-model",
    title: "Use of an Unusually Dear AI Model",
    status: "test",
    level: "medium",
    description:
      "A principal spent on a model whose tokens cost four times or more what it usually pays, and five times that model's own usual day.",
    references: [
      "https://atlas.mitre.org/studies/AML.CS0030",
      "https://www.finops.org/framework/capabilities/anomaly-management/",
    ],
    falsepositives: ["An evaluation of a new model", "A move to a dearer model that was decided"],
    tags: ["attack-version.19", "attack.t1496.004", "atlas-version.5.6", "atlas.aml.t0034", "owasp.llm10-2025"],
    misses: "A dear model that is used as ever, and principals younger than three days.",
    remedy:
      "Ask whether the model was meant; if nobody knows of it, revoke the credential, else see whether a smaller model does.",
    quietMs: 7 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOf(said, "medium")),
};
