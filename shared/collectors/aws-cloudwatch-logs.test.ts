import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { arrived, failuresOf, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { AwsServer, awsInWeather } from "../../test/servers/aws.ts";
import { EpochMs, HOUR_MS, MINUTE_MS, toIsoTime } from "../model/units.ts";
import { trimmed } from "../pipeline/collect.ts";
import { sources } from "../registry.ts";
import { awsCloudwatchLogs } from "./aws-cloudwatch-logs.ts";

vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAMADEUP");
vi.stubEnv("AWS_SECRET_ACCESS_KEY", "made-up");

const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const GROUP = "/bedrock/invocations";

const aws = await new AwsServer().start();
beforeEach(() => aws.reset());
afterAll(() => aws.stop());

const written = { regions: ["eu-central-1"], logGroups: [GROUP], history: "3h" };
const settingsWith = (given: Readonly<Record<string, unknown>> = {}) =>
  awsCloudwatchLogs.settings.parse({
    ...written,
    requestsPerSecond: "5000",
    endpoints: { logs: aws.url, sts: aws.url },
    ...given,
  });

const eventAt = (timestamp: number, requestId = `id ${timestamp}`) => ({
  timestamp,
  message: JSON.stringify({
    schemaType: "ModelInvocationLog",
    schemaVersion: "1.0",
    timestamp: toIsoTime(EpochMs.parse(timestamp)),
    accountId: "111122223333",
    region: "eu-central-1",
    requestId,
    operation: "Converse",
    modelId: "anthropic.claude-haiku-4-5-20251001-v1:0",
    identity: { arn: "arn:aws:iam::111122223333:user/jane" },
    input: { inputTokenCount: 12, inputBodyJson: { prompt: "CANARY" } },
    output: { outputTokenCount: 3 },
  }),
});

const idsIn = (document: unknown): string[] =>
  (document as { logEvents: { message: string }[] }).logEvents.map(({ message }) => JSON.parse(message).requestId);

async function pull(given: Readonly<Record<string, unknown>> = {}, cursors = new Map<string, string>()) {
  const all = await pagesOf(awsCloudwatchLogs, settingsWith(given), NOW, cursors);
  const pages = arrived(all);
  return { pages, failures: failuresOf(all), ids: pages.flatMap(({ documents }) => documents.flatMap(idsIn)) };
}

const early = Array.from({ length: 9 }, (_, at) => NOW - 170 * MINUTE_MS + at * 15 * MINUTE_MS);

describeCollector({
  collector: awsCloudwatchLogs,
  now: NOW,
  serve: async (weather) => {
    const server = await awsInWeather(weather, ["FilterLogEvents"]);
    server.logGroups.set(
      `own/eu-central-1/${GROUP}`,
      early.map((time) => eventAt(time)),
    );
    return { settings: settingsWith({ endpoints: { logs: server.url } }), close: () => server.stop() };
  },
  ids: early.map((time) => `id ${time}`),
  idsIn,
  written,
  secrets: [],
});

describe("aws.cloudwatch-logs", () => {
  it("follows tokens through pages that are empty", async () => {
    aws.logGroups.set(`own/eu-central-1/${GROUP}`, [eventAt(NOW - 20 * MINUTE_MS, "one")]);
    aws.emptyPages = 2;
    const { ids } = await pull({ history: "1h" });
    expect(ids).toEqual(["one"]);
    expect(aws.countOf("FilterLogEvents")).toBe(3);
  });

  it("keeps its cursor 15 minutes behind now, for what is late", async () => {
    aws.logGroups.set(`own/eu-central-1/${GROUP}`, []);
    const { pages } = await pull();
    expect(pages.at(-1)?.cursor).toBe(toIsoTime(EpochMs.parse(NOW - 15 * MINUTE_MS)));
  });

  it("reads each group of each account and region, and goes on where one is missing", async () => {
    const role = "arn:aws:iam::222233334444:role/gnomon";
    const trail = "arn:aws:logs:eu-central-1:999988887777:log-group:trail";
    for (const region of ["eu-central-1", "eu-west-1"])
      aws.logGroups.set(`222233334444/${region}/${GROUP}`, [eventAt(NOW - HOUR_MS, region)]);
    aws.logGroups.set(`222233334444/eu-central-1/${trail}`, [eventAt(NOW - HOUR_MS, "shared")]);
    const { ids, failures } = await pull({
      roles: [{ arn: role }],
      regions: ["eu-central-1", "eu-west-1"],
      logGroups: [GROUP, trail],
    });
    expect(ids.sort()).toEqual(["eu-central-1", "eu-west-1", "shared"]);
    expect(failures).toEqual([
      [
        `222233334444/eu-west-1/${trail}`,
        "upstream-refused",
        expect.stringMatching(/logs:FilterLogEvents .*there is none; check the settings$/),
      ],
    ]);
  });

  it("hands CloudWatch's own filter on", async () => {
    aws.logGroups.set(`own/eu-central-1/${GROUP}`, []);
    await pull({ filterPattern: '{ $.eventSource = "bedrock*" }', history: "1h" });
    expect(aws.requests.map(({ input }) => input["filterPattern"])).toEqual(['{ $.eventSource = "bedrock*" }']);
  });

  it("gives documents that their source reads, and whose content is cut", async () => {
    aws.logGroups.set(`own/eu-central-1/${GROUP}`, [eventAt(NOW - HOUR_MS, "one")]);
    const { pages } = await pull();
    const { records, rejects } = trimmed(
      pages.flatMap(({ documents }) => documents),
      "here",
      sources,
      NOW,
    );
    expect(rejects).toEqual([]);
    expect(records.map(({ source }) => source)).toEqual(["aws.bedrock-invocation"]);
    expect(JSON.stringify(records)).not.toContain("CANARY");
  });

  it("tells doctor which permission is missing where", async () => {
    aws.logGroups.set(`own/eu-central-1/${GROUP}`, []);
    aws.faults.push({
      action: "FilterLogEvents",
      answer: {
        status: 400,
        code: "AccessDeniedException",
        message: "User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: made up",
      },
    });
    const checks = await awsCloudwatchLogs.check({
      settings: settingsWith(),
      now: NOW,
      signal: new AbortController().signal,
    });
    expect(checks).toEqual([
      {
        what: `logs:FilterLogEvents in own/eu-central-1/${GROUP}`,
        ok: false,
        advice: expect.stringMatching(/allow kms:Decrypt on the key, in its policy as well$/),
      },
    ]);
  });
});
