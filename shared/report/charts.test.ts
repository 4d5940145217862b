import fc from "fast-check";
import { expect, it } from "vitest";
import { niceCeiling } from "./charts.ts";

it("ends an axis little above the greatest value, at a number whose half is round", () => {
  expect([204, 199, 101, 1, 3, 9, 11, 4_100].map(niceCeiling)).toEqual([240, 200, 120, 2, 4, 10, 12, 5_000]);
  fc.assert(
    fc.property(fc.integer({ min: 11, max: 1e12 }), (value) => {
      expect(niceCeiling(value)).toBeGreaterThanOrEqual(value);
      expect(niceCeiling(value)).toBeLessThanOrEqual(1.25 * value);
      expect(Number.isInteger(niceCeiling(value) / 2)).toBe(true);
    }),
  );
});
