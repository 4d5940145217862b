import { expect, it } from "vitest";
import { finding } from "../../test/contract/sink.contract.ts";
import { holdAgainst } from "./hold-against.ts";
import type { Incident } from "./incident.ts";

const planted: readonly Incident[] = [
  {
    id: "loop",
    story: "A loop.",
    findings: [{ rule: "retry-storm", about: "role/agent", says: "driven by calls" }],
    happenings: [],
  },
];
const found = (ruleName: string, principal: string, reason: string) => ({
  finding: finding(reason, { ruleName, subject: { principal }, reason }),
  revision: 1,
});
const loop = found("retry-storm", "arn:aws:iam::1:role/Agent", "Agent spent $9; driven by calls × 9.");

it("takes a finding for the planted one by its rule, its subject and what it says", () => {
  expect(holdAgainst(planted, [loop])).toEqual({ missed: [], unplanted: [] });
});

it.each([
  ["another rule", found("spend-surge", "role/agent", "Agent spent $9; driven by calls × 9.")],
  ["another subject", found("retry-storm", "role/other", "Other spent $9; driven by calls × 9.")],
  ["another driver", found("retry-storm", "role/agent", "Agent spent $9; driven by price per token × 9.")],
])("takes %s for what nobody planted, and misses what was", (_, other) => {
  expect(holdAgainst(planted, [other])).toEqual({ missed: ["loop retry-storm"], unplanted: [other] });
});
