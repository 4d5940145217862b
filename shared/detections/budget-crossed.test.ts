import { expect, it } from "vitest";
import { at, budget, saidOf, steady } from "../../test/watched-rows.ts";
import { budgetCrossed } from "./budget-crossed.ts";

const crossing = (amount: number, given: Parameters<typeof budget>[0] = {}) =>
  saidOf(budgetCrossed, steady(100), { policy: { budgets: [budget({ amount, ...given })], events: [] } });

it("tells of 85, 95 and 100 percent, each louder than the one before", async () => {
  const said = await crossing(90);
  expect(said.map(({ level, reason }) => [level, reason])).toEqual([
    ["low", expect.stringMatching(/^Budget research: 85 % used \(\$77\.00 of \$90\.00\) on day 4 of 30\.$/)],
    ["medium", expect.stringContaining("95 % used")],
    ["high", expect.stringContaining("100 % used")],
  ]);
  expect(said[0]).toMatchObject({
    subject: { resource: "budget research" },
    evidence: [{ time: at(0), operation: "used", facts: { used: "85%", budget: "$90.00" } }],
  });
});

it("is silent below 85 percent", async () => {
  expect(await crossing(118)).toEqual([]);
  expect(await crossing(116)).toHaveLength(1);
});

it("counts a quota's tokens", async () => {
  const [said] = await crossing(13_000_000, { measure: "tokens", name: "quota" });
  expect(said?.reason).toMatch(/^Budget quota: 85 % used \(11,[\d,]+ tokens of 13,000,000 tokens\)/);
  expect(said?.evidence[0]?.facts).not.toHaveProperty("budget");
});
