/** What the collectors of OpenAI's organization APIs share: whose key, which host, how buckets of time are told. */
import { z } from "zod";
import { apiUrl, secret } from "../config/settings.ts";
import type { JsonApi } from "../http/json.ts";
import { type EpochMs, fromEpochSeconds, SECOND_MS } from "../model/units.ts";

export const openaiSettings = {
  /** An admin key, `sk-admin-…`: keys of projects cannot read the organization. */
  key: secret,
  /** `https://eu.api.openai.com/v1` for projects that stay in Europe. */
  baseUrl: apiUrl.default("https://api.openai.com/v1"),
};

export const NEEDED_FOR_USAGE = "with the permission to read usage (api.usage.read)";

/** `needed`: the permission that the key has to have. */
export const openaiApi = (
  settings: { readonly key: string; readonly baseUrl: string },
  needed: string,
): JsonApi => ({
  vendor: "OpenAI",
  baseUrl: settings.baseUrl,
  headers: { authorization: `Bearer ${settings.key}` },
  advice: {
    401: `the key is wrong, expired or revoked; an admin key (sk-admin-…) ${needed} is needed`,
    403: `an admin key (sk-admin-…) ${needed} is needed; keys of projects do not do`,
  },
});

const Ended = z.object({ end_time: z.number() });

export const openaiBuckets = {
  start: (time: EpochMs) => ["start_time", String(Math.floor(time / SECOND_MS))] as const,
  endOf: (bucket: unknown) => fromEpochSeconds(Ended.safeParse(bucket).data?.end_time ?? Number.NaN),
};
