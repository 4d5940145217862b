/** Hours and days since 1970 in UTC, and how often a bin of the week has come by. */
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

/** How often the bin of `hour` has passed since `first`. */
export function visitsOf(hour: EpochHour, first: EpochHour): number {
  const day = dayOf(hour);
  const from = dayOf(first) + (hour % 24 < first % 24 ? 1 : 0);
  if (day <= from) return 0;
  const weekends = weekendsBefore(day) - weekendsBefore(from);
  return isWeekend(day) ? weekends : day - from - weekends;
}
