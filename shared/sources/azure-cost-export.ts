/**
 * Azure Cost Management exports: rows of the actual or amortized cost and usage details, CSV or JSON, of Enterprise
 * Agreements, Microsoft Customer Agreements and pay-as-you-go, whose columns differ in names and in case.
 *
 * Shape: learn.microsoft.com, "Cost and usage details file schema", EA 2024-08-01, MCA 2023-12-01-preview, PAYG
 * 2019-11-01 (read 2026-11).
 * Limits: by the day, complete some 24 to 36 hours after its end, and restated until the month is invoiced; an export
 * of the month to date replaces itself row by row. Actual and amortized cost are two tellings of the same dollars:
 * collect one of them. Azure names the subscription and the resource, never who called.
 */
import { z } from "zod";
import { azureCharge, regionOfCharge } from "../model/ai-charges.ts";
import { DAY_MS, type EpochMs, fromIsoDate, toEpochMs } from "../model/units.ts";
import { billed, decimal, defineSource, labels, loose, maybeText } from "./source.ts";

type Row = Readonly<Record<string, unknown>>;

/** Under the names of all schemas, in lower case. */
const Charge = z.object({
  date: maybeText,
  usagedatetime: maybeText,
  subscriptionid: maybeText,
  subscriptionguid: maybeText,
  subscriptionname: maybeText,
  resourceid: maybeText,
  instanceid: maybeText,
  resourcelocation: maybeText,
  metercategory: maybeText,
  metersubcategory: maybeText,
  meterid: maybeText,
  metername: maybeText,
  productname: maybeText,
  product: maybeText,
  productorderid: maybeText,
  publishername: maybeText,
  chargetype: maybeText,
  pricingmodel: maybeText,
  frequency: maybeText,
  costinusd: decimal,
  costinbillingcurrency: decimal,
  cost: decimal,
  pretaxcost: decimal,
  billingcurrency: maybeText,
  billingcurrencycode: maybeText,
  currency: maybeText,
  quantity: decimal,
  usagequantity: decimal,
  unitofmeasure: maybeText,
  costcenter: maybeText,
  reservationid: maybeText,
  benefitid: maybeText,
  tags: loose(z.preprocess(tagsWritten, labels)),
});

export const azureCostExport = defineSource({
  id: "azure.cost-export",
  title: "Azure cost export",
  view: "usage",

  recognises: (row) =>
    "MeterCategory" in row || "meterCategory" in row
      ? "CostInBillingCurrency" in row || "costInBillingCurrency" in row || "Cost" in row || "PreTaxCost" in row
      : "metercategory" in row,

  record: z.preprocess((row) => (isRow(row) ? inLowerCase(row) : row), Charge),

  normalize: (charge) => {
    const resource = (charge.resourceid ?? charge.instanceid)?.toLowerCase();
    const meter = charge.metername ?? "";
    const found = azureCharge({
      service: [
        charge.metercategory,
        charge.metersubcategory,
        charge.productname ?? charge.product,
        charge.publishername,
      ]
        .filter((words) => words !== undefined)
        .join(" "),
      sku: meter,
      resource: resource ?? "",
    });
    if (!found) return [];
    const startTime = dayOf(charge.date ?? charge.usagedatetime ?? "");
    const endTime = startTime === undefined ? undefined : toEpochMs(startTime + DAY_MS);
    if (startTime === undefined || endTime === undefined) return { rejected: "date: expected a day" };
    const bill =
      billed("azure.cost-export", charge.costinusd, "USD") ??
      billed(
        "azure.cost-export",
        charge.costinbillingcurrency ?? charge.cost ?? charge.pretaxcost,
        charge.billingcurrency ?? charge.billingcurrencycode ?? charge.currency ?? "USD",
      );
    if (!bill) return { rejected: "costInBillingCurrency: expected a decimal number" };

    const subscription = (charge.subscriptionid ?? charge.subscriptionguid)?.toLowerCase();
    const accountName = resource && /\/microsoft\.cognitiveservices\/accounts\/([^/]+)$/.exec(resource)?.[1];
    return [
      {
        identity: [
          "azure",
          "cost",
          subscription,
          startTime,
          resource,
          charge.meterid ?? meter,
          charge.chargetype,
          charge.pricingmodel,
          charge.frequency,
          charge.productorderid,
          charge.reservationid ?? charge.benefitid,
          charge.costcenter,
          JSON.stringify(charge.tags ?? {}),
        ],
        kind: "bucket",
        startTime,
        endTime,
        count: 0,
        operation: meter || (charge.chargetype ?? "cost"),
        provider: found.provider,
        account: subscription ? { uid: subscription, name: charge.subscriptionname } : undefined,
        project: accountName ? { uid: resource, name: accountName } : undefined,
        model: found.model,
        region: regionOfCharge(charge.resourcelocation?.toLowerCase().replaceAll(" ", ""), found),
        cost: bill.cost,
        labels: {
          ...charge.tags,
          ...labels.parse({
            chargeType: charge.chargetype,
            costCenter: charge.costcenter,
            quantity: charge.quantity ?? charge.usagequantity,
            unit: charge.unitofmeasure,
          }),
          ...bill.labels,
        },
      },
    ];
  },
});

const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function inLowerCase(row: Row): Row {
  const kept: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) {
    const name = column.toLowerCase();
    if (Object.hasOwn(Charge.shape, name)) kept[name] = value;
  }
  return kept;
}

/** `{"team":"search"}` or, in Enterprise Agreements, `"team": "search"` without the braces. */
function tagsWritten(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (text === "") return undefined;
  try {
    return JSON.parse(text.startsWith("{") ? text : `{${text}}`) as unknown;
  } catch {
    return undefined;
  }
}

const US_DATE = /^(\d{2})\/(\d{2})\/(\d{4})$/;

function dayOf(text: string): EpochMs | undefined {
  const [, month, day, year] = US_DATE.exec(text) ?? [];
  const time = fromIsoDate(year === undefined ? text : `${year}-${month}-${day}`);
  return time === undefined ? undefined : toEpochMs(time - (time % DAY_MS));
}
