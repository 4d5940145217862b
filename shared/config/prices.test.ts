import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProblem } from "../policy/yaml-document.ts";
import { configurationJsonSchema, parseConfiguration } from "./config.ts";

const read = (text: string) => parseConfiguration(text, "gnomon.yaml");

const pricesOf = (text: string) => {
  const given = read(text);
  return "configuration" in given
    ? given.configuration.prices
    : expect.fail(given.problems.map((problem) => formatProblem(problem)).join("\n"));
};

const problemsOf = (text: string): string[] => {
  const given = read(text);
  return "problems" in given ? given.problems.map((problem) => formatProblem(problem)) : [];
};

describe("prices of a configuration", () => {
  it("are none where none are given", () => {
    expect(pricesOf("store: memory")).toEqual([]);
  });

  it("are rates, discounts and capacity by the hour, dated, for whom they name", () => {
    const text = `
prices:
  - name: azure-eu-2026
    since: 2026-01-01
    until: 2026-12-31
    providers: azure.ai.openai
    models: [openai/gpt-5*, "!openai/gpt-5-nano"]
    rates: { inputPerMillion: 1.1, outputPerMillion: 8, cacheReadPerMillion: 0, perRequest: 1e-4, usdPerUnit: 1.08 }
  - name: edp
    accounts: 111122223333
    discount: 12%
  - name: chat-ptu
    deployments: chat-ptu
    capacity: { perHour: 1.10, units: 15 }
`;
    expect(pricesOf(text)).toEqual([
      {
        name: "azure-eu-2026",
        since: Date.UTC(2026, 0, 1),
        until: Date.UTC(2027, 0, 1),
        providers: ["azure.ai.openai"],
        models: ["openai/gpt-5*", "!openai/gpt-5-nano"],
        terms: {
          kind: "rates",
          rates: {
            inputPerMillion: 1.1,
            outputPerMillion: 8,
            cacheReadPerMillion: 0,
            perRequest: 0.0001,
            usdPerUnit: 1.08,
          },
        },
      },
      { name: "edp", accounts: ["111122223333"], terms: { kind: "discount", share: 0.12 } },
      {
        name: "chat-ptu",
        deployments: ["chat-ptu"],
        terms: { kind: "capacity", hourlyNanoUsd: 16_500_000_000 },
      },
    ]);
  });

  it("take capacity in another currency, and a discount as a share", () => {
    const text = `
prices:
  - { name: a, deployments: x, capacity: { perHour: 10, usdPerUnit: 1.1 } }
  - { name: b, models: "*", discount: 0.125 }
  - { name: c, models: "*", discount: 100 % }
`;
    expect(pricesOf(text).map(({ terms }) => terms)).toEqual([
      { kind: "capacity", hourlyNanoUsd: 11_000_000_000 },
      { kind: "discount", share: 0.125 },
      { kind: "discount", share: 1 },
    ]);
  });
});

it("are rates at which bills in other currencies are dollars, for everything where nothing is named", () => {
  const text = `
prices:
  - { name: eur-q3, since: 2026-07-01, until: 2026-09-30, currency: { code: EUR, usdPerUnit: 1.0847 } }
  - { name: yen, accounts: "12345", currency: { code: JPY, usdPerUnit: 0.0067 } }
`;
  expect(pricesOf(text)).toEqual([
    {
      name: "eur-q3",
      since: Date.UTC(2026, 6, 1),
      until: Date.UTC(2026, 9, 1),
      terms: { kind: "currency", code: "EUR", usdPerUnit: 1.0847 },
    },
    { name: "yen", accounts: ["12345"], terms: { kind: "currency", code: "JPY", usdPerUnit: 0.0067 } },
  ]);
});

describe("mistakes in prices", () => {
  it("are told all at once, each with its place, its path and a suggestion", () => {
    const text = `
storre: memory
prices:
  - name: azure-eu
    since: 2026-02-01
    until: 2026-01-31
    providers: azure.ai.openia
    rates: { inputPerMilion: 2.2, outputPerMillion: -1 }
  - name: azure-eu
    discount: 12
  - name: both
    models: ^gpt
    discount: 5%
    capacity: { perHour: 0 }
`;
    expect(problemsOf(text)).toEqual([
      'gnomon.yaml:2:1 storre: unknown field; did you mean "store"?',
      "gnomon.yaml:6:12 prices[0].until: ends before it begins",
      'gnomon.yaml:7:16 prices[0].providers: no such door; did you mean "azure.ai.openai"?',
      'gnomon.yaml:8:14 prices[0].rates.inputPerMilion: unknown field; did you mean "inputPerMillion"?',
      "gnomon.yaml:8:53 prices[0].rates.outputPerMillion: a rate is not less than 0",
      'gnomon.yaml:9:5 prices[1]: holds for everything; write models: "*" if that is meant',
      "gnomon.yaml:9:11 prices[1].name: prices[0] has the same name",
      'gnomon.yaml:10:15 prices[1].discount: a share off the price: 12%, or 0.12; did you mean "12%"?',
      "gnomon.yaml:12:13 prices[2].models: this looks like a regular expression; patterns know only *, ? and a leading !",
      "gnomon.yaml:14:15 prices[2].capacity: an entry is about one thing, and this one has discount already",
      "gnomon.yaml:14:26 prices[2].capacity.perHour: a price per hour is more than 0",
    ]);
  });

  it.each([
    ["{ models: x, discount: 5% }", "gnomon.yaml:1:11 prices[0].name: missing"],
    [
      "{ name: a, models: x }",
      "gnomon.yaml:1:11 prices[0]: says no price: give one of rates, discount, capacity, currency",
    ],
    [
      "{ name: a, models: x, discont: 5% }",
      'gnomon.yaml:1:33 prices[0].discont: unknown field; did you mean "discount"?',
    ],
    [
      "{ name: a, models: x, rates: { usdPerUnit: 1.1 } }",
      "gnomon.yaml:1:40 prices[0].rates: no rate at all; free of charge is inputPerMillion: 0 and outputPerMillion: 0",
    ],
    [
      "{ name: a, models: x, discount: 0% }",
      "gnomon.yaml:1:43 prices[0].discount: a share off the price: 12%, or 0.12",
    ],
    [
      "{ name: a, models: x, discount: 101% }",
      "gnomon.yaml:1:43 prices[0].discount: a share off the price: 12%, or 0.12",
    ],
    ["{ name: a, models: x, capacity: { units: 2 } }", "gnomon.yaml:1:43 prices[0].capacity.perHour: missing"],
    ["{ name: a, models: x, capacity: 24 }", "gnomon.yaml:1:43 prices[0].capacity: expected a mapping, got text"],
    [
      "{ name: a, models: x, rates: { perRequest: $0.01 } }",
      'gnomon.yaml:1:54 prices[0].rates.perRequest: a rate is a number such as 250 or 0.5; did you mean "0.01"?',
    ],
    [
      "{ name: a, currency: { code: EURO, usdPerUnit: 1.1 } }",
      'gnomon.yaml:1:40 prices[0].currency.code: no currency of ISO 4217; did you mean "EUR"?',
    ],
    [
      "{ name: a, currency: { code: gbp, usdPerUnit: 1.3 } }",
      'gnomon.yaml:1:40 prices[0].currency.code: no currency of ISO 4217; did you mean "GBP"?',
    ],
    [
      "{ name: a, currency: { code: USD, usdPerUnit: 1 } }",
      "gnomon.yaml:1:40 prices[0].currency.code: bills in dollars need no rate",
    ],
    ["{ name: a, currency: { code: EUR } }", "gnomon.yaml:1:32 prices[0].currency.usdPerUnit: missing"],
    ["{ name: a, models: [], discount: 5% }", "gnomon.yaml:1:30 prices[0].models: an empty list"],
  ])("include %j", (entry, problem) => {
    expect(problemsOf(`prices: [ ${entry} ]`)).toEqual([problem]);
  });

  it("are told for any value in any field, and nothing throws", () => {
    const field = fc.constantFrom(
      "name",
      "since",
      "until",
      "models",
      "providers",
      "rates",
      "discount",
      "capacity",
      "currency",
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(
        "5%",
        "0.2",
        "2026-01-01",
        { perHour: "1" },
        { inputPerMillion: "1" },
        { usdPerUnit: "x" },
        {
          code: "EUR",
          usdPerUnit: "1.1",
        },
      ),
    );
    fc.assert(
      fc.property(fc.dictionary(field, value), (entry) => {
        const given = read(JSON.stringify({ prices: [entry] }));
        if ("problems" in given) expect(given.problems.length).toBeGreaterThan(0);
        else expect(given.configuration.prices[0]?.terms).toBeDefined();
      }),
    );
  });
});

it("offers editors a JSON Schema that takes prices as numbers", () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(configurationJsonSchema());
  const entry = { name: "a", models: "x" };
  expect(validate({ prices: [{ ...entry, rates: { inputPerMillion: 1.1, usdPerUnit: 1.08 } }] })).toBe(true);
  expect(validate({ prices: [{ ...entry, discount: "12%" }] })).toBe(true);
  expect(validate({ prices: [{ ...entry, discount: 0.12, capacity: { perHour: 24.5, units: 2 } }] })).toBe(true);
  expect(validate({ prices: [{ name: "a", currency: { code: "EUR", usdPerUnit: 1.08 } }] })).toBe(true);
  expect(validate({ prices: [{ ...entry, rates: { inputPerMilion: 1 } }] })).toBe(false);
});
