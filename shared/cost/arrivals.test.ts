import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Activity } from "../model/activity.ts";
import { mergeActivities } from "../model/merge.ts";
import { type EpochMs, HOUR_MS, MINUTE_MS, type NanoUsd } from "../model/units.ts";
import { Arrivals } from "./arrivals.ts";

const START = Date.UTC(2026, 0, 5);

const reading = fc
  .record({
    uid: fc.constantFrom("a", "b", "c"),
    minutes: fc.constantFrom(0, 3, 70),
    later: fc.constantFrom(0, 5, 200),
    named: fc.boolean(),
    inputTokens: fc.constantFrom(undefined, 100, 250),
    outputTokens: fc.constantFrom(10, 30),
    failed: fc.boolean(),
    nanoUsd: fc.constantFrom(undefined, 2_000_000_000, 5_000_000_000),
    billed: fc.boolean(),
  })
  .map((given): Activity => {
    const startTime = (START + given.minutes * MINUTE_MS) as EpochMs;
    return {
      schema: "gnomon.activity/v1",
      uid: given.uid,
      kind: "call",
      view: "provider",
      source: "made-up.calls",
      operation: "chat",
      startTime,
      endTime: startTime,
      receivedTime: (startTime + given.later * MINUTE_MS) as EpochMs,
      count: 1,
      account: { uid: "acme" },
      provider: "openai",
      model: { id: "gpt-made-up" },
      ...(given.named ? { actor: { uid: `user-${given.uid}` } } : {}),
      ...(given.failed ? { outcome: { status: "failure", reason: "error" } } : {}),
      usage: {
        outputTokens: given.outputTokens,
        ...(given.inputTokens === undefined ? {} : { inputTokens: given.inputTokens }),
      },
      ...(given.nanoUsd === undefined
        ? {}
        : { cost: { nanoUsd: given.nanoUsd as NanoUsd, basis: given.billed ? "billed" : "estimated" } }),
    };
  });

/** All that arrived, as one text for each minute. */
function arrived(activities: readonly Activity[]): readonly string[] {
  const arrivals = new Arrivals();
  for (const activity of activities)
    arrivals.add(activity, {
      nanoUsd: activity.cost?.nanoUsd,
      isBilled: activity.cost?.basis === "billed",
      calls: 1,
      errors: activity.outcome?.status === "failure" ? 1 : 0,
    });
  return [...arrivals.inOrder()].map((batch) => JSON.stringify(batch));
}

/** What it comes to, by principal and hour. */
function totals(activities: readonly Activity[]): Readonly<Record<string, readonly number[]>> {
  const sums: Record<string, number[]> = {};
  for (const batch of arrived(activities)) {
    const { readings, unpriced } = JSON.parse(batch) as ReturnType<Arrivals["inOrder"]> extends Generator<
      infer Batch
    >
      ? Batch
      : never;
    for (const { attribution, hour, cost, calls, inputTokens, outputTokens, errors } of [
      ...readings,
      ...unpriced,
    ]) {
      const key = `${attribution.principal} ${hour}`;
      const before = sums[key] ?? [0, 0, 0, 0, 0];
      sums[key] = [cost, calls, inputTokens, outputTokens, errors].map(
        (value, index) => value + (before[index] ?? 0),
      );
    }
  }
  return Object.fromEntries(Object.entries(sums).filter(([, [, calls]]) => calls !== 0));
}

describe("arrivals", () => {
  it("say the same at the same times in whatever order readings of one call are read", () => {
    fc.assert(
      fc.property(
        fc
          .array(reading, { minLength: 2, maxLength: 9 })
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(arrived(shuffled)).toEqual(arrived(all));
          expect(arrived([...shuffled, ...all])).toEqual(arrived(all));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("come to what the readings of each call say together", () => {
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 9 }), (all) => {
        const merged = new Map<string, Activity>();
        for (const one of all) {
          const before = merged.get(one.uid);
          merged.set(one.uid, before ? mergeActivities(before, one) : one);
        }
        expect(totals(all)).toEqual(totals([...merged.values()]));
      }),
      { numRuns: 1_000 },
    );
  });

  it("tell of a call as soon as anything is known of it, and of more when that arrives", () => {
    const call = (minutes: number, nanoUsd: number): Activity => ({
      schema: "gnomon.activity/v1",
      uid: "a",
      kind: "call",
      view: "provider",
      source: "made-up.calls",
      operation: "chat",
      startTime: START as EpochMs,
      endTime: START as EpochMs,
      receivedTime: (START + minutes * MINUTE_MS) as EpochMs,
      count: 1,
      actor: { uid: "alice" },
      usage: { inputTokens: 10, outputTokens: 1 },
      cost: { nanoUsd: nanoUsd as NanoUsd, basis: "estimated" },
    });
    const arrivals = new Arrivals();
    for (const one of [call(90, 3e9), call(5, 1e9)])
      arrivals.add(one, { nanoUsd: one.cost?.nanoUsd, isBilled: false, calls: 1, errors: 0 });
    const batches = [...arrivals.inOrder()].map(({ time, readings }) => ({
      minutes: (time - START) / MINUTE_MS,
      readings: readings.map(({ hour, cost, calls }) => [hour - START / HOUR_MS, cost, calls]),
    }));
    expect(batches).toEqual([
      { minutes: 5, readings: [[0, 1, 1]] },
      { minutes: 90, readings: [[0, 2, 0]] },
    ]);
  });
});
