import { expect, it } from "vitest";
import { change, DENIED, matchOf } from "../../test/example-activities.ts";
import { loggingWeakened } from "./logging-weakened.ts";

const match = (activity: Parameters<typeof matchOf>[1]) => matchOf(loggingWeakened, activity);
const removed = { object: "logging", action: "delete", weakens: true } as const;

it("says who removed the logging of which account", () => {
  expect(match(change(removed, { operation: "DeleteModelInvocationLoggingConfiguration" }))).toMatchObject({
    subject: { account: "111122223333", provider: "aws.bedrock", resource: "logging" },
    reason:
      "role/app removed the logging in account 111122223333 (eu-west-1) with DeleteModelInvocationLoggingConfiguration.",
  });
  expect(loggingWeakened.rule.level).toBe("high");
});

it("is one finding per account and log, whoever does it and however often", () => {
  const first = match(change(removed));
  expect(match(change(removed, { actor: { uid: "bob" }, startTime: 5 }))?.subject).toEqual(first?.subject);
  expect(match(change({ ...removed, target: { uid: "trail-1" } }))?.subject.resource).toBe("trail-1");
});

it("tells a log that records less from one that is gone", () => {
  expect(match(change({ object: "logging", action: "update", weakens: true }))?.reason).toContain(
    "weakened the logging",
  );
});

it("is low about an attempt that was refused", () => {
  expect(match(change({ object: "logging", action: "delete" }, { outcome: DENIED }))).toMatchObject({
    level: "low",
    reason: expect.stringMatching(/^role\/app tried to remove the logging .*; it was denied\.$/),
  });
});

it("is silent about logging that is set up, raised, or changed in an unknown way", () => {
  expect(match(change({ object: "logging", action: "create", weakens: false }))).toBeUndefined();
  expect(match(change({ object: "logging", action: "update" }))).toBeUndefined();
  expect(match(change({ object: "logging", action: "update" }, { outcome: DENIED }))).toBeUndefined();
  expect(match(change({ object: "logging", action: "read" }))).toBeUndefined();
});

it("leaves other protections to other rules", () => {
  expect(match(change({ ...removed, object: "guardrail" }))).toBeUndefined();
});
