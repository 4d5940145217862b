/**
 * OpenAI organization costs: what is invoiced, by day, project, key and line item.
 *
 * Interface: openai/openai-openapi 2.3.0, `/organization/costs` (2026-08-21). Grouped by all it can be grouped by,
 * always: grouped otherwise, the same dollars would count twice. Credits and corrections come days later.
 */
import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { NEEDED_FOR_USAGE, openaiApi, openaiBuckets, openaiSettings } from "./openai.ts";
import { roundSettings } from "./rounds.ts";
import { billedByDay } from "./usage-reports.ts";

const groupBy = ["project_id", "line_item", "api_key_id"].map((dimension) => ["group_by", dimension] as const);

const Settings = z.strictObject({
  ...openaiSettings,
  ...roundSettings({ interval: "6h", lookBack: "7d", history: "90d" }, "1h"),
});

export const openaiCosts = defineCollector<z.output<typeof Settings>>({
  id: "openai.costs",
  title: "OpenAI organization costs",
  settings: Settings,

  ...billedByDay((settings) => ({
    api: openaiApi(settings, NEEDED_FOR_USAGE),
    path: "/organization/costs",
    query: [["bucket_width", "1d"], ...groupBy],
    ...openaiBuckets,
  })),
});
