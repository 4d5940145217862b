/**
 * What AWS pushes → `ai.activity.raw`, and `ai.activity.rejected`: messages about objects in S3, through SQS, EventBridge
 * or directly; CloudTrail's events through EventBridge; log groups that are subscribed to.
 *
 * Shape: AWS Lambda developer guide, "Using Lambda with Amazon SQS" (partial batch responses), "… CloudWatch Logs",
 * "… Amazon S3"; EventBridge user guide, "Events" (read 2026-11).
 */
import type { CloudWatchLogsEvent, EventBridgeEvent, S3Event, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { z } from "zod";
import type { Page } from "../shared/collectors/collector.ts";
import { notifiedObjects } from "../shared/collectors/s3-notification.ts";
import { type Buckets, openBuckets, readAnnounced } from "../shared/collectors/s3-object.ts";
import { PipelineError } from "../shared/model/errors.ts";
import type { Reject } from "../shared/model/raw-record.ts";
import { digestOf } from "../shared/model/uid.ts";
import { trimmed } from "../shared/pipeline/collect.ts";
import { once } from "../shared/reading/bytes.ts";
import { readDocuments } from "../shared/reading/documents.ts";
import { sources } from "../shared/registry.ts";
import { timeLeft, withRuntime } from "./lambda.ts";
import { reasonOf } from "./log.ts";
import { publishRaw } from "./raw-topic.ts";
import type { Runtime } from "./runtime.ts";

const NAME = "receive-aws";
const EVERYTHING = { accounts: [], regions: [] };

export type PushedEvent = SQSEvent | S3Event | CloudWatchLogsEvent | EventBridgeEvent<string, unknown>;

/**
 * Of a queue's messages, those that must come again. Throws for every other event that must: Lambda tries those again,
 * and hands them to the on-failure destination in the end.
 */
export async function takePushed(
  event: PushedEvent,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<SQSBatchResponse | undefined> {
  const started = runtime.now();
  try {
    if ("awslogs" in event) {
      await publish(logEventsIn(event), runtime, signal);
      return undefined;
    }
    if (isOfQueue(event)) return await takeMessages(event, runtime, signal);
    await publish(
      notifiedObjects(event) === undefined ? itself(event) : announced(event, "pushed by S3"),
      runtime,
      signal,
    );
    return undefined;
  } finally {
    runtime.log.measure("BatchTime", runtime.now() - started, "Milliseconds");
  }
}

const isOfQueue = (event: SQSEvent | S3Event | EventBridgeEvent<string, unknown>): event is SQSEvent =>
  "Records" in event && event.Records[0]?.eventSource === "aws:sqs";

async function takeMessages(
  { Records }: SQSEvent,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<SQSBatchResponse> {
  const failed = await Promise.all(
    Records.map(async ({ body, messageId, eventSourceARN }) => {
      const place = `${eventSourceARN.split(":").at(-1)} message ${messageId}`;
      try {
        await publish(announced(body, place), runtime, signal);
        return [];
      } catch (error) {
        runtime.log.error("a message will come again", { message: messageId, reason: reasonOf(error) });
        return [{ itemIdentifier: messageId }];
      }
    }),
  );
  const batchItemFailures = failed.flat();
  runtime.log.measure("Failures", batchItemFailures.length, "Count");
  return { batchItemFailures };
}

/** Resolves when the bus has all of it. */
async function publish(pages: AsyncIterable<Page>, runtime: Runtime, signal: AbortSignal): Promise<void> {
  for await (const page of pages) {
    if ("failed" in page) throw page.failed;
    if (signal.aborted) throw new PipelineError("upstream-unavailable", `${NAME}: no time left for ${page.place}`);
    const { records, rejects } = trimmed(page.documents, page.place, sources, runtime.now());
    const unreadable = (page.unreadable ?? []).map(({ reason, place }): Reject => ({ reason, place }));
    await publishRaw(records, [...rejects, ...unreadable], page.place, runtime);
  }
}

let buckets: Promise<Buckets> | undefined;

async function* announced(message: unknown, place: string): AsyncGenerator<Page> {
  buckets ??= openBuckets(NAME, {});
  yield* readAnnounced(message, await buckets, { place, only: EVERYTHING, cursors: new Map() });
}

/** What EventBridge has matched: its envelope is one of those that are taken off. */
async function* itself(event: S3Event | EventBridgeEvent<string, unknown>): AsyncGenerator<Page> {
  const place =
    "id" in event
      ? `EventBridge event ${event.id}`
      : `an event of an unknown kind, ${digestOf(Buffer.from(JSON.stringify(event)))}`;
  yield { part: "", documents: [event], place };
}

/** What CloudWatch writes to see whether anybody is there holds no records. */
const Control = z.object({ messageType: z.literal("CONTROL_MESSAGE") });
const Origin = z.object({ logGroup: z.string(), logStream: z.string() });

async function* logEventsIn({ awslogs }: CloudWatchLogsEvent): AsyncGenerator<Page> {
  const bytes = Buffer.from(awslogs.data, "base64");
  const digest = digestOf(bytes);
  const place = `a subscription of CloudWatch Logs, ${digest}`;
  let before = 0;
  for await (const { documents, unreadable, upTo } of readDocuments(once(bytes))) {
    const events = documents.filter((document) => !Control.safeParse(document).success);
    const origin = Origin.safeParse(events[0]).data;
    const here = origin ? `${origin.logGroup} ${origin.logStream}, ${digest}` : place;
    yield {
      part: "",
      documents: events,
      unreadable: unreadable.map(({ reason }) => ({ reason, place })),
      // The records of each page are counted from 1.
      place: before === 0 ? here : `${here} after document ${before}`,
    };
    before = upTo;
  }
}

export const handler = withRuntime(NAME, (event: PushedEvent, runtime, context) =>
  takePushed(event, runtime, timeLeft(context)),
);
