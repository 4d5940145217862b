/** What detections on the watch over spend share: its alerts in the words of findings, and how loud they are. */
import { wholePercent } from "../cost/alert.ts";
import type { UsageAlert } from "../cost/watch-usage.ts";
import type { Level, Match } from "../model/finding.ts";
import { uidOf } from "../model/uid.ts";
import { HOUR_MS, toMinute } from "../model/units.ts";
import { dollars, shortened } from "./wording.ts";

export function watchedMatch(said: UsageAlert, level: Level): Match {
  const { alert, subject, hour, calls, owner } = said;
  return {
    subject,
    reason: reasonOf(said),
    level,
    time: hour,
    evidence: [
      {
        uid: uidOf("watched", alert.detector, alert.subject.kind, alert.subject.uid, alert.budget?.name, hour),
        time: hour,
        operation: alert.budget ? "used" : "spent",
        facts: factsOf(said),
      },
    ],
    count: calls,
    ...(owner === undefined ? {} : { owner }),
  };
}

/** Nano-dollars that somebody should see today, and what is more than a trial. */
const GRAVE = 1_000e9;
const MUCH = 100e9;

/** High where it has cost $1,000 beyond the usual, or a tenth of it and at this pace will have within a day. */
export function levelOf({ alert }: UsageAlert, ordinary: Level): Level {
  const { impactNanoUsd } = alert;
  const isGrave = impactNanoUsd >= GRAVE || (impactNanoUsd >= MUCH && 24 * anHour(alert) >= GRAVE);
  return isGrave ? "high" : ordinary;
}

export const levelOfNewcomer = (said: UsageAlert): Level =>
  levelOf(said, said.alert.impactNanoUsd >= MUCH ? "medium" : "low");

export function levelOfBudget({ alert: { budget } }: UsageAlert): Level {
  const used = budget?.usedShare ?? 0;
  return used >= 1 ? "high" : used >= 0.95 ? "medium" : "low";
}

/** Nano-dollars beyond the usual an hour, since it began. */
const anHour = ({ impactNanoUsd, startTime, detectedTime }: UsageAlert["alert"]): number =>
  impactNanoUsd / Math.max(1, (detectedTime - startTime) / HOUR_MS);

function reasonOf({ alert: { text, budget, subject: whose }, subject }: UsageAlert): string {
  const said = text.replaceAll(/arn:[^\s,;]+/g, shortened);
  if (budget) return `Budget ${said}.`;
  if (subject.principal !== undefined) return `${said}.`;
  const named = whose.kind === "principal" ? said : `${whose.kind} ${said}`;
  return `${named.charAt(0).toUpperCase()}${named.slice(1)}.`;
}

function factsOf({ alert }: UsageAlert): Record<string, string> {
  const { impactNanoUsd, usualNanoUsd, driver, startTime, budget } = alert;
  const since = `${toMinute(startTime)} UTC`;
  if (budget)
    return {
      used: `${wholePercent(budget.usedShare)}%`,
      ...(usualNanoUsd > 0 ? { budget: dollars(usualNanoUsd) } : {}),
      ...(alert.detector === "budget-forecast" && impactNanoUsd > 0
        ? { "expected beyond": dollars(impactNanoUsd) }
        : {}),
      since,
    };
  return {
    "beyond the usual": dollars(impactNanoUsd),
    usual: dollars(usualNanoUsd),
    "an hour since": dollars(anHour(alert)),
    driver,
    since,
  };
}
