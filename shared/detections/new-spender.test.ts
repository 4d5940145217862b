import { expect, it } from "vitest";
import { NEXT, saidOf, steady, used } from "../../test/watched-rows.ts";
import { newSpender } from "./new-spender.ts";

/** A newcomer's first hour; its tokens cost so many times what those of the others cost. */
const spending = (usd: number, price = 1) => {
  const calls = Math.round((100 * usd) / price);
  return saidOf(newSpender, [
    ...steady(NEXT),
    used(NEXT, calls, { principal: "mallory", estimatedNanoUsd: usd * 1e9 }),
  ]);
};

it("tells of a newcomer by the dollar, the sooner the dearer its tokens are", async () => {
  const [said] = await spending(6, 3.1);
  expect(said).toMatchObject({ subject: { principal: "mallory" }, level: "low", count: 194 });
  expect(said?.reason).toBe(
    "mallory spent $6.00 in the 1 h to 2026-06-29 01:00 UTC, first seen then; now $6.00 an hour.",
  );
  for (const [price, least] of [
    [3.1, 5],
    [1.6, 25],
    [1, 100],
  ] as const) {
    expect(await spending(least - 0.5, price)).toEqual([]);
    expect(await spending(least + 0.5, price)).toHaveLength(1);
  }
});

it("is medium from $100 on, and high where that will be $1,000 within a day", async () => {
  expect((await spending(99, 3.1))[0]?.level).toBe("low");
  expect((await spending(101, 3.1))[0]?.level).toBe("high");
  const slowly = [0, 30, 60].map((hour) => used(NEXT + hour, 3_400, { principal: "mallory" }));
  expect((await saidOf(newSpender, [...steady(NEXT + 61), ...slowly]))[0]).toMatchObject({ level: "medium" });
});

it("is silent about whoever has been there for three days", async () => {
  const since = [0, 71, 72].map((hour) => used(NEXT + hour, hour < 72 ? 100 : 20_000, { principal: "mallory" }));
  expect(await saidOf(newSpender, [...steady(NEXT + 72), ...since])).toEqual([]);
});
