import { expect, it } from "vitest";
import { at, budget, saidOf, steady } from "../../test/watched-rows.ts";
import { budgetCrossed } from "./budget-crossed.ts";

const crossing = (amount: number, given: Parameters<typeof budget>[0] = {}, hours = 100) =>
  saidOf(budgetCrossed, steady(hours), { policy: { budgets: [budget({ amount, ...given })], events: [] } });

it("tells of 85, 95 and 100 percent, each louder than the one before", async () => {
  for (const [hours, level, used] of [
    [78, "low", "85 % used ($77.00 of $90.00) on day 4 of 30."],
    [87, "medium", "95 % used ($85.98 of $90.00) on day 4 of 30."],
    [92, "high", "101 % used ($90.95 of $90.00) on day 4 of 30."],
  ] as const)
    expect(await crossing(90, {}, hours)).toMatchObject([
      { level, reason: `Budget research: ${used}`, time: at(76) },
    ]);
  const said = await crossing(90, {}, 78);
  expect(said[0]).toMatchObject({
    subject: { resource: "budget research" },
    evidence: [{ operation: "used", facts: { used: "85%", budget: "$90.00" } }],
  });
});

it("is silent below 85 percent", async () => {
  expect(await crossing(118)).toEqual([]);
  expect(await crossing(116)).toHaveLength(1);
});

it("counts a quota's tokens", async () => {
  const [said] = await crossing(13_000_000, { measure: "tokens", name: "quota" });
  expect(said?.reason).toMatch(/^Budget quota: 85 % used \(11,[\d,]+ of 13,000,000 tokens\)/);
  expect(said?.evidence[0]?.facts).not.toHaveProperty("budget");
});
