import { expect, it } from "vitest";
import { ACTIVITY_SCHEMA, Activity } from "../model/activity.ts";
import { bypassedGateway } from "./gateway.ts";
import { parsePolicy } from "./parse-policy.ts";

const activity = (changes: Partial<Activity> = {}): Activity =>
  Activity.parse({
    schema: ACTIVITY_SCHEMA,
    uid: "0".repeat(32),
    kind: "contact",
    view: "network",
    source: "network",
    startTime: 0,
    endTime: 0,
    count: 1,
    operation: "A",
    provider: "openai",
    actor: { uid: "app-1" },
    ...changes,
  });

const POLICY = "gateways:\n  - gateway: LiteLLM\n    principals: app-*";

const bypassed = (seen: Activity, text = POLICY) => {
  const read = parsePolicy(text, "policy.yaml");
  return bypassedGateway("policy" in read ? read.policy : expect.fail(JSON.stringify(read.problems)), seen);
};

it("finds a contact or a call of a workload that goes past its gateway", () => {
  expect(bypassed(activity())).toEqual({ gateway: "LiteLLM", clause: "policy.yaml:2" });
  expect(bypassed(activity({ kind: "call", view: "provider" }))).toBeDefined();
});

it("is content with a workload that goes through it, or talks to it", () => {
  expect(bypassed(activity({ gateway: "litellm" }))).toBeUndefined();
  expect(bypassed(activity({ provider: "litellm" }))).toBeUndefined();
});

it("claims nothing of other workloads, nor of one the log does not name", () => {
  expect(bypassed(activity({ actor: { uid: "gateway-role" } }))).toBeUndefined();
  expect(
    bypassed(activity({ actor: undefined }), "gateways:\n  - {gateway: litellm, principals: '!lab-*'}"),
  ).toBeUndefined();
});

it("does not take a vendor's sums or a gateway's own log for direct use", () => {
  expect(bypassed(activity({ kind: "bucket", view: "usage" }))).toBeUndefined();
  expect(bypassed(activity({ kind: "call", view: "gateway", gateway: "kong" }))).toBeUndefined();
  expect(bypassed(activity({ kind: "change", view: "provider" }))).toBeUndefined();
});
