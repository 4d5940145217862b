/**
 * Azure Activity Log, as far as it is about AI: deployments and where they may run, keys, diagnostic settings,
 * content filters, network and key-authentication switches, roles, capacity.
 *
 * Shape: Azure Monitor, "Azure Activity Log event schema" (REST, and storage account or Event Hub) and the table
 * AzureActivity, read 2026-11; all three are read as the second. Operations: Microsoft.CognitiveServices and its
 * built-in roles.
 * Limits: an operation is told in several rows with one correlationId. The body that was sent stands in the row
 * "Start", the outcome in the last one, so both are read and have one uid; a row in between without a body says
 * nothing. Nothing tells what was set before: `weakens` means that protection is lower than it could be after this
 * act, and a template that is applied again repeats it. Where an act failed, its first row still says what was
 * asked for.
 */
import { z } from "zod";
import type { Activity, Detail, Outcome } from "../model/activity.ts";
import { identifyModel } from "../model/identify-model.ts";
import { fromIsoTime } from "../model/units.ts";
import { type Draft, defineSource, jsonText, known, loose, maybe, maybeText } from "./source.ts";

const CATEGORY =
  /^(administrative|security|servicehealth|alert|recommendation|policy|autoscale|resourcehealth|write|delete|action)$/i;

const SUBSCRIPTION = /^\/subscriptions\/([^/]+)/;
/** What holds models or reaches them: a Cognitive Services account, a machine learning workspace, a gateway. */
const HOLDER =
  /^.*\/providers\/microsoft\.(?:cognitiveservices\/accounts|machinelearningservices\/workspaces|apimanagement\/service)\/([^/]+)/;
const ACCOUNT = /\/providers\/microsoft\.cognitiveservices\/accounts\//;

const word = loose(maybeText);
const flag = loose(z.boolean());

/** The rest of an address may hold keys. A host alone stays one. */
const hostOf = (address: string | undefined): string | undefined => {
  if (address === undefined || /^[\w.-]+$/.test(address)) return address;
  return URL.canParse(address) ? new URL(address).hostname || undefined : undefined;
};

const Body = z.object({
  /** Stands in the whole of a resource, not in a change to a part of it. */
  location: word,
  kind: word,
  keyName: word,
  sku: loose(z.object({ name: word, capacity: loose(z.number()) })),
  properties: loose(
    z.object({
      model: loose(z.object({ format: word, name: word, version: word })),
      modelSettings: loose(z.object({ modelId: word })),
      modelId: word,
      raiPolicyName: word,
      publicNetworkAccess: word,
      networkAcls: loose(z.object({ defaultAction: word })),
      disableLocalAuth: flag,
      logs: loose(z.array(z.object({ category: word, categoryGroup: word, enabled: flag }))),
      basePolicyName: word,
      mode: word,
      contentFilters: loose(
        z.array(z.object({ name: word, source: word, enabled: flag, blocking: flag, severityThreshold: word })),
      ),
      roleDefinitionId: word,
      principalId: word,
      principalType: word,
      serviceUrl: loose(maybeText.transform(hostOf)),
      path: word,
    }),
  ),
});
type Body = z.infer<typeof Body>;
const body = jsonText(z.preprocess((sent) => camelCased(sent, 5), maybe(Body))).catch(undefined);

const claim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
const entraClaim = "http://schemas.microsoft.com/identity/claims";
const Claims = z.object({
  [`${claim}/upn`]: maybeText,
  [`${claim}/emailaddress`]: maybeText,
  [`${entraClaim}/objectidentifier`]: maybeText,
  [`${entraClaim}/tenantid`]: maybeText,
  appid: maybeText,
  /** `app` or `user`. */
  idtyp: maybeText,
  /** The resource whose managed identity this is. */
  xms_mirid: maybeText,
});
const Authorization = z.object({ evidence: maybe(z.object({ principalType: maybeText })) });

const Event = z.object({
  time: z.string(),
  resourceId: z.string(),
  operationName: z.string(),
  category: z.string(),
  resultType: maybeText,
  resultSignature: maybeText,
  correlationId: maybeText,
  callerIpAddress: maybeText,
  /** A person's sign-in name or a program's object id. */
  caller: maybeText,
  identity: jsonText(
    maybe(z.object({ authorization: jsonText(maybe(Authorization)), claims: jsonText(maybe(Claims)) })),
  ),
  properties: jsonText(
    maybe(
      z.object({
        statusCode: maybe(z.union([z.string(), z.number()])).transform((code) => code?.toString().slice(0, 1_024)),
        requestbody: body,
        responseBody: body,
      }),
    ),
  ),
});
type Event = z.infer<typeof Event>;

/** One operation, as far as this row tells it. */
interface Act {
  readonly operation: string;
  /** In small letters: Event Hubs write capitals. */
  readonly resource: string;
  readonly request: Body | undefined;
  readonly response: Body | undefined;
  readonly created: boolean;
  readonly ended: boolean;
}

type Change = Pick<Activity, "model" | "deployment" | "region" | "provider"> & {
  readonly detail: Omit<Detail, "target"> & { readonly target: string };
};

export const azureActivity = defineSource({
  id: "azure.activity",
  title: "Azure Activity Log",
  view: "provider",

  recognises: (record) => {
    const { time, resourceId, operationName, category } = asWritten(record);
    return (
      typeof time === "string" &&
      typeof resourceId === "string" &&
      typeof operationName === "string" &&
      typeof category === "string" &&
      CATEGORY.test(category)
    );
  },

  record: z.preprocess((record) => (isObject(record) ? withoutOthers(asWritten(record)) : record), Event),

  normalize: (event) => {
    const time = fromIsoTime(event.time);
    if (time === undefined) return { rejected: "time: expected an ISO 8601 time" };
    const outcome = outcomeOf(event);
    if (outcome === "unknown") return [];

    const act: Act = {
      operation: event.operationName.toLowerCase(),
      resource: event.resourceId.toLowerCase(),
      request: event.properties?.requestbody,
      response: event.properties?.responseBody,
      created: statusOf(event)?.toLowerCase() === "created",
      ended: outcome !== "pending",
    };
    const change = operations.get(act.operation)?.(act);
    if (!change || (outcome === "pending" && !change.detail.after)) return [];

    const { detail, ...about } = change;
    const [holder, holderName] = HOLDER.exec(act.resource) ?? [];
    const claims = event.identity?.claims;
    const tenant = claims?.[`${entraClaim}/tenantid`];
    const subscription = SUBSCRIPTION.exec(act.resource)?.[1];
    return [
      {
        identity: ["azure", event.correlationId ?? time, act.operation, act.resource],
        kind: "change",
        startTime: time,
        endTime: time,
        count: 1,
        operation: event.operationName,
        outcome: outcome === "pending" ? undefined : outcome,
        actor: actorOf(event),
        credential: claims?.xms_mirid ? { type: "managed-identity" } : undefined,
        account: subscription ? { uid: subscription } : undefined,
        organization: tenant ? { uid: tenant } : undefined,
        project: holder ? { uid: holder, name: holderName } : undefined,
        network: { ip: event.callerIpAddress },
        ...about,
        detail: {
          ...detail,
          weakens: outcome !== "pending" && outcome.status === "failure" ? undefined : detail.weakens,
          target: { uid: act.resource, name: lastOf(act.resource), type: detail.target },
        },
      },
    ] satisfies Draft[];
  },
});

const OPENAI = "azure.ai.openai";
const INFERENCE = "azure.ai.inference";

type Read = (act: Act) => Change | undefined;

const plain =
  (object: Detail["object"], action: Detail["action"], target: string, provider = OPENAI): Read =>
  () => ({ provider, detail: { object, action, target } });

const removed =
  (object: Detail["object"], target: string): Read =>
  () => ({ provider: OPENAI, detail: { object, action: "delete", weakens: true, target } });

const COGNITIVE = "microsoft.cognitiveservices";
const MACHINE_LEARNING = "microsoft.machinelearningservices/workspaces";

const operations: ReadonlyMap<string, Read> = new Map([
  [`${COGNITIVE}/accounts/write`, accountWritten],
  [`${COGNITIVE}/accounts/delete`, plain("project", "delete", "account")],
  [`${COGNITIVE}/accounts/listkeys/action`, plain("key", "read", "account")],
  [`${COGNITIVE}/accounts/regeneratekey/action`, keyRegenerated],
  [`${COGNITIVE}/accounts/connections/listsecrets/action`, plain("key", "read", "connection")],
  [`${COGNITIVE}/accounts/deployments/write`, deploymentWritten],
  [`${COGNITIVE}/accounts/deployments/delete`, plain("deployment", "delete", "deployment")],
  [`${COGNITIVE}/accounts/raipolicies/write`, filtersWritten],
  [`${COGNITIVE}/accounts/raipolicies/delete`, removed("guardrail", "content-filter")],
  [`${COGNITIVE}/accounts/raiblocklists/write`, plain("guardrail", "update", "blocklist")],
  [`${COGNITIVE}/accounts/raiblocklists/delete`, removed("guardrail", "blocklist")],
  [`${COGNITIVE}/accounts/projects/write`, plain("project", "create", "project")],
  [`${COGNITIVE}/accounts/projects/delete`, plain("project", "delete", "project")],
  [`${COGNITIVE}/accounts/commitmentplans/write`, capacityWritten],
  [`${COGNITIVE}/accounts/commitmentplans/delete`, plain("capacity", "delete", "commitment-plan")],
  [`${COGNITIVE}/commitmentplans/write`, capacityWritten],
  [`${COGNITIVE}/commitmentplans/delete`, plain("capacity", "delete", "commitment-plan")],
  ["microsoft.insights/diagnosticsettings/write", loggingWritten],
  ["microsoft.insights/diagnosticsettings/delete", loggingDeleted],
  ["microsoft.authorization/roleassignments/write", (act) => roleChanged(act, "create")],
  ["microsoft.authorization/roleassignments/delete", (act) => roleChanged(act, "delete")],
  [`${MACHINE_LEARNING}/onlineendpoints/write`, plain("deployment", "create", "endpoint", INFERENCE)],
  [`${MACHINE_LEARNING}/onlineendpoints/delete`, plain("deployment", "delete", "endpoint", INFERENCE)],
  [`${MACHINE_LEARNING}/onlineendpoints/listkeys/action`, plain("key", "read", "endpoint", INFERENCE)],
  [`${MACHINE_LEARNING}/serverlessendpoints/write`, (act) => modelTaken(act, "deployment", "endpoint")],
  [`${MACHINE_LEARNING}/serverlessendpoints/delete`, plain("deployment", "delete", "endpoint", INFERENCE)],
  [`${MACHINE_LEARNING}/serverlessendpoints/listkeys/action`, plain("key", "read", "endpoint", INFERENCE)],
  [`${MACHINE_LEARNING}/marketplacesubscriptions/write`, (act) => modelTaken(act, "agreement", "subscription")],
  ["microsoft.apimanagement/service/apis/write", (act) => gatewayApiChanged(act, "create")],
  ["microsoft.apimanagement/service/apis/delete", (act) => gatewayApiChanged(act, "delete")],
]);

/** Actions are named by the operation: "Created" or "OK" stands in the last row only, and in `outcome.code`. */
function deploymentWritten(act: Act): Change {
  const sku = said(act, (body) => body.sku?.name);
  const model = said(act, (body) => body.properties?.model);
  return {
    provider: OPENAI,
    model: model?.name
      ? identifyModel(model.name, {
          ...(model.version && { version: model.version }),
          ...(model.format && { vendor: model.format }),
        })
      : undefined,
    deployment: { uid: act.resource, name: lastOf(act.resource) },
    region: sku ? { scope: scopeOf(sku) } : undefined,
    detail: {
      object: "deployment",
      action: "create",
      target: "deployment",
      after: known({
        sku,
        capacity: said(act, (body) => body.sku?.capacity),
        model: model?.name,
        version: model?.version,
        raiPolicy: said(act, (body) => body.properties?.raiPolicyName),
      }),
    },
  };
}

/**
 * Where a deployment may run. Azure AI docs, "Deployment types" (2026): Global and Developer anywhere, DataZone in
 * the zone (US or EU) of the account's region, which this log does not name.
 */
function scopeOf(sku: string): NonNullable<Activity["region"]>["scope"] {
  if (/^(global|developer)/i.test(sku)) return "global";
  if (/^datazone/i.test(sku)) return "geography";
  return /^(standard|provisioned)/i.test(sku) ? "regional" : undefined;
}

/**
 * Only what was sent tells what was meant: the answer repeats the whole account, whatever was changed. Where the
 * whole account was sent, it may be a new one with Azure's defaults, which lowers nothing.
 */
function accountWritten({ request, created, ended }: Act): Change {
  const { kind, location, sku, properties } = request ?? {};
  const settles = location === undefined || (ended && !created);
  const effects: readonly (readonly [Detail["object"], boolean | undefined])[] = settles
    ? [
        ["network", opensNetwork(properties)],
        ["authentication", properties?.disableLocalAuth === undefined ? undefined : !properties.disableLocalAuth],
      ]
    : [];
  // One record is one act. What lowers protection is named before what raises it; `after` has both.
  const [object, weakens] = effects.find(([, lower]) => lower) ??
    effects.find(([, lower]) => lower === false) ?? ["project"];
  return {
    provider: OPENAI,
    detail: {
      object,
      action: created ? "create" : "update",
      weakens,
      target: "account",
      after: known({
        kind,
        sku: sku?.name,
        publicNetworkAccess: properties?.publicNetworkAccess,
        defaultAction: properties?.networkAcls?.defaultAction,
        disableLocalAuth: properties?.disableLocalAuth,
      }),
    },
  };
}

/** Undefined where nothing is said, and where the network is open to chosen addresses only. */
function opensNetwork(properties: Body["properties"]): boolean | undefined {
  const access = properties?.publicNetworkAccess?.toLowerCase();
  const others = properties?.networkAcls?.defaultAction?.toLowerCase();
  if (access === "disabled" || access === "securedbyperimeter") return false;
  if (others === "deny") return access === undefined ? false : undefined;
  return access === "enabled" || others === "allow" ? true : undefined;
}

function keyRegenerated(act: Act): Change {
  const after = known({ keyName: act.request?.keyName });
  return { provider: OPENAI, detail: { object: "key", action: "update", target: "account", after } };
}

function capacityWritten(act: Act): Change {
  const after = known({ kind: said(act, (body) => body.kind), sku: said(act, (body) => body.sku?.name) });
  return { provider: OPENAI, detail: { object: "capacity", action: "create", target: "commitment-plan", after } };
}

/**
 * What Microsoft.DefaultV2 blocks, at severity Medium (Azure AI docs, "Content filtering", 2026). The other filters
 * are off or only annotate by default, so that their being off lowers nothing.
 */
const DEFAULT_FILTERS = /^(hate|sexual|violence|selfharm|jailbreak|protectedmaterialtext)$/;

function filtersWritten(act: Act): Change {
  const filters = said(act, (body) => body.properties?.contentFilters);
  const lowered = filters?.filter(
    ({ name, enabled, blocking, severityThreshold }) =>
      DEFAULT_FILTERS.test(name?.toLowerCase().replace(/[^a-z]/g, "") ?? "") &&
      (enabled === false || blocking === false || severityThreshold?.toLowerCase() === "high"),
  );
  return {
    provider: OPENAI,
    detail: {
      object: "guardrail",
      action: "update",
      weakens: lowered && lowered.length > 0,
      target: "content-filter",
      after: known({
        basePolicy: said(act, (body) => body.properties?.basePolicyName),
        mode: said(act, (body) => body.properties?.mode),
        lowered: listed(lowered?.map(({ name, source }) => [name, source].filter(Boolean).join("/"))),
      }),
    },
  };
}

/** `allLogs` holds every category, `audit` holds Audit; a setting may name categories, groups or both. */
const groupsOf = { Audit: ["allLogs", "audit"], RequestResponse: ["allLogs"] } as const;

function loggingWritten(act: Act): Change | undefined {
  if (!ACCOUNT.test(act.resource)) return undefined;
  const logs = said(act, (body) => body.properties?.logs);
  const told = (["Audit", "RequestResponse"] as const).map((category) => {
    const about = logs?.filter(
      (log) => log.category === category || groupsOf[category].some((group) => group === log.categoryGroup),
    );
    return about?.length ? about.some(({ enabled }) => enabled) : undefined;
  });
  const named = (state: boolean) =>
    listed(logs?.filter(({ enabled }) => enabled === state).map((log) => log.category ?? log.categoryGroup ?? ""));
  return {
    provider: OPENAI,
    detail: {
      object: "logging",
      action: "update",
      weakens: told.includes(false) ? true : told.every(Boolean) ? false : undefined,
      target: "diagnostic-setting",
      after: known({ enabled: named(true), disabled: named(false) }),
    },
  };
}

function loggingDeleted(act: Act): Change | undefined {
  return ACCOUNT.test(act.resource) ? removed("logging", "diagnostic-setting")(act) : undefined;
}

/** Built-in roles that reach models or their keys: Azure built-in roles, "AI + machine learning" (2026). */
const aiRoles: ReadonlyMap<string, string> = new Map([
  ["5e0bd9bd-7b93-4f28-af87-19fc36ad61bd", "Cognitive Services OpenAI User"],
  ["a001fd3d-188f-4b5d-821b-7da978bf7442", "Cognitive Services OpenAI Contributor"],
  ["25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68", "Cognitive Services Contributor"],
  ["a97b65f3-24c7-4388-baec-2e87135dc908", "Cognitive Services User"],
  ["53ca6127-db72-4b80-b1b0-d745d6d5456d", "Azure AI User"],
  ["64702f94-c441-49e6-a78b-ef80e0188fee", "Azure AI Developer"],
  ["eadc314b-1a2d-4efa-be10-5d325db5065e", "Azure AI Project Manager"],
  ["b78c5d69-af96-48a3-bf8d-a8b4d589de94", "Azure AI Administrator"],
]);

/** An assignment on an account, or of a role for AI wherever it is given. */
function roleChanged(act: Act, action: "create" | "delete"): Change | undefined {
  const definition = said(act, (body) => body.properties?.roleDefinitionId);
  const role = definition && lastOf(definition.toLowerCase());
  if (!ACCOUNT.test(act.resource) && !aiRoles.has(role ?? "")) return undefined;
  return {
    provider: OPENAI,
    detail: {
      object: "role",
      action,
      target: "role-assignment",
      after: known({
        role: role && (aiRoles.get(role) ?? role),
        principal: said(act, (body) => body.properties?.principalId),
        principalType: said(act, (body) => body.properties?.principalType),
      }),
    },
  };
}

/** A model of the catalogue, run by its maker: `azureml://registries/azureml-meta/models/Meta-Llama-3.1-8B-Instruct`. */
function modelTaken(act: Act, object: Detail["object"], target: string): Change {
  const modelId = said(act, (body) => body.properties?.modelSettings?.modelId ?? body.properties?.modelId);
  const model = modelId && lastOf(modelId.replace(/\/versions\/[^/]*$/, ""));
  return {
    provider: INFERENCE,
    model: model ? identifyModel(model) : undefined,
    detail: { object, action: "create", target, after: known({ modelId }) },
  };
}

const AI_BACKEND =
  /openai|services\.ai\.azure|models\.ai\.azure|foundry|anthropic|claude|gemini|bedrock|mistral|\bllms?\b|\bgpt\b/i;

/** Most APIs behind a gateway have nothing to do with AI: one that has says so in its name, path or backend. */
function gatewayApiChanged(act: Act, action: "create" | "delete"): Change | undefined {
  const backend = said(act, (body) => body.properties?.serviceUrl);
  const path = said(act, (body) => body.properties?.path);
  if (![lastOf(act.resource), backend, path].some((word) => AI_BACKEND.test(word ?? ""))) return undefined;
  return { detail: { object: "service", action, target: "api", after: known({ backend, path }) } };
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The answer fills in what was not asked for by name. */
const said = <Value>(act: Act, read: (body: Body) => Value | undefined): Value | undefined =>
  (act.request && read(act.request)) ?? (act.response && read(act.response));

const listed = (words: readonly string[] | undefined): string | undefined => words?.join(", ") || undefined;

/** A person by sign-in name, a program by its application; both by the object id that calls to models name too. */
function actorOf({ identity, caller }: Event): Activity["actor"] {
  const { claims, authorization } = identity ?? {};
  const signIn =
    claims?.[`${claim}/upn`] ?? claims?.[`${claim}/emailaddress`] ?? (caller?.includes("@") ? caller : undefined);
  const principalType = authorization?.evidence?.principalType;
  const isProgram =
    claims?.idtyp === "app" || claims?.xms_mirid || principalType === "ServicePrincipal" || claims?.appid;
  const isPerson = signIn || claims?.idtyp === "user" || principalType === "User";
  return {
    uid: claims?.[`${entraClaim}/objectidentifier`] ?? caller ?? claims?.appid,
    name: signIn ?? claims?.appid,
    type: isPerson ? "human" : isProgram ? "workload" : undefined,
  };
}

/** `Created`, `Forbidden`: the HTTP status in words. Event Hubs put it behind the result: `Succeeded.Created`. */
function statusOf({ properties, resultSignature }: Event): string | undefined {
  return properties?.statusCode || resultSignature?.split(".").at(-1) || undefined;
}

const reasons: ReadonlyMap<string, NonNullable<Outcome["reason"]>> = new Map([
  ["forbidden", "denied"],
  ["unauthorized", "denied"],
  ["toomanyrequests", "throttled"],
  ["badrequest", "invalid"],
  ["notfound", "invalid"],
  ["conflict", "invalid"],
]);

/** The three forms spell the same states in their own ways. */
function outcomeOf(event: Event): Outcome | "pending" | "unknown" {
  const code = statusOf(event);
  switch (event.resultType?.toLowerCase().replace(" ", "")) {
    case "success":
    case "succeeded":
      return { status: "success", code };
    case "failure":
    case "failed":
      return { status: "failure", reason: reasons.get(code?.toLowerCase() ?? "") ?? "error", code };
    case "canceled":
    case "cancelled":
      return { status: "failure", reason: "error", code: "Canceled" };
    case "start":
    case "started":
    case "accept":
    case "accepted":
    case "inprogress":
      return "pending";
    default:
      return "unknown";
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The record as Event Hubs and storage accounts hold it, from AzureActivity rows and from the REST interface. */
function asWritten(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if ("TimeGenerated" in record && "OperationNameValue" in record) {
    return {
      time: record["TimeGenerated"],
      resourceId: record["_ResourceId"] || record["ResourceId"],
      operationName: record["OperationNameValue"],
      category: record["CategoryValue"] || record["Category"],
      resultType: record["ActivityStatusValue"] || record["ActivityStatus"],
      resultSignature: record["ActivitySubstatusValue"] || record["ActivitySubstatus"],
      correlationId: record["CorrelationId"],
      callerIpAddress: record["CallerIpAddress"],
      caller: record["Caller"],
      identity: {
        authorization: record["Authorization_d"] || record["Authorization"],
        claims: record["Claims_d"] || record["Claims"],
      },
      properties: record["Properties_d"] || record["Properties"],
    };
  }
  if ("eventTimestamp" in record) {
    const { authorization, claims, httpRequest, properties, resourceId, correlationId, caller } = record;
    return {
      time: record["eventTimestamp"],
      resourceId,
      operationName: codeOf(record["operationName"]),
      category: codeOf(record["category"]),
      resultType: codeOf(record["status"]),
      resultSignature: codeOf(record["subStatus"]),
      correlationId,
      callerIpAddress: isObject(httpRequest) ? httpRequest["clientIpAddress"] : undefined,
      caller,
      identity: { authorization, claims },
      properties,
    };
  }
  return record;
}

/** A subscription's log holds every service: of an operation that is not about AI only its kind is kept. */
function withoutOthers(event: Readonly<Record<string, unknown>>): unknown {
  const { time, resourceId, operationName, category } = event;
  const isOther = typeof operationName === "string" && !operations.has(operationName.toLowerCase());
  return isOther ? { time, resourceId, operationName, category } : event;
}

/** REST: `{ "value": "…", "localizedValue": "…" }`. */
const codeOf = (field: unknown): unknown => (isObject(field) ? field["value"] : field);

/** Some services write bodies in PascalCase: `Properties.RoleDefinitionId`. Deeper than a body's shape it stops. */
function camelCased(value: unknown, depth: number): unknown {
  if (depth === 0) return undefined;
  if (Array.isArray(value)) return value.map((part) => camelCased(part, depth - 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      camelCased(part, depth - 1),
    ]),
  );
}
