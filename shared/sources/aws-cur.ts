/**
 * AWS Cost and Usage Report: lines of CUR 2.0 (Data Exports) and of the legacy report, as CSV or JSON rows, under
 * the names of either or of Athena's tables.
 *
 * Shape: AWS Data Exports User Guide, "Cost and Usage Report (CUR) 2.0" and "data dictionary" of the legacy report;
 * Amazon Bedrock User Guide, "Understanding your CUR data" (2026-10).
 * Limits: delivered at least daily, lines of a month change until its invoice, and each delivery holds the month anew.
 * AWS does not keep the ids of lines over deliveries: what a line is about identifies it, so that a delivery replaces
 * the one before. Not so a line that a later delivery no longer has. Principals are named only where the export was
 * told to (`line_item_iam_principal`); discounts and credits are lines of their own.
 */
import { z } from "zod";
import { awsCharge, regionOfCharge } from "../model/ai-charges.ts";
import { actorOfArn, credentialOfArn, deploymentOf } from "../model/aws-bedrock.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { fromIsoTime } from "../model/units.ts";
import { billed, decimal, defineSource, jsonText, labels, loose, maybe, maybeText } from "./source.ts";

type Row = Readonly<Record<string, unknown>>;

/** Columns by the names of CUR 2.0, and by those of the legacy report where they are not just written otherwise. */
const columns = {
  bill_payer_account_id: "bill/PayerAccountId",
  line_item_usage_account_id: "lineItem/UsageAccountId",
  line_item_usage_account_name: "lineItem/UsageAccountName",
  line_item_usage_start_date: "lineItem/UsageStartDate",
  line_item_usage_end_date: "lineItem/UsageEndDate",
  line_item_line_item_type: "lineItem/LineItemType",
  line_item_product_code: "lineItem/ProductCode",
  line_item_usage_type: "lineItem/UsageType",
  line_item_operation: "lineItem/Operation",
  line_item_resource_id: "lineItem/ResourceId",
  line_item_iam_principal: "lineItem/IamPrincipal",
  line_item_usage_amount: "lineItem/UsageAmount",
  line_item_currency_code: "lineItem/CurrencyCode",
  line_item_unblended_cost: "lineItem/UnblendedCost",
  product_product_name: "product/ProductName",
  product_region_code: "product/regionCode",
  pricing_rate_code: "pricing/RateCode",
} as const;

/** Before the names of tags: in CUR 2.0 a column of its own, elsewhere a column for each. */
const TAG_COLUMN = /^(?:resourceTags\/|resource_tags_)(.+)$/;
/** Between them and the name that a customer gave. */
const USER_TAG = /^user[:_]/;

const Line = z.object({
  bill_payer_account_id: maybeText,
  line_item_usage_account_id: maybeText,
  line_item_usage_account_name: maybeText,
  line_item_usage_start_date: z.string(),
  /** Exclusive. */
  line_item_usage_end_date: z.string(),
  /** `Usage`, `DiscountedUsage`, `Tax`, `Credit`, `EdpDiscount`, … */
  line_item_line_item_type: maybeText,
  line_item_product_code: maybeText,
  line_item_usage_type: maybeText,
  line_item_operation: maybeText,
  line_item_resource_id: maybeText,
  line_item_iam_principal: maybeText,
  line_item_usage_amount: decimal,
  line_item_currency_code: maybeText,
  line_item_unblended_cost: decimal,
  product_product_name: maybeText,
  product_region_code: maybeText,
  pricing_rate_code: maybeText,
  /** CUR 2.0 has it as a map: text in CSV. */
  product: loose(jsonText(maybe(z.object({ product_name: maybeText, region: maybeText })))),
  resource_tags: loose(jsonText(maybe(labels))),
});

export const awsCur = defineSource({
  id: "aws.cur",
  title: "AWS Cost and Usage Report",
  view: "usage",

  recognises: (row) =>
    ("line_item_unblended_cost" in row && "line_item_usage_start_date" in row) ||
    ("lineItem/UnblendedCost" in row && "lineItem/UsageStartDate" in row),

  record: z.preprocess((row) => (isRow(row) ? inNamesOfToday(row) : row), Line),

  normalize: (line) => {
    const usageType = line.line_item_usage_type ?? "";
    const resource = line.line_item_resource_id;
    const words = { sku: usageType, resource: resource ?? "" };
    const found =
      awsCharge({ ...words, service: line.product?.product_name ?? line.product_product_name ?? "" }) ??
      awsCharge({ ...words, service: line.line_item_product_code ?? "" });
    if (!found) return [];
    const startTime = fromIsoTime(line.line_item_usage_start_date);
    const endTime = fromIsoTime(line.line_item_usage_end_date);
    if (startTime === undefined || endTime === undefined || endTime < startTime)
      return { rejected: "line_item_usage_start_date, …_end_date: expected an interval in ISO 8601" };
    const bill = billed("aws.cur", line.line_item_unblended_cost, line.line_item_currency_code ?? "USD");
    if (!bill) return { rejected: "line_item_unblended_cost: expected a decimal number" };

    const account = line.line_item_usage_account_id ?? line.bill_payer_account_id;
    const tags = Object.fromEntries(
      Object.entries(line.resource_tags ?? {}).map(([name, value]) => [name.replace(USER_TAG, ""), value]),
    );
    const principal = line.line_item_iam_principal?.startsWith("arn:") ? line.line_item_iam_principal : undefined;
    return [
      {
        identity: [
          "aws",
          "cur",
          line.bill_payer_account_id,
          account,
          startTime,
          endTime,
          line.line_item_line_item_type,
          line.line_item_product_code,
          usageType,
          line.line_item_operation,
          resource,
          line.line_item_iam_principal,
          line.pricing_rate_code,
          canonicalJson(tags),
        ],
        kind: "bucket",
        startTime,
        endTime,
        count: 0,
        operation: usageType || (line.line_item_line_item_type ?? "cost"),
        provider: found.provider,
        account: account ? { uid: account, name: line.line_item_usage_account_name } : undefined,
        organization: line.bill_payer_account_id ? { uid: line.bill_payer_account_id } : undefined,
        actor: principal ? actorOfArn(principal) : undefined,
        credential: principal ? credentialOfArn(principal) : undefined,
        model: found.model,
        deployment: resource?.startsWith("arn:") ? deploymentOf(resource) : undefined,
        region: regionOfCharge(line.product_region_code ?? line.product?.region, found),
        cost: bill.cost,
        labels: {
          ...tags,
          ...labels.parse({ lineItemType: line.line_item_line_item_type, quantity: line.line_item_usage_amount }),
          ...bill.labels,
        },
      },
    ];
  },
});

const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function inNamesOfToday(row: Row): Row {
  const kept: Record<string, unknown> = { product: emptied(row["product"]), resource_tags: tagsIn(row) };
  for (const [name, legacy] of Object.entries(columns)) kept[name] = row[name] ?? row[legacy];
  return kept;
}

function tagsIn(row: Row): unknown {
  const map = emptied(row["resource_tags"]);
  if (map !== undefined) return map;
  const tags = Object.entries(row).flatMap(([column, value]) => {
    const name = column.startsWith("resource") ? TAG_COLUMN.exec(column)?.[1] : undefined;
    return name === undefined ? [] : [[name, value] as const];
  });
  return tags.length > 0 ? Object.fromEntries(tags) : undefined;
}

const emptied = (value: unknown): unknown => (value === "" || value === null ? undefined : value);
