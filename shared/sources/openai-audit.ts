/**
 * OpenAI organization audit log: who administered what. Every record is a change, also of types not known here.
 *
 * Shape: openai/openai-openapi, schema `AuditLog` and its 145 event types (2026-08-21). What was changed stands
 * under a key equal to the type, `api_key.created`; Panther's export writes it `api_key_created`. `user_agent` is
 * in the data and not in the schema.
 * Limits: to be switched on in the organization's data controls, and nothing from before is there. No calls of
 * models. `changes_requested` has the new values only: what an update replaced is not said.
 */
import { z } from "zod";
import type { Activity, Detail } from "../model/activity.ts";
import { fromEpochSeconds } from "../model/units.ts";
import { defineSource, maybe, maybeText, withoutAbsent } from "./source.ts";

// New types come every month. One that uses a name below for something else loses that field, not the event.
const word = maybeText.catch(undefined);
const words = maybe(z.array(z.string())).catch(undefined);
const number = maybe(z.number()).catch(undefined);
const flag = maybe(z.boolean()).catch(undefined);

/** Settings that say what was granted or limited. Titles, descriptions and messages are people's prose: not named. */
const settings = {
  role: word,
  scopes: words,
  permissions: words,
  permissions_added: words,
  permissions_removed: words,
  allowed_ips: words,
  enabled: flag,
  principal_id: word,
  principal_type: word,
  resource_id: word,
  resource_type: word,
  role_id: word,
  workspace_id: word,
  connector_id: word,
  identity_provider_id: word,
  project_id: word,
  service_account_id: word,
  fine_tuned_model_checkpoint: word,
  api_call_logging: word,
  api_call_logging_project_ids: word,
  threads_ui_visibility: word,
  usage_dashboard_visibility: word,
  max_requests_per_1_minute: number,
  max_tokens_per_1_minute: number,
  max_images_per_1_minute: number,
  max_audio_megabytes_per_1_minute: number,
  max_requests_per_1_day: number,
  batch_1_day_max_input_tokens: number,
};
type Settings = Partial<Record<keyof typeof settings, string | number | boolean | string[] | undefined>>;

const Thing = z.object({ id: word, name: word });

const Target = z.object({
  ...settings,
  id: word,
  name: word,
  role_name: word,
  error_code: word,
  data: maybe(z.object({ ...settings, name: word, group_name: word, email: word })).catch(undefined),
  changes_requested: maybe(z.object({ ...settings, role_name: word, group_name: word })).catch(undefined),
  configs: maybe(z.array(Thing)).catch(undefined),
  certificates: maybe(z.array(Thing)).catch(undefined),
});

const User = maybe(z.object({ id: maybeText, email: maybeText }));

const Event = z.object({
  id: z.string().min(1),
  type: z.string().min(1).max(256),
  /** Epoch seconds. */
  effective_at: z.number(),
  project: maybe(Thing),
  actor: maybe(
    z.object({
      session: maybe(z.object({ user: User, ip_address: maybeText, user_agent: maybeText })),
      api_key: maybe(z.object({ id: maybeText, user: User, service_account: maybe(z.object({ id: maybeText })) })),
    }),
  ),
  target: maybe(Target).catch(undefined),
});

export const openaiAudit = defineSource({
  id: "openai.audit",
  title: "OpenAI organization audit log",
  view: "provider",

  recognises: ({ id, type, effective_at }) =>
    typeof id === "string" && typeof type === "string" && typeof effective_at === "number",

  record: z.preprocess(withTarget, Event),

  normalize: ({ id, type, effective_at, project, actor, target }) => {
    const time = fromEpochSeconds(effective_at);
    if (time === undefined) return { rejected: "effective_at: expected a time in epoch seconds" };
    const { session, api_key } = actor ?? {};
    const user = session?.user ?? api_key?.user;
    const account = project?.id ? { uid: project.id, name: project.name } : undefined;
    return [
      {
        identity: ["openai", "audit", id],
        kind: "change",
        startTime: time,
        endTime: time,
        count: 1,
        operation: type,
        outcome: /\.failed$/.test(type)
          ? { status: "failure", reason: type === "login.failed" ? "denied" : "error", code: target?.error_code }
          : { status: "success" },
        actor: user
          ? { uid: user.id, name: user.email, type: "human" }
          : { uid: api_key?.service_account?.id, type: api_key?.service_account ? "workload" : undefined },
        credential: api_key ? { uid: api_key.id, type: "api-key" } : session ? { type: "console" } : undefined,
        account,
        project: account,
        provider: "openai",
        network: { ip: session?.ip_address, userAgent: session?.user_agent },
        detail: detailOf(type, target),
      },
    ];
  },
});

/** What was changed, from under the key that the type names to one that the shape can name. */
function withTarget(record: unknown): unknown {
  if (typeof record !== "object" || record === null || "target" in record) return record;
  const { type } = record as { type?: unknown };
  if (typeof type !== "string") return record;
  const fields = new Map<string, unknown>(Object.entries(record));
  const target = fields.get(type) ?? fields.get(type.replaceAll(".", "_"));
  return { ...record, target: typeof target === "object" ? target : undefined };
}

/** First match wins: a service account's token is a key, a tenant's usage limit a limit. */
const objects: readonly (readonly [RegExp, Detail["object"]])[] = [
  [/^log(in|out)\b|access_token\.issued/, "authentication"],
  [/(^|[._])(api_key|token|chatgpt_access_token)\./, "key"],
  [/third_party_app/, "service"],
  [/(rate|usage|overage)_limit\b|billing\.alerts/, "limit"],
  [/^ip_allowlist\b|^tunnel\b/, "network"],
  [/checkpoint\.permission/, "custom-model"],
  [/role|permission|resource_access|resource_share|product_access/, "role"],
  [/workload_identity|entra_mapping|\bsso|scim|session_|authentication_policy|^certificates?\b/, "authentication"],
  [/service_account|user|group|invite|membership/, "user"],
  [/^project\b/, "project"],
  [/policy/, "role"],
];

const actions: readonly (readonly [RegExp, Detail["action"]])[] = [
  [/\.(created|added|sent|invited|registered|provisioned)$/, "create"],
  [/\.(updated|upserted|migrated)$/, "update"],
  [/\.(deleted|removed|archived|revoked|declined)$/, "delete"],
  [/\.(enabled|activated|attached|bound_to_resource)$/, "enable"],
  [/\.(disabled|deactivated|detached|unbound_from_resource)$/, "disable"],
  [/\.(looked_up)$/, "read"],
  [/\.(succeeded|failed|issued|accepted)$/, "use"],
];

/** Settings that protect: their end lowers a protection, their beginning raises one. */
const PROTECTION =
  /^(ip_allowlist|scim|certificates|external_key)\b|sso_connection\.|tenant\.(session_)?policy\.|scim\.directory/;
const ENDS = /\.(deleted|disabled|deactivated|detached|removed)$/;
const BEGINS = /\.(created|enabled|activated|attached|registered)$/;
const EVERYBODY = new Set(["0.0.0.0/0", "::/0"]);

function detailOf(type: string, target: z.output<typeof Target> | undefined): Detail {
  const { data, changes_requested, ...given } = withoutAbsent<Partial<z.output<typeof Target>>>(target ?? {});
  const requested: Settings = { ...given, ...data, ...changes_requested };
  const logging = requested.api_call_logging;
  const of = target?.configs?.[0] ?? target?.certificates?.[0] ?? target;
  return {
    object: logging === undefined ? (firstMatch(objects, type) ?? "other") : "logging",
    action:
      logging === undefined
        ? (firstMatch(actions, type) ?? "other")
        : logging === "disabled"
          ? "disable"
          : "update",
    weakens: weakens(type, requested),
    target: {
      uid: of?.id,
      name: of?.name ?? target?.role_name ?? data?.name ?? data?.group_name ?? data?.email,
      type: type.slice(0, type.lastIndexOf(".")) || undefined,
    },
    after: settled(requested),
  };
}

function weakens(type: string, requested: Settings): boolean | undefined {
  if (requested.api_call_logging === "disabled") return true;
  if (requested.api_call_logging === "enabled_for_all_projects") return false;
  if (Array.isArray(requested.allowed_ips) && requested.allowed_ips.some((range) => EVERYBODY.has(range))) {
    return !ENDS.test(type);
  }
  if (!PROTECTION.test(type)) return undefined;
  return ENDS.test(type) ? true : BEGINS.test(type) ? false : undefined;
}

/** The named settings as scalars. */
function settled(requested: Settings): NonNullable<Activity["detail"]>["after"] {
  const after: Record<string, string | number | boolean> = {};
  for (const name of Object.keys(settings) as (keyof typeof settings)[]) {
    const value = requested[name];
    const scalar = Array.isArray(value) ? value.join(", ").slice(0, 1_024) || undefined : value;
    if (scalar !== undefined) after[name] = scalar;
  }
  return after;
}

const firstMatch = <T>(table: readonly (readonly [RegExp, T])[], type: string): T | undefined =>
  table.find(([pattern]) => pattern.test(type))?.[1];
