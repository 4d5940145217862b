/** What the collectors of Anthropic's organization APIs share. */
import { apiUrl, secret } from "../config/settings.ts";
import type { JsonApi } from "../http/json.ts";

export const anthropicSettings = {
  key: secret,
  baseUrl: apiUrl.default("https://api.anthropic.com"),
};

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
