import { describe, expect, it } from "vitest";
import { call, change, matchOf } from "../../test/example-activities.ts";
import { regionPossible } from "./region-possible.ts";

const EU = "residency:\n  - {name: tariffs, allowed: eu-*}";
const match = (activity = call(), policy = EU) => matchOf(regionPossible, activity, policy);
const global = call({ region: { requested: "eu-west-1", scope: "global" } });

it("is silent about a regional call, and about a geography within the allowed regions", () => {
  expect(match()).toBeUndefined();
  expect(match(call({ region: { requested: "eu-west-1", scope: "geography", geography: "eu" } }))).toBeUndefined();
});

it("says where a call may have run", () => {
  expect(match(global)).toMatchObject({
    subject: {
      principal: "arn:aws:iam::111122223333:role/app",
      provider: "aws.bedrock",
      model: "anthropic/claude-sonnet-4-5",
    },
    reason: expect.stringContaining("it may run in any region of the world; allowed is eu-*."),
    clause: "policy.yaml:2",
  });
  expect(
    match(call({ region: { requested: "eu-west-1", scope: "geography", geography: "apac" } }))?.reason,
  ).toContain("it was requested in, or may run in, apac");
});

it("is silent once the log says where it ran, and about a call that failed", () => {
  expect(
    match(call({ region: { requested: "eu-west-1", processed: "eu-north-1", scope: "global" } })),
  ).toBeUndefined();
  expect(
    match(call({ region: { requested: "eu-west-1", processed: "us-east-1", scope: "global" } })),
  ).toBeUndefined();
  expect(match({ ...global, outcome: { status: "failure", reason: "error" } })).toBeUndefined();
});

describe("a deployment that leads elsewhere", () => {
  const deployment = { object: "deployment", action: "create", target: { uid: "/acc/gpt", name: "gpt" } } as const;
  const azure = { provider: "azure.ai.openai", region: { scope: "global" } } as const;

  it("is found when it is set up, before the first call", () => {
    expect(match(change(deployment, azure))).toMatchObject({
      subject: { account: "111122223333", provider: "azure.ai.openai", resource: "gpt" },
      reason:
        "role/app set up gpt in account 111122223333: it may run in any region of the world; allowed is eu-*.",
    });
  });

  it("is not found when it is deleted, nor where it is regional", () => {
    expect(match(change({ ...deployment, action: "delete" }, azure))).toBeUndefined();
    expect(
      match(change(deployment, { ...azure, region: { requested: "eu-west-1", scope: "regional" } })),
    ).toBeUndefined();
    expect(match(change({ object: "key", action: "create" }, azure))).toBeUndefined();
  });
});
