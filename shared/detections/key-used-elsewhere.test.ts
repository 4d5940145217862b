import { expect, it } from "vitest";
import { change, DENIED, matchOf } from "../../test/example-activities.ts";
import { keyUsedElsewhere } from "./key-used-elsewhere.ts";

const user = { actor: { uid: "arn:aws:iam::111122223333:user/BedrockAPIKey-x7k2" } };
const use = (operation: string, more = {}) =>
  change(
    { object: "key", action: "use", target: { uid: "s3.amazonaws.com", type: "Service" } },
    { ...user, operation, ...more },
  );
const match = (activity: Parameters<typeof matchOf>[1]) => matchOf(keyUsedElsewhere, activity);

it("says what a key's user did outside Bedrock", () => {
  expect(match(use("ListBuckets"))).toMatchObject({
    subject: { principal: "arn:aws:iam::111122223333:user/BedrockAPIKey-x7k2", account: "111122223333" },
    reason: "user/BedrockAPIKey-x7k2 used ListBuckets of s3.amazonaws.com in account 111122223333.",
  });
  expect(match(use("ListBuckets"))?.level).toBeUndefined();
});

it("is quieter about attempts, and about asking who one is", () => {
  expect(match(use("ListBuckets", { outcome: DENIED }))?.level).toBe("medium");
  expect(match(use("GetCallerIdentity"))?.level).toBe("low");
});

it("is silent about the making of keys", () => {
  expect(match(change({ object: "key", action: "create" }, user))).toBeUndefined();
});
