/**
 * Two readings of one real-world thing become one. A join of a semilattice: commutative, associative, idempotent,
 * so that the order, the repetition and the batches in which readings come make no difference.
 */
import type { Activity, Cost } from "./activity.ts";
import { compareJson, leavesOf } from "./json-order.ts";
import type { EpochMs } from "./units.ts";

/** Joins readings of the same uid. Returns what both say together; neither argument is changed. */
export function mergeActivities(a: Activity, b: Activity): Activity {
  if (a === b) return a;
  // The sources give each kind identities of its own; a clash would be a vendor's id used twice.
  if (a.kind !== b.kind) return kinds.indexOf(a.kind) > kinds.indexOf(b.kind) ? a : b;
  if (a.kind === "bucket") return laterReading(a, b);

  const [source = a.source, ...others] = union(a.sources ?? [a.source], b.sources ?? [b.source]);
  const { operation, operationName } = richest(operationOf(a), operationOf(b)) ?? a;
  return known({
    schema: a.schema,
    uid: a.uid,
    kind: a.kind,
    view: views.indexOf(a.view) > views.indexOf(b.view) ? a.view : b.view,
    source,
    sources: others.length > 0 ? [source, ...others] : undefined,
    startTime: Math.min(a.startTime, b.startTime) as EpochMs,
    endTime: Math.max(a.endTime, b.endTime) as EpochMs,
    count: Math.max(a.count, b.count),
    operation,
    operationName,
    outcome: richest(a.outcome, b.outcome),
    actor: richest(a.actor, b.actor),
    credential: richest(a.credential, b.credential),
    account: richest(a.account, b.account),
    organization: richest(a.organization, b.organization),
    project: richest(a.project, b.project),
    provider: greater(a.provider, b.provider),
    gateway: greater(a.gateway, b.gateway),
    model: richest(a.model, b.model),
    deployment: richest(a.deployment, b.deployment),
    region: joinRegions(a.region, b.region),
    usage: byLeaf(a.usage, b.usage),
    cost: mostTrusted(a.cost, b.cost),
    network: joinNetworks(a.network, b.network),
    labels: byLeaf(a.labels, b.labels),
    detail: richest(a.detail, b.detail),
    receivedTime: greater(a.receivedTime, b.receivedTime),
  });
}

const kinds: readonly Activity["kind"][] = ["contact", "change", "bucket", "call"];
const views: readonly Activity["view"][] = ["network", "gateway", "usage", "provider"];

/**
 * A vendor's sum replaces the earlier one, also where it became less: vendors correct themselves. Where nobody
 * noted when it was read, as in files, the greater is the later: buckets grow until they are final.
 */
function laterReading(a: Activity, b: Activity): Activity {
  const order =
    (a.receivedTime ?? -1) - (b.receivedTime ?? -1) ||
    a.count - b.count ||
    tokens(a) - tokens(b) ||
    compareJson(a, b);
  return order >= 0 ? a : b;
}

const tokens = ({ usage }: Activity): number => (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);

const operationOf = ({ operation, operationName }: Activity) => ({ operation, operationName });

/** What names one thing is taken whole from the reading that says most, so that no mixture arises that no log said. */
function richest<Group extends object>(a: Group | undefined, b: Group | undefined): Group | undefined {
  if (a === undefined || b === undefined || a === b) return a ?? b;
  return (leavesOf(a) - leavesOf(b) || compareJson(a, b)) >= 0 ? a : b;
}

/** Known beats unknown, greater beats less: of token counts the measured one, of names any, but always the same. */
function greater<Leaf extends string | number>(a: Leaf | undefined, b: Leaf | undefined): Leaf | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}

/** Facts that are independent of one another are joined one by one, keys in order. */
function byLeaf<Value extends string | number>(
  a: Readonly<Record<string, Value | undefined>> | undefined,
  b: Readonly<Record<string, Value | undefined>> | undefined,
): Record<string, Value> | undefined {
  if (a === undefined && b === undefined) return undefined;
  const joined: [string, Value][] = [];
  for (const key of union(Object.keys(a ?? {}), Object.keys(b ?? {}))) {
    const value = greater(a?.[key], b?.[key]);
    if (value !== undefined) joined.push([key, value]);
  }
  return Object.fromEntries(joined);
}

const scopes = ["regional", "geography", "global"] as const;

/**
 * Where a call was made, ran and may have run are told by different logs, and a region that one log processed it in
 * must not be lost to a wordier one. Of two scopes the wider holds: it is what may have happened.
 */
function joinRegions(a: Activity["region"], b: Activity["region"]): Activity["region"] {
  if (a === undefined || b === undefined) return a ?? b;
  const wider = scopeRank(a) - scopeRank(b) || compareJson(a.geography, b.geography);
  return known({
    requested: greater(a.requested, b.requested),
    processed: greater(a.processed, b.processed),
    scope: wider >= 0 ? a.scope : b.scope,
    geography: wider >= 0 ? a.geography : b.geography,
  });
}

const scopeRank = ({ scope }: NonNullable<Activity["region"]>): number => (scope ? scopes.indexOf(scope) : -1);

function joinNetworks(a: Activity["network"], b: Activity["network"]): Activity["network"] {
  if (a === undefined || b === undefined) return a ?? b;
  return known({
    ip:
      addressRank(a.ip) === addressRank(b.ip)
        ? greater(a.ip, b.ip)
        : addressRank(a.ip) > addressRank(b.ip)
          ? a.ip
          : b.ip,
    userAgent: greater(a.userAgent, b.userAgent),
    host: greater(a.host, b.host),
  });
}

/** An address that the vendor masked, `81.2.69.0/24`, says less than the address. */
const addressRank = (ip: string | undefined): number => (ip === undefined ? 0 : ip.includes("/") ? 1 : 2);

/** An invoice beats an estimate. */
function mostTrusted(a: Cost | undefined, b: Cost | undefined): Cost | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = Number(a.basis === "billed") - Number(b.basis === "billed") || compareJson(a, b);
  return order >= 0 ? a : b;
}

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])].sort();

type Known<Fields> = { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };

/** Absent is absent: a field of which nobody said anything is left out. */
function known<Fields extends object>(fields: Fields): Known<Fields> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) kept[key] = value;
  return kept as Known<Fields>;
}
