import { expect, it } from "vitest";
import { call, change, matchOf } from "../../test/example-activities.ts";
import { regionProcessed } from "./region-processed.ts";

const EU = "residency:\n  - {name: tariffs, allowed: eu-*}";
const match = (activity = call(), policy = EU) => matchOf(regionProcessed, activity, policy);
const strayed = call({ region: { requested: "eu-west-1", processed: "us-east-1", scope: "global" } });

it("is silent where data stays, or where nothing is said of residency", () => {
  expect(match()).toBeUndefined();
  expect(match(strayed, "")).toBeUndefined();
});

it("says where it was requested, where it ran and what is allowed", () => {
  expect(match(strayed)).toMatchObject({
    subject: { principal: "arn:aws:iam::111122223333:role/app", provider: "aws.bedrock", region: "us-east-1" },
    reason: expect.stringContaining(
      "the request, requested in eu-west-1, was processed in us-east-1; allowed is eu-*.",
    ),
    clause: "policy.yaml:2",
    evidence: [{ facts: { requested: "eu-west-1", processed: "us-east-1", scope: "global" } }],
  });
  expect(match(strayed)?.level).toBeUndefined();
  expect(regionProcessed.rule.level).toBe("high");
});

it("speaks even of use that is otherwise approved, and not of an exception", () => {
  expect(match(strayed, `${EU}\napprovals:\n  - models: '*'`)).toBeDefined();
  expect(match(strayed, `${EU}\nexceptions:\n  - principals: app`)).toBeUndefined();
});

it("is low where the call failed there", () => {
  const failed = call({ region: { requested: "us-east-1", scope: "regional" }, outcome: { status: "failure" } });
  expect(match(failed)).toMatchObject({ level: "low", reason: expect.stringContaining("was sent to us-east-1") });
});

it("leaves what may have happened, and what was set up, to another rule", () => {
  expect(match(call({ region: { requested: "eu-west-1", scope: "global" } }))).toBeUndefined();
  expect(
    match(
      change(
        { object: "deployment", action: "create" },
        { region: { requested: "us-east-1", scope: "regional" } },
      ),
    ),
  ).toBeUndefined();
});
