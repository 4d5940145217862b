import { describe, expect, it } from "vitest";
import { awsCur } from "./aws-cur.ts";

const today = {
  bill_payer_account_id: "999988887777",
  line_item_usage_account_id: "111122223333",
  line_item_usage_start_date: "2026-11-03T05:00:00.000Z",
  line_item_usage_end_date: "2026-11-03T06:00:00.000Z",
  line_item_line_item_type: "Usage",
  line_item_product_code: "AmazonBedrock",
  line_item_usage_type: "USE1-Claude4.6Sonnet-input-tokens",
  line_item_operation: "InvokeModelInference",
  line_item_currency_code: "USD",
  line_item_unblended_cost: "0.1",
  resource_tags: '{"user_team":"search"}',
};
const legacy = {
  "bill/PayerAccountId": "999988887777",
  "lineItem/UsageAccountId": "111122223333",
  "lineItem/UsageStartDate": "2026-11-03T05:00:00Z",
  "lineItem/UsageEndDate": "2026-11-03T06:00:00Z",
  "lineItem/LineItemType": "Usage",
  "lineItem/ProductCode": "AmazonBedrock",
  "lineItem/UsageType": "USE1-Claude4.6Sonnet-input-tokens",
  "lineItem/Operation": "InvokeModelInference",
  "lineItem/CurrencyCode": "USD",
  "lineItem/UnblendedCost": "0.1",
  "resourceTags/user:team": "search",
};

function read(line: object) {
  const reading = awsCur.read(line);
  return "activities" in reading ? reading.activities[0] : expect.fail(reading.rejected);
}

describe("the Cost and Usage Report", () => {
  it("says the same of one line in CUR 2.0, in the legacy report and in Athena's columns of it", () => {
    expect(read(legacy)).toEqual(read(today));
    const { resource_tags: _, ...athena } = today;
    expect(read({ ...athena, resource_tags_user_team: "search" })).toEqual(read(today));
  });

  it("replaces a line that a later delivery restates under another id", () => {
    const later = { ...today, line_item_unblended_cost: "0.2", identity_line_item_id: "other" };
    expect(read(later)?.uid).toBe(read(today)?.uid);
  });

  it.each([
    ["line_item_usage_start_date", "2026-11-03T04:00:00Z"],
    ["line_item_usage_account_id", "444455556666"],
    ["line_item_line_item_type", "EdpDiscount"],
    ["line_item_usage_type", "USE1-Claude4.6Sonnet-output-tokens"],
    ["line_item_resource_id", "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a"],
    ["line_item_iam_principal", "arn:aws:iam::111122223333:user/alice"],
    ["resource_tags", '{"user_team":"data"}'],
    ["pricing_rate_code", "TIER2"],
  ])("keeps lines apart that differ in %s", (column, value) => {
    expect(read({ ...today, [column]: value })?.uid).not.toBe(read(today)?.uid);
  });

  it("names the caller where the export was told to", () => {
    const principal = "arn:aws:sts::111122223333:assumed-role/search-api/session-1";
    expect(read({ ...today, line_item_iam_principal: principal })?.actor).toMatchObject({
      issuerUid: "arn:aws:iam::111122223333:role/search-api",
      sessionUid: principal,
    });
  });

  it("is silent about what is no model, also where the line could not be read", () => {
    const machine = { ...today, line_item_product_code: "AmazonEC2", line_item_usage_type: "BoxUsage" };
    expect(awsCur.read(machine)).toEqual({ activities: [] });
    expect(awsCur.read({ ...machine, line_item_unblended_cost: "" })).toEqual({ activities: [] });
  });
});
