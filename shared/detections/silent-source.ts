/**
 * A log that has gone silent: nobody sees any more what it told of. What is long for it, its own past says; of a log
 * that nobody counts calls from, a week.
 */
import { uidOf } from "../model/uid.ts";
import { DAY_MS, type EpochMs, HOUR_MS, toMinute } from "../model/units.ts";
import type { CoverageDetection } from "./detection.ts";
import { counted } from "./wording.ts";

/** Longer than the slowest feed is late: Azure's tail is under four hours, a vendor's usage API under a day. */
const LEAST_MS = DAY_MS;
/** Twice its longest silence is not its habit. */
const TIMES = 2;
const WITHOUT_HABIT_MS = 7 * DAY_MS;
/** A log that is never silent for longer speaks by day and by night. */
const STEADY_MS = 12 * HOUR_MS;

export const silentSource: CoverageDetection = {
  on: "coverage",
  rule: {
    id: "6d0f9f52-7a53-4a0e-9d3c-8f0b4c1f7e26",
    name: "silent-source",
    title: "A Log of AI Use Has Gone Silent",
    status: "test",
    level: "low",
    description:
      "A source that told of use has told of nothing for more than a day, and for twice as long as it ever was silent in the four weeks before.",
    references: ["https://attack.mitre.org/techniques/T1562/008/"],
    falsepositives: ["An application that was switched off", "A company's holidays", "A log that moved elsewhere"],
    tags: ["attack-version.19", "attack.t1562.008"],
    misses:
      "A log of which only a part is gone: one account, one region. A collector that was never configured, which doctor shows.",
    remedy:
      "See whether the collector stands still (gnomon doctor), whether the log is still written, and who changed it last.",
    quietMs: DAY_MS,
  },

  evaluate({ source, lastEventTime, longestSilenceMs }, now) {
    const mostMs =
      longestSilenceMs === undefined ? WITHOUT_HABIT_MS : Math.max(LEAST_MS, TIMES * longestSilenceMs);
    if (now - lastEventTime <= mostMs) return undefined;
    const last = `${toMinute(lastEventTime)} UTC`;
    const habit =
      longestSilenceMs === undefined
        ? ", for a week"
        : `; in the four weeks before it was never silent for more than ${counted(Math.round(longestSilenceMs / HOUR_MS), "hour")}`;
    return {
      subject: { resource: `source ${source}` },
      reason: `${source} has told of nothing since ${last}${habit}.`,
      level: longestSilenceMs !== undefined && longestSilenceMs <= STEADY_MS ? "medium" : "low",
      time: (lastEventTime + mostMs) as EpochMs,
      evidence: [
        {
          uid: uidOf("silence", source, lastEventTime),
          time: lastEventTime,
          operation: "last heard",
          facts: { source, "last heard": last },
        },
      ],
      count: 0,
    };
  },
};
