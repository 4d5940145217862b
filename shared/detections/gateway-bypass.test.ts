import { expect, it } from "vitest";
import { call, contact, DENIED, matchOf } from "../../test/example-activities.ts";
import { gatewayBypass } from "./gateway-bypass.ts";

const GATEWAY = "gateways:\n  - {gateway: litellm, principals: [app, i-0123]}";
const match = (activity = contact(), policy = GATEWAY) => matchOf(gatewayBypass, activity, policy);

it("says which workload went where instead of by its gateway", () => {
  expect(match()).toMatchObject({
    subject: { principal: "i-0123", provider: "deepseek" },
    reason: "i-0123 in account 111122223333 contacted deepseek (chat.deepseek.com), not by way of litellm.",
    clause: "policy.yaml:2",
  });
  expect(match(call())?.reason).toContain("not by way of litellm");
});

it("is silent about what goes through the gateway, and about workloads without one", () => {
  expect(match(call({ view: "gateway", gateway: "litellm" }))).toBeUndefined();
  expect(match(contact({ actor: { uid: "i-9999" } }))).toBeUndefined();
});

it("is quieter about a call that was denied", () => {
  expect(match(call({ outcome: DENIED }))?.level).toBe("low");
  expect(match()?.level).toBeUndefined();
});
