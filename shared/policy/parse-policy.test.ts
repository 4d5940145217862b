import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePolicy, policyJsonSchema } from "./parse-policy.ts";
import type { Policy } from "./policy.ts";
import { formatProblem } from "./yaml-document.ts";

const policyOf = (text: string): Policy => {
  const read = parsePolicy(text, "policy.yaml");
  return "policy" in read
    ? read.policy
    : expect.fail(read.problems.map((problem) => formatProblem(problem)).join("\n"));
};

const problemsOf = (text: string): string[] => {
  const read = parsePolicy(text, "policy.yaml");
  return "problems" in read ? read.problems.map((problem) => formatProblem(problem)) : [];
};

const WHOLE = `
default: deny
owners:
  - name: payments
    contact: payments@corp.example
    accounts: 012345678901
approvals:
  - name: claude
    models: [claude-*, "!claude-2*"]
    doors: aws.bedrock
    owners: payments
    principals: ["*@corp.example"]
    regions: eu-*
    credentialTypes: [temporary, "!virtual"]
    labels: { team: risk, tier: 1 }
    when: activity.usage.inputTokens < 100000
    until: 2026-12-31
    reason: SEC-42
denials:
  - models: deepseek*
residency:
  - allowed: eu-*
exceptions:
  - principals: red-team
gateways:
  - gateway: our-gateway
    principals: app-*
budgets:
  - { name: research, team: research, amount: 2.5e6, measure: tokens, period: 7d, since: 2026-01-05, until: 2026-12-31 }
events:
  - name: year's end
    since: 2026-12-28
    until: 2026-12-31T18:00:00Z
    principals: "*:role/closing"
    apps: ledger
    teams: [finance]
    times: 2.5
`;

describe("a policy", () => {
  it("is read whole", () => {
    expect(policyOf(WHOLE)).toEqual({
      file: "policy.yaml",
      default: "deny",
      owners: [{ name: "payments", contact: "payments@corp.example", accounts: ["012345678901"], line: 4 }],
      approvals: [
        {
          name: "claude",
          line: 8,
          models: ["claude-*", "!claude-2*"],
          doors: ["aws.bedrock"],
          owners: ["payments"],
          principals: ["*@corp.example"],
          regions: ["eu-*"],
          credentialTypes: ["temporary", "!virtual"],
          labels: { team: "risk", tier: "1" },
          when: "activity.usage.inputTokens < 100000",
          until: Date.UTC(2027, 0, 1),
          reason: "SEC-42",
        },
      ],
      denials: [{ name: "denials[0]", line: 20, models: ["deepseek*"] }],
      residency: [{ name: "residency[0]", line: 22, allowed: ["eu-*"] }],
      exceptions: [{ name: "exceptions[0]", line: 24, principals: ["red-team"] }],
      gateways: [{ name: "gateways[0]", line: 26, gateway: "our-gateway", principals: ["app-*"] }],
      budgets: [
        {
          name: "research",
          scope: { kind: "team", uid: "research" },
          measure: "tokens",
          amount: 2_500_000,
          period: 7,
          since: Date.UTC(2026, 0, 5),
          until: Date.UTC(2027, 0, 1),
        },
      ],
      events: [
        {
          name: "year's end",
          since: Date.UTC(2026, 11, 28),
          until: Date.UTC(2026, 11, 31, 18),
          principals: ["*:role/closing"],
          apps: ["ledger"],
          teams: ["finance"],
          times: 2.5,
        },
      ],
    });
  });

  it("reviews by default, and has no clauses it does not name", () => {
    expect(policyOf("approvals:\ndenials: []")).toMatchObject({
      default: "review",
      approvals: [],
      denials: [],
      owners: [],
    });
  });

  it("holds through the end of its last day, or until the instant given", () => {
    const untilOf = (until: string) =>
      policyOf(`approvals:\n  - models: x\n    until: ${until}`).approvals[0]?.until;
    expect(untilOf("2026-02-28")).toBe(Date.UTC(2026, 2, 1));
    expect(untilOf("2026-02-28T12:00:00Z")).toBe(Date.UTC(2026, 1, 28, 12));
    expect(untilOf('"2026-02-28T12:00:00+02:00"')).toBe(Date.UTC(2026, 1, 28, 10));
  });

  it("may name a door nobody has heard of, unless it is nearly a known one", () => {
    expect(problemsOf("approvals:\n  - doors: [our-own-llm, aws.*, openai]")).toEqual([]);
    expect(problemsOf("approvals:\n  - doors: kong2")).toEqual([
      'policy.yaml:2:12 approvals[0].doors: no such door; did you mean "kong"?',
    ]);
    expect(problemsOf("approvals:\n  - doors: kong2\ngateways:\n  - gateway: kong2")).toEqual([]);
  });
});

describe("mistakes in a policy", () => {
  it("are told all at once, each with its place, its path and a suggestion", () => {
    const text = `defualt: deny
approvals:
  - modles: claude-*
  - doors: bedrock
    until: 2026-02-30
    when: activity.usage.inputTokns < 5
  - credentialTypes: long_term
`;
    expect(problemsOf(text)).toEqual([
      'policy.yaml:1:1 defualt: unknown field; did you mean "default"?',
      'policy.yaml:3:5 approvals[0].modles: unknown field; did you mean "models"?',
      'policy.yaml:4:12 approvals[1].doors: no such door; did you mean "aws.bedrock"?',
      "policy.yaml:5:12 approvals[1].until: no such date; write 2026-12-31 or 2026-12-31T18:00:00Z",
      'policy.yaml:6:26 approvals[1].when: no field activity.usage.inputTokns; did you mean "inputTokens"?',
      'policy.yaml:7:22 approvals[2].credentialTypes: no such credential type; did you mean "long-term"?',
    ]);
  });

  it.each([
    ["", "policy.yaml:1:1 the file is empty"],
    ["- models: x", "policy.yaml:1:1 expected a mapping, got a list"],
    ["default: maybe", "policy.yaml:1:10 default: expected one of review, deny, allow"],
    ["approvals: {models: x}", "policy.yaml:1:12 approvals: expected a list, got a mapping"],
    ["approvals:\n  - x", "policy.yaml:2:5 approvals[0]: expected a mapping, got text"],
    ["approvals:\n  - models:", "policy.yaml:2:5 approvals[0].models: expected text or a list, got nothing"],
    ["approvals:\n  - models: []", "policy.yaml:2:13 approvals[0].models: an empty list"],
    ["approvals:\n  - models: ['']", "policy.yaml:2:14 approvals[0].models[0]: an empty pattern matches nothing"],
    ["approvals:\n  - models: '!'", 'policy.yaml:2:13 approvals[0].models: "!" negates nothing'],
    [
      "approvals:\n  - name: x",
      'policy.yaml:2:5 approvals[0]: matches everything; write models: "*" if that is meant',
    ],
    [
      "denials:\n  - until: 2026-01-01",
      'policy.yaml:2:5 denials[0]: matches everything; write models: "*" if that is meant',
    ],
    [
      "approvals:\n  - {name: x, models: y}\n  - {name: x, models: z}",
      "policy.yaml:3:12 approvals[1].name: approvals[0] has the same name",
    ],
    [
      "approvals:\n  - models: x\n    when: activity.kind ==",
      "policy.yaml:3:27 approvals[0].when: unexpected end",
    ],
    [
      "approvals:\n  - doors: '!openia'",
      'policy.yaml:2:12 approvals[0].doors: no such door; did you mean "!openai"?',
    ],
    ["residency:\n  - models: x", "policy.yaml:2:5 residency[0].allowed: missing"],
    ["gateways:\n  - principals: x", "policy.yaml:2:5 gateways[0].gateway: missing"],
    [
      "owners:\n  - {name: a, owners: b}",
      "policy.yaml:2:15 owners[0].owners: unknown field; known here: models, doors, accounts, principals, regions, credentialTypes, labels, when, until, reason, name, contact",
    ],
    [
      "approvals:\n  - labels: {team: [a]}",
      "policy.yaml:2:20 approvals[0].labels.team: expected text, got a list",
    ],
    [
      "approvals:\n  - models: x\n    until: tomorrow",
      "policy.yaml:3:12 approvals[0].until: no such date; write 2026-12-31 or 2026-12-31T18:00:00Z",
    ],
  ])("include %j", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it("are told for any policy with one value replaced by any other, and nothing throws", () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom("!", "*", "2026-13-01", "activity.", {}, [], null));
    const path = fc.constantFrom("default", "owners", "approvals", "residency", "gateways");
    const key = fc.constantFrom(
      "models",
      "doors",
      "until",
      "when",
      "name",
      "labels",
      "credentialTypes",
      "allowed",
    );
    fc.assert(
      fc.property(path, key, value, fc.boolean(), (list, field, given, whole) => {
        const text = JSON.stringify({ [list]: whole ? given : [{ [field]: given }] });
        const read = parsePolicy(text, "policy.yaml");
        if ("problems" in read) expect(read.problems.length).toBeGreaterThan(0);
        else expect(read.policy.file).toBe("policy.yaml");
      }),
      { numRuns: 300 },
    );
  });
});

it("offers editors a JSON Schema that takes what it takes and refuses a misspelt key", () => {
  const validate = new Ajv2020({ strict: false }).compile(policyJsonSchema());
  expect(validate({ default: "deny", approvals: [{ models: "claude-*", doors: ["openai"] }] })).toBe(true);
  expect(validate({ approvals: [{ modles: "claude-*" }] })).toBe(false);
  expect(validate({ default: "maybe" })).toBe(false);
});
