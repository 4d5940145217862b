import { expect, it } from "vitest";
import { billedOn, loggedOn, november, settledMonth } from "../../test/billed-month.ts";
import type { UsageRow } from "../model/ledger.ts";
import { noPolicy } from "../policy/parse-policy.ts";
import { billDiffersFromLogs } from "./bill-differs-from-logs.ts";

const matches = (...rows: readonly UsageRow[]) =>
  billDiffersFromLogs.evaluate([...settledMonth(100), ...rows], { policy: noPolicy });

it("is silent where bills and logs agree, and where no call was logged at all", () => {
  expect(matches()).toEqual([]);
  expect(matches(billedOn(3, 900, { account: "444455556666" }))).toEqual([]);
});

it("says what was billed, what the logs explain and the rest", () => {
  expect(matches(billedOn(3, 60), billedOn(9, 140))).toMatchObject([
    {
      subject: { account: "111122223333", provider: "aws.bedrock" },
      reason:
        "$400 was billed for aws.bedrock in account 111122223333 on 2 days from 3 Nov 2026 to 9 Nov 2026, and the logged calls explain $200: $200 (50%) has no logged call.",
      time: november(3),
      count: 20,
      evidence: [{ facts: { billed: "$160", estimated: "$100" } }, { facts: { billed: "$240" } }],
    },
  ]);
});

it("needs a quarter and 25 dollars of a day", () => {
  // 100 logged a day: of 133 billed 33 are a bit less than a quarter, of 134 a bit more.
  expect(matches(billedOn(3, 33))).toEqual([]);
  expect(matches(billedOn(3, 34))).toHaveLength(1);
  const small = { account: "444455556666" };
  const days = Array.from({ length: 40 }, (_, at) => [
    loggedOn(at - 2, 1, small),
    billedOn(at - 2, 1, small),
  ]).flat();
  expect(matches(...days, billedOn(3, 24, small))).toEqual([]);
  expect(matches(...days, billedOn(3, 25, small))).toHaveLength(1);
});

it("is quieter where the bill is lower than the calls should have cost", () => {
  expect(matches(loggedOn(3, 100))).toMatchObject([
    {
      level: "low",
      reason: expect.stringMatching(
        /^\$100 was billed for .* explain \$200: \$100 \(50%\) less than they should have cost\.$/,
      ),
    },
  ]);
});

it("is silent where a bill only counts calls to the next day", () => {
  expect(matches(billedOn(3, -50), billedOn(4, 50))).toEqual([]);
  expect(matches(billedOn(3, -50), billedOn(4, 90))[0]?.reason).toMatch(/on 4 Nov 2026/);
});

it("does not wonder at a higher bill when calls are in no estimate, and does at a lower one", () => {
  expect(matches(billedOn(3, 90), loggedOn(3, 0, { unpricedCalls: 2 }))).toEqual([]);
  expect(matches(billedOn(3, 90), loggedOn(3, 0, { inputTokens: 0 }))).toEqual([]);
  expect(matches(billedOn(3, 90), loggedOn(3, 0, { inputTokens: 0, failures: 10 }))).toHaveLength(1);
  expect(matches(loggedOn(3, 100, { unpricedCalls: 2 }))).toHaveLength(1);
});

it("expects no calls for capacity by the hour, however many of its calls the list has priced", () => {
  const capacity = (usd: number) => billedOn(3, usd, { capacityNanoUsd: usd * 1e9, model: "" });
  expect(matches(capacity(360))).toEqual([]);
  expect(matches(capacity(360), loggedOn(3, 300))).toEqual([]);
  expect(matches(capacity(360), billedOn(3, 60))[0]?.reason).toMatch(
    /^\$160 was billed .* explain \$100: \$60\.00 /,
  );
  expect(matches(capacity(360), loggedOn(3, 600))[0]).toMatchObject({
    level: "low",
    reason: expect.stringMatching(/^\$460 was billed .* explain \$700/),
  });
});

it("waits until both sides are settled", () => {
  expect(matches(billedOn(36, 90))).toEqual([]);
});
