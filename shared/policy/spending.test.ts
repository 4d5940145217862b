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

const budgetOf = (fields: string) => policyOf(`budgets:\n  - { name: b, ${fields} }`).budgets[0];
const eventOf = (fields: string) => policyOf(`events:\n  - { name: e, ${fields} }`).events[0];

describe("a budget", () => {
  it("is of dollars a month for the whole organization, where nothing else is said", () => {
    expect(budgetOf("amount: 4000")).toEqual({
      name: "b",
      scope: { kind: "organization", uid: "" },
      measure: "cost",
      amount: 4_000,
      period: "month",
      since: Date.UTC(1970, 0, 5),
    });
  });

  it("is for one team, application or principal", () => {
    expect(budgetOf("amount: 1, team: web")?.scope).toEqual({ kind: "team", uid: "web" });
    expect(budgetOf("amount: 1, app: chat")?.scope).toEqual({ kind: "app", uid: "chat" });
    expect(budgetOf('amount: 1, principal: "arn:aws:iam::111122223333:role/etl"')?.scope).toEqual({
      kind: "principal",
      uid: "arn:aws:iam::111122223333:role/etl",
    });
  });

  it("has weeks that begin on Mondays, and other periods from its first day", () => {
    const weekly = budgetOf("amount: 1, period: 7d");
    expect(weekly?.period).toBe(7);
    expect(new Date(weekly?.since ?? 0).getUTCDay()).toBe(1);
    expect(budgetOf("amount: 1, period: 366d, since: 2026-03-01")).toMatchObject({
      period: 366,
      since: Date.UTC(2026, 2, 1),
    });
  });

  it("is a quota by the minute of tokens or calls", () => {
    expect(budgetOf("amount: 10000, period: minute, measure: tokens")).toMatchObject({
      period: "minute",
      measure: "tokens",
      amount: 10_000,
    });
  });

  it("holds through its last day, or until the instant given", () => {
    expect(budgetOf("amount: 1, until: 2026-12-31")?.until).toBe(Date.UTC(2027, 0, 1));
    expect(budgetOf('amount: 1, until: "2026-12-31T12:00:00Z"')?.until).toBe(Date.UTC(2026, 11, 31, 12));
    expect(budgetOf("amount: 1")).not.toHaveProperty("until");
  });
});

describe("an event", () => {
  it("is everybody's, and hides what is unusual, where nothing else is said", () => {
    expect(eventOf("since: 2026-12-01, until: 2026-12-01")).toEqual({
      name: "e",
      since: Date.UTC(2026, 11, 1),
      until: Date.UTC(2026, 11, 2),
    });
  });

  it("may be one of some principals, applications or teams", () => {
    expect(eventOf("since: 2026-12-01, until: 2026-12-02, teams: web, apps: [a, b], times: 3")).toMatchObject({
      teams: ["web"],
      apps: ["a", "b"],
      times: 3,
    });
  });
});

describe("mistakes about money and time", () => {
  it("are told all at once, beside those of clauses", () => {
    const text = `approvals:
  - modles: claude-*
budgets:
  - name: research
    team: research
    app: chat
    amount: $4,000
    period: weekly
    since: 2026-02-01
    until: 2026-01-31
  - name: research
    teams: web
    amount: 0
events:
  - name: launch
    since: 2026-12-01
    until: 2026-11-30
    times: -1
`;
    expect(problemsOf(text)).toEqual([
      'policy.yaml:2:5 approvals[0].modles: unknown field; did you mean "models"?',
      "policy.yaml:6:10 budgets[0].app: a budget is for one, and this one is for a team already: write two",
      'policy.yaml:7:13 budgets[0].amount: an amount is a number such as 250 or 0.5; did you mean "4000"?',
      'policy.yaml:8:13 budgets[0].period: month, minute, or days from 1d to 366d; did you mean "7d"?',
      "policy.yaml:10:12 budgets[0].until: ends before it begins",
      "policy.yaml:11:11 budgets[1].name: budgets[0] has the same name",
      'policy.yaml:12:5 budgets[1].teams: unknown field; did you mean "team"?',
      "policy.yaml:13:13 budgets[1].amount: an amount is more than 0",
      "policy.yaml:17:12 events[0].until: ends before it begins",
      "policy.yaml:18:12 events[0].times: how many times the usual is more than 0",
    ]);
  });

  it.each([
    ["budgets:\n  - amount: 1", "policy.yaml:2:5 budgets[0].name: missing"],
    ["budgets:\n  - name: b", "policy.yaml:2:5 budgets[0].amount: missing"],
    ["budgets:\n  - b", "policy.yaml:2:5 budgets[0]: expected a mapping, got text"],
    [
      "budgets:\n  - { name: b, amount: 1, owner: web }",
      "policy.yaml:2:27 budgets[0].owner: unknown field; known here: name, team, app, principal, amount, measure, period, since, until",
    ],
    [
      "budgets:\n  - { name: b, amount: 1, team: web-* }",
      "policy.yaml:2:33 budgets[0].team: one name and no pattern: a budget is for one",
    ],
    [
      "budgets:\n  - { name: b, amount: 1, measure: token }",
      'policy.yaml:2:36 budgets[0].measure: expected one of cost, tokens, calls; did you mean "tokens"?',
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: minute }",
      "policy.yaml:2:35 budgets[0].period: what is by the minute is a quota: add measure: tokens, or calls",
    ],
    [
      "budgets:\n  - { name: b, amount: 1, measure: calls, period: rpm }",
      'policy.yaml:2:51 budgets[0].period: month, minute, or days from 1d to 366d; did you mean "minute"?',
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: monht }",
      'policy.yaml:2:35 budgets[0].period: month, minute, or days from 1d to 366d; did you mean "month"?',
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: Weekyl }",
      'policy.yaml:2:35 budgets[0].period: month, minute, or days from 1d to 366d; did you mean "7d"?',
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: 2w }",
      "policy.yaml:2:35 budgets[0].period: month, minute, or days from 1d to 366d",
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: constructor }",
      "policy.yaml:2:35 budgets[0].period: month, minute, or days from 1d to 366d",
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: 14d }",
      "policy.yaml:2:35 budgets[0].period: periods of 14 days begin somewhere: add since",
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: 14 days }",
      'policy.yaml:2:35 budgets[0].period: month, minute, or days from 1d to 366d; did you mean "14d"?',
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: 367d, since: 2026-01-01 }",
      "policy.yaml:2:35 budgets[0].period: month, minute, or days from 1d to 366d",
    ],
    [
      "budgets:\n  - { name: b, amount: 1, period: 0d }",
      "policy.yaml:2:35 budgets[0].period: month, minute, or days from 1d to 366d",
    ],
    [
      "budgets:\n  - { name: b, amount: 4k }",
      'policy.yaml:2:24 budgets[0].amount: an amount is a number such as 250 or 0.5; did you mean "4000"?',
    ],
    [
      "budgets:\n  - { name: b, amount: 1, since: '2026-01-01T10:00:00Z', until: '2026-01-01T10:00:00Z' }",
      "policy.yaml:2:65 budgets[0].until: ends before it begins",
    ],
    ["events:\n  - { name: e, since: 2026-01-01 }", "policy.yaml:2:5 events[0].until: missing"],
    ["events:\n  - { name: e, until: 2026-01-01 }", "policy.yaml:2:5 events[0].since: missing"],
    [
      "events:\n  - { name: e, since: 2026-01-01, until: 2026-01-02, team: web }",
      'policy.yaml:2:54 events[0].team: unknown field; did you mean "teams"?',
    ],
    [
      "events:\n  - { name: e, since: 2026-01-01, until: 2026-01-02, times: 5x }",
      "policy.yaml:2:61 events[0].times: how many times the usual is a number such as 250 or 0.5",
    ],
    [
      "events:\n  - { name: e, since: 2026-01-01, until: 2026-01-02, teams: '^web' }",
      "policy.yaml:2:61 events[0].teams: this looks like a regular expression; patterns know only *, ? and a leading !",
    ],
  ])("include %j", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it("are told for any value in any field, and nothing throws", () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom("month", "7d", "2026-01-01", "1e3", "1e99", "-0", ".5", "NaN", "Infinity", "9d"),
    );
    const field = fc.constantFrom("name", "team", "app", "amount", "measure", "period", "since", "until", "times");
    fc.assert(
      fc.property(
        fc.constantFrom("budgets", "events"),
        fc.dictionary(field, value, { maxKeys: 6 }),
        (list, fields) => {
          const given = { name: "n", amount: 1, since: "2026-01-01", until: "2026-02-01", ...fields };
          const read = parsePolicy(JSON.stringify({ [list]: [given] }), "policy.yaml");
          if ("problems" in read) expect(read.problems.length).toBeGreaterThan(0);
          for (const { amount } of "policy" in read ? read.policy.budgets : [])
            expect(Number.isFinite(amount) && amount > 0).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

it("offers editors a JSON Schema that takes amounts as numbers", () => {
  const validate = new Ajv2020({ strict: false }).compile(policyJsonSchema());
  expect(validate({ budgets: [{ name: "b", amount: 4_000, period: "7d" }] })).toBe(true);
  expect(validate({ events: [{ name: "e", since: "2026-12-01", until: "2026-12-02", times: 2.5 }] })).toBe(true);
  expect(validate({ budgets: [{ name: "b", amount: 1, teams: "web" }] })).toBe(false);
  expect(validate({ events: [{ name: "e", since: "2026-12-01" }] })).toBe(false);
});
