/** The bundles as Lambda runs them: a process of its own, the document of an event, nothing of the project around. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionNames } from "../infra/bundle.ts";
import type { IncomingMessage } from "../shared/bus/bus.ts";
import { connectKafka } from "../shared/bus/kafka-bus.ts";
import { type TopicName, topics } from "../shared/bus/topics.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import { copyMadeBundles } from "./made-bundles.ts";
import { startKafka } from "./servers/kafka.ts";
import { startPostgres } from "./servers/postgres.ts";
import { unavailable } from "./servers/unavailable.ts";
import { until } from "./until.ts";

const run = promisify(execFile);
const names = await functionNames();
/** In the project's folder, where the AWS SDK is found as in Lambda's own. */
const dist = fileURLToPath(new URL("../dist", import.meta.url));
let folder: string;

beforeAll(async () => {
  await mkdir(dist, { recursive: true });
  folder = await mkdtemp(join(dist, "test-"));
  await copyMadeBundles(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** What the handler gives for the event, or the error that Lambda would show. */
async function invoke(
  name: string,
  event: unknown,
  configuration: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, configuration);
  const code = `
    const { handler } = await import(${JSON.stringify(pathToFileURL(join(folder, name, "index.mjs")).href)});
    const context = { getRemainingTimeInMillis: () => 60_000 };
    const answer = await handler(${JSON.stringify(event)}, context).then(
      (result) => ({ result }),
      ({ name, message }) => ({ error: { name, message } }),
    );
    process.stdout.write("\\nANSWER " + JSON.stringify(answer), () => process.exit());
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], {
    env: { PATH: process.env["PATH"], GNOMON_CONFIG: file, AWS_REGION: "eu-central-1", ...environment },
  });
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\nANSWER ") + 8));
}

/** Lambda developer guide, "Using Lambda with Amazon MSK", "… self-managed Apache Kafka". */
const kafkaEvent = (
  eventSource: "aws:kafka" | "SelfManagedKafka",
  messages: readonly Pick<IncomingMessage, "topic" | "partition" | "offset" | "key" | "value" | "headers">[],
) => ({
  eventSource,
  ...(eventSource === "aws:kafka"
    ? {
        eventSourceArn:
          "arn:aws:kafka:eu-central-1:111122223333:cluster/gnomon/00000000-0000-4000-8000-000000000001-s1",
      }
    : {}),
  bootstrapServers: "b-1.example:9098",
  records: Object.groupBy(
    messages.map(({ topic, partition, offset, key, value, headers }) => ({
      topic,
      partition,
      offset: Number(offset),
      timestamp: 1_790_000_000_000,
      timestampType: "CREATE_TIME",
      ...(key === undefined ? {} : { key: Buffer.from(key).toString("base64") }),
      value: Buffer.from(value).toString("base64"),
      headers: Object.entries(headers).map(([name, text]) => ({ [name]: [...Buffer.from(text)] })),
    })),
    ({ topic, partition }) => `${topic}-${partition}`,
  ),
});

/** EventBridge user guide, "Creating a rule that runs on a schedule". */
const scheduled = {
  version: "0",
  id: "00000000-0000-4000-8000-000000000002",
  "detail-type": "Scheduled Event",
  source: "aws.events",
  account: "111122223333",
  time: "2026-09-14T10:00:00Z",
  region: "eu-central-1",
  resources: ["arn:aws:events:eu-central-1:111122223333:rule/gnomon"],
  detail: {},
};

const trailEvent = {
  eventVersion: "1.11",
  eventTime: "2026-09-14T10:00:00Z",
  eventSource: "bedrock.amazonaws.com",
  eventName: "InvokeModel",
  eventID: "00000000-0000-4000-8000-000000000003",
  requestID: "00000000-0000-4000-8000-000000000004",
  awsRegion: "eu-central-1",
  recipientAccountId: "111122223333",
  userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/jane", accountId: "111122223333" },
  requestParameters: { modelId: "anthropic.claude-haiku-4-5-20251001-v1:0" },
};
const throughEventBridge = {
  ...scheduled,
  "detail-type": "AWS API Call via CloudTrail",
  source: "aws.bedrock",
  detail: trailEvent,
};
const throughLogs = {
  awslogs: {
    data: gzipSync(
      JSON.stringify({
        messageType: "CONTROL_MESSAGE",
        owner: "CloudwatchLogs",
        logGroup: "",
        logStream: "",
        subscriptionFilters: [],
        logEvents: [{ id: "", timestamp: 0, message: "CWL CONTROL MESSAGE: Checking health of destination" }],
      }),
    ).toString("base64"),
  },
};
const throughQueue = {
  Records: [
    {
      messageId: "00000000-0000-4000-8000-000000000005",
      receiptHandle: "made-up",
      body: JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "gnomon-trail" }),
      attributes: {},
      messageAttributes: {},
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:eu-central-1:111122223333:gnomon-trail",
      awsRegion: "eu-central-1",
    },
  ],
};
const pushed = (token: string) => ({
  version: "2.0",
  routeKey: "POST /v1/events",
  rawPath: "/v1/events",
  rawQueryString: "",
  headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  requestContext: {
    stage: "$default",
    http: {
      method: "POST",
      path: "/v1/events",
      protocol: "HTTP/1.1",
      sourceIp: "192.0.2.1",
      userAgent: "made-up",
    },
  },
  body: Buffer.from(JSON.stringify([{ Records: [trailEvent] }])).toString("base64"),
  isBase64Encoded: true,
});

const events: Readonly<Record<string, unknown>> = {
  collect: scheduled,
  receive: pushed("made-up"),
  "receive-aws": throughQueue,
  normalize: kafkaEvent("aws:kafka", []),
  detect: kafkaEvent("SelfManagedKafka", []),
  deliver: scheduled,
  housekeeping: scheduled,
  review: scheduled,
  migrate: {},
};

describe("a bundled function", () => {
  it.each(names)("%s loads, takes its event, and names the setting it lacks", async (name) => {
    const { error } = await invoke(name, events[name], `store: $\{env:GNOMON_STORE}\n`);
    expect(error).toEqual({
      name: "PipelineError",
      message: "the configuration refers to env:GNOMON_STORE, which is not set",
    });
  });

  it("receive answers a sender, and turns away who is none", async () => {
    const configuration = `receive: { secret: "$\{env:SECRET}" }\n`;
    const answers = await Promise.all(
      ["made-up", "wrong"].map((token) => invoke("receive", pushed(token), configuration, { SECRET: "made-up" })),
    );
    expect(answers.map(({ result }) => (result as { statusCode: number }).statusCode)).toEqual([200, 401]);
  });

  it.each([
    ["a queue's message", throughQueue, { batchItemFailures: [] }],
    ["an event of EventBridge", throughEventBridge, undefined],
    ["what CloudWatch asks of a subscription", throughLogs, undefined],
  ])("receive-aws takes %s", async (_what, event, result) => {
    expect(await invoke("receive-aws", event, "bus: memory\n")).toEqual(result === undefined ? {} : { result });
  });
});

const [kafka, postgres] = await Promise.all([startKafka(), startPostgres()]);
if ("missing" in kafka) unavailable("the bundles on Kafka", kafka.missing);
else if ("missing" in postgres) unavailable("the bundles on Postgres", postgres.missing);
else {
  const { brokers } = kafka.server;
  describe("the bundled functions, one after the other", () => {
    const bus = connectKafka({ brokers });
    afterAll(async () => {
      await bus.close();
      await Promise.all([kafka.server.stop(), postgres.server.stop()]);
    });
    const arrived = async (topic: TopicName): Promise<IncomingMessage[]> => {
      const messages: IncomingMessage[] = [];
      await bus.subscribe(topic, `bundles-${topic}`, async (batch) => void messages.push(...batch));
      return messages;
    };

    it("bring a call from CloudTrail to the store, twice and counted once", async () => {
      const url = await postgres.server.newDatabase();
      const configuration = `
bus: { kafka: { brokers: ${JSON.stringify(brokers)}, replicationFactor: 1 } }
store: $\{env:GNOMON_STORE}
`;
      const step = async (name: string, event: unknown): Promise<unknown> => {
        const { result, error } = await invoke(name, event, configuration, { GNOMON_STORE: url });
        expect(error, name).toBeUndefined();
        return result;
      };
      expect(await step("migrate", {})).toMatchObject({
        done: expect.arrayContaining([expect.stringMatching(/^store: applied 0001/)]),
      });
      expect(await step("migrate", {})).toEqual({ done: [] });

      const [raw, activities] = [await arrived(topics.raw.name), await arrived(topics.activity.name)];
      const ours = (messages: readonly IncomingMessage[]) =>
        messages.filter(({ value }) => value.includes(trailEvent.requestID) || value.includes(trailEvent.eventID));
      await step("receive-aws", throughEventBridge);
      await until(() => ours(raw).length >= 1);
      await step("normalize", kafkaEvent("SelfManagedKafka", ours(raw)));
      await step("normalize", kafkaEvent("aws:kafka", ours(raw)));
      await until(() => activities.length >= 2);
      await step("detect", kafkaEvent("aws:kafka", activities));
      await step("collect", scheduled);
      await step("review", scheduled);
      await step("deliver", scheduled);
      await step("housekeeping", scheduled);

      const store = await openLastingStore(url);
      const coverage = await store.books.coverage();
      await store.close();
      expect(coverage).toMatchObject([{ source: "aws.cloudtrail" }]);
    });
  });
}
