import { beforeEach, expect, it } from "vitest";
import type { HeardFeedback } from "../shared/cost/watch-usage.ts";
import type { UsageRow } from "../shared/model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../shared/model/units.ts";
import { noPolicy } from "../shared/policy/parse-policy.ts";
import type { LastingStore } from "../shared/store/books.ts";
import { type MemoryStore, openMemoryStore } from "../shared/store/memory-store.ts";
import { billedOn, november, settledMonth } from "../test/billed-month.ts";
import { madeUpRuntime } from "../test/made-up-runtime.ts";
import { at, NEXT, steady, used } from "../test/watched-rows.ts";
import { reviewOnce } from "./review.ts";
import type { Runtime } from "./runtime.ts";

let store: MemoryStore;
let runtime: Runtime;
let now: EpochMs;
let heardTime: EpochMs;
let lastEventTime: EpochMs;
let feedback: readonly HeardFeedback[];

beforeEach(() => {
  store = openMemoryStore();
  feedback = [];
  heardTime = 0 as EpochMs;
  lastEventTime = at(0);
  const books = {
    feedback: async () => feedback,
    coverage: async () => [{ source: "aws.cloudtrail", lastEventTime, heardTime }],
  };
  runtime = {
    ...madeUpRuntime("store: made-up\n"),
    store: async () => ({ ...store, books }) as unknown as LastingStore,
    judging: async () => ({ policy: noPolicy, judge: () => undefined, price: () => undefined }),
    now: () => now,
  };
});

async function hear(rows: readonly UsageRow[]): Promise<void> {
  await store.transact((tables) => tables.addUsage(rows));
  heardTime = (heardTime + 1) as EpochMs;
  lastEventTime = now;
}
const rules = async () => (await store.findings()).map(({ finding }) => finding.ruleName);

it("looks when something was heard, and once an hour, since hours end also when nobody speaks", async () => {
  now = at(NEXT + 0.5);
  await hear([...steady(NEXT), used(NEXT, 900)]);
  expect(await reviewOnce(runtime)).toBe(1);
  expect(await rules()).toEqual(["spend-surge"]);
  now = (now + MINUTE_MS) as EpochMs;
  expect(await reviewOnce(runtime)).toBeUndefined();
  await hear([used(NEXT, 100)]);
  expect(await reviewOnce(runtime)).toBe(1);
  expect(await reviewOnce(runtime)).toBeUndefined();
  now = (now + HOUR_MS) as EpochMs;
  expect(await reviewOnce(runtime)).toBeDefined();
});

it("looks when a person has said something", async () => {
  now = at(NEXT + 3);
  const noisy = Array.from({ length: NEXT + 1 }, (_, hour) =>
    used(hour, hour < NEXT ? 60 + ((hour * 37) % 101) : 600),
  );
  await hear(noisy);
  expect(await reviewOnce(runtime)).toBe(1);
  const useless = {
    kind: "principal",
    uid: "arn:aws:iam::111122223333:role/app",
    feedback: "not useful",
    time: at(NEXT - 2),
  } as const;
  feedback = [useless, useless, useless, useless];
  await reviewOnce(runtime);
  expect(await rules()).toEqual([]);
});

it("holds bills against logs once an hour, of the months whose bills may still be corrected", async () => {
  const dark = (day: number) => billedOn(day, 40, { account: "444455556666" });
  now = november(40);
  await hear([...settledMonth(), dark(3)]);
  await reviewOnce(runtime);
  expect(await rules()).toEqual(["bill-without-calls"]);

  await hear([dark(4)]);
  now = (now + 50 * MINUTE_MS) as EpochMs;
  expect(await reviewOnce(runtime)).toBe(0);
  now = (now + 10 * MINUTE_MS) as EpochMs;
  expect(await reviewOnce(runtime)).toBe(1);

  now = november(66 + 1);
  await hear([dark(5)]);
  expect(await reviewOnce(runtime)).toBe(0);
  now = (now + HOUR_MS) as EpochMs;
  expect(await reviewOnce(runtime, { allMonths: true })).toBe(1);
});

it("tells once that a source has gone silent, and nothing of it where it looks at what has been", async () => {
  now = (lastEventTime + 9 * DAY_MS) as EpochMs;
  expect(await reviewOnce(runtime, { allMonths: true })).toBe(0);
  now = (now + HOUR_MS) as EpochMs;
  expect(await reviewOnce(runtime)).toBe(1);
  expect(await rules()).toEqual(["silent-source"]);
  now = (now + HOUR_MS) as EpochMs;
  expect(await reviewOnce(runtime)).toBe(0);
});
