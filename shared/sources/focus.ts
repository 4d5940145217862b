/**
 * FOCUS: rows of cost and usage in the FinOps Foundation's form, 1.0 to 1.4, of any vendor, as CSV or JSON.
 *
 * Shape: FOCUS specification 1.2, "CostAndUsage" (2025-05); columns that 1.3 renamed, and those beginning with `x_` by
 * which AWS and Microsoft keep their own usage types and meters.
 * Limits: as exact and as late as its vendor. `BilledCost` counts: a commitment paid upfront is billed on the day of
 * its purchase and its use at 0. A row has no id: what it is about identifies it. The clouds' rows are told to be
 * about AI by service and meter, as in the clouds' own exports; others' by their service category.
 */
import { z } from "zod";
import {
  type AiCharge,
  awsCharge,
  azureCharge,
  type ChargeWords,
  googleCharge,
  oracleCharge,
  regionOfCharge,
} from "../model/ai-charges.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { identifyModel } from "../model/identify-model.ts";
import { modelCharged } from "../model/model-in-words.ts";
import { fromIsoDate } from "../model/units.ts";
import { billed, decimal, defineSource, jsonText, labels, loose, maybe, maybeText } from "./source.ts";

const Charge = z.object({
  ProviderName: maybeText,
  /** 1.3's word for it. */
  ServiceProviderName: maybeText,
  PublisherName: maybeText,
  InvoiceIssuerName: maybeText,
  BillingAccountId: maybeText,
  BillingCurrency: z.string(),
  SubAccountId: maybeText,
  SubAccountName: maybeText,
  ChargePeriodStart: z.string(),
  /** Exclusive. */
  ChargePeriodEnd: z.string(),
  ChargeCategory: maybeText,
  ChargeClass: maybeText,
  ChargeDescription: maybeText,
  ChargeFrequency: maybeText,
  ServiceCategory: maybeText,
  ServiceName: maybeText,
  SkuId: maybeText,
  SkuPriceId: maybeText,
  SkuMeter: maybeText,
  PricingCategory: maybeText,
  CommitmentDiscountId: maybeText,
  CommitmentDiscountStatus: maybeText,
  RegionId: maybeText,
  ResourceId: maybeText,
  ResourceName: maybeText,
  ResourceType: maybeText,
  BilledCost: decimal,
  ConsumedQuantity: decimal,
  ConsumedUnit: maybeText,
  Tags: loose(jsonText(maybe(labels))),
  /** AWS. */
  x_UsageType: maybeText,
  x_Operation: maybeText,
  /** Microsoft. */
  x_SkuMeterCategory: maybeText,
  x_SkuMeterSubcategory: maybeText,
  x_SkuMeterName: maybeText,
  x_BilledCostInUsd: decimal,
  /** Used by several vendors of models. */
  x_ModelId: maybeText,
  /** Gnomon's own, in what it exports. */
  x_CostBasis: maybeText,
});
type Charge = z.output<typeof Charge>;

export const focus = defineSource({
  id: "focus",
  title: "FOCUS cost and usage",
  view: "usage",

  recognises: (row) => "BilledCost" in row && "ChargePeriodStart" in row && "ServiceName" in row,

  record: Charge,

  normalize: (charge) => {
    const found = chargeOf(charge);
    // What Gnomon exported is no news to it, and no bill.
    if (!found || charge.x_CostBasis !== undefined) return [];
    const startTime = fromIsoDate(charge.ChargePeriodStart);
    const endTime = fromIsoDate(charge.ChargePeriodEnd);
    if (startTime === undefined || endTime === undefined || endTime < startTime)
      return { rejected: "ChargePeriodStart, ChargePeriodEnd: expected an interval in ISO 8601" };
    const bill =
      billed("focus", charge.x_BilledCostInUsd, "USD") ??
      billed("focus", charge.BilledCost, charge.BillingCurrency || "USD");
    if (!bill) return { rejected: "BilledCost: expected a decimal number" };

    const sku = skuOf(charge);
    // Microsoft's is a path in any case.
    const subscription = /^\/?subscriptions\/(.+)$/i.exec(charge.SubAccountId ?? "")?.[1]?.toLowerCase();
    const account = subscription ?? charge.SubAccountId;
    const region = charge.RegionId?.toLowerCase();
    return [
      {
        identity: [
          "focus",
          vendorOf(charge),
          charge.BillingAccountId,
          account,
          startTime,
          endTime,
          charge.ChargeCategory,
          charge.ChargeClass,
          charge.ChargeFrequency,
          charge.ServiceName,
          charge.SkuId,
          charge.SkuPriceId,
          sku,
          charge.x_Operation,
          charge.PricingCategory,
          charge.CommitmentDiscountId,
          charge.CommitmentDiscountStatus,
          region,
          charge.ResourceId,
          charge.x_ModelId,
          canonicalJson(charge.Tags ?? {}),
        ],
        kind: "bucket",
        startTime,
        endTime,
        count: 0,
        operation: sku ?? charge.ServiceName ?? "cost",
        provider: found.provider,
        account: account ? { uid: account, name: charge.SubAccountName } : undefined,
        organization: charge.BillingAccountId ? { uid: charge.BillingAccountId } : undefined,
        model: found.model,
        deployment: { uid: charge.ResourceId, name: charge.ResourceName, type: charge.ResourceType },
        region: regionOfCharge(region, found),
        cost: bill.cost,
        labels: {
          ...charge.Tags,
          ...labels.parse({
            chargeCategory: charge.ChargeCategory,
            chargeClass: charge.ChargeClass,
            quantity: charge.ConsumedQuantity,
            unit: charge.ConsumedUnit,
          }),
          ...bill.labels,
        },
      },
    ];
  },
});

const skuOf = ({ x_UsageType, x_SkuMeterName, SkuMeter, ChargeDescription }: Charge): string | undefined =>
  x_UsageType ?? x_SkuMeterName ?? SkuMeter ?? ChargeDescription;

const vendorOf = ({ ServiceProviderName, ProviderName, PublisherName, InvoiceIssuerName }: Charge) =>
  ServiceProviderName ?? ProviderName ?? PublisherName ?? InvoiceIssuerName ?? "";

const clouds: readonly (readonly [RegExp, (words: ChargeWords) => AiCharge | undefined])[] = [
  [/\b(?:aws|amazon)/i, awsCharge],
  [/microsoft|azure/i, azureCharge],
  [/google/i, googleCharge],
  [/oracle|\boci\b/i, oracleCharge],
];

/** Where a vendor's name is not the door's. */
const doors: Readonly<Record<string, string>> = {
  mistral: "mistral_ai",
  together: "together_ai",
  xai: "x_ai",
  fireworks: "fireworks_ai",
};

function chargeOf(charge: Charge): AiCharge | undefined {
  const vendor = vendorOf(charge);
  const service = [charge.ServiceName, charge.x_SkuMeterCategory, charge.x_SkuMeterSubcategory]
    .filter((words) => words !== undefined)
    .join(" ");
  const cloud = clouds.find(([name]) => name.test(vendor))?.[1];
  if (cloud) return cloud({ service, sku: skuOf(charge) ?? "", resource: charge.ResourceId ?? "" });
  const name = vendor
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  if (charge.ServiceCategory !== "AI and Machine Learning" || name === "") return undefined;
  const said = charge.x_ModelId === undefined ? undefined : identifyModel(charge.x_ModelId);
  const model = said ?? modelCharged(skuOf(charge) ?? "") ?? modelCharged(charge.ChargeDescription ?? "");
  return { provider: doors[name] ?? name, ...(model ? { model } : {}) };
}
