import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openMemoryBus } from "../shared/bus/memory-bus.ts";
import { activityMessage } from "../shared/bus/messages.ts";
import { topics } from "../shared/bus/topics.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { compilePolicy } from "../shared/policy/judge.ts";
import type { LastingStore } from "../shared/store/books.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import { call, policyOf } from "../test/example-activities.ts";
import { copyMadeStore } from "../test/made-store.ts";
import { listen, madeUpRuntime } from "../test/made-up-runtime.ts";
import { startStage } from "./stages.ts";

let folder: string;
let store: LastingStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-stages-"));
  await copyMadeStore(join(folder, "store"));
  store = await openLastingStore(join(folder, "store"));
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const NOW = Date.UTC(2026, 5, 1);
const uidOfNumber = (n: number): string => n.toString(16).padStart(32, "0");

function runtimeWith(openStore: () => Promise<LastingStore>) {
  const policy = policyOf("");
  const made = madeUpRuntime("bus: memory", { now: NOW, bus: openMemoryBus() });
  const judging = async () => ({ policy, judge: compilePolicy(policy), price: () => undefined });
  return { ...made, store: openStore, judging };
}

it("rejects by its place the one message that no store can take, and takes all others of its batch", async () => {
  const runtime = runtimeWith(async () => store);
  const rejected = await listen(runtime.bus, topics.rejected.name);
  const subscription = await startStage("detect", runtime);
  const activities = Array.from({ length: 9 }, (_, at) => call({ uid: uidOfNumber(at + 1), startTime: NOW - at }));
  // Not ours, though it says so; nobody checks our own again.
  const hostile = activities.map((activity, at) => (at === 5 ? { ...activity, uid: "no uid CANARY" } : activity));
  await runtime.bus.publish(topics.activity.name, hostile.map(activityMessage));
  await subscription.stop();

  const known = (await Array.fromAsync(store.activities())).map(({ activity }) => activity.uid);
  expect(new Set(known)).toEqual(new Set([1, 2, 3, 4, 5, 7, 8, 9].map(uidOfNumber)));
  expect(rejected.map(({ value }) => JSON.parse(value))).toEqual([
    { reason: "detect cannot take it: error 22P02", place: "ai.activity/0/5" },
  ]);
  expect(JSON.stringify([rejected, runtime.lines])).not.toContain("CANARY");
});

it("tries a batch again while the store is away, and rejects nothing for it", async () => {
  let away = 2;
  const runtime = runtimeWith(async () => {
    if (away-- > 0) throw new PipelineError("upstream-unavailable", "store: away");
    return store;
  });
  const rejected = await listen(runtime.bus, topics.rejected.name);
  const subscription = await startStage("detect", runtime);
  await runtime.bus.publish(topics.activity.name, [
    activityMessage(call({ uid: uidOfNumber(77), startTime: NOW })),
  ]);
  await subscription.stop();
  const known = (await Array.fromAsync(store.activities())).map(({ activity }) => activity.uid);
  expect(known).toContain(uidOfNumber(77));
  expect(rejected).toEqual([]);
  expect(runtime.lines.filter(({ level }) => level === "error")).toHaveLength(2);
});
