/**
 * OpenAI organization usage: totals per interval, project, user, API key and model, one bucket per record.
 *
 * Shape: openai/openai-openapi, `/organization/usage/*` and the `Usage…Result` schemas (2026-08-21).
 * Limits: the current bucket grows and late corrections occur, so a later reading replaces an earlier one. No
 * address, region, latency or failure. What the query did not group by is null. Two queries over one interval,
 * grouped otherwise or in another bucket width, tell the same use twice: collect one form of query only.
 */
import { z } from "zod";
import type { Activity } from "../model/activity.ts";
import { identifyModel } from "../model/identify-model.ts";
import { fromEpochSeconds } from "../model/units.ts";
import { type Draft, defineSource, labels, maybe, maybeText } from "./source.ts";

const RESULT = /^organization\.usage\.([a-z0-9_]{1,64})\.result$/;

/** By the endpoint's name as results write it; paths say `file_search_calls` where results say `file_searches`. */
const operationNames: Readonly<Record<string, Activity["operationName"]>> = {
  completions: "chat",
  embeddings: "embeddings",
  moderations: "moderation",
  images: "image_generation",
  audio_speeches: "speech",
  audio_transcriptions: "transcription",
  file_searches: "retrieval",
  web_searches: "execute_tool",
  code_interpreter_sessions: "execute_tool",
};

const count = maybe(z.int().nonnegative());

const Result = z.object({
  object: z.string().regex(RESULT),
  project_id: maybeText,
  user_id: maybeText,
  api_key_id: maybeText,
  model: maybeText,
  batch: maybe(z.boolean()),
  service_tier: maybeText,
  size: maybeText,
  source: maybeText,
  context_level: maybeText,
  vector_store_id: maybeText,
  num_model_requests: count,
  /** Searches. */
  num_requests: count,
  num_sessions: count,
  /** Cached and cache-write tokens included. */
  input_tokens: count,
  input_cached_tokens: count,
  input_cache_write_tokens: count,
  output_tokens: count,
  images: count,
  characters: count,
  seconds: maybe(z.number().nonnegative()),
});

export const openaiUsage = defineSource({
  id: "openai.usage",
  title: "OpenAI organization usage",
  view: "usage",

  // A bucket of costs looks the same from outside. An empty one says nothing, whoever wrote it.
  recognises: ({ object, start_time, results }) =>
    object === "bucket" && typeof start_time === "number" && Array.isArray(results) && results.every(isUsage),

  record: z.object({
    object: z.literal("bucket"),
    /** Epoch seconds. */
    start_time: z.int(),
    /** Epoch seconds, exclusive. */
    end_time: z.int(),
    results: z.array(Result),
  }),

  normalize: ({ start_time, end_time, results }) => {
    const startTime = fromEpochSeconds(start_time);
    const endTime = fromEpochSeconds(end_time);
    if (startTime === undefined || endTime === undefined || endTime < startTime)
      return { rejected: "start_time, end_time: expected an interval in epoch seconds" };

    return results.flatMap((result): Draft[] => {
      const endpoint = RESULT.exec(result.object)?.[1] ?? result.object;
      // A web search is counted by the search: the requests of its model are among the completions already.
      const requests = result.num_requests ?? result.num_sessions ?? result.num_model_requests;
      // Bytes in vector stores are storage, not use.
      if (requests === undefined) return [];
      const ofModel = result.num_requests === undefined && result.model !== undefined;
      return [
        {
          identity: [
            "openai",
            "usage",
            endpoint,
            start_time,
            end_time,
            result.project_id,
            result.user_id,
            result.api_key_id,
            result.model,
            result.batch === undefined ? undefined : String(result.batch),
            result.service_tier,
            result.size,
            result.source,
            result.context_level,
            result.vector_store_id,
          ],
          kind: "bucket",
          startTime,
          endTime,
          count: requests,
          operation: endpoint,
          operationName: Object.hasOwn(operationNames, endpoint) ? operationNames[endpoint] : undefined,
          provider: "openai",
          account: result.project_id ? { uid: result.project_id } : undefined,
          project: result.project_id ? { uid: result.project_id } : undefined,
          actor: { uid: result.user_id },
          credential: result.api_key_id ? { uid: result.api_key_id, type: "api-key" } : undefined,
          model: ofModel && result.model ? identifyModel(result.model) : undefined,
          usage: {
            inputTokens: result.input_tokens,
            outputTokens: result.output_tokens,
            cacheReadTokens: result.input_cached_tokens,
            cacheWriteTokens: result.input_cache_write_tokens,
            images: result.images,
            characters: result.characters,
            seconds: result.seconds,
          },
          // Dimensions that have no field of their own, under the vendor's names.
          labels: labels.parse({
            batch: result.batch,
            service_tier: result.service_tier,
            size: result.size,
            source: result.source,
            context_level: result.context_level,
            vector_store_id: result.vector_store_id,
            model: ofModel ? undefined : result.model,
          }),
        },
      ];
    });
  },
});

const isUsage = (result: unknown): boolean =>
  typeof result === "object" &&
  result !== null &&
  "object" in result &&
  typeof result.object === "string" &&
  RESULT.test(result.object);
