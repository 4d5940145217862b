/**
 * LiteLLM's record of one request through its proxy: a row of `LiteLLM_SpendLogs` (exported, or from `/spend/logs`),
 * or the StandardLoggingPayload that its callbacks (`generic_api`, `s3_v2`, `gcs_pubsub`, …) send.
 *
 * Shape: BerriAI/litellm, `litellm/types/utils.py` and `proxy/spend_tracking/spend_tracking_utils.py`, and one POST of
 * proxy 1.106.2 (2026-10). In rows, objects are JSON text; times are epoch seconds, or ISO without a zone, then UTC.
 * Limits: the gateway knows its own keys, users and teams, not the account that the vendor bills; that is told only
 * where an ARN is in the model. Rows come up to a minute late; those in memory are lost with the proxy. A retry or
 * fallback is a row of its own, with the same trace.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Activity, Cost, Model, Outcome, Usage } from "../model/activity.ts";
import { identifyHost } from "../model/ai-hosts.ts";
import { deploymentOf } from "../model/aws-bedrock.ts";
import { identifyModel } from "../model/identify-model.ts";
import { regionScopeOf } from "../model/region-scope.ts";
import { type EpochMs, fromEpochSeconds, fromIsoTime, fromUsd } from "../model/units.ts";
import { type Draft, defineSource, jsonText, labels, maybe, maybeText } from "./source.ts";

/** `litellm/constants.py`: what the proxy calls itself when it tries its own deployments. */
const HEALTH_CHECK = "litellm-internal-health-check";
const MASTER_KEY = "litellm_proxy_master_key";

/** Owner of the master key, and of keys made without an owner: nobody in particular. */
const NOBODY = "default_user_id";

/**
 * A hash of the key. LiteLLM hashes only keys that begin with `sk-`; any other, a JWT or a key of somebody's own
 * making, it writes as it is, and so it is hashed here in the same way.
 */
const keyHash = maybeText.transform((key) =>
  key === undefined || /^[0-9a-f]{64}$/.test(key) || key === MASTER_KEY || key === HEALTH_CHECK
    ? key
    : createHash("sha256").update(key).digest("hex"),
);

/** The host of a URL. The rest may hold keys. */
const host = maybeText.transform((url) => {
  const authority = url?.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").split(/[/?#\\]/)[0];
  const name = authority
    ?.split("@")
    .at(-1)
    ?.toLowerCase()
    .replace(/:\d{1,5}$/, "");
  return name && /^[a-z0-9._-]+$/.test(name) ? name : undefined;
});

const count = maybe(z.number());
const time = z.union([z.number(), z.string()]);
const tags = jsonText(
  maybe(z.array(z.unknown()).transform((given) => given.filter((tag) => typeof tag === "string"))),
);

const UsageObject = z.object({
  prompt_tokens_details: maybe(z.object({ cached_tokens: count, cache_creation_tokens: count })),
  completion_tokens_details: maybe(z.object({ reasoning_tokens: count })),
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
});

const ModelMap = z.object({ model_map_key: maybeText });

const Metadata = z.object({
  user_api_key: keyHash,
  user_api_key_hash: keyHash,
  user_api_key_alias: maybeText,
  user_api_key_user_id: maybeText,
  user_api_key_user_email: maybeText,
  user_api_key_team_id: maybeText,
  user_api_key_team_alias: maybeText,
  user_api_key_project_id: maybeText,
  user_api_key_project_alias: maybeText,
  user_api_key_org_id: maybeText,
  user_api_key_org_alias: maybeText,
  user_api_key_end_user_id: maybeText,
  requester_ip_address: maybeText,
  user_agent: maybeText,
  status: maybeText,
  spend_logs_metadata: jsonText(maybe(labels)),
  usage_object: maybe(UsageObject),
  additional_usage_values: maybe(UsageObject),
  model_map_information: maybe(ModelMap),
  error_information: maybe(z.object({ error_code: maybeText, error_class: maybeText })),
});

const SpendLog = z.object({
  request_id: maybeText,
  id: maybeText,
  trace_id: maybeText,
  session_id: maybeText,
  call_type: z.string().min(1),
  startTime: time,
  endTime: maybe(time),
  status: maybeText,
  status_fields: maybe(z.object({ guardrail_status: maybeText })),
  error_information: maybe(z.object({ error_code: maybeText, error_class: maybeText })),
  custom_llm_provider: maybeText,
  api_base: host,
  hidden_params: maybe(z.object({ api_base: host })),
  model: maybeText,
  model_id: maybeText,
  model_group: maybeText,
  model_map_information: maybe(ModelMap),
  mcp_namespaced_tool_name: maybeText,
  agent_id: maybeText,
  api_key: keyHash,
  user: maybeText,
  team_id: maybeText,
  organization_id: maybeText,
  end_user: maybeText,
  requester_ip_address: maybeText,
  user_agent: maybeText,
  request_tags: tags,
  prompt_tokens: count,
  completion_tokens: count,
  cache_hit: maybe(z.union([z.boolean(), z.string()])),
  spend: count,
  response_cost: count,
  cost_breakdown: maybe(z.object({ vertex_location: maybeText })),
  metadata: jsonText(Metadata.nullish()).transform((said): Partial<z.infer<typeof Metadata>> => said ?? {}),
});
type SpendLog = z.infer<typeof SpendLog>;

export const litellmSpend = defineSource({
  id: "litellm.spend",
  title: "LiteLLM spend logs",
  view: "gateway",

  recognises: (record) =>
    "call_type" in record &&
    "startTime" in record &&
    (("request_id" in record && "spend" in record) || ("id" in record && "response_cost" in record)),

  record: SpendLog,

  normalize: (record) => {
    const id = record.request_id ?? record.id;
    if (id === undefined) return { rejected: "request_id: expected an id" };
    const startTime = timeOf(record.startTime);
    if (startTime === undefined) return { rejected: "startTime: expected epoch seconds or an ISO 8601 time" };
    const operation = record.call_type;
    const cost = costOf(record);
    if (isHealthCheck(record) || (isBookkeeping(operation) && !cost)) return [];

    const { metadata } = record;
    const endTime = record.endTime === undefined ? undefined : timeOf(record.endTime);
    const operationName = operationNameOf(operation);
    const door = doorOf(record);
    return [
      {
        identity: ["litellm", id],
        kind: "call",
        startTime,
        endTime: endTime !== undefined && endTime > startTime ? endTime : startTime,
        count: 1,
        operation,
        operationName,
        outcome: outcomeOf(record),
        actor: actorOf(record),
        credential: credentialOf(record),
        organization: named(
          metadata.user_api_key_org_id ?? record.organization_id,
          metadata.user_api_key_org_alias,
        ),
        project:
          named(metadata.user_api_key_project_id, metadata.user_api_key_project_alias) ??
          named(metadata.user_api_key_team_id ?? record.team_id, metadata.user_api_key_team_alias),
        gateway: "litellm",
        // A tool is called by name, and no model with it.
        ...(operationName === "execute_tool" ? {} : { provider: door.provider, ...modelOf(record, door) }),
        usage: usageOf(record),
        cost,
        network: {
          ip: record.requester_ip_address ?? metadata.requester_ip_address,
          userAgent: record.user_agent ?? metadata.user_agent,
          host: door.host,
        },
        labels: labelsOf(record),
      },
    ] satisfies Draft[];
  },
});

const timeOf = (said: number | string): EpochMs | undefined =>
  typeof said === "number" ? fromEpochSeconds(said) : fromIsoTime(said);

const named = (uid: string | undefined, name: string | undefined) => (uid ? { uid, name } : undefined);

/**
 * By what the proxy wrote, not by `request_tags`: those come from the caller, who could make any call disappear.
 */
function isHealthCheck({ api_key, team_id, metadata }: SpendLog): boolean {
  return [
    api_key,
    team_id,
    metadata.user_api_key_hash,
    metadata.user_api_key_alias,
    metadata.user_api_key_team_id,
  ].includes(HEALTH_CHECK);
}

/** Files, stores, threads, and asking how a batch or a film is getting on: no model runs. */
const BOOKKEEPING =
  /^(?:list|get|delete|cancel|add|count)_|_(?:list|get|delete|cancel|retrieve|retrieve_job|content)$|^(?:create_|retrieve_)?(?:file|thread|assistants?|fine_tuning_job)(?:_|$)|^vector_store_(?:create|file)|^retrieve_batch$/;

const isBookkeeping = (operation: string): boolean => BOOKKEEPING.test(baseOf(operation));

const operationNames: ReadonlyMap<string, Activity["operationName"]> = new Map([
  ["completion", "chat"],
  ["responses", "chat"],
  ["anthropic_messages", "chat"],
  ["realtime", "chat"],
  ["responses_websocket", "chat"],
  ["text_completion", "text_completion"],
  ["generate_content", "generate_content"],
  ["generate_content_stream", "generate_content"],
  ["embedding", "embeddings"],
  ["image_generation", "image_generation"],
  ["image_edit", "image_generation"],
  ["image_variation", "image_generation"],
  ["create_video", "video_generation"],
  ["video_remix", "video_generation"],
  ["speech", "speech"],
  ["transcription", "transcription"],
  ["moderation", "moderation"],
  ["rerank", "rerank"],
  ["vector_store_search", "retrieval"],
  ["create_batch", "batch"],
  ["retrieve_batch", "batch"],
  ["run_thread", "invoke_agent"],
  ["run_thread_stream", "invoke_agent"],
  ["send_message", "invoke_agent"],
  ["call_mcp_tool", "execute_tool"],
]);

/** Nearly every operation has an asynchronous twin with an `a` before it: `acompletion`, `_arealtime`. */
function baseOf(operation: string): string {
  const word = operation.replace(/^_/, "");
  return operationNames.has(word) || !/^a(?!dd_|nthropic_)/.test(word) ? word : word.replace(/^a_?/, "");
}

const operationNameOf = (operation: string): Activity["operationName"] => operationNames.get(baseOf(operation));

function actorOf({ user, metadata }: SpendLog): Activity["actor"] {
  const uid = [metadata.user_api_key_user_id, user, metadata.user_api_key_user_email].find(
    (said) => said !== undefined && said !== NOBODY,
  );
  // A key without an owner belongs to a program, or to a team: its alias is then the best name for who it is.
  return uid ? { uid, name: metadata.user_api_key_user_email } : { name: metadata.user_api_key_alias };
}

function credentialOf({ api_key, metadata }: SpendLog): Activity["credential"] {
  const uid = metadata.user_api_key_hash ?? metadata.user_api_key ?? api_key ?? metadata.user_api_key_alias;
  if (uid === undefined) return undefined;
  return uid === MASTER_KEY ? { uid, type: "master-key" } : { uid, type: "api-key", virtual: true };
}

interface Door {
  readonly provider?: string | undefined;
  readonly host?: string | undefined;
  readonly region?: string | undefined;
}

/** LiteLLM's word for a door, where OpenTelemetry has another. */
const providers: ReadonlyMap<string, string> = new Map([
  ["azure", "azure.ai.openai"],
  ["azure_text", "azure.ai.openai"],
  ["azure_ai", "azure.ai.inference"],
  ["bedrock", "aws.bedrock"],
  ["bedrock_converse", "aws.bedrock"],
  ["bedrock_mantle", "aws.bedrock"],
  ["vertex_ai", "gcp.vertex_ai"],
  ["vertex_ai_beta", "gcp.vertex_ai"],
  ["gemini", "gcp.gemini"],
  ["oci", "oci.generative_ai"],
  ["watsonx", "ibm.watsonx.ai"],
  ["watsonx_text", "ibm.watsonx.ai"],
  ["mistral", "mistral_ai"],
  ["codestral", "mistral_ai"],
  ["xai", "x_ai"],
  ["moonshot", "moonshot_ai"],
  ["text-completion-openai", "openai"],
  ["anthropic_text", "anthropic"],
  ["cohere_chat", "cohere"],
  ["ai21_chat", "ai21"],
  ["ollama_chat", "ollama"],
]);

/** The APIs that other servers imitate: with an address of its own, such a door is whose the address is. */
const imitated = new Set(["openai", "anthropic"]);

function doorOf({ custom_llm_provider: said, api_base, hidden_params, model, cost_breakdown }: SpendLog): Door {
  const host = api_base ?? hidden_params?.api_base;
  const service = host === undefined ? undefined : identifyHost(host);
  const region =
    service?.region ??
    /arn:aws[^:]*:bedrock:([a-z0-9-]+):/.exec(model ?? "")?.[1] ??
    /^bedrock\/(?:[a-z_]+\/)?([a-z]{2}(?:-[a-z]+)+-\d)\//.exec(model ?? "")?.[1] ??
    cost_breakdown?.vertex_location;
  const provider = said && (providers.get(said) ?? said);
  const elsewhere = host !== undefined && provider !== undefined && imitated.has(provider);
  return { provider: elsewhere ? (service?.provider ?? `custom_${provider}`) : provider, host, region };
}

/** What ran, through what, and for whom AWS bills it. */
function modelOf(record: SpendLog, door: Door): Pick<Draft, "model" | "deployment" | "region" | "account"> {
  const { model: written, model_id: uid } = record;
  if (written === undefined) return { deployment: { uid }, region: regionOf(door) };

  const known = { model: identified(written, record), deployment: { uid }, region: regionOf(door) };
  if (door.provider === "azure.ai.openai" || door.provider === "azure.ai.inference")
    return { ...known, deployment: { uid, name: written.replace(/^azure(?:_ai|_text)?\//, "") } };
  if (door.provider !== "aws.bedrock") return known;

  const arn = /arn:.*$/.exec(written)?.[0];
  const modelId = arn ?? written.split("/").at(-1) ?? written;
  const account = /^arn:[^:]*:bedrock:[^:]*:(\d{12}):/.exec(modelId)?.[1];
  return {
    ...known,
    deployment: { uid, ...deploymentOf(modelId) },
    region: { ...known.region, ...regionScopeOf(modelId) },
    account: account ? { uid: account } : undefined,
  };
}

function regionOf({ region }: Door): Activity["region"] {
  return region === "global" ? { scope: "global" } : { requested: region };
}

/** A deployment of Azure has any name; LiteLLM may have been told, for its prices, which model it is. */
function identified(
  written: string,
  { custom_llm_provider: said, metadata, model_map_information }: SpendLog,
): Model {
  const base = (model_map_information ?? metadata.model_map_information)?.model_map_key;
  const known = [written, ...(said ? [`${said}/${written}`] : []), ...(base ? [base] : [])]
    .map((id) => identifyModel(id))
    .find(({ name }) => name !== undefined);
  return { ...known, id: written };
}

function usageOf({ prompt_tokens, completion_tokens, metadata }: SpendLog): Usage | undefined {
  // LiteLLM writes 0 also where nothing was measured.
  if (!prompt_tokens && !completion_tokens) return undefined;
  const said = metadata.usage_object ?? metadata.additional_usage_values;
  const cacheReadTokens = said?.cache_read_input_tokens ?? said?.prompt_tokens_details?.cached_tokens;
  const cacheWriteTokens = said?.cache_creation_input_tokens ?? said?.prompt_tokens_details?.cache_creation_tokens;
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  return {
    // Pass-through calls keep the vendor's own count, and Anthropic's leaves the cached tokens out.
    inputTokens: prompt_tokens !== undefined && cached > prompt_tokens ? prompt_tokens + cached : prompt_tokens,
    outputTokens: completion_tokens,
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens: said?.completion_tokens_details?.reasoning_tokens,
  };
}

const isCacheHit = ({ cache_hit }: SpendLog): boolean => /^true$/i.test(String(cache_hit));

/** A sum that one request cannot cost is a mistake, not a price. */
const MOST_USD = 100_000;

/** An answer from the cache costs nothing. Any other 0 says that LiteLLM has no price, or that nothing was answered. */
function costOf(record: SpendLog): Cost | undefined {
  const usd = record.spend ?? record.response_cost;
  const free = usd === 0 && isCacheHit(record);
  if (usd === undefined || !(usd > 0 || free) || usd > MOST_USD) return undefined;
  return { nanoUsd: fromUsd(usd), basis: "estimated", priceSource: "litellm" };
}

function outcomeOf(record: SpendLog): Outcome | undefined {
  const status = record.status ?? record.metadata.status;
  if (status === "success") return { status };
  if (status !== "failure") return undefined;
  const { error_class, error_code } = record.error_information ?? record.metadata.error_information ?? {};
  const blocked = record.status_fields?.guardrail_status === "guardrail_intervened";
  return {
    status,
    reason: blocked ? "blocked" : reasonOf(error_class ?? "", error_code ?? ""),
    code: error_class ?? error_code,
  };
}

/** docs.litellm.ai, "Exception Mapping" (2026-10), and the proxy's own; what is in no list goes by its HTTP status. */
const reasons: readonly (readonly [RegExp, NonNullable<Outcome["reason"]>])[] = [
  [/ContentPolicyViolation|Guardrail|BlockedPii|RejectedRequest/, "blocked"],
  [/RateLimit|Throttl|TooManyRequests/, "throttled"],
  [/Authentication|PermissionDenied|BudgetExceeded|Unauthorized|Forbidden/, "denied"],
  [/BadRequest|InvalidRequest|NotFound|UnprocessableEntity|UnsupportedParams|ContextWindow|ImageFetch/, "invalid"],
  [/Timeout|ServiceUnavailable|InternalServer|BadGateway|APIConnection|^APIError$/, "error"],
];

function reasonOf(errorClass: string, errorCode: string): NonNullable<Outcome["reason"]> {
  const listed = reasons.find(([pattern]) => pattern.test(errorClass));
  if (listed) return listed[1];
  if (errorCode === "429") return "throttled";
  if (errorCode === "401" || errorCode === "403") return "denied";
  return /^4(?!08|99)\d\d$/.test(errorCode) ? "invalid" : "error";
}

function labelsOf(record: SpendLog): Activity["labels"] {
  const { metadata } = record;
  return {
    ...Object.fromEntries((record.request_tags ?? []).flatMap(labelOfTag)),
    ...metadata.spend_logs_metadata,
    ...labels.parse({
      agentId: record.agent_id,
      cacheHit: isCacheHit(record) || undefined,
      endUser: record.end_user ?? metadata.user_api_key_end_user_id,
      keyAlias: metadata.user_api_key_alias,
      modelGroup: record.model_group,
      team: metadata.user_api_key_team_alias ?? metadata.user_api_key_team_id ?? record.team_id,
      tool: record.mcp_namespaced_tool_name,
      // Retries and fallbacks of one request share it. Rows have it as their session.
      traceId: record.trace_id ?? record.session_id,
    }),
  };
}

/** `team:search` and `team=search` are a label with a value. LiteLLM adds the user agent, twice. */
function labelOfTag(tag: string): [string, string][] {
  if (tag.startsWith("User-Agent: ")) return [];
  const [, key = tag, value = "true"] = /^([\w.-]+)\s*[:=]\s*(.+)$/.exec(tag) ?? [];
  return Object.entries(labels.parse({ [key]: value }));
}
