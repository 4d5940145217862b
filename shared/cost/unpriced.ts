/** Which use is in no estimate. A row of usage sums up an hour, so that of what is priced in part only the calls tell. */
import type { UsageRow } from "../model/ledger.ts";

/** Successful calls that are in no estimate: their tokens or their price is not known. */
export const unpricedCallsOf = (row: UsageRow): number =>
  tokensOf(row) > 0 || row.estimatedNanoUsd > 0 ? row.unpricedCalls : Math.max(0, row.calls - row.failures);

/** Whether the estimate is one: of what is free and of what only failed it is 0, of what has no price it is absent. */
export function isPriced(row: UsageRow): boolean {
  if (row.estimatedNanoUsd !== 0) return true;
  return tokensOf(row) > 0 ? row.unpricedCalls < row.calls : row.calls > 0 && row.calls <= row.failures;
}

export const tokensOf = (row: UsageRow): number => row.inputTokens + row.outputTokens;
