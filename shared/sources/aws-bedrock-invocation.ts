/**
 * Amazon Bedrock model invocation log: one record for each call through `bedrock-runtime`, with its tokens.
 *
 * Shape: AWS docs "model-invocation-logging" and "cost-mgmt-request-metadata" (read 2026-11); bodies as the APIs of
 * Converse and of each vendor give them.
 * Limits: off by default, per account and Region; nothing from mantle or Claude Platform; of the caller only the ARN.
 * Bodies are content: of an answer's body only figures and the words for why it ended are kept, of a prompt's nothing.
 */
import { z } from "zod";
import type { Outcome, Usage } from "../model/activity.ts";
import { actorOfArn, credentialOfArn, deploymentOf, operationNameOf, outcomeOf } from "../model/aws-bedrock.ts";
import { identifyModel } from "../model/identify-model.ts";
import { regionScopeOf } from "../model/region-scope.ts";
import { fromIsoTime, toEpochMs } from "../model/units.ts";
import { defineSource, labels, maybe, maybeText } from "./source.ts";

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// A body is whatever a vendor's model answers, and content may stand under any name: what has not the form of a
// figure or of a code is taken for content.
const form = <Value>(read: (value: unknown) => Value | undefined) => z.unknown().transform(read).optional();
const isFigure = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const figure = form((value) => (isFigure(value) ? value : undefined));
const word = form((value) => (typeof value === "string" && /^[A-Za-z_]{1,64}$/.test(value) ? value : undefined));
/** Of images only how many there are. */
const howMany = form((value) => (Array.isArray(value) ? value.length : isFigure(value) ? value : undefined));
const within = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess((value) => (isJson(value) ? value : undefined), z.object(shape).optional());
const eachOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess(
    (value) => (Array.isArray(value) ? value.filter(isJson) : undefined),
    z.array(z.object(shape)).optional(),
  );

const BodyUsage = within({
  // Converse
  inputTokens: figure,
  outputTokens: figure,
  cacheReadInputTokens: figure,
  cacheWriteInputTokens: figure,
  // Nova, beside the two above
  cacheReadInputTokenCount: figure,
  cacheWriteInputTokenCount: figure,
  // Anthropic
  input_tokens: figure,
  output_tokens: figure,
  cache_read_input_tokens: figure,
  cache_creation_input_tokens: figure,
  // OpenAI, Mistral, DeepSeek, AI21
  prompt_tokens: figure,
  completion_tokens: figure,
  completion_tokens_details: within({ reasoning_tokens: figure }),
});

const GuardrailTrace = within({
  actionReason: form((value) =>
    typeof value === "string" ? /^Guardrail (?:blocked|masked)/.exec(value)?.[0] : undefined,
  ),
});

/** Takes any object: a field of another form is left out. */
const Body = z.object({
  usage: BodyUsage,
  stopReason: word,
  stop_reason: word,
  finish_reason: word,
  completionReason: word,
  /** Anthropic's stream: `message_start` and `message_delta`. */
  message: within({ usage: BodyUsage, stop_reason: word }),
  delta: within({ stop_reason: word }),
  choices: eachOf({ finish_reason: word }),
  outputs: eachOf({ stop_reason: word }),
  results: eachOf({ completionReason: word, tokenCount: figure }),
  /** Llama */
  prompt_token_count: figure,
  generation_token_count: figure,
  /** Titan */
  inputTextTokenCount: figure,
  totalOutputTextTokenCount: figure,
  images: howMany,
  artifacts: howMany,
  metrics: within({ latencyMs: figure }),
  trace: within({
    guardrail: GuardrailTrace,
    promptRouter: within({
      invokedModelId: form((value) =>
        typeof value === "string" && /^[\w.:/-]{1,512}$/.test(value) ? value : undefined,
      ),
    }),
  }),
  "amazon-bedrock-trace": within({ guardrail: GuardrailTrace }),
  "amazon-bedrock-guardrailAction": word,
  /** The end of every stream; its latency is in milliseconds. */
  "amazon-bedrock-invocationMetrics": within({
    inputTokenCount: figure,
    outputTokenCount: figure,
    cacheReadInputTokenCount: figure,
    cacheWriteInputTokenCount: figure,
    invocationLatency: figure,
  }),
});
type Body = z.output<typeof Body>;

/** A stream is logged as the list of its chunks: what a later chunk says replaces what an earlier one said. */
const outputBody = form((value) => {
  if (isJson(value)) return Body.parse(value);
  if (!Array.isArray(value)) return undefined;
  const whole: Record<string, unknown> = {};
  for (const chunk of value) if (isJson(chunk)) overwrite(whole, Body.parse(chunk));
  return Body.parse(whole);
});

function overwrite(target: Record<string, unknown>, later: Json): void {
  for (const [key, value] of Object.entries(later)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const earlier = target[key];
    if (isJson(earlier) && isJson(value)) {
      const both = { ...earlier };
      overwrite(both, value);
      target[key] = both;
    } else target[key] = value;
  }
}

const Name = z.string().trim().min(1).max(1_024);
const Tokens = maybe(z.int().nonnegative());

const Invocation = z.object({
  schemaType: z.literal("ModelInvocationLog"),
  timestamp: z.string(),
  accountId: Name,
  region: maybeText,
  requestId: Name,
  operation: Name,
  /** A foundation model, a profile or an ARN, as the caller gave it. */
  modelId: Name,
  inferenceRegion: maybeText,
  identity: maybe(z.object({ arn: maybeText })),
  requestMetadata: maybe(labels),
  errorCode: maybeText,
  input: maybe(
    z.object({
      /** Without what was read from or written to the cache. */
      inputTokenCount: Tokens,
      cacheReadInputTokenCount: Tokens,
      cacheWriteInputTokenCount: Tokens,
    }),
  ),
  /** Absent where the call failed. */
  output: maybe(
    z.object({
      outputTokenCount: Tokens,
      outputVideoDurationSeconds: maybe(z.number().nonnegative()),
      /** Absent too where the body was moved to S3. */
      outputBodyJson: outputBody,
    }),
  ),
});
type Invocation = z.output<typeof Invocation>;

export const awsBedrockInvocation = defineSource({
  id: "aws.bedrock-invocation",
  title: "Amazon Bedrock model invocation log",
  view: "provider",
  recognises: (record) => record["schemaType"] === "ModelInvocationLog",
  record: Invocation,

  normalize(invocation) {
    const { accountId, requestId, operation, modelId, region, inferenceRegion, identity, requestMetadata } =
      invocation;
    const startTime = fromIsoTime(invocation.timestamp);
    if (startTime === undefined) return { rejected: "timestamp: expected a time between 1970 and 9999" };
    const body = invocation.output?.outputBodyJson;
    // A prompt router chooses the model; only its trace says which.
    const invokedModelId = body?.trace?.promptRouter?.invokedModelId ?? modelId;
    const latencyMs =
      body?.metrics?.latencyMs ?? body?.["amazon-bedrock-invocationMetrics"]?.invocationLatency ?? 0;
    return [
      {
        kind: "call",
        identity: ["aws", accountId, requestId],
        startTime,
        endTime: toEpochMs(startTime + latencyMs) ?? startTime,
        count: 1,
        operation,
        operationName: operationNameOf(operation, modelId),
        outcome: outcomeOfInvocation(invocation),
        actor: identity?.arn === undefined ? undefined : actorOfArn(identity.arn),
        credential: identity?.arn === undefined ? undefined : credentialOfArn(identity.arn),
        account: { uid: accountId },
        provider: "aws.bedrock",
        model: identifyModel(invokedModelId),
        deployment: deploymentOf(modelId),
        region: { requested: region, processed: inferenceRegion, ...regionScopeOf(invokedModelId) },
        usage: usageOf(invocation),
        labels: requestMetadata,
      },
    ];
  },
});

/** A guardrail that only masked let the call through. */
function outcomeOfInvocation({ errorCode, output }: Invocation): Outcome | undefined {
  if (errorCode !== undefined) return outcomeOf(errorCode);
  if (output === undefined) return undefined;
  const body = output.outputBodyJson;
  const reason = body?.trace?.guardrail?.actionReason ?? body?.["amazon-bedrock-trace"]?.guardrail?.actionReason;
  const code = body && reason !== "Guardrail masked" ? blockIn(body) : undefined;
  return code === undefined ? { status: "success" } : { status: "failure", reason: "blocked", code };
}

/** The vendor's word for an answer that a guardrail or a content filter held back. */
function blockIn(body: Body): string | undefined {
  if (body["amazon-bedrock-guardrailAction"] === "INTERVENED") return "INTERVENED";
  return [
    body.stopReason,
    body.stop_reason,
    body.finish_reason,
    body.completionReason,
    body.delta?.stop_reason,
    body.message?.stop_reason,
    ...(body.choices ?? []).map((choice) => choice.finish_reason),
    ...(body.outputs ?? []).map((output) => output.stop_reason),
    ...(body.results ?? []).map((result) => result.completionReason),
  ].find(
    (why) => why !== undefined && /^(guardrail_intervened|content_filter(ed)?|refusal|error_toxic)$/i.test(why),
  );
}

/** The record's own counters come first; the body's may disagree with them, and stand in where they are missing. */
function usageOf({ input, output }: Invocation): Usage {
  const body = output?.outputBodyJson;
  const metrics = body?.["amazon-bedrock-invocationMetrics"];
  const said = body?.usage;
  const started = body?.message?.usage;
  const cacheReadTokens =
    input?.cacheReadInputTokenCount ??
    metrics?.cacheReadInputTokenCount ??
    said?.cacheReadInputTokens ??
    said?.cacheReadInputTokenCount ??
    said?.cache_read_input_tokens ??
    started?.cache_read_input_tokens;
  const cacheWriteTokens =
    input?.cacheWriteInputTokenCount ??
    metrics?.cacheWriteInputTokenCount ??
    said?.cacheWriteInputTokens ??
    said?.cacheWriteInputTokenCount ??
    said?.cache_creation_input_tokens ??
    started?.cache_creation_input_tokens;
  const uncached =
    input?.inputTokenCount ??
    metrics?.inputTokenCount ??
    said?.inputTokens ??
    said?.input_tokens ??
    started?.input_tokens ??
    said?.prompt_tokens ??
    body?.prompt_token_count ??
    body?.inputTextTokenCount;
  return {
    inputTokens: uncached === undefined ? undefined : uncached + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens:
      output?.outputTokenCount ??
      metrics?.outputTokenCount ??
      said?.outputTokens ??
      said?.output_tokens ??
      said?.completion_tokens ??
      body?.generation_token_count ??
      body?.totalOutputTextTokenCount ??
      body?.results?.[0]?.tokenCount,
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens: said?.completion_tokens_details?.reasoning_tokens,
    images: body?.images ?? body?.artifacts,
    seconds: output?.outputVideoDurationSeconds,
  };
}
