/**
 * Anthropic's cost report: what is invoiced, by day, workspace and description.
 *
 * Interface: platform.claude.com, "Get Cost Report" (2026-09). Grouped by all it can be grouped by, always: grouped
 * otherwise, the same dollars would count twice. Priority Tier is not in it.
 */
import { z } from "zod";
import { ADMIN_KEY, anthropicApi, anthropicBuckets, anthropicSettings } from "./anthropic.ts";
import { defineCollector } from "./collector.ts";
import { roundSettings } from "./rounds.ts";
import { billedByDay } from "./usage-reports.ts";

const groupBy = ["description", "workspace_id"].map((dimension) => ["group_by[]", dimension] as const);

const Settings = z.strictObject({
  ...anthropicSettings,
  ...roundSettings({ interval: "6h", lookBack: "7d", history: "90d" }, "1h"),
});

export const anthropicCost = defineCollector<z.output<typeof Settings>>({
  id: "anthropic.cost",
  title: "Anthropic cost report",
  settings: Settings,

  ...billedByDay((settings) => ({
    api: anthropicApi(settings, ADMIN_KEY),
    path: "/v1/organizations/cost_report",
    query: [["bucket_width", "1d"], ...groupBy],
    ...anthropicBuckets,
  })),
});
