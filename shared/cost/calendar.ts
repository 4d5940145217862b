/** Hours and days since 1970 in UTC, and how often a bin of the week has come by. */
import { type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import type { EpochHour } from "./series-state.ts";

export type EpochDay = number;

export const dayOf = (hour: EpochHour): EpochDay => Math.floor(hour / 24);

/** 1970-01-01 was a Thursday. */
export const isWeekend = (day: EpochDay): boolean => {
  const weekday = (day + 4) % 7;
  return weekday === 0 || weekday === 6;
};

/** 24 hours of weekdays, then 24 of weekends: 168 hours of a week are too many to learn in weeks. */
export const binOf = (hour: EpochHour): number => (hour % 24) + (isWeekend(dayOf(hour)) ? 24 : 0);

/** Saturdays and Sundays before `day`. */
function weekendsBefore(day: EpochDay): number {
  const shifted = day + 4;
  return Math.floor(shifted / 7) * 2 + (shifted % 7 > 0 ? 1 : 0) - 1;
}

/** How many days of one kind, weekdays or weekend days, are in [from, to). */
function daysOfKind(weekend: boolean, from: EpochDay, to: EpochDay): number {
  if (to <= from) return 0;
  const weekends = weekendsBefore(to) - weekendsBefore(from);
  return weekend ? weekends : to - from - weekends;
}

/** How often the bin of `hour` has passed since `first`, before `hour`. */
export function visitsBefore(hour: EpochHour, first: EpochHour): number {
  const day = dayOf(hour);
  return daysOfKind(isWeekend(day), dayOf(first) + (hour % 24 < first % 24 ? 1 : 0), day);
}

/** How often the bin of `hour` has come by after `hour`, before `until`. */
export function visitsAfter(hour: EpochHour, until: EpochHour): number {
  const day = dayOf(hour);
  return daysOfKind(isWeekend(day), day + 1, day + 1 + Math.floor((until - 1 - hour) / 24));
}

/** What is told by the hour comes minutes after its end. */
const LATENESS_MS = 15 * MINUTE_MS;

/** The last hour that is not over yet, for all that one knows at a time without having heard of a later one. */
export const runningHourAt = (time: EpochMs): EpochHour => Math.ceil((time - LATENESS_MS) / HOUR_MS) - 1;

/** Whether what is told of up to a time is by then old news. */
export const isPast = (until: EpochMs, now: EpochMs): boolean => now - until > LATENESS_MS;
