/**
 * A budget or quota of the policy that will hardly last until its period ends.
 *
 * Method: `cost/forecast.ts`. Told once a period, where exceeding is nearly certain if nothing new happens.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { watchedMatch } from "./watched.ts";

export const budgetForecast: WatchDetection = {
  on: "watch",
  detector: "budget-forecast",
  rule: {
    id: "d4c64be8-5b69-42e5-b6be-ab17128ed6b0",
    name: "budget-forecast",
    title: "AI Budget Forecast to Be Exceeded",
    status: "test",
    level: "medium",
    description:
      "At the pace of the last weeks a budget or quota of the policy will be exceeded before its period is over: with a probability of 96 % (99 % in the period's first days), of 88 % (98 %) twice six hours apart, or of 70 % where 98 % is used.",
    references: ["https://www.finops.org/framework/capabilities/forecasting/"],
    falsepositives: ["Use that ends before the period does, such as a migration"],
    tags: ["owasp.llm10-2025"],
    misses: "What is new: an anomaly to come is in no forecast, and the first day has none.",
    remedy: "Agree now on more, or on less use: later only the second is left.",
    quietMs: 7 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, "medium"),
};
