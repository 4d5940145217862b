import { expect, it } from "vitest";
import { at, NEXT, saidOf, steady, used } from "../../test/watched-rows.ts";
import { spendSurge } from "./spend-surge.ts";

const hourOf = async (calls: number) => (await saidOf(spendSurge, [...steady(NEXT), used(NEXT, calls)]))[0];

it("tells of an hour that cost what no hour did, with what drives it and since when", async () => {
  expect(await saidOf(spendSurge, [...steady(NEXT), used(NEXT, 900, { owner: "Research" })])).toEqual([
    {
      subject: { principal: "arn:aws:iam::111122223333:role/app" },
      reason:
        "role/app spent $9.00 in the 1 h to 2026-06-29 01:00 UTC, 9.0 times the usual $1.00; driven by calls × 9.0 ($8.00); now $8.00 an hour above the usual.",
      level: "medium",
      time: at(NEXT),
      count: 900,
      owner: "Research",
      evidence: [
        {
          uid: expect.any(String),
          time: at(NEXT),
          operation: "spent",
          facts: {
            "beyond the usual": "$8.00",
            usual: "$1.00",
            "an hour since": "$8.00",
            driver: "calls",
            since: "2026-06-29 00:00 UTC",
          },
        },
      ],
    },
  ]);
});

it("is silent below two and a half dollars more than usual, however improbable the hour", async () => {
  expect(await hourOf(345)).toBeUndefined();
  expect(await hourOf(355)).toBeDefined();
});

it("is high where it cost $1,000 more than usual, or a tenth of it at a pace that makes it so within a day", async () => {
  expect((await hourOf(9_900))?.level).toBe("medium");
  expect((await hourOf(10_200))?.level).toBe("high");
  const dear = steady(NEXT).map((row) => ({ ...row, estimatedNanoUsd: 3 * row.estimatedNanoUsd }));
  const night = [0, 1, 2].map((hour) => used(NEXT + hour, 450, { estimatedNanoUsd: 0.5e9 * (hour + 1) * 9 }));
  expect((await saidOf(spendSurge, [...dear, ...night]))[0]?.level).toBe("medium");
});

it("names an app or a team as such", async () => {
  const crowd = Array.from({ length: 30 }, (_, n) => steady(NEXT, { principal: `user-${n}`, app: "chat" })).flat();
  const rush = Array.from({ length: 200 }, (_, n) => used(NEXT, 100, { principal: `stranger-${n}`, app: "chat" }));
  const [said] = await saidOf(spendSurge, [...crowd, ...rush]);
  expect(said?.subject).toEqual({ resource: "app chat" });
  expect(said?.reason).toMatch(/^App chat spent \$200 in the 1 h/);
});
