import { expect, it } from "vitest";
import { billedOn, loggedOn, november } from "../../test/billed-month.ts";
import type { UsageRow } from "../model/ledger.ts";
import { noPolicy } from "../policy/parse-policy.ts";
import { unattributedSpend } from "./unattributed-spend.ts";

const matches = (...rows: readonly UsageRow[]) => unattributedSpend.evaluate(rows, { policy: noPolicy });
const owned = loggedOn(2, 400, { owner: "Search" });

it("says how much of an account's month is nobody's, and who spent it", () => {
  const rows = [
    loggedOn(3, 90, { principal: "arn:aws:iam::111122223333:role/batch" }),
    loggedOn(5, 30, { principal: "arn:aws:iam::111122223333:role/batch" }),
    loggedOn(4, 80, { model: "" }),
  ];
  expect(matches(owned, ...rows)).toEqual([
    {
      subject: { account: "111122223333" },
      reason:
        "$200 of $600 (33%) spent in account 111122223333 in November 2026 has no owner, team or application.",
      time: november(3, 12),
      count: 30,
      evidence: [
        {
          uid: expect.any(String),
          time: november(3, 12),
          operation: "spent",
          facts: {
            spent: "$120",
            principal: "role/batch",
            model: "anthropic/claude-sonnet-4-5",
            door: "aws.bedrock",
          },
        },
        {
          uid: expect.any(String),
          time: november(4, 12),
          operation: "spent",
          facts: { spent: "$80.00", door: "aws.bedrock" },
        },
      ],
    },
  ]);
});

it("takes an owner, a team or an application for an answer, and a customer or task for none", () => {
  for (const part of ["owner", "team", "app"])
    expect(matches(owned, loggedOn(3, 400, { [part]: "x" }))).toEqual([]);
  for (const part of ["customer", "task"])
    expect(matches(owned, loggedOn(3, 400, { [part]: "x" }))).toHaveLength(1);
});

it("needs a fifth and 100 dollars of a month", () => {
  expect(matches(owned, loggedOn(3, 99))).toEqual([]);
  expect(matches(owned, loggedOn(3, 100))).toHaveLength(1);
  expect(matches(loggedOn(2, 900, { team: "x" }), loggedOn(3, 224))).toEqual([]);
  expect(matches(loggedOn(2, 900, { team: "x" }), loggedOn(3, 225))).toHaveLength(1);
  expect(matches(owned, loggedOn(3, 60), loggedOn(33, 60))).toEqual([]);
});

it("is silent where nobody answers for anything yet", () => {
  expect(matches(loggedOn(3, 900))).toEqual([]);
});

it("counts each dollar once: a bill only where there is no estimate", () => {
  expect(matches(owned, billedOn(3, 500))).toEqual([]);
  const other = { account: "444455556666" };
  expect(matches(owned, billedOn(3, 500, other), loggedOn(3, 0, other))).toMatchObject([
    { subject: other, reason: expect.stringContaining("$500 of $500 (100%)") },
  ]);
});
