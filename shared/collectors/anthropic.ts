/** What the collectors of Anthropic's organization APIs share. */
import { z } from "zod";
import { apiUrl, secret } from "../config/settings.ts";
import type { JsonApi } from "../http/json.ts";
import { type EpochMs, fromIsoTime, toIsoTime } from "../model/units.ts";

export const anthropicSettings = {
  key: secret,
  baseUrl: apiUrl.default("https://api.anthropic.com"),
};

export const ADMIN_KEY = "an admin key (sk-ant-admin01-…) of the organization";

/** `needed`: the key that does. */
export const anthropicApi = (
  settings: { readonly key: string; readonly baseUrl: string },
  needed: string,
): JsonApi => ({
  vendor: "Anthropic",
  baseUrl: settings.baseUrl,
  headers: { "x-api-key": settings.key, "anthropic-version": "2023-06-01" },
  advice: {
    401: `the key is wrong, expired or revoked; ${needed} is needed`,
    403: `${needed} is needed`,
    404: `${needed} is needed, of an organization for which this is enabled`,
  },
});

const Ended = z.object({ ending_at: z.string() });

/** How buckets of time are asked for and told, in reports of use and of cost. */
export const anthropicBuckets = {
  start: (time: EpochMs) => ["starting_at", toIsoTime(time)] as const,
  endOf: (bucket: unknown) => fromIsoTime(Ended.safeParse(bucket).data?.ending_at ?? ""),
};
