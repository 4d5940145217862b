import { expect, it } from "vitest";
import { change, DENIED, matchOf } from "../../test/example-activities.ts";
import { networkOpened } from "./network-opened.ts";

const match = (activity: Parameters<typeof matchOf>[1]) => matchOf(networkOpened, activity);
const target = { uid: "/accounts/lab/thing", name: "thing" };

it("says who lowered which protection", () => {
  expect(
    match(change({ object: "network", action: "update", weakens: true, target }, { operation: "Write" })),
  ).toMatchObject({
    subject: { account: "111122223333", resource: "/accounts/lab/thing" },
    reason: "role/app weakened the network limits of thing in account 111122223333 (eu-west-1) with Write.",
  });
});

it("is low about an attempt to remove it", () => {
  expect(match(change({ object: "network", action: "delete", target }, { outcome: DENIED }))?.level).toBe("low");
});

it("is silent where it is raised, unknown, or something else", () => {
  expect(match(change({ object: "network", action: "update", weakens: false, target }))).toBeUndefined();
  expect(match(change({ object: "network", action: "update", target }))).toBeUndefined();
  expect(match(change({ object: "logging", action: "delete", weakens: true, target }))).toBeUndefined();
});
