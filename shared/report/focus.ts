/**
 * What use cost, as rows of FOCUS 1.2 (FinOps Open Cost and Usage Specification, dataset "Cost and Usage", May 2025):
 * for the tools that finance has, beside the clouds' own exports and in the same words.
 *
 * One row for what one hour holds of one principal, model, door and attribution. Each dollar once: where the vendor has
 * billed, a row's cost is its share of that bill, and bills without a logged call are rows of their own; else it is the
 * estimate. `x_CostBasis` says which. Without unit prices all four costs are the same, as the specification has it.
 * Left out: columns for which Gnomon has no source, such as resources, SKU prices, invoices and commitments.
 */
import { allocate } from "../cost/allocate.ts";
import { monthAround } from "../cost/bill-periods.ts";
import { isPriced, tokensOf } from "../cost/unpriced.ts";
import type { UsageRow } from "../model/ledger.ts";
import { type EpochMs, HOUR_MS, type NanoUsd, toDecimalUsd } from "../model/units.ts";
import { doorTitle } from "./door-title.ts";

/** Null is undefined. Decimals are text, for all their digits. */
export type FocusRow = Readonly<Record<string, string | undefined>>;

interface Priced {
  readonly row: UsageRow;
  readonly nanoUsd: number;
  readonly basis: "billed" | "estimated" | "unknown";
}

const columns: Readonly<Record<string, (priced: Priced) => string | undefined>> = {
  BilledCost: ({ nanoUsd }) => decimal(nanoUsd),
  // The account that pays is the vendor's secret: the one that uses is what logs name.
  BillingAccountId: ({ row }) => row.account || doorOf(row),
  BillingAccountName: () => undefined,
  BillingCurrency: () => "USD",
  BillingPeriodEnd: ({ row }) => instant(monthAround(row.hour).end),
  BillingPeriodStart: ({ row }) => instant(monthAround(row.hour).start),
  ChargeCategory: () => "Usage",
  ChargeClass: () => undefined,
  ChargeDescription: ({ row }) => described(row),
  ChargeFrequency: () => "Usage-Based",
  ChargePeriodEnd: ({ row }) => instant((row.hour + HOUR_MS) as EpochMs),
  ChargePeriodStart: ({ row }) => instant(row.hour),
  ConsumedQuantity: ({ row }) => quantity(row),
  ConsumedUnit: ({ row }) => unit(row),
  ContractedCost: ({ nanoUsd }) => decimal(nanoUsd),
  EffectiveCost: ({ nanoUsd }) => decimal(nanoUsd),
  InvoiceIssuerName: ({ row }) => companyOf(row),
  ListCost: ({ nanoUsd }) => decimal(nanoUsd),
  PricingCategory: () => "Standard",
  PricingQuantity: ({ row }) => quantity(row),
  PricingUnit: ({ row }) => unit(row),
  ProviderName: ({ row }) => companyOf(row),
  PublisherName: ({ row }) => makerOf(row) ?? companyOf(row),
  RegionId: ({ row }) => row.region || undefined,
  RegionName: ({ row }) => row.region || undefined,
  ServiceCategory: () => "AI and Machine Learning",
  ServiceName: ({ row }) => doorTitle(doorOf(row)),
  ServiceSubcategory: () => "Generative AI",
  SkuId: ({ row }) => row.model || doorOf(row),
  SkuMeter: ({ row }) => unit(row),
  SubAccountId: ({ row }) => row.account || undefined,
  SubAccountName: () => undefined,
  SubAccountType: ({ row }) => (row.account === "" ? undefined : "Account"),
  Tags: ({ row }) => tagsOf(row),
  x_CachedTokens: ({ row }) => (tokensOf(row) > 0 ? String(row.cacheReadTokens) : undefined),
  x_CostBasis: ({ basis }) => basis,
  x_EstimatedCost: ({ row }) => (row.estimatedNanoUsd === 0 ? undefined : decimal(row.estimatedNanoUsd)),
  x_FailedRequests: ({ row }) => String(row.failures),
  x_InputTokens: ({ row }) => (tokensOf(row) > 0 ? String(row.inputTokens) : undefined),
  x_ModelId: ({ row }) => row.model || undefined,
  x_OutputTokens: ({ row }) => (tokensOf(row) > 0 ? String(row.outputTokens) : undefined),
  x_Principal: ({ row }) => row.principal || undefined,
  x_ReasoningTokens: ({ row }) => (tokensOf(row) > 0 ? String(row.reasoningTokens) : undefined),
  x_Requests: ({ row }) => String(row.calls),
  x_Verdict: ({ row }) => row.verdict || undefined,
};

/** In the order of the names, FOCUS' own before ours. */
export const focusColumns: readonly {
  readonly heading: string;
  readonly value: (row: FocusRow) => string | undefined;
}[] = Object.keys(columns).map((heading) => ({ heading, value: (row) => row[heading] }));

/** By time, then as the store orders rows. */
export function focusRows(usage: readonly UsageRow[]): readonly FocusRow[] {
  const { counted, billed, unlogged } = allocate(usage);
  const priced: Priced[] = [
    ...counted.map((row): Priced => {
      if (billed.has(row)) return { row, nanoUsd: row.billedNanoUsd, basis: "billed" };
      return { row, nanoUsd: row.estimatedNanoUsd, basis: isPriced(row) ? "estimated" : "unknown" };
    }),
    ...unlogged.map((row): Priced => ({ row, nanoUsd: row.billedNanoUsd, basis: "billed" })),
  ];
  return priced
    .sort((a, b) => a.row.hour - b.row.hour)
    .map((one) => Object.fromEntries(Object.entries(columns).map(([name, read]) => [name, read(one)])));
}

const decimal = (nanoUsd: number): string => toDecimalUsd(nanoUsd as NanoUsd);

/** `2026-11-03T05:00:00Z`: without fractions of a second. */
const instant = (time: EpochMs): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** What no log measured in tokens is measured in requests; of a bill without a logged call there are none. */
const unit = (row: UsageRow): string => (tokensOf(row) > 0 ? "Tokens" : "Requests");
const quantity = (row: UsageRow): string => String(tokensOf(row) > 0 ? tokensOf(row) : row.calls);

const doorOf = ({ provider, source }: UsageRow): string => provider || source;

const described = (row: UsageRow): string =>
  row.capacityNanoUsd !== 0 && row.calls === 0
    ? `Capacity for ${row.model || "models"} through ${doorTitle(doorOf(row))}, paid by the hour`
    : row.calls + tokensOf(row) === 0
      ? `Billed for ${row.model || "models"} through ${doorTitle(doorOf(row))}, no logged call`
      : `Use of ${row.model || "models"} through ${doorTitle(doorOf(row))}`;

/** Who sends the invoice, by the beginning of the door's name. */
const companies: readonly (readonly [string, string])[] = [
  ["aws.", "Amazon Web Services"],
  ["azure.", "Microsoft"],
  ["gcp.", "Google Cloud"],
  ["oci.", "Oracle"],
  ["ibm.", "IBM"],
];

const companyOf = (row: UsageRow): string =>
  companies.find(([door]) => row.provider.startsWith(door))?.[1] ?? doorTitle(doorOf(row));

/** Where the makers' own spelling is not just the capitalized word. */
const makers: Readonly<Record<string, string>> = {
  openai: "OpenAI",
  deepseek: "DeepSeek",
  xai: "xAI",
  ai21: "AI21 Labs",
  nvidia: "NVIDIA",
  ibm: "IBM",
  mistral: "Mistral AI",
  minimax: "MiniMax",
};

/** Who makes the model: the first part of its name. */
function makerOf({ model }: UsageRow): string | undefined {
  const [, word] = /^([a-z0-9-]+)\//.exec(model) ?? [];
  return word && (makers[word] ?? `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
}

function tagsOf({ owner, team, app, customer, task }: UsageRow): string | undefined {
  const tags = Object.entries({ owner, team, app, customer, task }).filter(([, value]) => value !== "");
  return tags.length === 0 ? undefined : JSON.stringify(Object.fromEntries(tags));
}
