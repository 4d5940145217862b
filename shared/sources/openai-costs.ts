/**
 * OpenAI organization costs: what is invoiced per day, project, key and line item, one bucket per record.
 *
 * Shape: openai/openai-openapi, `/organization/costs` and `CostsResult` (2026-08-21).
 * Limits: by the day only. The current day grows, credits and corrections come days later, and a later reading
 * replaces an earlier one. What the query did not group by is null; two queries over one day, grouped otherwise,
 * tell the same dollars twice: collect one form of query only.
 */
import { z } from "zod";
import { identifyModel } from "../model/identify-model.ts";
import { fromEpochSeconds } from "../model/units.ts";
import { billed, type Draft, decimal, defineSource, labels, maybeText } from "./source.ts";

const RESULT = "organization.costs.result";

const Result = z.object({
  object: z.literal(RESULT),
  /** Some answers write the value as text. */
  amount: z.object({ value: decimal, currency: z.string() }),
  line_item: maybeText,
  project_id: maybeText,
  project_name: maybeText,
  organization_id: maybeText,
  organization_name: maybeText,
  api_key_id: maybeText,
  quantity: decimal,
  quantity_unit: maybeText,
});

export const openaiCosts = defineSource({
  id: "openai.costs",
  title: "OpenAI organization costs",
  view: "usage",

  recognises: ({ object, start_time, results }) =>
    object === "bucket" &&
    typeof start_time === "number" &&
    Array.isArray(results) &&
    results.length > 0 &&
    results.every(isCost),

  record: z.object({
    object: z.literal("bucket"),
    /** Epoch seconds. */
    start_time: z.int(),
    /** Epoch seconds, exclusive. */
    end_time: z.int(),
    results: z.array(Result),
  }),

  normalize: ({ start_time, end_time, results }) => {
    const startTime = fromEpochSeconds(start_time);
    const endTime = fromEpochSeconds(end_time);
    if (startTime === undefined || endTime === undefined || endTime < startTime)
      return { rejected: "start_time, end_time: expected an interval in epoch seconds" };

    const drafts: Draft[] = [];
    for (const result of results) {
      const { line_item, project_id, organization_id, api_key_id } = result;
      const bill = billed("openai.costs", result.amount.value, result.amount.currency);
      if (!bill) return { rejected: "amount.value: expected a decimal number" };
      drafts.push({
        identity: ["openai", "costs", start_time, end_time, organization_id, project_id, api_key_id, line_item],
        kind: "bucket",
        startTime,
        endTime,
        count: 0,
        operation: line_item ?? "cost",
        provider: "openai",
        account: project_id ? { uid: project_id, name: result.project_name } : undefined,
        project: project_id ? { uid: project_id, name: result.project_name } : undefined,
        organization: organization_id ? { uid: organization_id, name: result.organization_name } : undefined,
        credential: api_key_id ? { uid: api_key_id, type: "api-key" } : undefined,
        model: modelIn(line_item),
        cost: bill.cost,
        labels: {
          ...labels.parse({ quantity: result.quantity, quantity_unit: result.quantity_unit }),
          ...bill.labels,
        },
      });
    }
    return drafts;
  },
});

const isCost = (result: unknown): boolean =>
  typeof result === "object" && result !== null && "object" in result && result.object === RESULT;

/** `gpt-4o-2024-08-06, cached input`; others, as `web search tool calls`, name none. */
function modelIn(lineItem: string | undefined): Draft["model"] {
  const [name = ""] = lineItem?.split(",") ?? [];
  const model = identifyModel(name.trim());
  return model.name === undefined ? undefined : model;
}
