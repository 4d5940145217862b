import { describe, expect, it } from "vitest";
import { usageRow } from "../../test/usage-rows.ts";
import { ACTIVITY_SCHEMA, type Activity } from "../model/activity.ts";
import type { LedgerEntry, UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, fromUsd, HOUR_MS } from "../model/units.ts";
import { noPolicy } from "../policy/parse-policy.ts";
import { inventory } from "./inventory.ts";
import { readReportInput } from "./report-input.ts";

const DAY = Date.UTC(2026, 8, 14) as EpochMs;

const entry = (parts: Partial<Activity>): LedgerEntry => ({
  activity: {
    schema: ACTIVITY_SCHEMA,
    uid: "0".repeat(32),
    kind: "call",
    view: "provider",
    source: "aws.cloudtrail",
    startTime: DAY,
    endTime: DAY,
    count: 1,
    operation: "Converse",
    account: { uid: "111122223333" },
    provider: "aws.bedrock",
    region: { requested: "eu-west-1", scope: "regional" },
    ...parts,
  },
  findings: [],
});

const rowOf = (view: UsageRow["view"]) =>
  usageRow({
    hour: DAY,
    view,
    source: "made.up",
    account: "111122223333",
    provider: "aws.bedrock",
    calls: 1,
    inputTokens: 1,
    outputTokens: 1,
  });

const read = (
  entries: readonly LedgerEntry[],
  facts: Partial<Parameters<typeof readReportInput>[1]> = {},
  rows = [...new Set(entries.map(({ activity }) => activity.view))].map(rowOf),
) =>
  readReportInput(
    {
      findings: async () => [],
      usage: async () => rows,
      entities: async () => [],
      async *activities() {
        yield* entries;
      },
    },
    { version: "0.1.0", rules: [], rejects: [], ...facts },
  );

describe("the report's input", () => {
  it("knows what of the policy decided on each line of the inventory, that of most calls first", async () => {
    const judged = (clause: string, count: number) => ({
      ...entry({ count }),
      verdict: "unreviewed" as const,
      clause,
    });
    const entries = [judged("default", 2), judged("policy.yaml:9", 3), judged("policy.yaml:4", 2)];
    const { usage, decided } = await read(entries);
    expect(inventory(usage, decided)).toMatchObject([{ clauses: ["policy.yaml:9", "default", "policy.yaml:4"] }]);
  });

  it("calls nothing decided where there may have been no policy", async () => {
    const entries = [{ ...entry({}), verdict: "unreviewed" as const, clause: "default" }];
    expect(await read(entries)).not.toHaveProperty("decided");
    expect((await read(entries, { policy: noPolicy })).decided?.size).toBe(1);
  });

  it("spreads what capacity costs by the hour over those who used it", async () => {
    const prices = [
      { name: "ptu", models: ["*"], terms: { kind: "capacity" as const, hourlyNanoUsd: fromUsd(24) } },
    ];
    const unpriced = { ...rowOf("provider"), model: "anthropic/claude-haiku-4-5", unpricedCalls: 1 };
    const { usage, cost } = await read([entry({})], { prices }, [unpriced]);
    expect(usage).toMatchObject([{ estimatedNanoUsd: 24e9, unpricedCalls: 0 }]);
    expect(cost.spend).toMatchObject([{ estimatedNanoUsd: 24e9 }]);
  });

  it("spans from the first to the last event of any kind", async () => {
    const later = (DAY + 3 * DAY_MS) as EpochMs;
    const { period } = await read([
      entry({ kind: "change", startTime: (DAY - HOUR_MS) as EpochMs, endTime: (DAY - HOUR_MS) as EpochMs }),
      entry({ startTime: later, endTime: (later + HOUR_MS) as EpochMs }),
    ]);
    expect(period).toEqual({ first: DAY - HOUR_MS, last: later + HOUR_MS - 1 });
  });

  it("has no period when nothing was read", async () => {
    expect(await read([])).not.toHaveProperty("period");
  });

  it("adds up calls that were sent and ran alike", async () => {
    const { regions } = await read([
      entry({ count: 3 }),
      entry({ count: 4 }),
      entry({ region: { requested: "eu-west-1", processed: "eu-central-1" } }),
      entry({ kind: "change" }),
    ]);
    expect(regions.map(({ processed, calls }) => [processed, calls])).toEqual(
      expect.arrayContaining([
        [undefined, 7],
        ["eu-central-1", 1],
      ]),
    );
    expect(regions).toHaveLength(2);
  });

  it("counts a call's region once, by the system of record", async () => {
    const { regions } = await read([entry({}), entry({ view: "gateway", source: "litellm.spend" })]);
    expect(regions.map(({ calls }) => calls)).toEqual([1]);
  });

  it("says of each source on which days it spoke, and what was read of it", async () => {
    const nextDay = (DAY + DAY_MS + HOUR_MS) as EpochMs;
    const { coverage } = await read([entry({}), entry({}), entry({ startTime: nextDay, endTime: nextDay })], {
      read: [
        { source: "aws.cloudtrail", records: 5, activities: 4, rejects: 1 },
        { source: "gcp.audit", records: 2, activities: 0, rejects: 2 },
      ],
    });
    expect(coverage).toEqual([
      {
        source: "aws.cloudtrail",
        view: "provider",
        records: 5,
        rejects: 1,
        activities: 4,
        firstTime: DAY,
        lastTime: nextDay,
        days: [DAY, DAY + DAY_MS],
      },
      { source: "gcp.audit", records: 2, activities: 0, rejects: 2, days: [] },
    ]);
  });

  it("hears every source of a call that several told, each in its own view", async () => {
    const { coverage } = await read([
      entry({ sources: ["aws.bedrock-invocation", "litellm.spend"], source: "aws.bedrock-invocation" }),
      entry({ source: "litellm.spend", view: "gateway" }),
    ]);
    expect(coverage.map(({ source, view, activities }) => [source, view, activities])).toEqual([
      ["aws.bedrock-invocation", "provider", 1],
      ["litellm.spend", "gateway", 2],
    ]);
  });

  it("puts the most frequent reason for a reject first", async () => {
    const reject = (reason: string, count: number) => ({ reason, count, place: "a.json" });
    const { rejects } = await read([], { rejects: [reject("b", 1), reject("a", 1), reject("c", 9)] });
    expect(rejects.map(({ reason }) => reason)).toEqual(["c", "a", "b"]);
  });
});
