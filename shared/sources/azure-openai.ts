/**
 * Diagnostic logs of Azure OpenAI and Foundry accounts (Microsoft.CognitiveServices/accounts): one row for each
 * request and for each reading of the account's keys, from a storage account, an Event Hub or AzureDiagnostics.
 *
 * Shape: Azure Monitor, "Supported logs for Microsoft.CognitiveServices/accounts" (2026-07); the properties as
 * observed on live accounts (dhangerkapil/foundry-usage-metering, 2026-10), since Microsoft does not document them.
 * Limits: exists only once a diagnostic setting does, and even then some requests are missing. No user agent, no
 * content, the caller's address without its last octet, no caller at all with an account key. A request has one to
 * three rows, often a twin without tokens; all have one correlationId. Where a Global or DataZone deployment ran is
 * not told, nor is what was blocked by a content filter and what was merely wrong: both are 400.
 */
import { z } from "zod";
import type { Activity, Detail, Outcome, Usage } from "../model/activity.ts";
import { identifyModel } from "../model/identify-model.ts";
import { fromIsoTime, toEpochMs } from "../model/units.ts";
import { type Draft, defineSource, jsonText, maybe, maybeText } from "./source.ts";

/** Resource ids come in capitals from Event Hubs, in small letters from Log Analytics; Azure holds them equal. */
const ACCOUNT =
  /^\/subscriptions\/([^/]+)\/resourcegroups\/[^/]+\/providers\/microsoft\.cognitiveservices\/accounts\/([^/]+)/i;

/** Activity log records of an account carry its resource id too: `azure.activity` reads those. */
const ACTIVITY_LOG =
  /^(administrative|security|servicehealth|alert|recommendation|policy|autoscale|resourcehealth)$/i;

const operationNames: ReadonlyMap<string, Activity["operationName"]> = new Map([
  ["chatcompletions_create", "chat"],
  ["extensionschatcompletions_create", "chat"],
  ["create_response", "chat"],
  ["messages_create", "chat"],
  ["completions_create", "text_completion"],
  ["embeddings_create", "embeddings"],
  ["imagegenerations_create", "image_generation"],
  ["imagegenerations_submit", "image_generation"],
  ["videogenerations_create", "video_generation"],
  ["speech_create", "speech"],
  ["transcriptions_create", "transcription"],
  ["translations_create", "transcription"],
  ["create_run", "invoke_agent"],
  ["create_thread_and_run", "invoke_agent"],
]);

/** Looking things up, and filling threads and stores: no model runs. */
const BOOKKEEPING =
  /(^|_)(get|list|delete|cancel|update|wildcard)(_|$)|^create_(thread|message|assistant|file|upload|vector_store)/i;
const BOOKKEEPING_API = /^(azure ai projects api|openai language model instance api|voice live capabilities)/i;

const auditActs: ReadonlyMap<string, Pick<Detail, "object" | "action">> = new Map([
  ["listkey", { object: "key", action: "read" }],
  ["listkeys", { object: "key", action: "read" }],
  ["regeneratekey", { object: "key", action: "update" }],
]);

/** A number, also as text or as an array of one: every count of AzureOpenAIRequestUsage is such an array. */
const count = maybe(z.union([z.number(), z.string(), z.array(z.number())])).transform((value) => {
  const only = Array.isArray(value) ? (value.length === 1 ? value[0] : undefined) : value;
  if (typeof only !== "string") return only;
  const number = Number(/^\s*\[?([^[\],]+)\]?\s*$/.exec(only)?.[1] ?? Number.NaN);
  return Number.isFinite(number) ? number : undefined;
});

/** Observed in place of a missing name. */
const name = maybeText.transform((value) => (value === "__Empty" ? undefined : value));

/** Entra object id of the caller. "" says that an account key was used, absence says nothing. */
const objectId = maybe(z.string().transform((value) => value.trim().slice(0, 1_024)));

const Properties = z.object({
  apiName: maybeText,
  objectId,
  modelDeploymentName: name,
  modelName: name,
  modelVersion: name,
  promptTokens: count,
  completionTokens: count,
  cachedTokens: count,
  generatedTokens: count,
  /** .NET ticks, 100 ns each. Beyond 2^53, so a double holds them to about 13 µs. */
  requestTime: count,
  responseTime: count,
});

const Row = z.object({
  time: z.string(),
  resourceId: z.string(),
  category: z.string(),
  operationName: maybeText,
  location: maybeText,
  /** A region's name, not the Entra tenant. */
  Tenant: maybeText,
  callerIpAddress: maybeText,
  correlationId: maybeText,
  durationMs: count,
  /** The HTTP status. */
  resultSignature: maybe(z.union([z.string(), z.number()])),
  objectId,
  properties: jsonText(maybe(Properties)),
});
type Row = z.infer<typeof Row>;

export const azureOpenai = defineSource({
  id: "azure.openai",
  title: "Azure OpenAI and Foundry diagnostic logs",
  view: "provider",

  recognises: (record) => {
    const { category, resourceId } = "TimeGenerated" in record ? fromColumns(record) : record;
    return (
      typeof category === "string" &&
      !ACTIVITY_LOG.test(category) &&
      !("OperationNameValue" in record) &&
      typeof resourceId === "string" &&
      ACCOUNT.test(resourceId)
    );
  },

  record: z.preprocess(
    (record) => (isRow(record) && "TimeGenerated" in record ? fromColumns(record) : record),
    Row,
  ),

  normalize: (row) => {
    const time = fromIsoTime(row.time);
    if (time === undefined) return { rejected: "time: expected an ISO 8601 time" };
    const [resource, subscription, accountName] = ACCOUNT.exec(row.resourceId.toLowerCase()) ?? [];
    if (!resource || !subscription || !accountName)
      return { rejected: "resourceId: expected a Cognitive Services account" };

    const { properties } = row;
    const operation = row.operationName ?? row.category;
    const caller = properties?.objectId || row.objectId || undefined;
    const region = (row.location ?? row.Tenant)?.toLowerCase().replaceAll(" ", "");
    const outcome = outcomeOf(row.resultSignature);
    const said = {
      startTime: time,
      endTime: toEpochMs(time + durationOf(row)) ?? time,
      count: 1,
      operation,
      outcome,
      actor: { uid: caller },
      account: { uid: subscription },
      project: { uid: resource, name: accountName },
      provider: "azure.ai.openai",
      region: { requested: region },
      network: { ip: addressOf(row.callerIpAddress) },
    };
    const identity = ["azure", resource, ...(row.correlationId ? [row.correlationId] : [time, operation])];

    if (row.category === "Audit") {
      const act = auditActs.get(operation.toLowerCase()) ?? { object: "other", action: "other" };
      return [
        {
          ...said,
          identity: [...identity, operation],
          kind: "change",
          detail: { ...act, target: { uid: resource, name: accountName, type: "account" } },
        },
      ] satisfies Draft[];
    }
    if (!isInference(row)) return [];

    const deployment = properties?.modelDeploymentName;
    return [
      {
        ...said,
        identity,
        kind: "call",
        operationName: operationNames.get(operation.toLowerCase()),
        credential: { type: credentialOf(row, caller, outcome) },
        model: properties?.modelName
          ? identifyModel(
              properties.modelName,
              properties.modelVersion ? { version: properties.modelVersion } : {},
            )
          : undefined,
        deployment: deployment
          ? { uid: `${resource}/deployments/${deployment.toLowerCase()}`, name: deployment }
          : undefined,
        usage: usageOf(row),
      },
    ] satisfies Draft[];
  },
});

const isRow = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * AzureDiagnostics: the envelope in columns of its own, everything else in a column with its type as suffix, and
 * `properties` as text or as a column for each field, depending on the workspace.
 */
function fromColumns(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const rest: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) {
    const field = /^(?:properties_)?([A-Za-z]+)_[sdgbt]$/.exec(column)?.[1];
    if (field && value !== null) rest[field] = value;
  }
  return {
    time: row["TimeGenerated"],
    resourceId: row["ResourceId"] || row["_ResourceId"],
    category: row["Category"],
    operationName: row["OperationName"],
    location: row["Location"] || rest["location"],
    Tenant: rest["Tenant"],
    callerIpAddress: row["CallerIPAddress"],
    correlationId: row["CorrelationId"],
    durationMs: row["DurationMs"],
    resultSignature: row["ResultSignature"],
    properties: row["properties_s"] || rest,
  };
}

function isInference(row: Row): boolean {
  if (row.category === "AzureOpenAIRequestUsage") return true;
  if (row.category !== "RequestResponse") return false;
  const { properties, operationName = "" } = row;
  if (operationNames.has(operationName.toLowerCase()) || usageOf(row)) return true;
  return (
    properties?.modelName !== undefined &&
    !BOOKKEEPING.test(operationName) &&
    !BOOKKEEPING_API.test(properties.apiName ?? "")
  );
}

function usageOf({ properties }: Row): Usage | undefined {
  const inputTokens = properties?.promptTokens;
  const outputTokens = properties?.generatedTokens ?? properties?.completionTokens;
  // The twin without tokens says 0, or nothing: it did not measure.
  if (!inputTokens && !outputTokens) return undefined;
  return { inputTokens, outputTokens, cacheReadTokens: properties?.cachedTokens };
}

/** Milliseconds. `durationMs` has been seen negative; the ticks then tell. */
function durationOf({ durationMs = 0, properties }: Row): number {
  if (durationMs > 0) return durationMs;
  const { requestTime, responseTime } = properties ?? {};
  return requestTime && responseTime ? Math.max(0, (responseTime - requestTime) / 10_000) : 0;
}

/** An Entra token lives about an hour. A row that failed to authenticate says nothing about what it tried with. */
function credentialOf(row: Row, caller: string | undefined, outcome: Outcome | undefined) {
  if (caller) return "temporary";
  const stated = row.category === "RequestResponse" && row.properties?.objectId !== undefined;
  return stated && outcome?.code !== "401" ? "api-key" : undefined;
}

function outcomeOf(resultSignature: string | number | undefined): Outcome | undefined {
  const status = Number(resultSignature);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  if (status < 400) return { status: "success" };
  const reason =
    status === 401 || status === 403
      ? "denied"
      : status === 429
        ? "throttled"
        : // 408 and 499: the time ran out, or the caller went away.
          status >= 500 || status === 408 || status === 499
          ? "error"
          : "invalid";
  return { status: "failure", reason, code: String(status) };
}

/** `81.2.69.***` is a network of 256 addresses. */
function addressOf(address: string | undefined): string | undefined {
  const masked = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\*+$/.exec(address ?? "");
  if (masked) return `${masked[1]}.0/24`;
  return address?.includes("*") ? undefined : address;
}
