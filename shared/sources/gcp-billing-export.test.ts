import { describe, expect, it } from "vitest";
import { gcpBillingExport } from "./gcp-billing-export.ts";

const row = {
  billing_account_id: "01B1C4-000000-0000AA",
  service: { id: "C7E2-9256-1C43", description: "Vertex AI" },
  sku: { id: "1111", description: "Generate content input token count gemini 2.5 flash short input text" },
  usage_start_time: "2026-11-03 08:00:00 UTC",
  usage_end_time: "2026-11-03 09:00:00 UTC",
  export_time: "2026-11-03 14:02:11.123456 UTC",
  project: { id: "birch-prod" },
  cost: 1.5,
  currency: "USD",
};

function read(given: object) {
  const reading = gcpBillingExport.read({ ...row, ...given });
  return "activities" in reading ? reading.activities[0] : expect.fail(reading.rejected);
}

describe("Google's billing export", () => {
  it("takes credits off the cost", () => {
    expect(read({ credits: [{ amount: -0.5 }, { amount: "-0.1" }] })?.cost?.nanoUsd).toBe(900_000_000);
  });

  it("goes back to dollars by the rate that the row tells, and without one leaves euros, less their credits", () => {
    const euro = { currency: "EUR", cost: 4, credits: [{ amount: -0.8 }] };
    expect(read({ ...euro, currency_conversion_rate: 0.8 })?.cost?.nanoUsd).toBe(4_000_000_000);
    expect(read(euro)).toMatchObject({ labels: { currency: "EUR", amount: "3.2" } });
    expect(read(euro)?.cost).toBeUndefined();
  });

  it("adds rows: the rest of an hour and a correction are rows of their own, a row delivered twice is one", () => {
    expect(read({ export_time: "2026-11-03T14:02:11.123456Z" })?.uid).toBe(read({})?.uid);
    for (const other of [
      { export_time: "2026-11-04 02:00:00 UTC" },
      { cost: 0.5 },
      { cost_type: "adjustment" },
      { labels: [{ key: "team", value: "search" }] },
    ])
      expect(read(other)?.uid).not.toBe(read({})?.uid);
  });

  it("rejects a credit that is no number", () => {
    expect(gcpBillingExport.read({ ...row, credits: [{ amount: "some" }] })).toEqual({
      rejected: "cost, credits: expected decimal numbers",
    });
  });
});
