/**
 * Anthropic cost report: what is invoiced per day, workspace and description, one bucket per record.
 *
 * Shape: platform.claude.com, "Get Cost Report" `/v1/organizations/cost_report` (2026-09). Amounts are decimal text
 * in cents.
 * Limits: by the day only; a later reading replaces an earlier one. Priority Tier is invoiced elsewhere and is not in
 * it. What the query did not group by is null, as is the default workspace; two queries over one day, grouped
 * otherwise, tell the same dollars twice: collect one form of query only.
 */
import { z } from "zod";
import type { Activity } from "../model/activity.ts";
import { identifyModel } from "../model/identify-model.ts";
import { fromIsoTime } from "../model/units.ts";
import { billed, type Draft, decimal, defineSource, labels, maybeText } from "./source.ts";

const CENTS = -2;

const Result = z.object({
  /** Cents. */
  amount: decimal,
  currency: z.string(),
  workspace_id: maybeText,
  description: maybeText,
  cost_type: maybeText,
  token_type: maybeText,
  model: maybeText,
  service_tier: maybeText,
  context_window: maybeText,
  inference_geo: maybeText,
  speed: maybeText,
});

export const anthropicCost = defineSource({
  id: "anthropic.cost",
  title: "Anthropic cost report",
  view: "usage",

  recognises: ({ starting_at, results }) =>
    typeof starting_at === "string" && Array.isArray(results) && results.length > 0 && results.every(isCost),

  record: z.object({
    starting_at: z.string(),
    /** Exclusive. */
    ending_at: z.string(),
    results: z.array(Result),
  }),

  normalize: ({ starting_at, ending_at, results }) => {
    const startTime = fromIsoTime(starting_at);
    const endTime = fromIsoTime(ending_at);
    if (startTime === undefined || endTime === undefined || endTime < startTime)
      return { rejected: "starting_at, ending_at: expected an interval in RFC 3339" };

    const drafts: Draft[] = [];
    for (const result of results) {
      const bill = billed("anthropic.cost", result.amount, result.currency, CENTS);
      if (!bill) return { rejected: "amount: expected a decimal number" };
      drafts.push({
        identity: [
          "anthropic",
          "cost",
          startTime,
          endTime,
          result.workspace_id,
          result.description,
          result.cost_type,
          result.token_type,
          result.model,
          result.service_tier,
          result.context_window,
          result.inference_geo,
          result.speed,
        ],
        kind: "bucket",
        startTime,
        endTime,
        count: 0,
        operation: result.description ?? result.cost_type ?? "cost",
        provider: "anthropic",
        account: result.workspace_id ? { uid: result.workspace_id } : undefined,
        model: result.model ? identifyModel(result.model) : undefined,
        region: regionOf(result.inference_geo),
        cost: bill.cost,
        labels: {
          ...labels.parse({
            cost_type: result.cost_type,
            token_type: result.token_type,
            service_tier: result.service_tier,
            context_window: result.context_window,
            speed: result.speed,
          }),
          ...bill.labels,
        },
      });
    }
    return drafts;
  },
});

const isCost = (result: unknown): boolean =>
  typeof result === "object" && result !== null && "amount" in result && "currency" in result;

/** `global`, a geography such as `us`, or `not_available` for models that have no choice of it. */
function regionOf(geo: string | undefined): Activity["region"] {
  if (geo === undefined || geo === "not_available") return undefined;
  return geo === "global" ? { scope: "global" } : { scope: "geography", geography: geo };
}
