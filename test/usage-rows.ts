/** A row of `usage_hourly` in which nothing was said and nothing happened, but for what a test gives. */
import type { UsageRow } from "../shared/model/ledger.ts";
import type { EpochMs } from "../shared/model/units.ts";

export const usageRow = (given: Partial<UsageRow>): UsageRow => ({
  hour: 0 as EpochMs,
  view: "provider",
  source: "",
  account: "",
  principal: "",
  provider: "",
  model: "",
  region: "",
  owner: "",
  verdict: "",
  team: "",
  app: "",
  customer: "",
  task: "",
  calls: 0,
  failures: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  reasoningTokens: 0,
  estimatedNanoUsd: 0,
  failedNanoUsd: 0,
  billedNanoUsd: 0,
  capacityNanoUsd: 0,
  unpricedCalls: 0,
  ...given,
});
