import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { published } from "../../test/collected.ts";
import { AwsServer } from "../../test/servers/aws.ts";
import { until } from "../../test/until.ts";
import { EpochMs } from "../model/units.ts";
import { awsS3Logs } from "./aws-s3-logs.ts";
import type { FetchedPage, Page } from "./collector.ts";

vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAMADEUP");
vi.stubEnv("AWS_SECRET_ACCESS_KEY", "made-up");

const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const { signal: running } = new AbortController();

const aws = await new AwsServer().start();
beforeEach(() => aws.reset());
afterAll(() => aws.stop());

const settingsWith = (given: Readonly<Record<string, unknown>> = {}) =>
  awsS3Logs.settings.parse({
    queueUrl: aws.queueUrl,
    region: "eu-central-1",
    endpoints: { s3: aws.url, sts: aws.url },
    ...given,
  });

const keyOf = (name: string, account = "111122223333", region = "eu-central-1", service = "CloudTrail") =>
  `AWSLogs/o-abcdefghij/${account}/${service}/${region}/2026/09/14/${name}.json.gz`;

const eventOf = (id: string, filler = "") => ({
  eventVersion: "1.11",
  eventTime: "2026-09-14T10:00:00Z",
  eventSource: "bedrock.amazonaws.com",
  eventName: "InvokeModel",
  eventID: id,
  requestID: id,
  awsRegion: "eu-central-1",
  recipientAccountId: "111122223333",
  userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/jane", accountId: "111122223333" },
  requestParameters: { modelId: "anthropic.claude-haiku-4-5-20251001-v1:0" },
  filler,
});
const packed = (...ids: string[]) => gzipSync(JSON.stringify({ Records: ids.map((id) => eventOf(id)) }));
/** About 4 MB unpacked: four pages. */
const large = gzipSync(
  JSON.stringify({ Records: Array.from({ length: 4_000 }, (_, at) => eventOf(`large ${at}`, "x".repeat(600))) }),
);

const idsIn = (page: FetchedPage) =>
  page.documents.flatMap((document) =>
    (document as { Records: { eventID: string }[] }).Records.map((one) => one.eventID),
  );

/** As `collect` does, with the first `atMost` pages. */
async function run(
  given: Readonly<Record<string, unknown>> = {},
  cursors = new Map<string, string>(),
  atMost = 1_000,
) {
  const pages: FetchedPage[] = [];
  const failures: { part: string; code: string; message: string }[] = [];
  const context = { settings: settingsWith(given), cursors: new Map(cursors), now: NOW, signal: running };
  for await (const page of awsS3Logs.pull(context)) {
    if ("failed" in page) {
      failures.push({ part: page.part, code: page.failed.code, message: page.failed.message });
      continue;
    }
    pages.push(page);
    if (page.cursor !== undefined) cursors.set(page.part, page.cursor);
    await page.done?.();
    if (pages.length === atMost) break;
  }
  return {
    pages,
    failures,
    cursors,
    ids: pages.flatMap(idsIn),
    unreadable: pages.flatMap((page) => page.unreadable ?? []),
  };
}
const hidden = () => aws.queue.filter(({ visibleAt }) => visibleAt > performance.now()).length;
const showAgain = () => {
  for (const message of aws.queue) message.visibleAt = 0;
};

describe("aws.s3-logs", () => {
  it("reads every announced object, and deletes its message when all of it is on the bus", async () => {
    for (let at = 0; at < 25; at++) aws.put("logs", keyOf(`file ${at}`), packed(`a${at}`, `b${at}`));
    const { ids, failures } = await run();
    expect(failures).toEqual([]);
    expect(ids).toHaveLength(50);
    expect(aws.queue).toEqual([]);
    // Ten at a time, and one more to see that the queue is empty.
    expect(aws.countOf("ReceiveMessage")).toBe(4);
    expect(aws.requests.find(({ action }) => action === "ReceiveMessage")?.input).toMatchObject({
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
      VisibilityTimeout: 300,
    });
  });

  it("deletes no message before its last page is on the bus", async () => {
    aws.put("logs", keyOf("large"), large);
    const deleted: number[] = [];
    for await (const page of awsS3Logs.pull({
      settings: settingsWith(),
      cursors: new Map(),
      now: NOW,
      signal: running,
    })) {
      if ("failed" in page) expect.fail(page.failed.message);
      deleted.push(aws.countOf("DeleteMessage"));
      await page.done?.();
    }
    expect(deleted.length).toBeGreaterThan(3);
    expect(new Set(deleted)).toEqual(new Set([0]));
    expect(aws.queue).toEqual([]);
  });

  it("goes on within a large object after any page that a crash followed, and forgets it at its end", async () => {
    const part = `logs/${keyOf("large")}`;
    aws.put("logs", keyOf("large"), large);
    const { pages: whole } = await run();
    for (let kept = 1; kept < whole.length; kept++) {
      aws.reset();
      aws.put("logs", keyOf("large"), large);
      const before = await run({}, new Map(), kept);
      expect(aws.queue, "a message whose object was not read to its end stays").toHaveLength(1);
      showAgain();
      const after = await run({}, before.cursors);
      expect(new Set([...before.ids, ...after.ids]).size).toBe(4_000);
      if (kept < whole.length - 1)
        expect(before.ids.length + after.ids.length, "nothing is read twice").toBe(4_000);
      expect(after.cursors.get(part)).toBe("");
      expect(aws.queue).toEqual([]);
    }
  });

  it("begins again where the object was written over, as exports of costs are, and forgets how far it was", async () => {
    aws.put("logs", keyOf("large"), large);
    const before = await run({}, new Map(), 2);
    expect(before.ids.length).toBeGreaterThan(1_000);
    aws.reset();
    aws.put("logs", keyOf("large"), packed("new 1", "new 2"));
    const after = await run({}, before.cursors);
    expect(after.ids).toEqual(["new 1", "new 2"]);
    expect(after.cursors.get(`logs/${keyOf("large")}`)).toBe("");
  });

  it("leaves no cursor of an object that is one page", async () => {
    aws.put("logs", keyOf("small"), packed("a"));
    const { cursors } = await run();
    expect(cursors.size).toBe(0);
  });

  it("leaves what is no log, another account's or another region's, and deletes its message", async () => {
    aws.put("logs", keyOf("digest", "111122223333", "eu-central-1", "CloudTrail-Digest"), packed("digest"));
    aws.put("logs", keyOf("other", "222233334444"), packed("other account"));
    aws.put("logs", keyOf("other", "111122223333", "us-east-1"), packed("other region"));
    aws.put("logs", keyOf("ours"), packed("ours"));
    aws.announce({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "logs" });
    const { ids } = await run({ accounts: ["111122223333"], regions: ["eu-central-1"] });
    expect(ids).toEqual(["ours"]);
    expect(aws.countOf("GetObject")).toBe(1);
    expect(aws.queue).toEqual([]);
  });

  it("rejects by name what cannot be read at all: a message of another kind, an object that is gone or damaged", async () => {
    const id = aws.announce("hello");
    aws.put("logs", keyOf("gone"), packed("gone"));
    aws.objects.clear();
    const whole = packed(...Array.from({ length: 500 }, (_, at) => `${at}`));
    aws.put("logs", keyOf("damaged"), whole.subarray(0, whole.length / 2));
    aws.put("logs", keyOf("neighbour"), packed("neighbour"));
    const { ids, failures, unreadable } = await run();
    // What stands before the damage is whole, and read.
    expect(ids).toEqual(expect.arrayContaining(["neighbour", "0", "1"]));
    expect(ids).not.toContain("499");
    expect(failures).toEqual([]);
    expect(unreadable).toEqual(
      expect.arrayContaining([
        { reason: "no message about an object in S3", place: `logs message ${id}` },
        { reason: "gone before it was read (NoSuchKey)", place: `s3://logs/${keyOf("gone")}` },
        { reason: "gzip data that ends early", place: `s3://logs/${keyOf("damaged")}` },
      ]),
    );
    expect(aws.queue).toEqual([]);
  });

  it("reads bills that are exported as CSV, passes over what lies beside them, and rejects Parquet by name", async () => {
    const cur = [
      "bill_payer_account_id,line_item_usage_account_id,line_item_usage_start_date,line_item_usage_end_date,line_item_product_code,line_item_usage_type,line_item_unblended_cost,resource_tags",
      '111122223333,222233334444,2026-09-01T00:00:00Z,2026-09-01T01:00:00Z,AmazonBedrock,USE1-Nova2.0Lite-input-tokens,0.75,"{""user_team"":""a,b""}"',
    ];
    const focus = [
      "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ProviderName,ServiceName,SubAccountId,x_UsageType",
      "0.75,USD,2026-09-01T00:00:00Z,2026-09-01T01:00:00Z,AWS,Amazon Bedrock,222233334444,USE1-Nova2.0Lite-input-tokens",
    ];
    const exported = "bills/gnomon/data/BILLING_PERIOD=2026-09/gnomon";
    aws.put("bills", `${exported}-00001.csv.gz`, gzipSync(cur.join("\n")));
    aws.put("bills", `${exported}-00002.csv`, Buffer.from(focus.join("\r\n")));
    aws.put("bills", `${exported}-00003.snappy.parquet`, Buffer.from("PAR1 and so on"));
    aws.put("bills", "bills/gnomon/metadata/BILLING_PERIOD=2026-09/gnomon-Manifest.json", Buffer.from("{}"));
    const { records, rejects } = await published(awsS3Logs, settingsWith(), NOW);
    expect(records.map(({ source }) => source).sort()).toEqual(["aws.cur", "focus"]);
    expect(rejects).toEqual([
      {
        reason: "a Parquet file: export it as CSV or JSON lines",
        place: `s3://bills/${exported}-00003.snappy.parquet`,
      },
    ]);
    expect(aws.queue).toEqual([]);
  });

  it("keeps the message of an object that it may not read, and names the permission once a bucket", async () => {
    aws.faults.push({
      action: "GetObject",
      answer: { status: 403, code: "AccessDenied", message: "Access Denied" },
    });
    for (let at = 0; at < 3; at++) aws.put("logs", keyOf(`file ${at}`), packed("a"));
    const { failures, ids } = await run();
    expect(ids).toEqual([]);
    expect(failures).toEqual([
      {
        part: expect.stringMatching(/^logs\/AWSLogs/),
        code: "upstream-refused",
        message: expect.stringMatching(
          /s3:GetObject in s3:\/\/logs\/.*allow s3:GetObject, kms:Decrypt .* s3:ListBucket/,
        ),
      },
    ]);
    expect(aws.queue).toHaveLength(3);
  });

  it("names the key's permission where AWS says it is that", async () => {
    const message =
      "User: arn:aws:sts::1:assumed-role/g/i is not authorized to perform: kms:Decrypt on resource: made up";
    aws.faults.push({ action: "GetObject", answer: { status: 403, code: "AccessDenied", message } });
    aws.put("logs", keyOf("file"), packed("a"));
    const { failures } = await run();
    expect(failures[0]?.message).toMatch(/allow kms:Decrypt on the key, in its policy as well$/);
  });

  it("keeps the message where the connection is cut within the object, and goes on from there the next time", async () => {
    aws.faults.push({ action: "GetObject", times: 1, answer: "cut" });
    aws.put("logs", keyOf("large"), large);
    const first = await run();
    expect(first.failures).toEqual([expect.objectContaining({ code: "upstream-unavailable" })]);
    expect(hidden()).toBe(1);
    showAgain();
    const second = await run({}, first.cursors);
    expect(new Set([...first.ids, ...second.ids]).size).toBe(4_000);
    expect(aws.queue).toEqual([]);
  });

  it("asks for no more messages where S3 is away: they would only be hidden", async () => {
    aws.faults.push({ action: "GetObject", answer: "cut" });
    for (let at = 0; at < 12; at++) aws.put("logs", keyOf(`file ${at}`), packed("a", "b", "c"));
    const { failures } = await run();
    expect(failures).toHaveLength(1);
    expect(aws.countOf("ReceiveMessage")).toBe(1);
    expect(hidden()).toBe(10);
  });

  it("keeps a message hidden from others for as long as its object is read", async ({ onTestFinished }) => {
    const rest = Promise.withResolvers<void>();
    aws.faults.push({ action: "GetObject", times: 1, answer: { secondHalf: rest.promise } });
    aws.put("logs", keyOf("slow"), packed("slow"));
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const reading = run({ visibility: "60s" });
    await until(() => aws.countOf("GetObject") === 1);
    const renewals = () => aws.requests.filter(({ action }) => action === "ChangeMessageVisibility");
    for (const times of [1, 2, 3]) {
      vi.advanceTimersByTime(30_000);
      await until(() => renewals().length === times);
    }
    expect(renewals().map(({ input }) => input["VisibilityTimeout"])).toEqual([60, 60, 60]);
    expect(hidden()).toBe(1);
    rest.resolve();
    expect((await reading).ids).toEqual(["slow"]);
    expect(vi.getTimerCount(), "and no longer").toBe(0);
  });

  it("asks again with AWS' clock where ours is wrong", async () => {
    aws.clockOffsetMs = 3_600_000;
    aws.put("logs", keyOf("file"), packed("a"));
    const { ids, failures } = await run();
    expect(failures).toEqual([]);
    expect(ids).toEqual(["a"]);
  });

  it("ends at once where the queue cannot be read, and says why", async () => {
    aws.faults.push({ action: "ReceiveMessage", answer: { status: 400, code: "ExpiredToken" } });
    await expect(run()).rejects.toMatchObject({
      code: "upstream-refused",
      message: expect.stringMatching(/log in again/),
    });
    aws.faults[0] = { action: "ReceiveMessage", answer: { status: 400, code: "AccessDeniedException" } };
    await expect(run()).rejects.toMatchObject({
      message: expect.stringMatching(/sqs:ReceiveMessage in own\/logs/),
    });
    aws.faults[0] = { action: "ReceiveMessage", answer: { status: 400, code: "QueueDoesNotExist" } };
    await expect(run()).rejects.toMatchObject({
      message: expect.stringMatching(/there is none; check the settings/),
    });
  });

  it("says that it may not delete: the queue would never be empty", async () => {
    aws.faults.push({ action: "DeleteMessage", answer: { status: 403, code: "AccessDeniedException" } });
    aws.put("logs", keyOf("file"), packed("a"));
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/allow sqs:DeleteMessage$/) });
  });

  it("stops after the page at hand when the run ends, while it waits for messages as well", async () => {
    aws.put("logs", keyOf("large"), large);
    const run = new AbortController();
    const context = { settings: settingsWith(), cursors: new Map(), now: NOW, signal: run.signal };
    const pages: Page[] = [];
    for await (const page of awsS3Logs.pull(context)) {
      pages.push(page);
      run.abort();
    }
    expect(pages).toHaveLength(1);
    for await (const _ of awsS3Logs.pull(context)) expect.fail("a page after the end");

    aws.reset();
    aws.faults.push({ action: "ReceiveMessage", answer: "hanging" });
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(), 50);
    for await (const _ of awsS3Logs.pull({ ...context, signal: waiting.signal })) expect.fail("nothing is there");
  });

  it("reads queue and bucket of another account through its role", async () => {
    aws.put("logs", keyOf("file"), packed("a"));
    const role = { arn: "arn:aws:iam::222233334444:role/gnomon" };
    expect((await run({ role })).ids).toEqual(["a"]);
    expect(new Set(aws.requests.slice(1).map(({ account }) => account))).toContain("222233334444");
    expect(
      aws.requests.filter(({ action, account }) => action === "GetObject" && account !== "222233334444"),
    ).toEqual([]);
  });

  it("brings records to the bus through the whole of collect", async () => {
    aws.put("logs", keyOf("file"), packed("a", "b"));
    aws.announce("hello");
    const { total, records } = await published(awsS3Logs, settingsWith(), NOW);
    expect(total).toMatchObject({ records: 2, rejects: 1, failures: [] });
    expect(records).toHaveLength(2);
  });

  it("tells doctor each permission, without taking a message away", async () => {
    aws.put("logs", keyOf("file"), packed("a"));
    const check = () => awsS3Logs.check({ settings: settingsWith(), now: NOW, signal: running });
    expect(await check()).toEqual([
      { what: "sqs:ReceiveMessage from logs", ok: true },
      { what: "sqs:DeleteMessage from logs", ok: true },
      { what: "sqs:ChangeMessageVisibility in logs", ok: true },
      { what: "s3:GetObject from logs", ok: true },
    ]);
    expect(aws.queue).toHaveLength(1);
    expect(hidden()).toBe(0);

    for (const action of ["DeleteMessage", "ChangeMessageVisibility", "GetObject"])
      aws.faults.push({ action, answer: { status: 403, code: "AccessDenied" } });
    expect((await check()).map(({ ok, advice = "" }) => [ok, /allow ([a-z0-9]+:\w+)/.exec(advice)?.[1]])).toEqual([
      [true, undefined],
      [false, "sqs:DeleteMessage"],
      [false, "sqs:ChangeMessageVisibility"],
      [false, "s3:GetObject"],
    ]);
    aws.reset();
    expect((await check()).at(-1)).toEqual({
      what: "s3:GetObject: the queue has no message to try it on",
      ok: true,
    });
    aws.faults.push({ action: "ReceiveMessage", answer: { status: 403, code: "AccessDenied" } });
    expect((await check()).map(({ ok }) => ok)).toEqual([false, true, true]);
  });

  it("wants a region only where the queue's address names none", () => {
    const parse = (queueUrl: string, region?: string) => awsS3Logs.settings.safeParse({ queueUrl, region });
    expect(parse("https://sqs.eu-central-1.amazonaws.com/111122223333/logs").success).toBe(true);
    expect(parse("https://vpce-0a.sqs.eu-central-1.vpce.amazonaws.com/111122223333/logs").success).toBe(true);
    expect(parse("http://127.0.0.1:9324/111122223333/logs").error?.issues[0]?.path).toEqual(["region"]);
    expect(parse("http://127.0.0.1:9324/111122223333/logs", "eu-central-1").success).toBe(true);
  });
});
