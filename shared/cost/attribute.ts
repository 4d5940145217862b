/**
 * For whom a use was: team, application, customer and task, beside the owner whom the policy names.
 *
 * In this order, the first that says it:
 *   team      the policy's owner (kept apart, as `owner`), else a tag or request metadata, or the key's team at a gateway
 *   app       a tag or request metadata, else an application inference profile, an agent, a gateway's key
 *   customer  a tag or request metadata, else the end user a gateway was told, the session behind a gateway's role
 *   task      a tag or request metadata
 * All but the owner are the caller's word, unverified. Tags by name only, in any case and spelling (`Cost-Center`,
 * `cost_center`), and no guess from a value: what nobody said is unattributed, and shown as such.
 */
import type { Activity } from "../model/activity.ts";

export interface Attribution {
  readonly team?: string;
  readonly app?: string;
  readonly customer?: string;
  readonly task?: string;
}

/** Names of labels, lower case and without punctuation; the earlier one counts. */
const names = {
  team: "team teamname teamid metadatauserapikeyteamalias metadatauserapikeyteamid squad department businessunit costcenter costcentre group owner",
  app: "app application appname applicationname service servicename workload workloadname agentname genaiagentname agentid genaiagentid k8sdeploymentname project",
  key: "keyalias metadatauserapikeyalias",
  customer: "customer customername customerid tenant tenantname tenantid client clientid",
  endUser: "enduser enduserid metadatauserapikeyenduserid llmuser",
  task: "task taskname usecase feature workflow workflowname job jobname purpose skillname mcptool tool",
} as const;

interface Meaning {
  readonly part: keyof typeof names;
  readonly rank: number;
}

const wanted: ReadonlyMap<string, Meaning> = new Map(
  (Object.keys(names) as (keyof typeof names)[]).flatMap((part) =>
    names[part].split(" ").map((name, rank) => [name, { part, rank }] as const),
  ),
);

export function attributionOf(activity: Activity): Attribution {
  const said = saidBy(activity.labels);
  const app = said.app ?? profileOf(activity) ?? said.key;
  const customer = said.customer ?? said.endUser ?? callerBehindGateway(activity);
  const attribution: { -readonly [Part in keyof Attribution]: string } = {};
  if (said.team !== undefined) attribution.team = said.team;
  if (app !== undefined) attribution.app = app;
  if (customer !== undefined) attribution.customer = customer;
  if (said.task !== undefined) attribution.task = said.task;
  return attribution;
}

/** By part, the value of the label whose name comes first. */
function saidBy(labels: Activity["labels"]): Partial<Record<keyof typeof names, string>> {
  const said: Partial<Record<keyof typeof names, string>> = {};
  if (!labels) return said;
  const ranks: Partial<Record<keyof typeof names, number>> = {};
  for (const label of Object.keys(labels)) {
    const found = meaningOf(label);
    const value = labels[label];
    if (!found || value === undefined || (ranks[found.part] ?? Number.POSITIVE_INFINITY) <= found.rank) continue;
    // The id of one request is no task or application: it would make a series of each call.
    if (found.part !== "customer" && found.part !== "endUser" && ONE_OF_MANY.test(value)) continue;
    ranks[found.part] = found.rank;
    said[found.part] = value;
  }
  return said;
}

const known = new Map<string, Meaning | undefined>();
/** Labels' names are few; callers that make up new ones are not remembered. */
const MOST_KNOWN = 2_000;

function meaningOf(label: string): Meaning | undefined {
  if (known.has(label)) return known.get(label);
  const meaning = wanted.get(label.toLowerCase().replaceAll(/[^a-z0-9]/g, ""));
  if (known.size < MOST_KNOWN) known.set(label, meaning);
  return meaning;
}

/** A UUID, a long number or hash. */
const ONE_OF_MANY = /^(?:[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|\d{9,}|(?=.*\d)[0-9a-f]{16,})$/i;

/** An application inference profile is made for just this: one per application. */
const profileOf = ({ deployment }: Activity): string | undefined =>
  deployment?.type === "application-inference-profile" ? (deployment.name ?? deployment.uid) : undefined;

/** A gateway that takes a role for each caller names the session after the caller. */
const GATEWAY_ROLE = /gateway|litellm|llm-?proxy|portkey|kong/i;
/** Sessions that nobody named: instances, SDKs' defaults, times. */
const UNNAMED_SESSION =
  /^(?:i-[0-9a-f]{8,17}|botocore-session-\d+|aws-(?:sdk|go-sdk)\S*|boto3?\S*|session\d*|\d+)$/i;

function callerBehindGateway({ actor }: Activity): string | undefined {
  if (actor?.issuerUid === undefined || actor.sessionUid === undefined) return undefined;
  const role = lastOf(actor.issuerUid);
  if (!GATEWAY_ROLE.test(role)) return undefined;
  const session = lastOf(actor.sessionUid);
  if (session === "") return undefined;
  return UNNAMED_SESSION.test(session) || ONE_OF_MANY.test(session) || session === role ? undefined : session;
}

/** `role` of `arn:…:role/path/role`. */
const lastOf = (uid: string): string => uid.slice(uid.lastIndexOf("/") + 1);
