import { describe, expect, it } from "vitest";
import { regionScopeOf } from "./region-scope.ts";

const own = (resource: string) => `arn:aws:bedrock:eu-central-1:111122223333:${resource}`;

describe("where a Bedrock call may run", () => {
  it.each([
    ["anthropic.claude-3-haiku-20240307-v1:0", { scope: "regional" }],
    ["ai21.jamba-1-5-large-v1:0", { scope: "regional" }],
    ["arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-pro-v1:0", { scope: "regional" }],
    [own("provisioned-model/p0q1r2s3t4u5"), { scope: "regional" }],
    [own("custom-model/amazon.titan-text-lite-v1/j0k1l2m3n4o5"), { scope: "regional" }],
    [own("imported-model/q1w2e3r4t5y6"), { scope: "regional" }],
    ["arn:aws:sagemaker:eu-central-1:111122223333:endpoint/llama", { scope: "regional" }],
  ])("is the Region that was called: %s", (modelId, expected) => {
    expect(regionScopeOf(modelId)).toEqual(expected);
  });

  it.each([
    ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us"],
    ["eu.amazon.nova-pro-v1:0", "eu"],
    ["apac.anthropic.claude-3-haiku-20240307-v1:0", "apac"],
    ["jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "jp"],
    ["au.anthropic.claude-sonnet-4-5-20250929-v1:0", "au"],
    ["us-gov.anthropic.claude-3-5-sonnet-20240620-v1:0", "us-gov"],
    [own("inference-profile/us.deepseek.r1-v1:0"), "us"],
    ["arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:inference-profile/us-gov.meta.llama3-8b-v1:0", "us-gov"],
  ])("is a geography where the profile names one: %s", (modelId, geography) => {
    expect(regionScopeOf(modelId)).toEqual({ scope: "geography", geography });
  });

  it.each([
    "global.anthropic.claude-opus-4-5-20251101-v1:0",
    own("inference-profile/global.anthropic.claude-opus-4-5-20251101-v1:0"),
    "arn:aws:bedrock:::foundation-model/anthropic.claude-opus-4-5-20251101-v1:0",
  ])("is anywhere for a global profile: %s", (modelId) => {
    expect(regionScopeOf(modelId)).toEqual({ scope: "global" });
  });

  it.each([
    own("application-inference-profile/k3v9x1q7m2ab"),
    own("default-prompt-router/anthropic.claude:1"),
    own("prompt/ABCDEFGHIJ:1"),
    "claude-sonnet-4-6",
    "",
    "arn:",
  ])("is not claimed where the id does not tell: %s", (modelId) => {
    expect(regionScopeOf(modelId)).toEqual({});
  });

  it("takes a two-part id for a vendor's, even one that begins like a geography", () => {
    expect(regionScopeOf("us.something")).toEqual({ scope: "regional" });
  });
});
