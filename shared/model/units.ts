/**
 * Numbers that carry a unit. A bare `number` in a signature is a count.
 * Nothing here throws; ranges are checked once, where data enters.
 */
import { z } from "zod";

/** Milliseconds since 1970-01-01T00:00:00Z: OCSF `timestamp_t`. Event time, never arrival time. */
export const EpochMs = z.int().nonnegative().brand<"EpochMs">();
export type EpochMs = z.infer<typeof EpochMs>;

/** Billionths of a US dollar, as in google.type.Money. Exact up to about nine million dollars in one value. */
export const NanoUsd = z.int().brand<"NanoUsd">();
export type NanoUsd = z.infer<typeof NanoUsd>;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The latest instant a record may claim: 9999-12-31. Beyond it, `Date` and ISO strings stop agreeing. */
const LAST_MS = 253_402_300_799_999;

/** Undefined where the number is no instant between 1970 and 9999. Fractions of a millisecond are cut. */
export function toEpochMs(milliseconds: number): EpochMs | undefined {
  const whole = Math.trunc(milliseconds);
  return whole >= 0 && whole <= LAST_MS ? (whole as EpochMs) : undefined;
}

export const fromEpochSeconds = (seconds: number): EpochMs | undefined => toEpochMs(seconds * SECOND_MS);

const ISO = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/;

/**
 * ISO 8601 as logs write it: any number of fraction digits, a blank instead of `T`, `+0000`, or no zone,
 * which is read as UTC. Undefined where it is no such time.
 */
export function fromIsoTime(text: string): EpochMs | undefined {
  const plain = plainTime(text);
  if (!Number.isNaN(plain)) return toEpochMs(plain);
  const parts = ISO.exec(text.trim());
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = parts;
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(utc);
  // Of 30 February it makes a day in March, and of the year 75 one of our time.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  if (date.getUTCFullYear() !== Number(year)) return undefined;
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  const offsetMs = offset
    ? (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * HOUR_MS + Number(offset[3]) * MINUTE_MS)
    : 0;
  return toEpochMs(utc - offsetMs + Number(fraction.padEnd(3, "0").slice(0, 3)));
}

/**
 * `2026-03-02T09:00:00Z`, with or without milliseconds: as nearly all logs write it, by its digits, a third of the time.
 * NaN for any other form, for days that a month may lack, and for what is no time.
 */
function plainTime(text: string): number {
  const milliseconds = text.length === 24 && text[19] === ".";
  if ((!milliseconds && text.length !== 20) || !text.endsWith("Z")) return Number.NaN;
  if (text[4] !== "-" || text[7] !== "-" || text[10] !== "T" || text[13] !== ":" || text[16] !== ":")
    return Number.NaN;
  const year = numberAt(text, 0, 4);
  const month = numberAt(text, 5, 7);
  const day = numberAt(text, 8, 10);
  const hour = numberAt(text, 11, 13);
  const minute = numberAt(text, 14, 16);
  const second = numberAt(text, 17, 19);
  if (!(year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) return Number.NaN;
  if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (milliseconds ? numberAt(text, 20, 23) : 0);
}

/** Of decimal digits; NaN where one is none. */
function numberAt(text: string, from: number, until: number): number {
  let number = 0;
  for (let at = from; at < until; at++) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    number = digit >= 0 && digit <= 9 ? 10 * number + digit : Number.NaN;
  }
  return number;
}
const DIGIT_0 = 48;

/** A day as bills write it, `2026-11-03`: its first instant in UTC. Also a time, which is itself. */
export const fromIsoDate = (text: string): EpochMs | undefined =>
  fromIsoTime(/^\d{4}-\d{2}-\d{2}$/.test(text.trim()) ? `${text.trim()}T00:00:00Z` : text);

export const toIsoTime = (time: EpochMs): string => new Date(time).toISOString();

/** For people, to the minute: `2026-03-02 09:00`, UTC. */
export const toMinute = (time: EpochMs): string => toIsoTime(time).slice(0, 16).replace("T", " ");

export const fromUsd = (dollars: number): NanoUsd => Math.round(dollars * 1e9) as NanoUsd;
export const toUsd = (cost: NanoUsd): number => cost / 1e9;

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * An amount as bills write it, `0.06`, `-12`, `1.2E-05`, in units of ten to the `exponent` dollars: -2 for cents.
 * By digits, since bills add up and binary fractions do not. The nearest nano-dollar, halves away from zero.
 * Undefined where it is no number, or more than a NanoUsd holds.
 */
export function fromDecimalUsd(amount: string, exponent = 0): NanoUsd | undefined {
  const [, sign, whole = "", fraction = "", power = "0"] = DECIMAL.exec(amount.trim()) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  if (sign === undefined || whole + fraction === "") return undefined;
  /** Digits that stand before the point once it is a number of nano-dollars. */
  const kept = digits.length - fraction.length + Number(power) + exponent + 9;
  if (kept < 0 || digits === "") return 0 as NanoUsd;
  if (kept > 16) return undefined;
  const roundsUp = (digits[kept] ?? "0") >= "5";
  const nano = Number(digits.slice(0, kept).padEnd(kept, "0")) + (roundsUp ? 1 : 0);
  if (!Number.isSafeInteger(nano)) return undefined;
  return (sign === "-" && nano !== 0 ? -nano : nano) as NanoUsd;
}

/** Dollars with all their digits and no exponent: `-0.000012`. What `fromDecimalUsd` reads back. */
export function toDecimalUsd(cost: NanoUsd): string {
  const digits = String(Math.abs(cost)).padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  return `${cost < 0 ? "-" : ""}${digits.slice(0, -9)}${fraction === "" ? "" : `.${fraction}`}`;
}
