import { expect, it } from "vitest";
import { NEXT, saidOf, steady, used } from "../../test/watched-rows.ts";
import { unitCostRise } from "./unit-cost-rise.ts";

/** An hour whose calls are so many times as large. */
const hour = (times: number, price = 1) =>
  saidOf(unitCostRise, [
    ...steady(NEXT),
    used(NEXT, 100, { inputTokens: 100_000 * times, estimatedNanoUsd: 1e9 * times * price }),
  ]);

it("tells of calls that cost a multiple, and whether they are larger or dearer", async () => {
  const [said] = await hour(12);
  expect(said?.subject).toEqual({ principal: "arn:aws:iam::111122223333:role/app" });
  expect(said?.reason).toContain("driven by tokens per call × 10");
  expect(said?.evidence[0]?.facts["driver"]).toBe("tokens per call");
  expect((await hour(1, 12))[0]?.evidence[0]?.facts["driver"]).toBe("price per token");
});

it("is silent where a call of the last hours costs less than two and a half times the usual", async () => {
  expect(await hour(4)).toEqual([]);
  expect(await hour(1)).toEqual([]);
});
