/** The doors as people know them, by OpenTelemetry `gen_ai.provider.name` (1.41) and the few it does not list. */
const TITLES: Readonly<Record<string, string>> = {
  anthropic: "Anthropic",
  "aws.bedrock": "Amazon Bedrock",
  "azure.ai.inference": "Azure AI Inference",
  "azure.ai.openai": "Azure OpenAI",
  cohere: "Cohere",
  deepseek: "DeepSeek",
  "gcp.gemini": "Gemini API",
  "gcp.gen_ai": "Google AI",
  "gcp.vertex_ai": "Vertex AI",
  groq: "Groq",
  "ibm.watsonx.ai": "watsonx.ai",
  mistral_ai: "Mistral AI",
  "oci.generative_ai": "OCI Generative AI",
  openai: "OpenAI",
  openrouter: "OpenRouter",
  perplexity: "Perplexity",
  x_ai: "xAI",
};

/** A door nobody named yet keeps its id. */
export const doorTitle = (provider: string): string =>
  Object.hasOwn(TITLES, provider) ? (TITLES[provider] ?? provider) : provider;
