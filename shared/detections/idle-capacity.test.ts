import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Changes, call, change, groupMatchesOf } from "../../test/example-activities.ts";
import { usageRow } from "../../test/usage-rows.ts";
import { advise } from "../cost/advice.ts";
import { capacityIn } from "../cost/capacity.ts";
import { ACTIVITY_SCHEMA, Activity } from "../model/activity.ts";
import { uidOf } from "../model/uid.ts";
import { DAY_MS, HOUR_MS } from "../model/units.ts";
import { idleCapacity } from "./idle-capacity.ts";

const RESOURCE = "/subscriptions/s1/resourcegroups/rg/providers/microsoft.cognitiveservices/accounts/birch";
const START = Date.UTC(2026, 8, 4, 9);
const at = (days: number): number => START + days * DAY_MS;

const azure: Changes = {
  provider: "azure.ai.openai",
  account: { uid: "s1" },
  project: { uid: RESOURCE, name: "birch" },
};
const deployment = (name: string) => ({ uid: `${RESOURCE}/deployments/${name}`, name });

const created = (days = 0, name = "replies", sku = "GlobalProvisionedManaged") =>
  change(
    {
      object: "deployment",
      action: "create",
      target: { ...deployment(name), type: "deployment" },
      after: { sku, capacity: 15 },
    },
    {
      ...azure,
      startTime: at(days),
      deployment: deployment(name),
      model: { id: "gpt-4o", vendor: "openai", name: "openai/gpt-4o" },
    },
  );
const deleted = (days: number) =>
  change(
    { object: "deployment", action: "delete", target: deployment("replies") },
    { ...azure, startTime: at(days) },
  );
const called = (days: number, name = "replies") =>
  call({ ...azure, startTime: at(days), deployment: deployment(name) });

/** A day of a bill, from midnight. */
function billed(days: number, usd: number, given: Partial<Activity> = {}): Activity {
  const startTime = at(days) - (at(days) % DAY_MS);
  return Activity.parse({
    schema: ACTIVITY_SCHEMA,
    uid: uidOf("bill", days, usd, JSON.stringify(given)),
    kind: "bucket",
    view: "usage",
    source: "azure.cost-export",
    startTime,
    endTime: startTime + DAY_MS,
    count: 0,
    operation: "Provisioned Managed Global Unit",
    ...azure,
    cost: { nanoUsd: usd * 1e9, basis: "billed" },
    ...given,
  });
}

const found = (...activities: readonly Activity[]) => groupMatchesOf(idleCapacity, activities);

describe("capacity that nobody calls", () => {
  it("is found after seven whole days without a call, and not before", () => {
    expect(found(created(), called(7, "other"))).toEqual([]);
    expect(found(created(), called(8, "other"))).toMatchObject([
      {
        subject: { provider: "azure.ai.openai", account: "s1", resource: deployment("replies").uid },
        reason:
          "Capacity replies (15 units, openai/gpt-4o) in account s1 has not been called since it was created on 4 Sep 2026 and is paid by the hour.",
        time: at(8),
      },
    ]);
  });

  it("is counted from its last call", () => {
    const calls = [called(0.5), called(1), called(1.2)];
    expect(found(created(), ...calls, called(8, "other"))).toEqual([]);
    const [match] = found(created(), ...calls, called(9, "other"));
    expect(match?.reason).toContain("was last called on 5 Sep 2026 and");
    expect(match?.evidence).toMatchObject([{ facts: { changed: "create deployment replies" } }, { time: at(1) }]);
  });

  it("tells what it costs by the median day of its bill, whatever the first and the last day hold", () => {
    const bills = [billed(0, 60), ...[1, 2, 3, 4, 5, 6, 7, 8].map((day) => billed(day, 96)), billed(9, 10)];
    const [match] = found(created(), ...bills, called(10, "other"));
    expect(match?.reason).toContain("and costs $4.00 an hour: $864 in 9 days without a call.");
    expect(match?.level).toBeUndefined();
    expect(match?.evidence.at(-1)?.facts).toMatchObject({ billed: "$10.00" });
    expect(found(created(), ...bills, called(12, "other"))).toMatchObject([{ level: "high" }]);
  });

  it("calls the account by the name that its bill gives it", () => {
    const named = billed(3, 96, { account: { uid: "s1", name: "birch-support" } });
    expect(found(created(), named, called(8, "other"))[0]?.reason).toContain(
      "in account birch-support has not been",
    );
  });

  it("tells no cost of two capacities in one place, whose lines nobody can tell apart", () => {
    const both = found(created(0), created(0, "drafts"), billed(2, 96), called(8, "other"));
    expect(both.map(({ reason }) => reason.includes("an hour:"))).toEqual([false, false]);
  });

  it("takes a line that names the capacity, by the hour or by the day", () => {
    const uid = "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/p0q1";
    const provisioned = change(
      { object: "capacity", action: "create", target: { uid, name: "summaries" }, after: { modelUnits: 1 } },
      { startTime: at(0) },
    );
    const aws = {
      provider: "aws.bedrock",
      account: { uid: "111122223333" },
      project: undefined,
      source: "aws.cur",
    };
    const line = billed(3, 7, { ...aws, operation: "EUW1-ProvisionedThroughput-ModelUnits", deployment: { uid } });
    const hour = { ...line, endTime: line.startTime + HOUR_MS } as Activity;
    expect(found(provisioned, hour, call({ startTime: at(8) }))).toMatchObject([
      { reason: expect.stringContaining("(1 unit) in account 111122223333 has not been called") },
    ]);
    expect(found(provisioned, hour, call({ startTime: at(8) }))[0]?.reason).toContain(
      "$7.00 an hour: $1,176 in 7 days",
    );
    expect(
      found(provisioned, hour, call({ startTime: at(4), model: { id: uid } }), call({ startTime: at(8) })),
    ).toEqual([]);
  });

  it("is as long without a call as the advice says, whatever of a day each of them keeps", () => {
    const [match] = found(created(), called(1), called(1.2), called(12, "other"), called(12.4, "other"));
    const [advice] = advise(
      [called(0), called(12.4)].map(({ startTime, view }) =>
        usageRow({ hour: startTime, view, account: "s1", provider: "azure.ai.openai", calls: 1 }),
      ),
      capacityIn([created(), called(1), called(1.2)]),
      { priceOf: () => undefined },
    );
    expect(advice?.text).toContain("not been called for 10 days");
    expect(match?.reason).toContain("was last called on 5 Sep 2026");
    const [priced] = found(
      created(),
      called(1),
      called(1.2),
      billed(3, 24),
      called(12, "other"),
      called(12.4, "other"),
    );
    expect(priced?.reason).toContain("in 10 days without a call");
  });

  it("is nothing while its place is silent: then nobody knows", () => {
    expect(found(created())).toEqual([]);
    const elsewhere = { ...azure, project: { uid: `${RESOURCE}2`, name: "elm" } };
    expect(found(created(), call({ ...elsewhere, startTime: at(20) }))).toEqual([]);
    expect(found(created(), billed(9, 96))).toHaveLength(1);
  });

  it("is nothing once it is deleted or paid by the token, and for what always was", () => {
    expect(found(created(), deleted(9), called(20, "other"))).toEqual([]);
    expect(found(created(), created(9, "replies", "GlobalStandard"), called(20, "other"))).toEqual([]);
    expect(found(created(0, "replies", "Standard"), called(20, "other"))).toEqual([]);
  });

  it("is the same in any order of arrival, and however often it is read", () => {
    const seen = [
      created(),
      called(1),
      called(3),
      called(2, "other"),
      called(12, "other"),
      billed(4, 96),
      billed(5, 96),
    ];
    const expected = found(...seen);
    expect(expected).toHaveLength(1);
    fc.assert(
      fc.property(fc.shuffledSubarray(seen, { minLength: seen.length }), fc.nat(4), (shuffled, other) => {
        expect(found(...shuffled, ...shuffled.slice(0, other))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

it("remembers of a day's calls and bills one each, and nothing of gateways and of other bills", () => {
  const slot = (activity: Activity) => idleCapacity.remember(activity)?.slot;
  expect(slot(called(1))).toBe(slot(called(1.1)));
  expect(slot(called(1))).not.toBe(slot(called(2)));
  expect(slot(billed(1, 5))).toBe(slot(billed(1, 6)));
  expect(slot(billed(1, 5, { operation: "gpt 4o 1120 Inp glbl Tokens" }))).toBeUndefined();
  expect(slot(call({ ...azure, view: "gateway" }))).toBeUndefined();
});
