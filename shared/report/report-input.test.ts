import { describe, expect, it } from "vitest";
import { usageRow } from "../../test/usage-rows.ts";
import { ACTIVITY_SCHEMA, type Activity } from "../model/activity.ts";
import type { LedgerEntry, UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
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

const read = (entries: readonly LedgerEntry[], facts: Partial<Parameters<typeof readReportInput>[1]> = {}) =>
  readReportInput(
    {
      findings: async () => [],
      usage: async () => [...new Set(entries.map(({ activity }) => activity.view))].map(rowOf),
      entities: async () => [],
      async *activities() {
        yield* entries;
      },
    },
    { version: "0.1.0", rules: [], rejects: [], ...facts },
  );

describe("the report's input", () => {
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
