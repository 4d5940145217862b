import { expect, it } from "vitest";
import { at, NEXT, saidOf, used } from "../../test/watched-rows.ts";
import { spendDaySurge } from "./spend-day-surge.ts";

/** Hours that scatter, so that none of the day's stands out. */
const month = Array.from({ length: NEXT }, (_, hour) =>
  used(hour, 60 + ((hour * 37) % 101) + (hour % 29 === 0 ? 300 : 0)),
);
const day = (calls: number) => Array.from({ length: 24 }, (_, hour) => used(NEXT + hour, calls));
const dear = (rows: typeof month, times: number) =>
  rows.map((row) => ({ ...row, estimatedNanoUsd: times * row.estimatedNanoUsd }));

it("tells of a day that exceeds every day of four weeks when it does, and by its end of all of it", async () => {
  const [said, ...more] = await saidOf(spendDaySurge, dear([...month, ...day(300)], 5));
  expect(more).toEqual([]);
  expect(said?.time).toBe(at(NEXT + 19));
  expect(said?.reason).toMatch(
    /^role\/app spent \$360 in the 24 h to 2026-06-30 00:00 UTC, 2\.5 times the usual \$145/,
  );
});

it("is silent about a day that has had its like, and about less than $20", async () => {
  expect(await saidOf(spendDaySurge, dear([...month, ...day(220)], 5))).toEqual([]);
  expect(await saidOf(spendDaySurge, dear([...month, ...day(300)], 0.45))).toEqual([]);
});
