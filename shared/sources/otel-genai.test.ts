import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Activity } from "../model/activity.ts";
import { uidOf } from "../model/uid.ts";
import { otelGenai } from "./otel-genai.ts";

type Scalar = string | number | boolean;

const START_MS = 1_767_607_200_000;
const nanos = (ms: number) => `${START_MS + ms}000000`;

const attributes = (fields: Readonly<Record<string, Scalar | readonly string[]>>) =>
  Object.entries(fields).map(([key, value]) => ({
    key,
    value: Array.isArray(value)
      ? { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } }
      : typeof value === "number"
        ? Number.isInteger(value)
          ? { intValue: String(value) }
          : { doubleValue: value }
        : typeof value === "boolean"
          ? { boolValue: value }
          : { stringValue: value },
  }));

const span = (fields: Readonly<Record<string, Scalar | readonly string[]>>, more: object = {}) => ({
  traceId: "a".repeat(32),
  spanId: "b".repeat(16),
  name: "CANARY",
  kind: 3,
  startTimeUnixNano: nanos(0),
  endTimeUnixNano: nanos(1_500),
  attributes: attributes({ "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", ...fields }),
  ...more,
});

const traces = (spans: readonly unknown[], resource: Readonly<Record<string, string>> = {}, scope = "tracer") => ({
  resourceSpans: [
    { resource: { attributes: attributes(resource) }, scopeSpans: [{ scope: { name: scope }, spans }] },
  ],
});

const logs = (logRecords: readonly unknown[]) => ({
  resourceLogs: [{ resource: { attributes: [] }, scopeLogs: [{ scope: {}, logRecords }] }],
});

const claudeCode = (event: string, fields: Readonly<Record<string, Scalar>>) => ({
  timeUnixNano: nanos(5_000),
  body: { stringValue: `claude_code.${event}` },
  attributes: attributes({ "event.name": event, "session.id": "session-1", ...fields }),
});

function activitiesOf(record: unknown): readonly Activity[] {
  const reading = otelGenai.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}

const activityOf = (record: unknown): Activity => activitiesOf(record)[0] ?? expect.fail("no activity");
const called = (fields: Readonly<Record<string, Scalar | readonly string[]>>, more?: object) =>
  activityOf(traces([span(fields, more)]));

describe("otel.genai, spans", () => {
  it("takes the span's time to the millisecond, and turns a clock that ran backwards round", () => {
    const time = ({ startTime, endTime }: Activity) => [startTime - START_MS, endTime - START_MS];
    expect(time(called({}, { startTimeUnixNano: "1767607200123999999" }))).toEqual([123, 1_500]);
    expect(time(called({}, { startTimeUnixNano: 1_767_607_200_123_000_000 }))).toEqual([123, 1_500]);
    expect(time(called({}, { endTimeUnixNano: `${START_MS - 1}000000` }))).toEqual([0, 0]);
  });

  it("reads the deprecated names like the present ones", () => {
    const present = called({
      "gen_ai.provider.name": "gcp.vertex_ai",
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 2,
    });
    const deprecated = called({
      "gen_ai.system": "vertex_ai",
      "gen_ai.usage.prompt_tokens": 10,
      "gen_ai.usage.completion_tokens": 2,
    });
    expect(deprecated).toEqual(present);
    expect(present).toMatchObject({ provider: "gcp.vertex_ai", usage: { inputTokens: 10, outputTokens: 2 } });
  });

  it("counts tokens once: spans around model calls have none, and those in the process say nothing", () => {
    const operation = (name: string, kind: number | string) =>
      activitiesOf(
        traces([span({ "gen_ai.operation.name": name, "gen_ai.usage.input_tokens": 900 }, { kind })]),
      ).map(({ operationName, usage }) => [operationName, usage?.inputTokens]);
    expect(operation("chat", 3)).toEqual([["chat", 900]]);
    expect(operation("chat", 1)).toEqual([["chat", 900]]);
    expect(operation("invoke_agent", 3)).toEqual([["invoke_agent", undefined]]);
    expect(operation("invoke_agent", "SPAN_KIND_CLIENT")).toEqual([["invoke_agent", undefined]]);
    expect(operation("invoke_agent", 1)).toEqual([]);
    expect(operation("execute_tool", 3)).toEqual([]);
    expect(operation("invoke_workflow", 1)).toEqual([]);
    expect(operation("search_memory", 3)).toEqual([]);
    expect(operation("dance", 3)).toEqual([[undefined, 900]]);
  });

  it("takes spans without any attribute of the conventions for another matter", () => {
    const other = {
      ...span({}),
      attributes: attributes({ "http.request.method": "GET", "url.query": "q=CANARY" }),
    };
    expect(otelGenai.trim(traces([other]))).toEqual({ record: { resourceSpans: [] } });
    expect(activitiesOf(traces([other]))).toEqual([]);
  });

  it("adds cached tokens where the instrumentation left them out of the input, which shows in the sum", () => {
    const input = (total: number) =>
      called({
        "gen_ai.usage.input_tokens": total,
        "gen_ai.usage.cache_read.input_tokens": 60,
        "gen_ai.usage.cache_creation.input_tokens": 40,
      }).usage?.inputTokens;
    expect(input(100)).toBe(100);
    expect(input(99)).toBe(199);
  });

  it("trusts the host more than the library's name", () => {
    const door = (host: string, name = "openai") => {
      const { provider, region } = called({ "server.address": host, "gen_ai.provider.name": name });
      return [provider, region?.requested];
    };
    expect(door("api.openai.com")).toEqual(["openai", undefined]);
    expect(door("birch.openai.azure.com")).toEqual(["azure.ai.openai", undefined]);
    expect(door("bedrock-runtime.eu-west-1.amazonaws.com")).toEqual(["aws.bedrock", "eu-west-1"]);
    expect(door("europe-west4-aiplatform.googleapis.com")).toEqual(["gcp.vertex_ai", "europe-west4"]);
    expect(door("aiplatform.googleapis.com")).toEqual(["gcp.vertex_ai", undefined]);
    expect(door("birch.openai.azure.com.evil.example")).toEqual(["openai", undefined]);
    expect(door("localhost", "Unknown")).toEqual([undefined, undefined]);
    expect(door("localhost", "llamafile")).toEqual(["llamafile", undefined]);
  });

  it("names Azure's deployment and the model that answered", () => {
    const activity = called({
      "gen_ai.provider.name": "azure.ai.openai",
      "gen_ai.request.model": "helper-prod",
      "gen_ai.response.model": "gpt-4o-2024-08-06",
    });
    expect(activity).toMatchObject({ deployment: { name: "helper-prod" }, model: { id: "gpt-4o-2024-08-06" } });
    expect(called({ "gen_ai.provider.name": "azure.ai.openai" }).deployment).toBeUndefined();
  });

  it("is one call with another report of the same response, however it came, and without an id its own", () => {
    const uid = (id: string, spanId = "b".repeat(16)) => called({ "gen_ai.response.id": id }, { spanId }).uid;
    expect(uid("chatcmpl-0000001", "c".repeat(16))).toBe(uid("chatcmpl-0000001"));
    // One character less, and it may be a number that a local server gives again.
    expect(uid("chatcmpl-000001", "c".repeat(16))).not.toBe(uid("chatcmpl-000001"));
    expect(uid("chatcmpl-000001")).toBe(called({}).uid);
  });

  it("says why a call failed by the name of the error, never by its message", () => {
    const outcomeOf = (error: string) =>
      called({ "error.type": error }, { status: { code: 2, message: "CANARY" } }).outcome;
    const failed = (reason: string, code?: string) => ({ status: "failure", reason, ...(code ? { code } : {}) });
    expect(outcomeOf("429")).toEqual(failed("throttled", "429"));
    expect(outcomeOf("openai.RateLimitError")).toEqual(failed("throttled", "openai.RateLimitError"));
    expect(outcomeOf("403")).toEqual(failed("denied", "403"));
    expect(outcomeOf("AuthenticationError")).toEqual(failed("denied", "AuthenticationError"));
    expect(outcomeOf("ContentPolicyViolationError")).toEqual(failed("blocked", "ContentPolicyViolationError"));
    expect(outcomeOf("400")).toEqual(failed("invalid", "400"));
    expect(outcomeOf("500")).toEqual(failed("error", "500"));
    expect(outcomeOf("the prompt CANARY was too long")).toEqual(failed("error"));
    expect(called({}, { status: { code: "STATUS_CODE_ERROR" } }).outcome).toEqual(failed("error"));
    expect(called({}, { status: { code: 1 } }).outcome).toEqual({ status: "success" });
  });

  it("takes an answer that a filter ended for blocked", () => {
    const finished = (...reasons: string[]) => called({ "gen_ai.response.finish_reasons": reasons }).outcome;
    expect(finished("stop")).toEqual({ status: "success" });
    expect(finished("stop", "content_filter")).toEqual({
      status: "failure",
      reason: "blocked",
      code: "content_filter",
    });
    expect(called({ "gen_ai.response.finish_reasons": '["content_filter"]' }).outcome?.reason).toBe("blocked");
  });

  it("names the application as the actor, unless nobody named it", () => {
    const actorOf = (resource: Readonly<Record<string, string>>) => activityOf(traces([span({})], resource)).actor;
    expect(actorOf({ "service.name": "helper", "service.namespace": "birch" })).toEqual({
      uid: "birch/helper",
      type: "workload",
    });
    expect(actorOf({ "service.name": "unknown_service:node" })).toBeUndefined();
    expect(actorOf({})).toBeUndefined();
  });

  it("names LiteLLM as the gateway, and the holder of its virtual key as the actor", () => {
    const fields = {
      "gen_ai.operation.name": "acompletion",
      "gen_ai.system": "bedrock",
      "gen_ai.cost.total_cost": 0.0125,
      "metadata.user_api_key_hash": "hash-1",
      "metadata.user_api_key_user_id": "user-1",
      "metadata.user_api_key_team_alias": "birch",
    };
    const named = activityOf(traces([span(fields)], { "service.name": "gateway" }, "litellm"));
    expect(named).toMatchObject({
      operation: "acompletion",
      operationName: "chat",
      provider: "aws.bedrock",
      gateway: "litellm",
      actor: { uid: "user-1" },
      credential: { uid: "hash-1", type: "api-key", virtual: true },
      cost: { nanoUsd: 12_500_000, basis: "estimated", priceSource: "litellm" },
      labels: { "metadata.user_api_key_team_alias": "birch" },
    });
    expect(activityOf(traces([span(fields)], { "service.name": "litellm" })).gateway).toBe("litellm");
    // The identity of the same call in the gateway's spend log.
    const answered = traces([span({ ...fields, "gen_ai.response.id": "chatcmpl-1" })], {}, "litellm");
    expect(activityOf(answered).uid).toBe(uidOf("litellm", "chatcmpl-1"));
    expect(activityOf(traces([span(fields)], { "service.name": "helper" })).gateway).toBeUndefined();
  });

  it("takes a price that no request has for none", () => {
    const costOf = (usd: Scalar) => called({ "gen_ai.cost.total_cost": usd }).cost?.nanoUsd;
    expect(costOf(0)).toBe(0);
    expect(costOf(100_000)).toBe(1e14);
    expect(costOf(100_000.5)).toBeUndefined();
    expect(costOf(-0.1)).toBeUndefined();
    expect(costOf("")).toBeUndefined();
    expect(costOf("0.5")).toBe(500_000_000);
    expect(costOf(true)).toBeUndefined();
  });
});

describe("otel.genai, Claude Code", () => {
  const request = claudeCode("api_request", {
    model: "claude-sonnet-4-5-20250929",
    input_tokens: "7",
    output_tokens: 120,
    cache_read_tokens: 9_000,
    cache_creation_tokens: 500,
    cost_usd: 0.00653,
    duration_ms: 2_000,
    "user.account_uuid": "person-1",
    "user.email": "ines@birch.example",
    "organization.id": "org-1",
    prompt: "CANARY",
  });

  it("reads a request as a person's call, which ended when it was logged", () => {
    const activity = activityOf(logs([request]));
    expect(activity).toMatchObject({
      kind: "call",
      startTime: START_MS + 3_000,
      endTime: START_MS + 5_000,
      actor: { uid: "person-1", name: "ines@birch.example", type: "human", sessionUid: "session-1" },
      organization: { uid: "org-1" },
      provider: "anthropic",
      usage: { inputTokens: 9_507, outputTokens: 120, cacheReadTokens: 9_000, cacheWriteTokens: 500 },
      cost: { nanoUsd: 6_530_000, basis: "estimated", priceSource: "claude-code" },
    });
  });

  it("finds the cloud in how the model is written", () => {
    const providerOf = (model: string) => activityOf(logs([claudeCode("api_request", { model })])).provider;
    expect(providerOf("claude-opus-4-6")).toBe("anthropic");
    expect(providerOf("us.anthropic.claude-opus-4-6-v1")).toBe("aws.bedrock");
    expect(providerOf("anthropic.claude-3-haiku-20240307-v1:0")).toBe("aws.bedrock");
    expect(providerOf("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/x")).toBe(
      "aws.bedrock",
    );
    expect(providerOf("claude-sonnet-4-5@20250929")).toBe("gcp.vertex_ai");
  });

  it("reads an error as a failed call without its message", () => {
    const failure = activityOf(logs([claudeCode("api_error", { status_code: "429", error: "CANARY" })]));
    expect(failure.outcome).toEqual({ status: "failure", reason: "throttled", code: "429" });
    expect(JSON.stringify(failure)).not.toContain("CANARY");
    const unsaid = activityOf(logs([claudeCode("api_error", { error: "CANARY" })]));
    expect(unsaid.outcome).toEqual({ status: "failure", reason: "error" });
  });

  it("lets other events and what was said in them lie", () => {
    const prompt = claudeCode("user_prompt", { prompt: "CANARY" });
    expect(otelGenai.trim(logs([prompt, { ...prompt, body: { stringValue: "CANARY" } }]))).toEqual({
      record: { resourceLogs: [] },
    });
  });

  it("tells requests of one session apart by the vendor's id, else by their number", () => {
    const uid = (fields: Readonly<Record<string, Scalar>>) =>
      activityOf(logs([claudeCode("api_request", fields)])).uid;
    expect(uid({ request_id: "req_1", "event.sequence": 1 })).toBe(uid({ request_id: "req_1" }));
    expect(uid({ "event.sequence": 1 })).not.toBe(uid({ "event.sequence": 2 }));
    expect(uid({ "event.sequence": 1 })).toBe(uid({ "event.sequence": 1 }));
  });

  it("goes by the collector's clock where the application gives no time, and rejects an event without any", () => {
    const { timeUnixNano, ...untimed } = request;
    const observed = activityOf(logs([{ ...untimed, timeUnixNano: "0", observedTimeUnixNano: timeUnixNano }]));
    expect(observed.endTime).toBe(START_MS + 5_000);
    expect(otelGenai.read(logs([untimed]))).toHaveProperty("rejected");
  });
});

describe("otel.genai, documents", () => {
  it("takes a call's event and its span for one call", () => {
    const fields = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o" };
    const event = {
      timeUnixNano: nanos(1_500),
      eventName: "gen_ai.client.inference.operation.details",
      traceId: "a".repeat(32),
      spanId: "b".repeat(16),
      attributes: attributes({ ...fields, "gen_ai.input.messages": "CANARY" }),
    };
    expect(activityOf(logs([event])).uid).toBe(called({}).uid);
    const { traceId: _traceId, ...alone } = event;
    expect(activityOf(logs([alone])).uid).not.toBe(called({}).uid);
  });

  it("loses only the span that cannot be read, and names it where nothing else is left", () => {
    const bad = span({}, { startTimeUnixNano: "yesterday" });
    expect(activitiesOf(traces([bad, span({}), span({}, { traceId: "" })]))).toHaveLength(1);
    const other = { ...span({}), attributes: [] };
    expect(otelGenai.read(traces([other, bad]))).toEqual({
      rejected: expect.stringContaining("resourceSpans.0.scopeSpans.0.spans.1.startTimeUnixNano"),
    });
    const two = { resourceSpans: [...traces([bad]).resourceSpans, ...traces([span({})]).resourceSpans] };
    expect(activitiesOf(two)).toHaveLength(1);
  });

  it("says the same of spans in one document and of each in its own", () => {
    const some = fc.uniqueArray(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(some, (numbers) => {
        const spans = numbers.map((number) => span({}, { spanId: number.toString(16).padStart(16, "0") }));
        const together = activitiesOf(traces(spans));
        expect(spans.flatMap((each) => activitiesOf(traces([each])))).toEqual(together);
        expect(new Set(together.map(({ uid }) => uid)).size).toBe(numbers.length);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps only attributes it names, at every level", () => {
    const record = {
      resourceSpans: [
        {
          resource: { attributes: attributes({ "service.name": "helper", "host.name": "CANARY" }) },
          scopeSpans: [
            {
              scope: { name: "tracer", attributes: attributes({ note: "CANARY" }) },
              spans: [
                span(
                  {
                    "gen_ai.prompt": "CANARY",
                    "gen_ai.input.messages": "CANARY",
                    "gen_ai.tool.call.result": "CANARY",
                  },
                  { events: [{ name: "CANARY" }], links: [{ note: "CANARY" }], status: { message: "CANARY" } },
                ),
              ],
              schemaUrl: "CANARY",
            },
          ],
        },
      ],
    };
    expect(JSON.stringify(otelGenai.trim(record))).not.toContain("CANARY");
    expect(JSON.stringify(otelGenai.read(record))).not.toContain("CANARY");
    expect(activityOf(record).labels).toEqual({ "service.name": "helper" });
  });
});
