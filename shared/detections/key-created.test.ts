import { describe, expect, it } from "vitest";
import { change, DENIED, matchOf } from "../../test/example-activities.ts";
import { keyCreated } from "./key-created.ts";

const match = (activity: Parameters<typeof matchOf>[1]) => matchOf(keyCreated, activity);
const user = { name: "BedrockAPIKey-x7k2" };

describe("a long-term Bedrock API key", () => {
  const key = change({
    object: "key",
    action: "create",
    target: { uid: "ACCA1", ...user, type: "ServiceSpecificCredential" },
  });

  it("is a medium finding of its own", () => {
    expect(match(key)?.subject).toEqual({
      account: "111122223333",
      provider: "aws.bedrock",
      resource: "BedrockAPIKey-x7k2",
    });
    expect(match(key)).toMatchObject({
      reason: "role/app created a long-term API key BedrockAPIKey-x7k2 in account 111122223333.",
      level: "medium",
    });
  });

  it("is one finding with the user that the console makes for it", () => {
    const made = match(change({ object: "user", action: "create", target: { ...user, type: "User" } }));
    expect(made).toMatchObject({ subject: match(key)?.subject, level: "medium" });
  });

  it("is grave once its user is given an access key or a password", () => {
    expect(match(change({ object: "key", action: "create", target: { ...user, type: "AccessKey" } }))?.level).toBe(
      "high",
    );
    expect(match(change({ object: "authentication", action: "create", target: user }))?.level).toBe("high");
  });
});

describe("a key of another vendor", () => {
  const openai = { provider: "openai", account: { uid: "org_1" }, actor: { uid: "user-1" } };
  const create = (operation: string, uid: string) =>
    change({ object: "key", action: "create", target: { uid } }, { ...openai, operation });

  it("is a low finding per creator, however many keys", () => {
    const first = match(create("api_key.created", "key_1"));
    expect(first).toMatchObject({
      subject: { principal: "user-1", account: "org_1", provider: "openai" },
      level: "low",
    });
    expect(match(create("api_key.created", "key_2"))?.subject).toEqual(first?.subject);
  });

  it("is a medium finding of its own where administrators use it", () => {
    expect(match(create("tenant.admin_api_key.created", "key_3"))).toMatchObject({
      subject: { account: "org_1", resource: "key_3" },
      level: "medium",
    });
  });
});

it("is low about an attempt that was refused", () => {
  const refused = change({ object: "key", action: "create", target: user }, { outcome: DENIED });
  expect(match(refused)).toMatchObject({ level: "low", reason: expect.stringContaining("tried to create") });
});

it("is silent about other users, and about keys that are used, changed or deleted", () => {
  expect(match(change({ object: "user", action: "create", target: { name: "bob" } }))).toBeUndefined();
  expect(match(change({ object: "authentication", action: "create", target: { name: "bob" } }))).toBeUndefined();
  for (const action of ["use", "update", "delete", "read"] as const)
    expect(match(change({ object: "key", action, target: user }))).toBeUndefined();
});
