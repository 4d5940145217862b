/**
 * What to say about an anomaly: driver and sentence, pure functions of its evidence. Never a negative usual, never
 * an infinite percentage, never a probability.
 */
import { type EpochMs, HOUR_MS, MINUTE_MS, toMinute } from "../model/units.ts";
import { isPast } from "./calendar.ts";
import type { Evidence } from "./evidence.ts";

export interface Part {
  readonly of: "calls" | "tokens per call" | "price per token" | "price per call";
  /** Dollars of the difference; the parts add up to it. */
  readonly dollars: number;
  /** Actual over usual. */
  readonly ratio: number;
}

/**
 * Splits cost − usual into what came of more calls, of larger calls and of dearer tokens: the exact log-mean (LMDI)
 * decomposition of cost = calls × tokens per call × price per token, or calls × price per call where tokens are not known.
 * Undefined without a usual to compare with.
 */
export function decompose({
  cost,
  usualCost,
  calls,
  usualCalls,
  tokens,
  usualTokens,
}: Evidence): readonly Part[] | undefined {
  if (![cost, usualCost, calls, usualCalls].every(isKnown)) return undefined;
  const logCost = Math.log(cost / usualCost);
  const logCalls = Math.log(calls / usualCalls);
  // The logarithmic mean; of two equal numbers, the number.
  const mean = Math.abs(logCost) < 1e-9 ? cost : (cost - usualCost) / logCost;
  const part = (of: Part["of"], log: number): Part => ({ of, dollars: mean * log, ratio: Math.exp(log) });
  if (![tokens, usualTokens].every(isKnown))
    return [part("calls", logCalls), part("price per call", logCost - logCalls)];
  const logTokens = Math.log(tokens / usualTokens);
  return [
    part("calls", logCalls),
    part("tokens per call", logTokens - logCalls),
    part("price per token", logCost - logTokens),
  ];
}

/** Less is rounding, not use. */
const LEAST_FIGURE = 1e-9;
const isKnown = (figure: number): boolean => figure >= LEAST_FIGURE && Number.isFinite(figure);

/** The one word for it: what a person would look at first. */
export function driverOf(evidence: Evidence): string {
  if (evidence.detector === "new-spender") return "new spender";
  if (evidence.detector === "dear-model") return "price per token";
  if (evidence.detector === "retry-storm") return "calls";
  const parts = decompose(evidence);
  if (!parts) return "calls";
  return parts.reduce((most, part) => (part.dollars > most.dollars ? part : most)).of;
}

/** Below this a part of the difference is not worth naming, nor is what all that is not named adds up to. */
const NAMED_SHARE = 0.15;
/** Ratios beyond it are noise of a small denominator. */
const GREATEST_RATIO = 1_000;
/** Less is as good as nothing. */
const LEAST_USUAL = 0.01;

/** `subject` as a person knows it; `until`: up to when the evidence tells; `now`: when it is said. */
export function sentenceFor(subject: string, evidence: Evidence, until: EpochMs, now = until): string {
  const { detector, cost, usualCost, startHour } = evidence;
  const spent =
    detector === "dear-model"
      ? `spent ${dollars(cost)} on ${evidence.children?.[0]?.uid ?? "a model"}`
      : `spent ${dollars(cost)}`;
  const span = spanOf(until - startHour * HOUR_MS);
  const end = `${toMinute(until)} UTC`;
  const opening = `${subject} ${spent} in the ${span} to ${end}`;
  const rest = [against(evidence), because(evidence), who(evidence), burn(evidence)].filter((part) => part !== "");
  return `${opening}, ${rest.join("; ")}`;

  function against({ detector, usualCost, isBeginning }: Evidence): string {
    if (detector === "new-spender")
      return isBeginning ? "with hardly any log before to compare with" : "first seen then";
    if (detector === "dear-model") return `${times(cost, usualCost)} what the same tokens usually cost it`;
    if (!(usualCost >= LEAST_USUAL)) return "where there is normally no spend";
    return `${times(cost, usualCost)} the usual ${dollars(usualCost)}`;
  }

  function burn({ detector, hourExcess }: Evidence): string {
    if (!(hourExcess >= LEAST_USUAL)) return "";
    const amount = dollars(hourExcess);
    const more = detector === "new-spender" ? "" : " above the usual";
    if (detector === "team-lift") return `${amount} an hour${more} on the last day`;
    return isPast(until, now) ? `${amount}${more} in its last hour` : `now ${amount} an hour${more}`;
  }

  function who({ children, detector }: Evidence): string {
    if (!children || detector === "dear-model") return "";
    const named = children
      .filter(({ share }) => Math.round(100 * share) >= 1)
      .map(({ uid, share }) => `${uid} ${Math.round(100 * share)} %`);
    return named.length > 0 ? `most of it by ${named.join(", ")}` : "";
  }

  function because(from: Evidence): string {
    if (from.errorShare !== undefined) return `${Math.round(100 * from.errorShare)} % of the calls failed`;
    if (from.detector === "new-spender" || from.detector === "dear-model" || !(usualCost >= LEAST_USUAL))
      return "";
    const parts = namedParts(decompose(from) ?? [], cost - usualCost);
    const rises = parts.filter((part) => part.dollars > 0);
    if (rises.length === 0) return "";
    const named = rises.map(({ of, ratio, dollars: part }) => `${of} ${change(ratio)} (${dollars(part)})`);
    const falls = parts
      .filter((part) => part.dollars < 0)
      .map(({ of, ratio, dollars: part }) => `${fall(of, ratio)} (-${dollars(-part)})`);
    return `driven by ${named.join(", ")}${falls.length > 0 ? `, but ${falls.join(", ")}` : ""}`;
  }
}

/** The largest parts first, rises before falls, until what is left is not worth naming. */
function namedParts(parts: readonly Part[], difference: number): readonly Part[] {
  const least = NAMED_SHARE * difference;
  if (!(least > 0)) return [];
  const named: Part[] = [];
  let left = difference;
  for (const part of parts.toSorted((a, b) => Math.abs(b.dollars) - Math.abs(a.dollars))) {
    if (Math.abs(part.dollars) < least && Math.abs(left) < least) break;
    named.push(part);
    left -= part.dollars;
  }
  return named.sort((a, b) => b.dollars - a.dollars);
}

/** `25 min`, `2.4 h`, `17 h`, `5 days`. */
function spanOf(milliseconds: number): string {
  const minutes = Math.max(1, Math.round(milliseconds / MINUTE_MS));
  if (minutes < 60) return `${minutes} min`;
  const hours = minutes / 60;
  if (hours < 48) return `${hours < 9.95 ? Number(hours.toFixed(1)) : Math.round(hours)} h`;
  return `${Math.round(hours / 24)} days`;
}

function times(cost: number, usual: number): string {
  const ratio = usual > 0 ? cost / usual : Number.POSITIVE_INFINITY;
  if (ratio > GREATEST_RATIO) return "more than 1,000 times";
  return `${ratio >= 10 ? Math.round(ratio) : ratio.toFixed(1)} times`;
}

function change(ratio: number): string {
  if (ratio >= 2)
    return ratio > GREATEST_RATIO
      ? "× more than 1,000"
      : `× ${ratio >= 10 ? Math.round(ratio) : ratio.toFixed(1)}`;
  return `+${Math.round(100 * (ratio - 1))} %`;
}

/** `41 % fewer calls`, `41 % lower price per token`. */
const fall = (of: Part["of"], ratio: number): string =>
  `${Math.round(100 * (1 - ratio))} % ${of === "calls" || of === "tokens per call" ? "fewer" : "lower"} ${of}`;

/** `$0.0042`, `$3.10`, `$1,240`. */
export function dollars(amount: number): string {
  if (amount >= 100) return `$${Math.round(amount).toLocaleString("en-US")}`;
  if (amount >= 0.01 || amount < 0.0001) return `$${Math.max(0, amount).toFixed(2)}`;
  return `$${amount.toPrecision(2)}`;
}
