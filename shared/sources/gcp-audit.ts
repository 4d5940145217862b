/**
 * Google Cloud Audit Logs, as far as they are about AI: calls to Vertex AI, the Gemini API, Gemini for Google Cloud,
 * Vertex AI Search and the Claude API of Google Cloud, and the changes that open, limit or hide them.
 *
 * Shape: googleapis/googleapis, google/logging/v2/log_entry.proto, google/cloud/audit/audit_log.proto,
 * google/iam/v1/logging/audit_data.proto; methods by the audit logging pages of each product (read 2026-11).
 * Limits: calls are data access, which is off until an audit config turns it on, and from which members can be
 * exempted unseen. No tokens, no content, no latency. Where a call to `global` ran is not told. Calls with an API
 * key to the Gemini API are not logged. A stream or long-running operation has a first and a last entry, minutes
 * apart; both have one uid.
 */
import { z } from "zod";
import type { Activity, Detail, Outcome } from "../model/activity.ts";
import { identifyModel } from "../model/identify-model.ts";
import { fromIsoTime } from "../model/units.ts";
import { type Draft, defineSource, known, loose, maybe, maybeText } from "./source.ts";

const VERTEX = "aiplatform.googleapis.com";
const GEMINI = "generativelanguage.googleapis.com";
const COMPANION = "cloudaicompanion.googleapis.com";
const CODE_ASSIST = "businessaicode.googleapis.com";
const SEARCH = "discoveryengine.googleapis.com";
const CLAUDE = "claude.googleapis.com";

/** OpenTelemetry's names of the doors; `gcp.gen_ai` is its word for any other of Google's. */
const doors: ReadonlyMap<string, string> = new Map([
  [VERTEX, "gcp.vertex_ai"],
  [GEMINI, "gcp.gemini"],
  [COMPANION, "gcp.gen_ai"],
  [CODE_ASSIST, "gcp.gen_ai"],
  [SEARCH, "gcp.gen_ai"],
  [CLAUDE, "gcp.claude_platform"],
]);

/** Services and roles whose name says that they are about AI, wherever the name stands. */
const AI_SERVICE = /\b(aiplatform|generativelanguage|cloudaicompanion|businessaicode|discoveryengine|claude)\b/i;
/** For names that people give: a sink `vertex-audit`, an exclusion `no-genai`. */
const AI_WORD = new RegExp(`${AI_SERVICE.source}|vertex|gemini|gen-?ai|(^|[-_./])(ai|llm)($|[-_./])`, "i");

type OperationName = NonNullable<Activity["operationName"]>;
/** `by-model`: the method carries whatever the model takes. `untold`: any method of the vendor's own interface. */
type CallKind = OperationName | "by-model" | "untold";

const each = (kind: CallKind, methods: string): readonly (readonly [string, CallKind])[] =>
  methods.split(/\s+/).map((method) => [method, kind]);

/** What is not here is no use of a model: CountTokens fires while somebody types, lists and polls look things up. */
const calls: ReadonlyMap<string, ReadonlyMap<string, CallKind>> = new Map([
  [
    VERTEX,
    new Map([
      ...each("generate_content", "GenerateContent StreamGenerateContent BidiGenerateContent"),
      ...each("chat", "ChatCompletions"),
      ...each("embeddings", "EmbedContent"),
      ...each(
        "by-model",
        "Predict RawPredict StreamRawPredict ServerStreamingPredict StreamingPredict PredictLongRunning",
      ),
      ...each(
        "by-model",
        "StreamingRawPredict DirectPredict DirectRawPredict StreamDirectPredict StreamDirectRawPredict",
      ),
      ...each("invoke_agent", "QueryReasoningEngine StreamQueryReasoningEngine AsyncQueryReasoningEngine"),
      ...each("retrieval", "RetrieveContexts"),
      ...each("execute_tool", "ExecuteSandboxEnvironment"),
    ]),
  ],
  [
    GEMINI,
    new Map([
      ...each("generate_content", "GenerateContent StreamGenerateContent BidiGenerateContent GenerateAnswer"),
      ...each("text_completion", "GenerateText"),
      ...each("chat", "GenerateMessage"),
      ...each("embeddings", "EmbedContent BatchEmbedContents EmbedText BatchEmbedText"),
      ...each("by-model", "Predict PredictLongRunning"),
    ]),
  ],
  [
    COMPANION,
    new Map([
      ...each("text_completion", "CompleteCode"),
      ...each("generate_content", "GenerateCode GenerateText CompleteTask"),
    ]),
  ],
  [CODE_ASSIST, new Map(each("generate_content", "GenerateContent StreamGenerateContent"))],
  [
    SEARCH,
    new Map([
      ...each("chat", "AnswerQuery StreamAnswerQuery ConverseConversation Assist StreamAssist"),
      ...each("generate_content", "GenerateGroundedContent StreamGenerateGroundedContent"),
      ...each("retrieval", "Search SearchLite"),
      ...each("rerank", "Rank"),
    ]),
  ],
  [CLAUDE, new Map(each("untold", "InvokeWorkspace"))],
]);

const word = loose(maybeText);
const flag = loose(z.boolean());
const number = loose(z.number());

const Key = z.object({
  name: word,
  restrictions: loose(z.object({ apiTargets: loose(z.array(z.object({ service: word }))) })),
});

const Request = z.object({
  name: word,
  model: word,
  endpoint: word,
  updateMask: loose(z.union([z.string(), z.object({ paths: z.array(z.string()) })])),
  serviceIds: loose(z.array(z.string())),
  key: loose(Key),
  publisherModelConfig: loose(
    z.object({ loggingConfig: loose(z.object({ enabled: flag, samplingRate: number })) }),
  ),
  batchPredictionJob: loose(z.object({ model: word })),
  tuningJob: loose(z.object({ baseModel: word })),
  publisherModelName: word,
  huggingFaceModelId: word,
  deployedModel: loose(
    z.object({
      model: word,
      dedicatedResources: loose(
        z.object({
          minReplicaCount: number,
          machineSpec: loose(z.object({ machineType: word, acceleratorType: word, acceleratorCount: number })),
        }),
      ),
    }),
  ),
  sink: loose(
    z.object({
      filter: word,
      disabled: flag,
      exclusions: loose(z.array(z.object({ filter: word, disabled: flag }))),
    }),
  ),
  exclusion: loose(z.object({ name: word, filter: word, disabled: flag })),
  floorSetting: loose(z.object({ enableFloorSettingEnforcement: flag })),
});

/** Of answers only what long-running operations repeat in their last entry, where the request is gone. */
const Response = z.object({
  ...Key.shape,
  services: loose(z.array(z.object({ name: word }))),
});

const PolicyDelta = z.object({
  bindingDeltas: loose(z.array(z.object({ action: word, role: word, member: word }))),
  auditConfigDeltas: loose(
    z.array(z.object({ action: word, service: word, exemptedMember: word, logType: word })),
  ),
});

const Entry = z.object({
  logName: z.string(),
  /** With `timestamp` and `logName` the entry's identity. */
  insertId: maybeText,
  /** Nanoseconds. */
  timestamp: z.string(),
  resource: maybe(z.object({ labels: maybe(z.object({ project_id: maybeText })) })),
  operation: maybe(z.object({ id: maybeText, first: maybe(z.boolean()), last: maybe(z.boolean()) })),
  protoPayload: z.object({
    serviceName: maybeText,
    methodName: maybeText,
    resourceName: maybeText,
    authenticationInfo: maybe(
      z.object({
        principalEmail: maybeText,
        principalSubject: maybeText,
        serviceAccountKeyName: maybeText,
        /** Who acts through the service account, the first of them first. */
        serviceAccountDelegationInfo: maybe(
          z.array(
            z.object({
              principalSubject: maybeText,
              firstPartyPrincipal: maybe(z.object({ principalEmail: maybeText })),
            }),
          ),
        ),
        oauthInfo: maybe(z.object({ oauthClientId: maybeText })),
      }),
    ),
    requestMetadata: maybe(z.object({ callerIp: maybeText, callerSuppliedUserAgent: maybeText })),
    /** google.rpc.Status; empty or absent is OK. */
    status: maybe(z.object({ code: maybe(z.int()) })),
    request: loose(Request),
    response: loose(Response),
    serviceData: loose(z.object({ policyDelta: loose(PolicyDelta) })),
  }),
});
type Entry = z.infer<typeof Entry>;

export const gcpAudit = defineSource({
  id: "gcp.audit",
  title: "Google Cloud Audit Logs",
  view: "provider",

  recognises: ({ logName, protoPayload }) =>
    typeof logName === "string" &&
    /\/logs\/cloudaudit\.googleapis\.com(%2F|\/)/i.test(logName) &&
    isObject(protoPayload),

  record: z.preprocess((entry) => (isObject(entry) ? withoutOthers(entry) : entry), Entry),

  normalize: (entry) => {
    const time = fromIsoTime(entry.timestamp);
    if (time === undefined) return { rejected: "timestamp: expected an ISO 8601 time" };
    const {
      serviceName = "",
      methodName,
      resourceName = "",
      authenticationInfo,
      requestMetadata,
    } = entry.protoPayload;
    if (methodName === undefined) return [];
    const method = methodName.slice(methodName.lastIndexOf(".") + 1);

    const parent = /^([^/]+)\/([^/]+)\/logs\//.exec(entry.logName);
    const project = parent?.[1] === "projects" ? parent[2] : entry.resource?.labels?.project_id;
    const client = authenticationInfo?.oauthInfo?.oauthClientId;
    const said = {
      startTime: time,
      endTime: time,
      count: 1,
      operation: methodName,
      outcome: outcomeOf(entry, method),
      ...callerIn(entry),
      account: project ? { uid: project } : undefined,
      organization: parent?.[1] === "organizations" && parent[2] ? { uid: parent[2] } : undefined,
      // Elsewhere `locations/global` is where a setting is kept, not where a model runs.
      region: doors.has(serviceName) ? regionOf(resourceName, serviceName) : undefined,
      network: { ip: addressOf(requestMetadata?.callerIp), userAgent: requestMetadata?.callerSuppliedUserAgent },
      labels: client ? { oauthClientId: client } : undefined,
    };
    const identity = identityOf(entry, method, time);

    const kind = calls.get(serviceName)?.get(method);
    if (kind !== undefined) {
      const model = modelIn(entry);
      return [
        {
          ...said,
          identity,
          kind: "call",
          operationName: kind === "by-model" ? takenBy(model) : kind === "untold" ? undefined : kind,
          provider: doors.get(serviceName),
          model: model ? identifyModel(model) : undefined,
          deployment: deploymentOf(resourceName),
        },
      ] satisfies Draft[];
    }
    return changesIn(entry, method).map(({ part = [], provider, model, detail }) => ({
      ...said,
      identity: [...identity, ...part],
      kind: "change",
      provider: provider ?? doors.get(serviceName),
      model: model ? identifyModel(model) : undefined,
      detail: { ...detail, weakens: said.outcome?.status === "failure" ? undefined : detail.weakens },
    })) satisfies Draft[];
  },
});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An organization's sink carries every service: of an entry that is not about AI only its kind is kept. */
function withoutOthers(entry: Readonly<Record<string, unknown>>): unknown {
  const { logName, timestamp, protoPayload } = entry;
  if (!isObject(protoPayload)) return entry;
  const { serviceName, methodName } = protoPayload;
  const service = typeof serviceName === "string" ? serviceName.trim() : "";
  const setsPolicy = typeof methodName === "string" && /(^|\.)SetIamPolicy$/.test(methodName.trim());
  return doors.has(service) || keepers.has(service) || setsPolicy
    ? entry
    : { logName, timestamp, protoPayload: { serviceName, methodName } };
}

/** An organization's sink and a project's both deliver an entry: its own ids tell, whichever way it came. */
function identityOf({ logName, insertId, operation }: Entry, method: string, time: number) {
  const scope = logName.slice(0, logName.indexOf("/logs/"));
  return operation?.id && (operation.first || operation.last)
    ? ["gcp", scope, "operation", operation.id, method]
    : ["gcp", scope, insertId, time, method];
}

const reasons: ReadonlyMap<number, NonNullable<Outcome["reason"]>> = new Map([
  [3, "invalid"], // INVALID_ARGUMENT
  [7, "denied"], // PERMISSION_DENIED
  [8, "throttled"], // RESOURCE_EXHAUSTED
  [9, "invalid"], // FAILED_PRECONDITION
  [11, "invalid"], // OUT_OF_RANGE
  [16, "denied"], // UNAUTHENTICATED
]);

/** ABORTED: how a bidirectional stream ends when the client closes it, logged with severity ERROR. */
const ABORTED = 10;

function outcomeOf({ operation, protoPayload }: Entry, method: string): Outcome | undefined {
  const code = protoPayload.status?.code ?? 0;
  if (code !== 0 && !(code === ABORTED && /bidi/i.test(method)))
    return { status: "failure", reason: reasons.get(code) ?? "error", code: String(code) };
  // It has begun; how it went is for the last entry to say.
  return operation?.first && !operation.last ? undefined : { status: "success" };
}

function callerIn({ protoPayload }: Entry): Pick<Activity, "actor" | "credential"> {
  const { principalEmail, principalSubject, serviceAccountKeyName, serviceAccountDelegationInfo } =
    protoPayload.authenticationInfo ?? {};
  const acting = principalOf(principalEmail ?? principalSubject);
  // Cloud Run and its like pass through a service agent, which is nobody's wish.
  const caller = serviceAccountDelegationInfo
    ?.map((link) => principalOf(link.firstPartyPrincipal?.principalEmail ?? link.principalSubject))
    .find((principal) => principal && typeOf(principal) !== "service" && principal !== acting);
  const uid = caller ?? acting;
  return {
    actor: {
      uid,
      name: nameOf(uid),
      type: uid ? typeOf(uid) : undefined,
      issuerUid: caller ? acting : undefined,
    },
    credential: serviceAccountKeyName
      ? { uid: serviceAccountKeyName.replace(/^\/\/iam\.googleapis\.com\//, ""), type: "long-term" }
      : caller || (acting && typeOf(acting) === "workload")
        ? { type: "temporary" }
        : undefined,
  };
}

/** `serviceAccount:app@…` and `app@…` are one; pools keep their `principal://…`. */
const principalOf = (written: string | undefined): string | undefined =>
  written?.replace(/^(user|serviceAccount|group):/, "");

/** `principal://iam.googleapis.com/…/workforcePools/staff/subject/robin@example.com` */
const nameOf = (principal: string | undefined): string | undefined =>
  /\/subject\/(.+)$/.exec(principal ?? "")?.[1];

function typeOf(principal: string): NonNullable<Activity["actor"]>["type"] {
  if (/^service-(org-)?\d+@|@(cloudservices|system)\.gserviceaccount\.com$/.test(principal)) return "service";
  if (/gserviceaccount\.com$|\/workloadIdentityPools\/|\.svc\.id\.goog|^principal:\/\/agents\./.test(principal))
    return "workload";
  return principal.includes("@") || principal.includes("/workforcePools/") ? "human" : undefined;
}

/** Google writes words where the caller is its own, or sits in the customer's network. */
const addressOf = (address: string | undefined): string | undefined =>
  address && /[.:]/.test(address) ? address : undefined;

function regionOf(resourceName: string, serviceName: string): Activity["region"] {
  const requested = /(?:^|\/)locations\/([^/]+)/.exec(resourceName)?.[1]?.toLowerCase();
  // The Gemini API knows no locations.
  if (requested === undefined) return serviceName === GEMINI ? { scope: "global" } : undefined;
  if (requested === "global") return { requested, scope: "global" };
  if (requested === "us" || requested === "eu") return { requested, scope: "geography", geography: requested };
  return /^[a-z]+-[a-z]+\d+$/.test(requested) ? { requested, scope: "regional" } : undefined;
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** A publisher's model or the Gemini API's, from the first name that holds one. An endpoint's number names none. */
function modelNamed(...names: readonly (string | undefined)[]): string | undefined {
  for (const name of names) {
    const model = /(?:^|\/)(publishers\/[^/]+\/models\/[^/:]+)|^models\/([^/:]+)/.exec(name ?? "");
    if (model) return model[1] ?? model[2];
  }
  return undefined;
}

const modelIn = ({ protoPayload: { resourceName, request } }: Entry): string | undefined =>
  modelNamed(resourceName, request?.model, request?.endpoint);

/** Predict and its like carry whatever the model takes; other makers' models take chats in their own form. */
function takenBy(model: string | undefined): OperationName | undefined {
  if (model === undefined) return undefined;
  const name = lastOf(model);
  if (/embed|gecko|\be5\b/.test(name)) return "embeddings";
  if (/^(imagen|imagegeneration)/.test(name)) return "image_generation";
  if (/^veo/.test(name)) return "video_generation";
  return /^publishers\/(?!google\/)/.test(model) ? "chat" : undefined;
}

const deploymentTypes: ReadonlyMap<string, string> = new Map([
  ["endpoints", "endpoint"],
  ["reasoningEngines", "reasoning-engine"],
  ["engines", "search-engine"],
  ["tunedModels", "tuned-model"],
]);

function deploymentOf(resourceName: string): Activity["deployment"] {
  const [, uid, collection = "", name] =
    /^((?:.*\/)?(endpoints|reasoningEngines|engines|tunedModels)\/([^/:]+))/.exec(resourceName) ?? [];
  // The OpenAI-compatible endpoint is everybody's: the model stands in the body.
  return name && name !== "openapi" ? { uid, name, type: deploymentTypes.get(collection) } : undefined;
}

interface Change {
  /** Of an entry that tells several changes: which. */
  readonly part?: readonly string[];
  /** Where it is not the door of the service that was called. */
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly detail: Detail;
}

/** Services that open, hide and guard the use of AI. */
const keepers: ReadonlySet<string> = new Set([
  "serviceusage.googleapis.com",
  "servicemanagement.googleapis.com",
  "apikeys.googleapis.com",
  "logging.googleapis.com",
  "orgpolicy.googleapis.com",
  "modelarmor.googleapis.com",
]);

/** `Service.Method` of a service, and what it does to what. */
const acts: ReadonlyMap<string, readonly [Detail["object"], Detail["action"], string]> = new Map([
  [`${VERTEX}/EndpointService.CreateEndpoint`, ["deployment", "create", "endpoint"]],
  [`${VERTEX}/EndpointService.DeleteEndpoint`, ["deployment", "delete", "endpoint"]],
  [`${VERTEX}/EndpointService.DeployModel`, ["deployment", "create", "endpoint"]],
  [`${VERTEX}/EndpointService.UndeployModel`, ["deployment", "delete", "endpoint"]],
  [`${VERTEX}/EndpointService.MutateDeployedModel`, ["deployment", "update", "endpoint"]],
  [`${VERTEX}/ModelGardenService.Deploy`, ["deployment", "create", "endpoint"]],
  [`${VERTEX}/ModelGardenService.DeployPublisherModel`, ["deployment", "create", "endpoint"]],
  [`${VERTEX}/ModelGardenService.AcceptPublisherModelEula`, ["agreement", "create", "publisher-model"]],
  [`${VERTEX}/ReasoningEngineService.CreateReasoningEngine`, ["deployment", "create", "reasoning-engine"]],
  [`${VERTEX}/ReasoningEngineService.UpdateReasoningEngine`, ["deployment", "update", "reasoning-engine"]],
  [`${VERTEX}/ReasoningEngineService.DeleteReasoningEngine`, ["deployment", "delete", "reasoning-engine"]],
  [`${VERTEX}/GenAiTuningService.CreateTuningJob`, ["custom-model", "create", "tuning-job"]],
  [`${VERTEX}/ModelService.UploadModel`, ["custom-model", "create", "model"]],
  [`${VERTEX}/ModelService.CopyModel`, ["custom-model", "create", "model"]],
  [`${VERTEX}/ModelService.DeleteModel`, ["custom-model", "delete", "model"]],
  [`${VERTEX}/JobService.CreateBatchPredictionJob`, ["batch-job", "create", "batch-prediction-job"]],
  [`${VERTEX}/JobService.DeleteBatchPredictionJob`, ["batch-job", "delete", "batch-prediction-job"]],
  [`${GEMINI}/GenerativeService.BatchGenerateContent`, ["batch-job", "create", "batch"]],
  [`${GEMINI}/GenerativeService.AsyncBatchEmbedContent`, ["batch-job", "create", "batch"]],
  [`${GEMINI}/ModelService.CreateTunedModel`, ["custom-model", "create", "tuned-model"]],
  [`${GEMINI}/ModelService.DeleteTunedModel`, ["custom-model", "delete", "tuned-model"]],
  [`${SEARCH}/EngineService.CreateEngine`, ["deployment", "create", "search-engine"]],
  [`${SEARCH}/EngineService.DeleteEngine`, ["deployment", "delete", "search-engine"]],
  [
    `${CLAUDE}/ClaudeManagementService.ActivateClaudeOrganization`,
    ["entitlement", "enable", "claude-organization"],
  ],
  [`${CLAUDE}/ClaudeManagementService.GenerateConsoleAdminUrl`, ["other", "use", "claude-console"]],
  [`${CLAUDE}/ClaudeGatewayService.InvokeClaudeOrganization`, ["other", "use", "claude-organization"]],
  ["modelarmor.googleapis.com/ModelArmor.CreateTemplate", ["guardrail", "create", "template"]],
  ["modelarmor.googleapis.com/ModelArmor.UpdateTemplate", ["guardrail", "update", "template"]],
  ["modelarmor.googleapis.com/ModelArmor.DeleteTemplate", ["guardrail", "delete", "template"]],
  ["modelarmor.googleapis.com/ModelArmor.UpdateFloorSetting", ["guardrail", "update", "floor-setting"]],
]);

function changesIn(entry: Entry, method: string): readonly Change[] {
  const { serviceName = "", methodName = "", request } = entry.protoPayload;
  if (method === "SetIamPolicy") return policyChanges(entry);
  switch (serviceName) {
    case "serviceusage.googleapis.com":
    case "servicemanagement.googleapis.com":
      return serviceChanges(entry, method);
    case "apikeys.googleapis.com":
      return keyChanges(entry, method);
    case "logging.googleapis.com":
      return routingChanges(entry, method);
    case "orgpolicy.googleapis.com":
      return constraintChanges(entry, method);
  }
  if (serviceName === VERTEX && method === "SetPublisherModelConfig") return [requestLogging(entry)];
  if (serviceName === VERTEX && method === "UpdateEndpoint") {
    const object = /predict_?request_?response_?logging/i.test(pathsOf(request?.updateMask))
      ? "logging"
      : "deployment";
    return [{ detail: { object, action: "update", target: targetOf(entry, "endpoint") } }];
  }
  const act = acts.get(`${serviceName}/${methodName.split(".").slice(-2).join(".")}`);
  if (!act) return [];
  const [object, action, type] = act;
  const { machineSpec, minReplicaCount } = request?.deployedModel?.dedicatedResources ?? {};
  const enforced = request?.floorSetting?.enableFloorSettingEnforcement;
  return [
    {
      model:
        modelNamed(
          request?.batchPredictionJob?.model,
          request?.publisherModelName,
          request?.model,
          entry.protoPayload.resourceName,
        ) ??
        request?.huggingFaceModelId ??
        request?.tuningJob?.baseModel,
      detail: {
        object,
        action,
        weakens:
          object !== "guardrail"
            ? undefined
            : action === "delete"
              ? true
              : enforced === undefined
                ? undefined
                : !enforced,
        target: targetOf(entry, type),
        after: known({
          model: request?.deployedModel?.model,
          machineType: machineSpec?.machineType,
          acceleratorType: machineSpec?.acceleratorType,
          acceleratorCount: machineSpec?.acceleratorCount,
          minReplicaCount,
          enforced,
        }),
      },
    },
  ];
}

function targetOf({ protoPayload: { resourceName } }: Entry, type: string): Detail["target"] {
  // A thing that is created is told by its parent, whose name is not its own.
  const name = /\/(?!locations|projects)[A-Za-z]+\/([^/]+)$/.exec(resourceName ?? "")?.[1];
  return { uid: resourceName, name, type };
}

const pathsOf = (mask: z.infer<typeof Request>["updateMask"]): string =>
  typeof mask === "object" ? mask.paths.join(",") : (mask ?? "");

/** Requests and answers of a publisher's model, copied to BigQuery. A proto's `false` is left out of JSON. */
function requestLogging(entry: Entry): Change {
  const logging = entry.protoPayload.request?.publisherModelConfig?.loggingConfig;
  return {
    model: modelIn(entry),
    detail: {
      object: "logging",
      action: "update",
      weakens: logging ? !logging.enabled : undefined,
      target: targetOf(entry, "publisher-model"),
      after: logging && known({ enabled: logging.enabled ?? false, samplingRate: logging.samplingRate }),
    },
  };
}

function serviceChanges(entry: Entry, method: string): readonly Change[] {
  const action = /^(Batch)?Enable/.test(method) ? "enable" : /^Disable/.test(method) ? "disable" : undefined;
  if (action === undefined) return [];
  const { resourceName, request, response } = entry.protoPayload;
  const named = [resourceName, request?.name, ...(request?.serviceIds ?? [])].concat(
    response?.services?.map(({ name }) => name),
  );
  const services = new Set(named.map((name) => lastOf(name ?? "")).filter((name) => doors.has(name)));
  return [...services].map((service) => ({
    part: [service],
    provider: doors.get(service),
    detail: { object: "service", action, target: { uid: service, type: "api" } },
  }));
}

/** A key without restrictions opens every API of its project, the Gemini API included. */
function keyChanges(entry: Entry, method: string): readonly Change[] {
  const action = method === "CreateKey" ? "create" : method === "UpdateKey" ? "update" : undefined;
  const { request, response, resourceName } = entry.protoPayload;
  const key = request?.key ?? (response?.name?.includes("/keys/") ? response : undefined);
  if (action === undefined || key === undefined) return [];
  if (action === "update" && request && !/restrictions/.test(pathsOf(request.updateMask))) return [];

  const targets = key.restrictions?.apiTargets?.flatMap(({ service }) => service ?? []) ?? [];
  const door = targets.find((service) => doors.has(service));
  if (targets.length > 0 && door === undefined) return [];
  return [
    {
      provider: door && doors.get(door),
      detail: {
        object: "key",
        action,
        weakens: action === "update" ? targets.length === 0 : undefined,
        target: { uid: response?.name ?? key.name ?? resourceName, type: "api-key" },
        after: { restricted: targets.length > 0, ...(targets.length > 0 && { apiTargets: targets.join(", ") }) },
      },
    },
  ];
}

/** Sinks and exclusions that carry or drop logs of AI. A removed sink is known by its name only. */
function routingChanges(entry: Entry, method: string): readonly Change[] {
  const [, verb, kind] = /^(Create|Update|Delete)(Sink|Exclusion|Bucket)$/.exec(method) ?? [];
  if (verb === undefined || kind === undefined) return [];
  const { request, resourceName = "" } = entry.protoPayload;
  const action = verb === "Create" ? "create" : verb === "Update" ? "update" : "delete";
  const { sink, exclusion } = request ?? {};
  const dropped = [...(sink?.exclusions ?? []), ...(exclusion ? [exclusion] : [])].filter(
    ({ filter, disabled }) => !disabled && AI_SERVICE.test(filter ?? ""),
  );
  const filter = sink?.filter ?? exclusion?.filter;
  const named = [lastOf(resourceName), exclusion?.name].some((name) => AI_WORD.test(name ?? ""));
  if (!named && !AI_SERVICE.test(filter ?? "") && dropped.length === 0) return [];

  const lowers =
    kind === "Exclusion" ? dropped.length > 0 : action === "delete" || sink?.disabled || dropped.length > 0;
  const raises =
    kind === "Exclusion" ? action === "delete" || exclusion?.disabled : kind === "Sink" && action === "create";
  return [
    {
      detail: {
        object: "logging",
        action,
        weakens: lowers ? true : raises ? false : undefined,
        target: targetOf(entry, kind.toLowerCase()),
        after: known({
          filter,
          disabled: sink?.disabled ?? exclusion?.disabled,
          dropped: sink && dropped[0]?.filter,
        }),
      },
    },
  ];
}

/** `constraints/vertexai.allowedModels` and its like: what the organization lets its projects call. */
function constraintChanges(entry: Entry, method: string): readonly Change[] {
  const action = /^(Create|Update|Delete)Policy$/.exec(method)?.[1]?.toLowerCase();
  if (action !== "create" && action !== "update" && action !== "delete") return [];
  const { resourceName = "", request } = entry.protoPayload;
  if (![resourceName, request?.name].some((name) => /policies\/vertexai\./.test(name ?? ""))) return [];
  return [
    {
      provider: doors.get(VERTEX),
      detail: {
        object: "model-availability",
        action,
        weakens: action === "delete" ? true : undefined,
        target: targetOf(entry, "org-policy"),
      },
    },
  ];
}

/** Who may use AI, and whose use is logged, each change by itself. Any service's policy is set by this method. */
function policyChanges(entry: Entry): readonly Change[] {
  const { serviceName = "", serviceData, resourceName } = entry.protoPayload;
  const { bindingDeltas = [], auditConfigDeltas = [] } = serviceData?.policyDelta ?? {};
  const roles = bindingDeltas
    .filter(({ role }) => doors.has(serviceName) || AI_SERVICE.test(role ?? ""))
    .map(
      ({ action, role, member }): Change => ({
        part: ["role", action ?? "", role ?? "", member ?? ""],
        provider: doors.get(serviceName) ?? doors.get(VERTEX),
        detail: {
          object: "role",
          action: action === "REMOVE" ? "delete" : "create",
          target: { uid: resourceName, type: "iam-policy" },
          after: known({ role, member }),
        },
      }),
    );
  const logging = auditConfigDeltas
    .filter(({ service }) => service === "allServices" || doors.has(service ?? ""))
    .map(({ action, service, exemptedMember, logType }): Change => {
      // Adding an exemption hides a member's use; adding a log type shows everybody's.
      const lowers = (action === "REMOVE") !== (exemptedMember !== undefined);
      return {
        part: ["audit", action ?? "", service ?? "", logType ?? "", exemptedMember ?? ""],
        provider: doors.get(service ?? ""),
        detail: {
          object: "logging",
          action: exemptedMember ? "update" : lowers ? "disable" : "enable",
          weakens: lowers,
          target: { uid: resourceName, type: "audit-config" },
          after: known({ service, logType, exemptedMember }),
        },
      };
    });
  return [...roles, ...logging];
}
