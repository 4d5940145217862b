/**
 * OpenAI organization usage: totals by project, user, key and model, of each of ten endpoints.
 *
 * Interface: openai/openai-openapi 2.3.0, `/organization/usage/*` (2026-08-21). All dimensions that an endpoint can
 * be grouped by are asked for, always: grouped otherwise, or in another width, the same use would count twice. Lists
 * in the query are repeated names, as in OpenAI's cookbook. Buckets grow, and corrections come hours later.
 */
import { z } from "zod";
import { duration } from "../config/settings.ts";
import { getJson } from "../http/json.ts";
import { DAY_MS, HOUR_MS } from "../model/units.ts";
import { defineCollector } from "./collector.ts";
import { NEEDED_FOR_USAGE, openaiApi, openaiBuckets, openaiSettings } from "./openai.ts";
import { partOf, Settled, tried } from "./parts.ts";
import { BucketWidth, bucketPages, bucketWidths, ReportPage } from "./usage-reports.ts";

const whose = ["project_id", "user_id", "api_key_id"];

const endpoints: Readonly<Record<string, readonly string[]>> = {
  completions: [...whose, "model", "batch", "service_tier"],
  embeddings: [...whose, "model"],
  moderations: [...whose, "model"],
  images: [...whose, "model", "size", "source"],
  audio_speeches: [...whose, "model"],
  audio_transcriptions: [...whose, "model"],
  vector_stores: ["project_id"],
  code_interpreter_sessions: ["project_id"],
  file_search_calls: [...whose, "vector_store_id"],
  web_search_calls: [...whose, "model", "context_level"],
};

const Settings = z.strictObject({
  ...openaiSettings,
  /** To be kept once chosen: the same use in other buckets would count twice. */
  bucketWidth: BucketWidth,
  /** How long corrections may come. Absent: 3 hours, or 2 days where buckets are days. */
  lookBack: duration.optional(),
  /** How far the first run goes back. */
  history: duration.prefault("30d"),
});

export const openaiUsage = defineCollector<z.output<typeof Settings>>({
  id: "openai.usage",
  title: "OpenAI organization usage",
  settings: Settings,

  async *pull({ settings, cursors, now, signal }) {
    const { bucketWidth, history } = settings;
    const lookBack = settings.lookBack ?? (bucketWidth === "1d" ? 2 * DAY_MS : 3 * HOUR_MS);
    for (const [endpoint, groupBy] of Object.entries(endpoints)) {
      const report = {
        api: openaiApi(settings, NEEDED_FOR_USAGE),
        path: `/organization/usage/${endpoint}`,
        query: [
          ["bucket_width", bucketWidth],
          ...groupBy.map((dimension) => ["group_by", dimension] as const),
        ] as const,
        width: bucketWidths[bucketWidth],
        ...openaiBuckets,
      };
      const settled = new Settled({ cursor: cursors.get(endpoint), now, history, lookBack });
      yield* partOf(endpoint, signal, bucketPages(report, endpoint, settled, signal));
    }
  },

  check: async ({ settings, now, signal }) => {
    const query = [openaiBuckets.start(now), ["limit", "1"]] as const;
    const path = "/organization/usage/completions";
    const api = openaiApi(settings, NEEDED_FOR_USAGE);
    return [await tried(`OpenAI GET ${path}`, () => getJson(api, { path, query, answer: ReportPage }, signal))];
  },
});
