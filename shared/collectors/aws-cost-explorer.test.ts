import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { arrived, cursorsOf, documentsOf, failuresOf, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { AwsServer, awsInWeather, type Billed } from "../../test/servers/aws.ts";
import { DAY_MS, EpochMs, HOUR_MS } from "../model/units.ts";
import { trimmed } from "../pipeline/collect.ts";
import { sources } from "../registry.ts";
import { awsCostExplorer as source } from "../sources/aws-cost-explorer.ts";
import { awsCostExplorer } from "./aws-cost-explorer.ts";

vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAMADEUP");
vi.stubEnv("AWS_SECRET_ACCESS_KEY", "made-up");

const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const BEDROCK = "Amazon Bedrock";
const SONNET = "Claude Sonnet 4.5 (Amazon Bedrock Edition)";
const HAIKU = "Claude Haiku 4.5 (Amazon Bedrock Edition)";

const aws = await new AwsServer().start();
beforeEach(() => aws.reset());
afterAll(() => aws.stop());

const settingsFor = (url: string, given: Readonly<Record<string, unknown>> = {}) =>
  awsCostExplorer.settings.parse({ endpoints: { costExplorer: url, sts: url }, ...given });
const later = (milliseconds: number) => EpochMs.parse(NOW + milliseconds);

const dayAgo = (days: number) => new Date(NOW - days * DAY_MS).toISOString().slice(0, 10);
const billed = (service: string, days: number, more: Partial<Billed> = {}): Billed => ({
  day: dayAgo(days),
  service,
  linkedAccount: "111122223333",
  usageType: "USE1-MP:USE1_InputTokenCount-Units",
  amount: "12.5",
  ...more,
});
const month = [BEDROCK, SONNET, HAIKU].flatMap((service) =>
  [50, 30, 20, 10, 1].map((days) => billed(service, days)),
);

interface Written {
  readonly ResultsByTime: readonly {
    readonly TimePeriod: { readonly Start: string };
    readonly Groups: readonly { readonly Keys: readonly string[] }[];
  }[];
}
const idsIn = (document: unknown): string[] =>
  (document as Written).ResultsByTime.flatMap(({ TimePeriod, Groups }) =>
    Groups.map(({ Keys }) => `${TimePeriod.Start} ${Keys.at(-1)}`),
  );

describeCollector({
  collector: awsCostExplorer,
  now: NOW,
  serve: async (weather) => {
    const server = await awsInWeather(weather, ["GetDimensionValues", "GetCostAndUsage"]);
    server.bills.set("own", month);
    return { settings: settingsFor(server.url), close: () => server.stop() };
  },
  ids: month.map(({ day, service }) => `${day} ${service}`),
  idsIn,
  written: {},
  secrets: [],
});

describe("aws.cost-explorer", () => {
  it("asks which services were billed, and for each that sells models by account and usage type", async () => {
    aws.bills.set("own", [billed("Amazon EC2", 1), billed(BEDROCK, 1), billed(SONNET, 2)]);
    await pagesOf(awsCostExplorer, settingsFor(aws.url), NOW);
    expect(aws.requests.map(({ action, region }) => [action, region])).toEqual([
      ["GetDimensionValues", "us-east-1"],
      ["GetCostAndUsage", "us-east-1"],
      ["GetCostAndUsage", "us-east-1"],
    ]);
    expect(aws.requests[0]?.input).toEqual({
      TimePeriod: { Start: dayAgo(90), End: dayAgo(-1) },
      Dimension: "SERVICE",
    });
    expect(aws.requests[1]?.input).toEqual({
      TimePeriod: { Start: dayAgo(90), End: dayAgo(-1) },
      Granularity: "DAILY",
      Metrics: ["UnblendedCost", "UsageQuantity"],
      Filter: { Dimensions: { Key: "SERVICE", Values: [BEDROCK] } },
      GroupBy: [
        { Type: "DIMENSION", Key: "LINKED_ACCOUNT" },
        { Type: "DIMENSION", Key: "USAGE_TYPE" },
      ],
    });
  });

  it("brings answers in which the source finds account, service and model", async () => {
    aws.bills.set("own", [billed(SONNET, 2)]);
    const documents = documentsOf(await pagesOf(awsCostExplorer, settingsFor(aws.url), NOW));
    const { records, rejects } = trimmed(documents, "a page", sources, NOW);
    expect(rejects).toEqual([]);
    expect(records.map((record) => source.read(record.record))).toMatchObject([
      {
        activities: [
          {
            account: { uid: "111122223333" },
            provider: "aws.bedrock",
            model: { name: "anthropic/claude-sonnet-4-5" },
            cost: { nanoUsd: 12_500_000_000, basis: "billed" },
          },
        ],
      },
    ]);
  });

  it("asks nothing for a day, then for the forty days that may still be restated", async () => {
    aws.bills.set("own", month);
    const settings = settingsFor(aws.url);
    const cursors = cursorsOf(await pagesOf(awsCostExplorer, settings, NOW));
    const asked = aws.requests.length;
    expect(await pagesOf(awsCostExplorer, settings, later(DAY_MS - 1), cursors)).toEqual([]);
    expect(aws.requests).toHaveLength(asked);

    const again = documentsOf(await pagesOf(awsCostExplorer, settings, later(DAY_MS), cursors)).flatMap(idsIn);
    expect(aws.requests.at(-1)?.input["TimePeriod"]).toEqual({ Start: dayAgo(40), End: dayAgo(-2) });
    expect(again).toHaveLength(3 * 4);
  });

  it("does not pay again for the services it has where a run ended in the middle", async () => {
    aws.bills.set("own", month);
    const settings = settingsFor(aws.url);
    const [first] = await pagesOf(awsCostExplorer, settings, NOW);
    const before = aws.countOf("GetCostAndUsage");
    const rest = await pagesOf(awsCostExplorer, settings, later(1), cursorsOf(first ? [first] : []));
    expect(documentsOf(rest)).toHaveLength(2 * 5);
    expect(aws.countOf("GetCostAndUsage") - before).toBe(2);
  });

  it("leaves a service that fails for the next round, since every request is paid for", async () => {
    aws.bills.set("own", month);
    aws.faults.push({
      action: "GetCostAndUsage",
      times: 1,
      answer: { status: 400, code: "DataUnavailableException" },
    });
    const settings = settingsFor(aws.url);
    const pages = await pagesOf(awsCostExplorer, settings, NOW);
    expect(failuresOf(pages)).toEqual([
      [`own/${BEDROCK}`, "upstream-refused", expect.stringMatching(/there is no data yet/)],
    ]);
    const cursors = cursorsOf(arrived(pages));
    expect(await pagesOf(awsCostExplorer, settings, later(HOUR_MS), cursors)).toEqual([]);
    const next = documentsOf(await pagesOf(awsCostExplorer, settings, later(DAY_MS), cursors)).flatMap(idsIn);
    expect(next).toContain(`${dayAgo(50)} ${BEDROCK}`);
  });

  it("waits and tries again where it asked too often", async () => {
    aws.bills.set("own", [billed(BEDROCK, 1)]);
    aws.faults.push({
      action: "GetCostAndUsage",
      times: 1,
      answer: { status: 400, code: "LimitExceededException" },
    });
    expect(documentsOf(await pagesOf(awsCostExplorer, settingsFor(aws.url), NOW))).toHaveLength(1);
    aws.faults.push({ action: "GetDimensionValues", answer: { status: 400, code: "RequestChangedException" } });
    expect(failuresOf(await pagesOf(awsCostExplorer, settingsFor(aws.url), NOW))).toEqual([
      ["own", "upstream-unavailable", expect.stringMatching(/tried again/)],
    ]);
  });

  it("asks each management account through its role, and one that fails stops no other", async () => {
    const roles = ["222233334444", "333344445555"].map((account) => ({
      arn: `arn:aws:iam::${account}:role/gnomon`,
    }));
    aws.bills.set("333344445555", [billed(BEDROCK, 1)]);
    aws.faults.push({
      action: "GetDimensionValues",
      account: "222233334444",
      answer: { status: 400, code: "AccessDeniedException" },
    });
    const pages = await pagesOf(awsCostExplorer, settingsFor(aws.url, { roles }), NOW);
    expect(failuresOf(pages)).toEqual([
      ["222233334444", "upstream-refused", expect.stringMatching(/allow ce:GetDimensionValues, and let IAM into/)],
    ]);
    expect(documentsOf(arrived(pages))).toHaveLength(1);
  });

  it("hands out a day of many accounts in parts that a message can hold", async () => {
    const accounts = Array.from({ length: 1_201 }, (_, at) => String(100_000_000_000 + at));
    aws.bills.set(
      "own",
      accounts.map((linkedAccount) => billed(BEDROCK, 1, { linkedAccount })),
    );
    aws.pageSize = 5_000;
    const documents = documentsOf(await pagesOf(awsCostExplorer, settingsFor(aws.url), NOW));
    expect(documents.map((document) => idsIn(document).length)).toEqual([500, 500, 201]);
    const { records, rejects } = trimmed(documents, "a page", sources, NOW);
    expect([records.length, rejects]).toEqual([3, []]);
  });

  it("is not asked more often than every six hours", () => {
    const parse = (interval: string) => awsCostExplorer.settings.safeParse({ interval }).success;
    expect([parse("359m"), parse("6h")]).toEqual([false, true]);
  });

  it("tells doctor both permissions, and that asking costs", async () => {
    aws.faults.push({ action: "GetCostAndUsage", answer: { status: 400, code: "AccessDeniedException" } });
    const signal = new AbortController().signal;
    expect(await awsCostExplorer.check({ settings: settingsFor(aws.url), now: NOW, signal })).toEqual([
      { what: "ce:GetDimensionValues in own, for $0.01", ok: true },
      {
        what: "ce:GetCostAndUsage in own, for $0.01",
        ok: false,
        advice: expect.stringMatching(/allow ce:GetCostAndUsage/),
      },
    ]);
  });
});
