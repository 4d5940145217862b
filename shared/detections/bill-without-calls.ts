/**
 * Money that was spent and no call that was logged: logging that is off, an account or region that nobody watches, a
 * key nobody knows of.
 *
 * Method: `cost/reconcile.ts`, settled periods only.
 * Over-reports: charges that come without calls, such as stored fine-tuned models.
 */
import { beyondCalls, type ReconciledLine, reconcile } from "../cost/reconcile.ts";
import { DAY_MS } from "../model/units.ts";
import type { UsageDetection } from "./detection.ts";
import { bySubjectAndMonth, evidenceOfLine, periodOf, subjectOfLine, whereOf } from "./reconciled.ts";
import { dollars } from "./wording.ts";

/** Nano-dollars. Below a dollar a day it may be the rest of the day before; below ten a month nobody is to be asked. */
const LEAST_A_PERIOD = 1e9;
const LEAST_A_MONTH = 10e9;
/** What somebody should see today. */
const GRAVE = 1_000e9;

export const billWithoutCalls: UsageDetection = {
  on: "usage",
  rule: {
    id: "178d1fc3-9338-434c-b8bc-b79918eb61d2",
    name: "bill-without-calls",
    title: "AI Spend Without a Logged Call",
    status: "test",
    level: "medium",
    description: "A bill charges for models through a door and in an account of which no log tells a single call.",
    references: [
      "https://docs.aws.amazon.com/bedrock/latest/userguide/cost-mgmt-understanding-cur-data.html",
      "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
    ],
    falsepositives: [
      "What is paid whether used or not: stored and hosted fine-tuned models",
      "A commitment paid upfront",
      "Logs of this account that Gnomon is not given",
    ],
    tags: ["attack-version.19", "attack.t1562.008", "owasp.llm10-2025"],
    misses:
      "Calls beside others that are logged in the same account on the same day, and bills without an amount in dollars.",
    remedy:
      "Switch on logging for the account in every region, then find the key behind the charge: its usage type and region name the model.",
    quietMs: 35 * DAY_MS,
  },

  evaluate(rows, { settleDays }) {
    const all = reconcile(rows, settleDays);
    const logging = new Set(all.filter(({ calls }) => calls > 0).map(placeOf));
    // Where calls are logged at all, capacity that is not called is `idle-capacity`'s matter.
    const unexplained = (line: ReconciledLine) =>
      logging.has(placeOf(line)) ? beyondCalls(line) : line.billedNanoUsd;
    const silent = all.filter(
      (line) =>
        line.isSettled &&
        line.calls + line.tokens + line.estimatedNanoUsd === 0 &&
        unexplained(line) >= LEAST_A_PERIOD,
    );
    return bySubjectAndMonth(silent).flatMap((lines) => {
      const [first] = lines;
      const billed = lines.reduce((sum, line) => sum + unexplained(line), 0);
      if (!first || billed < LEAST_A_MONTH) return [];
      return {
        subject: subjectOfLine(first),
        reason: `${dollars(billed)} of ${whereOf(first)} ${periodOf(lines)} has no logged call.`,
        ...(billed >= GRAVE ? { level: "high" as const } : {}),
        time: first.start,
        evidence: lines.map(evidenceOfLine),
        count: 0,
        ...(first.owner === "" ? {} : { owner: first.owner }),
      };
    });
  },
};

const placeOf = ({ account, provider }: ReconciledLine): string => JSON.stringify([account, provider]);
