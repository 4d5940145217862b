import { expect, it } from "vitest";
import { call, matchOf } from "../../test/example-activities.ts";
import { unsanctionedCredential } from "./unsanctioned-credential.ts";

const ROLES = "default: deny\napprovals:\n  - {name: claude, doors: aws.bedrock, credentialTypes: temporary}";
const match = (activity = call(), policy = ROLES) => matchOf(unsanctionedCredential, activity, policy);

it("is silent about an approved type", () => {
  expect(match()).toBeUndefined();
});

it("is silent where the log does not tell the type: another log of the same call may", () => {
  const { credential: _, ...untold } = call();
  expect(match(untold)).toBeUndefined();
});

it("is about the key, where it lasts", () => {
  expect(match(call({ credential: { uid: "AKIAEXAMPLE1", type: "long-term" } }))).toMatchObject({
    subject: { credential: "AKIAEXAMPLE1", provider: "aws.bedrock" },
    reason: expect.stringContaining('"claude" approves it with other types of credential'),
    level: "medium",
  });
});

it("is about the type, where each session has a key of its own", () => {
  const bearer = (uid: string) => call({ credential: { uid, type: "bearer" } });
  expect(match(bearer("one"))?.subject).toEqual(match(bearer("two"))?.subject);
  expect(match(bearer("one"))?.subject.credential).toBe("bearer");
});

it("is grave where the type is denied", () => {
  expect(match(call(), "denials:\n  - credentialTypes: temporary")?.level).toBe("high");
});
