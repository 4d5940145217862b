/**
 * A new key for AI that lasts, above all a long-term Bedrock API key: it works without any role, from anywhere.
 *
 * Facts: short-term Bedrock keys are made without a call to AWS; what CreateServiceSpecificCredential makes is
 * long-term, and belongs to an IAM user `BedrockAPIKey-…` that the console creates for it (AWS, Bedrock user guide,
 * "API keys", 2026). Given an access key or a password, that user can do more than call models (BeyondTrust, 2025).
 */
import { type Activity, principalOf } from "../model/activity.ts";
import type { Level, Subject } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import { ownerOf } from "../policy/judge.ts";
import type { ActivityDetection } from "./detection.ts";
import { accountOf, doorOf } from "./unsanctioned.ts";
import { evidenceOf, inAccount, targetOf, wasRefused, whoOf } from "./wording.ts";

export const keyCreated: ActivityDetection = {
  on: "activity",
  rule: {
    id: "bb016b0f-8ba2-4cdc-b05b-8ccdeb4a9b77",
    name: "key-created",
    title: "Lasting Key for AI Created",
    status: "test",
    level: "low",
    description:
      "A key for an AI service was created: low for an ordinary one, medium for a long-term Bedrock key or an administrator's, high where a Bedrock key's user was given other credentials.",
    references: [
      "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
      "https://attack.mitre.org/techniques/T1098/001/",
    ],
    falsepositives: ["A team that sets up its service, or rotates its keys"],
    tags: ["attack-version.19", "attack.t1098.001", "atlas-version.5.6", "atlas.aml.t0091.000"],
    misses: "Keys made before the logs begin, and short-term keys, which leave no record until they are used.",
    remedy: "Ask who it is for; replace it by a role or a short-term key, or see that it has an end and an owner.",
    quietMs: 30 * DAY_MS,
  },

  evaluate(activity, { policy }) {
    const made = creationOf(activity);
    if (!made) return undefined;
    const owner = ownerOf(policy, activity);
    const failed = activity.outcome?.status === "failure";
    const target = targetOf(activity);
    return {
      subject: subjectOf(activity, made.level),
      reason: `${whoOf(activity)} ${failed ? "tried to create" : "created"} ${made.what}${target ? ` ${target}` : ""}${inAccount(activity)}${failed ? `; it ${wasRefused(activity) ? "was denied" : "failed"}` : ""}.`,
      level: failed ? "low" : made.level,
      time: activity.startTime,
      evidence: [evidenceOf(activity)],
      count: activity.count,
      ...(owner === undefined ? {} : { owner }),
    };
  },
};

function creationOf(activity: Activity): { readonly what: string; readonly level: Level } | undefined {
  const { kind, detail, operation, provider } = activity;
  if (kind !== "change" || detail?.action !== "create") return undefined;
  const { object, target } = detail;
  const forBedrock = isBedrockKeyUser(target?.name) || isBedrockKeyUser(target?.uid);
  if (object === "user")
    return forBedrock ? { what: "the user of a Bedrock API key", level: "medium" } : undefined;
  if (object === "authentication")
    return forBedrock ? { what: "a password for the user of a Bedrock API key", level: "high" } : undefined;
  if (object !== "key") return undefined;
  if (target?.type === "AccessKey" && forBedrock)
    return { what: "an access key for the user of a Bedrock API key", level: "high" };
  if (provider?.startsWith("aws.")) return { what: "a long-term API key", level: "medium" };
  const forAdministrators = /admin/i.test(`${operation} ${target?.type ?? ""}`);
  return forAdministrators
    ? { what: "an administrator's API key", level: "medium" }
    : { what: "an API key", level: "low" };
}

/** AeaApiKey: the same for Claude Platform on AWS. */
const isBedrockKeyUser = (name: string | undefined): boolean =>
  /(^|[/:])(BedrockAPIKey|AeaApiKey)-/.test(name ?? "");

/** Ordinary keys come by the dozen where a platform hands them out: one finding per creator. Others are each looked at. */
function subjectOf(activity: Activity, level: Level): Subject {
  const principal = principalOf(activity);
  const key = activity.detail?.target?.name ?? activity.detail?.target?.uid;
  const subject = {
    ...(level === "low" && principal !== undefined ? { principal } : {}),
    ...accountOf(activity),
    ...doorOf(activity),
    ...(level !== "low" && key !== undefined ? { resource: key } : {}),
  };
  return Object.keys(subject).length > 0 ? subject : { resource: activity.source };
}
