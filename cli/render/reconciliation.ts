/** Bills against logs: what a vendor wants to be paid for, and what of it somebody saw happen. */

import { monthAround } from "../../shared/cost/bill-periods.ts";
import type { ReconciledLine } from "../../shared/cost/reconcile.ts";
import { DAY_MS, type EpochMs, type NanoUsd } from "../../shared/model/units.ts";
import { percent } from "../../shared/report/figures.ts";
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
  readonly estimatedNanoUsd: NanoUsd;
  readonly differenceNanoUsd: NanoUsd;
  /** Absent by model: views that explain a day do not say how their calls divide. */
  readonly calls?: number;
  readonly unpricedCalls?: number;
  /** Bill or logs of some of it may still arrive. */
  readonly isOpen: boolean;
}

/** By month what differs most first; by day in the order of days, since it is a course. */
export function reconciledRows(
  lines: readonly ReconciledLine[],
  by: readonly ReconciledDimension[],
  per: Per,
): readonly ReconciledRow[] {
  const parts = lines.flatMap((line) =>
    by.includes("model")
      ? line.models.map(({ model, billedNanoUsd, estimatedNanoUsd }) => ({
          line,
          model,
          billedNanoUsd,
          estimatedNanoUsd,
        }))
      : [{ line, model: "", billedNanoUsd: line.billedNanoUsd, estimatedNanoUsd: line.estimatedNanoUsd }],
  );
  const periodOf = ({ start, end }: ReconciledLine) => (per === "month" ? monthAround(start) : { start, end });
  const keyOf = ({ line, model }: (typeof parts)[number]) =>
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
      const sum = (measure: (part: (typeof parts)[number]) => number) =>
        of.reduce((total, part) => total + measure(part), 0) as NanoUsd;
      const billed = sum(({ billedNanoUsd }) => billedNanoUsd);
      const estimated = sum(({ estimatedNanoUsd }) => estimatedNanoUsd);
      return {
        ...(by.includes("account") ? { account: first.line.account } : {}),
        ...(by.includes("door") ? { door: first.line.provider } : {}),
        ...(by.includes("model") ? { model: first.model } : {}),
        ...periodOf(first.line),
        billedNanoUsd: billed,
        estimatedNanoUsd: estimated,
        differenceNanoUsd: (billed - estimated) as NanoUsd,
        ...(by.includes("model")
          ? {}
          : { calls: sum(({ line }) => line.calls), unpricedCalls: sum(({ line }) => line.unpricedCalls) }),
        isOpen: of.some(({ line }) => !line.isSettled),
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
    cost("Estimated", ({ estimatedNanoUsd }) => estimatedNanoUsd),
    cost("Difference", ({ differenceNanoUsd }) => differenceNanoUsd),
    spare({
      heading: "Explained",
      value: ({ billedNanoUsd, estimatedNanoUsd }) =>
        billedNanoUsd > 0 ? Number((estimatedNanoUsd / billedNanoUsd).toFixed(4)) : undefined,
      show: ({ billedNanoUsd, estimatedNanoUsd }) =>
        billedNanoUsd > 0 ? percent(estimatedNanoUsd, billedNanoUsd) : undefined,
      numeric: true,
    }),
    spare(count("Calls", ({ calls }) => calls)),
    spare(count("No price", ({ unpricedCalls }) => unpricedCalls || undefined)),
    { heading: "State", value: ({ isOpen }) => (isOpen ? "still arriving" : "settled") },
  ];
}

/** A month's bill tells no days. */
function periodName({ start, end }: ReconciledRow): string {
  return new Date(start).toISOString().slice(0, end - start > DAY_MS ? 7 : 10);
}
