/**
 * Anthropic Usage and Cost Admin API: totals of the Messages API per interval, workspace, key and model, one
 * bucket per record.
 *
 * Shape: platform.claude.com, "Get Messages Usage Report" `/v1/organizations/usage_report/messages` (2026-09).
 * Limits: requests are not counted, so `count` is 0. About five minutes late; the current bucket grows, and a later
 * reading replaces an earlier one. What the query did not group by is null, as is the workspace of the default
 * workspace and the key of the Console. Claude through Bedrock, Vertex or Foundry is not in it. No address,
 * latency or failure.
 */
import { z } from "zod";
import type { Activity } from "../model/activity.ts";
import { identifyModel } from "../model/identify-model.ts";
import { fromIsoTime } from "../model/units.ts";
import { type Draft, defineSource, labels, maybe, maybeText } from "./source.ts";

const count = maybe(z.int().nonnegative());

const Result = z.object({
  workspace_id: maybeText,
  api_key_id: maybeText,
  account_id: maybeText,
  service_account_id: maybeText,
  model: maybeText,
  service_tier: maybeText,
  context_window: maybeText,
  inference_geo: maybeText,
  speed: maybeText,
  /** Neither read from a cache nor written to one. */
  uncached_input_tokens: z.int().nonnegative(),
  cache_creation: maybe(z.object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count })),
  cache_read_input_tokens: count,
  output_tokens: count,
});

export const anthropicUsage = defineSource({
  id: "anthropic.usage",
  title: "Anthropic Messages usage report",
  view: "usage",

  // A bucket of the cost report looks the same from outside. An empty one says nothing, whoever wrote it.
  recognises: ({ starting_at, results }) =>
    typeof starting_at === "string" && Array.isArray(results) && results.every(isUsage),

  record: z.object({
    starting_at: z.string(),
    /** Exclusive. */
    ending_at: z.string(),
    results: z.array(Result),
  }),

  normalize: ({ starting_at, ending_at, results }) => {
    const startTime = fromIsoTime(starting_at);
    const endTime = fromIsoTime(ending_at);
    if (startTime === undefined || endTime === undefined || endTime < startTime)
      return { rejected: "starting_at, ending_at: expected an interval in RFC 3339" };

    return results.map(
      (result): Draft => ({
        identity: [
          "anthropic",
          "usage",
          "messages",
          startTime,
          endTime,
          result.workspace_id,
          result.api_key_id,
          result.account_id,
          result.service_account_id,
          result.model,
          result.service_tier,
          result.context_window,
          result.inference_geo,
          result.speed,
        ],
        kind: "bucket",
        startTime,
        endTime,
        count: 0,
        operation: "messages",
        operationName: "chat",
        provider: "anthropic",
        account: result.workspace_id ? { uid: result.workspace_id } : undefined,
        actor: {
          uid: result.account_id ?? result.service_account_id,
          type: result.account_id ? "human" : result.service_account_id ? "workload" : undefined,
        },
        credential: result.api_key_id ? { uid: result.api_key_id, type: "api-key" } : undefined,
        model: result.model ? identifyModel(result.model) : undefined,
        region: regionOf(result.inference_geo),
        usage: usageOf(result),
        labels: labels.parse({
          service_tier: result.service_tier,
          context_window: result.context_window,
          speed: result.speed,
        }),
      }),
    );
  },
});

const isUsage = (result: unknown): boolean =>
  typeof result === "object" && result !== null && "uncached_input_tokens" in result;

/** The vendor's three kinds of input exclude each other; ours is all of it. */
function usageOf(result: z.output<typeof Result>): Activity["usage"] {
  const written = result.cache_creation;
  const cacheWriteTokens = written
    ? (written.ephemeral_5m_input_tokens ?? 0) + (written.ephemeral_1h_input_tokens ?? 0)
    : undefined;
  return {
    inputTokens: result.uncached_input_tokens + (cacheWriteTokens ?? 0) + (result.cache_read_input_tokens ?? 0),
    outputTokens: result.output_tokens,
    cacheReadTokens: result.cache_read_input_tokens,
    cacheWriteTokens,
    cacheWriteHourTokens: written?.ephemeral_1h_input_tokens,
  };
}

/** `global`, a geography such as `us`, or `not_available` for models that have no choice of it. */
function regionOf(geo: string | undefined): Activity["region"] {
  if (geo === undefined || geo === "not_available") return undefined;
  return geo === "global" ? { scope: "global" } : { scope: "geography", geography: geo };
}
