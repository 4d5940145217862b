/**
 * What grew too slowly to be abnormal on any day: the sum of days above the usual of five weeks ago (CUSUM). For a
 * digest; healthy growth looks the same, so it must not page.
 */
import type { SeriesRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, fromUsd, type NanoUsd } from "../model/units.ts";
import { dayOf, isWeekend } from "./calendar.ts";
import { DAYS_KEPT, decodeState, type SeriesState } from "./series-state.ts";
import { median } from "./step.ts";

export interface SlowBurn {
  /** Day number since 1970 from which on it has been above the usual. */
  readonly sinceDay: number;
  /** Dollars since then, and what they usually were. */
  readonly cost: number;
  readonly usualCost: number;
}

/** Days that say what was usual, at the beginning of the five weeks. */
const BASE_DAYS = 14;
/** A day counts for at most two spreads, and only what is beyond a third of one. */
const GREATEST = 2;
const SLACK = 0.35;
const LEAST_SUM = 8;
const LEAST_RATIO = 1.25;
const LEAST_DOLLARS = 20;

/** Undefined where nothing burns, or the series is younger than five weeks. */
export function slowBurn(state: SeriesState): SlowBurn | undefined {
  const today = dayOf(state.nextHour);
  if (today - dayOf(state.firstHour) < DAYS_KEPT) return undefined;
  const first = today - DAYS_KEPT;
  const dollarsOn = (day: number): number => state.days[day % DAYS_KEPT] ?? 0;
  const usual = [false, true].map((weekend) => {
    const days: number[] = [];
    for (let day = first; day < first + BASE_DAYS; day++)
      if (isWeekend(day) === weekend) days.push(dollarsOn(day));
    const middle = median(days);
    return { middle, spread: 1.4826 * median(days.map((dollars) => Math.abs(dollars - middle))) + 0.1 * middle };
  });
  let sum = 0;
  let since = first + BASE_DAYS;
  let cost = 0;
  let usualCost = 0;
  for (let day = first + BASE_DAYS; day < today; day++) {
    const kind = usual[isWeekend(day) ? 1 : 0];
    if (!kind || kind.spread === 0) continue;
    const rise = (dollarsOn(day) - kind.middle) / kind.spread;
    sum = Math.max(0, sum + Math.max(-GREATEST, Math.min(GREATEST, rise)) - SLACK);
    if (sum === 0) {
      since = day + 1;
      cost = 0;
      usualCost = 0;
      continue;
    }
    cost += dollarsOn(day);
    usualCost += kind.middle;
  }
  const burns = sum >= LEAST_SUM && cost >= LEAST_RATIO * usualCost && cost - usualCost >= LEAST_DOLLARS;
  return burns ? { sinceDay: since, cost, usualCost } : undefined;
}

export interface Growth {
  readonly kind: "principal" | "app" | "team";
  readonly uid: string;
  /** The first day above the usual. */
  readonly since: EpochMs;
  /** Exclusive: what is later is not learned yet. */
  readonly until: EpochMs;
  readonly nanoUsd: NanoUsd;
  /** What the same days would have been five weeks ago. */
  readonly usualNanoUsd: NanoUsd;
}

/** Who grew, by what the watch has learned; the most first. States of another version tell nothing. */
export function growthIn(rows: readonly SeriesRow[]): readonly Growth[] {
  return rows
    .flatMap(({ kind, uid, state: bytes, rest }) => {
      if (kind === "leaf" || kind === "organization") return [];
      const state = decodeState(bytes, Number(rest["version"]));
      const burn = state && slowBurn(state);
      if (!burn) return [];
      return {
        kind,
        uid,
        since: (burn.sinceDay * DAY_MS) as EpochMs,
        until: (dayOf(state.nextHour) * DAY_MS) as EpochMs,
        nanoUsd: fromUsd(burn.cost),
        usualNanoUsd: fromUsd(burn.usualCost),
      };
    })
    .sort((a, b) => b.nanoUsd - b.usualNanoUsd - (a.nanoUsd - a.usualNanoUsd) || (a.uid < b.uid ? -1 : 1));
}
