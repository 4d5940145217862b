/**
 * The outward form: what we know in the words of OCSF 1.8.0, for SIEMs. A call, a bucket and a change are API
 * Activity [6003], a contact is Network Activity [4001], a finding is Detection Finding [2004].
 *
 * A request to a model is activity 99 `Invoke`: it creates, reads, updates and deletes nothing, and as 2 Read it
 * would be thrown away with the noise of consoles. What OCSF has no attribute for is in `unmapped.gnomon`.
 */
import type { Activity } from "./activity.ts";
import { type Finding, levels, type Rule } from "./finding.ts";
import { uidOf } from "./uid.ts";
import { toUsd } from "./units.ts";
import { withoutAbsent } from "./without-absent.ts";

/** Newest first. 1.8.0 is the first that knows models and tokens; Security Lake takes 1.3, Security Hub 1.5. */
export const ocsfVersions = ["1.8.0", "1.5.0", "1.3.0", "1.1.0"] as const;
export type OcsfVersion = (typeof ocsfVersions)[number];

export type OcsfEvent = Readonly<Record<string, unknown>>;

interface Coded {
  readonly id: number;
  readonly name: string;
}

/** `version` is Gnomon's own. */
export function activityToOcsf(activity: Activity, version: string): OcsfEvent {
  return activity.kind === "contact" ? networkActivity(activity, version) : apiActivity(activity, version);
}

function apiActivity(activity: Activity, version: string): OcsfEvent {
  const { credential, model, network, usage } = activity;
  const cloud = cloudOf(activity);
  const total = usage && (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
  const hasTokens = usage?.inputTokens !== undefined || usage?.outputTokens !== undefined;
  const { target } = activity.detail ?? {};

  return withoutAbsent({
    ...classed(6003, "API Activity", activityOf(activity)),
    ...common(activity, version, [
      ...(activity.kind === "change" ? [] : ["ai_operation"]),
      ...(cloud ? ["cloud"] : []),
    ]),
    cloud,
    actor: actorOf(activity),
    api: {
      operation: activity.operation,
      service: serviceOf(activity),
      response: activity.outcome?.code === undefined ? undefined : { error: errorCode(activity) },
    },
    src_endpoint: sourceOf(activity),
    dst_endpoint: network?.host === undefined ? undefined : { hostname: network.host },
    http_request: network?.userAgent === undefined ? undefined : { user_agent: network.userAgent },
    ai_model:
      model === undefined || activity.kind === "change"
        ? undefined
        : {
            name: model.name ?? model.id,
            uid: model.id,
            version: model.version,
            ai_provider: activity.provider ?? model.vendor ?? "Unknown",
          },
    message_context:
      hasTokens && activity.kind !== "change"
        ? {
            service: serviceOf(activity) ?? { name: activity.source },
            prompt_tokens: usage?.inputTokens,
            completion_tokens: usage?.outputTokens,
            total_tokens: total,
          }
        : undefined,
    resources: listed(
      target?.uid === undefined && target?.name === undefined
        ? undefined
        : { ...target, type: target.type ?? activity.detail?.object, role_id: 1, role: "Target" },
      activity.deployment?.uid === undefined && activity.deployment?.name === undefined
        ? undefined
        : { ...activity.deployment, type: activity.deployment.type ?? "deployment", role_id: 1, role: "Target" },
    ),
    enrichments: listed(
      activity.cost && {
        name: "cost",
        type: "cost",
        value: String(toUsd(activity.cost.nanoUsd)),
        provider: activity.cost.priceSource,
        data: { currency: "USD", ...activity.cost },
      },
    ),
    observables: listed(
      observable("src_endpoint.ip", IP_ADDRESS, ipOf(activity)),
      observable("actor.user.uid", USER_UID, activity.actor?.uid),
      observable("actor.user.programmatic_credentials[0].uid", CREDENTIAL_UID, credential?.uid),
      observable("http_request.user_agent", USER_AGENT, network?.userAgent),
      observable("dst_endpoint.hostname", HOSTNAME, network?.host),
    ),
    unmapped: { gnomon: ownWords(activity) },
  }) as OcsfEvent;
}

function networkActivity(activity: Activity, version: string): OcsfEvent {
  const { network } = activity;
  return withoutAbsent({
    ...classed(4001, "Network Activity", { id: 99, name: activity.operation }),
    ...common(activity, version, []),
    src_endpoint: sourceOf(activity),
    dst_endpoint:
      network?.host === undefined ? { svc_name: activity.provider ?? "Unknown" } : { hostname: network.host },
    observables: listed(
      observable("src_endpoint.ip", IP_ADDRESS, ipOf(activity)),
      observable("dst_endpoint.hostname", HOSTNAME, network?.host),
    ),
    unmapped: { gnomon: { ...ownWords(activity), actor: activity.actor, userAgent: network?.userAgent } },
  }) as OcsfEvent;
}

export interface StateOfFinding {
  readonly finding: Finding;
  /** Tells this state from every other of the finding: a row's number, or the id under which a change is told. */
  readonly revision: number | string;
}

/** `rule` is absent where this version no longer has it. `version` is Gnomon's own. */
export function findingToOcsf(state: StateOfFinding, rule: Rule | undefined, version: string): OcsfEvent {
  const { finding, revision } = state;
  const { subject } = finding;
  // A finding about a principal alone happened in some cloud all the same: its evidence says in which.
  const facts = finding.evidence.find(({ facts }) => facts["door"] !== undefined)?.facts ?? {};
  const provider = subject.provider ?? facts["door"];
  const account = subject.account ?? facts["account"];
  const cloud = cloudOf({
    ...(provider ? { provider } : {}),
    ...(account ? { account: { uid: account } } : {}),
    ...(subject.region ? { region: { requested: subject.region } } : {}),
  });
  const status = FINDING_STATUS[finding.status];
  const owner = finding.owner === undefined ? undefined : { name: finding.owner };
  const resource = (type: string, name: string | undefined) =>
    name === undefined ? undefined : { uid: name, name, type, owner, role_id: 3, role: "Affected" };

  const resources = listed(
    resource("AI Model", subject.model),
    resource("AI Service", subject.provider),
    resource("Account", subject.account),
    resource("Credential", subject.credential),
    resource("Resource", subject.resource),
  );

  return withoutAbsent({
    ...classed(2004, "Detection Finding", FINDING_ACTIVITY[finding.status]),
    severity_id: levels.indexOf(finding.level) + 1,
    severity: captioned(finding.level),
    status_id: status.id,
    status: status.name,
    time: finding.lastSeenTime,
    start_time: finding.firstSeenTime,
    end_time: finding.lastSeenTime,
    count: finding.count || undefined,
    message: finding.reason,
    metadata: {
      ...metadata(version, ["security_control", ...(cloud ? ["cloud"] : [])]),
      uid: uidOf("ocsf", finding.uid, revision),
      correlation_uid: finding.uid,
      event_code: finding.ruleName,
    },
    cloud,
    finding_info: {
      uid: finding.uid,
      title: finding.title,
      desc: finding.reason,
      first_seen_time: finding.firstSeenTime,
      last_seen_time: finding.lastSeenTime,
      analytic: { uid: finding.ruleId, name: finding.ruleName, desc: rule?.description, type_id: 1, type: "Rule" },
      attacks: listed(...(rule?.tags ?? []).map(attackOf)),
      tags: rule && rule.tags.length > 0 ? [{ name: "rule", values: rule.tags }] : undefined,
      related_events: listed(...finding.evidence.map(({ uid }) => ({ uid }))),
      related_events_count: finding.matches,
    },
    is_alert: finding.experimental !== true,
    ...CONFIDENCE[rule?.status ?? "experimental"],
    action_id: 3,
    action: "Observed",
    disposition_id: 15,
    disposition: "Detected",
    policy: finding.clause === undefined ? undefined : { name: "AI policy", uid: finding.clause },
    evidences: listed(
      ...finding.evidence.map((evidence) => ({
        actor: subject.principal === undefined ? undefined : { user: { uid: subject.principal } },
        api: { operation: evidence.operation },
        data: evidence,
      })),
    ),
    resources,
    observables: listed(
      observable(
        "evidences[0].actor.user.uid",
        USER_UID,
        finding.evidence.length > 0 ? subject.principal : undefined,
      ),
      ...(resources ?? []).map(({ uid }, at) => observable(`resources[${at}].uid`, RESOURCE_UID, uid)),
    ),
    remediation: rule && {
      desc: rule.remedy,
      references: rule.references.length > 0 ? rule.references : undefined,
    },
    unmapped: {
      gnomon: {
        status: finding.status,
        subject,
        owner: finding.owner,
        clause: finding.clause,
        matches: finding.matches,
        falsepositives: rule?.falsepositives,
        misses: rule?.misses,
      },
    },
  }) as OcsfEvent;
}

/**
 * The event as an older version knows it. What that version has no attribute for is dropped, since model, tokens,
 * clause and status stand in `unmapped.gnomon` too; a code it has no number for becomes 99, its text stays.
 * Differences read in the schemas of ocsf/ocsf-schema at the tags v1.1.0, 1.3.0, 1.5.0 and 1.8.0.
 */
export function downConvert(event: OcsfEvent, version: OcsfVersion): OcsfEvent {
  if (version === "1.8.0") return event;
  const isBefore15 = version !== "1.5.0";
  const knownObservable = (id: number): boolean =>
    !isBefore15 || (id <= 30 && (version === "1.3.0" || id <= 10 || id >= 20));

  const convert = (value: unknown, key: string, owner: string): unknown => {
    if (key === "unmapped" || (owner === "evidences" && key === "data")) return value;
    if (key === "version" && owner === "metadata") return version;
    if (key === "profiles") {
      const kept = (value as string[]).filter((profile) => profile !== "ai_operation");
      return kept.length > 0 ? kept : undefined;
    }
    if (key === "ai_model" || key === "message_context" || key === "programmatic_credentials") return undefined;
    if (owner === "resources" && (key === "role" || key === "role_id")) return undefined;
    if (owner === "user" && key === "type_id" && value === 4) return 99;
    if (isBefore15) {
      if (key === "is_alert" || key === "policy" || key === "related_events_count") return undefined;
      if (owner === "finding_info" && key === "tags") return undefined;
      if (owner === "account" && key === "type_id" && Number(value) > 10) return 99;
      if (key === "action_id" && value === 3) return 99;
      if (owner === "observables" && key === "type_id" && !knownObservable(Number(value))) return 99;
    }
    if (Array.isArray(value)) return value.map((item) => convert(item, "", key));
    if (typeof value !== "object" || value === null) return value;
    const name = key === "" ? owner : key;
    return Object.fromEntries(
      Object.entries(value).flatMap(([inner, part]) => {
        const converted = convert(part, inner, name);
        return converted === undefined ? [] : [[inner, converted]];
      }),
    );
  };
  return convert(event, "event", "") as OcsfEvent;
}

function classed(classUid: number, className: string, { id, name }: Coded) {
  const category = Math.floor(classUid / 1_000);
  return {
    category_uid: category,
    category_name: CATEGORIES[category],
    class_uid: classUid,
    class_name: className,
    activity_id: id,
    activity_name: name,
    type_uid: classUid * 100 + id,
    type_name: `${className}: ${id === 99 ? "Other" : name}`,
  };
}

const CATEGORIES: Readonly<Record<number, string>> = {
  2: "Findings",
  4: "Network Activity",
  6: "Application Activity",
};

function common(activity: Activity, version: string, profiles: readonly string[]) {
  const isInterval = activity.endTime > activity.startTime;
  const status = activity.outcome?.status;
  return {
    severity_id: 1,
    severity: "Informational",
    status_id: status === "success" ? 1 : status === "failure" ? 2 : 0,
    status: status === undefined ? "Unknown" : captioned(status),
    status_code: activity.outcome?.code,
    status_detail: activity.outcome?.reason,
    time: activity.startTime,
    start_time: isInterval ? activity.startTime : undefined,
    end_time: isInterval ? activity.endTime : undefined,
    duration: isInterval ? activity.endTime - activity.startTime : undefined,
    count: activity.kind === "bucket" ? activity.count || undefined : undefined,
    metadata: { ...metadata(version, profiles), uid: activity.uid, log_name: activity.source },
  };
}

const metadata = (version: string, profiles: readonly string[]) => ({
  version: "1.8.0" satisfies OcsfVersion,
  product: { name: "Gnomon", vendor_name: "Gnomon", version },
  profiles: profiles.length > 0 ? profiles.toSorted() : undefined,
});

function activityOf({ kind, detail }: Activity): Coded {
  if (kind !== "change") return { id: 99, name: "Invoke" };
  switch (detail?.action) {
    case "create":
      return { id: 1, name: "Create" };
    case "read":
      return { id: 2, name: "Read" };
    case "update":
    case "enable":
    case "disable":
      return { id: 3, name: "Update" };
    case "delete":
      return { id: 4, name: "Delete" };
    default:
      return { id: 99, name: detail?.action === "use" ? "Use" : "Other" };
  }
}

/** `aws.bedrock` is a service of AWS; OpenAI is no cloud, and has no `cloud` object. */
const CLOUDS: Readonly<Record<string, { readonly name: string; readonly accountType: Coded }>> = {
  aws: { name: "AWS", accountType: { id: 10, name: "AWS Account" } },
  azure: { name: "Azure", accountType: { id: 13, name: "Azure Subscription" } },
  gcp: { name: "GCP", accountType: { id: 11, name: "GCP Project" } },
  oci: { name: "OCI", accountType: { id: 12, name: "OCI Compartment" } },
};

function cloudOf(said: Pick<Activity, "provider" | "account" | "organization" | "region">) {
  const cloud = CLOUDS[said.provider?.split(".")[0] ?? ""];
  return (
    cloud && {
      provider: cloud.name,
      region: said.region?.requested ?? said.region?.processed,
      account: said.account && { ...said.account, type_id: cloud.accountType.id, type: cloud.accountType.name },
      org: said.organization,
    }
  );
}

const USER_TYPES: Readonly<Record<string, Coded>> = {
  human: { id: 1, name: "User" },
  workload: { id: 4, name: "Service" },
  service: { id: 3, name: "System" },
};

/** OCSF demands an actor; where the log names nobody it is the user `Unknown`. */
function actorOf({ actor, credential, account }: Activity) {
  const type = USER_TYPES[actor?.type ?? ""];
  const isNamed = actor?.uid !== undefined || actor?.name !== undefined || account !== undefined;
  return {
    user: {
      uid: actor?.uid,
      name: actor?.name ?? (isNamed ? undefined : "Unknown"),
      type_id: type?.id ?? 0,
      type: type?.name ?? "Unknown",
      account,
      programmatic_credentials:
        credential?.uid === undefined ? undefined : [{ uid: credential.uid, type: credential.type }],
    },
    session: { uid: actor?.sessionUid, issuer: actor?.issuerUid },
  };
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^(?=.*:.*:)[0-9A-Fa-f:]{2,39}$/;

/** A masked or otherwise unusual address is no OCSF `ip_t`; it goes by name. */
function ipOf({ network }: Activity): string | undefined {
  const ip = network?.ip;
  return ip !== undefined && (IPV4.test(ip) || IPV6.test(ip)) ? ip : undefined;
}

/** OCSF demands a source endpoint; usage APIs know none but the service that reports. */
function sourceOf(activity: Activity) {
  const ip = ipOf(activity);
  if (ip !== undefined) return { ip };
  if (activity.network?.ip !== undefined) return { name: activity.network.ip };
  return { svc_name: activity.gateway ?? activity.provider ?? activity.source };
}

function serviceOf({ gateway, provider }: Activity) {
  const name = provider ?? gateway;
  return name === undefined ? undefined : { name };
}

const errorCode = ({ outcome }: Activity): string | undefined =>
  outcome?.status === "failure" ? outcome.code : undefined;

const ownWords = (activity: Activity) => ({
  kind: activity.kind,
  view: activity.view,
  operationName: activity.operationName,
  provider: activity.provider,
  gateway: activity.gateway,
  model: activity.model,
  usage: activity.usage,
  region: activity.region,
  credentialType: activity.credential?.type,
  project: activity.project,
  labels: activity.labels,
  detail: activity.detail,
});

const IP_ADDRESS: Coded = { id: 2, name: "IP Address" };
const HOSTNAME: Coded = { id: 1, name: "Hostname" };
const USER_AGENT: Coded = { id: 16, name: "HTTP User-Agent" };
const RESOURCE_UID: Coded = { id: 10, name: "Resource UID" };
const CREDENTIAL_UID: Coded = { id: 19, name: "User Credential ID" };
const USER_UID: Coded = { id: 31, name: "User Object: uid" };

const observable = (path: string, { id, name }: Coded, value: string | undefined) =>
  value === undefined ? undefined : { name: path, type_id: id, type: name, value };

const FINDING_ACTIVITY: Readonly<Record<Finding["status"], Coded>> = {
  new: { id: 1, name: "Create" },
  open: { id: 2, name: "Update" },
  acknowledged: { id: 2, name: "Update" },
  reopened: { id: 2, name: "Update" },
  suppressed: { id: 2, name: "Update" },
  resolved: { id: 3, name: "Close" },
};

/** `New` until a person has looked at it. */
const FINDING_STATUS: Readonly<Record<Finding["status"], Coded>> = {
  new: { id: 1, name: "New" },
  open: { id: 1, name: "New" },
  reopened: { id: 1, name: "New" },
  acknowledged: { id: 2, name: "In Progress" },
  suppressed: { id: 3, name: "Suppressed" },
  resolved: { id: 4, name: "Resolved" },
};

const CONFIDENCE: Readonly<
  Record<Rule["status"], { readonly confidence_id: number; readonly confidence: string }>
> = {
  stable: { confidence_id: 3, confidence: "High" },
  test: { confidence_id: 2, confidence: "Medium" },
  experimental: { confidence_id: 1, confidence: "Low" },
  deprecated: { confidence_id: 1, confidence: "Low" },
};

/** `attack.t1078.004`, `attack.initial-access`, `atlas.aml.t0040`, `atlas.aml.ta0000`: ATT&CK and ATLAS share one object. */
function attackOf(tag: string) {
  const [, matrix, name] = /^(attack|atlas)\.(.+)$/.exec(tag) ?? [];
  if (matrix === undefined || name === undefined) return undefined;
  const uid = name.toUpperCase();
  if (/^(AML\.)?TA\d{4}$/.test(uid)) return { tactic: { uid } };
  const [, technique, sub] = /^((?:AML\.)?T\d{4})(\.\d{3})?$/.exec(uid) ?? [];
  if (technique === undefined) return { tactic: { name: name.split(/[-_]/).map(captioned).join(" ") } };
  return { technique: { uid: technique }, sub_technique: sub === undefined ? undefined : { uid } };
}

const captioned = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** Undefined where nothing is left: an OCSF array that is there is not empty. */
function listed<T>(...items: readonly (T | undefined)[]): T[] | undefined {
  const kept = items.filter((item): item is T => item !== undefined);
  return kept.length > 0 ? kept : undefined;
}
