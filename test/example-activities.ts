/** Activities and policies as tests write them: complete, unremarkable, and changed where the test says. */
import { expect } from "vitest";
import type { Detection, GroupDetection } from "../shared/detections/detection.ts";
import { ACTIVITY_SCHEMA, Activity } from "../shared/model/activity.ts";
import type { Match } from "../shared/model/finding.ts";
import { uidOf } from "../shared/model/uid.ts";
import { compilePolicy } from "../shared/policy/judge.ts";
import { noPolicy, parsePolicy } from "../shared/policy/parse-policy.ts";
import type { Policy } from "../shared/policy/policy.ts";

/** Fields to change; times as plain numbers. */
export type Changes = Partial<Omit<Activity, "startTime" | "endTime">> & { readonly startTime?: number };

const complete = (kind: Activity["kind"], view: Activity["view"], usual: Changes, changes: Changes): Activity => {
  const startTime = changes.startTime ?? Date.UTC(2026, 5, 1);
  const given = {
    schema: ACTIVITY_SCHEMA,
    kind,
    view,
    count: 1,
    outcome: { status: "success" },
    ...usual,
    ...changes,
    startTime,
    endTime: startTime,
  };
  return Activity.parse({ uid: uidOf(JSON.stringify(given)), ...given });
};

const app: Changes = {
  actor: { uid: "AROAEXAMPLE1", issuerUid: "arn:aws:iam::111122223333:role/app", name: "app" },
  credential: { uid: "ASIAEXAMPLE1", type: "temporary" },
  account: { uid: "111122223333" },
  network: { ip: "198.51.100.7" },
};

/** `role/app` calls Claude on Bedrock in Ireland. */
export const call = (changes: Changes = {}): Activity =>
  complete(
    "call",
    "provider",
    {
      source: "aws.cloudtrail",
      operation: "InvokeModel",
      operationName: "chat",
      provider: "aws.bedrock",
      model: { id: "anthropic.claude-sonnet-4-5-v1:0", vendor: "anthropic", name: "anthropic/claude-sonnet-4-5" },
      region: { requested: "eu-west-1", scope: "regional" },
      ...app,
    },
    changes,
  );

/** An hour of a project's use of OpenAI. */
export const bucket = (changes: Changes = {}): Activity =>
  complete(
    "bucket",
    "usage",
    {
      source: "openai.usage",
      operation: "usage.completions",
      provider: "openai",
      account: { uid: "proj_1" },
      actor: { uid: "user-1" },
      model: { id: "gpt-4o", vendor: "openai", name: "openai/gpt-4o" },
      count: 1_204,
      outcome: undefined,
    },
    changes,
  );

/** A machine looks up a vendor's host. */
export const contact = (changes: Changes = {}): Activity =>
  complete(
    "contact",
    "network",
    {
      source: "aws.route53-resolver",
      operation: "A",
      provider: "deepseek",
      account: { uid: "111122223333" },
      actor: { uid: "i-0123" },
      network: { host: "chat.deepseek.com" },
    },
    changes,
  );

/** `role/app` changes something of Bedrock. */
export const change = (detail: NonNullable<Activity["detail"]>, changes: Changes = {}): Activity =>
  complete(
    "change",
    "provider",
    {
      source: "aws.cloudtrail",
      operation: "Change",
      provider: "aws.bedrock",
      region: { requested: "eu-west-1" },
      ...app,
    },
    { ...changes, detail },
  );

export const DENIED: NonNullable<Activity["outcome"]> = {
  status: "failure",
  reason: "denied",
  code: "AccessDeniedException",
};

/** "" is no policy at all. */
export function policyOf(text: string): Policy {
  if (text === "") return noPolicy;
  const read = parsePolicy(text, "policy.yaml");
  return "policy" in read ? read.policy : expect.fail(JSON.stringify(read.problems));
}

/** What a detection says of one activity, judged by this policy. */
export function matchOf(detection: Detection, activity: Activity, policyText = ""): Match | undefined {
  if (detection.on !== "activity") return expect.fail(`${detection.rule.name} looks at more than one activity`);
  const policy = policyOf(policyText);
  return detection.evaluate(activity, { policy, judgement: compilePolicy(policy)(activity) });
}

/** What a group detection says once all of them were remembered, as by a store. */
export function groupMatchesOf(
  detection: GroupDetection,
  seen: readonly Activity[],
  policyText = "",
): readonly Match[] {
  const groups = new Map<string, Map<string, Activity>>();
  for (const activity of seen) {
    const said = detection.remember(activity);
    if (!said) continue;
    const group = JSON.stringify(said.group);
    const slots = groups.get(group) ?? new Map<string, Activity>();
    groups.set(group, slots);
    const slot = said.keep === "all" ? activity.uid : said.slot;
    const held = slots.get(slot);
    if (!held || byTime(activity, held) < 0) slots.set(slot, activity);
  }
  return [...groups.values()].flatMap((slots) =>
    detection.evaluate([...slots.values()].sort(byTime), { policy: policyOf(policyText) }),
  );
}

const byTime = (a: Activity, b: Activity): number => a.startTime - b.startTime || (a.uid < b.uid ? -1 : 1);

/** When the chain below begins. */
export const CHAIN_START = Date.UTC(2026, 5, 1, 2, 40);

/**
 * A stolen role opens a model and calls it: 15 records in 94 s, of the same kinds, order and distances as in the
 * detonation log of Stratus Red Team's "Invoke Bedrock Model" (read 2026-11), with made-up names.
 */
export const openedAndCalled: readonly Activity[] = [
  ["PutUseCaseForModelAccess", 0, "use-case-form", "create"] as const,
  ["ListFoundationModelAgreementOffers", 0, "agreement", "read"] as const,
  ["CreateFoundationModelAgreement", 1, "agreement", "create"] as const,
  ["PutFoundationModelEntitlement", 2, "entitlement", "enable"] as const,
  ...[0, 12, 22, 32, 42, 52, 62, 72, 82, 92].map(
    (seconds) => ["GetFoundationModelAvailability", seconds, "model-availability", "read"] as const,
  ),
]
  .map(([operation, seconds, object, action]) =>
    change(
      { object, action },
      {
        operation,
        startTime: CHAIN_START + seconds * 1_000,
        ...(object === "use-case-form" ? {} : { model: call().model }),
      },
    ),
  )
  .concat(call({ startTime: CHAIN_START + 94_000 }))
  .toReversed();
