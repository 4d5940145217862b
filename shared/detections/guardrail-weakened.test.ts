import { expect, it } from "vitest";
import { change, DENIED, matchOf } from "../../test/example-activities.ts";
import { guardrailWeakened } from "./guardrail-weakened.ts";

const match = (activity: Parameters<typeof matchOf>[1]) => matchOf(guardrailWeakened, activity);
const target = { uid: "/accounts/lab/thing", name: "thing" };

it("says who lowered which protection", () => {
  expect(
    match(change({ object: "guardrail", action: "update", weakens: true, target }, { operation: "Write" })),
  ).toMatchObject({
    subject: { account: "111122223333", resource: "/accounts/lab/thing" },
    reason: "role/app weakened the guardrail thing in account 111122223333 (eu-west-1) with Write.",
  });
});

it("is low about an attempt to remove it", () => {
  expect(match(change({ object: "guardrail", action: "delete", target }, { outcome: DENIED }))?.level).toBe("low");
});

it("is silent where it is raised, unknown, or something else", () => {
  expect(match(change({ object: "guardrail", action: "update", weakens: false, target }))).toBeUndefined();
  expect(match(change({ object: "guardrail", action: "update", target }))).toBeUndefined();
  expect(match(change({ object: "logging", action: "delete", weakens: true, target }))).toBeUndefined();
});
