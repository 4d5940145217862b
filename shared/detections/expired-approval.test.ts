import { expect, it } from "vitest";
import { call, matchOf } from "../../test/example-activities.ts";
import { expiredApproval } from "./expired-approval.ts";

const PILOT = "approvals:\n  - {name: pilot, models: claude-*, until: 2026-05-31}";
const match = (activity = call(), policy = PILOT) => matchOf(expiredApproval, activity, policy);

it("is silent until the last day is over", () => {
  expect(match(call({ startTime: Date.UTC(2026, 5, 1) - 1 }))).toBeUndefined();
  expect(match(call({ startTime: Date.UTC(2026, 5, 1) }))).toBeDefined();
});

it("is one finding per approval, whoever relies on it, and names its line and its end", () => {
  expect(match()).toMatchObject({
    subject: { resource: "approval pilot" },
    clause: "policy.yaml:2",
    reason: expect.stringContaining('approved by "pilot" until 2026-05-31, expired.'),
  });
  expect(match(call({ actor: { uid: "bob" } }))?.subject).toEqual(match()?.subject);
});

it("is as loud where the rest is only reviewed as where it is denied", () => {
  expect(match()?.level).toBe("medium");
  expect(match(call(), `default: deny\n${PILOT}`)?.level).toBe("medium");
});

it("is silent where another approval holds, or more than the date is amiss", () => {
  expect(match(call(), `${PILOT}\n  - models: '*'`)).toBeUndefined();
  expect(match(call({ model: { id: "gpt-4o" } }))).toBeUndefined();
});
