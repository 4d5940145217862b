import { expect, it } from "vitest";
import { NEXT, saidOf, steady, used } from "../../test/watched-rows.ts";
import { retryStorm } from "./retry-storm.ts";

const hour = (calls: number, given: Parameters<typeof used>[2]) =>
  saidOf(retryStorm, [...steady(NEXT), used(NEXT, calls, given)]);

it("tells of calls that multiply while most fail", async () => {
  const [said] = await hour(600, { failures: 500 });
  expect(said?.reason).toBe(
    "role/app spent $6.00 in the 1 h to 2026-06-29 01:00 UTC, 6.0 times the usual $1.00; 83 % of the calls failed; now $5.00 an hour above the usual.",
  );
  expect(said?.level).toBe("medium");
});

it("tells of calls that multiply while answers shrink", async () => {
  expect(await hour(600, { outputTokens: 600 * 5 })).toHaveLength(1);
});

it("leaves to others what multiplies and is answered as ever, and what fails at the usual pace", async () => {
  expect(await hour(600, {})).toEqual([]);
  expect(await hour(600, { failures: 200 })).toEqual([]);
  expect(await hour(100, { failures: 90 })).toEqual([]);
});
