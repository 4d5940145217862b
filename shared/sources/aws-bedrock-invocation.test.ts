import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Activity } from "../model/activity.ts";
import { awsBedrockInvocation } from "./aws-bedrock-invocation.ts";

const invocation = (fields: object) => ({
  schemaType: "ModelInvocationLog",
  schemaVersion: "1.0",
  timestamp: "2026-08-03T08:00:00Z",
  accountId: "111122223333",
  region: "eu-central-1",
  requestId: "request-1",
  operation: "InvokeModel",
  modelId: "anthropic.claude-3-haiku-20240307-v1:0",
  identity: { arn: "arn:aws:sts::111122223333:assumed-role/checkout/1" },
  input: { inputContentType: "application/json", inputTokenCount: 10 },
  output: { outputContentType: "application/json", outputTokenCount: 20 },
  ...fields,
});

function read(fields: object): Activity {
  const reading = awsBedrockInvocation.read(invocation(fields));
  if ("rejected" in reading) return expect.fail(reading.rejected);
  return reading.activities[0] ?? expect.fail("nothing was read");
}
const answered = (outputBodyJson: unknown, more: object = {}) => read({ output: { outputBodyJson, ...more } });

describe("the tokens of an invocation", () => {
  it("include those from and to the cache, which Bedrock counts apart", () => {
    const input = { inputTokenCount: 12, cacheReadInputTokenCount: 20_000, cacheWriteInputTokenCount: 1_100 };
    expect(read({ input }).usage).toEqual({
      inputTokens: 21_112,
      outputTokens: 20,
      cacheReadTokens: 20_000,
      cacheWriteTokens: 1_100,
    });
  });

  it("take the cache from the body where the record leaves it out", () => {
    const usage = { input_tokens: 10, cache_read_input_tokens: 2_048, output_tokens: 20 };
    expect(answered({ usage }).usage).toMatchObject({ inputTokens: 2_058, cacheReadTokens: 2_048 });
  });

  it("are the record's own where the body disagrees", () => {
    expect(answered({ usage: { input_tokens: 99, output_tokens: 99 } }, { outputTokenCount: 20 }).usage).toEqual({
      inputTokens: 10,
      outputTokens: 20,
    });
  });

  it("are absent where nobody counted, and 0 where 0 was counted", () => {
    expect(read({ input: {}, output: {} }).usage).toBeUndefined();
    expect(read({ input: { inputTokenCount: 0 }, output: { outputTokenCount: 0 } }).usage).toEqual({
      inputTokens: 0,
      outputTokens: 0,
    });
  });

  it("are those of a stream's end, not of its beginning", () => {
    const stream = [
      {
        type: "message_start",
        message: { usage: { input_tokens: 9, cache_read_input_tokens: 5, output_tokens: 1 } },
      },
      { type: "content_block_delta", delta: { text: "the answer" } },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 210 } },
      "[DONE]",
    ];
    const { usage } = read({ input: {}, output: { outputBodyJson: stream } });
    expect(usage).toEqual({ inputTokens: 14, outputTokens: 210, cacheReadTokens: 5 });
  });

  it("are kept of a stream however its chunks are cut, and a chunk that says nothing takes nothing back", () => {
    const facts = [
      { usage: { prompt_tokens: 70, completion_tokens: 41 } },
      { choices: [{ finish_reason: "length" }] },
    ];
    const idle = fc.constantFrom(
      {},
      { choices: [] },
      { choices: [{ delta: {} }] },
      { usage: null },
      "[DONE]",
      null,
      7,
    );
    fc.assert(
      fc.property(fc.array(idle), fc.array(idle), fc.array(idle), (before, between, after) => {
        const stream = [...before, facts[0], ...between, facts[1], ...after];
        expect(read({ input: {}, output: { outputBodyJson: stream } }).usage).toEqual({
          inputTokens: 70,
          outputTokens: 41,
        });
      }),
    );
  });
});

describe("the end of an invocation", () => {
  it("is when the answer was complete, where the log tells how long it took", () => {
    const { startTime } = read({});
    expect(read({}).endTime).toBe(startTime);
    expect(answered({ metrics: { latencyMs: 1_134 } }).endTime).toBe(startTime + 1_134);
    const stream = [{ "amazon-bedrock-invocationMetrics": { invocationLatency: 4_211 } }];
    expect(answered(stream).endTime).toBe(startTime + 4_211);
  });

  it.each([
    [{ stopReason: "guardrail_intervened" }, "guardrail_intervened"],
    [{ stopReason: "content_filtered" }, "content_filtered"],
    [{ "amazon-bedrock-guardrailAction": "INTERVENED" }, "INTERVENED"],
    [[{ delta: { stop_reason: "refusal" } }], "refusal"],
    [{ choices: [{ finish_reason: "content_filter" }] }, "content_filter"],
    [{ results: [{ completionReason: "CONTENT_FILTERED" }] }, "CONTENT_FILTERED"],
  ])("is a block: %j", (body, code) => {
    expect(answered(body).outcome).toEqual({ status: "failure", reason: "blocked", code });
  });

  it.each([
    [{ stopReason: "end_turn" }],
    [{ stop_reason: "max_tokens" }],
    [{ "amazon-bedrock-guardrailAction": "NONE" }],
    [{ stopReason: "guardrail_intervened", trace: { guardrail: { actionReason: "Guardrail masked." } } }],
    [undefined],
  ])("is an answer: %j", (body) => {
    expect(answered(body).outcome).toEqual({ status: "success" });
  });

  it("is an error by its code, and unknown where there is neither a code nor an answer", () => {
    expect(read({ output: undefined, errorCode: "ThrottlingException" }).outcome).toMatchObject({
      reason: "throttled",
    });
    expect(read({ output: undefined }).outcome).toBeUndefined();
  });
});

describe("what is kept of an invocation", () => {
  const kept = (outputBodyJson: unknown) => {
    const cut = awsBedrockInvocation.trim(invocation({ output: { outputBodyJson } }));
    return JSON.stringify("record" in cut ? cut.record : expect.fail(cut.rejected));
  };

  it("is no text under any name that a vendor's body may use", () => {
    const text = fc.constant("my secret margin");
    const names = [
      ...[
        "usage",
        "stopReason",
        "stop_reason",
        "finish_reason",
        "completionReason",
        "message",
        "delta",
        "choices",
      ],
      ...["outputs", "results", "images", "artifacts", "metrics", "trace", "prompt_token_count", "anything"],
    ];
    const content = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(text, fc.array(text), fc.dictionary(fc.constantFrom(...names), text)),
    );
    fc.assert(
      fc.property(fc.oneof(content, fc.array(fc.oneof(content, text)), text), (body) => {
        expect(kept(body)).not.toContain("secret");
      }),
    );
  });

  it("is the number of images, not the images", () => {
    expect(kept({ images: ["iVBORw0KGgo", "iVBORw0KGgo"] })).toContain('"images":2');
    expect(answered({ images: ["iVBORw0KGgo", "iVBORw0KGgo"] }).usage?.images).toBe(2);
    expect(answered({ artifacts: [{ base64: "iVBORw0KGgo" }] }).usage?.images).toBe(1);
  });

  it("is small, however long the stream was", () => {
    const stream = Array.from({ length: 5_000 }, () => ({
      type: "content_block_delta",
      delta: { text: "word " },
    }));
    expect(kept(stream).length).toBeLessThan(600);
  });

  it("is the model that a prompt router chose, and where that may run", () => {
    const router = "arn:aws:bedrock:us-east-1:111122223333:default-prompt-router/anthropic.claude:1";
    const invokedModelId =
      "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-3-5-haiku-20241022-v1:0";
    const call = read({
      modelId: router,
      output: { outputBodyJson: { trace: { promptRouter: { invokedModelId } } } },
    });
    expect(call).toMatchObject({
      model: { id: invokedModelId },
      deployment: { uid: router, type: "default-prompt-router" },
      region: { scope: "geography", geography: "us" },
    });
  });

  it("says by name what it cannot read", () => {
    expect(awsBedrockInvocation.read(invocation({ timestamp: "soon" }))).toEqual({
      rejected: "timestamp: expected a time between 1970 and 9999",
    });
    expect(awsBedrockInvocation.read(invocation({ requestId: undefined }))).toEqual({
      rejected: "requestId: expected string",
    });
    expect(awsBedrockInvocation.read(invocation({ input: { inputTokenCount: -1 } }))).toEqual({
      rejected: "input.inputTokenCount: too small",
    });
  });
});
