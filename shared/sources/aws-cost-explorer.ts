/**
 * AWS Cost Explorer: answers of GetCostAndUsage, whole as the API gives them, one bucket per period and group.
 *
 * Shape: AWS Cost Management API Reference, `GetCostAndUsage` (2026-10). What a key of a group means stands in
 * `GroupDefinitions`, so that an answer is read as one record.
 * Limits: updated about three times a day, a day or more late; the figures of the running month are estimates until
 * the invoice. A period and its keys replace themselves. Filters are not told: an answer grouped by neither service
 * nor usage type does not say what it is about. Two queries over one day, grouped otherwise, tell the same dollars
 * twice: collect one form of query only.
 */
import { z } from "zod";
import { awsCharge, regionOfCharge } from "../model/ai-charges.ts";
import { fromIsoDate } from "../model/units.ts";
import { billed, type Draft, decimal, defineSource, labels, maybe, maybeText } from "./source.ts";

/** The first one asked for counts; they differ in discounts and in how commitments spread. */
const METRICS = ["UnblendedCost", "NetUnblendedCost", "AmortizedCost", "NetAmortizedCost", "BlendedCost"] as const;

const Metric = maybe(z.object({ Amount: decimal, Unit: z.string() }));
const Metrics = z.object({
  UnblendedCost: Metric,
  NetUnblendedCost: Metric,
  AmortizedCost: Metric,
  NetAmortizedCost: Metric,
  BlendedCost: Metric,
  UsageQuantity: Metric,
});

/** `user:team$search`, `team$`: a tag and its value. */
const TAG = /^([^$]+)\$(.*)$/s;

export const awsCostExplorer = defineSource({
  id: "aws.cost-explorer",
  title: "AWS Cost Explorer",
  view: "usage",

  recognises: ({ ResultsByTime }) => Array.isArray(ResultsByTime),

  record: z.object({
    GroupDefinitions: maybe(z.array(z.object({ Type: maybeText, Key: maybeText }))),
    ResultsByTime: z.array(
      z.object({
        TimePeriod: z.object({
          Start: z.string(),
          /** Exclusive. */
          End: z.string(),
        }),
        Groups: maybe(z.array(z.object({ Keys: z.array(z.string().max(1_024)), Metrics }))),
        Estimated: maybe(z.boolean()),
      }),
    ),
  }),

  normalize: ({ GroupDefinitions, ResultsByTime }) => {
    const dimensions = (GroupDefinitions ?? []).map(({ Type, Key }) => (Type === "DIMENSION" ? Key : "TAG"));
    if (ResultsByTime.length > 0 && !dimensions.some((key) => key === "SERVICE" || key === "USAGE_TYPE"))
      return { rejected: "GroupDefinitions: expected SERVICE or USAGE_TYPE among them" };

    const drafts: Draft[] = [];
    for (const { TimePeriod, Groups, Estimated } of ResultsByTime) {
      const startTime = fromIsoDate(TimePeriod.Start);
      const endTime = fromIsoDate(TimePeriod.End);
      if (startTime === undefined || endTime === undefined || endTime < startTime)
        return { rejected: "TimePeriod: expected an interval of days or hours" };

      for (const { Keys, Metrics } of Groups ?? []) {
        const of = (dimension: string): string | undefined => Keys[dimensions.indexOf(dimension)] || undefined;
        const resource = of("RESOURCE_ID");
        const found = awsCharge({
          service: of("SERVICE") ?? "",
          sku: of("USAGE_TYPE") ?? "",
          resource: resource ?? "",
        });
        if (!found) continue;
        const metric = METRICS.find((name) => Metrics[name] !== undefined);
        const amount = metric && Metrics[metric];
        const bill = amount && billed("aws.cost-explorer", amount.Amount, amount.Unit);
        if (!bill) return { rejected: "Metrics: expected the amount of a cost" };

        const account = of("LINKED_ACCOUNT");
        const tags = Keys.filter((_, at) => dimensions[at] === "TAG").flatMap((key) => {
          const [, tag = "", value = ""] = TAG.exec(key) ?? [];
          return [[tag.replace(/^user:/, ""), value]];
        });
        drafts.push({
          identity: [
            "aws",
            "cost-explorer",
            startTime,
            endTime,
            JSON.stringify(GroupDefinitions ?? []),
            JSON.stringify(Keys),
          ],
          kind: "bucket",
          startTime,
          endTime,
          count: 0,
          operation: of("USAGE_TYPE") ?? of("OPERATION") ?? of("SERVICE") ?? "cost",
          provider: found.provider,
          account: account ? { uid: account } : undefined,
          model: found.model,
          deployment: resource ? { uid: resource } : undefined,
          region: regionOfCharge(of("REGION"), found),
          cost: bill.cost,
          labels: {
            ...labels.parse({
              ...Object.fromEntries(tags),
              estimated: Estimated,
              quantity: Metrics.UsageQuantity?.Amount,
              record_type: of("RECORD_TYPE"),
            }),
            ...bill.labels,
          },
        });
      }
    }
    return drafts;
  },
});
