/**
 * Anthropic's cost report: what is invoiced, by day, workspace and description.
 *
 * Interface: platform.claude.com, "Get Cost Report" (2026-09). Grouped by all it can be grouped by, always: grouped
 * otherwise, the same dollars would count twice. Priority Tier is not in it.
 */
import { z } from "zod";
import { getJson } from "../http/json.ts";
import { DAY_MS } from "../model/units.ts";
import { ADMIN_KEY, anthropicApi, anthropicBuckets, anthropicSettings } from "./anthropic.ts";
import { defineCollector } from "./collector.ts";
import { partOf, tried } from "./parts.ts";
import { Round, roundSettings } from "./rounds.ts";
import { bucketPages, floorTo, ReportPage } from "./usage-reports.ts";

const PATH = "/v1/organizations/cost_report";
const groupBy = ["description", "workspace_id"].map((dimension) => ["group_by[]", dimension] as const);

const Settings = z.strictObject({
  ...anthropicSettings,
  ...roundSettings({ interval: "6h", lookBack: "7d", history: "90d" }, "1h"),
});

export const anthropicCost = defineCollector<z.output<typeof Settings>>({
  id: "anthropic.cost",
  title: "Anthropic cost report",
  settings: Settings,

  async *pull({ settings, cursors, now, signal }) {
    const round = new Round({ ...settings, cursor: cursors.get(""), now });
    if (!round.isDue) return;
    const report = {
      api: anthropicApi(settings, ADMIN_KEY),
      path: PATH,
      query: [["bucket_width", "1d"], ...groupBy] as const,
      width: DAY_MS,
      ...anthropicBuckets,
    };
    yield* partOf("", signal, bucketPages(report, "", round, signal));
  },

  check: async ({ settings, now, signal }) => {
    const query = [anthropicBuckets.start(floorTo(DAY_MS, now)), ["limit", "1"]] as const;
    const api = anthropicApi(settings, ADMIN_KEY);
    const question = { path: PATH, query, answer: ReportPage };
    return [await tried(`Anthropic GET ${PATH}`, () => getJson(api, question, signal))];
  },
});
