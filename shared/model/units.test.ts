import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromDecimalUsd, fromIsoDate, type NanoUsd, toDecimalUsd } from "./units.ts";

describe("an amount of a bill in nano-dollars", () => {
  it("is exact where binary fractions are not", () => {
    expect(fromDecimalUsd("0.1")).toBe(100_000_000);
    expect(fromDecimalUsd("1234567.123456789")).toBe(1_234_567_123_456_789);
    expect(fromDecimalUsd("-0.000000001")).toBe(-1);
    expect(fromDecimalUsd(".5")).toBe(500_000_000);
    expect(fromDecimalUsd("+7.")).toBe(7_000_000_000);
    expect(fromDecimalUsd(" 3 ")).toBe(3_000_000_000);
  });

  it("reads what spreadsheets write of small numbers", () => {
    expect(fromDecimalUsd("1.2E-05")).toBe(12_000);
    expect(fromDecimalUsd("1e-9")).toBe(1);
    expect(fromDecimalUsd("4.2e2")).toBe(420_000_000_000);
  });

  it("reads cents as hundredths, whatever stands behind their point", () => {
    expect(fromDecimalUsd("123.45", -2)).toBe(1_234_500_000);
    expect(fromDecimalUsd("0.00001", -2)).toBe(100);
  });

  it("goes to the nearest, halves away from zero", () => {
    expect(fromDecimalUsd("0.0000000014")).toBe(1);
    expect(fromDecimalUsd("0.0000000015")).toBe(2);
    expect(fromDecimalUsd("-0.0000000015")).toBe(-2);
    expect(fromDecimalUsd("0.0000000005")).toBe(1);
    expect(fromDecimalUsd("0.00000000049")).toBe(0);
    expect(fromDecimalUsd("-1e-30")).toBe(0);
  });

  it("is nothing where it is no number, or one too large to add up exactly", () => {
    for (const text of ["", ".", "-", "1,5", "$3", "1.2.3", "0x10", "NaN", "Infinity", "9007200", "1e300"])
      expect(fromDecimalUsd(text), text).toBeUndefined();
    expect(fromDecimalUsd("9007199.254740991")).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("is written with all its digits, and read back", () => {
    expect([0, -12_000, 1_500_000_000, 7_000_000_000, -1].map((cost) => toDecimalUsd(cost as NanoUsd))).toEqual([
      "0",
      "-0.000012",
      "1.5",
      "7",
      "-0.000000001",
    ]);
    fc.assert(
      fc.property(fc.maxSafeInteger(), (nano) => {
        expect(fromDecimalUsd(toDecimalUsd(nano as NanoUsd))).toBe(nano);
      }),
    );
  });

  it("comes back as it was written, for every amount there is", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: -4, max: 4 }), (nano, power) => {
        const digits = String(Math.abs(nano)).padStart(20, "0");
        const point = digits.length - 9 - power;
        const text = `${nano < 0 ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}e${power}`;
        expect(fromDecimalUsd(text)).toBe(nano);
      }),
    );
  });
});

describe("a day of a bill", () => {
  it("begins at midnight in UTC, and a time is itself", () => {
    expect(fromIsoDate(" 2026-11-03 ")).toBe(Date.UTC(2026, 10, 3));
    expect(fromIsoDate("2026-11-03T05:00:00Z")).toBe(Date.UTC(2026, 10, 3, 5));
    expect(fromIsoDate("2026-02-30")).toBeUndefined();
    expect(fromIsoDate("11/03/2026")).toBeUndefined();
  });
});
