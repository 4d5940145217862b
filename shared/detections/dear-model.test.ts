import { expect, it } from "vitest";
import { NEXT, saidOf, steady, used } from "../../test/watched-rows.ts";
import { dearModel } from "./dear-model.ts";

const other = (price: number, calls = 60, hours = NEXT) => [
  ...steady(hours),
  used(hours, calls, { model: "made-up/deep", estimatedNanoUsd: calls * price * 1e7 }),
];

it("tells of a model whose tokens cost four times what the principal usually pays, by name", async () => {
  const [said] = await saidOf(dearModel, other(12));
  expect(said).toMatchObject({
    subject: { principal: "arn:aws:iam::111122223333:role/app" },
    reason:
      "role/app spent $7.20 on made-up/deep in the 1 h to 2026-06-29 01:00 UTC, 12 times what the same tokens usually cost it; now $7.20 an hour above the usual.",
    level: "medium",
    count: 60,
  });
  expect(await saidOf(dearModel, other(4.1))).toHaveLength(1);
});

it("tells of it also while the principal goes on with its usual model", async () => {
  expect(await saidOf(dearModel, [...other(12), used(NEXT, 100)])).toHaveLength(1);
});

it("is silent below four times, below a dollar, and about a principal of less than three days", async () => {
  expect(await saidOf(dearModel, other(3.9))).toEqual([]);
  expect(await saidOf(dearModel, other(12, 8))).toEqual([]);
  expect(await saidOf(dearModel, other(12, 60, 71))).toEqual([]);
});
