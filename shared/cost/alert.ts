/** The line that `gnomon cost replay` prints: a public contract. */
import type { EpochMs, NanoUsd } from "../model/units.ts";
import type { Detector } from "./evidence.ts";

export const ALERT_SCHEMA = "gnomon.alert/v1";

export type SeriesKind = "leaf" | "principal" | "app" | "team" | "organization";

export interface Alert {
  readonly schema: typeof ALERT_SCHEMA;
  readonly detector: Detector | "budget-crossed" | "budget-forecast";
  readonly subject: { readonly kind: SeriesKind; readonly uid: string };
  /** Start of the abnormal stretch, or of the budget's period; event time. */
  readonly startTime: EpochMs;
  /** When what had arrived sufficed. */
  readonly detectedTime: EpochMs;
  /** Dollars beyond the usual since `startTime`; of a crossing what is used, of a forecast what it will exceed by. */
  readonly impactNanoUsd: NanoUsd;
  /** What would have been usual since `startTime`; of a budget its amount. */
  readonly usualNanoUsd: NanoUsd;
  /** Of a budget. `usedShare`: used over its amount. */
  readonly budget?: { readonly name: string; readonly usedShare: number };
  /** `calls`, `tokens per call`, `price per token`; without tokens `price per call`; `new spender`, `budget`, `quota`. */
  readonly driver: string;
  /** For a person: one sentence. */
  readonly text: string;
}

/** What is used of a budget in percent, cut off: less than all is never 100. 2.55 of 3 is a little less than 85 % in binary. */
export const wholePercent = (usedShare: number): number => Math.floor(100 * usedShare + 1e-9);
