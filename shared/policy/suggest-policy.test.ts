import fc from "fast-check";
import { expect, it } from "vitest";
import { usageRow } from "../../test/usage-rows.ts";
import { ACTIVITY_SCHEMA, Activity } from "../model/activity.ts";
import type { UsageRow } from "../model/ledger.ts";
import { EpochMs } from "../model/units.ts";
import { compilePolicy } from "./judge.ts";
import { parsePolicy } from "./parse-policy.ts";
import { suggestPolicy } from "./suggest-policy.ts";

const row = (changes: Partial<UsageRow> = {}) =>
  usageRow({
    hour: EpochMs.parse(1_767_225_600_000),
    view: "provider",
    source: "aws.cloudtrail",
    account: "012345678901",
    principal: "role/app",
    provider: "aws.bedrock",
    model: "anthropic/claude-sonnet-4-5",
    region: "eu-west-1",
    verdict: "unreviewed",
    calls: 1_200,
    ...changes,
  });

const policyOf = (text: string) => {
  const read = parsePolicy(text, "policy.yaml");
  return "policy" in read ? read.policy : expect.fail(JSON.stringify(read.problems));
};

const callOf = (of: UsageRow): Activity =>
  Activity.parse({
    schema: ACTIVITY_SCHEMA,
    uid: "0".repeat(32),
    kind: "call",
    view: "provider",
    source: "aws.cloudtrail",
    startTime: of.hour,
    endTime: of.hour,
    count: 1,
    operation: "InvokeModel",
    ...(of.provider ? { provider: of.provider } : {}),
    ...(of.account ? { account: { uid: of.account } } : {}),
    ...(of.principal ? { actor: { uid: of.principal } } : {}),
    ...(of.model ? { model: { id: of.model, name: of.model } } : {}),
  });

it("proposes each door and account with its models, the most used first, and their figures", () => {
  const text = suggestPolicy([
    row(),
    row({ model: "meta/llama-3-70b", calls: 3_000, failures: 4, inputTokens: 12_000, principal: "role/lab" }),
  ]);
  expect(text).toContain(`approvals:
  # 4,200 calls, 4 failed, 12,000 tokens, by 2 principals, in 1 region
  - name: "aws.bedrock 012345678901"
    doors: aws.bedrock
    accounts: "012345678901"
    models:
      - meta/llama-3-70b # 3,000 calls, 4 failed, 12,000 tokens
      - anthropic/claude-sonnet-4-5 # 1,200 calls
`);
});

it("counts a call once that several views report", () => {
  const text = suggestPolicy([
    row({ calls: 10, inputTokens: 5 }),
    row({ view: "gateway", source: "litellm.spend", calls: 10 }),
  ]);
  expect(text).toContain("# 10 calls, 5 tokens, by 1 principal");
});

it("approves what only a gateway names, and counts its calls no second time", () => {
  const used = [
    row({ calls: 10, inputTokens: 5, principal: "role/gateway" }),
    row({ view: "gateway", source: "litellm.spend", account: "", principal: "mia", calls: 6 }),
    row({ view: "gateway", source: "litellm.spend", account: "", principal: "ben", calls: 4 }),
    row({ view: "gateway", source: "litellm.spend", model: "anthropic/claude-haiku-4-5", calls: 3 }),
  ];
  const text = suggestPolicy(used);
  expect(text).toContain("# 10 calls, which another log counts, by 2 principals");
  expect(text).toContain("- anthropic/claude-haiku-4-5 # 3 calls, which another log counts");
  expect(text).toContain("# 10 calls, 5 tokens, by 2 principals, in 1 region");
  const judge = compilePolicy(policyOf(text));
  for (const each of used) expect(judge(callOf(each))?.verdict).toBe("sanctioned");
});

it("approves what only a bill names, and says that no log tells of it", () => {
  const bill = { calls: 0, principal: "", view: "usage", source: "azure.cost-export", account: "bought" } as const;
  const text = suggestPolicy([
    row(),
    row({ ...bill, billedNanoUsd: 534e9 }),
    row({ ...bill, billedNanoUsd: 20e9, model: "" }),
  ]);
  expect(text).toContain(`  # $534.00 billed, which no log tells of, in 1 region
  - name: "aws.bedrock bought"
    doors: aws.bedrock
    accounts: bought
    models:
      - anthropic/claude-sonnet-4-5 # $534.00 billed, which no log tells of
`);
});

it("names in stubs of owners who used each account, most used first, and how many more there are", () => {
  const many = Array.from({ length: 14 }, (_, at) => row({ principal: `role/${at + 10}`, calls: at + 1 }));
  const text = suggestPolicy([...many, row({ account: "", principal: "mia", calls: 2 })]);
  expect(text).toContain(`owners:
  # - name: team-1
  #   contact: team@corp.example
  #   principals:
  #     - mia # 2 calls
  # - name: team-2
  #   contact: team@corp.example
  #   accounts: "012345678901"
  #   principals:
  #     - role/23 # 14 calls
`);
  expect(text).toContain("  #     - role/12 # 3 calls\n  #     # and 2 more: gnomon inventory\n");
  const uncommented = text.replaceAll(/^ {2}# (?=- name: | {2})/gm, "  ");
  expect(policyOf(uncommented).owners).toMatchObject([
    { name: "team-1", principals: ["mia"] },
    { name: "team-2", accounts: ["012345678901"], principals: { length: 12 } },
  ]);
});

it("approves for the principals seen where no log names an account", () => {
  const [approval] = policyOf(suggestPolicy([row({ account: "" })])).approvals;
  expect(approval).toMatchObject({ principals: ["role/app"], models: ["anthropic/claude-sonnet-4-5"] });
  expect(approval).not.toHaveProperty("accounts");
});

it("proposes nothing that would approve more than was seen", () => {
  expect(policyOf(suggestPolicy([row({ account: "", principal: "" })])).approvals).toEqual([]);
  expect(policyOf(suggestPolicy([row({ model: "" })])).approvals).toEqual([]);
  expect(policyOf(suggestPolicy([row({ provider: "" })])).approvals).toEqual([]);
});

it("shows contacts without proposing them", () => {
  const text = suggestPolicy([row({ view: "network", provider: "deepseek", model: "", calls: 7 })]);
  expect(text).toContain("# - doors: deepseek # 7 contacts from 1 account");
  expect(policyOf(text).approvals).toEqual([]);
});

it("is a policy even where nothing was seen", () => {
  expect(policyOf(suggestPolicy([]))).toMatchObject({ default: "review", approvals: [], owners: [] });
});

it("gives the same text for the same rows in any order", () => {
  const rows = [
    row(),
    row({ model: "a/b" }),
    row({ provider: "openai", account: "proj_1" }),
    row({ region: "x" }),
  ];
  expect(suggestPolicy(rows.toReversed())).toBe(suggestPolicy(rows));
});

it("is always a policy, and sanctions what it was made from, whatever the names", () => {
  const name = fc.oneof(
    fc.constantFrom(
      "a",
      "xai",
      "bedrock",
      "!x",
      "*",
      "a b",
      "yes",
      "0123",
      "x: y",
      "# no",
      "\u2028",
      "a|b$",
      "é\n",
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }),
  );
  const rows = fc.array(
    fc.record({ provider: name, account: name, principal: name, model: name, region: fc.string() }),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(rows, (given) => {
      const used = given.map((changes) => row(changes));
      const judge = compilePolicy(policyOf(suggestPolicy(used)));
      for (const each of used) expect(judge(callOf(each))?.verdict).toBe("sanctioned");
    }),
  );
});
