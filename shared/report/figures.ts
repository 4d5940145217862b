/** How numbers, money, time and subjects are written for people: in the report, on a terminal, in Markdown. */
import type { Subject } from "../model/finding.ts";
import { type NanoUsd, toMinute } from "../model/units.ts";

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const RATE = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3, roundingMode: "floor" });
const WHOLE_RATE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0, roundingMode: "floor" });
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
const DOLLARS = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const FRACTIONS_OF_A_CENT = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumSignificantDigits: 2,
});

const DOLLARS_IN_SHORT = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  notation: "compact",
  maximumSignificantDigits: 3,
});

/** `48,210` */
export const whole = (count: number): string => WHOLE.format(count);

/**
 * Of a quota, where a part of one counts: `2.67`, and whole from a hundred on. What is cut off is not rounded: what has
 * not reached its limit never looks as if it had.
 */
export const rate = (count: number): string => (count < 100 ? RATE : WHOLE_RATE).format(count);

/** `1.24M`; exact below a thousand. */
export const compact = (count: number): string => COMPACT.format(count);

/** `$1,204.50`, and below a cent two digits that say something: `$0.0042`. */
export function dollars(cost: NanoUsd): string {
  const usd = cost / 1e9;
  return usd !== 0 && Math.abs(usd) < 0.01 ? FRACTIONS_OF_A_CENT.format(usd) : DOLLARS.format(usd);
}

const WHOLE_DOLLARS = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 0,
});
const UNIT_DOLLARS = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

/** `$1,205`, and with cents below a hundred dollars: an estimate is no more exact than that. */
export const roundDollars = (cost: NanoUsd): string =>
  Math.abs(cost) >= 100e9 ? WHOLE_DOLLARS.format(cost / 1e9) : dollars(cost);

/** What one request costs, `$0.0186`: with three digits that say something. */
export const unitDollars = (cost: NanoUsd): string =>
  cost !== 0 && Math.abs(cost) < 1e9 ? UNIT_DOLLARS.format(cost / 1e9) : dollars(cost);

/** `$1.2K`, where there is little room. */
export const dollarsInShort = (cost: NanoUsd): string => DOLLARS_IN_SHORT.format(cost / 1e9);

/** `71%`. A part that is not nothing is never `0%`, and one that is not all is never `100%`. */
export function percent(part: number, of: number): string {
  if (of === 0) return "–";
  const rounded = Math.round((part / of) * 100);
  if (part > 0 && rounded === 0) return "<1%";
  if (part < of && rounded === 100) return ">99%";
  return `${rounded}%`;
}

/** `1 finding`, `3 findings`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${whole(count)} ${count === 1 ? one : many}`;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `1 Nov 2026`, UTC. */
export function day(time: number): string {
  const date = new Date(time);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** `1–30 Nov 2026`, `28 Nov – 3 Dec 2026`, UTC. */
export function days(first: number, last: number): string {
  const [from, to] = [day(first).split(" "), day(last).split(" ")];
  if (from[2] !== to[2]) return `${from.join(" ")} – ${to.join(" ")}`;
  if (from[1] !== to[1]) return `${from[0]} ${from[1]} – ${to.join(" ")}`;
  return from[0] === to[0] ? to.join(" ") : `${from[0]}–${to.join(" ")}`;
}

/** `2026-11-01 08:15`, UTC. */
export const minute = toMinute;

/** Whom or what a finding is about, in the order a person says it. */
export const subjectParts = (subject: Subject): readonly { readonly part: string; readonly value: string }[] =>
  (["principal", "credential", "model", "provider", "account", "region", "resource"] as const).flatMap((part) => {
    const value = subject[part];
    return value === undefined ? [] : [{ part: part === "provider" ? "door" : part, value }];
  });
