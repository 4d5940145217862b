import { expect, it } from "vitest";
import { saidOf, used } from "../../test/watched-rows.ts";
import { slowLeak } from "./slow-leak.ts";

/** Four weeks of days with 480 calls of so many times the usual size. */
const days = (sizeOf: (day: number) => number) =>
  Array.from({ length: 28 * 24 }, (_, hour) => {
    const size = sizeOf(Math.floor(hour / 24));
    return used(hour, 20, {
      inputTokens: 20_000 * size,
      outputTokens: 4_000 * size,
      estimatedNanoUsd: 8e8 * size,
    });
  });
const usual = (day: number) => 1 + 0.01 * ((day * 3) % 5);

it("tells of calls that grow day by day, since the day on which that began", async () => {
  const [said] = await saidOf(
    slowLeak,
    days((day) => (day < 21 ? usual(day) : 1.08 ** (day - 20))),
  );
  expect(said?.evidence[0]?.facts).toMatchObject({ driver: "tokens per call", since: "2026-06-22 00:00 UTC" });
  expect(said?.reason).toContain("in the 4 days to");
});

it("is silent about a step, as a release makes it, and about growth of two percent a day", async () => {
  expect(
    await saidOf(
      slowLeak,
      days((day) => (day < 21 ? usual(day) : 1.5)),
    ),
  ).toEqual([]);
  expect(
    await saidOf(
      slowLeak,
      days((day) => (day < 21 ? usual(day) : 1.02 ** (day - 20))),
    ),
  ).toEqual([]);
});
