/** A row of `usage_hourly` in which nothing was said and nothing happened, but for what a test gives. */
import { noUse, type UsageRow } from "../shared/model/ledger.ts";
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
  currency: "",
  ...noUse,
  ...given,
});
