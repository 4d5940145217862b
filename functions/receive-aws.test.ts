import { gzipSync } from "node:zlib";
import type { CloudWatchLogsEvent, EventBridgeEvent, SQSEvent } from "aws-lambda";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openMemoryBus } from "../shared/bus/memory-bus.ts";
import { topics } from "../shared/bus/topics.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { listen, madeUpRuntime } from "../test/made-up-runtime.ts";
import { AwsServer } from "../test/servers/aws.ts";
import { type PushedEvent, takePushed } from "./receive-aws.ts";

const NOW = Date.UTC(2026, 8, 14, 10, 20);
const KEY = "AWSLogs/o-abcdefghij/111122223333/CloudTrail/eu-central-1/2026/09/14/x.json.gz";

const aws = await new AwsServer().start();
vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAMADEUP");
vi.stubEnv("AWS_SECRET_ACCESS_KEY", "made-up");
vi.stubEnv("AWS_REGION", "eu-central-1");
vi.stubEnv("AWS_ENDPOINT_URL_S3", aws.url);
beforeEach(() => aws.reset());
afterAll(() => aws.stop());

const eventOf = (id: string) => ({
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
});
const trail = (...ids: string[]) => gzipSync(JSON.stringify({ Records: ids.map(eventOf) }));

const queued = (...bodies: string[]) =>
  ({
    Records: bodies.map((body, at) => ({
      messageId: `m${at}`,
      receiptHandle: "h",
      body,
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:eu-central-1:111122223333:trail",
      awsRegion: "eu-central-1",
    })),
  }) as unknown as SQSEvent;

const announced = (key: string, body: Buffer): string => {
  aws.put("logs", key, body);
  return aws.queue.at(-1)?.body ?? expect.fail("nothing was announced");
};

async function take(event: PushedEvent, signal = new AbortController().signal, bus = openMemoryBus()) {
  const runtime = madeUpRuntime("bus: memory", { now: NOW, bus });
  const [raw, rejected] = [await listen(bus, topics.raw.name), await listen(bus, topics.rejected.name)];
  const response = await takePushed(event, runtime, signal);
  return {
    response,
    lines: runtime.lines,
    ids: raw
      .flatMap(({ value }) => value.split("\n"))
      .map((line) => JSON.parse(line).record)
      .map(({ eventID, requestId }) => eventID ?? requestId),
    rejects: rejected.map(({ value }) => JSON.parse(value)),
    values: raw.map(({ value }) => value).join(),
  };
}

describe("what SQS pushes", () => {
  it("reads the objects that messages announce, and hands none back", async () => {
    const { response, ids, rejects } = await take(
      queued(announced(KEY, trail("a", "b")), announced(`${KEY}2`, trail("c"))),
    );
    expect(response).toEqual({ batchItemFailures: [] });
    expect(ids.sort()).toEqual(["a", "b", "c"]);
    expect(rejects).toEqual([]);
  });

  it("hands back only the messages whose object could not be read, and says why", async () => {
    aws.faults.push({ action: "GetObject", answer: { status: 403, code: "AccessDenied" }, times: 1 });
    const first = await take(queued(announced(KEY, trail("a"))));
    expect(first.response).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }] });
    expect(first.lines).toContainEqual({
      level: "error",
      message: "a message will come again",
      fields: {
        message: "m0",
        reason: expect.stringMatching(/^receive-aws: s3:GetObject in s3:\/\/logs\/.*allow s3:GetObject/),
      },
    });

    aws.faults.push({ action: "GetObject", answer: "cut" });
    const lines = Array.from({ length: 500 }, (_, at) => `event ${at}`);
    const second = await take(queued("not about S3", announced(KEY, trail(...lines))));
    expect(second.response).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
    expect(second.rejects).toEqual([{ reason: "no message about an object in S3", place: "trail message m0" }]);
  });

  it("rejects by name what will never be read, and lets its message go", async () => {
    const gone = announced(KEY, trail("a"));
    aws.objects.clear();
    const damaged = announced(`${KEY}2`, trail("b").subarray(0, 40));
    const { response, rejects } = await take(queued(gone, damaged));
    expect(response).toEqual({ batchItemFailures: [] });
    expect(rejects.map(({ reason }) => reason).sort()).toEqual([
      "gone before it was read (NoSuchKey)",
      "gzip data that ends early",
    ]);
  });

  it("hands back what the bus did not take", async () => {
    const bus = openMemoryBus();
    const publish = async () => {
      throw new PipelineError("upstream-unavailable", "bus: away");
    };
    const { response } = await take(queued(announced(KEY, trail("a"))), undefined, { ...bus, publish });
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }] });
  });

  it("hands back what there is no time for", async () => {
    const { response, ids } = await take(queued(announced(KEY, trail("a"))), AbortSignal.abort());
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }] });
    expect(ids).toEqual([]);
  });

  it("takes S3's test message for what it is", async () => {
    const { response, rejects } = await take(
      queued('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs"}'),
    );
    expect(response).toEqual({ batchItemFailures: [] });
    expect(rejects).toEqual([]);
  });
});

describe("what EventBridge and S3 push", () => {
  const envelope = (given: object) =>
    ({
      version: "0",
      id: "e1",
      account: "111122223333",
      time: "2026-09-14T10:00:01Z",
      region: "eu-central-1",
      resources: [],
      ...given,
    }) as unknown as EventBridgeEvent<string, unknown>;

  it("takes CloudTrail's event out of its envelope", async () => {
    const event = envelope({
      source: "aws.bedrock",
      "detail-type": "AWS API Call via CloudTrail",
      detail: eventOf("a"),
    });
    const { response, ids } = await take(event);
    expect(response).toBeUndefined();
    expect(ids).toEqual(["a"]);
  });

  it("rejects an event that no source knows, by its id", async () => {
    const event = envelope({
      source: "aws.ec2",
      "detail-type": "EC2 Instance State-change",
      detail: { state: "running" },
    });
    expect((await take(event)).rejects).toEqual([
      { reason: "not a record of a known source", place: "EventBridge event e1", record: 1 },
    ]);
  });

  it("tells events without an id apart by what they are", async () => {
    const placeOf = async (detail: string) => {
      const { rejects } = await take({ detail } as unknown as PushedEvent);
      return rejects.map(({ place }) => place);
    };
    const [one, other] = [await placeOf("one"), await placeOf("other")];
    expect(one).toEqual([expect.stringMatching(/^an event of an unknown kind, sha256 [0-9a-f]{16}$/)]);
    expect(await placeOf("one")).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it("reads the object that S3 announces through EventBridge, or directly", async () => {
    const direct = JSON.parse(announced(KEY, trail("a")));
    const bridged = envelope({
      source: "aws.s3",
      "detail-type": "Object Created",
      detail: { bucket: { name: "logs" }, object: { key: KEY } },
    });
    expect((await take(direct)).ids).toEqual(["a"]);
    expect((await take(bridged)).ids).toEqual(["a"]);
  });

  it("throws where the object cannot be read, so that Lambda tries again", async () => {
    const direct = JSON.parse(announced(KEY, trail("a")));
    aws.faults.push({ action: "GetObject", answer: { status: 403, code: "AccessDenied" } });
    await expect(take(direct)).rejects.toMatchObject({ code: "upstream-refused" });
  });
});

describe("what a subscription of CloudWatch Logs pushes", () => {
  const pushed = (payload: object): CloudWatchLogsEvent => ({
    awslogs: {
      data: gzipSync(
        JSON.stringify({
          owner: "111122223333",
          logGroup: "/bedrock",
          logStream: "aws/bedrock/modelinvocations",
          subscriptionFilters: ["gnomon"],
          ...payload,
        }),
      ).toString("base64"),
    },
  });
  const invocation = {
    schemaType: "ModelInvocationLog",
    schemaVersion: "1.0",
    timestamp: "2026-09-14T10:00:00Z",
    accountId: "111122223333",
    region: "eu-central-1",
    requestId: "r1",
    operation: "Converse",
    modelId: "anthropic.claude-haiku-4-5-20251001-v1:0",
    input: { inputTokenCount: 12, inputBodyJson: { messages: "CANARY" } },
    output: { outputTokenCount: 3 },
  };

  it("takes the log's events out, without their content", async () => {
    const { ids, rejects, values } = await take(
      pushed({
        messageType: "DATA_MESSAGE",
        logEvents: [
          { id: "1", timestamp: NOW, message: JSON.stringify(invocation) },
          { id: "2", timestamp: NOW, message: "a line of something else" },
        ],
      }),
    );
    expect(ids).toEqual(["r1"]);
    expect(values).not.toContain("CANARY");
    expect(rejects).toEqual([
      {
        reason: "not a record of a known source",
        place: expect.stringMatching(/^\/bedrock aws\/bedrock\/modelinvocations, sha256 [0-9a-f]{16}$/),
        record: 2,
      },
    ]);
  });

  it("tells apart what it rejects of one that is larger than a page", async () => {
    const logEvents = Array.from({ length: 3_000 }, (_, at) => ({
      id: String(at),
      timestamp: NOW,
      message: `line ${at} ${"x".repeat(1_000)}`,
    }));
    const { rejects } = await take(pushed({ messageType: "DATA_MESSAGE", logEvents }));
    expect(new Set(rejects.map(({ place, record }) => `${place} ${record}`)).size).toBe(3_000);
  });

  it("leaves CloudWatch's own message, which only asks whether somebody is there", async () => {
    const control = pushed({
      messageType: "CONTROL_MESSAGE",
      logEvents: [{ id: "", timestamp: NOW, message: "CWL CONTROL MESSAGE" }],
    });
    const { ids, rejects } = await take(control);
    expect([ids, rejects]).toEqual([[], []]);
  });

  it("rejects data that is damaged", async () => {
    const { awslogs } = pushed({ messageType: "DATA_MESSAGE", logEvents: [] });
    const { rejects } = await take({ awslogs: { data: awslogs.data.slice(0, 60) } });
    expect(rejects).toEqual([
      {
        reason: "gzip data that ends early",
        place: expect.stringMatching(/^a subscription of CloudWatch Logs, sha256 [0-9a-f]{16}$/),
      },
    ]);
  });
});
