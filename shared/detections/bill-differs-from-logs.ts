/**
 * A bill that is far from what the logged calls should have cost.
 *
 * Method: `cost/reconcile.ts`, settled periods only. A period must be off by share and by dollars, and the month's
 * periods together in the same direction, so that calls around midnight, which a bill may count to the next day, are
 * no finding.
 */
import { beyondCalls, type ReconciledLine, reconcile } from "../cost/reconcile.ts";
import { DAY_MS } from "../model/units.ts";
import type { UsageDetection } from "./detection.ts";
import { bySubjectAndMonth, evidenceOfLine, periodOf, subjectOfLine, whereOf } from "./reconciled.ts";
import { dollars, share } from "./wording.ts";

/** List prices are off by discounts of 10 to 20 %, token counts by a few. */
const LEAST_SHARE = 0.25;
/** Nano-dollars. */
const LEAST = 25e9;

export const billDiffersFromLogs: UsageDetection = {
  on: "usage",
  rule: {
    id: "0baa595c-b60d-43bf-8b9e-c197179079fe",
    name: "bill-differs-from-logs",
    title: "AI Bill Not Explained by Logged Calls",
    status: "test",
    level: "medium",
    description:
      "A bill is far from the estimate of the calls that were logged for the same account, door and day.",
    references: [
      "https://docs.aws.amazon.com/bedrock/latest/userguide/cost-mgmt-understanding-cur-data.html",
      "https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/",
    ],
    falsepositives: [
      "A contract's discount, or a price, that the configuration does not tell",
      "Credits, refunds, and commitments paid upfront",
      "Server tools and storage, which no call's tokens show",
    ],
    tags: ["owasp.llm10-2025"],
    misses:
      "Calls whose tokens or price are not known, differences below a quarter, and whatever two errors cancel out.",
    remedy:
      "Where the bill is higher, look for a region, key or account whose calls are not logged; where it is lower, tell Gnomon the contract's prices.",
    quietMs: 35 * DAY_MS,
  },

  evaluate(rows, { settleDays }) {
    const lines = reconcile(rows, settleDays).filter(
      (line) => line.isSettled && line.calls + line.tokens + line.estimatedNanoUsd > 0,
    );
    return bySubjectAndMonth(lines).flatMap((month) => {
      const net = month.reduce((sum, line) => sum + beyondCalls(line), 0);
      const off = month.filter((line) => isFarOff(line) && Math.sign(beyondCalls(line)) === Math.sign(net));
      const [first] = off;
      if (!first || Math.abs(net) < LEAST) return [];
      const estimated = off.reduce((sum, line) => sum + line.estimatedNanoUsd, 0);
      const billed = estimated + off.reduce((sum, line) => sum + beyondCalls(line), 0);
      const [more, less] = billed > estimated ? [billed, estimated] : [estimated, billed];
      return {
        subject: subjectOfLine(first),
        reason: `${dollars(billed)} was billed for ${whereOf(first)} ${periodOf(off)}, and the logged calls explain ${dollars(estimated)}: ${dollars(more - less)} (${share(more - less, more)}) ${billed > estimated ? "has no logged call" : "less than they should have cost"}.`,
        // A bill that is too low costs nobody anything.
        ...(billed > estimated ? {} : { level: "low" as const }),
        time: first.start,
        evidence: off.map(evidenceOfLine),
        count: off.reduce((sum, line) => sum + line.calls, 0),
        ...(first.owner === "" ? {} : { owner: first.owner }),
      };
    });
  },
};

function isFarOff(line: ReconciledLine): boolean {
  const difference = beyondCalls(line);
  const larger = line.estimatedNanoUsd + Math.max(0, difference);
  // What is in no estimate explains a higher bill, nobody knows how much of it.
  if (difference > 0 && line.unpricedCalls > 0) return false;
  return Math.abs(difference) >= LEAST && Math.abs(difference) >= LEAST_SHARE * larger;
}
