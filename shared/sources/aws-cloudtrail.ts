/**
 * AWS CloudTrail: calls to models through Bedrock, its OpenAI- and Anthropic-compatible endpoint (mantle), AgentCore
 * and Claude Platform on AWS, and the administrative acts around them.
 *
 * Shape: AWS docs "CloudTrail record contents", "userIdentity element", Bedrock "logging-using-cloudtrail" and
 * "logging-cloudtrail-mantle", AgentCore "understanding-gateway-cloudtrail-log-entries", Claude Platform
 * "iam-actions" (read 2026-11). The event names of Claude Platform and the parameters of InvokeAgent are not
 * documented: names of IAM actions and of the API stand in for them.
 * Limits: no latency, tokens only sometimes and never on mantle; agents, knowledge bases, mantle and Claude Platform
 * are data events, which a trail must be told to record. A call is recorded when it ends, to the second.
 */
import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import type { Activity, Detail, Outcome } from "../model/activity.ts";
import {
  actorOfArn,
  credentialOfArn,
  deploymentOf,
  isApiKeyUser,
  operationNameOf,
  outcomeOf,
} from "../model/aws-bedrock.ts";
import { identifyModel } from "../model/identify-model.ts";
import { regionScopeOf } from "../model/region-scope.ts";
import { fromIsoTime } from "../model/units.ts";
import { type Draft, defineSource, labels, maybe, maybeText } from "./source.ts";

type Raw = Readonly<Record<string, unknown>>;

const isRaw = (value: unknown): value is Raw =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Services write these over what they will not log. */
const REDACTED = /^(HIDDEN_DUE_TO_SECURITY_REASONS|REDACTED|\*+)$/;

const idIn = (value: unknown): string | undefined => {
  if (typeof value !== "string") return undefined;
  const id = value.trim().slice(0, 1_024);
  return id === "" || REDACTED.test(id) ? undefined : id;
};

// Parameters differ by operation, and the same name may hold another thing elsewhere: only what has the form we
// know is taken, and the rest of the record still counts.
const form = <Value>(read: (value: unknown) => Value | undefined) => z.unknown().transform(read).optional();
const id = form(idIn);
const flag = form((value) =>
  value === true || value === "true" ? true : value === false || value === "false" ? false : undefined,
);
const figure = form((value) => (typeof value === "number" && Number.isFinite(value) ? value : undefined));
const ids = form((value) => (Array.isArray(value) ? value.flatMap((part) => idIn(part) ?? []) : undefined));
const within = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess((value) => (isRaw(value) ? value : undefined), z.object(shape).optional());
const eachOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess(
    (value) => (Array.isArray(value) ? value.filter(isRaw) : undefined),
    z.array(z.object(shape)).optional(),
  );

const Tokens = maybe(z.int().nonnegative());

const Event = z.object({
  eventTime: z.string(),
  eventSource: z.string().trim().min(1).max(256),
  eventName: z.string().trim().min(1).max(256),
  eventID: maybeText,
  /** Equal in the copies that several accounts get of one act. */
  sharedEventID: maybeText,
  /** A corrected record has an eventID of its own. */
  addendum: within({ originalEventID: id, originalRequestID: id }),
  requestID: maybeText,
  awsRegion: maybeText,
  recipientAccountId: maybeText,
  /** `NetworkActivity`: the same act once more, seen by a VPC endpoint. */
  eventCategory: maybeText,
  managementEvent: form((value) => (value === false ? value : undefined)),
  errorCode: maybeText,
  /** Also a service's DNS name, or `AWS Internal`. */
  sourceIPAddress: maybeText,
  userAgent: maybeText,
  sessionCredentialFromConsole: flag,
  userIdentity: maybe(
    z.object({
      type: maybeText,
      principalId: maybeText,
      arn: maybeText,
      /** The caller's; `anonymous` where a token and no AWS identity was shown. */
      accountId: maybeText,
      accessKeyId: maybeText,
      userName: maybeText,
      invokedBy: maybeText,
      credentialId: id,
      onBehalfOf: within({ userId: id }),
      inScopeOf: within({ credentialsIssuedTo: id }),
      sessionContext: within({
        sessionIssuer: within({ arn: id }),
        attributes: within({ mfaAuthenticated: flag }),
        sourceIdentity: id,
      }),
    }),
  ),
  tlsDetails: within({ clientProvidedHostHeader: id }),
  resources: eachOf({ ARN: id, type: id }),
  requestParameters: within({
    modelId: id,
    /** On mantle and Claude Platform. */
    model: id,
    /** Of a customization job, and of an agent. */
    baseModelIdentifier: id,
    foundationModel: id,
    metadata: z.preprocess((value) => (isRaw(value) ? value : undefined), labels.optional()),
    callWithBearerToken: flag,
    /** MCP through an AgentCore gateway. */
    body: within({ method: id, params: within({ name: id }) }),

    // What a change is about.
    guardrailIdentifier: id,
    guardrailVersion: id,
    provisionedModelId: id,
    provisionedModelName: id,
    modelUnits: figure,
    commitmentDuration: id,
    jobIdentifier: id,
    jobName: id,
    fineTuningJob: id,
    modelIdentifier: id,
    customModelName: id,
    importedModelName: id,
    inferenceProfileIdentifier: id,
    inferenceProfileName: id,
    customModelDeploymentIdentifier: id,
    endpointArn: id,
    agentName: id,
    agentId: id,
    agentAliasId: id,
    knowledgeBaseId: id,
    flowIdentifier: id,
    resourceArn: id,
    project_id: id,
    name: id,
    agreementId: id,
    loggingConfig: within({
      textDataDeliveryEnabled: flag,
      imageDataDeliveryEnabled: flag,
      embeddingDataDeliveryEnabled: flag,
      videoDataDeliveryEnabled: flag,
      audioDataDeliveryEnabled: flag,
      s3Config: within({ bucketName: id }),
      cloudWatchConfig: within({ logGroupName: id }),
    }),
    contentPolicyConfig: within({
      filtersConfig: eachOf({
        type: id,
        inputStrength: id,
        outputStrength: id,
        inputAction: id,
        outputAction: id,
        inputEnabled: flag,
        outputEnabled: flag,
      }),
    }),

    // IAM.
    userName: id,
    roleName: id,
    groupName: id,
    policyArn: id,
    serviceName: id,
    serviceSpecificCredentialId: id,
    credentialAgeDays: figure,
    status: id,

    // Service Quotas.
    serviceCode: id,
    quotaCode: id,
    desiredValue: figure,

    // CloudTrail.
    isMultiRegionTrail: flag,
    includeGlobalServiceEvents: flag,
    enableLogFileValidation: flag,
    trailName: id,
    eventDataStore: id,
    eventSelectors: eachOf({
      readWriteType: id,
      includeManagementEvents: flag,
      excludeManagementEventSources: ids,
    }),
    advancedEventSelectors: eachOf({
      fieldSelectors: eachOf({
        field: id,
        equals: ids,
        notEquals: ids,
      }),
    }),
  }),
  responseElements: within({
    /** A guardrail's verdict. */
    action: id,
    /** AgentCore reports its errors here. */
    statusCode: figure,
    guardrailId: id,
    provisionedModelArn: id,
    jobArn: id,
    inferenceProfileArn: id,
    customModelDeploymentArn: id,
    agreementId: id,
    accessKey: within({ accessKeyId: id }),
    serviceSpecificCredential: within({
      serviceName: id,
      serviceSpecificCredentialId: id,
      userName: id,
      expirationDate: id,
    }),
    requestedQuota: within({ quotaName: id }),
  }),
  additionalEventData: within({
    inferenceRegion: id,
    inputTokens: Tokens,
    outputTokens: Tokens,
    callWithBearerToken: flag,
    jwt: within({ claims: within({ sub: id, iss: id }) }),
  }),
});
type Event = z.output<typeof Event>;

type Meaning =
  | { readonly kind: "call" }
  | {
      readonly kind: "change";
      readonly object: Detail["object"];
      readonly action: Detail["action"];
      /** What was changed, in AWS' word. */
      readonly type: string;
    };

const CLAUDE_PLATFORM = "aws-external-anthropic.amazonaws.com";

/**
 * What a record is to us; undefined for the 99 in 100 that are about something else. Looks at the record as it came,
 * before its shape is checked, and must say the same of it once trimmed.
 */
function meaningOf(record: Raw): Meaning | undefined {
  const { eventSource, eventName } = record;
  if (typeof eventSource !== "string" || typeof eventName !== "string") return undefined;
  if (eventSource.startsWith("bedrock") || eventSource === CLAUDE_PLATFORM) return ofBedrock(eventName, record);
  const meaning = otherServices.get(eventSource)?.(eventName, record);
  if (meaning) return meaning;
  // A key for Bedrock that is used on anything else: Elastic, "Bedrock phantom user activity outside Bedrock" (2026).
  const userName = parameter(record, "userIdentity", "userName");
  return userName !== undefined && isApiKeyUser(userName)
    ? { kind: "change", object: "key", action: "use", type: "Service" }
    : undefined;
}

const parameter = (record: Raw, group: string, name: string): string | undefined => {
  const parameters = record[group];
  return isRaw(parameters) ? idIn(parameters[name]) : undefined;
};

const CALL =
  /^(InvokeModel.*|Invoke(Agent|InlineAgent|Flow|Gateway|Mcp|CodeInterpreter|DataAutomation).*|Converse(Stream)?|StartAsyncInvoke|CreateInference|Create(ChatCompletion|Response|Message|Embedding)s?|Retrieve(AndGenerate(Stream)?)?|Rerank|ApplyGuardrail)$/;

/** Reads by which somebody finds out what could be used, and whether it would be seen. */
const discovery: ReadonlyMap<string, Detail["object"]> = new Map([
  ["GetFoundationModelAvailability", "model-availability"],
  ["ListFoundationModels", "model-availability"],
  ["ListModels", "model-availability"],
  ["ListFoundationModelAgreementOffers", "agreement"],
  ["GetUseCaseForModelAccess", "use-case-form"],
  ["GetModelInvocationLoggingConfiguration", "logging"],
]);

const NO_CHANGE = /^(Get|BatchGet|List|Describe|Search|Count|Render|Validate|Test|Tag|Untag)/;

const actions: ReadonlyMap<string, Detail["action"]> = new Map([
  ["Create", "create"],
  ["Start", "create"],
  ["Register", "create"],
  ["Associate", "create"],
  ["Attach", "create"],
  ["Add", "create"],
  ["Put", "update"],
  ["Update", "update"],
  ["Reset", "update"],
  ["Prepare", "update"],
  ["Delete", "delete"],
  ["Deregister", "delete"],
  ["Disassociate", "delete"],
  ["Detach", "delete"],
  ["Remove", "delete"],
  ["Archive", "delete"],
  ["Stop", "disable"],
  ["Cancel", "disable"],
]);

/** What "Put" does where it does not change what was there. */
const puts: ReadonlyMap<string, Detail["action"]> = new Map([
  ["PutUseCaseForModelAccess", "create"],
  ["PutFoundationModelEntitlement", "enable"],
  ["PutEnforcedGuardrailConfiguration", "enable"],
]);

/** By the first that fits the rest of the operation's name. */
const objects: readonly (readonly [RegExp, Detail["object"]])[] = [
  [/^ModelInvocationLogging/, "logging"],
  [/Guardrail|^AutomatedReasoningPolicy/, "guardrail"],
  [/^UseCaseForModelAccess/, "use-case-form"],
  [/^FoundationModelAgreement/, "agreement"],
  [/^FoundationModelEntitlement/, "entitlement"],
  [/^ProvisionedModelThroughput|^Reservation/, "capacity"],
  [/^ModelInvocationJob|^BatchInference|^EvaluationJob/, "batch-job"],
  [/^CustomModelDeployment|^InferenceProfile|^MarketplaceModelEndpoint|^PromptRouter/, "deployment"],
  [/^(Agent|AgentAlias|AgentRuntime|AgentRuntimeEndpoint|Gateway|GatewayTarget|Flow|FlowAlias)$/, "deployment"],
  [
    /^CustomModel|^ModelCustomizationJob|^ModelImportJob|^ImportedModel|^ModelCopyJob|^FineTuningJob/,
    "custom-model",
  ],
  [/CredentialProvider$|^TokenVault|^Vault/, "key"],
  [/^ResourcePolicy/, "role"],
  [/DataRetention$/, "data-retention"],
  [/^Project|^Workspace/, "project"],
];

function ofBedrock(eventName: string, record: Raw): Meaning | undefined {
  if (CALL.test(eventName)) return { kind: "call" };
  const known = discovery.get(eventName);
  if (known) return { kind: "change", object: known, action: "read", type: nounOf(eventName) };
  if (NO_CHANGE.test(eventName)) return undefined;

  const action = actions.get(verbOf(eventName));
  if (action === undefined) {
    // How the OpenAI and Anthropic interfaces of bedrock-runtime are named here is not documented (2026-11).
    const modelId =
      parameter(record, "requestParameters", "modelId") ?? parameter(record, "requestParameters", "model");
    return modelId === undefined ? undefined : { kind: "call" };
  }
  // Where the endpoint's own record is missing, a refused attempt is all there is.
  if (record["eventCategory"] === "NetworkActivity" && idIn(record["errorCode"]) === undefined) return undefined;
  const type = nounOf(eventName);
  const object = objects.find(([pattern]) => pattern.test(type))?.[1] ?? "other";
  // Sessions, files, memories: the daily work of an application, not its administration.
  if (object === "other" && record["managementEvent"] === false) return undefined;
  return { kind: "change", object, action: puts.get(eventName) ?? action, type };
}

const verbOf = (eventName: string): string => /^[A-Z][a-z]+/.exec(eventName)?.[0] ?? "";
const nounOf = (eventName: string): string => eventName.slice(verbOf(eventName).length) || eventName;

const otherServices: ReadonlyMap<string, (eventName: string, record: Raw) => Meaning | undefined> = new Map([
  ["iam.amazonaws.com", ofIam],
  ["servicequotas.amazonaws.com", ofServiceQuotas],
  ["cloudtrail.amazonaws.com", ofCloudTrail],
  ["aws-marketplace.amazonaws.com", ofMarketplace],
  ["agreement-marketplace.amazonaws.com", ofMarketplace],
]);

const isAiService = (serviceName: string | undefined): boolean =>
  serviceName === "bedrock.amazonaws.com" || serviceName === CLAUDE_PLATFORM;

const iamObjects: readonly (readonly [RegExp, Detail["object"]])[] = [
  [/^(ServiceSpecificCredential|AccessKey)$/, "key"],
  [/^User$/, "user"],
  [/^LoginProfile$/, "authentication"],
  [/Policy$|^UserToGroup$|^UserFromGroup$/, "role"],
];

/** IAM as far as it makes keys for models, or lets somebody use them. */
function ofIam(eventName: string, record: Raw): Meaning | undefined {
  const type = nounOf(eventName);
  const action = actions.get(verbOf(eventName));
  const object = iamObjects.find(([pattern]) => pattern.test(type))?.[1];
  if (action === undefined || object === undefined) return undefined;
  const response = record["responseElements"];
  const isOurs =
    isApiKeyUser(parameter(record, "requestParameters", "userName") ?? "") ||
    isAiService(parameter(record, "requestParameters", "serviceName")) ||
    (isRaw(response) && isAiService(parameter(response, "serviceSpecificCredential", "serviceName"))) ||
    /:policy\/(AmazonBedrock|Anthropic)/.test(parameter(record, "requestParameters", "policyArn") ?? "");
  return isOurs ? { kind: "change", object, action, type } : undefined;
}

function ofServiceQuotas(eventName: string, record: Raw): Meaning | undefined {
  const asks =
    eventName === "RequestServiceQuotaIncrease" || eventName === "PutServiceQuotaIncreaseRequestIntoTemplate";
  return asks && parameter(record, "requestParameters", "serviceCode") === "bedrock"
    ? { kind: "change", object: "limit", action: "update", type: "ServiceQuota" }
    : undefined;
}

const trailActions: ReadonlyMap<string, readonly [Detail["action"], string]> = new Map([
  ["CreateTrail", ["create", "Trail"]],
  ["UpdateTrail", ["update", "Trail"]],
  ["DeleteTrail", ["delete", "Trail"]],
  ["StartLogging", ["enable", "Trail"]],
  ["StopLogging", ["disable", "Trail"]],
  ["PutEventSelectors", ["update", "Trail"]],
  ["StopEventDataStoreIngestion", ["disable", "EventDataStore"]],
  ["DeleteEventDataStore", ["delete", "EventDataStore"]],
]);

function ofCloudTrail(eventName: string): Meaning | undefined {
  const known = trailActions.get(eventName);
  return known ? { kind: "change", object: "logging", action: known[0], type: known[1] } : undefined;
}

/** A product's id does not say what it is; that Bedrock asked for it does. */
function ofMarketplace(eventName: string, record: Raw): Meaning | undefined {
  if (!/^(AcceptAgreementRequest|CancelAgreement(Request)?|Subscribe|Unsubscribe)$/.test(eventName))
    return undefined;
  const asked = [
    parameter(record, "userIdentity", "invokedBy"),
    idIn(record["sourceIPAddress"]),
    idIn(record["userAgent"]),
  ];
  if (!asked.some((name) => name === CLAUDE_PLATFORM || name?.startsWith("bedrock"))) return undefined;
  const ends = eventName.startsWith("Cancel") || eventName === "Unsubscribe";
  return { kind: "change", object: "agreement", action: ends ? "delete" : "create", type: "AgreementRequest" };
}

/** A record about something else keeps what tells that it is, as it stood, and nothing more. */
interface OtherEvent {
  readonly eventSource: string | undefined;
  readonly eventName: string | undefined;
  readonly eventCategory: string | undefined;
  readonly managementEvent: false | undefined;
}

const nameIn = (value: unknown): string | undefined =>
  typeof value === "string" && value.length <= 256 ? value : undefined;

const otherEvent = (record: Raw): OtherEvent => ({
  eventSource: nameIn(record["eventSource"]),
  eventName: nameIn(record["eventName"]),
  eventCategory: nameIn(record["eventCategory"]),
  managementEvent: record["managementEvent"] === false ? false : undefined,
});

/** An item of LookupEvents holds the record as text, and beside it enough to know that most need not be opened. */
function eventOf({ EventSource, EventName, Username, CloudTrailEvent }: Raw): Raw | undefined {
  if (typeof EventSource === "string" && !isOfInterest(EventSource) && !isApiKeyUser(idIn(Username) ?? ""))
    return { eventSource: EventSource, eventName: EventName };
  if (typeof CloudTrailEvent !== "string") return undefined;
  try {
    const event: unknown = JSON.parse(CloudTrailEvent);
    return isRaw(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

const isOfInterest = (eventSource: string): boolean =>
  eventSource.startsWith("bedrock") || eventSource === CLAUDE_PLATFORM || otherServices.has(eventSource);

const AnyEvent = z.unknown().transform((given, context): Event | OtherEvent => {
  const refuse = (path: string, message: string) => {
    context.issues.push({ code: "custom", path: path ? [path] : [], message, input: undefined });
    return z.NEVER;
  };
  if (!isRaw(given)) return refuse("", "expected object");
  const record = "CloudTrailEvent" in given ? eventOf(given) : given;
  if (record === undefined) return refuse("CloudTrailEvent", "expected JSON text");
  if (meaningOf(record) === undefined) {
    const other = otherEvent(record);
    return (other.eventSource ?? other.eventCategory) ? other : refuse("eventSource", "expected string");
  }
  const read = Event.safeParse(record);
  if (read.success) return read.data;
  for (const issue of read.error.issues) context.issues.push({ ...issue, input: undefined });
  return z.NEVER;
});

export const awsCloudtrail = defineSource({
  id: "aws.cloudtrail",
  title: "AWS CloudTrail",
  view: "provider",
  recognises({ CloudTrailEvent, eventVersion, eventSource, eventCategory }) {
    if (typeof CloudTrailEvent === "string") return true;
    if (typeof eventVersion !== "string") return false;
    // S3's notifications have a version and a source as well: `aws:s3`.
    return typeof eventSource === "string" ? !eventSource.startsWith("aws:") : eventCategory === "Insight";
  },
  record: AnyEvent,

  normalize(event) {
    const meaning = meaningOf(event as Raw);
    if (meaning === undefined || !("eventTime" in event)) return [];
    const time = fromIsoTime(event.eventTime);
    if (time === undefined) return { rejected: "eventTime: expected a time between 1970 and 9999" };
    const { userIdentity, requestParameters, additionalEventData } = event;
    const account = accountOf(event);
    const eventUid = event.addendum?.originalEventID ?? event.eventID;
    const requestUid = event.addendum?.originalRequestID ?? event.requestID;
    if (eventUid === undefined && requestUid === undefined) return { rejected: "neither eventID nor requestID" };
    const outcome = outcomeOfEvent(event);
    const modelId =
      requestParameters?.modelId ?? requestParameters?.model ?? requestParameters?.baseModelIdentifier;
    const claims = additionalEventData?.jwt?.claims;

    const seen = {
      startTime: time,
      endTime: time,
      count: 1,
      operation: event.eventName,
      outcome,
      actor: actorOf(event),
      credential: credentialOf(event),
      account: account === undefined ? undefined : { uid: account },
      project: projectOf(event),
      provider: providerOf(event),
      model: modelId === undefined ? undefined : identifyModel(modelId),
      network: {
        ip: ipOf(event.sourceIPAddress),
        userAgent: event.userAgent,
        host: event.tlsDetails?.clientProvidedHostHeader,
      },
      labels: named({
        ...requestParameters?.metadata,
        "aws.invokedBy": userIdentity?.invokedBy,
        "aws.onBehalfOf": userIdentity?.onBehalfOf?.userId,
        "aws.sourceIdentity": userIdentity?.sessionContext?.sourceIdentity,
        "aws.credentialsIssuedTo": userIdentity?.inScopeOf?.credentialsIssuedTo,
        "jwt.iss": claims?.iss,
        "mcp.tool": requestParameters?.body?.params?.name,
      }),
    };

    if (meaning.kind === "change") {
      const { object, action, type } = meaning;
      const change: Draft = {
        ...seen,
        kind: "change",
        // One act, delivered to each account it concerns.
        identity: event.sharedEventID
          ? ["aws", "shared", event.sharedEventID]
          : ["aws", account, eventUid ?? requestUid],
        region: { requested: event.awsRegion, ...(object === "batch-job" && modelId && regionScopeOf(modelId)) },
        detail: {
          object,
          action,
          weakens: outcome.status === "success" ? weakens(event) : undefined,
          target: targetOf(event, type),
          after: settingsAfter(event),
        },
      };
      return [change];
    }

    if (isNoCall(event, outcome)) return [];
    const call: Draft = {
      ...seen,
      kind: "call",
      // The same in the invocation log, in the record of a guardrail's check within the call, and in that of the
      // network it came through: all of them are one call.
      identity: ["aws", account, requestUid ?? eventUid],
      operationName:
        operationNameOf(event.eventName, modelId) ??
        operationNames.get(event.eventName) ??
        (modelId === undefined ? undefined : "chat"),
      deployment: modelId === undefined ? resourceOf(event) : deploymentOf(modelId),
      region: {
        requested: event.awsRegion,
        processed: additionalEventData?.inferenceRegion,
        // "Data may not reside in AWS": Claude Platform docs (2026-11).
        ...(event.eventSource === CLAUDE_PLATFORM
          ? { scope: "global" as const }
          : modelId && regionScopeOf(modelId)),
      },
      usage: { inputTokens: additionalEventData?.inputTokens, outputTokens: additionalEventData?.outputTokens },
    };
    return [call];
  },
});

const operationNames: ReadonlyMap<string, NonNullable<Activity["operationName"]>> = new Map([
  ["InvokeAgent", "invoke_agent"],
  ["InvokeInlineAgent", "invoke_agent"],
  ["InvokeAgentRuntime", "invoke_agent"],
  ["InvokeFlow", "invoke_workflow"],
  ["InvokeGateway", "execute_tool"],
  ["InvokeMcp", "execute_tool"],
  ["InvokeCodeInterpreter", "execute_tool"],
  ["Retrieve", "retrieval"],
  ["RetrieveAndGenerate", "chat"],
  ["RetrieveAndGenerateStream", "chat"],
  ["Rerank", "rerank"],
]);

/** The caller's account; where AWS does not know it, the one whose resource was used. */
function accountOf({ userIdentity, recipientAccountId }: Event): string | undefined {
  const caller = userIdentity?.accountId;
  return caller === undefined || caller === "anonymous" ? recipientAccountId : caller;
}

function actorOf({ userIdentity, sessionCredentialFromConsole, additionalEventData }: Event): Activity["actor"] {
  const subject = additionalEventData?.jwt?.claims?.sub;
  if (subject !== undefined) return { uid: subject };
  if (userIdentity === undefined) return undefined;
  const { type, arn, invokedBy, principalId, userName, onBehalfOf, inScopeOf, sessionContext } = userIdentity;
  if (type === "AWSService") return { uid: invokedBy, name: invokedBy, type: "service" };
  if (type === "IdentityCenterUser")
    return { uid: onBehalfOf?.userId ?? principalId, name: userName, type: "human" };
  if (arn === undefined) return { uid: principalId?.split(":")[0], name: userName };

  const actor = actorOfArn(arn);
  const isPerson = sessionCredentialFromConsole === true || sessionContext?.attributes?.mfaAuthenticated === true;
  const isProgram = inScopeOf?.credentialsIssuedTo !== undefined || invokedBy !== undefined;
  return {
    ...actor,
    type: actor.type ?? (isPerson ? "human" : isProgram ? "workload" : undefined),
    issuerUid: actor.issuerUid ?? sessionContext?.sessionIssuer?.arn,
  };
}

function credentialOf(event: Event): Activity["credential"] {
  const { userIdentity, requestParameters, additionalEventData, sessionCredentialFromConsole } = event;
  const uid = userIdentity?.accessKeyId ?? userIdentity?.credentialId;
  const bearer =
    additionalEventData?.callWithBearerToken ?? requestParameters?.callWithBearerToken ?? additionalEventData?.jwt;
  // Such a user can be given an access key too, and then it is no longer the API key that was used.
  const apiKey = userIdentity?.arn === undefined ? undefined : credentialOfArn(userIdentity.arn);
  if (apiKey && (bearer || uid === undefined)) return apiKey;
  if (bearer) return { uid, type: "bearer" };
  if (sessionCredentialFromConsole) return { uid, type: "console" };
  return { uid, type: uid?.startsWith("AKIA") ? "long-term" : uid?.startsWith("ASIA") ? "temporary" : undefined };
}

/** The door; for a key and its user, the door they open. A trail belongs to none. */
function providerOf({
  eventSource,
  userIdentity,
  requestParameters,
  responseElements,
}: Event): string | undefined {
  if (eventSource === "cloudtrail.amazonaws.com") return undefined;
  const service =
    requestParameters?.serviceName ?? responseElements?.serviceSpecificCredential?.serviceName ?? eventSource;
  const keyUser = requestParameters?.userName ?? userIdentity?.userName;
  return service === CLAUDE_PLATFORM || keyUser?.startsWith("AeaApiKey-") ? "aws.claude_platform" : "aws.bedrock";
}

/** A project of mantle, a workspace of Claude Platform. */
function projectOf({ resources }: Event): Activity["project"] {
  for (const { ARN } of resources ?? []) {
    const uid = ARN && /:(?:project|workspace)\/(.+)$/.exec(ARN)?.[1];
    if (uid) return { uid };
  }
  return undefined;
}

/** The agent, knowledge base, flow or gateway that was called. */
function resourceOf({ eventName, resources }: Event): Activity["deployment"] {
  if (eventName === "ApplyGuardrail") return undefined;
  const arn = resources?.find(({ ARN }) => ARN && !/:(project|workspace)\//.test(ARN))?.ARN;
  return arn === undefined ? undefined : deploymentOf(arn);
}

/** IPv4 may be padded with zeros; a service that calls for somebody gives its name instead. */
function ipOf(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    const plain = address.split(".").map(Number).join(".");
    return isIPv4(plain) ? plain : undefined;
  }
  return isIPv6(address) ? address : undefined;
}

function outcomeOfEvent({ eventName, errorCode, responseElements }: Event): Outcome {
  const { action, statusCode } = responseElements ?? {};
  if (errorCode === undefined && eventName === "ApplyGuardrail" && action === "GUARDRAIL_INTERVENED")
    return { status: "failure", reason: "blocked", code: action };
  return outcomeOf(errorCode ?? (statusCode !== undefined && statusCode >= 400 ? String(statusCode) : undefined));
}

/** A guardrail's check that found nothing, and MCP's talk around the use of tools. */
function isNoCall({ eventName, requestParameters }: Event, { status }: Outcome): boolean {
  if (status === "failure") return false;
  const method = requestParameters?.body?.method;
  return eventName === "ApplyGuardrail" || (method !== undefined && method !== "tools/call");
}

/** Absent where the log does not show whether a protection was lowered or raised. */
const weakens = (event: Event): boolean | undefined => protections.get(event.eventName)?.(event);

const protections = new Map<string, (event: Event) => boolean | undefined>([
  [
    "PutModelInvocationLoggingConfiguration",
    ({ requestParameters }) => loggingWeakened(requestParameters?.loggingConfig),
  ],
  ["DeleteModelInvocationLoggingConfiguration", () => true],
  ["CreateGuardrail", () => false],
  ["UpdateGuardrail", ({ requestParameters }) => guardrailWeakened(requestParameters?.contentPolicyConfig)],
  ["DeleteGuardrail", () => true],
  ["PutEnforcedGuardrailConfiguration", () => false],
  ["DeleteEnforcedGuardrailConfiguration", () => true],
  ["CreateAutomatedReasoningPolicy", () => false],
  ["DeleteAutomatedReasoningPolicy", () => true],
  ["CreateTrail", () => false],
  ["StartLogging", () => false],
  ["StopLogging", () => true],
  ["DeleteTrail", () => true],
  ["UpdateTrail", ({ requestParameters }) => trailWeakened(requestParameters)],
  ["PutEventSelectors", ({ requestParameters }) => selectionWeakened(requestParameters)],
  ["StopEventDataStoreIngestion", () => true],
  ["DeleteEventDataStore", () => true],
]);

type Request = NonNullable<Event["requestParameters"]>;

/** Text is what nearly all use is; a first set-up that leaves images out takes nothing away. */
function loggingWeakened(config: Request["loggingConfig"]): boolean | undefined {
  if (config === undefined) return undefined;
  const hasDestination = config.s3Config !== undefined || config.cloudWatchConfig !== undefined;
  return config.textDataDeliveryEnabled === false || !hasDestination;
}

/** Most of an update is redacted; undefined where nothing shows what became of the filters. */
function guardrailWeakened(policy: Request["contentPolicyConfig"]): boolean | undefined {
  const filters = policy?.filtersConfig;
  if (filters === undefined) return undefined;
  const isOff = (filter: (typeof filters)[number]) =>
    [filter.inputStrength, filter.outputStrength, filter.inputAction, filter.outputAction].includes("NONE") ||
    filter.inputEnabled === false ||
    filter.outputEnabled === false;
  return filters.length === 0 || filters.some(isOff) ? true : undefined;
}

const trailWeakened = (request: Request | undefined): boolean | undefined =>
  [request?.isMultiRegionTrail, request?.includeGlobalServiceEvents, request?.enableLogFileValidation].includes(
    false,
  )
    ? true
    : undefined;

/**
 * True where calls to models are no longer selected: they are management events that CloudTrail takes for reads, so
 * a trail of write events misses them too.
 */
function selectionWeakened(request: Request | undefined): boolean | undefined {
  const basic = request?.eventSelectors;
  if (basic !== undefined && basic.length > 0) {
    const selected = basic.some(
      ({ includeManagementEvents, readWriteType, excludeManagementEventSources }) =>
        includeManagementEvents !== false &&
        readWriteType !== "WriteOnly" &&
        !excludeManagementEventSources?.some((name) => name.startsWith("bedrock")),
    );
    return selected ? undefined : true;
  }
  const advanced = request?.advancedEventSelectors;
  if (advanced === undefined || advanced.length === 0) return undefined;
  const selected = advanced.some(({ fieldSelectors = [] }) => {
    const field = (name: string) => fieldSelectors.find((selector) => selector.field === name);
    return (
      field("eventCategory")?.equals?.includes("Management") === true &&
      field("readOnly")?.equals?.includes("false") !== true &&
      field("eventSource")?.notEquals?.some((name) => name.startsWith("bedrock")) !== true
    );
  });
  return selected ? undefined : true;
}

function targetOf(event: Event, type: string): Detail["target"] {
  const { requestParameters: request, responseElements: response } = event;
  if (type === "Service") return { uid: event.eventSource, type };
  // With a version named, the guardrail itself stays.
  if (type === "Guardrail" && request?.guardrailVersion)
    return { uid: request.guardrailIdentifier, name: request.guardrailVersion, type: "GuardrailVersion" };
  if (type === "Trail") return { uid: request?.trailName ?? request?.name, type };
  return {
    uid:
      request?.policyArn ??
      request?.guardrailIdentifier ??
      response?.guardrailId ??
      request?.provisionedModelId ??
      response?.provisionedModelArn ??
      request?.jobIdentifier ??
      request?.fineTuningJob ??
      response?.jobArn ??
      request?.inferenceProfileIdentifier ??
      response?.inferenceProfileArn ??
      request?.customModelDeploymentIdentifier ??
      response?.customModelDeploymentArn ??
      request?.endpointArn ??
      request?.modelIdentifier ??
      request?.agentAliasId ??
      request?.agentId ??
      request?.knowledgeBaseId ??
      request?.flowIdentifier ??
      request?.project_id ??
      request?.resourceArn ??
      request?.serviceSpecificCredentialId ??
      response?.serviceSpecificCredential?.serviceSpecificCredentialId ??
      response?.accessKey?.accessKeyId ??
      request?.quotaCode ??
      request?.agreementId ??
      response?.agreementId ??
      request?.eventDataStore ??
      request?.modelId ??
      resourceOf(event)?.uid,
    name:
      request?.userName ??
      request?.roleName ??
      request?.groupName ??
      response?.serviceSpecificCredential?.userName ??
      request?.provisionedModelName ??
      request?.jobName ??
      request?.customModelName ??
      request?.importedModelName ??
      request?.inferenceProfileName ??
      response?.requestedQuota?.quotaName ??
      request?.agentName ??
      request?.name,
    type,
  };
}

function settingsAfter({ requestParameters: request, responseElements: response }: Event): Detail["after"] {
  const { loggingConfig: logging } = request ?? {};
  return named({
    textDataDeliveryEnabled: logging?.textDataDeliveryEnabled,
    imageDataDeliveryEnabled: logging?.imageDataDeliveryEnabled,
    embeddingDataDeliveryEnabled: logging?.embeddingDataDeliveryEnabled,
    videoDataDeliveryEnabled: logging?.videoDataDeliveryEnabled,
    audioDataDeliveryEnabled: logging?.audioDataDeliveryEnabled,
    bucketName: logging?.s3Config?.bucketName,
    logGroupName: logging?.cloudWatchConfig?.logGroupName,
    modelUnits: request?.modelUnits,
    commitmentDuration: request?.commitmentDuration,
    serviceName: request?.serviceName,
    credentialAgeDays: request?.credentialAgeDays,
    expirationDate: response?.serviceSpecificCredential?.expirationDate,
    status: request?.status,
    serviceCode: request?.serviceCode,
    desiredValue: request?.desiredValue,
    isMultiRegionTrail: request?.isMultiRegionTrail,
    includeGlobalServiceEvents: request?.includeGlobalServiceEvents,
    enableLogFileValidation: request?.enableLogFileValidation,
  });
}

/** What the log says, under its own names. */
function named<Value>(settings: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  const said: Record<string, Value> = {};
  for (const [name, value] of Object.entries(settings)) if (value !== undefined) said[name] = value;
  return said;
}
