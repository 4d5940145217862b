/** What the collectors of OpenAI's organization APIs share: whose key, which host. */
import { apiUrl, secret } from "../config/settings.ts";
import type { JsonApi } from "../http/json.ts";

export const openaiSettings = {
  /** An admin key, `sk-admin-…`: keys of projects cannot read the organization. */
  key: secret,
  /** `https://eu.api.openai.com/v1` for projects that stay in Europe. */
  baseUrl: apiUrl.default("https://api.openai.com/v1"),
};

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
