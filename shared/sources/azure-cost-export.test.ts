import { describe, expect, it } from "vitest";
import { azureCostExport } from "./azure-cost-export.ts";

const row = {
  SubscriptionId: "3F2A0000-0000-4000-8000-00000000B1C4",
  Date: "11/03/2026",
  MeterCategory: "Foundry Models",
  MeterSubCategory: "Azure OpenAI",
  MeterName: "gpt 4o 1120 Inp glbl Tokens",
  CostInBillingCurrency: "1.5",
  BillingCurrencyCode: "USD",
  Tags: "",
};

function read(given: object) {
  const reading = azureCostExport.read({ ...row, ...given });
  return "activities" in reading ? reading.activities[0] : expect.fail(reading.rejected);
}

describe("Azure's cost export", () => {
  it("writes days in two ways", () => {
    expect(read({})?.startTime).toBe(Date.UTC(2026, 10, 3));
    expect(read({ Date: "2026-11-03" })).toEqual(read({}));
    expect(azureCostExport.read({ ...row, Date: "3 Nov" })).toEqual({ rejected: "date: expected a day" });
  });

  it("is in dollars where the row says how many, whatever the currency of the bill", () => {
    const euro = { BillingCurrencyCode: "EUR" };
    expect(read({ ...euro, costInUsd: "1.7" })).toMatchObject({ cost: { nanoUsd: 1_700_000_000 } });
    expect(read({ ...euro, costInUsd: "" })?.cost).toBeUndefined();
    expect(read(euro)?.labels).toEqual({ currency: "EUR", amount: "1.5" });
  });

  it("writes tags with and without braces, and what is no tag costs no row", () => {
    for (const Tags of ['{"team":"search"}', '"team": "search"'])
      expect(read({ Tags })?.labels).toEqual({ team: "search" });
    expect(read({ Tags: "team=search" })?.labels).toBeUndefined();
  });

  it("is of the account that the account's own log names", () => {
    const path = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.CognitiveServices/accounts/Birch";
    expect(read({ ResourceId: path })).toMatchObject({
      provider: "azure.ai.openai",
      account: { uid: row.SubscriptionId.toLowerCase() },
      project: { uid: path.toLowerCase(), name: "birch" },
    });
  });

  it("replaces a row of the month that a later export restates", () => {
    expect(read({ CostInBillingCurrency: "2" })?.uid).toBe(read({})?.uid);
    expect(read({ ChargeType: "Refund" })?.uid).not.toBe(read({})?.uid);
  });
});
