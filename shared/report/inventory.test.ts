import { describe, expect, it } from "vitest";
import { madeUpReport } from "../../test/made-up-report.ts";
import { usageRow } from "../../test/usage-rows.ts";
import type { UsageRow } from "../model/ledger.ts";
import { type EpochMs, HOUR_MS } from "../model/units.ts";
import { inventory, useKey } from "./inventory.ts";

const HOUR = Date.UTC(2026, 8, 14, 9) as EpochMs;

const row = (parts: Partial<UsageRow>) =>
  usageRow({
    hour: HOUR,
    view: "provider",
    source: "aws.bedrock-invocation",
    account: "111122223333",
    principal: "role/data",
    provider: "aws.bedrock",
    model: "anthropic/claude-sonnet-4-5",
    region: "eu-west-1",
    owner: "Data Science",
    verdict: "sanctioned",
    calls: 10,
    failures: 1,
    inputTokens: 1_000,
    outputTokens: 200,
    estimatedNanoUsd: 6_000_000,
    ...parts,
  });

describe("the inventory", () => {
  it("shares a bill out among those who called, whoever else uses the model without being approved", () => {
    const bill = row({
      hour: Date.UTC(2026, 8, 14) as EpochMs,
      view: "usage",
      source: "aws.cur",
      principal: "",
      owner: "",
      verdict: "",
      calls: 0,
      failures: 0,
      inputTokens: 0,
      outputTokens: 0,
      estimatedNanoUsd: 0,
      billedNanoUsd: 8_000_001,
    });
    const stray = row({ owner: "", principal: "role/etl", verdict: "unsanctioned", estimatedNanoUsd: 2_000_000 });
    expect(inventory([bill, row({}), stray])).toMatchObject([
      { verdict: "unsanctioned", billedNanoUsd: 2_000_000, firstSeenTime: HOUR },
      { verdict: "sanctioned", owner: "Data Science", billedNanoUsd: 6_000_001 },
    ]);
  });

  it("adds up one owner's use of one model through one door and account", () => {
    const rows = inventory([
      row({}),
      row({
        hour: (HOUR + 5 * HOUR_MS) as EpochMs,
        principal: "role/web",
        region: "eu-central-1",
        unpricedCalls: 2,
      }),
    ]);
    expect(rows).toEqual([
      {
        kind: "calls",
        owner: "Data Science",
        model: "anthropic/claude-sonnet-4-5",
        provider: "aws.bedrock",
        account: "111122223333",
        views: ["provider"],
        verdict: "sanctioned",
        callsByVerdict: { sanctioned: 20, unreviewed: 0, unsanctioned: 0 },
        calls: 20,
        failures: 2,
        inputTokens: 2_000,
        outputTokens: 400,
        estimatedNanoUsd: 12_000_000,
        unpricedCalls: 2,
        principals: 2,
        topPrincipals: ["role/data", "role/web"],
        regions: ["eu-central-1", "eu-west-1"],
        firstSeenTime: HOUR,
        lastSeenTime: HOUR + 5 * HOUR_MS,
      },
    ]);
  });

  it.each(["owner", "model", "provider", "account"] as const)("has a line for each %s", (part) => {
    expect(inventory([row({}), row({ [part]: "another" })])).toHaveLength(2);
  });

  it("names up to three principals, those who called most", () => {
    const rows = ["d", "c", "b", "a", ""].map((principal, at) =>
      row({ principal, calls: at === 1 ? 50 : 10 + at }),
    );
    const [only] = inventory([...rows, row({ principal: "d", calls: 30 })]);
    expect(only).toMatchObject({ principals: 4, topPrincipals: ["c", "d", "a"] });
  });

  it("says which clauses decided, where that is known", () => {
    const decided = new Map([[useKey(row({})), ["policy.yaml:4", "default"]]]);
    const rows = inventory([row({}), row({ model: "zephyr" })], decided);
    expect(rows.map(({ clauses }) => clauses)).toEqual([["policy.yaml:4", "default"], undefined]);
  });

  it("leaves out what no log says", () => {
    const [only] = inventory([
      row({
        owner: "",
        model: "",
        account: "",
        verdict: "",
        inputTokens: 0,
        outputTokens: 0,
        estimatedNanoUsd: 0,
      }),
    ]);
    for (const part of ["owner", "model", "account", "verdict", "inputTokens", "outputTokens", "estimatedNanoUsd"])
      expect(only).not.toHaveProperty(part);
  });

  it("calls a line by its worst verdict and counts the calls of each", () => {
    const [only] = inventory([
      row({ calls: 90 }),
      row({ calls: 7, verdict: "unreviewed", principal: "a" }),
      row({ calls: 3, verdict: "unsanctioned", principal: "b" }),
    ]);
    expect(only).toMatchObject({
      verdict: "unsanctioned",
      callsByVerdict: { sanctioned: 90, unreviewed: 7, unsanctioned: 3 },
    });
  });

  it("puts the worst verdict first, then the most calls", () => {
    const rows = inventory([
      row({ model: "a", calls: 500 }),
      row({ model: "b", calls: 5, verdict: "unsanctioned" }),
      row({ model: "c", calls: 50, verdict: "unsanctioned" }),
      row({ model: "d", calls: 900, verdict: "unreviewed" }),
      row({ model: "e", calls: 900, verdict: "" }),
    ]);
    expect(rows.map(({ model }) => model)).toEqual(["c", "b", "d", "a", "e"]);
  });

  it("lists contacts beside calls and never in one line with them", () => {
    const rows = inventory([row({}), row({ view: "network" })]);
    expect(rows.map(({ kind, calls }) => [kind, calls]).sort()).toEqual([
      ["calls", 10],
      ["contacts", 10],
    ]);
  });

  it("counts what a gateway tells again only once", () => {
    const rows = inventory(madeUpReport().usage);
    expect(
      rows.filter(({ provider, kind }) => provider === "openai" && kind === "calls").flatMap(({ views }) => views),
    ).toEqual(expect.not.arrayContaining(["gateway"]));
    expect(rows.find(({ provider }) => provider === "mistral_ai")?.views).toEqual(["gateway"]);
  });
});
