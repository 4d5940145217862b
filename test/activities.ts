/** Activities for tests: one by hand, and any of a small world whose readings meet, clash and grow. */
import fc from "fast-check";
import { ACTIVITY_SCHEMA, type Activity } from "../shared/model/activity.ts";
import { uidOf } from "../shared/model/uid.ts";
import { type EpochMs, HOUR_MS } from "../shared/model/units.ts";

/** A call on 2026-03-02 at 08:00 UTC; whatever matters is given. */
export function activity(given: Partial<Activity> = {}): Activity {
  const startTime = given.startTime ?? START;
  return {
    schema: ACTIVITY_SCHEMA,
    uid: uidOf("test", "one"),
    kind: "call",
    view: "provider",
    source: "aws.cloudtrail",
    startTime,
    endTime: startTime,
    count: 1,
    operation: "InvokeModel",
    ...given,
  };
}

export const START = Date.UTC(2026, 2, 2, 8) as EpochMs;

/**
 * Any reading of one of `uids` things. Values come from short lists, so that two readings of a thing often differ in
 * one field and agree in the next; about one uid in four is a bucket that grows.
 */
export function anyActivity({ uids }: { readonly uids: number }): fc.Arbitrary<Activity> {
  const name = (...names: string[]) => fc.constantFrom(...names);
  const tokens = fc.integer({ min: 0, max: 3 }).map((thousands) => thousands * 1_000);
  return fc
    .record(
      {
        thing: fc.nat({ max: uids - 1 }),
        source: name("aws.bedrock-invocation", "aws.cloudtrail", "litellm.spend"),
        view: fc.constantFrom<Activity["view"][]>("provider", "provider", "gateway"),
        kind: fc.constantFrom<Activity["kind"][]>("call", "call", "call", "change", "contact"),
        // Half an hour around 09:00, so that a merge moves some from one hour of the rollup to another.
        minute: fc.integer({ min: 45, max: 75 }),
        lasts: fc.nat({ max: 2 }),
        count: fc.integer({ min: 0, max: 3 }),
        operation: name("InvokeModel", "Converse"),
        operationName: fc.constantFrom<Activity["operationName"][]>("chat", "text_completion"),
        outcome: fc.constantFrom<Activity["outcome"][]>(
          { status: "success" },
          { status: "failure", reason: "denied", code: "AccessDeniedException" },
          { status: "failure", reason: "throttled" },
        ),
        actor: fc.constantFrom<Activity["actor"][]>(
          { uid: "alice", type: "human" },
          { uid: "alice", name: "Alice" },
          { uid: "alice", name: "\u{1F600}" },
          { uid: "alice", name: "\uFB01" },
          { uid: "session-1", sessionUid: "session-1", issuerUid: "role/build" },
          { name: "bob" },
          { uid: "\u0000mallory\udc00" },
        ),
        credential: fc.constantFrom<Activity["credential"][]>(
          { uid: "AKIA1", type: "long-term" },
          { uid: "ASIA1", type: "temporary" },
          { type: "api-key" },
        ),
        account: fc.constantFrom<Activity["account"][]>({ uid: "1111" }, { uid: "1111", name: "research" }),
        provider: name("aws.bedrock", "openai"),
        gateway: name("litellm"),
        model: fc.constantFrom<Activity["model"][]>(
          { id: "us.anthropic.claude-x", vendor: "anthropic", name: "anthropic/claude-x" },
          { id: "deepseek-y", name: "deepseek/deepseek-y" },
          { id: "router" },
          { id: "odd\u0000\ud800" },
        ),
        deployment: fc.constantFrom<Activity["deployment"][]>(
          { uid: "profile-1" },
          { name: "chat", type: "Standard" },
        ),
        region: fc.constantFrom<Activity["region"][]>(
          { requested: "eu-central-1" },
          { requested: "eu-central-1", processed: "eu-west-3" },
          { requested: "eu-central-1", scope: "geography", geography: "eu" },
          { processed: "us-east-1", scope: "global" },
        ),
        usage: fc.record(
          { inputTokens: tokens, outputTokens: tokens, cacheReadTokens: tokens },
          { requiredKeys: [] },
        ),
        cost: fc.constantFrom<Activity["cost"][]>(
          { nanoUsd: 7 as never, basis: "estimated", priceSource: "litellm" },
          { nanoUsd: 5 as never, basis: "billed" },
        ),
        network: fc.constantFrom<Activity["network"][]>(
          { ip: "81.2.69.0/24" },
          { ip: "81.2.69.160", userAgent: "Boto3" },
          { host: "api.openai.com" },
        ),
        labels: fc.dictionary(name("team", "stage", "task"), name("a", "b", "weird\u0000\ud800"), { maxKeys: 2 }),
        detail: fc.constantFrom<Activity["detail"][]>(
          { object: "key", action: "create" },
          { object: "logging", action: "disable", weakens: true, target: { uid: "log-1" } },
        ),
        receivedTime: fc.integer({ min: 1, max: 3 }).map((ms) => ms as EpochMs),
      },
      { requiredKeys: ["thing", "source", "view", "kind", "minute", "lasts", "count", "operation"] },
    )
    .map(({ thing, minute, lasts, kind, ...rest }): Activity => {
      const startTime = (START + (minute * HOUR_MS) / 60) as EpochMs;
      return {
        schema: ACTIVITY_SCHEMA,
        uid: uidOf("test", thing),
        startTime,
        endTime: (startTime + lasts * 1_000) as EpochMs,
        kind: thing % 4 === 3 ? "bucket" : kind,
        ...rest,
      };
    });
}
