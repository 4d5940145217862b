import { expect, it } from "vitest";
import { billedOn, loggedOn, november, settledMonth } from "../../test/billed-month.ts";
import type { UsageRow } from "../model/ledger.ts";
import { noPolicy } from "../policy/parse-policy.ts";
import { billWithoutCalls } from "./bill-without-calls.ts";

const dark = (day: number, usd: number, given: Partial<UsageRow> = {}) =>
  billedOn(day, usd, { account: "444455556666", ...given });
const matches = (...rows: readonly UsageRow[]) =>
  billWithoutCalls.evaluate([...settledMonth(), ...rows], { policy: noPolicy });

it("is silent where every bill has calls beside it", () => {
  expect(matches()).toEqual([]);
});

it("says how much was charged for what, where and when, and shows the bill", () => {
  expect(matches(dark(3, 1_240, { owner: "Research" }))).toEqual([
    {
      subject: { account: "444455556666", provider: "aws.bedrock" },
      reason: "$1,240 of aws.bedrock in account 444455556666 on 3 Nov 2026 has no logged call.",
      level: "high",
      time: november(3),
      count: 0,
      owner: "Research",
      evidence: [
        {
          uid: expect.any(String),
          time: november(3),
          operation: "billed",
          facts: {
            period: "3 Nov 2026",
            account: "444455556666",
            door: "aws.bedrock",
            models: "anthropic/claude-sonnet-4-5",
            billed: "$1,240",
            estimated: "$0.00",
            calls: "0",
            bill: "aws.cur",
          },
        },
      ],
    },
  ]);
});

it("makes one matter of a month's days in one account, and another of the next month and account", () => {
  const found = matches(dark(3, 40), dark(9, 60), dark(33, 80), dark(3, 500, { account: "777788889999" }));
  expect(found.map(({ reason }) => reason)).toEqual([
    "$100 of aws.bedrock in account 444455556666 on 2 days from 3 Nov 2026 to 9 Nov 2026 has no logged call.",
    "$80.00 of aws.bedrock in account 444455556666 on 3 Dec 2026 has no logged call.",
    "$500 of aws.bedrock in account 777788889999 on 3 Nov 2026 has no logged call.",
  ]);
});

it("finds the day on which an account's log was off", () => {
  const off = settledMonth().filter((row) => row.view === "usage" || row.hour !== november(3, 12));
  const [found] = billWithoutCalls.evaluate(off, { policy: noPolicy });
  expect(found?.reason).toBe("$100 of aws.bedrock in account 111122223333 on 3 Nov 2026 has no logged call.");
});

it("is grave from a thousand dollars a month, and silent below ten a month or one a day", () => {
  expect(matches(dark(3, 999))[0]?.level).toBeUndefined();
  expect(matches(dark(3, 500), dark(4, 500))[0]?.level).toBe("high");
  expect(matches(dark(3, 9))).toEqual([]);
  expect(matches(dark(3, 10))).toHaveLength(1);
  expect(matches(...Array.from({ length: 20 }, (_, at) => dark(at + 1, 0.9)))).toEqual([]);
});

it("is silent where only the gateway logged the calls, and where an unnamed account may have made them", () => {
  const gateway = { view: "gateway", source: "litellm.spend" } as const;
  expect(matches(dark(3, 50), loggedOn(3, 0, { account: "444455556666", ...gateway }))).toEqual([]);
  expect(matches(dark(3, 50), loggedOn(3, 0, { account: "", ...gateway }))).toEqual([]);
  expect(matches(dark(3, 50), loggedOn(4, 0, { account: "", ...gateway }))).toHaveLength(1);
});

it("leaves capacity by the hour to its own rule where calls are logged, and not in an account that is dark", () => {
  const off = settledMonth().filter((row) => row.view === "usage" || row.hour !== november(3, 12));
  const capacity = (usd: number) => billedOn(3, usd, { capacityNanoUsd: usd * 1e9, model: "" });
  const found = (...rows: readonly UsageRow[]) => billWithoutCalls.evaluate(rows, { policy: noPolicy });
  expect(found(...off, capacity(360))[0]?.reason).toMatch(/^\$100 of /);
  const only = off.filter((row) => row.view !== "usage" || row.hour !== november(3));
  expect(found(...only, capacity(360))).toEqual([]);
  expect(matches(dark(3, 360, { capacityNanoUsd: 360e9 }))).toMatchObject([
    { reason: expect.stringMatching(/^\$360 of /) },
  ]);
});

it("takes a look-up of a name for no call", () => {
  expect(matches(dark(3, 50), loggedOn(3, 0, { account: "444455556666", view: "network" }))).toHaveLength(1);
});

it("waits for logs and bill, as long as it is told to", () => {
  const early = [...settledMonth(), dark(36, 50)];
  expect(billWithoutCalls.evaluate(early, { policy: noPolicy })).toEqual([]);
  const patient = { bill: 0, monthlyBill: 0, logs: 0, silence: 0 };
  expect(billWithoutCalls.evaluate(early, { policy: noPolicy, settleDays: patient })).toHaveLength(1);
});

it("is silent about bills when there is no log at all", () => {
  const bills = settledMonth().filter(({ view }) => view === "usage");
  expect(billWithoutCalls.evaluate(bills, { policy: noPolicy })).toEqual([]);
});
