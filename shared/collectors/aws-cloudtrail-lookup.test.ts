import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { arrived, failuresOf, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { AwsServer, awsInWeather } from "../../test/servers/aws.ts";
import { DAY_MS, EpochMs, HOUR_MS, MINUTE_MS, toIsoTime } from "../model/units.ts";
import { trimmed } from "../pipeline/collect.ts";
import { sources } from "../registry.ts";
import { awsCloudtrailLookup } from "./aws-cloudtrail-lookup.ts";
import type { Page } from "./collector.ts";

vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAMADEUP");
vi.stubEnv("AWS_SECRET_ACCESS_KEY", "made-up");

const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const ROLE = "arn:aws:iam::222233334444:role/gnomon";

const aws = await new AwsServer().start();
beforeEach(() => aws.reset());
afterAll(() => aws.stop());

const written = { regions: ["eu-central-1"], globalEventNames: [], eventNames: [], history: "3h" };
const settingsWith = (given: Readonly<Record<string, unknown>> = {}) =>
  awsCloudtrailLookup.settings.parse({
    ...written,
    requestsPerSecond: "5000",
    endpoints: { cloudtrail: aws.url, sts: aws.url },
    ...given,
  });

async function pull(
  given: Readonly<Record<string, unknown>> = {},
  cursors = new Map<string, string>(),
  now = NOW,
) {
  const all = await pagesOf(awsCloudtrailLookup, settingsWith(given), now, cursors);
  return { pages: arrived(all), failures: failuresOf(all) };
}

function happen(where: string, eventSource: string, eventName: string, time: number, id = `${eventName} ${time}`) {
  const record = JSON.stringify({
    eventVersion: "1.11",
    eventTime: toIsoTime(EpochMs.parse(time)),
    eventSource,
    eventName,
    eventID: id,
    requestID: id,
    awsRegion: where.split("/")[1],
    recipientAccountId: "111122223333",
    userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/jane", accountId: "111122223333" },
    requestParameters: { modelId: "anthropic.claude-haiku-4-5-20251001-v1:0" },
  });
  aws.trails.set(where, [...(aws.trails.get(where) ?? []), { eventSource, eventName, time, record }]);
}
const bedrock = "bedrock.amazonaws.com";
const idsIn = (document: unknown): string[] => {
  const { CloudTrailEvent } = document as { CloudTrailEvent?: string };
  return CloudTrailEvent === undefined ? [] : [JSON.parse(CloudTrailEvent).eventID];
};
const idsOf = (pages: readonly Page[]) =>
  pages.flatMap((page) => ("failed" in page ? [] : page.documents.flatMap(idsIn)));

const early = Array.from({ length: 9 }, (_, at) => NOW - 170 * MINUTE_MS + at * 15 * MINUTE_MS);

describeCollector({
  collector: awsCloudtrailLookup,
  now: NOW,
  serve: async (weather) => {
    const server = await awsInWeather(weather, ["LookupEvents"]);
    server.trails.set(
      "own/eu-central-1",
      early.map((time) => ({
        eventSource: bedrock,
        eventName: "InvokeModel",
        time,
        record: JSON.stringify({ eventID: `id ${time}` }),
      })),
    );
    return { settings: settingsWith({ endpoints: { cloudtrail: server.url } }), close: () => server.stop() };
  },
  ids: early.map((time) => `id ${time}`),
  idsIn,
  written,
  secrets: [],
  shortRun: 4,
});

describe("aws.cloudtrail-lookup", () => {
  it("asks window by window, oldest first, and moves the cursor only behind a whole window", async () => {
    for (let hours = 5; hours > 0; hours--)
      happen("own/eu-central-1", bedrock, "InvokeModel", NOW - hours * HOUR_MS + MINUTE_MS, `${hours}`);
    aws.pageSize = 1;
    const { pages } = await pull({ history: "5h" });
    // The second window is two hours long; within it AWS gives the newest first.
    expect(idsOf(pages)).toEqual(["5", "3", "4", "2", "1"]);
    for (const { documents, cursor } of pages) if (documents.length > 0) expect(cursor).toBeUndefined();
    expect(pages.map(({ cursor }) => cursor).filter(Boolean)).toEqual([
      toIsoTime(EpochMs.parse(NOW - 4 * HOUR_MS)),
      toIsoTime(EpochMs.parse(NOW - 2 * HOUR_MS)),
      toIsoTime(EpochMs.parse(NOW - HOUR_MS)),
      toIsoTime(EpochMs.parse(NOW - 30 * MINUTE_MS)),
    ]);
  });

  it("goes on behind the cursor, which stays 30 minutes behind now for what is delivered late", async () => {
    const cursor = toIsoTime(EpochMs.parse(NOW - 30 * MINUTE_MS));
    happen("own/eu-central-1", bedrock, "InvokeModel", NOW - 31 * MINUTE_MS, "read before");
    happen("own/eu-central-1", bedrock, "InvokeModel", NOW - 29 * MINUTE_MS, "late");
    const { pages } = await pull({}, new Map([["own/eu-central-1", cursor]]));
    expect(idsOf(pages)).toEqual(["late"]);
    expect(pages.at(-1)?.cursor).toBeUndefined();
  });

  it("begins 90 days back at most, whatever the settings say, and takes days at a time where nothing is", async () => {
    await pull({ history: "120d", eventSources: [bedrock] });
    const starts = aws.requests.map(({ input }) => Number(input["StartTime"]) * 1_000);
    expect(starts[0]).toBe(NOW - 90 * DAY_MS);
    expect(starts.length).toBeLessThan(100);
  });

  it("repeats every parameter with a token: AWS refuses it otherwise", async () => {
    for (let at = 0; at < 5; at++) happen("own/eu-central-1", bedrock, "InvokeModel", NOW - HOUR_MS + at * 1_000);
    aws.pageSize = 2;
    const { pages, failures } = await pull();
    expect(failures).toEqual([]);
    expect(idsOf(pages)).toHaveLength(5);
  });

  it("asks one attribute a query: each event source and name, and acts of IAM where IAM records them", async () => {
    await pull({
      history: "1h",
      eventSources: [bedrock],
      eventNames: ["StopLogging"],
      globalEventNames: ["CreateUser"],
    });
    const asked = aws.requests.map(({ region, input }) => {
      const attributes = input["LookupAttributes"] as { AttributeKey: string; AttributeValue: string }[];
      expect(attributes).toHaveLength(1);
      return [region, attributes[0]?.AttributeKey, attributes[0]?.AttributeValue];
    });
    expect(asked.sort()).toEqual([
      ["eu-central-1", "EventName", "StopLogging"],
      ["eu-central-1", "EventSource", bedrock],
      ["us-east-1", "EventName", "CreateUser"],
    ]);
    aws.reset();
    await pull({
      history: "1h",
      eventSources: [bedrock],
      regions: ["us-gov-east-1"],
      globalEventNames: ["CreateUser"],
    });
    expect(new Set(aws.requests.map(({ region }) => region))).toEqual(new Set(["us-gov-east-1", "us-gov-west-1"]));
  });

  it("keeps to the pace of an account and region", async () => {
    await pull({ history: "4h", eventSources: [bedrock], requestsPerSecond: "25" });
    const times = aws.requests.map(({ at }) => at);
    expect(times.length).toBeGreaterThan(2);
    // A busy machine may deliver two of them late and close together, and never all of them too fast.
    const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
    expect(span).toBeGreaterThan((times.length - 1) * 40 * 0.6);
  });

  it("reads each account through its role, with the external id it wants", async () => {
    aws.externalIds.set(ROLE, "acme-7");
    happen("222233334444/eu-central-1", bedrock, "InvokeModel", NOW - HOUR_MS, "theirs");
    happen("own/eu-central-1", bedrock, "InvokeModel", NOW - HOUR_MS, "ours");
    const { pages, failures } = await pull({ roles: [{ arn: ROLE, externalId: "acme-7" }] });
    expect(failures).toEqual([]);
    expect(idsOf(pages)).toEqual(["theirs"]);
    expect(new Set(pages.map(({ part }) => part))).toEqual(new Set(["222233334444/eu-central-1"]));
  });

  it("goes on with the other accounts and regions where one fails, and names the permission it lacks", async () => {
    const other = "arn:aws:iam::555566667777:role/gnomon";
    aws.externalIds.set(other, "acme-8");
    aws.faults.push({
      action: "LookupEvents",
      region: "eu-west-1",
      answer: { status: 400, code: "AccessDeniedException", message: "made up" },
    });
    for (const region of ["eu-central-1", "eu-west-1"])
      happen(`222233334444/${region}`, bedrock, "InvokeModel", NOW - HOUR_MS, region);
    const { pages, failures } = await pull({
      roles: [{ arn: ROLE }, { arn: other }],
      regions: ["eu-central-1", "eu-west-1"],
    });
    expect(idsOf(pages)).toEqual(["eu-central-1"]);
    expect(failures.map(([part, code]) => [part, code]).sort()).toEqual([
      ["222233334444/eu-west-1", "upstream-refused"],
      ["555566667777/eu-central-1", "upstream-refused"],
      ["555566667777/eu-west-1", "upstream-refused"],
    ]);
    const messageOf = (part: string) => failures.find(([failed]) => failed === part)?.[2];
    expect(messageOf("222233334444/eu-west-1")).toMatch(/AccessDeniedException: allow cloudtrail:LookupEvents$/);
    expect(messageOf("555566667777/eu-west-1")).toMatch(/allow sts:AssumeRole, .*trust policy.*external id/);
  });

  it("asks again where it is throttled, and where the answer was cut", async () => {
    aws.faults.push({ action: "LookupEvents", times: 2, answer: { status: 400, code: "ThrottlingException" } });
    aws.faults.push({ action: "LookupEvents", times: 1, answer: "cut" });
    happen("own/eu-central-1", bedrock, "InvokeModel", NOW - HOUR_MS, "one");
    const { pages, failures } = await pull({ eventSources: [bedrock] });
    expect(failures).toEqual([]);
    expect(idsOf(pages)).toEqual(["one"]);
  });

  it("signs with AWS' clock where ours is wrong, and passes over nothing then", async () => {
    aws.clockOffsetMs = -HOUR_MS;
    happen("own/eu-central-1", bedrock, "InvokeModel", NOW - 90 * MINUTE_MS, "one");
    const { pages, failures } = await pull({ eventSources: [bedrock] });
    expect(failures).toEqual([]);
    expect(idsOf(pages)).toEqual(["one"]);
    const [reached = ""] = pages.flatMap(({ cursor }) => cursor ?? []).slice(-1);
    expect(Math.abs(Date.parse(reached) - (NOW - 90 * MINUTE_MS))).toBeLessThanOrEqual(MINUTE_MS);
  });

  it("ends a part whose token repeats, without moving its cursor", async () => {
    happen("own/eu-central-1", bedrock, "InvokeModel", NOW - HOUR_MS, "one");
    aws.repeatsTokens = true;
    const { pages, failures } = await pull({ history: "1h", eventSources: [bedrock] });
    expect(pages.flatMap(({ cursor }) => cursor ?? [])).toEqual([]);
    expect(failures.map(([, code]) => code)).toEqual(["upstream-unavailable"]);
  });

  it("gives documents that its source reads", async () => {
    happen("own/eu-central-1", bedrock, "Converse", NOW - HOUR_MS, "one");
    const { pages } = await pull();
    const [page] = pages.filter(({ documents }) => documents.length > 0);
    const { records, rejects } = trimmed(page?.documents ?? [], "here", sources, NOW);
    expect(rejects).toEqual([]);
    expect(records.map(({ source }) => source)).toEqual(["aws.cloudtrail"]);
  });

  it("tells doctor for each account and region whether it may ask, and what is missing", async () => {
    aws.faults.push({
      action: "LookupEvents",
      region: "eu-west-1",
      answer: { status: 400, code: "AccessDeniedException" },
    });
    const settings = settingsWith({ regions: ["eu-central-1", "eu-west-1"] });
    const checks = await awsCloudtrailLookup.check({ settings, now: NOW, signal: new AbortController().signal });
    expect(checks).toEqual([
      { what: "cloudtrail:LookupEvents in own/eu-central-1", ok: true },
      {
        what: "cloudtrail:LookupEvents in own/eu-west-1",
        ok: false,
        advice: expect.stringMatching(/allow cloudtrail:LookupEvents$/),
      },
    ]);
  });

  it("refuses two roles of one account: they would share a cursor", () => {
    const roles = [{ arn: ROLE }, { arn: `${ROLE}-2` }];
    expect(awsCloudtrailLookup.settings.safeParse({ ...written, roles }).success).toBe(false);
  });
});
