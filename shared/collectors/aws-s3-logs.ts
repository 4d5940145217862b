/**
 * Logs that AWS writes to a bucket and announces in a queue: an organization's trail, Bedrock's invocation logs, Route 53
 * Resolver's query logs, and bills: exports of the Cost and Usage Report and of FOCUS as CSV, which may be gzip, but not
 * Parquet. Every account and region through one queue.
 *
 * Interface: Amazon SQS, ReceiveMessage, and Amazon S3, GetObject (read 2026-11). A trail's objects come about 5 minutes
 * late, up to 30 days after somebody broke the bucket's policy, in no order, and sometimes twice. A message is deleted
 * when everything in its objects is on the bus; until then it comes again.
 */
import type { ReceiveMessageCommandInput } from "@aws-sdk/client-sqs";
import { z } from "zod";
import { apiUrl, duration } from "../config/settings.ts";
import { HOUR_MS, SECOND_MS } from "../model/units.ts";
import { accountOf, ask, awsError, clientSettings, Endpoint, nameOfError, Region, Role } from "./aws.ts";
import { type Check, defineCollector, type Page, type PullContext } from "./collector.ts";
import { interleaved } from "./interleaved.ts";
import { tried } from "./parts.ts";
import { isWorthReading, notifiedObjects } from "./s3-notification.ts";
import { type Buckets, openBuckets, readAnnounced } from "./s3-object.ts";

const ID = "aws.s3-logs";
/** The most that SQS hands out at once, and keeps a request waiting. */
const MESSAGES = 10;
const WAIT_SECONDS = 20;

const Settings = z
  .strictObject({
    queueUrl: apiUrl,
    /** Absent: as the queue's address says. */
    region: Region.optional(),
    /** In the account of queue and bucket. Absent: the process' own credentials. */
    role: Role.optional(),
    /** Empty: all. */
    accounts: z.array(z.string().regex(/^\d{12}$/, "twelve digits")).default([]),
    regions: z.array(Region).default([]),
    /** How long a message stays hidden from others; while its objects are read, that is renewed. */
    visibility: duration.prefault("5m").refine((ms) => ms >= SECOND_MS && ms <= 12 * HOUR_MS, "from 1s to 12h"),
    endpoints: z.strictObject({ s3: Endpoint, sts: Endpoint }).prefault({}),
  })
  .refine((settings) => regionOf(settings) !== undefined, {
    path: ["region"],
    error: "the queue's address names none: give the region",
  });
type Settings = z.output<typeof Settings>;

function regionOf({ queueUrl, region }: { readonly queueUrl: string; readonly region?: string | undefined }) {
  return region ?? /[/.]sqs\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com/.exec(queueUrl)?.[1];
}

export const awsS3Logs = defineCollector<Settings>({
  id: ID,
  title: "AWS logs in S3, announced through SQS",
  settings: Settings,

  /** Until the queue is empty. */
  async *pull(context) {
    const { signal } = context;
    const queue = await openQueue(context.settings);
    const buckets = await openBuckets(ID, whereOf(context.settings));
    const reported = new Set<string>();
    try {
      while (!signal.aborted) {
        const messages = await queue.receive(signal);
        if (messages.length === 0) return;
        let unavailable = false;
        const streams = messages.map((message) => pagesOf(message, queue, buckets, context));
        for await (const page of interleaved(streams, messages.length, signal)) {
          if ("failed" in page) {
            unavailable ||= page.failed.code === "upstream-unavailable";
            // A bucket that may not be read has a queue full of such objects: one of them says it all.
            const [bucket = ""] = page.part.split("/");
            if (reported.has(bucket)) continue;
            reported.add(bucket);
          }
          yield page;
        }
        if (unavailable) return;
      }
    } finally {
      queue.close();
      buckets.close();
    }
  },

  async check({ settings }) {
    const queue = await openQueue(settings);
    const buckets = await openBuckets(ID, whereOf(settings));
    try {
      return await checked(queue, buckets);
    } finally {
      queue.close();
      buckets.close();
    }
  },
});

/** A message's objects, and behind them the page whose `done` deletes it. */
async function* pagesOf(
  message: Message,
  queue: Queue,
  buckets: Buckets,
  { settings, cursors }: PullContext<Settings>,
): AsyncGenerator<Page> {
  const place = `${queue.name} message ${message.id}`;
  // Where renewing fails the message comes again, and what was on the bus already does no harm.
  const renewing = setInterval(() => void queue.hide(message).catch(() => {}), settings.visibility / 2);
  try {
    for await (const page of readAnnounced(message.body, buckets, { place, only: settings, cursors })) {
      yield page;
      if ("failed" in page) return;
    }
    yield { part: queue.name, documents: [], place, done: () => queue.remove(message) };
  } finally {
    clearInterval(renewing);
  }
}

async function checked(queue: Queue, buckets: Buckets): Promise<readonly Check[]> {
  let message: Message | undefined;
  const receiving = await tried(`sqs:ReceiveMessage from ${queue.name}`, async () => {
    message = await queue.peek();
  });
  const [object] = (notifiedObjects(message?.body) ?? []).filter(({ key }) => isWorthReading(key, NO_LIMIT));
  const reading = !receiving.ok
    ? []
    : object === undefined
      ? [{ what: "s3:GetObject: the queue has no message to try it on", ok: true }]
      : [await tried(`s3:GetObject from ${object.bucket}`, () => buckets.touch(object))];
  return [
    receiving,
    await tried(`sqs:DeleteMessage from ${queue.name}`, () => permitted(queue.remove)),
    await tried(`sqs:ChangeMessageVisibility in ${queue.name}`, () => permitted(queue.hide)),
    ...reading,
  ];
}

const NO_LIMIT = { accounts: [], regions: [] };

/** Whether an act is allowed, without doing it: who may not is told so before what is asked for is looked at. */
async function permitted(act: (message: Pick<Message, "handle">) => Promise<void>): Promise<void> {
  try {
    await act({ handle: "made up by gnomon doctor" });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (!/ReceiptHandleIsInvalid|InvalidParameterValue/.test(nameOfError(cause))) throw error;
  }
}

interface Message {
  readonly id: string;
  readonly handle: string;
  readonly body: string;
}

interface Queue {
  readonly name: string;
  /** None where the queue is empty, or the run is over. */
  receive(signal: AbortSignal): Promise<readonly Message[]>;
  /** One message, which others see as well. */
  peek(): Promise<Message | undefined>;
  hide(message: Pick<Message, "handle">): Promise<void>;
  remove(message: Pick<Message, "handle">): Promise<void>;
  close(): void;
}

const whereOf = (settings: Settings) => ({
  region: regionOf(settings),
  role: settings.role,
  endpoint: settings.endpoints.s3,
  stsEndpoint: settings.endpoints.sts,
});

async function openQueue(settings: Settings): Promise<Queue> {
  const { queueUrl: QueueUrl, visibility } = settings;
  const { ChangeMessageVisibilityCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } = await import(
    "@aws-sdk/client-sqs"
  );
  const url = new URL(QueueUrl);
  const client = new SQSClient(await clientSettings({ ...whereOf(settings), endpoint: url.origin }));
  const name = url.pathname.split("/").at(-1) ?? "";
  const asking = (action: string) => ({ collector: ID, action, where: `${accountOf(settings.role)}/${name}` });
  const VisibilityTimeout = Math.ceil(visibility / SECOND_MS);
  const receive = async (input: Omit<ReceiveMessageCommandInput, "QueueUrl">, abortSignal?: AbortSignal) => {
    const command = new ReceiveMessageCommand({ QueueUrl, ...input });
    const { Messages = [] } = await client.send(command, abortSignal ? { abortSignal } : {});
    return Messages.map(({ MessageId = "", ReceiptHandle = "", Body = "" }) => ({
      id: MessageId,
      handle: ReceiptHandle,
      body: Body,
    }));
  };
  return {
    name,
    async receive(signal) {
      try {
        return await receive(
          { MaxNumberOfMessages: MESSAGES, WaitTimeSeconds: WAIT_SECONDS, VisibilityTimeout },
          signal,
        );
      } catch (error) {
        if (signal.aborted) return [];
        throw awsError(asking("sqs:ReceiveMessage"), error);
      }
    },
    peek: () =>
      ask(asking("sqs:ReceiveMessage"), async () => {
        const [message] = await receive({ MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
        return message;
      }),
    hide: ({ handle }) =>
      ask(asking("sqs:ChangeMessageVisibility"), async () => {
        await client.send(
          new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: handle, VisibilityTimeout }),
        );
      }),
    remove: ({ handle }) =>
      ask(asking("sqs:DeleteMessage"), async () => {
        await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: handle }));
      }),
    close: () => client.destroy(),
  };
}
