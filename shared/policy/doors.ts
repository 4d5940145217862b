/**
 * Names of doors, to catch a misspelt one in a policy. Not a limit: a door nobody thought of here may be approved or
 * denied like any other.
 */

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

export const doors: readonly string[] = [...providers, ...gateways];
