import { expect, it } from "vitest";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import { silentSource } from "./silent-source.ts";

const LAST = Date.UTC(2026, 10, 20, 14) as EpochMs;
const after = (silentMs: number, longestSilenceMs?: number) =>
  silentSource.evaluate(
    {
      source: "azure.openai",
      lastEventTime: LAST,
      ...(longestSilenceMs === undefined ? {} : { longestSilenceMs }),
    },
    (LAST + silentMs) as EpochMs,
  );

it("says nothing within a day, however steady the source was", () => {
  expect(after(DAY_MS, HOUR_MS)).toBeUndefined();
  expect(after(DAY_MS + 1, HOUR_MS)).toMatchObject({ level: "medium", time: LAST + DAY_MS });
});

it("waits for twice the longest silence, such as a weekend", () => {
  const weekend = 62 * HOUR_MS;
  expect(after(2 * weekend, weekend)).toBeUndefined();
  expect(after(2 * weekend + 1, weekend)).toMatchObject({
    level: "low",
    reason:
      "azure.openai has told of nothing since 2026-11-20 14:00 UTC; in the four weeks before it was never silent for more than 62 hours.",
  });
});

it("waits a week for a source that nobody counts calls from", () => {
  expect(after(7 * DAY_MS)).toBeUndefined();
  expect(after(7 * DAY_MS + 1)?.reason).toBe(
    "azure.openai has told of nothing since 2026-11-20 14:00 UTC, for a week.",
  );
});
