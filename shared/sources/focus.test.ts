import { describe, expect, it } from "vitest";
import { focus } from "./focus.ts";

const row = {
  ProviderName: "AWS",
  ServiceName: "Amazon Bedrock",
  ServiceCategory: "AI and Machine Learning",
  BillingCurrency: "USD",
  BilledCost: "1.5",
  ChargePeriodStart: "2026-11-03T00:00:00Z",
  ChargePeriodEnd: "2026-11-04T00:00:00Z",
};

function read(given: object) {
  const reading = focus.read({ ...row, ...given });
  return "activities" in reading ? reading.activities[0] : expect.fail(reading.rejected);
}

describe("FOCUS rows", () => {
  it.each([
    [{}, "aws.bedrock"],
    [{ ProviderName: "Microsoft", ServiceName: "Azure OpenAI" }, "azure.ai.openai"],
    [{ ProviderName: "Google Cloud", ServiceName: "Gemini API" }, "gcp.gemini"],
    [{ ProviderName: "Oracle Cloud Infrastructure", ServiceName: "Generative AI" }, "oci.generative_ai"],
    [{ ProviderName: undefined, ServiceProviderName: "Anthropic" }, "anthropic"],
    [{ ProviderName: "Mistral" }, "mistral_ai"],
    [{ ProviderName: "X.AI" }, "x_ai"],
    [{ ServiceName: "Amazon SageMaker" }, undefined],
    [{ ProviderName: "Snowflake", ServiceCategory: "Databases" }, undefined],
    [{ ProviderName: "" }, undefined],
  ])("%j go through %s", (given, provider) => {
    expect(read(given)?.provider).toBe(provider);
  });

  it("count what is billed, not what a commitment makes of it", () => {
    expect(read({ EffectiveCost: "9" })?.cost?.nanoUsd).toBe(1_500_000_000);
    expect(read({ ChargeCategory: "Credit", BilledCost: "-0.25" })?.cost?.nanoUsd).toBe(-250_000_000);
  });

  it("in another currency are dollars only where the row says how many", () => {
    expect(read({ BillingCurrency: "EUR", x_BilledCostInUsd: "1.7" })?.cost?.nanoUsd).toBe(1_700_000_000);
    expect(read({ BillingCurrency: "EUR" })).toMatchObject({ labels: { currency: "EUR", amount: "1.5" } });
  });

  it("replace a row that is delivered again with another amount, and no other", () => {
    expect(read({ BilledCost: "2" })?.uid).toBe(read({})?.uid);
    for (const other of [
      { ChargeClass: "Correction" },
      { SkuPriceId: "2" },
      { ResourceId: "a" },
      { Tags: { team: "a" } },
      { SubAccountId: "b" },
    ])
      expect(read(other)?.uid).not.toBe(read({})?.uid);
  });

  it("are no bill where Gnomon wrote them", () => {
    expect(read({ x_CostBasis: "estimated" })).toBeUndefined();
  });

  it("write a subscription of Azure as its own log does", () => {
    const account = read({ SubAccountId: "/subscriptions/3F2A-B1C4" })?.account;
    expect(account).toEqual({ uid: "3f2a-b1c4" });
  });
});
