import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACTIVITY_SCHEMA, type Activity } from "../shared/model/activity.ts";
import type { EpochMs } from "../shared/model/units.ts";
import { copyMadeStore } from "../test/made-store.ts";
import { madeUpRuntime } from "../test/made-up-runtime.ts";
import { openRuntime, readConfiguration, readDecisions, readPlaceOfStore } from "./runtime.ts";

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-runtime-"));
  file = join(folder, "gnomon.yaml");
  await writeFile(
    file,
    `store: memory
policy: policy.yaml
receive: { secret: "$\{env:MADE_UP_SECRET}" }
prices:
  - { name: contract, models: made-up/*, rates: { perRequest: 0.5 } }
`,
  );
  await writeFile(join(folder, "policy.yaml"), "approvals:\n  - models: made-up/*\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const call: Activity = {
  schema: ACTIVITY_SCHEMA,
  uid: "0".repeat(32),
  kind: "call",
  view: "provider",
  source: "made-up",
  startTime: 1_767_225_600_000 as EpochMs,
  endTime: 1_767_225_600_000 as EpochMs,
  count: 1,
  operation: "Converse",
  provider: "made-up",
  model: { id: "small", name: "made-up/small" },
  usage: { inputTokens: 1 },
};

it("judges by the policy and the prices of its configuration", async () => {
  const configuration = await readConfiguration(file, { MADE_UP_SECRET: "s" });
  const runtime = openRuntime(configuration, madeUpRuntime("store: memory").log);
  const { judge, price } = await runtime.judging();
  expect(judge(call)).toMatchObject({ verdict: "sanctioned", clause: `${join(folder, "policy.yaml")}:2` });
  expect(price(call)).toMatchObject({ nanoUsd: 500_000_000, priceVersion: "contract" });
  await runtime.close();
});

it("opens again what could not be opened, store and policy alike, and closes what it has", async () => {
  const own = await mkdtemp(join(folder, "again-"));
  const again = join(own, "gnomon.yaml");
  await writeFile(again, "store: store\npolicy: policy.yaml\n");
  await writeFile(join(own, "store"), "a file where the folder belongs");
  const runtime = openRuntime(await readConfiguration(again, {}), madeUpRuntime("store: memory").log);
  await expect(runtime.store()).rejects.toThrow("EEXIST");
  await expect(runtime.judging()).rejects.toThrow("ENOENT");

  await rm(join(own, "store"));
  await copyMadeStore(join(own, "store"));
  await writeFile(join(own, "policy.yaml"), "approvals:\n  - models: made-up/*\n");
  expect(await (await runtime.store()).books.coverage()).toEqual([]);
  expect(await runtime.store()).toBe(await runtime.store());
  expect((await runtime.judging()).judge(call)).toMatchObject({ verdict: "sanctioned" });
  await runtime.close();
});

it("closes although its store could not be opened", async () => {
  const runtime = openRuntime(
    { ...(await readDecisions(file)), store: "memory" },
    madeUpRuntime("store: memory").log,
  );
  await expect(runtime.store()).rejects.toMatchObject({ code: "config-invalid" });
  await runtime.close();
});

it("tells what was decided without any secret, and nothing more", async () => {
  expect((await readDecisions(file)).receive?.secret).toBe("$" + "{env:MADE_UP_SECRET}");
  await expect(readConfiguration(file, {})).rejects.toThrow("env:MADE_UP_SECRET, which is not set");
});

it("follows the reference of its store alone, where nothing else is asked, and finds a folder beside itself", async () => {
  const referring = join(folder, "referring.yaml");
  await writeFile(referring, `store: $\{env:MADE_UP_STORE}\nreceive: { secret: "$\{env:MADE_UP_SECRET}" }\n`);
  for (const [given, place] of [
    ["postgres://made-up/db", "postgres://made-up/db"],
    ["store", join(folder, "store")],
  ]) {
    expect(await readPlaceOfStore(referring, { MADE_UP_STORE: given })).toBe(place);
    const { store } = await readConfiguration(referring, { MADE_UP_STORE: given, MADE_UP_SECRET: "s" });
    expect(store).toBe(place);
  }
  await expect(readPlaceOfStore(referring, {})).rejects.toThrow("env:MADE_UP_STORE, which is not set");
});
