/** Bills against logs: what a vendor wants to be paid for, and what of it somebody saw happen. */

import { monthAround } from "../../shared/cost/bill-periods.ts";
import { beyondCalls, type ReconciledLine } from "../../shared/cost/reconcile.ts";
import { DAY_MS, type EpochMs, type NanoUsd } from "../../shared/model/units.ts";
import { type Column, cost, count, spare } from "./columns.ts";

export const reconciledDimensions = ["account", "door", "model"] as const;
export type ReconciledDimension = (typeof reconciledDimensions)[number];
export type Per = "day" | "month";

export interface ReconciledRow {
  /** "" for what neither side names. */
  readonly account?: string;
  readonly door?: string;
  readonly model?: string;
  readonly start: EpochMs;
  /** Exclusive. */
  readonly end: EpochMs;
  readonly billedNanoUsd: NanoUsd;
  /** Part of the bill: capacity by the hour, which no call need explain. */
  readonly capacityNanoUsd: NanoUsd;
  readonly estimatedNanoUsd: NanoUsd;
  /** Of what is billed for calls; negative where they should have cost more. */
  readonly differenceNanoUsd: NanoUsd;
  /** Absent by model: views that explain a day do not say how their calls divide. */
  readonly calls?: number;
  readonly unpricedCalls?: number;
  /** Days, or the month where a bill tells none, and those for which neither bill nor logs may still arrive. */
  readonly parts: number;
  readonly settledParts: number;
}

/** By month what differs most first; by day in the order of days, since it is a course. */
export function reconciledRows(
  lines: readonly ReconciledLine[],
  by: readonly ReconciledDimension[],
  per: Per,
): readonly ReconciledRow[] {
  const parts = lines.flatMap((line) =>
    by.includes("model")
      ? line.models.map(({ model, ...amounts }) => ({ line, model, amounts }))
      : [{ line, model: "", amounts: line }],
  );
  const periodOf = ({ start, end }: ReconciledLine) => (per === "month" ? monthAround(start) : { start, end });
  type Part = (typeof parts)[number];
  const keyOf = ({ line, model }: Part) =>
    JSON.stringify([
      periodOf(line),
      ...by.map((dimension) =>
        dimension === "account" ? line.account : dimension === "door" ? line.provider : model,
      ),
    ]);
  return [...Map.groupBy(parts, keyOf).values()]
    .flatMap((of) => {
      const [first] = of;
      if (!first) return [];
      const sum = (measure: (part: Part) => number) =>
        of.reduce((total, part) => total + measure(part), 0) as NanoUsd;
      return {
        ...(by.includes("account") ? { account: first.line.account } : {}),
        ...(by.includes("door") ? { door: first.line.provider } : {}),
        ...(by.includes("model") ? { model: first.model } : {}),
        ...periodOf(first.line),
        billedNanoUsd: sum(({ amounts }) => amounts.billedNanoUsd),
        capacityNanoUsd: sum(({ amounts }) => amounts.capacityNanoUsd),
        estimatedNanoUsd: sum(({ amounts }) => amounts.estimatedNanoUsd),
        differenceNanoUsd: sum(({ amounts }) => beyondCalls(amounts)),
        ...(by.includes("model")
          ? {}
          : { calls: sum(({ line }) => line.calls), unpricedCalls: sum(({ line }) => line.unpricedCalls) }),
        parts: of.length,
        settledParts: of.filter(({ line }) => line.isSettled).length,
      };
    })
    .sort((a, b) =>
      per === "day" ? a.start - b.start : Math.abs(b.differenceNanoUsd) - Math.abs(a.differenceNanoUsd),
    );
}

export function reconciledColumns(by: readonly ReconciledDimension[], per: Per): readonly Column<ReconciledRow>[] {
  return [
    ...by.map(
      (dimension): Column<ReconciledRow> => ({
        heading: `${dimension.charAt(0).toUpperCase()}${dimension.slice(1)}`,
        value: (row) => row[dimension] || undefined,
        show: (row) => row[dimension] || `(no ${dimension})`,
      }),
    ),
    { heading: per === "day" ? "Day" : "Month", value: periodName },
    cost("Billed", ({ billedNanoUsd }) => billedNanoUsd),
    cost("Capacity", ({ capacityNanoUsd }) => capacityNanoUsd || undefined),
    cost("Estimated", ({ estimatedNanoUsd }) => estimatedNanoUsd),
    cost("Difference", ({ differenceNanoUsd }) => differenceNanoUsd),
    spare(count("Calls", ({ calls }) => calls)),
    spare(count("No price", ({ unpricedCalls }) => unpricedCalls || undefined)),
    { heading: "State", value: stateOf },
  ];
}

/** Bill or logs of the others may still arrive. */
function stateOf({ parts, settledParts }: ReconciledRow): string {
  if (settledParts === parts) return "settled";
  return settledParts === 0 ? "still arriving" : `${settledParts} of ${parts} settled`;
}

/** A month's bill tells no days. */
function periodName({ start, end }: ReconciledRow): string {
  return new Date(start).toISOString().slice(0, end - start > DAY_MS ? 7 : 10);
}
