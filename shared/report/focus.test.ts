import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { billedOn, loggedOn } from "../../test/billed-month.ts";
import { usageRows } from "../../test/contract/activity.arbitrary.ts";
import { madeUpReport } from "../../test/made-up-report.ts";
import { fromDecimalUsd } from "../model/units.ts";
import { type FocusRow, focusColumns, focusRows } from "./focus.ts";
import { systemOfRecord } from "./system-of-record.ts";

/** FOCUS 1.2, specification/columns: feature level "Mandatory", and whether nulls are allowed. */
const mandatory: Readonly<Record<string, "null" | "not null">> = {
  BilledCost: "not null",
  BillingAccountId: "not null",
  BillingAccountName: "null",
  BillingCurrency: "not null",
  BillingPeriodEnd: "not null",
  BillingPeriodStart: "not null",
  ChargeCategory: "not null",
  ChargeClass: "null",
  ChargeDescription: "null",
  ChargePeriodEnd: "not null",
  ChargePeriodStart: "not null",
  ContractedCost: "not null",
  EffectiveCost: "not null",
  InvoiceIssuerName: "not null",
  ListCost: "not null",
  PricingQuantity: "null",
  PricingUnit: "null",
  ProviderName: "not null",
  PublisherName: "not null",
  ServiceCategory: "not null",
  ServiceName: "not null",
};
const NUMBER = /^-?\d+(\.\d+)?(E-?\d+)?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const UNIT = /^(\d+ )?[A-Z][a-z]+s$/;

/** The requirements of the specification that a row by itself can break; written from its text, not from our code. */
function faultsIn(row: FocusRow): string[] {
  const faults: string[] = [];
  const demand = (holds: boolean, requirement: string) => {
    if (!holds) faults.push(requirement);
  };
  for (const [column, value] of Object.entries(row)) {
    demand(/^(x_)?[A-Z][A-Za-z]*$/.test(column), `${column} is in Pascal case, a custom one with x_ before it`);
    demand(value === undefined || value.trim() !== "", `${column} is no empty text`);
    if (/(Cost|Quantity|Tokens|Requests)$/.test(column))
      demand(value === undefined || NUMBER.test(value), `${column} is a number in NumericFormat`);
    if (/Period(Start|End)$/.test(column))
      demand(INSTANT.test(value ?? "") && !Number.isNaN(Date.parse(value ?? "")), `${column} is a UTC instant`);
  }
  for (const [column, nulls] of Object.entries(mandatory)) {
    demand(column in row, `${column} is present`);
    if (nulls === "not null") demand(row[column] !== undefined, `${column} is not null`);
  }
  const before = (a: string, b: string) => (row[a] ?? "") < (row[b] ?? "");
  demand(before("ChargePeriodStart", "ChargePeriodEnd"), "the charge period ends after it starts");
  demand(before("BillingPeriodStart", "BillingPeriodEnd"), "the billing period ends after it starts");
  demand(
    (row["BillingPeriodStart"] ?? "") <= (row["ChargePeriodStart"] ?? "") &&
      (row["ChargePeriodEnd"] ?? "") <= (row["BillingPeriodEnd"] ?? ""),
    "the charge period is within the billing period",
  );
  demand(/^[A-Z]{3}$/.test(row["BillingCurrency"] ?? ""), "BillingCurrency is ISO 4217");
  demand(
    ["Usage", "Purchase", "Tax", "Credit", "Adjustment"].includes(row["ChargeCategory"] ?? ""),
    "ChargeCategory is one of the allowed values",
  );
  demand([undefined, "Correction"].includes(row["ChargeClass"]), "ChargeClass is null or Correction");
  demand(row["ServiceCategory"] === "AI and Machine Learning", "ServiceCategory is the one of models");
  demand(row["ServiceSubcategory"] === "Generative AI", "ServiceSubcategory has that parent");
  demand(
    ["Standard", "Dynamic", "Committed", "Other"].includes(row["PricingCategory"] ?? ""),
    "PricingCategory is one of the allowed values",
  );
  for (const kind of ["Pricing", "Consumed"]) {
    demand(row[`${kind}Quantity`] !== undefined, `${kind}Quantity is not null for Usage`);
    demand(UNIT.test(row[`${kind}Unit`] ?? ""), `${kind}Unit is in UnitFormat`);
  }
  demand(row["SkuId"] !== undefined, "SkuId is not null for Usage");
  demand((row["RegionId"] === undefined) === (row["RegionName"] === undefined), "RegionName goes with RegionId");
  demand(
    (row["SubAccountId"] === undefined) === (row["SubAccountType"] === undefined),
    "SubAccountType goes with SubAccountId",
  );
  // Without unit prices a cost of its own must match what was billed.
  for (const cost of ["ListCost", "ContractedCost"])
    demand(row[cost] === row["BilledCost"], `${cost} matches BilledCost`);
  const tags: unknown = row["Tags"] === undefined ? {} : JSON.parse(row["Tags"]);
  demand(
    typeof tags === "object" && tags !== null && Object.values(tags).every((value) => typeof value === "string"),
    "Tags are a flat object",
  );
  return faults;
}

const costOf = (row: FocusRow | undefined) => [row?.["BilledCost"], row?.["x_CostBasis"]];

describe("the FOCUS export", () => {
  it("meets the specification row by row, whatever the rows of usage", () => {
    expect(focusRows(madeUpReport().usage).flatMap(faultsIn)).toEqual([]);
    fc.assert(
      fc.property(usageRows, (rows) => {
        expect(focusRows(rows).flatMap(faultsIn)).toEqual([]);
      }),
    );
  });

  it("has every mandatory column, also of no row at all", () => {
    const headings = focusColumns.map(({ heading }) => heading);
    expect(headings).toEqual(expect.arrayContaining(Object.keys(mandatory)));
    expect(new Set(headings).size).toBe(headings.length);
  });

  it("says in FOCUS' words what one hour of use was", () => {
    const row = loggedOn(3, 0.25, {
      principal: "role/app",
      region: "eu-west-1",
      owner: "Search",
      customer: "acme",
      outputTokens: 200,
      failures: 1,
    });
    expect(focusRows([row])).toEqual([
      expect.objectContaining({
        BilledCost: "0.25",
        EffectiveCost: "0.25",
        BillingPeriodStart: "2026-11-01T00:00:00Z",
        BillingPeriodEnd: "2026-12-01T00:00:00Z",
        ChargePeriodStart: "2026-11-03T12:00:00Z",
        ChargePeriodEnd: "2026-11-03T13:00:00Z",
        ConsumedQuantity: "1200",
        ConsumedUnit: "Tokens",
        ProviderName: "Amazon Web Services",
        PublisherName: "Anthropic",
        ServiceName: "Amazon Bedrock",
        SkuId: "anthropic/claude-sonnet-4-5",
        SubAccountId: "111122223333",
        RegionId: "eu-west-1",
        Tags: '{"owner":"Search","customer":"acme"}',
        x_CostBasis: "estimated",
        x_Principal: "role/app",
        x_Requests: "10",
        x_FailedRequests: "1",
      }),
    ]);
  });

  it("costs what was billed where there is a bill, else the estimate, and says when neither is known", () => {
    const rows = focusRows([
      loggedOn(3, 1),
      billedOn(3, 4),
      loggedOn(4, 2),
      loggedOn(5, 0, { unpricedCalls: 10 }),
      billedOn(6, 7),
    ]);
    expect(rows.map(costOf)).toEqual([
      ["4", "billed"],
      ["2", "estimated"],
      ["0", "unknown"],
      ["7", "billed"],
    ]);
    expect(rows[0]?.["x_EstimatedCost"]).toBe("1");
    expect(rows[3]).toMatchObject({ ConsumedQuantity: "0", ConsumedUnit: "Requests" });
  });

  it("adds up to each dollar once: all bills, and estimates of what was not billed", () => {
    fc.assert(
      fc.property(usageRows, (rows) => {
        const total = (of: readonly FocusRow[]) =>
          of.reduce((sum, row) => sum + (fromDecimalUsd(row["BilledCost"] ?? "") ?? Number.NaN), 0);
        const focus = focusRows(rows);
        const billed = systemOfRecord(rows).billed.reduce((sum, row) => sum + row.billedNanoUsd, 0);
        expect(total(focus.filter((row) => row["x_CostBasis"] === "billed"))).toBe(billed);
      }),
    );
  });

  it("leaves out network contacts, which cost nothing", () => {
    expect(focusRows([loggedOn(3, 0, { view: "network" })])).toEqual([]);
  });
});

describe("the costs of the export", () => {
  it("keep every digit, of negative amounts too", () => {
    expect(focusRows([loggedOn(3, 1), billedOn(3, -0.000000001)])[0]?.["BilledCost"]).toBe("-0.000000001");
  });
});
