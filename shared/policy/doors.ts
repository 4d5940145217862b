/**
 * Names of doors, to catch a misspelt one in a policy. Not a limit: a door nobody thought of here may be approved or
 * denied like any other.
 */

import { didYouMean } from "./did-you-mean.ts";

/** OpenTelemetry `gen_ai.provider.name` (semantic conventions 1.37), and in the same style what it does not name. */
const providers = [
  "anthropic",
  "aws.bedrock",
  "azure.ai.inference",
  "azure.ai.openai",
  "cohere",
  "deepseek",
  "gcp.gemini",
  "gcp.gen_ai",
  "gcp.vertex_ai",
  "groq",
  "ibm.watsonx.ai",
  "mistral_ai",
  "oci.generative_ai",
  "openai",
  "perplexity",
  "x_ai",
];

const gateways = ["azure.apim", "cloudflare", "helicone", "kong", "litellm", "openrouter", "portkey"];

const doors: readonly string[] = [...providers, ...gateways];

/** The door that was probably meant; undefined for one we know, and for one that resembles none. */
export function nearestDoor(name: string, declared: readonly string[] = []): string | undefined {
  const known = [...doors, ...declared];
  const isKnown = known.some((door) => door.toLowerCase() === name.toLowerCase());
  return isKnown ? undefined : didYouMean(name, known);
}
