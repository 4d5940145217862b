/**
 * Calls multiply and bring nothing: a client without backoff, an agent that asks again what failed.
 *
 * Method: `cost/evidence.ts`, three or four times the calls while answers shrink or most calls fail.
 */
import { DAY_MS } from "../model/units.ts";
import type { WatchDetection } from "./detection.ts";
import { levelOf, watchedMatch } from "./watched.ts";

export const retryStorm: WatchDetection = {
  on: "watch",
  detector: "retry-storm",
  rule: {
    id: "693ce804-7e37-4af8-9ff5-2087e984a516",
    name: "retry-storm",
    title: "Retries That Multiply AI Calls",
    status: "test",
    level: "medium",
    description: "Calls multiplied while answers shrank beyond habit or more than half of the calls failed.",
    references: [
      "https://docs.aws.amazon.com/general/latest/gr/api-retries.html",
      "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
    ],
    falsepositives: ["A test of load or of limits", "A new use that really needs only short answers"],
    tags: ["atlas-version.5.6", "atlas.aml.t0034", "owasp.llm10-2025"],
    misses:
      "Retries through a door whose log tells neither failures nor tokens, and storms of fewer than ten calls an hour.",
    remedy: "Look at what fails first, then give the client backoff with jitter and a limit of attempts.",
    quietMs: 3 * DAY_MS,
  },

  evaluate: (said) => watchedMatch(said, levelOf(said, "medium")),
};
