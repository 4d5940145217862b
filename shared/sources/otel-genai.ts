/**
 * OpenTelemetry: calls of models as instrumented applications and gateways report them, and Claude Code's requests.
 * A record is an OTLP/JSON document of traces or logs, with one span or many.
 *
 * Shape: opentelemetry-proto JSON; open-telemetry/semantic-conventions-genai (2026-10) and the deprecated names;
 * LiteLLM's and Claude Code's own attributes (BerriAI/litellm `opentelemetry.py`; code.claude.com, "Monitoring").
 * Limits: where traces are sampled, calls are more than reported. Who is billed is not said. Two instrumentations of
 * one call count it twice unless both report the response's id.
 *
 * An instrumented application reports, like a gateway, what it did: the view is `gateway` throughout. Spans around
 * model calls (agents, workflows, tools) sum up tokens that the calls report themselves, and carry none here.
 */
import { z } from "zod";
import type { Activity, Outcome } from "../model/activity.ts";
import { identifyModel } from "../model/identify-model.ts";
import { regionScopeOf } from "../model/region-scope.ts";
import { type EpochMs, fromUsd, toEpochMs } from "../model/units.ts";
import { type Draft, defineSource, labels, maybe, maybeText } from "./source.ts";

/** Attributes that are read. Messages, prompts, instructions, tool calls and exceptions are not among them. */
const spanAttributes = new Set([
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.system", // deprecated
  "gen_ai.request.model",
  "gen_ai.response.model",
  "gen_ai.response.id",
  "gen_ai.response.finish_reasons",
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.output_tokens",
  "gen_ai.usage.prompt_tokens", // deprecated
  "gen_ai.usage.completion_tokens", // deprecated
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.cache_creation.input_tokens",
  "gen_ai.usage.reasoning.output_tokens",
  "gen_ai.agent.id",
  "gen_ai.agent.name",
  "server.address",
  "user_agent.original",
  "error.type",
  "http.response.status_code",
  "enduser.id",
  "user.id",
  "openai.response.service_tier",
  // LiteLLM
  "llm.request.type",
  "llm.user",
  "gen_ai.cost.total_cost",
  "metadata.user_api_key_hash",
  "metadata.user_api_key_alias",
  "metadata.user_api_key_user_id",
  "metadata.user_api_key_user_email",
  "metadata.user_api_key_team_id",
  "metadata.user_api_key_team_alias",
  "metadata.user_api_key_end_user_id",
]);

const logAttributes = new Set([
  ...spanAttributes,
  "event.name",
  // Claude Code
  "event.sequence",
  "request_id",
  "model",
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "cache_creation_tokens",
  "cost_usd",
  "duration_ms",
  "status_code",
  "session.id",
  "organization.id",
  "user.account_uuid",
  "user.email",
  "terminal.type",
  "query_source",
  "agent.name",
  "skill.name",
]);

const resourceAttributes = new Set([
  "service.name",
  "service.namespace",
  "deployment.environment.name",
  "deployment.environment", // deprecated
  "k8s.namespace.name",
  "k8s.deployment.name",
  "cloud.account.id",
  // Set by administrators of Claude Code, as its documentation shows.
  "department",
  "team.id",
  "cost_center",
]);

/** An attribute's name is its label, where it says who or what for. */
const labelNames = [
  ...["service.name", "service.namespace", "deployment.environment.name", "deployment.environment"],
  ...["k8s.namespace.name", "k8s.deployment.name", "cloud.account.id", "department", "team.id", "cost_center"],
  ...["gen_ai.agent.id", "gen_ai.agent.name", "enduser.id", "user.id", "openai.response.service_tier", "llm.user"],
  ...["metadata.user_api_key_alias", "metadata.user_api_key_team_id", "metadata.user_api_key_team_alias"],
  ...["metadata.user_api_key_end_user_id", "terminal.type", "query_source", "agent.name", "skill.name"],
];

const Value = z.object({
  stringValue: z
    .string()
    .transform((text) => text.slice(0, 1_024))
    .optional(),
  /** 64 bits do not fit a JSON number: a string of digits, except where exporters forget. */
  intValue: z.union([z.string().regex(/^-?\d{1,19}$/), z.int()]).optional(),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
  arrayValue: z.object({ values: z.array(z.object({ stringValue: z.string().max(64) })).max(16) }).optional(),
});
const Attribute = z.object({ key: z.string(), value: Value });

/** The named ones that can be read. */
const attributesIn = (names: ReadonlySet<string>) =>
  z.array(z.unknown()).transform((attributes) =>
    attributes.flatMap((attribute) => {
      if (!names.has(keyOf(attribute))) return [];
      const read = Attribute.safeParse(attribute);
      return read.success ? [read.data] : [];
    }),
  );

const keyOf = (attribute: unknown): string =>
  typeof attribute === "object" && attribute !== null && "key" in attribute && typeof attribute.key === "string"
    ? attribute.key
    : "";

/** Nanoseconds since 1970, as digits. */
const nanos = z.union([z.string().regex(/^\d{1,20}$/), z.number().nonnegative()]);
type Nanos = z.output<typeof nanos> | undefined;
const NO_TIME = "expected a time in nanoseconds since 1970";
const time = nanos.refine((value) => fromNanos(value) !== undefined, NO_TIME);

const Span = z.object({
  traceId: z.string().min(1).max(64),
  spanId: z.string().min(1).max(64),
  kind: maybe(z.union([z.string().max(32), z.int()])),
  startTimeUnixNano: time,
  endTimeUnixNano: time,
  attributes: attributesIn(spanAttributes),
  status: maybe(z.object({ code: maybe(z.union([z.string().max(32), z.int()])) })),
});
type Span = z.output<typeof Span>;

/** Log events that stand for one call. */
const eventNames = [
  "claude_code.api_request",
  "claude_code.api_error",
  "gen_ai.client.inference.operation.details",
] as const;
const EventName = z.enum(eventNames);

const LogRecord = z
  .object({
    timeUnixNano: maybe(nanos),
    observedTimeUnixNano: maybe(nanos),
    traceId: maybeText,
    spanId: maybeText,
    eventName: maybe(EventName).catch(undefined),
    /** Claude Code writes the event's name here; others write what was said. Only a known name passes. */
    body: maybe(z.object({ stringValue: EventName })).catch(undefined),
    attributes: attributesIn(logAttributes),
  })
  .refine((log) => timeOf(log) !== undefined, NO_TIME);
type LogRecord = z.output<typeof LogRecord>;

/**
 * The relevant entries of a list. One that cannot be read takes none of its neighbours with it: the list is refused
 * only where nothing else is left of it.
 */
function readable<Entry extends z.ZodType>(entry: Entry, isRelevant: (value: unknown) => boolean) {
  return z.array(z.unknown()).transform((values, context) => {
    const kept: z.output<Entry>[] = [];
    let refused: z.core.$ZodIssue | undefined;
    for (const [at, value] of values.entries()) {
      if (!isRelevant(value)) continue;
      const read = entry.safeParse(value);
      if (!read.success)
        refused ??= read.error.issues.map((issue) => ({ ...issue, path: [at, ...issue.path] }))[0];
      // Once more, for it may have been relevant by an attribute that could not be read.
      else if (isRelevant(read.data)) kept.push(read.data);
    }
    if (kept.length === 0 && refused) context.issues.push({ ...refused, input: undefined });
    return kept;
  });
}

const Resource = maybe(z.object({ attributes: attributesIn(resourceAttributes).optional() }));
const Scope = maybe(z.object({ name: maybeText }));

const ResourceSpans = z.object({
  resource: Resource,
  scopeSpans: readable(
    z.object({ scope: Scope, spans: readable(Span, isAboutModels) }),
    (scopeSpans) => !isEmpty(fieldOf(scopeSpans, "spans")),
  ),
});
const ResourceLogs = z.object({
  resource: Resource,
  scopeLogs: readable(
    z.object({ scope: Scope, logRecords: readable(LogRecord, isCallEvent) }),
    (scopeLogs) => !isEmpty(fieldOf(scopeLogs, "logRecords")),
  ),
});

const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;

export const otelGenai = defineSource({
  id: "otel.genai",
  title: "OpenTelemetry GenAI",
  view: "gateway",

  recognises: ({ resourceSpans, resourceLogs }) => Array.isArray(resourceSpans) || Array.isArray(resourceLogs),

  record: z.object({
    resourceSpans: readable(ResourceSpans, (spans) => !isEmpty(fieldOf(spans, "scopeSpans"))).optional(),
    resourceLogs: readable(ResourceLogs, (logs) => !isEmpty(fieldOf(logs, "scopeLogs"))).optional(),
  }),

  normalize: ({ resourceSpans = [], resourceLogs = [] }) => {
    const drafts: Draft[] = [];
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const { scope, spans } of scopeSpans) {
        for (const span of spans) drafts.push(...ofSpan(span, saidBy(resource, span), scope?.name));
      }
    }
    for (const { resource, scopeLogs } of resourceLogs) {
      for (const { scope, logRecords } of scopeLogs) {
        for (const log of logRecords) drafts.push(...ofLog(log, saidBy(resource, log), scope?.name));
      }
    }
    return drafts;
  },
});

/** Attributes of the resource and of what happened on it, as scalars. */
type Said = ReadonlyMap<string, string | number | boolean>;

function saidBy(resource: z.output<typeof Resource>, of: Span | LogRecord): Said {
  const said = new Map<string, string | number | boolean>();
  for (const { key, value } of [...(resource?.attributes ?? []), ...of.attributes]) {
    const list = value.arrayValue?.values.map(({ stringValue }) => stringValue).join(" ");
    const scalar = value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? list;
    if (scalar !== undefined) said.set(key, scalar);
  }
  return said;
}

function textOf(said: Said, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = String(said.get(name) ?? "").trim();
    if (text !== "") return text;
  }
  return undefined;
}

/** Counts come as numbers, as digits, and as text that is none. */
function countOf(said: Said, ...names: readonly string[]): number | undefined {
  const text = textOf(said, ...names);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function isAboutModels(span: unknown): boolean {
  return attributesOf(span).some((attribute) => keyOf(attribute).startsWith("gen_ai."));
}

function isCallEvent(log: unknown): boolean {
  return eventNameOf(log) !== undefined;
}

function attributesOf(part: unknown): readonly unknown[] {
  const attributes = fieldOf(part, "attributes");
  return Array.isArray(attributes) ? attributes : [];
}

function eventNameOf(log: unknown): (typeof eventNames)[number] | undefined {
  const attribute = attributesOf(log).find((each) => keyOf(each) === "event.name");
  const names = [
    fieldOf(log, "eventName"),
    fieldOf(fieldOf(log, "body"), "stringValue"),
    fieldOf(fieldOf(attribute, "value"), "stringValue"),
  ];
  return eventNames.find((name) => names.includes(name));
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Digits are cut, not divided: nanoseconds exceed what a number holds exactly. */
function fromNanos(value: Nanos): EpochMs | undefined {
  const milliseconds =
    typeof value === "string" ? Number(value.slice(0, -6)) : value === undefined ? 0 : Math.round(value / 1e6);
  return milliseconds > 0 ? toEpochMs(milliseconds) : undefined;
}

/** An application that does not say when it happened leaves that to whoever collects. */
const timeOf = (log: { timeUnixNano?: Nanos; observedTimeUnixNano?: Nanos }): EpochMs | undefined =>
  fromNanos(log.timeUnixNano) ?? fromNanos(log.observedTimeUnixNano);

function ofSpan(span: Span, said: Said, scope: string | undefined): readonly Draft[] {
  const start = fromNanos(span.startTimeUnixNano);
  const end = fromNanos(span.endTimeUnixNano);
  if (start === undefined || end === undefined) return [];
  const failed = span.status?.code === 2 || span.status?.code === "STATUS_CODE_ERROR";
  const remote = span.kind === 3 || span.kind === "SPAN_KIND_CLIENT";
  return ofOperation(said, { start, end, failed, remote, scope, ids: [span.traceId, span.spanId] });
}

function ofLog(log: LogRecord, said: Said, scope: string | undefined): readonly Draft[] {
  const end = timeOf(log);
  if (end === undefined) return [];
  const name = eventNameOf(log);
  if (name === "claude_code.api_request" || name === "claude_code.api_error")
    return [ofClaudeCode(said, name, end)];
  // The same call as its span, whose ids it carries: the two merge.
  const ids = log.traceId && log.spanId ? [log.traceId, log.spanId] : [textOf(said, "service.name"), String(end)];
  return ofOperation(said, { start: end, end, failed: false, remote: true, scope, ids });
}

/** Names of conventions, and LiteLLM's `call_type`. */
const operationNames: Readonly<Record<string, Activity["operationName"]>> = {
  chat: "chat",
  completion: "chat",
  responses: "chat",
  anthropic_messages: "chat",
  generate_content: "generate_content",
  text_completion: "text_completion",
  embeddings: "embeddings",
  embedding: "embeddings",
  image_generation: "image_generation",
  speech: "speech",
  transcription: "transcription",
  moderation: "moderation",
  rerank: "rerank",
  retrieval: "retrieval",
  invoke_agent: "invoke_agent",
};

/** Inside the application, around calls that have spans of their own. */
const INNER = /^(execute_tool|create_agent|invoke_workflow|plan|\w+_memory|\w+_memory_store)$/;

interface Happening {
  readonly start: EpochMs;
  readonly end: EpochMs;
  readonly failed: boolean;
  /** Whether it left the process. */
  readonly remote: boolean;
  /** The instrumentation that speaks. */
  readonly scope: string | undefined;
  /** Its identity where the model's vendor gave the response none. */
  readonly ids: readonly (string | undefined)[];
}

function ofOperation(said: Said, happening: Happening): readonly Draft[] {
  const operation = textOf(said, "gen_ai.operation.name", "llm.request.type");
  const plain = operation?.toLowerCase() ?? "";
  const known = [plain, plain.replace(/^a/, "")].find((name) => Object.hasOwn(operationNames, name));
  const operationName = known === undefined ? undefined : operationNames[known];
  const model = textOf(said, "gen_ai.response.model", "gen_ai.request.model");
  // An agent or a store elsewhere is a request of its own; one in the process only holds others together.
  const holdsOthers = operationName === "invoke_agent" || operationName === "retrieval";
  if (INNER.test(plain) || (holdsOthers ? !happening.remote : operationName === undefined && model === undefined))
    return [];

  const requested = textOf(said, "gen_ai.request.model");
  const host = textOf(said, "server.address");
  const door = doorOf(host, textOf(said, "gen_ai.provider.name", "gen_ai.system"));
  const isLitellm = happening.scope === "litellm" || /^litellm\b/i.test(textOf(said, "service.name") ?? "");
  const responseId = holdsOthers ? undefined : textOf(said, "gen_ai.response.id");
  return [
    {
      identity: identityOf(responseId, isLitellm, happening),
      kind: "call",
      startTime: happening.start,
      endTime: toEpochMs(Math.max(happening.start, happening.end)) ?? happening.end,
      count: 1,
      operation: operation ?? "gen_ai",
      operationName,
      outcome: outcomeOf(said, happening.failed),
      actor: isLitellm
        ? {
            uid: textOf(said, "metadata.user_api_key_user_id"),
            name: textOf(said, "metadata.user_api_key_user_email"),
          }
        : { uid: serviceOf(said), type: serviceOf(said) ? "workload" : undefined },
      credential: isLitellm ? virtualKeyOf(said) : undefined,
      provider: door.provider,
      gateway: isLitellm ? "litellm" : undefined,
      model: model ? identifyModel(model) : undefined,
      // Azure is asked for a deployment, which customers name as they like.
      deployment: door.provider === "azure.ai.openai" && requested !== model ? { name: requested } : undefined,
      region: { requested: door.region, ...scopeOf(door.provider, requested ?? model) },
      usage: holdsOthers ? undefined : usageOf(said),
      cost: holdsOthers ? undefined : costOf(said.get("gen_ai.cost.total_cost"), "litellm"),
      network: { host, userAgent: textOf(said, "user_agent.original") },
      labels: labelsOf(said),
    },
  ];
}

/**
 * LiteLLM's id is also that of its spend log. Otherwise the vendor's id, which every report of the response has;
 * some local servers number their responses with three digits, and those are no identity.
 */
function identityOf(responseId: string | undefined, isLitellm: boolean, { ids }: Happening): Draft["identity"] {
  if (responseId !== undefined && isLitellm) return ["litellm", responseId];
  return responseId !== undefined && responseId.length >= 16
    ? ["genai", "response", responseId]
    : ["otel", ...ids];
}

/** Claude Code logs a request when it is over. Its input leaves cached tokens out. */
function ofClaudeCode(said: Said, name: string, end: EpochMs): Draft {
  const failed = name === "claude_code.api_error";
  const duration = countOf(said, "duration_ms") ?? 0;
  const requestId = textOf(said, "request_id");
  const session = textOf(said, "session.id");
  const model = textOf(said, "model");
  const provider = providerOfClaude(model ?? "");
  const organization = textOf(said, "organization.id");
  const status = textOf(said, "status_code");
  const cacheReadTokens = countOf(said, "cache_read_tokens");
  const cacheWriteTokens = countOf(said, "cache_creation_tokens");
  const uncached = countOf(said, "input_tokens");
  return {
    identity: requestId
      ? ["anthropic", "request", requestId]
      : ["otel", name, session, textOf(said, "event.sequence"), end, model],
    kind: "call",
    startTime: toEpochMs(end - duration) ?? end,
    endTime: end,
    count: 1,
    operation: name,
    operationName: "chat",
    outcome: failed
      ? { status: "failure", reason: reasonOf(status), code: status && CODE.test(status) ? status : undefined }
      : { status: "success" },
    actor: {
      uid: textOf(said, "user.account_uuid", "user.id"),
      name: textOf(said, "user.email"),
      type: "human",
      sessionUid: session,
    },
    account: organization ? { uid: organization } : undefined,
    organization: organization ? { uid: organization } : undefined,
    provider,
    region: scopeOf(provider, model),
    model: model ? identifyModel(model) : undefined,
    usage: {
      inputTokens:
        uncached === undefined ? undefined : uncached + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
      outputTokens: countOf(said, "output_tokens"),
      cacheReadTokens,
      cacheWriteTokens,
    },
    cost: costOf(said.get("cost_usd"), "claude-code"),
    labels: labelsOf(said),
  };
}

/** Claude Code says which cloud it goes through only by how it writes the model. */
const providerOfClaude = (model: string): string =>
  /^(arn:aws|([a-z-]+\.)?anthropic\.)/.test(model)
    ? "aws.bedrock"
    : /@/.test(model)
      ? "gcp.vertex_ai"
      : "anthropic";

/** Bedrock's model ids say where a call may run. */
const scopeOf = (provider: string | undefined, model: string | undefined): Activity["region"] =>
  provider === "aws.bedrock" && model ? regionScopeOf(model) : undefined;

/** Older names, and LiteLLM's. */
const providers: Readonly<Record<string, string>> = {
  vertex_ai: "gcp.vertex_ai",
  gemini: "gcp.gemini",
  "az.ai.openai": "azure.ai.openai",
  "az.ai.inference": "azure.ai.inference",
  azure: "azure.ai.openai",
  azure_ai: "azure.ai.inference",
  bedrock: "aws.bedrock",
  bedrock_converse: "aws.bedrock",
  oci: "oci.generative_ai",
  xai: "x_ai",
  mistral: "mistral_ai",
  moonshot: "moonshot_ai",
  watsonx: "ibm.watsonx.ai",
};

/** A host is better evidence than the client library's name: OpenAI's library talks to Azure, too. */
const hosts: readonly (readonly [RegExp, string])[] = [
  [/^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com$/, "aws.bedrock"],
  [/^(?:([a-z0-9-]+)-)?aiplatform\.googleapis\.com$/, "gcp.vertex_ai"],
  [/^inference\.generativeai\.([a-z0-9-]+)\.oci\.oraclecloud\.com$/, "oci.generative_ai"],
  [/^generativelanguage\.googleapis\.com$/, "gcp.gemini"],
  [/\.openai\.azure\.com$/, "azure.ai.openai"],
];

function doorOf(host: string | undefined, said: string | undefined): { provider?: string; region?: string } {
  for (const [pattern, provider] of hosts) {
    const found = pattern.exec(host ?? "");
    if (found) return { provider, ...(found[1] ? { region: found[1] } : {}) };
  }
  const name = said?.toLowerCase();
  if (name === undefined || name === "unknown") return {};
  return { provider: (Object.hasOwn(providers, name) ? providers[name] : undefined) ?? name };
}

function usageOf(said: Said): Activity["usage"] {
  const input = countOf(said, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens");
  const cacheReadTokens = countOf(said, "gen_ai.usage.cache_read.input_tokens");
  const cacheWriteTokens = countOf(said, "gen_ai.usage.cache_creation.input_tokens");
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  return {
    // Cached tokens should be in the input. Where they are more than it, the instrumentation left them out.
    inputTokens: input !== undefined && cached > input ? input + cached : input,
    outputTokens: countOf(said, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens: countOf(said, "gen_ai.usage.reasoning.output_tokens"),
  };
}

/** A sum that one request cannot cost is a mistake, not a price. */
const MOST_USD = 100_000;

function costOf(usd: string | number | boolean | undefined, priceSource: string): Activity["cost"] {
  const sum = typeof usd === "string" && usd.trim() !== "" ? Number(usd) : usd;
  if (typeof sum !== "number" || !(sum >= 0 && sum <= MOST_USD)) return undefined;
  return { nanoUsd: fromUsd(sum), basis: "estimated", priceSource };
}

/** A status or the name of an exception; anything else may be its message. */
const CODE = /^[A-Za-z0-9_.:$-]{1,128}$/;
const FILTERED = /\b(content_filter|guardrail_intervened|safety|blocklist|prohibited_content)\b/i;

function outcomeOf(said: Said, failed: boolean): Outcome {
  const filtered = FILTERED.exec(textOf(said, "gen_ai.response.finish_reasons") ?? "")?.[1];
  const error = textOf(said, "error.type", "http.response.status_code");
  if (failed || textOf(said, "error.type") !== undefined) {
    return { status: "failure", reason: reasonOf(error), code: error && CODE.test(error) ? error : undefined };
  }
  return filtered ? { status: "failure", reason: "blocked", code: filtered } : { status: "success" };
}

/** First match wins. */
const reasons: readonly (readonly [RegExp, Outcome["reason"]])[] = [
  [/^429$|rate.?limit|throttl|quota|exhausted/i, "throttled"],
  [/^40[13]$|auth|permission|access.?denied|forbidden/i, "denied"],
  [/content.?(filter|policy)|guardrail/i, "blocked"],
  [/^4\d\d$|bad.?request|invalid|validation|context.?window|not.?found/i, "invalid"],
];

const reasonOf = (code: string | undefined): Outcome["reason"] =>
  reasons.find(([pattern]) => pattern.test(code ?? ""))?.[1] ?? "error";

/** `unknown_service` is what an SDK says when nobody named the service. */
function serviceOf(said: Said): string | undefined {
  const name = textOf(said, "service.name");
  if (name === undefined || name.startsWith("unknown_service")) return undefined;
  const namespace = textOf(said, "service.namespace");
  return namespace ? `${namespace}/${name}` : name;
}

function virtualKeyOf(said: Said): Activity["credential"] {
  const uid = textOf(said, "metadata.user_api_key_hash");
  return uid ? { uid, type: "api-key", virtual: true } : undefined;
}

const labelsOf = (said: Said): Record<string, string> =>
  labels.parse(Object.fromEntries(labelNames.map((name) => [name, textOf(said, name)])));
