import { describe, expect, it } from "vitest";
import {
  type AiCharge,
  awsCharge,
  azureCharge,
  GOOGLE_AI_WORDS,
  googleCharge,
  oracleCharge,
} from "./ai-charges.ts";

const told = (charge: AiCharge | undefined) =>
  charge && [charge.provider, charge.model?.name ?? "-", charge.scope ?? ""].join(" ").trimEnd();

describe("charges of AWS", () => {
  it.each([
    [
      "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
      "USE1-MP:USE1_InputTokenCount_Global-Units",
      "aws.bedrock anthropic/claude-sonnet-4-5 global",
    ],
    ["Amazon Bedrock", "USE1-Claude4.6Sonnet-input-tokens", "aws.bedrock anthropic/claude-sonnet-4-6"],
    ["Amazon Bedrock", "EUC1-DeepSeekR1-input-tokens", "aws.bedrock deepseek/deepseek-r1"],
    ["", "USE1-Claude4.6Sonnet-cache-read-input-token-count", "aws.bedrock anthropic/claude-sonnet-4-6"],
    ["AmazonBedrock", "EUW1-Nova2.0Lite-text-input-tokens", "aws.bedrock amazon/nova-2-lite"],
    ["AmazonBedrock", "USE1-TitanEmbeddingsG1-Text-input-tokens", "aws.bedrock amazon/titan-embeddings-g1-text"],
    ["AmazonBedrock", "USW2-Llama3-1-70B-Instruct-output-tokens-batch", "aws.bedrock meta/llama-3.1-70b-instruct"],
    ["AmazonBedrock", "USE1-Guardrail-ContentPolicyUnitsConsumed", "aws.bedrock -"],
    ["", "USW2-MP:USW2_output_tokens_global_standard-Units", "aws.bedrock - global"],
    ["Claude Platform on AWS", "anything", "aws.claude_platform -"],
    ["AmazonSageMaker", "USE1-Host:ml.m5.large", undefined],
    ["Amazon Elastic Compute Cloud", "USE1-BoxUsage:t3.micro", undefined],
  ])("%s, %s", (service, sku, expected) => {
    expect(told(awsCharge({ service, sku, resource: "" }))).toBe(expected);
  });

  it("are Bedrock's where only the resource says so, and the resource may name the model", () => {
    const words = { service: "4b8zr1l5", sku: "USE1-Usage" };
    const resource = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";
    expect(told(awsCharge({ ...words, resource }))).toBe("aws.bedrock anthropic/claude-3-haiku");
    const profile = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123";
    expect(told(awsCharge({ ...words, resource: profile }))).toBe("aws.bedrock -");
  });
});

const ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/birch";

describe("charges of Azure", () => {
  it.each([
    ["Foundry Models Azure OpenAI GPT5", "5.5 ShortCo inp Gl 1M Tokens", "azure.ai.openai openai/gpt-5.5 global"],
    ["Azure OpenAI", "gpt 4o 1120 cached Inp glbl Tokens", "azure.ai.openai openai/gpt-4o global"],
    ["Azure OpenAI", "gpt-4o-mini-0718-Inp-glbl Tokens", "azure.ai.openai openai/gpt-4o-mini global"],
    ["Azure OpenAI", "GPT 5 outpt Dz 1M Tokens", "azure.ai.openai openai/gpt-5"],
    ["Azure OpenAI", "4.1 mini Inp glbl Tokens", "azure.ai.openai openai/gpt-4.1-mini global"],
    ["Azure OpenAI", "gpt-image-1 Inp glbl Tokens", "azure.ai.openai openai/gpt-image-1 global"],
    ["Foundry Models DeepSeek", "V4 Pro Inp glbl Tokens", "azure.ai.openai deepseek/deepseek-v4-pro global"],
    ["Azure OpenAI", "Provisioned Managed Regional Unit", "azure.ai.openai -"],
    ["Azure OpenAI", "gpt-4o-rt-txt-1217 Inp Tokens", "azure.ai.openai -"],
    ["Cognitive Services Speech", "S1 Speech To Text", undefined],
    ["Storage", "gpt-4o", undefined],
  ])("%s, %s", (service, sku, expected) => {
    const resource = service === "Storage" ? "/subscriptions/s/resourceGroups/g/disks/d" : ACCOUNT;
    expect(told(azureCharge({ service, sku, resource }))).toBe(expected);
  });

  it("go through another door for models that run on no account", () => {
    const words = { service: "Foundry Models", sku: "Phi-4-Input Tokens" };
    expect(told(azureCharge({ ...words, resource: "/providers/Microsoft.MachineLearningServices/w" }))).toBe(
      "azure.ai.inference microsoft/phi-4",
    );
    expect(told(azureCharge({ ...words, resource: "" }))).toBe("azure.ai.openai microsoft/phi-4");
  });
});

describe("charges of Google Cloud", () => {
  it.each([
    [
      "Vertex AI",
      "Generate content input token count gemini 2.5 flash short input text",
      "gcp.vertex_ai google/gemini-2.5-flash",
    ],
    ["Vertex AI", "gemini 2.5 flash audio input token count", "gcp.vertex_ai google/gemini-2.5-flash"],
    ["Vertex AI", "Gemini 2.5 Flash GA Text Input - Predictions", "gcp.vertex_ai google/gemini-2.5-flash"],
    [
      "Gemini API",
      "Generate content output token count gemini 3.1 flash lite preview text",
      "gcp.gemini google/gemini-3.1-flash-lite",
    ],
    ["Vertex AI", "Claude Sonnet 4.5 Global Input Tokens", "gcp.vertex_ai anthropic/claude-sonnet-4-5 global"],
    ["Claude Haiku 4.5", "Output tokens", "gcp.vertex_ai anthropic/claude-haiku-4-5"],
    ["Vertex AI", "Model Garden Model as a Service GLM-5.2 Input", "gcp.vertex_ai zai/glm-5.2"],
    ["Vertex AI", "Grounding with Google Search", "gcp.vertex_ai -"],
    ["Vertex AI", "Vertex AI Training n1-standard-4 in Americas", undefined],
    ["Vertex AI", "Online/Batch Prediction Tensorflow on CPU", undefined],
    ["Compute Engine", "Token ring network", undefined],
  ])("%s, %s", (service, sku, expected) => {
    expect(told(googleCharge({ service, sku, resource: "" }))).toBe(expected);
    // What is asked of BigQuery leaves none of them out.
    const words = new RegExp(GOOGLE_AI_WORDS.replace("(?i)", ""), "i");
    if (expected !== undefined) expect(`${service} ${sku}`).toMatch(words);
  });
});

describe("charges of Oracle", () => {
  it.each([
    ["GENERATIVE_AI", "B108077", "oci.generative_ai -"],
    [
      "Generative AI",
      "OCI Generative AI - Llama 3.3 70B Instruct Input Tokens",
      "oci.generative_ai meta/llama-3.3-70b-instruct",
    ],
    ["Compute", "Standard - E4", undefined],
  ])("%s, %s", (service, sku, expected) => {
    expect(told(oracleCharge({ service, sku, resource: "" }))).toBe(expected);
  });
});
