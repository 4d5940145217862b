import { describe, expect, it } from "vitest";
import { bucket, call, DENIED, matchOf } from "../../test/example-activities.ts";
import { detections } from "../registry.ts";
import { unsanctionedModel } from "./unsanctioned-model.ts";

const CLAUDE = "approvals:\n  - {name: claude, doors: aws.bedrock, models: claude-*}";
const llama = call({
  model: { id: "meta.llama3-70b", name: "meta/llama-3-70b" },
  usage: { inputTokens: 1_200, outputTokens: 300 },
});
const unsanctioned = detections.filter(({ rule }) => rule.name.startsWith("unsanctioned-"));
const match = (policy: string, activity = llama) => matchOf(unsanctionedModel, activity, policy);

it("is silent about an approved model", () => {
  expect(match(CLAUDE, call())).toBeUndefined();
});

it("says who called which model through which door, with figures, and what is approved instead", () => {
  expect(match(`default: deny\n${CLAUDE}`)).toMatchObject({
    subject: {
      principal: "arn:aws:iam::111122223333:role/app",
      provider: "aws.bedrock",
      model: "meta/llama-3-70b",
    },
    reason:
      'role/app called meta/llama-3-70b through aws.bedrock in account 111122223333 with 1,200 tokens in and 300 out: "claude" approves other models here.',
    level: "medium",
    count: 1,
    time: llama.startTime,
    evidence: [
      {
        uid: llama.uid,
        operation: "InvokeModel",
        facts: { model: "meta/llama-3-70b", tokens: "1,200 in, 300 out" },
      },
    ],
  });
});

it("is grave where a clause forbids the model, and names the clause", () => {
  expect(match("denials:\n  - {name: no llamas, models: llama*, reason: licence}")).toMatchObject({
    level: "high",
    clause: "policy.yaml:2",
    reason: expect.stringContaining('denied by "no llamas": licence.'),
  });
});

it("is quieter about a call that was denied, and as loud about one that was throttled", () => {
  expect(match(`default: deny\n${CLAUDE}`, { ...llama, outcome: DENIED })).toMatchObject({
    level: "low",
    reason: expect.stringContaining(
      "role/app tried to call meta/llama-3-70b through aws.bedrock in account 111122223333 (denied)",
    ),
  });
  const throttled = { status: "failure", reason: "throttled" } as const;
  expect(match(`default: deny\n${CLAUDE}`, { ...llama, outcome: throttled })?.level).toBe("medium");
});

it("counts the requests of a bucket", () => {
  expect(match("default: deny\napprovals:\n  - {doors: openai, models: gpt-5}", bucket())).toMatchObject({
    count: 1_204,
    reason: expect.stringMatching(
      /^user-1 sent 1,204 requests to openai\/gpt-4o through openai in account proj_1: /,
    ),
  });
});

it("names the owner, whom the policy gives", () => {
  const owned = `owners:\n  - {name: payments, accounts: '111122223333'}\n${CLAUDE}`;
  expect(match(owned)?.owner).toBe("payments");
});

describe("what is only unreviewed", () => {
  it("is a low finding on the model in the account, whoever calls it", () => {
    const other = { ...llama, actor: { uid: "somebody-else" } };
    expect(match(CLAUDE)).toMatchObject({
      level: "low",
      subject: { account: "111122223333", provider: "aws.bedrock", model: "meta/llama-3-70b" },
    });
    expect(match(CLAUDE, other)?.subject).toEqual(match(CLAUDE)?.subject);
  });

  it("is no finding where the policy approves nothing, or there is none", () => {
    expect(match("")).toBeUndefined();
    expect(match("owners:\n  - {name: payments, accounts: '*'}")).toBeUndefined();
  });
});

it("speaks of a condition that does not hold", () => {
  expect(
    match("default: deny\napprovals:\n  - {name: small, when: activity.usage.inputTokens < 1000}")?.reason,
  ).toContain('"small" approves it under a condition that does not hold');
});

it("is silent about a model that the log does not name", () => {
  expect(match(`default: deny\n${CLAUDE}`, { ...llama, model: undefined })).toBeUndefined();
});

it("leaves other faults to other rules", () => {
  expect(match("default: deny\napprovals:\n  - {doors: openai, models: claude-*}")).toBeUndefined();
  expect(match("default: deny\napprovals:\n  - {models: '*', until: 2026-01-01}")).toBeUndefined();
});

describe("a bill", () => {
  const bill = bucket({
    source: "openai.costs",
    operation: "gpt-4o, input",
    count: 0,
    actor: undefined,
    cost: { nanoUsd: 12_300_000_000, basis: "billed" } as never,
  });

  it("tells of a denied model on the account, with the amount, less loudly than the use itself", () => {
    expect(match("denials:\n  - models: gpt-4o", bill)).toMatchObject({
      subject: { account: "proj_1" },
      reason: expect.stringMatching(
        /^A bill charges \$12\.30 for openai\/gpt-4o through openai in account proj_1: /,
      ),
      level: "medium",
      evidence: [{ facts: { billed: "$12.30" } }],
    });
  });

  it("is asked neither who called nor with which key, nor on which condition", () => {
    const approvals = [
      "principals: data-*",
      "credentialTypes: temporary",
      'when: "activity.count > 0"',
      "regions: eu",
    ];
    for (const part of approvals)
      for (const detection of unsanctioned)
        expect(
          matchOf(detection, bill, `default: deny\napprovals:\n  - {models: gpt-4o, ${part}}`),
          part,
        ).toBeUndefined();
    for (const part of ['principals: "!ci"', 'credentialTypes: "!temporary"'])
      for (const detection of unsanctioned)
        expect(matchOf(detection, bill, `default: allow\ndenials:\n  - {${part}}`), part).toBeUndefined();
  });
});
