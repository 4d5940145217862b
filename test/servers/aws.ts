/**
 * The part of AWS that collectors ask, on 127.0.0.1, for the real SDK: CloudTrail, CloudWatch Logs, SQS and Cost Explorer
 * in JSON, S3 in REST and XML, STS in form encoding. Accounts are told by the access key, regions by the signature's
 * scope.
 */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Weather } from "../contract/collector.contract.ts";

export interface AwsRequest {
  /** `LookupEvents`, `GetObject` */
  readonly action: string;
  /** `own` for the credentials of the process. */
  readonly account: string;
  readonly region: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Milliseconds, of a clock that only runs forward. */
  readonly at: number;
}

export interface TrailEvent {
  readonly eventSource: string;
  readonly eventName: string;
  readonly time: number;
  /** As text, as LookupEvents has it. */
  readonly record: string;
}

export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

/** A day's cost of one usage type. */
export interface Billed {
  /** `2026-09-14` */
  readonly day: string;
  readonly service: string;
  readonly linkedAccount: string;
  readonly usageType: string;
  readonly amount: string;
}

interface Fault {
  readonly action: string;
  readonly account?: string;
  readonly region?: string;
  /** Absent: each time. */
  times?: number;
  /** `cut`: half of the body, then the connection ends. `secondHalf`: when that comes. */
  readonly answer:
    | { readonly status: number; readonly code: string; readonly message?: string }
    | { readonly secondHalf: Promise<void> }
    | "cut"
    | "hanging";
}

interface CostInput {
  readonly TimePeriod?: { readonly Start: string; readonly End: string };
  readonly Filter?: { readonly Dimensions: { readonly Values: readonly string[] } };
  readonly GroupBy?: readonly unknown[];
  readonly NextPageToken?: string;
}

interface Queued {
  readonly id: string;
  readonly body: string;
  handle: string;
  visibleAt: number;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class AwsServer {
  readonly requests: AwsRequest[] = [];
  readonly faults: Fault[] = [];
  /** By `account/region`. */
  readonly trails = new Map<string, TrailEvent[]>();
  /** By `account/region/group`. */
  readonly logGroups = new Map<string, LogEvent[]>();
  /** By account that is asked. */
  readonly bills = new Map<string, Billed[]>();
  /** By `bucket/key`. */
  readonly objects = new Map<string, Buffer>();
  readonly queue: Queued[] = [];
  /** By the role's ARN: what its trust policy wants. */
  readonly externalIds = new Map<string, string>();
  /** How far this clock is ahead. Requests signed 5 minutes off it are refused. */
  clockOffsetMs = 0;
  pageSize = 50;
  /** How many pages without events FilterLogEvents begins with. */
  emptyPages = 0;
  /** Answers every page with the token of the first. */
  repeatsTokens = false;

  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #url = "";

  get url(): string {
    return this.#url;
  }

  get queueUrl(): string {
    return `${this.#url}/111122223333/logs`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("no port");
    this.#url = `http://127.0.0.1:${address.port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As new, at the same address. */
  reset(): void {
    this.requests.length = 0;
    this.faults.length = 0;
    this.queue.length = 0;
    for (const held of [this.trails, this.logGroups, this.bills, this.objects, this.externalIds]) held.clear();
    this.clockOffsetMs = 0;
    this.pageSize = 50;
    this.emptyPages = 0;
    this.repeatsTokens = false;
  }

  announce(body: unknown): string {
    const id = randomUUID();
    this.queue.push({
      id,
      body: typeof body === "string" ? body : JSON.stringify(body),
      handle: "",
      visibleAt: 0,
    });
    return id;
  }

  /** An object and S3's own message about it. */
  put(bucket: string, key: string, body: Buffer): void {
    this.objects.set(`${bucket}/${key}`, body);
    this.announce({
      Records: [
        {
          eventVersion: "2.1",
          eventSource: "aws:s3",
          awsRegion: "eu-central-1",
          eventName: "ObjectCreated:Put",
          s3: {
            bucket: { name: bucket },
            object: {
              key: encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/"),
              size: body.length,
            },
          },
        },
      ],
    });
  }

  countOf(action: string): number {
    return this.requests.filter((request) => request.action === action).length;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = this.#read(request, Buffer.concat(chunks).toString("utf8"));
    this.requests.push(asked);
    const fault = this.#faultOf(asked);
    const refusal = typeof fault?.answer === "object" && "status" in fault.answer ? fault.answer : undefined;
    const answer =
      this.#tooSkewed(request, asked) ?? (refusal ? errorOf(asked.action, refusal) : this.#answerTo(asked));
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, {
      date: new Date(this.#now()).toUTCString(),
      "content-length": body.length,
      "content-type": asked.action === "GetObject" ? "application/octet-stream" : "application/x-amz-json-1.1",
      ...answer.headers,
    });
    if (fault === undefined || refusal) {
      response.end(body);
      return;
    }
    const half = Math.floor(body.length / 2);
    response.write(body.subarray(0, half));
    if (fault.answer === "hanging") return;
    await (typeof fault.answer === "object" && "secondHalf" in fault.answer ? fault.answer.secondHalf : sleep(20));
    if (fault.answer === "cut") response.destroy();
    else response.end(body.subarray(half));
  }

  #read(request: IncomingMessage, body: string): AwsRequest {
    const scope = /Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\//.exec(request.headers.authorization ?? "") ?? [];
    const [, key = "", region = ""] = scope;
    const common = { account: /^ASIA(\d{12})$/.exec(key)?.[1] ?? "own", region, at: performance.now() };
    const target = request.headers["x-amz-target"];
    if (typeof target === "string") {
      return { ...common, action: target.slice(target.lastIndexOf(".") + 1), input: JSON.parse(body) };
    }
    if (request.method === "GET") {
      const url = new URL(request.url ?? "", this.#url);
      return { ...common, action: "GetObject", input: { path: decodeURIComponent(url.pathname.slice(1)) } };
    }
    const form = new URLSearchParams(body);
    return { ...common, action: form.get("Action") ?? "", input: Object.fromEntries(form) };
  }

  #now = () => Date.now() + this.clockOffsetMs;

  #faultOf({ action, account, region }: AwsRequest): Fault | undefined {
    const fault = this.faults.find(
      (one) =>
        one.action === action &&
        (one.account ?? account) === account &&
        (one.region ?? region) === region &&
        one.times !== 0,
    );
    if (fault?.times !== undefined) fault.times--;
    return fault;
  }

  #tooSkewed(request: IncomingMessage, { action }: AwsRequest): Answer | undefined {
    const date = String(request.headers["x-amz-date"]);
    const signed = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    if (Math.abs(signed - this.#now()) <= 300_000) return undefined;
    return errorOf(action, {
      status: 403,
      code: action === "GetObject" ? "RequestTimeTooSkewed" : "InvalidSignatureException",
      message: "Signature expired",
    });
  }

  #answerTo(asked: AwsRequest): Answer {
    switch (asked.action) {
      case "LookupEvents":
        return this.#lookUpEvents(asked);
      case "FilterLogEvents":
        return this.#filterLogEvents(asked);
      case "GetDimensionValues":
        return this.#getDimensionValues(asked);
      case "GetCostAndUsage":
        return this.#getCostAndUsage(asked);
      case "ReceiveMessage":
        return this.#receiveMessage(asked);
      case "DeleteMessage":
      case "ChangeMessageVisibility":
        return this.#touchMessage(asked);
      case "GetObject":
        return this.#getObject(asked);
      case "AssumeRole":
        return this.#assumeRole(asked);
      default:
        return errorOf(asked.action, { status: 400, code: "UnknownOperationException" });
    }
  }

  #lookUpEvents({ account, region, input }: AwsRequest): Answer {
    const { LookupAttributes, StartTime, EndTime, MaxResults, NextToken } = input as {
      LookupAttributes?: { AttributeKey: string; AttributeValue: string }[];
      StartTime?: number;
      EndTime?: number;
      MaxResults?: number;
      NextToken?: string;
    };
    const [attribute] = LookupAttributes ?? [];
    const found = (this.trails.get(`${account}/${region}`) ?? [])
      .filter(({ time }) => time >= (StartTime ?? 0) * 1_000 && time <= (EndTime ?? 1e12) * 1_000)
      .filter(({ eventSource, eventName }) => {
        if (attribute === undefined) return true;
        return attribute.AttributeValue === (attribute.AttributeKey === "EventSource" ? eventSource : eventName);
      })
      .sort((a, b) => b.time - a.time);
    return this.#page(input, NextToken, found, MaxResults ?? 50, "NextToken", (events) => ({
      Events: events.map((event) => ({
        EventId: randomUUID(),
        EventName: event.eventName,
        EventSource: event.eventSource,
        EventTime: event.time / 1_000,
        ReadOnly: "true",
        Username: "jane",
        Resources: [],
        CloudTrailEvent: event.record,
      })),
    }));
  }

  #filterLogEvents({ account, region, input }: AwsRequest): Answer {
    const { logGroupName, logGroupIdentifier, startTime, endTime, limit, nextToken } = input as {
      logGroupName?: string;
      logGroupIdentifier?: string;
      startTime?: number;
      endTime?: number;
      limit?: number;
      nextToken?: string;
    };
    const events = this.logGroups.get(`${account}/${region}/${logGroupName ?? logGroupIdentifier}`);
    if (!events) return errorOf("FilterLogEvents", { status: 400, code: "ResourceNotFoundException" });
    const found = events.filter(
      ({ timestamp }) => timestamp >= (startTime ?? 0) && timestamp <= (endTime ?? 1e15),
    );
    const padded = [...Array<undefined>(this.emptyPages).fill(undefined), ...found];
    const size = this.emptyPages > 0 ? 1 : (limit ?? 10_000);
    return this.#page(input, nextToken, padded, size, "nextToken", (page) => ({
      events: page.flatMap((event) => (event ? { ...event, logStreamName: "one", eventId: randomUUID() } : [])),
      searchedLogStreams: [],
    }));
  }

  #getDimensionValues({ account, input }: AwsRequest): Answer {
    const { TimePeriod, NextPageToken } = input as CostInput;
    const services = [...new Set(this.#billedIn(account, TimePeriod).map(({ service }) => service))];
    return this.#page(input, NextPageToken, services, 1_000, "NextPageToken", (values) => ({
      DimensionValues: values.map((Value) => ({ Value, Attributes: {} })),
      ReturnSize: values.length,
      TotalSize: services.length,
    }));
  }

  /** Grouped by account and usage type, whatever is asked. */
  #getCostAndUsage({ account, input }: AwsRequest): Answer {
    const { TimePeriod, Filter, GroupBy, NextPageToken } = input as CostInput;
    const billed = this.#billedIn(account, TimePeriod)
      .filter(({ service }) => Filter?.Dimensions.Values.includes(service))
      .sort((a, b) => (a.day < b.day ? -1 : 1));
    return this.#page(input, NextPageToken, billed, 5_000, "NextPageToken", (page) => ({
      GroupDefinitions: GroupBy,
      ResultsByTime: Object.entries(Object.groupBy(page, ({ day }) => day)).map(([day, groups = []]) => ({
        TimePeriod: { Start: day, End: new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10) },
        Total: {},
        Groups: groups.map(({ linkedAccount, usageType, amount }) => ({
          Keys: [linkedAccount, usageType],
          Metrics: {
            UnblendedCost: { Amount: amount, Unit: "USD" },
            UsageQuantity: { Amount: "1000", Unit: "N/A" },
          },
        })),
        Estimated: true,
      })),
    }));
  }

  #billedIn(account: string, period: CostInput["TimePeriod"]): Billed[] {
    const { Start = "", End = "" } = period ?? {};
    return (this.bills.get(account) ?? []).filter(({ day }) => day >= Start && day < End);
  }

  /** A token holds the parameters it was given for: AWS refuses it with any others. */
  #page<T>(
    input: Readonly<Record<string, unknown>>,
    token: string | undefined,
    found: readonly T[],
    limit: number,
    name: "NextToken" | "nextToken" | "NextPageToken",
    written: (page: readonly T[]) => Readonly<Record<string, unknown>>,
  ): Answer {
    const { NextToken, nextToken, NextPageToken, ...parameters } = input;
    const asked = createHash("sha256").update(JSON.stringify(parameters)).digest("hex");
    const [from = "0", of = asked] = (token ?? "").split("/").filter(Boolean);
    if (of !== asked) return errorOf("LookupEvents", { status: 400, code: "InvalidNextTokenException" });
    const end = Number(from) + Math.min(limit, this.pageSize);
    const next = this.repeatsTokens ? `0/${asked}` : end < found.length ? `${end}/${asked}` : undefined;
    return { status: 200, body: JSON.stringify({ ...written(found.slice(Number(from), end)), [name]: next }) };
  }

  #receiveMessage({ input }: AwsRequest): Answer {
    const { MaxNumberOfMessages, VisibilityTimeout } = input as {
      MaxNumberOfMessages?: number;
      VisibilityTimeout?: number;
    };
    const now = performance.now();
    const taken = this.queue.filter(({ visibleAt }) => visibleAt <= now).slice(0, MaxNumberOfMessages ?? 1);
    for (const message of taken) {
      message.visibleAt = now + (VisibilityTimeout ?? 30) * 1_000;
      message.handle = randomUUID();
    }
    const Messages = taken.map(({ id, body, handle }) => ({
      MessageId: id,
      ReceiptHandle: handle,
      Body: body,
      MD5OfBody: createHash("md5").update(body).digest("hex"),
    }));
    return { status: 200, body: JSON.stringify(Messages.length > 0 ? { Messages } : {}) };
  }

  #touchMessage({ action, input }: AwsRequest): Answer {
    const at = this.queue.findIndex(({ handle }) => handle !== "" && handle === input["ReceiptHandle"]);
    const message = this.queue[at];
    if (!message) return errorOf(action, { status: 400, code: "ReceiptHandleIsInvalid" });
    if (action === "DeleteMessage") this.queue.splice(at, 1);
    else message.visibleAt = performance.now() + Number(input["VisibilityTimeout"]) * 1_000;
    return { status: 200, body: "{}" };
  }

  #getObject({ input }: AwsRequest): Answer {
    const body = this.objects.get(String(input["path"]));
    if (!body) return errorOf("GetObject", { status: 404, code: "NoSuchKey" });
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    return { status: 200, body, headers: { etag } };
  }

  #assumeRole({ input }: AwsRequest): Answer {
    const arn = String(input["RoleArn"]);
    const account = arn.split(":")[4] ?? "";
    const wanted = this.externalIds.get(arn);
    if (wanted !== undefined && wanted !== input["ExternalId"]) {
      return errorOf("AssumeRole", {
        status: 403,
        code: "AccessDenied",
        message: `User: arn:aws:iam::999988887777:user/gnomon is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
      });
    }
    return {
      status: 200,
      headers: { "content-type": "text/xml" },
      body:
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>' +
        `<AccessKeyId>ASIA${account}</AccessKeyId><SecretAccessKey>made-up</SecretAccessKey>` +
        `<SessionToken>made-up</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>` +
        `</Credentials><AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:gnomon</AssumedRoleId><Arn>${arn}</Arn>` +
        "</AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>",
    };
  }
}

/** Two a page, and foul weather for `actions`. */
export async function awsInWeather(weather: Weather, actions: readonly string[]): Promise<AwsServer> {
  const server = await new AwsServer().start();
  server.pageSize = 2;
  server.repeatsTokens = weather === "repeating";
  const answers: Partial<Record<Weather, Exclude<Fault["answer"], string>>> = {
    "credential ended": { status: 400, code: "ExpiredTokenException" },
    away: { status: 503, code: "ServiceUnavailable" },
  };
  const answer = answers[weather];
  if (answer) server.faults.push(...actions.map((action) => ({ action, answer })));
  return server;
}

/** In the words of the protocol that the action is spoken in. */
function errorOf(
  action: string,
  {
    status,
    code,
    message = "made up",
  }: { readonly status: number; readonly code: string; readonly message?: string },
): Answer {
  if (action === "GetObject") {
    const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    return { status, body, headers: { "content-type": "application/xml" } };
  }
  if (action === "AssumeRole") {
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
    const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${error}</ErrorResponse>`;
    return { status, body, headers: { "content-type": "text/xml" } };
  }
  return { status, body: JSON.stringify({ __type: code, message }), headers: { "x-amzn-errortype": code } };
}
