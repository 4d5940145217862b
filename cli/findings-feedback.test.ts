import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { review } from "../shared/pipeline/review.ts";
import { noPolicy } from "../shared/policy/parse-policy.ts";
import { detections } from "../shared/registry.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import { billedOn, settledMonth } from "../test/billed-month.ts";
import { gnomonHere } from "../test/command.ts";
import { copyMadeStore } from "../test/made-store.ts";
import { NEXT, steady, used } from "../test/watched-rows.ts";

let folder: string;
const uids = new Map<string, string>();
const inStore = async <Result>(work: (store: Awaited<ReturnType<typeof openLastingStore>>) => Promise<Result>) => {
  const store = await openLastingStore(join(folder, "store"));
  return work(store).finally(() => store.close());
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-feedback-"));
  await copyMadeStore(join(folder, "store"));
  await inStore(async (store) => {
    const rows = [
      ...steady(NEXT),
      used(NEXT, 900),
      ...settledMonth(),
      billedOn(3, 40, { account: "444455556666" }),
    ];
    await store.transact((tables) => tables.addUsage(rows));
    await review(store, { policy: noPolicy, detections });
    for (const { finding } of await store.findings()) uids.set(finding.ruleName, finding.uid);
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const say = (rule: string, ...words: string[]) =>
  gnomonHere(["findings", "feedback", uids.get(rule) ?? rule, ...words, "--store", join(folder, "store")]);

it("keeps what somebody said of abnormal spend, who and why, for the watch to learn from", async () => {
  const { code, out } = await say("spend-surge", "not-useful", "--by", "ada", "--note", "the nightly batch");
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/^[0-9a-f]{8} was not useful: Unusual Hours/),
  });
  await inStore(async ({ books }) => {
    expect(await books.history(uids.get("spend-surge") ?? "")).toMatchObject([
      { status: "new", by: "ada", note: "the nightly batch", feedback: "not useful" },
    ]);
    const app = { kind: "principal", uid: "arn:aws:iam::111122223333:role/app" };
    expect(await books.feedback()).toMatchObject([{ ...app, feedback: "not useful" }]);
  });
});

it("refuses what is no abnormal spend, an unknown word and an unknown finding", async () => {
  const bill = await say("bill-without-calls", "expected");
  expect(bill).toMatchObject({ code: 2, err: expect.stringContaining("abnormal spend") });
  expect(await say("spend-surge", "usefull")).toMatchObject({
    code: 2,
    err: "gnomon: findings feedback usefull: did you mean useful? It is one of expected, useful, not-useful\n",
  });
  expect(await say("ffffffff", "useful")).toMatchObject({
    code: 2,
    err: expect.stringContaining("findings list"),
  });
});

it("changes a status in the store of a configuration, beside which that stands", async () => {
  const config = join(folder, "gnomon.yaml");
  await writeFile(config, "store: store\n");
  const uid = uids.get("spend-surge") ?? "";
  const { code, out } = await gnomonHere(["findings", "ack", uid, "--by", "bob", "--config", config]);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("is acknowledged: Unusual Hours") });
  await inStore(async ({ books }) => {
    expect((await books.history(uid)).at(-1)).toMatchObject({ status: "acknowledged", by: "bob" });
  });
});
