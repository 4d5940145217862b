/**
 * Google Cloud Billing export to BigQuery, standard or detailed: rows of the tables `gcp_billing_export_v1_…` and
 * `gcp_billing_export_resource_v1_…` as BigQuery writes them to JSON.
 *
 * Shape: docs.cloud.google.com, "Schema of the standard usage cost data" and "… detailed …" (2026-10).
 * Limits: rows are only ever added, hours to days after the use: a correction is a row of its own, also a negative
 * one, and so is a row that says the rest of an hour. They are told apart by everything in them, so that a row
 * delivered twice is one. Credits stand within a row and are taken off its cost.
 */
import { z } from "zod";
import { type AiCharge, googleCharge, regionOfCharge } from "../model/ai-charges.ts";
import { fromIsoTime, type NanoUsd, toDecimalUsd } from "../model/units.ts";
import { billed, decimal, defineSource, labels, maybe, maybeText } from "./source.ts";

/** Some tools write numbers of BigQuery as text. */
const Credit = z.object({ amount: decimal });

const tagList = z.preprocess(
  (given) =>
    Array.isArray(given)
      ? Object.fromEntries(given.flatMap((tag) => (isTag(tag) ? [[tag.key, tag.value]] : [])))
      : given,
  labels.optional().catch(undefined),
);

const Row = z.object({
  billing_account_id: maybeText,
  service: z.object({ id: maybeText, description: maybeText }),
  sku: z.object({ id: maybeText, description: maybeText }),
  usage_start_time: z.string(),
  /** Exclusive. */
  usage_end_time: z.string(),
  export_time: maybeText,
  project: maybe(z.object({ id: maybeText, name: maybeText })),
  labels: tagList,
  location: maybe(z.object({ location: maybeText, region: maybeText })),
  resource: maybe(z.object({ global_name: maybeText, name: maybeText })),
  invoice: maybe(z.object({ month: maybeText })),
  cost_type: maybeText,
  cost: decimal,
  currency: maybeText,
  /** Units of `currency` for a dollar; 1 for dollars. */
  currency_conversion_rate: decimal,
  credits: maybe(z.array(Credit)),
  usage: maybe(z.object({ amount: decimal, unit: maybeText })),
  adjustment_info: maybe(z.object({ id: maybeText })),
});

export const gcpBillingExport = defineSource({
  id: "gcp.billing-export",
  title: "Google Cloud Billing export",
  view: "usage",

  recognises: ({ billing_account_id, service, sku, usage_start_time }) =>
    typeof billing_account_id === "string" &&
    typeof service === "object" &&
    typeof sku === "object" &&
    usage_start_time !== undefined,

  record: Row,

  normalize: (row) => {
    const found = googleCharge({
      service: row.service.description ?? "",
      sku: row.sku.description ?? "",
      resource: row.resource?.global_name ?? "",
    });
    if (!found) return [];
    const startTime = fromIsoTime(row.usage_start_time);
    const endTime = fromIsoTime(row.usage_end_time);
    if (startTime === undefined || endTime === undefined || endTime < startTime)
      return { rejected: "usage_start_time, usage_end_time: expected an interval in ISO 8601" };
    const bill = billOf(row);
    if (!bill) return { rejected: "cost, credits: expected decimal numbers" };

    return [
      {
        identity: [
          "gcp",
          "billing",
          row.billing_account_id,
          row.service.id,
          row.sku.id ?? row.sku.description,
          row.project?.id,
          startTime,
          endTime,
          // Exports of the table and queries of it write one time in different ways.
          fromIsoTime(row.export_time ?? "") ?? row.export_time,
          row.location?.location ?? row.location?.region,
          row.resource?.global_name ?? row.resource?.name,
          row.invoice?.month,
          row.cost_type,
          row.adjustment_info?.id,
          row.cost,
          row.usage?.amount,
          JSON.stringify(row.labels ?? {}),
        ],
        kind: "bucket",
        startTime,
        endTime,
        count: 0,
        operation: row.sku.description ?? row.service.description ?? "cost",
        provider: found.provider,
        account: row.project?.id ? { uid: row.project.id, name: row.project.name } : undefined,
        organization: row.billing_account_id ? { uid: row.billing_account_id } : undefined,
        model: found.model,
        deployment: row.resource?.global_name
          ? { uid: row.resource.global_name, name: row.resource.name }
          : undefined,
        region: regionOf(row.location?.region ?? row.location?.location, found),
        cost: bill.cost,
        labels: {
          ...row.labels,
          ...labels.parse({
            costType: row.cost_type,
            invoiceMonth: row.invoice?.month,
            quantity: row.usage?.amount,
            unit: row.usage?.unit,
          }),
          ...bill.labels,
        },
      },
    ];
  },
});

function regionOf(location: string | undefined, found: AiCharge): ReturnType<typeof regionOfCharge> {
  return location === "global" ? { scope: "global" } : regionOfCharge(location, found);
}

/**
 * The cost less its credits. In another currency Google mostly tells the rate by which it got there from dollars, so that
 * the way back is no guess.
 */
function billOf({
  cost,
  credits,
  currency = "USD",
  currency_conversion_rate,
}: z.output<typeof Row>): ReturnType<typeof billed> {
  const bill = billed("gcp.billing-export", cost, currency);
  if (!bill) return undefined;
  let local = 0;
  for (const amount of [cost, ...(credits ?? []).map((credit) => credit.amount)]) {
    const part = billed("gcp.billing-export", amount, "USD")?.cost;
    if (!part) return undefined;
    local += part.nanoUsd;
  }
  const rate = currency.toUpperCase() === "USD" ? 1 : Number(currency_conversion_rate);
  if (!(rate > 0)) return billed("gcp.billing-export", toDecimalUsd(local as NanoUsd), currency);
  const nanoUsd = Math.round(local / rate) + 0; // no -0
  if (!Number.isSafeInteger(nanoUsd)) return undefined;
  return {
    cost: { nanoUsd: nanoUsd as NanoUsd, basis: "billed", priceSource: "gcp.billing-export" },
  };
}

const isTag = (tag: unknown): tag is { readonly key: string; readonly value: unknown } =>
  typeof tag === "object" && tag !== null && "key" in tag && typeof tag.key === "string" && "value" in tag;
