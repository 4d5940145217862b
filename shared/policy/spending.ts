/** Budgets and known events as a person writes them in a policy. */
import { z } from "zod";
import type { EpochMs } from "../model/units.ts";
import { didYouMean } from "./did-you-mean.ts";
import {
  checkedText,
  checkedWhole,
  endsBeforeItBegins,
  type FieldProblem,
  oneOrMore,
  pattern,
  positive,
  readText,
  since,
  type TextProblem,
  until,
} from "./fields.ts";
import { isExact } from "./pattern.ts";
import type { Budget, KnownEvent } from "./policy.ts";

const name = z.string().min(1);

/** Whom a budget may be for; where none is named, it is for the whole organization. */
const kinds = ["team", "app", "principal"] as const;

const oneName = checkedText((text) => {
  if (text === "") return "an empty text";
  return isExact(text) && !text.startsWith("!") ? undefined : "one name and no pattern: a budget is for one";
});

/** 1970-01-05: weeks that nobody gave a beginning begin on Mondays. */
const FIRST_MONDAY = Date.UTC(1970, 0, 5) as EpochMs;

export const budgetShape = checkedWhole(
  z.strictObject({
    name: name.describe("What findings and figures call it."),
    team: oneName.exactOptional().describe("The team, as tags say or as an owner of this policy."),
    app: oneName.exactOptional().describe("The application, as tags say."),
    principal: oneName.exactOptional().describe("A user, role, service account or key, by its id."),
    amount: positive("an amount").describe("Dollars; tokens or calls where `measure` says so."),
    measure: z.enum(["cost", "tokens", "calls"]).default("cost"),
    period: readText(periodOf)
      .prefault("month")
      .describe("`month`, by UTC, or so many days: `7d`; `minute` of tokens or calls (TPM, RPM)."),
    since: since.exactOptional().describe("The first day it holds, with which its periods begin."),
    until: until.exactOptional().describe("The last day it holds."),
  }),
  (budget) => [
    ...endsBeforeItBegins(budget),
    ...forMoreThanOne(budget),
    ...withoutBeginning(budget),
    ...dollarsAMinute(budget),
  ],
).transform(({ team, app, principal, since: first = FIRST_MONDAY, ...budget }): Budget => {
  const named = { team, app, principal };
  const kind = kinds.find((one) => named[one] !== undefined);
  return {
    ...budget,
    since: first,
    scope: { kind: kind ?? "organization", uid: (kind && named[kind]) ?? "" },
  };
});

export const eventShape = checkedWhole(
  z.strictObject({
    name: name.describe("A launch, a migration, a month's closing."),
    since: since.describe("The first day it lasts, UTC, or the first instant."),
    until: until.describe("The last day it lasts, UTC; with a time, the first instant after it."),
    principals: oneOrMore(pattern).describe("Whose use is unusual. Nobody named: everybody's."),
    apps: oneOrMore(pattern),
    teams: oneOrMore(pattern),
    times: positive("how many times the usual")
      .exactOptional()
      .describe("How many times the usual is expected. Without it, nothing is said of cost and nothing learned."),
  }),
  endsBeforeItBegins,
).transform((event): KnownEvent => event);

function forMoreThanOne(budget: Readonly<Record<string, unknown>>): readonly FieldProblem[] {
  const [first, ...others] = kinds.filter((kind) => budget[kind] !== undefined);
  return others.map((field) => ({
    field,
    message: `a budget is for one, and this one is for ${first === "app" ? "an" : "a"} ${first} already: write two`,
  }));
}

/** Of weeks and days everybody knows when they begin. */
const withoutBeginning = ({ period, since: first }: Readonly<Record<string, unknown>>): readonly FieldProblem[] =>
  typeof period === "number" && period !== 1 && period !== 7 && first === undefined
    ? [{ field: "period", message: `periods of ${period} days begin somewhere: add since` }]
    : [];

/** Vendors limit tokens and requests by the minute, and nobody dollars. */
const dollarsAMinute = ({ period, measure }: Readonly<Record<string, unknown>>): readonly FieldProblem[] =>
  period === "minute" && measure === "cost"
    ? [{ field: "period", message: "what is by the minute is a quota: add measure: tokens, or calls" }]
    : [];

const LONGEST_PERIOD = 366;

const meant: ReadonlyMap<string, string> = new Map([
  ["monthly", "month"],
  ["1 month", "month"],
  ["1m", "month"],
  ["months", "month"],
  ["week", "7d"],
  ["weekly", "7d"],
  ["1w", "7d"],
  ["day", "1d"],
  ["daily", "1d"],
  ["minutes", "minute"],
  ["1 minute", "minute"],
  ["min", "minute"],
  ["1min", "minute"],
  ["tpm", "minute"],
  ["rpm", "minute"],
]);

/** What may be misspelt. Nothing that begins with a number: `2w` is no misspelt `1w`. */
const periodWords = ["month", "minute", ...meant.keys()].filter((word) => /^[a-z]/.test(word));

function periodMeant(text: string): string | undefined {
  const days = /^(\d{1,3}) ?-?(?:days?)?$/.exec(text)?.[1];
  if (Number(days) > 0) return `${days}d`;
  const given = text.toLowerCase();
  const word = meant.has(given) ? given : didYouMean(given, periodWords);
  return word === undefined ? undefined : (meant.get(word) ?? word);
}

function periodOf(text: string): { readonly value: Budget["period"] } | TextProblem {
  if (text === "month" || text === "minute") return { value: text };
  const days = Number(/^(\d{1,4})d$/.exec(text)?.[1]);
  if (days >= 1 && days <= LONGEST_PERIOD) return { value: days };
  return { message: `month, minute, or days from 1d to ${LONGEST_PERIOD}d`, suggestion: periodMeant(text) };
}
