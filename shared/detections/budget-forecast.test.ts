import { expect, it } from "vitest";
import { budget, saidOf, steady } from "../../test/watched-rows.ts";
import { budgetForecast } from "./budget-forecast.ts";

const forecast = (amount: number) =>
  saidOf(budgetForecast, steady(15 * 24), { policy: { budgets: [budget({ amount })], events: [] } });

it("tells once of a budget that will not last, with what is expected", async () => {
  const said = await forecast(600);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatchObject({
    subject: { resource: "budget research" },
    level: "medium",
    evidence: [{ facts: { used: "49%", budget: "$600", "expected beyond": "$120" } }],
  });
  expect(said[0]?.reason).toMatch(
    /^Budget research: will exceed \$600: \$300 used on day 13 of 30, \$720 expected/,
  );
});

it("is silent where it may well last", async () => {
  expect(await forecast(740)).toEqual([]);
});

it("claims no more certainty than it asks for", () => {
  expect(budgetForecast.rule.description).toMatch(/96 % .*of 88 % .*twice.*or of 70 % where 98 % is used/);
});
