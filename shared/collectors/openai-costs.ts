/**
 * OpenAI organization costs: what is invoiced, by day, project, key and line item.
 *
 * Interface: openai/openai-openapi 2.3.0, `/organization/costs` (2026-08-21). Grouped by all it can be grouped by,
 * always: grouped otherwise, the same dollars would count twice. Credits and corrections come days later.
 */
import { z } from "zod";
import { getJson } from "../http/json.ts";
import { DAY_MS } from "../model/units.ts";
import { defineCollector } from "./collector.ts";
import { NEEDED_FOR_USAGE, openaiApi, openaiBuckets, openaiSettings } from "./openai.ts";
import { partOf, tried } from "./parts.ts";
import { Round, roundSettings } from "./rounds.ts";
import { bucketPages, ReportPage } from "./usage-reports.ts";

const PATH = "/organization/costs";
const groupBy = ["project_id", "line_item", "api_key_id"].map((dimension) => ["group_by", dimension] as const);

const Settings = z.strictObject({
  ...openaiSettings,
  ...roundSettings({ interval: "6h", lookBack: "7d", history: "90d" }, "1h"),
});

export const openaiCosts = defineCollector<z.output<typeof Settings>>({
  id: "openai.costs",
  title: "OpenAI organization costs",
  settings: Settings,

  async *pull({ settings, cursors, now, signal }) {
    const round = new Round({ ...settings, cursor: cursors.get(""), now });
    if (!round.isDue) return;
    const report = {
      api: openaiApi(settings, NEEDED_FOR_USAGE),
      path: PATH,
      query: [["bucket_width", "1d"], ...groupBy] as const,
      width: DAY_MS,
      ...openaiBuckets,
    };
    yield* partOf("", signal, bucketPages(report, "", round, signal));
  },

  check: async ({ settings, now, signal }) => {
    const query = [openaiBuckets.start(now), ["limit", "1"]] as const;
    const api = openaiApi(settings, NEEDED_FOR_USAGE);
    return [
      await tried(`OpenAI GET ${PATH}`, () => getJson(api, { path: PATH, query, answer: ReportPage }, signal)),
    ];
  },
});
