import { describe, expect, it } from "vitest";
import { identifyModel } from "../model/identify-model.ts";
import { siblingsOf, spellingsAt } from "./siblings.ts";

describe("smaller siblings", () => {
  it.each([
    ["anthropic/claude-opus-4-5", "anthropic/claude-sonnet-4-5"],
    ["anthropic/claude-3-5-sonnet", "anthropic/claude-haiku-4-5"],
    ["openai/gpt-4o", "openai/gpt-4o-mini"],
    ["openai/gpt-5", "openai/gpt-5-mini"],
    ["openai/gpt-5-mini", "openai/gpt-5-nano"],
    ["google/gemini-2.5-pro", "google/gemini-2.5-flash"],
    ["amazon/nova-2-pro", "amazon/nova-2-lite"],
    ["amazon/nova-pro", "amazon/nova-lite"],
  ])("of %s begin with %s", (model, smaller) => {
    expect(siblingsOf(model)[0]).toBe(smaller);
  });

  it.each(["anthropic/claude-haiku-4-5", "openai/gpt-5-nano", "openai/gpt-4o-mini", "deepseek/deepseek-r1", ""])(
    "are none of %j",
    (model) => {
      expect(siblingsOf(model)).toEqual([]);
    },
  );
});

describe("spellings", () => {
  it("are read back as the model that they spell", () => {
    for (const model of ["anthropic/claude-sonnet-4-5", "anthropic/claude-haiku-4-5", "anthropic/claude-opus-4-5"])
      for (const id of [...spellingsAt("aws.bedrock", model), ...spellingsAt("anthropic", model)])
        expect(identifyModel(id).name, id).toBe(model);
  });
});
