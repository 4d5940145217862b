import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { IncomingMessage } from "../shared/bus/bus.ts";
import { activityMessage } from "../shared/bus/messages.ts";
import { topics } from "../shared/bus/topics.ts";
import type { Activity } from "../shared/model/activity.ts";
import { uidOf } from "../shared/model/uid.ts";
import { DAY_MS, type EpochMs } from "../shared/model/units.ts";
import { compilePolicy } from "../shared/policy/judge.ts";
import { parsePolicy } from "../shared/policy/parse-policy.ts";
import type { LastingStore } from "../shared/store/books.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import { activity, START } from "../test/activities.ts";
import { gnomonHere } from "../test/command.ts";
import { copyMadeStore } from "../test/made-store.ts";
import { type MadeUpRuntime, madeUpRuntime } from "../test/made-up-runtime.ts";
import { takeActivities } from "./detect.ts";
import { housekeepOnce } from "./housekeeping.ts";

const read = parsePolicy("denials:\n  - models: deepseek/*\n", "policy.yaml");
const policy = "policy" in read ? read.policy : expect.fail("the policy of this test");
const unlimited = new AbortController().signal;

let folder: string;
let store: LastingStore;
let runtime: MadeUpRuntime;
let day: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-housekeeping-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async (context) => {
  const own = join(folder, context.task.id);
  await copyMadeStore(own);
  store = await openLastingStore(own);
  context.onTestFinished(() => store.close());
  day = 0;
  runtime = {
    ...madeUpRuntime("retention: { activityDays: 14 }\n"),
    store: async () => store,
    judging: async () => ({ policy, judge: compilePolicy(policy), price: () => undefined }),
    now: () => (START + day * DAY_MS) as EpochMs,
  };
});

const denied = (count: number): Activity[] =>
  Array.from({ length: count }, (_, n) =>
    activity({
      uid: uidOf("denied", n),
      actor: { uid: "alice" },
      provider: "aws.bedrock",
      model: { id: "deepseek-y", name: "deepseek/deepseek-y" },
    }),
  );

const take = (activities: readonly Activity[]) =>
  takeActivities(
    activities.map(
      (one, offset): IncomingMessage => ({
        headers: {},
        ...activityMessage(one),
        topic: topics.activity.name,
        partition: 0,
        offset: String(offset),
      }),
    ),
    runtime,
  );
/** For the first time in more than a day, and an hour later. */
const housekeepTwice = async () => [
  (await housekeepOnce(runtime, unlimited)).forgotten,
  (await housekeepOnce(runtime, unlimited)).forgotten,
];
const calls = async () => (await store.usage()).reduce((sum, row) => sum + row.calls, 0);
const left = async () => (await Array.fromAsync(store.activities())).length;
const matches = async () => (await store.findings()).map(({ finding }) => finding.matches);

it("forgets activities, and takes none of them again: what they add up to and support stays as it was", async () => {
  await take(denied(27));
  day = 16;
  expect(await housekeepTwice()).toEqual([0, 27]);
  await take(denied(27));
  expect([await left(), await calls(), await matches()]).toEqual([0, 27, [27]]);
  expect(runtime.measured.get("Forgotten")).toBe(27);
});

it("takes nothing any more that it is about to remove, and removes it a day later", async () => {
  await take(denied(3));
  day = 14.5;
  expect(await housekeepOnce(runtime, unlimited)).toMatchObject({ forgotten: 0 });
  await take(denied(5));
  expect([await left(), await calls()]).toEqual([3, 3]);
  day = 15.5;
  expect(await housekeepOnce(runtime, unlimited)).toMatchObject({ forgotten: 3 });
});

it("counts the age of a month's bill from the end of the month", async () => {
  const bill = (dollars: number) =>
    activity({
      kind: "bucket",
      view: "usage",
      endTime: (START + 31 * DAY_MS) as EpochMs,
      cost: { nanoUsd: (dollars * 1e9) as never, basis: "billed" },
      receivedTime: runtime.now(),
    });
  const billed = async () => (await store.usage()).map(({ billedNanoUsd }) => billedNanoUsd / 1e9);
  await take([bill(5)]);
  for (const [at, dollars] of [
    [20, 7],
    [44, 9],
    [47, 12],
  ] as const) {
    day = at;
    await housekeepTwice();
    await take([bill(dollars)]);
  }
  expect(await billed()).toEqual([9]);
  expect(await left()).toBe(0);
});

it("remembers what was forgotten when activities are to be kept for longer", async () => {
  await take(denied(4));
  day = 16;
  await housekeepTwice();
  runtime = { ...runtime, configuration: { ...runtime.configuration, retention: { activityDays: 90 } } };
  await housekeepOnce(runtime, unlimited);
  await take(denied(4));
  expect([await left(), await calls()]).toEqual([0, 4]);
});

it("holds for log files that are scanned into a store", async () => {
  const where = join(folder, "scanned");
  await copyMadeStore(where);
  const scan = () => gnomonHere(["scan", join(folder, "trail.json"), "--store", where]);
  const record = {
    eventVersion: "1.11",
    eventTime: new Date(START).toISOString(),
    eventSource: "bedrock.amazonaws.com",
    eventName: "Converse",
    awsRegion: "us-east-1",
    userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/app", accountId: "111122223333" },
    requestParameters: { modelId: "deepseek.r1-v1:0" },
    recipientAccountId: "111122223333",
    eventType: "AwsApiCall",
  };
  const records = ["one", "two"].map((id) => ({ ...record, requestID: id, eventID: id }));
  await writeFile(join(folder, "trail.json"), JSON.stringify({ Records: records }));
  expect(await scan()).toMatchObject({ code: 0 });
  const scanned = await openLastingStore(where);
  const before = (START + 2 * DAY_MS) as EpochMs;
  expect(await scanned.books.forgetActivities(before, unlimited)).toBe(0);
  expect(await scanned.books.forgetActivities(before, unlimited)).toBe(2);
  await scanned.close();
  expect(await scan()).toMatchObject({
    code: 0,
    err: expect.stringContaining("Left out: 2 activities from before"),
  });
  const again = await openLastingStore(where);
  expect((await again.usage()).map(({ calls }) => calls)).toEqual([2]);
  await again.close();
});
