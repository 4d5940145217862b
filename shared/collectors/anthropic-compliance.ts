/**
 * Anthropic's Compliance API, activity feed.
 *
 * Interface: platform.claude.com, "Query the Activity Feed" and "Design your compliance integration" (2026-09): at
 * most 5,000 a page, newest first, `after_id` goes to older ones; 600 requests a minute for the whole organization.
 * Read by windows that overlap. The vendor's other pattern, going on from the newest id, never sees an activity that
 * is indexed late, which an hour is allowed for here.
 */
import { z } from "zod";
import { duration } from "../config/settings.ts";
import { toIsoTime } from "../model/units.ts";
import { anthropicApi, anthropicSettings } from "./anthropic.ts";
import { defineCollector } from "./collector.ts";
import { type Feed, oneFeed } from "./feeds.ts";

const PATH = "/v1/compliance/activities";

const Settings = z.strictObject({
  ...anthropicSettings,
  /** How late activities may be indexed. */
  lookBack: duration.prefault("1h"),
  /** How far the first run goes back. Six years are kept. */
  history: duration.prefault("30d"),
});
type Settings = z.output<typeof Settings>;

const apiOf = (settings: Settings) =>
  anthropicApi(
    settings,
    "a compliance access key (sk-ant-api01-…) or admin key (sk-ant-admin01-…) with scope read:compliance_activities",
  );

const feedOf = (settings: Settings): Feed => ({
  api: apiOf(settings),
  path: PATH,
  limit: 5_000,
  names: { from: "created_at.gte", until: "created_at.lt", after: "after_id" },
  write: toIsoTime,
});

export const anthropicCompliance = defineCollector<Settings>({
  id: "anthropic.compliance",
  title: "Anthropic compliance activity feed",
  settings: Settings,

  ...oneFeed(feedOf),
});
