import { expect, it } from "vitest";
import { bucket, call, matchOf } from "../../test/example-activities.ts";
import { unsanctionedAccount } from "./unsanctioned-account.ts";

const PROD =
  "default: deny\napprovals:\n  - {name: prod, doors: [aws.bedrock, openai], accounts: ['999988887777', proj_9]}";
const match = (policy: string, activity = call()) => matchOf(unsanctionedAccount, activity, policy);

it("is silent about an approved account", () => {
  expect(match(PROD, call({ account: { uid: "999988887777" } }))).toBeUndefined();
});

it("is one finding per account and door, whoever uses it and whichever model", () => {
  expect(match(PROD)).toMatchObject({
    subject: { account: "111122223333", provider: "aws.bedrock" },
    reason: expect.stringContaining('"prod" approves it in other accounts'),
    level: "medium",
  });
  expect(match(PROD, bucket())?.subject).toEqual({ account: "proj_1", provider: "openai" });
});

it("is grave where the account is denied", () => {
  expect(match("denials:\n  - accounts: '111122223333'")?.level).toBe("high");
});
