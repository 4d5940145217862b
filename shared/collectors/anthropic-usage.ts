/**
 * Anthropic's report of use of the Messages API: totals by workspace, key, model and more.
 *
 * Interface: platform.claude.com, "Get Messages Usage Report" (2026-09). About 5 minutes late; more than one request
 * a minute, sustained, is not wanted. Grouped by all there is, always: grouped otherwise the same use would count
 * twice. But for `speed`, which asks for a beta header: fast and usual requests are one bucket.
 */
import { z } from "zod";
import { duration } from "../config/settings.ts";
import { getJson } from "../http/json.ts";
import { ADMIN_KEY, anthropicApi, anthropicBuckets, anthropicSettings } from "./anthropic.ts";
import { defineCollector } from "./collector.ts";
import { partOf, Settled, tried } from "./parts.ts";
import { BucketWidth, bucketPages, bucketWidths, floorTo, ReportPage } from "./usage-reports.ts";

const PATH = "/v1/organizations/usage_report/messages";
const groupBy = [
  "account_id",
  "api_key_id",
  "context_window",
  "inference_geo",
  "model",
  "service_account_id",
  "service_tier",
  "workspace_id",
].map((dimension) => ["group_by[]", dimension] as const);

const Settings = z.strictObject({
  ...anthropicSettings,
  /** To be kept once chosen: the same use in other buckets would count twice. */
  bucketWidth: BucketWidth,
  /** How long corrections may come. */
  lookBack: duration.prefault("1d"),
  /** How far the first run goes back. */
  history: duration.prefault("30d"),
});
type Settings = z.output<typeof Settings>;

const apiOf = (settings: Settings) => anthropicApi(settings, ADMIN_KEY);

export const anthropicUsage = defineCollector<Settings>({
  id: "anthropic.usage",
  title: "Anthropic usage report",
  settings: Settings,

  async *pull({ settings, cursors, now, signal }) {
    const report = {
      api: apiOf(settings),
      path: PATH,
      query: [["bucket_width", settings.bucketWidth], ...groupBy] as const,
      width: bucketWidths[settings.bucketWidth],
      ...anthropicBuckets,
    };
    const settled = new Settled({ ...settings, cursor: cursors.get(""), now });
    yield* partOf("", signal, bucketPages(report, "", settled, signal));
  },

  check: async ({ settings, now, signal }) => {
    const query = [anthropicBuckets.start(floorTo(bucketWidths["1d"], now)), ["limit", "1"]] as const;
    const question = { path: PATH, query, answer: ReportPage };
    return [await tried(`Anthropic GET ${PATH}`, () => getJson(apiOf(settings), question, signal))];
  },
});
