/**
 * Oracle Cloud Audit: use and administration of Generative AI. Events of other services say nothing here.
 *
 * Shape: docs.oracle.com "Contents of an Audit Log Event" and oci-audit `AuditEvent` (2.139): CloudEvents 0.1. The
 * Logging service and Connector Hub send the same as CloudEvents 1.0, mostly inside `logContent`; the `oci` command
 * prints 0.1 with hyphens. All become the first form.
 * Limits: neither model nor tokens, the request's body is not logged. Whether every inference is audited, and the
 * service's name in `eventType`, is not documented: both are read tolerantly. 404 is also Oracle's word for
 * "not authorized". `ListEvents` goes by processing time: overlap and let the uid merge.
 */
import { z } from "zod";
import type { Activity, Detail, Outcome } from "../model/activity.ts";
import { fromIsoTime } from "../model/units.ts";
import { defineSource, labels, maybe, maybeText } from "./source.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Headers are lists, of which Oracle blanks some. */
const header = maybe(
  z.union([z.string(), z.array(z.string())]).transform((values) => [values].flat()[0]?.slice(0, 256)),
).catch(undefined);

const Event = z.object({
  eventType: z.string().max(256),
  eventId: z.string().min(1),
  eventTime: z.string(),
  data: z.object({
    eventName: z.string().min(1).max(256),
    eventGroupingId: maybeText,
    compartmentId: maybeText,
    compartmentName: maybeText,
    resourceId: maybeText,
    resourceName: maybeText,
    freeformTags: maybe(labels),
    identity: maybe(
      z.object({
        principalId: maybeText,
        principalName: maybeText,
        authType: maybeText,
        tenantId: maybeText,
        ipAddress: maybeText,
        userAgent: maybeText,
        consoleSessionId: maybeText,
        // `tenancy/user/fingerprint` of a signing key; for other principals it holds the token itself.
        credentials: maybe(
          z.string().transform((text) => /(?:^|\/)((?:[0-9a-f]{2}:){15}[0-9a-f]{2})$/i.exec(text)?.[1]),
        ),
      }),
    ),
    request: maybe(
      z.object({
        path: maybe(z.string().transform((path) => path.replace(/[?#].*$/s, "").slice(0, 1_024))),
        action: maybeText,
        headers: maybe(z.object({ host: header, Host: header })),
      }),
    ),
    response: maybe(z.object({ status: maybe(z.union([z.string().max(32), z.int()])) })),
  }),
});
type Event = z.output<typeof Event>;

export const ociAudit = defineSource({
  id: "oci.audit",
  title: "Oracle Cloud Audit",
  view: "provider",

  // Other logs of the Logging service have the same envelope; only Audit names an event.
  recognises: (record) => {
    const { eventType, data } = inFirstForm(record);
    return (
      typeof eventType === "string" &&
      eventType.startsWith("com.oraclecloud.") &&
      isObject(data) &&
      typeof data["eventName"] === "string"
    );
  },

  record: z.preprocess((record) => (isObject(record) ? inFirstForm(record) : record), Event),

  normalize: (event) => {
    const { eventType, eventId, eventTime, data } = event;
    if (!/generative-?ai|genai/i.test(eventType)) return [];
    const time = fromIsoTime(eventTime);
    if (time === undefined) return { rejected: "eventTime: expected a time in RFC 3339" };
    const { identity, request } = data;
    const host = request?.headers?.host ?? request?.headers?.Host;
    const region = regionIn(host) ?? regionIn(data.resourceId);
    const called = isInference(event);
    return [
      {
        identity: identityOf(eventType, eventId, data),
        kind: called ? "call" : "change",
        startTime: time,
        endTime: time,
        count: 1,
        operation: data.eventName,
        operationName: called ? operationNameOf(event) : undefined,
        outcome: outcomeOf(data.response?.status),
        actor: {
          uid: identity?.principalId,
          name: identity?.principalName,
          type: actorTypeOf(identity),
          sessionUid: identity?.consoleSessionId,
        },
        credential: credentialOf(identity),
        account: data.compartmentId ? { uid: data.compartmentId, name: data.compartmentName } : undefined,
        organization: identity?.tenantId ? { uid: identity.tenantId } : undefined,
        provider: "oci.generative_ai",
        deployment: called ? deploymentOf(data) : undefined,
        region: { requested: region },
        network: { ip: identity?.ipAddress, userAgent: identity?.userAgent, host },
        labels: data.freeformTags,
        detail: called ? undefined : detailOf(data),
      },
    ];
  },
});

/** CloudEvents 0.1 as the Audit API gives it, whichever form it came in. */
function inFirstForm(record: Fields): Fields {
  const event = isObject(record["logContent"]) ? record["logContent"] : record;
  if ("event-type" in event) return withoutHyphens(event);
  if (!("specversion" in event)) return event;
  return { eventType: event["type"], eventId: event["id"], eventTime: event["time"], data: event["data"] };
}

/** `event-name` → `eventName`, down to where the customer's own names begin. */
function withoutHyphens(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
      isObject(value) && ["data", "identity", "request", "response"].includes(name)
        ? withoutHyphens(value)
        : value,
    ]),
  );
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A long operation is audited at its begin and its end, as two events of one group. */
const identityOf = (eventType: string, eventId: string, data: Event["data"]): string[] =>
  data.eventGroupingId && /\.(begin|end)$/.test(eventType)
    ? ["oci", "audit", data.eventGroupingId, data.eventName]
    : ["oci", "audit", eventId];

const INFERENCE_PATH =
  /\/actions\/(chat|generateText|summarizeText|embedText|rerankText|applyGuardrails|v1\/)|\/v1\/(chat\/completions|responses|embeddings)$/i;

const operationNames: Readonly<Record<string, Activity["operationName"]>> = {
  chat: "chat",
  generatetext: "text_completion",
  summarizetext: "text_completion",
  embedtext: "embeddings",
  reranktext: "rerank",
  applyguardrails: "moderation",
};

/** Reading, such as a list of models, and keeping sessions of an agent is no inference. */
function isInference({ eventType, data }: Event): boolean {
  if (/^(get|head|list)/i.test(data.eventName) || data.request?.action?.toUpperCase() === "GET") return false;
  return (
    /generative-?ai-?inference/i.test(eventType) ||
    INFERENCE_PATH.test(data.request?.path ?? "") ||
    Object.hasOwn(operationNames, data.eventName.toLowerCase())
  );
}

function operationNameOf({ eventType, data }: Event): Activity["operationName"] {
  if (/agent/i.test(eventType)) return "invoke_agent";
  const name = data.eventName.toLowerCase();
  if (Object.hasOwn(operationNames, name)) return operationNames[name];
  const path = data.request?.path ?? "";
  return /\/(chat\/completions|responses)$/.test(path)
    ? "chat"
    : /\/embeddings$/.test(path)
      ? "embeddings"
      : undefined;
}

function outcomeOf(status: string | number | undefined): Outcome | undefined {
  const code = String(status ?? "").trim();
  if (!/^\d{3}$/.test(code)) return undefined;
  if (code < "400") return { status: "success" };
  return { status: "failure", reason: reasonOf(code), code };
}

function reasonOf(code: string): Outcome["reason"] {
  if (code === "401" || code === "403" || code === "404") return "denied";
  if (code === "429") return "throttled";
  return code < "500" ? "invalid" : "error";
}

/** `natv` is a user of the tenancy; instances, functions and other resources sign for themselves. */
function actorTypeOf(identity: Event["data"]["identity"]): NonNullable<Activity["actor"]>["type"] {
  const principal = identity?.principalId ?? "";
  if (/^ocid1\.(user|saml2idp)\./.test(principal)) return "human";
  if (/^ocid1\.(tenancy|compartment)\./.test(principal)) return undefined;
  return /^ocid1\./.test(principal) || /instance|resource/i.test(identity?.authType ?? "")
    ? "workload"
    : undefined;
}

function credentialOf(identity: Event["data"]["identity"]): Activity["credential"] {
  if (identity?.consoleSessionId) return { type: "console" };
  if (identity?.credentials) return { uid: identity.credentials, type: "long-term" };
  return /instance|resource/i.test(identity?.authType ?? "") ? { type: "temporary" } : undefined;
}

/** The dedicated endpoint or the agent, where the call went to one: `ocid1.generativeaiendpoint.oc1.…` */
const deploymentOf = ({ resourceId, resourceName }: Event["data"]): Activity["deployment"] => ({
  uid: resourceId,
  name: resourceName,
  type: /^ocid1\.([a-z0-9]+)\./.exec(resourceId ?? "")?.[1],
});

/** `inference.generativeai.us-chicago-1.oci.oraclecloud.com`, `ocid1.generativeaiendpoint.oc1.us-chicago-1.…` */
const regionIn = (name: string | undefined): string | undefined =>
  /\.([a-z]{2,}-[a-z]+-\d{1,2})(?:\.|$)/.exec(name ?? "")?.[1];

/** First match wins: an endpoint of an agent is the agent's. */
const objects: readonly (readonly [RegExp, Detail["object"]])[] = [
  [/ApiKey/i, "key"],
  [/PrivateEndpoint/i, "network"],
  [/Agent|KnowledgeBase|DataSource|DataIngestion|Tool|Session/i, "service"],
  [/DedicatedAiCluster/i, "capacity"],
  [/Endpoint/i, "deployment"],
  [/Model/i, "custom-model"],
  [/Guardrail/i, "guardrail"],
];

const actions: readonly (readonly [RegExp, Detail["action"]])[] = [
  [/^(Create|Generate|Import)/i, "create"],
  [/^(Update|Change|Set|Renew|Move)/i, "update"],
  [/^(Delete|Remove|Cancel)/i, "delete"],
  [/^(Get|List|Summarize|Head)/i, "read"],
  [/^(Enable|Activate|Start)/i, "enable"],
  [/^(Disable|Deactivate|Stop)/i, "disable"],
];

function detailOf(data: Event["data"]): Detail {
  const verb = actions.find(([pattern]) => pattern.test(data.eventName));
  return {
    object: objects.find(([pattern]) => pattern.test(data.eventName))?.[1] ?? "other",
    action: verb?.[1] ?? "other",
    target: {
      uid: data.resourceId,
      name: data.resourceName,
      type: verb ? data.eventName.replace(verb[0], "") || undefined : undefined,
    },
  };
}
