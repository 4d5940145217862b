import { describe, expect, it } from "vitest";
import { activity, START } from "../../test/activities.ts";
import { world } from "../../test/world.ts";
import type { Activity } from "../model/activity.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import { uidOf } from "../model/uid.ts";
import { DAY_MS, type EpochMs, type NanoUsd } from "../model/units.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { detect } from "./detect.ts";

async function detected(...batches: readonly (readonly Activity[])[]) {
  const store = openMemoryStore();
  const results = [];
  for (const batch of batches) results.push(await detect(batch, { ...world, store }));
  const ledger: LedgerEntry[] = [];
  for await (const entry of store.activities()) ledger.push(entry);
  return { store, results, ledger };
}

const claude = { id: "x", vendor: "anthropic", name: "anthropic/claude-x" };
const deepseek = { id: "y", name: "deepseek/deepseek-y" };

describe("price", () => {
  it("is ours where no log told the cost, and marked as ours", async () => {
    const { ledger } = await detected([activity({ model: claude, usage: { inputTokens: 300 } })]);
    expect(ledger[0]).toMatchObject({ priced: true, activity: { cost: { nanoUsd: 300 } } });
  });

  it("is computed anew when another log tells the tokens", async () => {
    const first = activity({ model: claude, usage: { inputTokens: 300 } });
    const second = activity({ source: "aws.bedrock-invocation", usage: { inputTokens: 500 } });
    const { ledger, store } = await detected([first], [second]);
    expect(ledger[0]?.activity.cost?.nanoUsd).toBe(500);
    expect((await store.usage()).map(({ estimatedNanoUsd }) => estimatedNanoUsd)).toEqual([500]);
  });

  it("gives way to a cost that a log tells, also to a smaller one", async () => {
    const ours = activity({ model: claude, usage: { inputTokens: 300 } });
    const told = activity({ cost: { nanoUsd: 2 as NanoUsd, basis: "estimated", priceSource: "litellm" } });
    const { ledger } = await detected([ours], [told]);
    expect(ledger[0]?.activity.cost).toEqual(told.cost);
    expect(ledger[0]).not.toHaveProperty("priced");
  });
});

describe("a bill in a currency without a rate", () => {
  const line = activity({
    kind: "bucket",
    view: "usage",
    source: "azure.cost-export",
    count: 0,
    labels: { currency: "EUR", amount: "12.50" },
  });
  const rated: typeof world.price = () => ({ nanoUsd: 13_000_000_000 as NanoUsd, basis: "billed" });

  it("is in no amount, and its lines and units are counted", async () => {
    const { store } = await detected([line]);
    expect(await store.usage()).toMatchObject([
      { currency: "EUR", unratedLines: 1, unratedMicro: 12_500_000, billedNanoUsd: 0, estimatedNanoUsd: 0 },
    ]);
  });

  it("is billed dollars when it is told again and a rate is known, and nothing is left behind", async () => {
    const { store } = await detected([line]);
    await detect([line], { ...world, store, price: rated });
    expect(await store.usage()).toMatchObject([{ currency: "", unratedLines: 0, billedNanoUsd: 13_000_000_000 }]);
    expect(await detect([line], { ...world, store, price: rated })).toMatchObject({ added: 0, changed: 0 });
  });
});

describe("a bill of a day on which there was use", () => {
  const midnight = (START - (START % DAY_MS)) as EpochMs;
  const line = (n: number, start = midnight) =>
    activity({
      uid: uidOf("line", n, start),
      kind: "bucket",
      view: "usage",
      count: 0,
      model: deepseek,
      actor: { uid: "alice" },
      provider: "aws.bedrock",
      startTime: start,
      endTime: (start + DAY_MS) as EpochMs,
    });
  const use = activity({
    model: deepseek,
    actor: { uid: "alice" },
    provider: "deepseek",
    usage: { inputTokens: 9 },
  });

  it("leaves the finding's sentence to the use, however many lines it has and whichever comes first", async () => {
    const lines = [...Array.from({ length: 12 }, (_, n) => line(n)), line(1, (midnight + DAY_MS) as EpochMs)];
    for (const batches of [[[use], lines], [lines, [use]], [[...lines, use]]]) {
      const { store } = await detected(...batches);
      expect((await store.findings())[0]?.finding).toMatchObject({
        level: "high",
        reason: expect.stringContaining("through deepseek"),
        matches: 14,
        firstSeenTime: midnight,
      });
    }
  });
});

describe("an entry", () => {
  it("carries verdict, owner and clause, and the findings the activity supports", async () => {
    const { ledger, store } = await detected([
      activity({ model: deepseek, account: { uid: "1", name: "research" }, actor: { uid: "alice" } }),
    ]);
    const [finding] = await store.findings();
    expect(ledger[0]).toMatchObject({
      verdict: "unsanctioned",
      owner: "research",
      clause: "policy.yaml:19",
      findings: [finding?.finding.uid],
    });
  });

  it("of a change has no verdict", async () => {
    const { ledger } = await detected([activity({ kind: "change", detail: { object: "key", action: "create" } })]);
    expect(ledger[0]).not.toHaveProperty("verdict");
  });
});

describe("a batch", () => {
  it("tells what was added, what changed and which findings speak anew", async () => {
    const one = activity({ uid: uidOf("one"), model: deepseek });
    const other = activity({ uid: uidOf("other"), model: claude });
    const { results } = await detected([one, other, one], [one, { ...other, labels: { team: "search" } }]);
    expect(results[0]).toMatchObject({ added: 2, changed: 0 });
    expect(results[0]?.findings.map(({ finding }) => finding.matches)).toEqual([1]);
    expect(results[1]).toEqual({ added: 0, changed: 1, findings: [] });
  });

  it("may be empty", async () => {
    const { results, store } = await detected([]);
    expect(results).toEqual([{ added: 0, changed: 0, findings: [] }]);
    expect(Object.values(await store.dump()).flat()).toEqual([]);
  });
});

describe("who and what is seen", () => {
  it("is a principal by its role, with its models, doors, account and lasting credential", async () => {
    const actor = { uid: "session-1", name: "session-1", issuerUid: "role/build" };
    const { store } = await detected([
      activity({
        actor,
        credential: { uid: "AKIA1", type: "long-term" },
        account: { uid: "1111", name: "research" },
        provider: "aws.bedrock",
        model: claude,
      }),
      activity({
        uid: uidOf("later"),
        startTime: (START + 9) as EpochMs,
        actor,
        credential: { uid: "ASIA1", type: "temporary" },
      }),
    ]);
    const seen = await store.entities();
    expect(seen.map(({ type, uid, name }) => [type, uid, name])).toEqual([
      ["account", "1111", "research"],
      ["credential", "AKIA1", "AKIA1"],
      ["model", "anthropic/claude-x", "anthropic/claude-x"],
      ["principal", "role/build", "role/build"],
      ["principal-model", '["role/build","anthropic/claude-x"]', '["role/build","anthropic/claude-x"]'],
      ["principal-provider", '["role/build","aws.bedrock"]', '["role/build","aws.bedrock"]'],
      ["provider", "aws.bedrock", "aws.bedrock"],
    ]);
    expect(seen[3]).toMatchObject({ firstSeenTime: START, lastSeenTime: START + 9 });
  });

  it("takes the name from the log that tells it", async () => {
    const { store } = await detected(
      [activity({ actor: { uid: "u-1" } })],
      [activity({ uid: uidOf("other"), actor: { uid: "u-1", name: "Ada" } })],
      [activity({ uid: uidOf("third"), actor: { uid: "u-1" } })],
    );
    expect(await store.entities()).toMatchObject([{ type: "principal", uid: "u-1", name: "Ada" }]);
  });

  it("does not include who only administers", async () => {
    const { store } = await detected([activity({ kind: "change", actor: { uid: "root" } })]);
    expect(await store.entities()).toEqual([]);
  });

  it("are not dated by a bill, whose month stands at its first hour", async () => {
    const cost = { nanoUsd: 5 as NanoUsd, basis: "billed" } as const;
    const bill = activity({ kind: "bucket", count: 0, account: { uid: "1" }, model: claude, cost });
    const { store } = await detected([bill]);
    expect(await store.entities()).toEqual([]);
    expect(await store.usage()).toMatchObject([{ calls: 0, billedNanoUsd: 5 }]);
  });
});

it("judges no bill by what bills do not tell, and keeps its owner", async () => {
  const cost = { nanoUsd: 5 as NanoUsd, basis: "billed" } as const;
  const bill = activity({ kind: "bucket", count: 0, account: { uid: "1" }, model: claude, cost });
  const judge = () =>
    ({ verdict: "unsanctioned", miss: "principal", clause: "default", reason: "", owner: "risk" }) as const;
  const store = openMemoryStore();
  const ports = { ...world, store, judge };
  await detect([bill], ports);
  expect(await store.usage()).toMatchObject([{ verdict: "", owner: "risk", billedNanoUsd: 5 }]);
  expect(await detect([bill], ports)).toMatchObject({ added: 0, changed: 0 });
  await detect([bill], { ...ports, judge: () => ({ ...judge(), miss: "account" }) });
  expect(await store.usage()).toMatchObject([{ verdict: "unsanctioned", owner: "risk" }]);
});

describe("a detection over a group", () => {
  const failed = (n: number) =>
    activity({
      uid: uidOf("failed", n),
      startTime: (START + n) as EpochMs,
      actor: { uid: "alice" },
      outcome: { status: "failure", reason: "throttled" },
    });

  it("speaks when the group is complete, over any number of batches", async () => {
    const { store, results } = await detected([failed(3)], [failed(1)], [failed(2)], [failed(2)]);
    expect(results.map(({ findings }) => findings.length)).toEqual([0, 0, 1, 0]);
    expect((await store.findings())[0]?.finding).toMatchObject({
      reason: "alice failed 3 times.",
      firstSeenTime: START + 1,
      lastSeenTime: START + 3,
      count: 3,
      experimental: true,
    });
  });

  it("takes its finding back when one of them turns out to be somebody else's", async () => {
    const named = { uid: "session-1", issuerUid: "role/build", type: "workload" } as const;
    const { store } = await detected([1, 2, 3].map(failed), [{ ...failed(2), actor: named }]);
    expect(await store.findings()).toEqual([]);
  });

  it("keeps of every step the earliest, also where it arrives last", async () => {
    const account = { uid: "1111" };
    const change = activity({ uid: uidOf("change"), kind: "change", operation: "PutUseCase", account });
    const call = (n: number, operation: string) =>
      activity({ uid: uidOf("call", n), startTime: (START + n) as EpochMs, operation, account });
    const { store } = await detected([call(9, "Converse"), change], [call(5, "InvokeModel")]);
    expect((await store.findings())[0]?.finding).toMatchObject({
      reason: "PutUseCase and then InvokeModel in 1111.",
      matches: 1,
      lastSeenTime: START + 5,
    });
  });
});
