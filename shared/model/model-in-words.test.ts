import { describe, expect, it } from "vitest";
import { modelInWords } from "./model-in-words.ts";

describe("a model named in prose", () => {
  it.each([
    ["Claude Sonnet 4.5", "anthropic/claude-sonnet-4-5"],
    ["Claude 3.5 Sonnet v2", "anthropic/claude-3-5-sonnet"],
    ["Claude4.6Sonnet", "anthropic/claude-sonnet-4-6"],
    ["Llama3-1-70B-Instruct", "meta/llama-3.1-70b-instruct"],
    ["Nova2.0Lite", "amazon/nova-2-lite"],
    ["NovaLite", "amazon/nova-lite"],
    ["DeepSeekR1", "deepseek/deepseek-r1"],
    ["DeepSeekV3.1", "deepseek/deepseek-v3.1"],
    ["gpt 4o 1120", "openai/gpt-4o"],
    ["gpt-4o-mini-0718", "openai/gpt-4o-mini"],
    ["o4-mini 0416", "openai/o4-mini"],
    ["gpt-oss-120B", "openai/gpt-oss-120b"],
    ["text embedding 3 small", "openai/text-embedding-3-small"],
    ["gemini 3.1 flash lite preview", "google/gemini-3.1-flash-lite"],
    ["Grok_4.1", "xai/grok-4.1"],
  ])("is found in %s", (words, name) => {
    expect(modelInWords(words)).toMatchObject({ id: words, name });
  });

  it.each(["", "Foundry Models", "Claude Sonnet 4.5 for everybody", "Provisioned Throughput", "GPT"])(
    "is not found in %j",
    (words) => {
      expect(modelInWords(words)).toBeUndefined();
    },
  );
});
