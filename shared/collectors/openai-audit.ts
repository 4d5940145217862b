/**
 * OpenAI's audit log of an organization.
 *
 * Interface: openai/openai-openapi 2.3.0, `/organization/audit_logs` (2026-08-21): at most 100 a page, newest first,
 * `after` goes to older ones. To be switched on in the organization's data controls; nothing from before is there.
 */
import { z } from "zod";
import { duration } from "../config/settings.ts";
import { SECOND_MS } from "../model/units.ts";
import { defineCollector } from "./collector.ts";
import { type Feed, oneFeed } from "./feeds.ts";
import { openaiApi, openaiSettings } from "./openai.ts";

const PATH = "/organization/audit_logs";

const Settings = z.strictObject({
  ...openaiSettings,
  /** How late events may come. */
  lookBack: duration.prefault("24h"),
  /** How far the first run goes back. */
  history: duration.prefault("30d"),
});
type Settings = z.output<typeof Settings>;

const apiOf = (settings: Settings) =>
  openaiApi(settings, "of an owner, and audit logging switched on in the organization's data controls,");

const feedOf = (settings: Settings): Feed => ({
  api: apiOf(settings),
  path: PATH,
  limit: 100,
  names: { from: "effective_at[gte]", until: "effective_at[lt]", after: "after" },
  write: (time) => String(Math.floor(time / SECOND_MS)),
});

export const openaiAudit = defineCollector<Settings>({
  id: "openai.audit",
  title: "OpenAI organization audit log",
  settings: Settings,

  ...oneFeed(feedOf),
});
