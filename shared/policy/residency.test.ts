import { describe, expect, it } from "vitest";
import { ACTIVITY_SCHEMA, Activity } from "../model/activity.ts";
import { parsePolicy } from "./parse-policy.ts";
import { strayOf } from "./residency.ts";

const call = (region: Activity["region"], changes: Partial<Activity> = {}): Activity =>
  Activity.parse({
    schema: ACTIVITY_SCHEMA,
    uid: "0".repeat(32),
    kind: "call",
    view: "provider",
    source: "aws.bedrock-invocation",
    startTime: 0,
    endTime: 0,
    count: 1,
    operation: "Converse",
    provider: "aws.bedrock",
    account: { uid: "1" },
    region,
    ...changes,
  });

const strayed = (text: string, activity: Activity) => {
  const read = parsePolicy(text, "policy.yaml");
  return strayOf("policy" in read ? read.policy : expect.fail(JSON.stringify(read.problems)), activity);
};

const EU = "residency:\n  - allowed: eu-*";

describe("data that was processed", () => {
  it("has strayed where it ran outside the allowed regions", () => {
    expect(strayed(EU, call({ requested: "eu-west-1", processed: "us-east-1", scope: "global" }))).toEqual({
      how: "processed",
      where: "us-east-1",
      allowed: ["eu-*"],
      clause: "policy.yaml:2",
    });
  });

  it("has not strayed where it ran inside, wherever its profile could have led", () => {
    expect(
      strayed(EU, call({ requested: "eu-west-1", processed: "eu-north-1", scope: "global" })),
    ).toBeUndefined();
  });

  it("ran where it was requested, if it could run nowhere else", () => {
    expect(strayed(EU, call({ requested: "us-east-1", scope: "regional" }))?.how).toBe("processed");
    expect(strayed(EU, call({ requested: "eu-west-1", scope: "regional" }))).toBeUndefined();
  });
});

describe("data that may have been processed elsewhere", () => {
  it("may have strayed where it was requested outside", () => {
    expect(strayed(EU, call({ requested: "us-east-1" }))).toMatchObject({ how: "possible", where: "us-east-1" });
    expect(strayed(EU, call({ requested: "us-east-1", processed: "eu-west-1" }))?.how).toBe("possible");
    expect(strayed(EU, call({ requested: "eu-west-1" }))).toBeUndefined();
  });

  it("may have run anywhere with a global scope", () => {
    const global = call({ requested: "eu-west-1", scope: "global" });
    expect(strayed(EU, global)).toMatchObject({ how: "possible", where: "global" });
    expect(strayed("residency:\n  - allowed: [eu-*, global]", global)).toBeUndefined();
  });

  it("may have run in any region of its geography", () => {
    const eu = call({ requested: "eu-west-1", scope: "geography", geography: "eu" });
    const us = call({ requested: "us-east-1", scope: "geography", geography: "us" });
    expect(strayed(EU, eu)).toBeUndefined();
    expect(strayed("residency:\n  - allowed: [eu-west-1, eu-central-1]", eu)).toMatchObject({ where: "eu" });
    expect(strayed("residency:\n  - allowed: [us-east-1, us-east-2, us-west-2]", us)?.where).toBe("us");
  });

  it("is allowed in a geography whose regions nobody lists by its own name only", () => {
    const azure = call(
      { requested: "westeurope", scope: "geography", geography: "eu" },
      { provider: "azure.ai.openai" },
    );
    expect(strayed("residency:\n  - allowed: westeurope", azure)?.where).toBe("eu");
    expect(strayed("residency:\n  - allowed: [westeurope, eu]", azure)).toBeUndefined();
  });
});

describe("a residency clause", () => {
  const stray = call({ requested: "us-east-1", scope: "regional" });

  it("applies to what it names, and all that apply must hold", () => {
    expect(strayed("residency:\n  - {accounts: '2', allowed: eu-*}", stray)).toBeUndefined();
    expect(strayed("residency:\n  - {allowed: '*'}\n  - {accounts: '1', allowed: eu-*}", stray)?.clause).toBe(
      "policy.yaml:3",
    );
  });

  it("does not apply to an exception, nor after its date", () => {
    expect(strayed(`${EU}\nexceptions:\n  - accounts: '1'`, stray)).toBeUndefined();
    expect(strayed("residency:\n  - {allowed: eu-*, until: 1970-01-01}", stray)?.how).toBe("processed");
    const later = call(stray.region, { startTime: 86_400_000 } as Partial<Activity>);
    expect(strayed("residency:\n  - {allowed: eu-*, until: 1970-01-01}", later)).toBeUndefined();
  });

  it("says nothing where the log names no region", () => {
    expect(strayed(EU, call(undefined))).toBeUndefined();
    expect(strayed(EU, call({ scope: "geography" }))).toBeUndefined();
  });
});
