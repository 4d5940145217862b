/** Fields that a person writes in a policy and in a configuration alike: dates, amounts, patterns. */
import { z } from "zod";
import { DAY_MS, type EpochMs, fromIsoDate } from "../model/units.ts";
import { nearestDoor } from "./doors.ts";
import { isExact, patternProblem } from "./pattern.ts";

/** What is wrong with a text: a suggestion replaces it, an offset points into it. */
export interface TextProblem {
  readonly message: string;
  /** Absent too where it is undefined. */
  readonly suggestion?: string | undefined;
  readonly offset?: number;
}

const issueOf = (input: unknown, { message, ...params }: TextProblem) =>
  ({ code: "custom", input, message, params }) as const;

/** A text with a check of its own; what it finds stands at the text's place in the file. */
export const checkedText = (problemOf: (value: string) => string | TextProblem | undefined) =>
  z.string().check(({ value, issues }) => {
    const found = problemOf(value);
    if (found !== undefined) issues.push(issueOf(value, typeof found === "string" ? { message: found } : found));
  });

/** A text that stands for a value. */
export const readText = <Value>(read: (text: string) => { readonly value: Value } | TextProblem) =>
  z.string().transform((text, context): Value => {
    const found = read(text);
    if ("value" in found) return found.value;
    context.issues.push(issueOf(text, found));
    return z.NEVER;
  });

export const oneOrMore = <Shape extends z.ZodType<string>>(one: Shape) =>
  z
    .union([one, z.array(one).min(1)])
    .transform((given): string[] => [given].flat())
    .exactOptional();

export const pattern = checkedText((value) => patternProblem(value));

/** A name we do not know is fine, unless it is nearly one we do. */
export const doorPattern = (gateways: readonly string[] = []) =>
  checkedText((value) => patternProblem(value) ?? doorProblem(value, gateways));

function doorProblem(given: string, gateways: readonly string[]): TextProblem | undefined {
  const door = given.replace(/^!/, "");
  const suggestion = isExact(door) ? nearestDoor(door, gateways) : undefined;
  return suggestion === undefined
    ? undefined
    : { message: "no such door", suggestion: likewise(given, suggestion) };
}

/** What is suggested for a negated pattern is negated. */
export const likewise = (given: string, suggestion: string): string =>
  given.startsWith("!") ? `!${suggestion}` : suggestion;

/** The first day it holds, UTC, or the first instant. */
export const since = readText((text) => dateOf(text));

/** The last day it holds, UTC; with a time, the first instant it no longer does. */
export const until = readText((text) => {
  const date = dateOf(text);
  return "value" in date && isDay(text) ? { value: (date.value + DAY_MS) as EpochMs } : date;
});

const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text.trim());

function dateOf(text: string): { readonly value: EpochMs } | TextProblem {
  const value = fromIsoDate(text);
  return value === undefined ? { message: "no such date; write 2026-12-31 or 2026-12-31T18:00:00Z" } : { value };
}

/** What is wrong with a mapping as a whole. */
export interface FieldProblem extends TextProblem {
  /** Which of its fields shows it. Absent: that a field is not there; not said beside one that is misspelt. */
  readonly field?: string;
}

/** Looked at also where a field is wrong in itself: such a field has no value of its kind, or none. */
export const checkedWhole = <Shape extends z.ZodObject>(
  shape: Shape,
  problemsOf: (fields: Readonly<Record<string, unknown>>) => readonly FieldProblem[],
) =>
  shape.superRefine(
    (fields, { issues }) => {
      const isMisspelt = issues.some(({ code }) => code === "unrecognized_keys");
      for (const { field, ...problem } of problemsOf(fields)) {
        if (field === undefined && isMisspelt) continue;
        issues.push({ ...issueOf(undefined, problem), path: field === undefined ? [] : [field] });
      }
    },
    { when: ({ value }) => typeof value === "object" && value !== null && !Array.isArray(value) },
  );

export const endsBeforeItBegins = ({
  since: first,
  until: end,
}: Readonly<Record<string, unknown>>): readonly FieldProblem[] =>
  typeof first === "number" && typeof end === "number" && end <= first
    ? [{ field: "until", message: "ends before it begins" }]
    : [];

/** In digits. Every scalar of a file is a text; editors are told that a number is meant. */
export const positive = (what: string) => numberThat((value) => value > 0, what, "more than 0");
export const notNegative = (what: string) => numberThat((value) => value >= 0, what, "not less than 0");

const numberThat = (holds: (value: number) => boolean, what: string, bound: string) =>
  readText((text) => {
    const value = DIGITS.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value))
      return { message: `${what} is a number such as 250 or 0.5`, suggestion: plainNumber(text) };
    return holds(value) ? { value } : { message: `${what} is ${bound}` };
  }).meta({ type: ["number", "string"] });

const DIGITS = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?$/i;

/** `$4,000`, `4_000 USD`, `4k`: what was probably meant. */
function plainNumber(text: string): string | undefined {
  const [, digits, thousands] =
    /^(?:usd|eur|[$€])?\s*(\d+(?:[,_' ]\d{3})*(?:\.\d+)?)\s*([km])?\s*(?:usd|eur|dollars|[$€])?$/i.exec(
      text.trim(),
    ) ?? [];
  if (digits === undefined) return undefined;
  const times = { k: 1_000, m: 1_000_000 }[thousands?.toLowerCase() ?? ""] ?? 1;
  return String(Number(digits.replaceAll(/[,_' ]/g, "")) * times);
}
