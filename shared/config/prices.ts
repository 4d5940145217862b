/**
 * What the organization pays, where that is not the list price: contracts, models of its own, doors without a list,
 * capacity that is paid by the hour, bills in another currency.
 */
import { z } from "zod";
import type { PriceOverride } from "../cost/price.ts";
import { fromUsd } from "../model/units.ts";
import { didYouMean } from "../policy/did-you-mean.ts";
import {
  checkedWhole,
  doorPattern,
  endsBeforeItBegins,
  type FieldProblem,
  notNegative,
  oneOrMore,
  pattern,
  positive,
  readText,
  since,
  type TextProblem,
  until,
} from "../policy/fields.ts";

/** One of these is what an entry is about. */
const terms = ["rates", "discount", "capacity", "currency"] as const;

const rate = notNegative("a rate").exactOptional();

const rates = checkedWhole(
  z.strictObject({
    inputPerMillion: rate.describe("Of a million tokens."),
    outputPerMillion: rate,
    cacheReadPerMillion: rate.describe("Without it, cached tokens cost as much as others."),
    cacheWritePerMillion: rate,
    perRequest: rate,
    perSecond: rate.describe("Of audio or video."),
    usdPerUnit: positive("dollars per unit of the currency")
      .exactOptional()
      .describe("For prices in another currency: dollars for one unit of it. Without it, they are dollars."),
  }),
  (given) =>
    Object.keys(given).some((key) => key !== "usdPerUnit")
      ? []
      : [{ message: "no rate at all; free of charge is inputPerMillion: 0 and outputPerMillion: 0" }],
);

const codes = new Set(Intl.supportedValuesOf("currency"));

const currency = z.strictObject({
  code: readText(codeOf).describe("ISO 4217: `EUR`. Bills tell it."),
  usdPerUnit: positive("dollars per unit of the currency").describe("Dollars for one unit of it."),
});

function codeOf(text: string): { readonly value: string } | TextProblem {
  const code = text.trim().toUpperCase();
  if (code === "USD") return { message: "bills in dollars need no rate" };
  if (codes.has(text)) return { value: text };
  return {
    message: "no currency of ISO 4217",
    suggestion: codes.has(code) ? code : didYouMean(code, COMMON),
  };
}

/** In which clouds send bills. Of three letters nearly all are one letter from another. */
const COMMON = ["EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "INR", "BRL", "SEK", "NOK", "DKK", "KRW", "NZD", "TWD"];

const capacity = z.strictObject({
  perHour: positive("a price per hour").describe("Dollars for one unit and hour."),
  units: positive("a number of units").default(1).describe("PTU, model units, replicas."),
  usdPerUnit: positive("dollars per unit of the currency").exactOptional(),
});

export const priceShape = checkedWhole(
  z.strictObject({
    name: z.string().min(1).describe("Shown as the version of every price that it makes."),
    since: since.exactOptional().describe("The first day it holds, UTC."),
    until: until.exactOptional().describe("The last day it holds, UTC."),
    providers: oneOrMore(doorPattern()).describe("Doors: `azure.ai.openai`, `aws.*`."),
    models: oneOrMore(pattern).describe("Model names, `anthropic/claude-*`, or ids as logged."),
    accounts: oneOrMore(pattern).describe("Accounts, subscriptions or projects, by id or name."),
    deployments: oneOrMore(pattern).describe("Deployments, by id or name."),
    rates: rates.exactOptional().describe("Instead of the list price."),
    discount: readText(shareOf)
      .exactOptional()
      .describe("Off whatever price holds otherwise: 12%, or 0.12.")
      .meta({ type: ["number", "string"] }),
    capacity: capacity.exactOptional().describe("Paid by the hour, and spread over what is used of it."),
    currency: currency.exactOptional().describe("The rate at which bills in another currency are dollars."),
  }),
  (entry) => [...endsBeforeItBegins(entry), ...otherThanOne(entry), ...forEverything(entry)],
).transform(({ rates: asRates, discount, capacity: reserved, currency: other, ...entry }): PriceOverride => {
  if (asRates) return { ...entry, terms: { kind: "rates", rates: asRates } };
  if (discount !== undefined) return { ...entry, terms: { kind: "discount", share: discount } };
  if (other) return { ...entry, terms: { kind: "currency", ...other } };
  const { perHour = 0, units = 1, usdPerUnit = 1 } = reserved ?? {};
  return { ...entry, terms: { kind: "capacity", hourlyNanoUsd: fromUsd(perHour * units * usdPerUnit) } };
});

function otherThanOne(entry: Readonly<Record<string, unknown>>): readonly FieldProblem[] {
  const [first, ...others] = terms.filter((term) => entry[term] !== undefined);
  if (!first) return [{ message: `says no price: give one of ${terms.join(", ")}` }];
  return others.map((field) => ({
    field,
    message: `an entry is about one thing, and this one has ${first} already`,
  }));
}

const forEverything = (entry: Readonly<Record<string, unknown>>): readonly FieldProblem[] =>
  entry["currency"] !== undefined ||
  ["providers", "models", "accounts", "deployments"].some((part) => entry[part] !== undefined)
    ? []
    : [{ message: 'holds for everything; write models: "*" if that is meant' }];

function shareOf(text: string): { readonly value: number } | TextProblem {
  const [, digits, percent] = /^(\d+(?:\.\d+)?|\.\d+) ?(%?)$/.exec(text.trim()) ?? [];
  const share = Number(digits) / (percent ? 100 : 1);
  if (share > 0 && share <= 1) return { value: share };
  return {
    message: "a share off the price: 12%, or 0.12",
    suggestion: !percent && share > 1 && share <= 100 ? `${digits}%` : undefined,
  };
}
