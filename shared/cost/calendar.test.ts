import fc from "fast-check";
import { expect, it } from "vitest";
import { binOf, dayOf, isWeekend, visitsAfter, visitsBefore } from "./calendar.ts";

const MONDAY = Date.UTC(2026, 0, 5) / 3_600_000;

it("knows Saturdays and Sundays", () => {
  const days = Array.from({ length: 7 }, (_, offset) => isWeekend(dayOf(MONDAY) + offset));
  expect(days).toEqual([false, false, false, false, false, true, true]);
  expect(binOf(MONDAY + 13)).toBe(13);
  expect(binOf(MONDAY + 5 * 24 + 13)).toBe(37);
});

it("counts the visits of a bin as one would by going through the hours", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500_000 }), fc.integer({ min: 0, max: 2_000 }), (first, length) => {
      const hour = first + length;
      let before = 0;
      for (let past = first; past < hour; past++) if (binOf(past) === binOf(hour)) before++;
      expect(visitsBefore(hour, first)).toBe(before);
      let after = 0;
      for (let next = first + 1; next < hour; next++) if (binOf(next) === binOf(first)) after++;
      expect(visitsAfter(first, hour)).toBe(length === 0 ? 0 : after);
    }),
  );
});
