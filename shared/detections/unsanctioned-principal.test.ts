import { expect, it } from "vitest";
import { call, matchOf } from "../../test/example-activities.ts";
import { unsanctionedPrincipal } from "./unsanctioned-principal.ts";

const OTHERS = "default: deny\napprovals:\n  - {name: dispatch, doors: aws.bedrock, principals: '*role/dispatch'}";
const match = (policy: string, activity = call()) => matchOf(unsanctionedPrincipal, activity, policy);

it("is silent about an approved principal", () => {
  expect(match("default: deny\napprovals:\n  - principals: app")).toBeUndefined();
});

it("is one finding per principal and door, however its sessions are named", () => {
  const found = match(OTHERS);
  expect(found).toMatchObject({
    subject: { principal: "arn:aws:iam::111122223333:role/app", provider: "aws.bedrock" },
    reason: expect.stringContaining('"dispatch" approves it for other principals'),
    level: "medium",
  });
  const session = call({ actor: { issuerUid: "arn:aws:iam::111122223333:role/app", sessionUid: "other" } });
  expect(match(OTHERS, session)?.subject).toEqual(found?.subject);
});

it("makes one finding of the unreviewed ones, per account and model", () => {
  expect(match(OTHERS.replace("deny", "review"))).toMatchObject({
    subject: { account: "111122223333", provider: "aws.bedrock", model: "anthropic/claude-sonnet-4-5" },
    level: "low",
  });
});

it("is grave where the principal is denied", () => {
  expect(match("denials:\n  - principals: app")?.level).toBe("high");
});
