/**
 * Anthropic Compliance API, activity feed: what people and keys do in claude.ai, the Console and the platform.
 * Use of the Claude app is a contact, everything else a change, also of types not known here.
 *
 * Shape: platform.claude.com, `GET /v1/compliance/activities` (2026-09; 305 types, growing).
 * Limits: no calls of the API, no models, no tokens. Nothing from before the feed was switched on. A contact is
 * one act in the app, such as a chat begun, not one message.
 */
import { z } from "zod";
import type { Activity, Detail } from "../model/activity.ts";
import { fromIsoTime } from "../model/units.ts";
import { defineSource, maybe, maybeText } from "./source.ts";

/** Reports and feeds read by whoever collects this very log. */
const REPORT_READ = /^platform_(usage_report_\w+|cost_report)_viewed$/;
const FEED_PATH = "/v1/compliance/activities";

/** Written in the app by a person: something of theirs went to Claude, or was looked at there. */
const APP_USE =
  /^claude_(chat|chat_snapshot|file|artifact|project|project_document|project_file)_(created|updated|uploaded|viewed)$/;

/** The path without the query, which holds what was searched for. */
const path = maybe(
  z.string().transform((url) =>
    url
      .replace(/^[a-z]+:\/\/[^/]*/i, "")
      .replace(/[?#].*$/s, "")
      .slice(0, 256),
  ),
);

// There are hundreds of types, and more every month. One that uses a name below for something else loses that
// field, not the whole entry.
/** Some types write it as text. */
const flag = maybe(z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")])).catch(
  undefined,
);
const words = maybe(z.array(z.string())).catch(undefined);
const word = maybeText.catch(undefined);

/** A flag, a number or a code word; anything longer may be what a person wrote, an instruction to Claude for one. */
const settingValue = maybe(
  z.union([z.boolean(), z.number(), z.string().regex(/^[a-z0-9][a-z0-9_:.-]{0,63}$/)]),
).catch(undefined);

/** Ids of what was acted on, the most particular first: a role in a workspace is about the role. */
const targetIds = {
  admin_api_key_id: word,
  service_key_id: word,
  signing_key_id: word,
  token_id: word,
  claude_artifact_id: word,
  claude_published_artifact_id: word,
  claude_chat_snapshot_id: word,
  claude_project_document_id: word,
  claude_file_id: word,
  claude_chat_id: word,
  claude_project_id: word,
  file_id: word,
  mcp_server_id: word,
  plugin_id: word,
  skill_id: word,
  extension_id: word,
  marketplace_id: word,
  integration_id: word,
  connection_id: word,
  federation_rule_id: word,
  federation_issuer_id: word,
  role_id: word,
  target_id: word,
  group_id: word,
  invite_id: word,
  deleted_user_id: word,
  new_owner_id: word,
  service_account_id: word,
  spend_limit_id: word,
  user_id: word,
  share_id: word,
  api_key_id: word,
  workspace_id: word,
};

const targetNames = {
  mcp_server_name: word,
  plugin_name: word,
  skill_name: word,
  service_name: word,
  role_name: word,
  group_name: word,
  deleted_user_email: word,
  invited_email: word,
  user_email: word,
};

/** Settings as they are now. File names, reasons and request bodies are content: not named. */
const settings = {
  enabled: flag,
  is_enabled: flag,
  compliance_api_enabled: flag,
  compliance_api_logging_enabled: flag,
  role: word,
  max_permission: word,
  integration_type: word,
  connection_type: word,
  limit_type: word,
  limiter_type: word,
  model_group: word,
  target_type: word,
  resource_type: word,
  resource_id: word,
  principal_type: word,
  principal_id: word,
  request_method: word,
};

const settingNames = Object.keys(settings) as (keyof typeof settings)[];

const Entry = z.object({
  ...targetIds,
  ...targetNames,
  ...settings,
  id: z.string().min(1),
  type: z.string().min(1).max(256),
  created_at: z.string(),
  organization_id: maybeText,
  organization_uuid: maybeText,
  actor: z.object({
    type: z.string(),
    user_id: maybeText,
    email_address: maybeText,
    unauthenticated_email_address: maybeText,
    api_key_id: maybeText,
    admin_api_key_id: maybeText,
    service_account_id: maybeText,
    directory_id: maybeText,
    external_client_id: maybeText,
    service: maybeText,
    subject: maybeText,
    provider: maybe(z.object({ signed_principal: maybeText })),
    ip_address: maybeText,
    user_agent: maybeText,
  }),
  previous_role: word,
  current_role: word,
  invited_role: word,
  previous_mode: word,
  new_mode: word,
  scopes: words,
  audience: maybe(z.array(z.object({ type: word }))).catch(undefined),
  updates: maybe(
    z.array(z.object({ type: word, previous_value: settingValue, current_value: settingValue })),
  ).catch(undefined),
  url: path,
  status_code: maybe(z.int()).catch(undefined),
});
type Entry = z.output<typeof Entry>;

export const anthropicCompliance = defineSource({
  id: "anthropic.compliance",
  title: "Anthropic compliance activity feed",
  view: "provider",

  recognises: ({ id, type, created_at, actor }) =>
    typeof id === "string" &&
    typeof type === "string" &&
    typeof created_at === "string" &&
    typeof actor === "object" &&
    actor !== null &&
    "type" in actor &&
    typeof actor.type === "string" &&
    actor.type.endsWith("_actor"),

  record: Entry,

  normalize: (record) => {
    const time = fromIsoTime(record.created_at);
    if (time === undefined) return { rejected: "created_at: expected a time in RFC 3339" };
    if (isOwnEcho(record)) return [];

    const organization = record.organization_id ?? record.organization_uuid;
    const account = record.workspace_id ?? organization;
    const used = APP_USE.test(record.type);
    return [
      {
        identity: ["anthropic", "activity", record.id],
        kind: used ? "contact" : "change",
        startTime: time,
        endTime: time,
        count: 1,
        operation: record.type,
        outcome: outcomeOf(record),
        actor: actorOf(record.actor),
        credential: credentialOf(record.actor),
        account: account ? { uid: account } : undefined,
        organization: organization ? { uid: organization } : undefined,
        provider: "anthropic",
        network: {
          ip: record.actor.ip_address,
          userAgent: record.actor.user_agent,
          host: used ? "claude.ai" : undefined,
        },
        detail: used ? undefined : detailOf(record),
      },
    ];
  },
});

/** A collector of this feed, and of the reports, leaves a record in it for every page it reads. */
const isOwnEcho = ({ type, url }: Entry): boolean =>
  REPORT_READ.test(type) || (type === "compliance_api_accessed" && (url === undefined || url === FEED_PATH));

function outcomeOf({ type, status_code }: Entry): Activity["outcome"] {
  if (/_failed$|_invalid$|_blocked$|_denied$/.test(type)) {
    return { status: "failure", reason: /login|access|denied|blocked/.test(type) ? "denied" : "error" };
  }
  if (status_code === undefined || status_code < 400) return { status: "success" };
  const reason = status_code === 429 ? "throttled" : [401, 403, 404].includes(status_code) ? "denied" : "error";
  return { status: "failure", reason, code: String(status_code) };
}

function actorOf(actor: Entry["actor"]): Activity["actor"] {
  switch (actor.type) {
    case "user_actor":
      return { uid: actor.user_id, name: actor.email_address, type: "human" };
    // Claimed, not proved: no uid.
    case "unauthenticated_user_actor":
      return { name: actor.unauthenticated_email_address };
    case "service_account_actor":
      return { uid: actor.service_account_id, type: "workload" };
    case "federated_identity_actor":
    case "federated_actor":
      return { uid: actor.provider?.signed_principal ?? actor.subject, type: "workload" };
    case "attested_device_actor":
      return { uid: actor.external_client_id };
    case "scim_directory_sync_actor":
      return { uid: actor.directory_id, type: "service" };
    case "anthropic_actor":
    case "system_actor":
      return { name: actor.service, type: "service" };
    default:
      return { uid: actor.user_id };
  }
}

function credentialOf(actor: Entry["actor"]): Activity["credential"] {
  const key = actor.admin_api_key_id ?? actor.api_key_id;
  return key ? { uid: key, type: "api-key" } : undefined;
}

/** First match wins: a workspace's rate limit is a limit, its member a user. */
const objects: readonly (readonly [RegExp, Detail["object"]])[] = [
  [/compliance_api_settings|otlp|audit_log_export/, "logging"],
  [/retention|data_sharing/, "data-retention"],
  [/(^|_)(api_key|service_key|signing_key|token)_[a-z]+$/, "key"],
  [/spend_limit|rate_limit|auto_reload|auto_recharge|extra_usage/, "limit"],
  [/ip_restriction|tunnel/, "network"],
  [
    /login|logged_out|sso|second_factor|session_revoked|phone_code|directory|federation|domain|identity/,
    "authentication",
  ],
  [/role|permission|primary_owner|_acl_|exec_policy|tool_policy/, "role"],
  [/user|member|group|invite|service_account|join_request|join_proposal|seat_tier|account_deleted/, "user"],
  [/^platform_workspace_/, "project"],
  [
    /mcp|connector|integration|plugin|skill|marketplace|extension|command|webhook|ghe_|lti_|^service_|claude_code_|cowork|work_across/,
    "service",
  ],
];

const actions: readonly (readonly [RegExp, Detail["action"]])[] = [
  [
    /_(created|added|generated|regenerated|granted|assigned|minted|sent|uploaded|published|purchased|provisioned|connected)$/,
    "create",
  ],
  [/_(updated|replaced|changed|transferred|rotated|restored|configured|toggled|approved)$/, "update"],
  [
    /_(deleted|deletion_failed|removed|revoked|archived|unassigned|disconnected|dismissed|left|rejected)$/,
    "delete",
  ],
  [/_(enabled|activated|allowlisted|unblocked)$/, "enable"],
  [/_(disabled|deactivated|blocklisted)$/, "disable"],
  [/_(viewed|listed|accessed|downloaded|exported|export_started|export_completed|access_failed)$/, "read"],
  [/_(login_\w+|logged_out|succeeded|success|verified|launch_initiated|magic_link)$/, "use"],
];

/** Settings that protect: their end lowers a protection, their beginning raises one. */
const PROTECTION =
  /ip_restriction|sso_connection|sso_toggled|second_factor_toggled|directory_sync_(activated|deleted)|spend_limit|rate_limit|compliance_api_settings/;

function detailOf(entry: Entry): Detail {
  const verb = verbOf(entry);
  const about = [entry.type, ...(entry.updates ?? []).flatMap(({ type }) => type ?? [])];
  const [idField, uid] = firstOf(entry, targetIds) ?? [];
  const [, name] = firstOf(entry, targetNames) ?? [];
  return {
    // Organization settings arrive as one type: what they are about stands in the updates.
    object: about.map((type) => firstMatch(objects, type)).find((object) => object !== undefined) ?? "other",
    action: verb ?? "other",
    weakens: weakens(entry, verb),
    target:
      entry.type === "compliance_api_accessed"
        ? { name: entry.url, type: "compliance_api" }
        : { uid, name, type: idField === "target_id" ? entry.target_type : idField?.replace(/_id$/, "") },
    before: scalars({
      role: entry.previous_role,
      mode: entry.previous_mode,
      ...updatesOf(entry, "previous_value"),
    }),
    after: scalars({
      ...Object.fromEntries(settingNames.map((name) => [name, entry[name]])),
      role: entry.role ?? entry.current_role ?? entry.invited_role,
      mode: entry.new_mode,
      scopes: listed(entry.scopes),
      audience: listed(entry.audience?.flatMap(({ type }) => type ?? [])),
      ...updatesOf(entry, "current_value"),
    }),
  };
}

function verbOf(entry: Entry): Detail["action"] | undefined {
  if (entry.type === "compliance_api_accessed") return entry.request_method === "DELETE" ? "delete" : "read";
  const verb = firstMatch(actions, entry.type);
  const switched = switchedOf(entry);
  return switched !== undefined && (verb === undefined || verb === "update")
    ? switched
      ? "enable"
      : "disable"
    : verb;
}

/** On or off, by whichever flag the type has. */
const switchedOf = (entry: Entry): boolean | undefined =>
  entry.compliance_api_logging_enabled ?? entry.compliance_api_enabled ?? entry.is_enabled ?? entry.enabled;

function weakens(entry: Entry, verb: Detail["action"] | undefined): boolean | undefined {
  const audience = entry.audience?.map(({ type }) => type);
  if (audience) return audience.includes("public") || undefined;
  if (entry.type === "claude_artifact_published") return true;
  // Sharing what is said with the vendor is the reverse: to begin it lowers a protection.
  if (entry.type.includes("data_sharing"))
    return verb === "enable" ? true : verb === "disable" ? false : undefined;
  if (entry.type === "org_compliance_api_settings_updated" && entry.compliance_api_enabled === false) return true;
  if (!PROTECTION.test(entry.type)) return undefined;
  if (verb === "delete" || verb === "disable") return true;
  return verb === "create" || verb === "enable" ? false : undefined;
}

const updatesOf = (entry: Entry, side: "previous_value" | "current_value"): Scalars =>
  Object.fromEntries(
    (entry.updates ?? []).flatMap((update) => (update.type ? [[update.type, update[side]]] : [])),
  );

type Scalars = Readonly<Record<string, string | number | boolean | undefined>>;

const scalars = (fields: Scalars): NonNullable<Detail["after"]> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

const listed = (words: readonly string[] | undefined): string | undefined =>
  words?.join(", ").slice(0, 1_024) || undefined;

function firstOf(entry: Entry, fields: object): readonly [string, string] | undefined {
  for (const name of Object.keys(fields) as (keyof typeof targetIds | keyof typeof targetNames)[]) {
    const value = entry[name];
    if (value !== undefined) return [name, value];
  }
  return undefined;
}

const firstMatch = <T>(table: readonly (readonly [RegExp, T])[], type: string): T | undefined =>
  table.find(([pattern]) => pattern.test(type))?.[1];
