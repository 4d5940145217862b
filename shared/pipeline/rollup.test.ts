import { describe, expect, it } from "vitest";
import { activity, START } from "../../test/activities.ts";
import type { Activity } from "../model/activity.ts";
import type { LedgerEntry } from "../model/ledger.ts";
import { type EpochMs, HOUR_MS, type NanoUsd } from "../model/units.ts";
import { usageDifferences } from "./rollup.ts";

const entry = (given: Partial<Activity>, judged: Partial<LedgerEntry> = {}): LedgerEntry => ({
  activity: activity({ provider: "aws.bedrock", ...given }),
  findings: [],
  ...judged,
});

const added = (...entries: LedgerEntry[]) => usageDifferences(entries.map((after) => ({ after })));

describe("the rollup", () => {
  it("adds up what has the same hour, place and verdict", () => {
    const rows = added(
      entry({ usage: { inputTokens: 100, outputTokens: 10, cacheReadTokens: 60, reasoningTokens: 4 } }),
      entry({ startTime: (START + HOUR_MS - 1) as EpochMs, usage: { inputTokens: 50 } }),
      entry({ outcome: { status: "failure", reason: "throttled" } }),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      hour: START,
      calls: 3,
      failures: 1,
      inputTokens: 150,
      outputTokens: 10,
      cacheReadTokens: 60,
      reasoningTokens: 4,
    });
  });

  it("keeps hours, views, owners and verdicts apart", () => {
    const rows = added(
      entry({}, { verdict: "sanctioned", owner: "search" }),
      entry({}, { verdict: "unreviewed", owner: "search" }),
      entry({}, { verdict: "sanctioned" }),
      entry({ view: "gateway" }, { verdict: "sanctioned", owner: "search" }),
      entry({ startTime: (START + HOUR_MS) as EpochMs }, { verdict: "sanctioned", owner: "search" }),
    );
    expect(rows.map(({ calls }) => calls)).toEqual([1, 1, 1, 1, 1]);
  });

  it("keeps apart for whom a use was, and leaves empty what nobody said", () => {
    const rows = added(
      entry({}, { attribution: { team: "search", task: "rank" } }),
      entry({}, { attribution: { team: "search" } }),
      entry({}, { attribution: { customer: "acme\0", app: "chat" } }),
      entry({}),
    );
    expect(rows.map(({ team, app, customer, task }) => [team, app, customer, task])).toEqual([
      ["search", "", "", "rank"],
      ["search", "", "", ""],
      ["", "chat", "acme\uFFFD", ""],
      ["", "", "", ""],
    ]);
  });

  it("knows of the estimate what was paid for failures", () => {
    const cost = { nanoUsd: 7 as NanoUsd, basis: "estimated" } as const;
    const [row] = added(entry({ cost }), entry({ cost, outcome: { status: "failure", reason: "error" } }));
    expect(row).toMatchObject({ estimatedNanoUsd: 14, failedNanoUsd: 7 });
  });

  it("stands a call where it ran, and where that is not told, where it was made", () => {
    const [ran, made] = added(
      entry({ region: { requested: "eu-central-1", processed: "eu-west-3" } }),
      entry({ region: { requested: "eu-central-1" } }),
    );
    expect([ran?.region, made?.region]).toEqual(["eu-west-3", "eu-central-1"]);
  });

  it("keeps what was billed apart from what was estimated, and counts what has no price", () => {
    const usage = { inputTokens: 1 };
    const [row] = added(
      entry({ usage, cost: { nanoUsd: 7 as NanoUsd, basis: "estimated" } }),
      entry({ usage, cost: { nanoUsd: 5 as NanoUsd, basis: "billed" } }),
      entry({ usage }),
      entry({ usage: { inputTokens: 0 } }),
    );
    expect(row).toMatchObject({ estimatedNanoUsd: 7, billedNanoUsd: 5, unpricedCalls: 1 });
  });

  it("knows of a bill what is for capacity by the hour", () => {
    const line = {
      kind: "bucket",
      view: "usage",
      count: 0,
      cost: { nanoUsd: 9 as NanoUsd, basis: "billed" },
    } as const;
    const [row] = added(
      entry({ ...line, operation: "Provisioned Managed Global Unit" }),
      entry({ ...line, operation: "gpt 4o 1120 Inp glbl Tokens" }),
    );
    expect(row).toMatchObject({ billedNanoUsd: 18, capacityNanoUsd: 9 });
  });

  it("counts a bucket's requests, in the hour in which the bucket starts", () => {
    const day = { startTime: (START + 5) as EpochMs, endTime: (START + 24 * HOUR_MS) as EpochMs };
    const [row] = added(entry({ ...day, kind: "bucket", view: "usage", count: 40, usage: { inputTokens: 9 } }));
    expect(row).toMatchObject({ hour: START, calls: 40, inputTokens: 9, unpricedCalls: 40 });
  });

  it("counts contacts without tokens, and an administrative act not at all", () => {
    const [row, ...others] = added(
      entry({ kind: "contact", view: "network", usage: { inputTokens: 9 } }),
      entry({ kind: "change" }),
    );
    expect(others).toEqual([]);
    expect(row).toMatchObject({ view: "network", calls: 1, inputTokens: 0, unpricedCalls: 0 });
  });

  it("takes away what was and adds what is when a merge changes an activity", () => {
    const before = entry({}, { verdict: "unreviewed" });
    const after = entry({ usage: { inputTokens: 30 } }, { verdict: "sanctioned" });
    expect(usageDifferences([{ before, after }])).toMatchObject([
      { verdict: "unreviewed", calls: -1, inputTokens: 0 },
      { verdict: "sanctioned", calls: 1, inputTokens: 30 },
    ]);
  });

  it("leaves out rows that nothing changes", () => {
    const before = entry({ network: { ip: "192.0.2.1" } });
    expect(usageDifferences([{ before, after: entry({}) }])).toEqual([]);
  });
});
