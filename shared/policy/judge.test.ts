import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACTIVITY_SCHEMA, Activity } from "../model/activity.ts";
import { compilePolicy, ownerOf, tells } from "./judge.ts";
import { noPolicy, parsePolicy } from "./parse-policy.ts";
import type { Policy } from "./policy.ts";

const call = (changes: Partial<Activity> = {}): Activity =>
  Activity.parse({
    schema: ACTIVITY_SCHEMA,
    uid: "0".repeat(32),
    kind: "call",
    view: "provider",
    source: "aws.cloudtrail",
    startTime: Date.UTC(2026, 5, 1),
    endTime: Date.UTC(2026, 5, 1),
    count: 1,
    operation: "InvokeModel",
    provider: "aws.bedrock",
    account: { uid: "111122223333", name: "prod" },
    actor: { uid: "AROA1:app", issuerUid: "arn:aws:iam::111122223333:role/app", name: "app" },
    credential: { uid: "ASIA1", type: "temporary" },
    model: { id: "eu.anthropic.claude-sonnet-4-5-v1:0", name: "anthropic/claude-sonnet-4-5" },
    region: { requested: "eu-west-1" },
    labels: { team: "risk" },
    ...changes,
  });

const contact = (changes: Partial<Activity> = {}): Activity => {
  const { model: _, region: __, credential: ___, labels: ____, ...rest } = call();
  return { ...rest, kind: "contact", view: "network", ...changes };
};

const policyOf = (text: string): Policy => {
  const read = parsePolicy(text, "policy.yaml");
  return "policy" in read ? read.policy : expect.fail(JSON.stringify(read.problems));
};

const judged = (text: string, activity = call()) => compilePolicy(policyOf(text))(activity);
const verdict = (text: string, activity = call()) => judged(text, activity)?.verdict;

/** An approval of the call above with one more part. */
const approving = (part: string) => `approvals:\n  - ${part}\n`;

describe("an approval", () => {
  it("sanctions what fits all its parts, and gives its line", () => {
    expect(
      judged("approvals:\n  - models: gpt-*\n  - name: claude\n    models: claude-*\n    doors: aws.bedrock"),
    ).toEqual({
      verdict: "sanctioned",
      clause: "policy.yaml:3",
      reason: 'approved by "claude"',
    });
  });

  it.each([
    ["models: anthropic/claude-*", "models: claude-*", "models: '*claude-sonnet-4-5-v1:0'", "models: notclaude-*"],
    ["doors: aws.*", "doors: '*'", "doors: '!openai'", "doors: bedrock-x"],
    ["accounts: 111122223333", "accounts: prod", "accounts: '!dev'", "accounts: 11112222"],
    ["principals: app", "principals: '*role/app'", "principals: ASIA1", "principals: role/app"],
    [
      "credentialTypes: temporary",
      "credentialTypes: '!long-term'",
      "credentialTypes: temp*",
      "credentialTypes: api-key",
    ],
    ["regions: eu-*", "regions: '!us-*'", "regions: [us-*, eu-west-?]", "regions: us-*"],
    ["labels: {team: risk}", "labels: {team: r*}", "labels: {team: '!ads'}", "labels: {team: ads}"],
    ["when: activity.kind == 'call'", "when: '!has(activity.usage.inputTokens)'", "when: 'true'", "when: 'false'"],
  ])("takes %j, %j and %j, and not %j", (...parts) => {
    expect(parts.map((part) => verdict(approving(part)))).toEqual([
      "sanctioned",
      "sanctioned",
      "sanctioned",
      "unreviewed",
    ]);
  });

  it("covers both where it is requested and where it is processed", () => {
    const moved = call({ region: { requested: "eu-west-1", processed: "us-east-1" } });
    expect(verdict(approving("regions: eu-*"), moved)).toBe("unreviewed");
    expect(verdict(approving("regions: [eu-*, us-*]"), moved)).toBe("sanctioned");
  });

  it("matches a gateway as a door", () => {
    expect(verdict(approving("doors: litellm"), call({ gateway: "litellm", provider: "openai" }))).toBe(
      "sanctioned",
    );
  });

  it("matches a gateway's virtual key by that word", () => {
    const virtual = call({ credential: { type: "api-key", virtual: true } });
    expect(verdict(approving("credentialTypes: virtual"), virtual)).toBe("sanctioned");
    expect(verdict(approving("credentialTypes: '!virtual'"), virtual)).toBe("unreviewed");
  });

  it("is not given for a value the log lacks, nor under a condition that cannot be decided", () => {
    const unnamed = call({ model: undefined });
    expect(verdict(approving("models: claude-*"), unnamed)).toBe("unreviewed");
    expect(verdict(approving("models: '!deepseek*'"), unnamed)).toBe("unreviewed");
    expect(verdict(approving("models: '*'"), unnamed)).toBe("sanctioned");
    expect(verdict(approving("when: activity.usage.inputTokens < 5"))).toBe("unreviewed");
  });

  it("expires with event time, at the end of its last day", () => {
    const text = approving("{name: pilot, models: claude-*, until: 2026-06-30}");
    expect(verdict(text, call({ startTime: Date.UTC(2026, 6, 1) - 1 } as Partial<Activity>))).toBe("sanctioned");
    expect(judged(text, call({ startTime: Date.UTC(2026, 6, 1) } as Partial<Activity>))).toEqual({
      verdict: "unreviewed",
      clause: "policy.yaml:2",
      reason: 'approved by "pilot" until 2026-06-30, expired',
      miss: "expired",
    });
  });

  it("may ask for the owner", () => {
    const owners = "owners:\n  - {name: payments, accounts: prod}\napprovals:\n  - owners: ";
    expect(verdict(`${owners}payments`)).toBe("sanctioned");
    expect(verdict(`${owners}"!payments"`)).toBe("unreviewed");
  });
});

describe("the nearest approval", () => {
  const miss = (text: string, activity = call()) => judged(text, activity)?.miss;

  it.each([
    ["model", "models: gpt-*"],
    ["door", "doors: openai"],
    ["account", "accounts: dev"],
    ["principal", "principals: bob"],
    ["region", "regions: us-*"],
    ["credential", "credentialTypes: long-term"],
    ["condition", "when: 'false'"],
    ["condition", "labels: {team: ads}"],
    ["expired", "{models: '*', until: 2026-01-01}"],
  ])("is missed by its %s", (part, clause) => {
    expect(miss(approving(clause))).toBe(part);
  });

  it("is the one that is easiest to put right", () => {
    const model = "models: gpt-*";
    const door = "doors: openai";
    const expired = "{models: '*', until: 2026-01-01}";
    expect(miss(`approvals:\n  - ${door}\n  - ${model}`)).toBe("model");
    expect(miss(`approvals:\n  - ${model}\n  - ${expired}\n  - ${door}`)).toBe("expired");
  });

  it("is spoken of by the part that is hardest to put right", () => {
    expect(miss(approving("{doors: openai, models: gpt-*, accounts: dev}"))).toBe("door");
    expect(miss(approving("{models: gpt-*, until: 2026-01-01}"))).toBe("model");
  });

  it("does not exist where nothing is approved", () => {
    expect(compilePolicy(noPolicy)(call())).toEqual({
      verdict: "unreviewed",
      clause: "default",
      reason: "the policy approves nothing",
    });
  });
});

describe("a denial", () => {
  it("wins over an approval, and says why", () => {
    expect(
      judged("approvals:\n  - models: '*'\ndenials:\n  - {name: none, models: claude-*, reason: SEC-1}"),
    ).toEqual({
      verdict: "unsanctioned",
      clause: "policy.yaml:4",
      reason: 'denied by "none": SEC-1',
      miss: "denied",
    });
  });

  it("applies where its condition cannot be decided, and says so", () => {
    const text = "denials:\n  - {name: big, when: activity.usage.inputTokens > 5}";
    expect(judged(text)?.reason).toBe(
      'denied by "big": whose condition cannot be decided (no such key: inputTokens)',
    );
    expect(verdict(text, call({ usage: { inputTokens: 5 } }))).toBe("unreviewed");
  });

  it("of everything but something applies to what nobody named, a denial of something does not", () => {
    const unnamed = call({ model: undefined });
    expect(verdict("denials:\n  - models: '!claude-*'", unnamed)).toBe("unsanctioned");
    expect(verdict("denials:\n  - models: deepseek*", unnamed)).toBe("unreviewed");
  });

  it("needs one region of two", () => {
    const moved = call({ region: { requested: "eu-west-1", processed: "us-east-1" } });
    expect(verdict("denials:\n  - regions: us-*", moved)).toBe("unsanctioned");
  });

  it("ends with its date", () => {
    expect(verdict("denials:\n  - {models: '*', until: 2026-05-31}")).toBe("unreviewed");
    expect(verdict("denials:\n  - {models: '*', until: 2026-06-01}")).toBe("unsanctioned");
  });
});

describe("an exception", () => {
  it("wins over a denial and the default", () => {
    const text = "default: deny\ndenials:\n  - models: '*'\nexceptions:\n  - {name: red team, principals: app}";
    expect(judged(text)).toEqual({
      verdict: "sanctioned",
      clause: "policy.yaml:5",
      reason: 'excepted by "red team"',
    });
    expect(verdict(text, call({ actor: { name: "bob" } }))).toBe("unsanctioned");
  });
});

describe("the default", () => {
  it("decides what no clause does", () => {
    expect(judged("default: allow")).toEqual({
      verdict: "sanctioned",
      clause: "default",
      reason: "allowed by default",
    });
    expect(judged("default: deny\napprovals:\n  - models: x")).toEqual({
      verdict: "unsanctioned",
      clause: "default",
      reason: '"approvals[0]" approves other models here',
      miss: "model",
    });
    expect(verdict("approvals:\n  - models: x")).toBe("unreviewed");
  });
});

describe("a contact", () => {
  it("need not show what a network log never says", () => {
    const text = approving(
      "{doors: aws.bedrock, models: claude-*, regions: eu-*, credentialTypes: temporary, when: activity.usage.inputTokens < 5}",
    );
    expect(verdict(text, contact())).toBe("sanctioned");
  });

  it("still has to fit door, account and principal", () => {
    expect(judged(approving("{doors: aws.bedrock, accounts: dev}"), contact())?.miss).toBe("account");
    expect(judged(approving("{doors: aws.bedrock, principals: bob}"), contact())?.miss).toBe("principal");
    expect(judged(approving("doors: aws.bedrock"), contact({ provider: "deepseek" }))?.miss).toBe("door");
  });

  it("is not denied by a clause about models", () => {
    expect(verdict("denials:\n  - models: deepseek*", contact())).toBe("unreviewed");
    expect(verdict("denials:\n  - models: '!claude-*'", contact())).toBe("unreviewed");
    expect(verdict("denials:\n  - doors: aws.bedrock", contact())).toBe("unsanctioned");
  });
});

it("gives a change no verdict, and an owner", () => {
  const change = call({ kind: "change", detail: { object: "logging", action: "delete" } });
  expect(judged("default: deny", change)).toBeUndefined();
  expect(ownerOf(policyOf("owners:\n  - {name: payments, accounts: prod}"), change)).toBe("payments");
});

it("judges a batch job that is started as the use it is, and none that is read", () => {
  const job = (action: "create" | "read") => call({ kind: "change", detail: { object: "batch-job", action } });
  expect(judged("default: deny", job("create"))?.verdict).toBe("unsanctioned");
  expect(judged("default: deny", job("read"))).toBeUndefined();
});

it("names the first owner that matches, and none by what the log lacks", () => {
  const text = "owners:\n  - {name: models, models: gpt-*}\n  - {name: all, accounts: '*'}";
  expect(judged(text)?.owner).toBe("all");
  expect(judged(text, contact())?.owner).toBe("all");
});

describe("judging many activities", () => {
  const values = {
    models: ["a/x", "b/y", "b/yz"],
    doors: ["openai", "anthropic"],
    accounts: ["1", "11", "2"],
    principals: ["ann", "bob"],
    regions: ["eu-1", "us-1"],
    credentialTypes: ["api-key", "temporary"],
  };
  const patternOf = (list: readonly string[]) =>
    fc.constantFrom(...list, "*", `!${list[0]}`, `${list[1]?.slice(0, 1)}*`);
  const clause = fc.record(
    Object.fromEntries(
      Object.entries(values).map(([part, list]) => [
        part,
        fc.array(patternOf(list), { minLength: 1, maxLength: 2 }),
      ]),
    ),
    { requiredKeys: [] },
  );
  const dated = fc
    .tuple(clause, fc.option(fc.constantFrom(50, 100, 150), { nil: undefined }), fc.integer({ min: 1, max: 99 }))
    .map(([scope, until, line]) => ({
      ...scope,
      name: `c${line}`,
      line,
      ...(until === undefined ? {} : { until }),
    }));
  const policies = fc
    .record({
      approvals: fc.array(dated, { maxLength: 4 }),
      denials: fc.array(dated, { maxLength: 2 }),
      exceptions: fc.array(dated, { maxLength: 1 }),
      owners: fc.array(dated, { maxLength: 1 }),
      default: fc.constantFrom("review" as const, "deny" as const, "allow" as const),
    })
    .map((parts) => ({ ...noPolicy, ...parts }) as unknown as Policy);
  const optional = (list: readonly string[]) => fc.option(fc.constantFrom(...list), { nil: undefined });
  const activities = fc
    .record({
      kind: fc.constantFrom("call" as const, "bucket" as const, "contact" as const),
      startTime: fc.constantFrom(49, 50, 99, 100, 149, 150),
      provider: optional(values.doors),
      model: optional(values.models),
      account: optional(values.accounts),
      actor: optional(values.principals),
      region: optional(values.regions),
      credential: optional(values.credentialTypes),
    })
    .map(({ model, account, actor, region, credential, ...rest }) =>
      call({
        ...rest,
        model: model ? { id: model, name: model } : undefined,
        account: account ? { uid: account } : undefined,
        actor: actor ? { uid: actor } : undefined,
        region: region ? { requested: region } : undefined,
        credential: credential ? { type: credential as "api-key" } : undefined,
      } as Partial<Activity>),
    );

  it("judges each as it would have been judged alone", () => {
    fc.assert(
      fc.property(policies, fc.array(activities, { minLength: 1, maxLength: 12 }), (policy, seen) => {
        const remembering = compilePolicy(policy);
        for (const activity of seen) expect(remembering(activity)).toEqual(compilePolicy({ ...policy })(activity));
      }),
    );
  });

  it("never sanctions what a matching denial forbids, unless by exception", () => {
    fc.assert(
      fc.property(policies, activities, (policy, activity) => {
        const judgement = compilePolicy(policy)(activity);
        const alone = compilePolicy({ ...noPolicy, denials: policy.denials, owners: policy.owners })(activity);
        if (alone?.verdict === "unsanctioned" && policy.exceptions.length === 0)
          expect(judgement?.verdict).toBe("unsanctioned");
      }),
    );
  });

  it("approves no more when an approval asks for more", () => {
    fc.assert(
      fc.property(policies, dated, clause, activities, (policy, approval, more, activity) => {
        const judge = (approvals: Policy["approvals"]) =>
          compilePolicy({ ...noPolicy, owners: policy.owners, approvals })(activity)?.verdict;
        const narrow = { ...more, ...approval } as Policy["approvals"][number];
        if (judge([narrow]) === "sanctioned")
          expect(judge([approval as Policy["approvals"][number]])).toBe("sanctioned");
      }),
    );
  });

  it("remembers no judgement beyond the end of a clause, nor that of a call for a contact", () => {
    const judge = compilePolicy(
      policyOf("approvals:\n  - {doors: aws.bedrock, models: '*', regions: eu-*, until: 1970-01-01}"),
    );
    const at = (startTime: number) => judge(call({ startTime } as Partial<Activity>))?.verdict;
    expect([86_399_999, 86_400_000, 86_400_001].map(at)).toEqual(["sanctioned", "unreviewed", "unreviewed"]);
    const early = { startTime: 0, region: undefined } as Partial<Activity>;
    expect(judge(call(early))?.verdict).toBe("unreviewed");
    expect(judge({ ...call(early), kind: "contact" })?.verdict).toBe("sanctioned");
  });

  it("cannot be led to confuse two activities by what their fields hold", () => {
    const judge = compilePolicy(
      policyOf("approvals:\n  - {accounts: '1', principals: 'x'}\n  - {labels: {team: ok}}"),
    );
    const team = (value: string) => judge(call({ labels: { team: value } }))?.verdict;
    expect(team("ok")).toBe("sanctioned");
    expect(team("ok\u0000")).toBe("unreviewed");
    expect(judge(call({ labels: {} }))?.verdict).toBe("unreviewed");
  });
});

describe("a bill", () => {
  const { actor: _, credential: __, labels: ___, ...named } = call();
  const bill: Activity = { ...named, kind: "bucket", view: "usage", count: 0 };
  const { model: ____, ...nameless } = bill;
  const isJudged = (part: string, activity: Activity): boolean => {
    const judgement = judged(`default: deny\n${approving(part)}`, activity);
    return judgement ? tells(activity, judgement) : expect.fail("is judged");
  };

  it("tells model, door and account, and not who called, with which key, from where and under which condition", () => {
    for (const part of ["models: gpt-*", "doors: openai", "accounts: other", "models: claude-*"])
      expect(isJudged(part, bill)).toBe(true);
    for (const part of [
      "principals: app",
      "credentialTypes: temporary",
      "regions: us-*",
      "when: activity.count > 0",
    ])
      expect(isJudged(part, bill)).toBe(false);
    expect(isJudged("models: gpt-*", nameless)).toBe(false);
  });

  it("is the only one that lacks them: of a call, what is not told is not approved", () => {
    const { actor: _, credential: __, ...nobodys } = call();
    expect(isJudged("principals: app", nobodys)).toBe(true);
  });
});
