import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACTIVITY_SCHEMA, Activity } from "./activity.ts";
import type { Finding, Rule } from "./finding.ts";
import { activityToOcsf, downConvert, findingToOcsf, type OcsfEvent, ocsfVersions } from "./ocsf.ts";
import type { EpochMs, NanoUsd } from "./units.ts";

const time = 1_763_846_400_000 as EpochMs;

const call: Activity = {
  schema: ACTIVITY_SCHEMA,
  uid: "5f".repeat(16),
  kind: "call",
  view: "provider",
  source: "aws.cloudtrail",
  startTime: time,
  endTime: time,
  count: 1,
  operation: "InvokeModel",
  operationName: "chat",
  outcome: { status: "failure", reason: "denied", code: "AccessDeniedException" },
  actor: { uid: "AROAEXAMPLE", name: "DataScience", type: "workload", sessionUid: "AROAEXAMPLE:ada" },
  credential: { uid: "ASIAEXAMPLE", type: "temporary" },
  account: { uid: "111122223333" },
  provider: "aws.bedrock",
  model: { id: "eu.anthropic.claude-sonnet-4-5", vendor: "anthropic", name: "anthropic/claude-sonnet-4-5" },
  region: { requested: "eu-west-1", scope: "geography", geography: "eu" },
  usage: { inputTokens: 1_200, outputTokens: 350 },
  cost: { nanoUsd: 8_850_000 as NanoUsd, basis: "estimated", priceSource: "genai-prices" },
  network: { ip: "203.0.113.7", userAgent: "Boto3/1.40" },
};

const rule: Rule = {
  id: "6f7c2a54-0d5a-4b51-9a3e-2f1b8d0c7e11",
  name: "unsanctioned-model",
  title: "Model in Use That Is Not Approved",
  status: "stable",
  level: "high",
  description: "A model that no approval covers was called.",
  references: ["https://example.org/policy"],
  falsepositives: ["An approval that nobody has written down yet"],
  tags: ["attack.t1078.004", "attack.initial-access", "atlas.aml.t0040", "atlas.aml.ta0000", "owasp.llm04-2026"],
  misses: "Use that no collected log shows.",
  remedy: "Ask the owner whether the use is meant.",
  quietMs: 86_400_000,
};

const finding: Finding = {
  schema: "gnomon.finding/v1",
  uid: "a1".repeat(16),
  ruleId: rule.id,
  ruleName: rule.name,
  title: "deepseek-r1 is not approved",
  level: "high",
  status: "new",
  subject: {
    principal: "arn:aws:iam::111122223333:role/Web",
    model: "deepseek/deepseek-r1",
    provider: "aws.bedrock",
  },
  reason: "Web called deepseek-r1 42 times.",
  firstSeenTime: time,
  lastSeenTime: (time + 60_000) as EpochMs,
  matches: 42,
  count: 42,
  evidence: [{ uid: call.uid, time, operation: "Converse", facts: { model: "deepseek-r1" } }],
  owner: "Web team",
  clause: "policy.yaml:12",
};

describe("an activity in OCSF", () => {
  it("is API Activity with the model, its tokens and its cost", () => {
    expect(activityToOcsf(call, "0.1.0")).toMatchObject({
      class_uid: 6003,
      type_uid: 600399,
      activity_name: "Invoke",
      status_id: 2,
      status_code: "AccessDeniedException",
      time,
      metadata: {
        version: "1.8.0",
        profiles: ["ai_operation", "cloud"],
        uid: call.uid,
        log_name: "aws.cloudtrail",
      },
      cloud: { provider: "AWS", region: "eu-west-1", account: { uid: "111122223333", type_id: 10 } },
      ai_model: { name: "anthropic/claude-sonnet-4-5", ai_provider: "aws.bedrock" },
      message_context: { prompt_tokens: 1_200, completion_tokens: 350, total_tokens: 1_550 },
      enrichments: [{ name: "cost", value: "0.00885", provider: "genai-prices" }],
      src_endpoint: { ip: "203.0.113.7" },
    });
  });

  it("has no cloud and no cloud profile for a vendor that is none", () => {
    const event = activityToOcsf({ ...call, provider: "openai", account: { uid: "org-made-up" } }, "0.1.0");
    expect(event).not.toHaveProperty("cloud");
    expect(event).toHaveProperty("metadata.profiles", ["ai_operation"]);
    expect(event).toHaveProperty("actor.user.account.uid", "org-made-up");
  });

  it("says Unknown where the log names no actor, since OCSF demands one", () => {
    const { actor, credential, account, ...nobody } = call;
    expect(activityToOcsf(nobody, "0.1.0")).toHaveProperty("actor.user", {
      name: "Unknown",
      type_id: 0,
      type: "Unknown",
    });
  });

  it.each([
    ["203.0.113.7", { ip: "203.0.113.7" }],
    ["2001:db8::1", { ip: "2001:db8::1" }],
    ["81.2.69.0/24", { name: "81.2.69.0/24" }],
    ["203.000.113.07", { name: "203.000.113.07" }],
    ["bedrock.amazonaws.com", { name: "bedrock.amazonaws.com" }],
    [undefined, { svc_name: "aws.bedrock" }],
  ])("comes from endpoint %s", (ip, endpoint) => {
    const event = activityToOcsf({ ...call, network: ip === undefined ? {} : { ip } }, "0.1.0");
    expect(event["src_endpoint"]).toEqual(endpoint);
  });

  it.each([
    ["create", 600301],
    ["read", 600302],
    ["update", 600303],
    ["enable", 600303],
    ["disable", 600303],
    ["delete", 600304],
    ["use", 600399],
    ["other", 600399],
  ] as const)("that changes by %s has type %i, and no model", (action, type) => {
    const event = activityToOcsf({ ...call, kind: "change", detail: { object: "guardrail", action } }, "0.1.0");
    expect(event["type_uid"]).toBe(type);
    expect(event).not.toHaveProperty("ai_model");
  });

  it("is Network Activity for a contact", () => {
    const contact: Activity = {
      ...call,
      kind: "contact",
      view: "network",
      operation: "Query",
      provider: "openai",
      network: { ip: "10.0.4.7", host: "api.openai.com" },
    };
    expect(activityToOcsf(contact, "0.1.0")).toMatchObject({
      class_uid: 4001,
      type_uid: 400199,
      activity_name: "Query",
      dst_endpoint: { hostname: "api.openai.com" },
    });
  });
});

describe("a finding in OCSF", () => {
  const event = findingToOcsf({ finding, revision: 3 }, rule, "0.1.0");

  it("is a Detection Finding with its rule, subject, evidence and remedy", () => {
    expect(event).toMatchObject({
      class_uid: 2004,
      type_uid: 200401,
      severity_id: 4,
      severity: "High",
      status_id: 1,
      time: finding.lastSeenTime,
      message: finding.reason,
      finding_info: {
        uid: finding.uid,
        title: finding.title,
        first_seen_time: time,
        analytic: { uid: rule.id, name: rule.name, type_id: 1 },
      },
      policy: { uid: "policy.yaml:12" },
      remediation: { desc: rule.remedy },
      evidences: [{ actor: { user: { uid: finding.subject.principal } }, api: { operation: "Converse" } }],
    });
  });

  it("names ATT&CK and ATLAS techniques and tactics by their ids", () => {
    expect(event).toHaveProperty("finding_info.attacks", [
      { technique: { uid: "T1078" }, sub_technique: { uid: "T1078.004" } },
      { tactic: { name: "Initial Access" } },
      { technique: { uid: "AML.T0040" } },
      { tactic: { uid: "AML.TA0000" } },
    ]);
  });

  it("keeps its uid over revisions, and every revision is an event of its own", () => {
    const next = findingToOcsf({ finding: { ...finding, status: "resolved" }, revision: 4 }, rule, "0.1.0");
    expect(next).toMatchObject({ type_uid: 200403, status_id: 4, finding_info: { uid: finding.uid } });
    expect(uidOfEvent(next)).not.toBe(uidOfEvent(event));
  });

  it("alerts unless its rule is experimental", () => {
    const quiet = findingToOcsf({ finding: { ...finding, experimental: true }, revision: 1 }, rule, "0.1.0");
    expect(event["is_alert"]).toBe(true);
    expect(quiet["is_alert"]).toBe(false);
  });
});

describe("every OCSF event", () => {
  const text = fc.constantFrom("a", "aws.bedrock", "openai", "azure.ai.openai", "x y");
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const named = fc.record({ uid: text, name: text }, { requiredKeys: ["uid"] });
  const count = fc.nat(10_000);
  const activities = fc
    .record(
      {
        kind: fc.constantFrom("call", "bucket", "change", "contact"),
        view: fc.constantFrom("provider", "usage", "gateway", "network"),
        length: count,
        count,
        outcome: fc.record(
          {
            status: fc.constantFrom("success", "failure"),
            code: text,
            reason: fc.constantFrom("denied", "blocked"),
          },
          { requiredKeys: ["status"] },
        ),
        actor: fc.record(
          { uid: text, name: text, type: fc.constantFrom("human", "workload", "service"), sessionUid: text },
          { requiredKeys: [] },
        ),
        credential: fc.record({ uid: text, type: fc.constant("bearer") }, { requiredKeys: [] }),
        account: named,
        organization: named,
        provider: text,
        gateway: text,
        model: fc.record({ id: text, vendor: text, name: text, version: text }, { requiredKeys: ["id"] }),
        deployment: fc.record({ uid: text, name: text }, { requiredKeys: [] }),
        region: fc.record({ requested: text, processed: text }, { requiredKeys: [] }),
        usage: fc.record({ inputTokens: count, outputTokens: count, images: count }, { requiredKeys: [] }),
        network: fc.record({ ip: optional(fc.ipV4()), host: text, userAgent: text }, { requiredKeys: [] }),
        detail: fc.record(
          {
            object: fc.constantFrom("key", "logging"),
            action: fc.constantFrom("create", "delete", "use"),
            target: fc.record({ uid: text, type: text }, { requiredKeys: [] }),
          },
          { requiredKeys: ["object", "action"] },
        ),
      },
      { requiredKeys: ["kind", "view", "length", "count"] },
    )
    .map(({ length, ...parts }) =>
      Activity.parse({
        schema: ACTIVITY_SCHEMA,
        uid: call.uid,
        source: "made.up",
        operation: "Converse",
        startTime: time,
        endTime: time + length,
        ...parts,
      }),
    );

  it("has what its class and profiles demand, in every version", () => {
    fc.assert(
      fc.property(activities, fc.constantFrom(...ocsfVersions), (activity, version) => {
        expect(faults(downConvert(activityToOcsf(activity, "0.1.0"), version))).toEqual([]);
      }),
    );
  });

  it.each(ocsfVersions)("of a finding has what %s demands", (version) => {
    for (const status of ["new", "open", "acknowledged", "reopened", "suppressed", "resolved"] as const) {
      const row = { finding: { ...finding, status }, revision: 1 };
      expect(faults(downConvert(findingToOcsf(row, rule, "0.1.0"), version))).toEqual([]);
      expect(faults(downConvert(findingToOcsf(row, undefined, "0.1.0"), version))).toEqual([]);
    }
  });

  it("of a finding about a bare resource, with no evidence, is whole too", () => {
    const { owner, clause, ...rest } = finding;
    const bare = { ...rest, subject: { resource: "guardrail" }, evidence: [], count: 0 };
    expect(faults(findingToOcsf({ finding: bare, revision: 1 }, undefined, "0.1.0"))).toEqual([]);
  });

  it("loses models and tokens before 1.8, but not what we say in our own words", () => {
    const event = downConvert(activityToOcsf(call, "0.1.0"), "1.3.0");
    expect(event).not.toHaveProperty("ai_model");
    expect(event).not.toHaveProperty("message_context");
    expect(event).toHaveProperty("metadata.version", "1.3.0");
    expect(event).toHaveProperty("metadata.profiles", ["cloud"]);
    expect(event).toHaveProperty("actor.user.type_id", 99);
    expect(event).toHaveProperty("unmapped.gnomon.usage.inputTokens", 1_200);
    expect(event).toHaveProperty("unmapped.gnomon.model.name", "anthropic/claude-sonnet-4-5");
  });

  it.each([
    ["time in seconds", { time: Math.floor(time / 1_000) }, "time is no millisecond of this century"],
    ["a type of another class", { type_uid: 600402 }, "type_uid is not class_uid * 100 + activity_id"],
    ["no actor", { actor: undefined }, "actor is missing"],
    ["a model nobody provides", { ai_model: { name: "x" } }, "ai_model has no ai_provider"],
    [
      "tokens of no service",
      { message_context: { prompt_tokens: 1 } },
      "message_context has no service or application",
    ],
    ["a profile without its cloud", { cloud: undefined }, "cloud and its profile do not come together"],
    ["an empty list", { observables: [] }, "observables is empty"],
  ])("with %s is caught by these checks", (_name, fault, message) => {
    expect(faults({ ...activityToOcsf(call, "0.1.0"), ...fault })).toContain(message);
  });
});

const uidOfEvent = (event: OcsfEvent): unknown => (event["metadata"] as { uid: string }).uid;

type Fields = Readonly<Record<string, unknown>>;

const DEMANDED: Readonly<Record<number, readonly string[]>> = {
  2004: ["finding_info.uid", "finding_info.title"],
  4001: ["src_endpoint", "dst_endpoint"],
  6003: ["actor", "api.operation", "src_endpoint"],
};
const ACTIVITIES: Readonly<Record<number, readonly number[]>> = {
  2004: [0, 1, 2, 3, 99],
  4001: [0, 1, 2, 3, 4, 5, 6, 7, 99],
  6003: [0, 1, 2, 3, 4, 99],
};
const ENDPOINT = ["ip", "uid", "name", "hostname", "svc_name", "domain"];
const ONE_OF: Readonly<Record<string, readonly string[]>> = {
  actor: ["user", "session", "app_name", "invoked_by"],
  user: ["uid", "name", "account"],
  account: ["uid", "name"],
  org: ["uid", "name"],
  service: ["uid", "name"],
  product: ["uid", "name"],
  src_endpoint: ENDPOINT,
  dst_endpoint: ENDPOINT,
  message_context: ["service", "application"],
  resources: ["uid", "name"],
  analytic: ["uid", "name"],
  technique: ["uid", "name"],
  tactic: ["uid", "name"],
  attacks: ["tactic", "technique", "sub_technique"],
  evidences: ["actor", "api", "data"],
  policy: ["uid", "name"],
};
const ALL_OF: Readonly<Record<string, readonly string[]>> = {
  ai_model: ["name", "ai_provider"],
  cloud: ["provider"],
  metadata: ["product", "version"],
  product: ["vendor_name"],
  enrichments: ["name", "value", "data"],
  observables: ["name", "type_id", "value"],
  programmatic_credentials: ["uid"],
  remediation: ["desc"],
  analytic: ["type_id"],
  related_events: ["uid"],
};

/** What OCSF 1.8.0 demands of the three classes we send: required, at least one, enums, profiles. */
function faults(event: Fields): string[] {
  const found: string[] = [];
  const check = (holds: boolean, fault: string): void => {
    if (!holds) found.push(fault);
  };
  const at = (path: string): unknown =>
    path.split(".").reduce<unknown>((value, key) => (value as Fields | undefined)?.[key], event);

  const classUid = Number(event["class_uid"]);
  const activityId = Number(event["activity_id"]);
  const profiles = (at("metadata.profiles") ?? []) as string[];
  for (const path of ["metadata", "severity_id", "time", ...(DEMANDED[classUid] ?? ["class_uid"])])
    check(at(path) !== undefined, `${path} is missing`);
  check(ACTIVITIES[classUid]?.includes(activityId) === true, "activity_id is none of the class");
  check(event["category_uid"] === Math.floor(classUid / 1_000), "category_uid is not the class's");
  check(event["type_uid"] === classUid * 100 + activityId, "type_uid is not class_uid * 100 + activity_id");
  check([0, 1, 2, 3, 4, 5, 6, 99].includes(Number(event["severity_id"])), "severity_id is none");
  const statuses = classUid === 2004 ? [0, 1, 2, 3, 4, 99] : [0, 1, 2, 99];
  check(statuses.includes(Number(event["status_id"])), "status_id is none");
  check(
    (event["cloud"] !== undefined) === profiles.includes("cloud"),
    "cloud and its profile do not come together",
  );
  for (const name of ["ai_model", "message_context"])
    check(event[name] === undefined || profiles.includes("ai_operation"), `${name} is of a profile not listed`);
  for (const name of ["is_alert", "action_id", "disposition_id", "policy", "confidence_id"])
    check(
      event[name] === undefined || profiles.includes("security_control"),
      `${name} is of a profile not listed`,
    );
  for (const name of ["time", "start_time", "end_time"]) {
    const value = event[name];
    const isInstant = Number.isInteger(value) && Number(value) > 1e12 && Number(value) < 5e12;
    check(value === undefined || isInstant, `${name} is no millisecond of this century`);
  }

  const walk = (value: unknown, name: string): void => {
    if (name === "unmapped" || name === "data") return;
    check(value !== null, `${name} is null`);
    if (Array.isArray(value)) {
      check(value.length > 0, `${name} is empty`);
      for (const item of value) walk(item, name);
    } else if (typeof value === "object" && value !== null) {
      const fields = value as Fields;
      check(Object.keys(fields).length > 0, `${name} is empty`);
      for (const key of ALL_OF[name] ?? []) check(fields[key] !== undefined, `${name} has no ${key}`);
      const choice = ONE_OF[name];
      check(
        choice === undefined || choice.some((key) => fields[key] !== undefined),
        `${name} has no ${choice?.join(" or ")}`,
      );
      for (const [key, part] of Object.entries(fields)) walk(part, key);
    }
  };
  walk(event, "event");
  return found;
}
