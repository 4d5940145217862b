import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromDecimalUsd, fromIsoDate, fromIsoTime, type NanoUsd, toDecimalUsd } from "./units.ts";

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

describe("a time as logs write it", () => {
  const likely = fc
    .tuple(
      fc.constantFrom("2026", "2024", "1970", "1969", "0075", "9999"),
      fc.constantFrom("01", "02", "04", "12", "13", "00"),
      fc.constantFrom("01", "28", "29", "30", "31", "32", "00"),
      fc.constantFrom("00", "09", "23", "24", "25"),
      fc.constantFrom("00", "59", "60"),
      fc.constantFrom("00", "59", "60"),
      fc.constantFrom("", ".000", ".999", ",999", "x999", ".07", ".1234"),
      fc.constantFrom("Z", "Z", "z", ""),
    )
    .map(
      ([year, month, day, hour, minute, second, fraction, zone]) =>
        `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${zone}`,
    );

  it("is the same with a blank before it, which takes the long way", () => {
    fc.assert(
      fc.property(
        likely,
        fc.option(fc.tuple(fc.nat(23), fc.string({ maxLength: 2 })), { freq: 1 }),
        (text, change) => {
          const at = change?.[0] ?? 0;
          const given = change ? text.slice(0, at) + change[1] + text.slice(at + 1) : text;
          expect(fromIsoTime(given), given).toBe(fromIsoTime(` ${given}`));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it("is the instant that it names, and nothing where there is none", () => {
    expect(fromIsoTime("2026-03-02T09:00:00Z")).toBe(Date.UTC(2026, 2, 2, 9));
    expect(fromIsoTime("2026-03-02T09:00:00.123Z")).toBe(Date.UTC(2026, 2, 2, 9) + 123);
    expect(fromIsoTime("2024-02-29T23:59:59.999Z")).toBe(Date.UTC(2024, 1, 29, 23, 59, 59, 999));
    for (const text of [
      "2026-02-29T09:00:00Z",
      "2026-04-31T09:00:00Z",
      "2026-13-01T09:00:00Z",
      "2026-03-02T09:00:0xZ",
      "0075-01-01T00:00:00Z",
    ])
      expect(fromIsoTime(text), text).toBeUndefined();
  });
});
