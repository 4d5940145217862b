/** How findings name people, models and places, and what their evidence shows of an activity. */
import { type Activity, isBill, modelOf, principalOf } from "../model/activity.ts";
import { type Evidence, type Level, levels } from "../model/finding.ts";

const WHOLE = new Intl.NumberFormat("en-US");

/** `1,204` */
export const figure = (count: number): string => WHOLE.format(count);

const DOLLARS = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const WHOLE_DOLLARS = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 0,
});

/** `$1,240`, `$3.07`; less than a cent is said to be that. */
export function dollars(nanoUsd: number): string {
  const usd = nanoUsd / 1e9;
  if (usd !== 0 && Math.abs(usd) < 0.01) return "less than a cent";
  return Math.abs(usd) >= 100 ? WHOLE_DOLLARS.format(usd) : DOLLARS.format(usd);
}

/** `1 request`, `1,204 requests` */
export const counted = (count: number, one: string): string => `${figure(count)} ${one}${count === 1 ? "" : "s"}`;

/** `94 s`, `12 min` */
export const lasting = (milliseconds: number): string =>
  milliseconds < 180_000
    ? `${figure(Math.round(milliseconds / 1_000))} s`
    : `${figure(Math.round(milliseconds / 60_000))} min`;

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** `3 Nov 2026`, UTC. */
export const dayIn = (time: number): string => DAY.format(time).replace("Sept", "Sep");

/** `November 2026`, UTC. */
export const monthIn = (time: number): string => MONTH.format(time);

/** `31%`; what is not all is never 100%. */
export const share = (part: number, of: number): string =>
  `${part < of ? Math.min(99, Math.round((100 * part) / of)) : 100}%`;

/** A person by name, a role without the rest of its ARN. */
export function whoOf(activity: Activity): string {
  const principal = principalOf(activity);
  if (activity.actor?.type === "human" && activity.actor.name) return activity.actor.name;
  return principal === undefined ? "Somebody the log does not name" : shortened(principal);
}

/** `role/app` of `arn:aws:iam::111122223333:role/app`. */
export const shortened = (uid: string): string => /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/.exec(uid)?.[1] ?? uid;

/** ` in account 111122223333`; "" where no account is known. */
export const inAccount = ({ account }: Activity): string =>
  account === undefined ? "" : ` in account ${account.name ?? account.uid}`;

/** What was done, as the start of a sentence: `role/app called meta/llama-3 through aws.bedrock in account prod`. */
export function useOf(activity: Activity): string {
  const { kind, count, provider, gateway, network, outcome } = activity;
  const who = whoOf(activity);
  const door = provider ?? gateway;
  if (kind === "contact")
    return `${who}${inAccount(activity)} contacted ${door ?? "an AI service"}${network?.host ? ` (${network.host})` : ""}`;

  if (isBill(activity))
    return `A bill charges ${amountOf(activity)} for ${modelOf(activity) ?? "a model it does not name"}${door ? ` through ${door}` : ""}${inAccount(activity)}`;

  const model = modelOf(activity) ?? "a model the log does not name";
  const through = `${door ? ` through ${door}` : ""}${gateway && gateway !== door ? ` by way of ${gateway}` : ""}`;
  const there = `${through}${inAccount(activity)}`;
  if (kind === "bucket") {
    const sent = count === 0 ? "used" : `sent ${counted(count, "request")} to`;
    return `${who} ${sent} ${model}${there}${tokensOf(activity)}`;
  }
  if (outcome?.status === "failure")
    return `${who} tried to call ${model}${there} (${outcome.reason ?? "failed"})`;
  return `${who} called ${model}${there}${tokensOf(activity)}`;
}

/** ` with 1,200 tokens in and 300 out`; "" where nobody counted. */
function tokensOf({ usage }: Activity): string {
  const parts = [
    ...(usage?.inputTokens === undefined ? [] : [`${counted(usage.inputTokens, "token")} in`]),
    ...(usage?.outputTokens === undefined ? [] : [`${figure(usage.outputTokens)} out`]),
  ];
  return parts.length === 0 ? "" : ` with ${parts.join(" and ")}`;
}

/** Bills in another currency than the dollar say so in their labels. */
function amountOf({ cost, labels }: Activity): string {
  if (cost) return dollars(cost.nanoUsd);
  const { currency, amount } = labels ?? {};
  return currency && amount ? `${currency} ${amount}` : "an amount it does not say";
}

/** What was changed, as a person says it: the target's name, else its id without the path to it. */
export const targetOf = ({ detail }: Activity): string | undefined =>
  detail?.target?.name ?? (detail?.target?.uid && shortened(detail.target.uid));

export function evidenceOf(activity: Activity): Evidence {
  const { actor, credential, account, provider, gateway, region, network, outcome, detail, usage } = activity;
  const facts: Record<string, string | undefined> = {
    principal: principalOf(activity),
    session: actor?.sessionUid,
    credential: joined(" ", credential?.virtual ? "virtual" : undefined, credential?.type, credential?.uid),
    account: joined(
      " ",
      account?.uid,
      account?.name && account.name !== account.uid ? `(${account.name})` : undefined,
    ),
    door: provider,
    gateway,
    model: modelOf(activity),
    requested: region?.requested,
    processed: region?.processed,
    scope: joined(" ", region?.scope, region?.geography),
    outcome: joined(" ", outcome?.status, outcome?.reason, outcome?.code),
    requests: activity.kind === "bucket" && !isBill(activity) ? figure(activity.count) : undefined,
    billed: isBill(activity) ? amountOf(activity) : undefined,
    tokens: joined(
      ", ",
      usage?.inputTokens === undefined ? undefined : `${figure(usage.inputTokens)} in`,
      usage?.outputTokens === undefined ? undefined : `${figure(usage.outputTokens)} out`,
    ),
    changed: joined(" ", detail?.action, detail?.object, targetOf(activity)),
    from: network?.ip,
    host: network?.host,
  };
  return {
    uid: activity.uid,
    time: activity.startTime,
    operation: activity.operation,
    facts: Object.fromEntries(
      Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== undefined),
    ),
  };
}

const joined = (between: string, ...parts: readonly (string | undefined)[]): string | undefined =>
  parts.filter((part) => part !== undefined).join(between) || undefined;

/** Whether it did not come about, so that a finding need not be as loud. */
export const wasRefused = ({ outcome }: Activity): boolean =>
  outcome?.status === "failure" && (outcome.reason === undefined || outcome.reason === "denied");

export const lowered = (level: Level): Level => levels[Math.max(0, levels.indexOf(level) - 1)] ?? level;
