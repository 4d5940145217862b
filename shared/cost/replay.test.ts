import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { activities } from "../../test/bench/cost/deliveries.ts";
import { organization } from "../../test/bench/cost/organization.ts";
import { randomOf } from "../../test/bench/cost/random.ts";
import { type Activity, principalOf } from "../model/activity.ts";
import { uidOf } from "../model/uid.ts";
import { DAY_MS, type EpochMs, HOUR_MS, type NanoUsd } from "../model/units.ts";
import type { Alert } from "./alert.ts";
import { type ReplayOptions, readActivity, replay } from "./replay.ts";

const START = Date.UTC(2026, 0, 5);
const NO_PRICES: ReplayOptions = { price: () => undefined };

async function alertsOf(all: readonly Activity[], options = NO_PRICES): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  async function* stream() {
    yield* all;
  }
  for await (const alert of replay(stream(), options)) alerts.push(alert);
  return alerts;
}

/** An hourly bucket of calls of a cent each. */
function bucket(hour: number, count: number, changes: Partial<Activity> = {}): Activity {
  return {
    schema: "gnomon.activity/v1",
    uid: uidOf("bucket", hour),
    kind: "bucket",
    view: "usage",
    source: "made-up.usage",
    operation: "usage",
    startTime: (START + hour * HOUR_MS) as EpochMs,
    endTime: (START + (hour + 1) * HOUR_MS) as EpochMs,
    count,
    actor: { uid: "alice" },
    account: { uid: "acme" },
    provider: "openai",
    model: { id: "gpt-made-up" },
    usage: { inputTokens: count * 1_000, outputTokens: count * 200 },
    cost: { nanoUsd: (count * 1e7) as NanoUsd, basis: "estimated" },
    labels: { app: "chat", team: "core" },
    ...changes,
  };
}

const DAYS = 12;
/** Twelve steady days and a loop of two hours. */
const loop: readonly Activity[] = Array.from({ length: DAYS * 24 + 2 }, (_, hour) =>
  bucket(hour, hour < DAYS * 24 ? 95 + ((hour * 7) % 11) : 900),
);
const told = await alertsOf(loop);

describe("replay", () => {
  it("tells of a loop at the end of the hour that shows it, with what it cost", () => {
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      schema: "gnomon.alert/v1",
      detector: "surge",
      subject: { kind: "principal", uid: "alice" },
      startTime: START + DAYS * DAY_MS,
      detectedTime: START + DAYS * DAY_MS + HOUR_MS,
      driver: "calls",
    });
    expect((told[0]?.impactNanoUsd ?? 0) / 1e9).toBeCloseTo(8, 0);
    expect((told[0]?.usualNanoUsd ?? 0) / 1e9).toBeCloseTo(1, 0);
  });

  it("says the same whatever the order of its lines", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...loop], { minLength: loop.length }), async (shuffled) => {
        expect(await alertsOf(shuffled)).toEqual(told);
      }),
      { numRuns: 5 },
    );
  });

  it("counts a bucket that is told again once, and of one that grows the latest reading", async () => {
    const growing = loop.flatMap((whole) => {
      const part: Activity = {
        ...whole,
        count: Math.floor(whole.count / 2),
        cost: { nanoUsd: (Math.floor(whole.count / 2) * 1e7) as NanoUsd, basis: "estimated" },
        usage: {
          inputTokens: Math.floor(whole.count / 2) * 1_000,
          outputTokens: Math.floor(whole.count / 2) * 200,
        },
        receivedTime: (whole.startTime + HOUR_MS / 2) as EpochMs,
      };
      return [part, { ...whole, receivedTime: whole.endTime }, { ...whole, receivedTime: whole.endTime }];
    });
    const [alert, ...more] = await alertsOf(growing);
    expect(more).toEqual([]);
    // Half of the loop's first hour is enough.
    expect(alert).toMatchObject({ detector: "surge", detectedTime: START + DAYS * DAY_MS + HOUR_MS / 2 });
    expect(await alertsOf(growing.toReversed())).toEqual([alert]);
  });

  it("tells of all hours that arrived at once what they cost, and not of the first alone", async () => {
    const daily = Array.from({ length: 31 }, (_, day): Activity => {
      const count = day < 30 ? 2_400 : 24_000;
      const startTime = (START + day * DAY_MS) as EpochMs;
      return bucket(day * 24, count, { startTime, endTime: (startTime + DAY_MS) as EpochMs });
    });
    const [alert, ...more] = await alertsOf(daily);
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ startTime: START + 30 * DAY_MS, detectedTime: START + 31 * DAY_MS });
    expect((alert?.impactNanoUsd ?? 0) / 1e9).toBeCloseTo(216, 0);
    expect(alert?.text).toContain("spent $240 in the 24 h to 2026-02-05 00:00 UTC");
    expect(alert?.text).not.toContain("in its last hour");
  });

  it("hears calls as it hears buckets, each once", async () => {
    const calls = loop.flatMap((whole) =>
      Array.from({ length: Math.ceil(whole.count / 10) }, (_, index): Activity => {
        const time = (whole.startTime + (index * HOUR_MS * 10) / whole.count) as EpochMs;
        return {
          ...whole,
          kind: "call",
          view: "provider",
          uid: uidOf("call", whole.startTime, index),
          startTime: Math.floor(time) as EpochMs,
          endTime: Math.floor(time) as EpochMs,
          count: 1,
          usage: { inputTokens: 10_000, outputTokens: 2_000 },
          cost: { nanoUsd: 1e8 as NanoUsd, basis: "estimated" },
        };
      }),
    );
    const alerts = await alertsOf(calls);
    expect(alerts.map(({ detector, subject }) => [detector, subject.uid])).toEqual([["surge", "alice"]]);
    expect(alerts[0]?.detectedTime).toBeLessThan(START + DAYS * DAY_MS + HOUR_MS);
    expect(await alertsOf([...calls, ...calls])).toEqual(alerts);
  });

  it("counts a repeated call when it first arrived, whatever the order of its lines", async () => {
    const once = loop.slice(-60).flatMap((whole) =>
      Array.from({ length: Math.ceil(whole.count / 10) }, (_, index): Activity => {
        const time = Math.floor(whole.startTime + (index * HOUR_MS * 10) / whole.count) as EpochMs;
        return {
          ...whole,
          kind: "call",
          view: "provider",
          uid: uidOf("call", whole.startTime, index),
          startTime: time,
          endTime: time,
          receivedTime: (time + 40_000) as EpochMs,
          count: 1,
          usage: { inputTokens: 10_000, outputTokens: 2_000 },
          cost: { nanoUsd: 4e9 as NanoUsd, basis: "estimated" },
        };
      }),
    );
    const again = once
      .filter((_, index) => index % 3 === 0)
      .map((call, index) => ({
        ...call,
        receivedTime: (call.startTime + ((index % 5) + 1) * 25 * HOUR_MS) as EpochMs,
      }));
    const budgets = [
      {
        name: "chat",
        scope: { kind: "app", uid: "chat" },
        measure: "calls",
        amount: 400,
        period: "month",
        since: START as EpochMs,
      } as const,
    ];
    const expected = await alertsOf(once, { ...NO_PRICES, budgets });
    expect(expected.map(({ detector }) => detector)).toContain("budget-crossed");
    expect(expected.length).toBeGreaterThan(3);
    const lines = [...again, ...once];
    expect(await alertsOf(lines, { ...NO_PRICES, budgets })).toEqual(expected);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(lines, { minLength: lines.length }), async (shuffled) => {
        expect(await alertsOf(shuffled, { ...NO_PRICES, budgets })).toEqual(expected);
      }),
      { numRuns: 8 },
    );
  });

  it("leaves out and counts what is dated later than it was received, or days later than now", async () => {
    const late = Date.UTC(2100, 0, 1) as EpochMs;
    const future: Activity = { ...bucket(0, 5), uid: uidOf("2100"), startTime: late, endTime: late };
    const received = loop.map((one) => ({ ...one, receivedTime: one.endTime }));
    const counted: number[] = [];
    const options = { ...NO_PRICES, ahead: (records: number) => counted.push(records) };
    const now = (START + 20 * DAY_MS) as EpochMs;
    expect(await alertsOf([future, ...loop], { ...options, now })).toEqual(told);
    expect(await alertsOf([...received, { ...future, receivedTime: now }], options)).toEqual(told);
    expect(counted).toEqual([1, 1]);
    // Where nearly all of it is later, it is the clock that is wrong.
    expect(await alertsOf(loop, { ...options, now: START as EpochMs })).toEqual(told);
    expect(counted).toEqual([1, 1]);
  });

  const nobodys = ({ account: _, ...one }: Activity): Activity => one;
  const atGateway = loop.map((one, hour): Activity => ({ ...one, view: "gateway", uid: uidOf("gateway", hour) }));
  const invoiced = loop.map(
    ({ usage: _, ...one }, hour): Activity => ({
      ...one,
      uid: uidOf("invoice", hour),
      count: 0,
      cost: { nanoUsd: (one.count * 1e7) as NanoUsd, basis: "billed" },
    }),
  );

  it.each([
    ["beside the vendor", [loop, atGateway, invoiced]],
    ["without an account beside the vendor", [loop, atGateway.map(nobodys), invoiced.map(nobodys)]],
    ["without an account beside an invoice that names one", [atGateway.map(nobodys), invoiced]],
    ["with an account beside an invoice that names none", [atGateway, invoiced.map(nobodys)]],
  ])("counts what a gateway tells %s once", async (_, tellings) => {
    const own = await alertsOf(tellings[0] ?? []);
    expect(own).toHaveLength(told.length);
    expect(await alertsOf(tellings.flat())).toEqual(own);
    expect(await alertsOf(tellings.toReversed().flat())).toEqual(own);
  });

  it("hears an invoice of one account beside calls of another", async () => {
    const other = (one: Activity): Activity => ({ ...one, account: { uid: "other" }, actor: { uid: "bob" } });
    const apart = await alertsOf([...loop, ...invoiced.map(other)]);
    expect(apart.map(({ subject }) => subject.uid)).toEqual(expect.arrayContaining(["alice", "bob"]));
  });

  it("hears a gateway where nobody else speaks", async () => {
    const gateway = loop.map((one): Activity => ({ ...one, view: "gateway" }));
    expect(await alertsOf(gateway)).toEqual(told);
  });

  it("spreads a vendor's day over its hours", async () => {
    const daily = Array.from({ length: 31 }, (_, day) =>
      bucket(day * 24, day === 30 ? 30_000 : 2_400 + (day % 3), {
        endTime: (START + (day + 1) * DAY_MS) as EpochMs,
      }),
    );
    const [alert] = await alertsOf(daily);
    expect(alert).toMatchObject({ subject: { uid: "alice" }, detectedTime: START + 31 * DAY_MS });
    expect(alert?.startTime).toBeGreaterThanOrEqual(START + 30 * DAY_MS);
    expect((alert?.impactNanoUsd ?? 0) / 1e9).toBeCloseTo(276, 0);
  });

  it("takes a bucket that does not say when it ends for one of an hour", async () => {
    expect(await alertsOf(loop.map((one): Activity => ({ ...one, endTime: one.startTime })))).toEqual(told);
  });

  it("prices what has no cost, keeps the cost that a record carries, and names what nobody can price", async () => {
    const asked: string[] = [];
    const unpriced: string[] = [];
    const { cost: _cost, ...without } = bucket(1, 10);
    const unknown: Activity = { ...without, uid: uidOf("unknown"), model: { id: "mystery" } };
    await alertsOf([bucket(0, 10), without, unknown], {
      price: (activity) => {
        asked.push(activity.model?.id ?? "");
        return activity.model?.id === "mystery" ? undefined : { nanoUsd: 5 as NanoUsd, basis: "estimated" };
      },
      unpriced: (activity) => unpriced.push(activity.model?.id ?? ""),
    });
    expect(asked).toEqual(["gpt-made-up", "mystery"]);
    expect(unpriced).toEqual(["mystery"]);
  });

  it("counts in quotas what nobody can price, and in no spend; once, where another view prices it", async () => {
    const unpriced = loop.slice(0, 100).map(({ cost: _, ...one }): Activity => one);
    const quota = {
      name: "chat",
      scope: { kind: "app" as const, uid: "chat" },
      measure: "tokens" as const,
      amount: 11_000_000,
      period: "month" as const,
      since: START as EpochMs,
    };
    const used = async (lines: readonly Activity[]) => {
      const alerts = await alertsOf(lines, {
        ...NO_PRICES,
        budgets: [quota, { ...quota, measure: "cost", amount: 1 }],
      });
      return alerts.filter(({ detector }) => detector === "budget-crossed").map(({ text }) => text);
    };
    const [first, ...more] = await used(unpriced);
    expect(first).toMatch(/^chat: 85 % used \([\d,]+ of 11,000,000 tokens\)/);
    expect(more.filter((text) => text.includes("$"))).toEqual([]);
    const atGateway = loop
      .slice(0, 40)
      .map((one, hour): Activity => ({ ...one, view: "gateway", uid: uidOf("gateway", hour) }));
    const both = await used([...unpriced.slice(0, 40), ...atGateway]);
    expect(both).toEqual(await used(atGateway));
    expect(await used([...atGateway, ...unpriced.slice(0, 40)])).toEqual(both);
  });

  it("counts what failed as calls that cost nothing", async () => {
    const hour = DAYS * 24;
    const { cost: _cost, usage: _usage, ...bare } = bucket(hour, 600);
    const failed: Activity = {
      ...bare,
      uid: uidOf("failed"),
      outcome: { status: "failure", reason: "throttled" },
    };
    const alerts = await alertsOf([...loop.slice(0, hour), bucket(hour, 450), failed]);
    expect(alerts[0]).toMatchObject({ detector: "retry-storm", subject: { uid: "alice" } });
    expect(alerts[0]?.text).toContain("57 % of the calls failed");
  });

  it("is silent about changes, contacts and nothing at all", async () => {
    expect(await alertsOf([])).toEqual([]);
    expect(
      await alertsOf([
        { ...bucket(0, 1), kind: "change" },
        { ...bucket(1, 1), view: "network" },
      ]),
    ).toEqual([]);
  });

  it("attributes what nobody is named for to the account", async () => {
    const anonymous = loop.map(({ actor: _actor, labels: _labels, ...rest }): Activity => rest);
    const [alert] = await alertsOf(anonymous);
    expect(alert?.subject).toEqual({ kind: "principal", uid: "acme" });
  });

  it("takes teams from the policy and apps and teams from labels, as the store does, else from project and account", async () => {
    const scopes = async (changes: Partial<Activity>, owner?: string) => {
      const { labels: _labels, ...bare } = bucket(0, 100);
      const one: Activity = { ...bare, project: { uid: "bot" }, ...changes };
      const budget = (kind: "app" | "team", uid: string) => ({
        name: `${kind} ${uid}`,
        scope: { kind, uid },
        measure: "cost" as const,
        amount: 0.5,
        period: "month" as const,
        since: START as EpochMs,
      });
      const budgets = ["chat", "bot", "core", "acme"].flatMap((uid) => [budget("app", uid), budget("team", uid)]);
      const alerts = await alertsOf([one], { ...NO_PRICES, budgets, ownerOf: () => owner });
      return alerts
        .filter(({ detector }) => detector === "budget-crossed")
        .map(({ subject }) => `${subject.kind} ${subject.uid}`);
    };
    expect(await scopes({ labels: { App: "chat", team: "core" } })).toEqual(["app chat", "team core"]);
    expect(await scopes({ labels: { "service.name": "chat", Cost_Centre: "core" } })).toEqual([
      "app chat",
      "team core",
    ]);
    expect(await scopes({ labels: { app: "chat", team: "acme" } }, "core")).toEqual(["app chat", "team core"]);
    expect(await scopes({ labels: { app: "chat" } })).toEqual(["app chat", "team bot"]);
    expect(await scopes({})).toEqual(["app bot", "team acme"]);
  });

  it("watches budgets beside", async () => {
    const alerts = await alertsOf(loop, {
      ...NO_PRICES,
      budgets: [
        {
          name: "chat",
          scope: { kind: "app", uid: "chat" },
          measure: "cost",
          amount: 100,
          period: "month",
          since: START as EpochMs,
        },
      ],
    });
    expect(alerts.filter(({ detector }) => detector === "budget-crossed")).toHaveLength(3);
  });
});

it("finds the same in a made-up organization, line by line and shuffled", async () => {
  const made = organization(1);
  const until = (START + 40 * DAY_MS) as EpochMs;
  const lines: Activity[] = [];
  for await (const activity of activities(made, { flushes: 1 }))
    if (activity.startTime < until) lines.push(activity);
  const found = await alertsOf(lines);
  expect(found.length).toBeGreaterThan(3);
  const random = randomOf(9);
  const shuffled = lines
    .map((line) => ({ line, key: random.uniform() }))
    .sort((a, b) => a.key - b.key)
    .map(({ line }) => line);
  expect(await alertsOf(shuffled)).toEqual(found);
});

describe("a line", () => {
  it("is read as Gnomon writes it", () => {
    const { labels: _labels, ...one } = bucket(3, 7);
    expect(readActivity(JSON.parse(JSON.stringify(one)))).toEqual(one);
  });

  it("is read with cost as a number, times as text and names instead of objects", () => {
    expect(
      readActivity({
        schema: "gnomon.activity/v1",
        uid: "b-1",
        kind: "bucket",
        startTime: "2026-01-05T00:00:00Z",
        endTime: "2026-01-05T01:00:00Z",
        receivedTime: 1_767_573_600_000,
        count: 3,
        account: "acme",
        model: "m",
        actor: { uid: "alice", unheardOf: true },
        labels: { team: "core", shard: 7, odd: { nested: 1 } },
        cost: 12.4,
        addedLater: {},
      }),
    ).toMatchObject({
      uid: "b-1",
      startTime: START,
      endTime: START + HOUR_MS,
      account: { uid: "acme" },
      model: { id: "m" },
      actor: { uid: "alice" },
      labels: { team: "core", shard: "7" },
      cost: { nanoUsd: 12, basis: "estimated" },
    });
  });

  it("without an identity is itself, whenever it was read, and a bucket however far it had grown", () => {
    const { uid: _uid, ...grown } = bucket(3, 7);
    const uidOfLine = (line: object) => readActivity(line)?.uid;
    const { usage, cost, ...others } = bucket(3, 8);
    expect(uidOfLine({ ...grown, count: 8, usage, cost, receivedTime: grown.endTime + 1 })).toBe(uidOfLine(grown));
    const { uid: _other, ...another } = others;
    expect(uidOfLine({ ...grown, model: { id: "another" } })).not.toBe(uidOfLine(grown));
    expect(uidOfLine({ ...another, startTime: START })).not.toBe(uidOfLine(grown));
    const call = { ...grown, kind: "call" };
    expect(uidOfLine({ ...call, receivedTime: grown.endTime })).toBe(uidOfLine(call));
    expect(uidOfLine({ ...call, usage })).not.toBe(uidOfLine(call));
  });

  it("keeps whether its actor is a person or a role, whose series is another", () => {
    const actor = { uid: "alice", issuerUid: "role/sso", type: "human" };
    const spender = (line: object) => principalOf(readActivity(line) ?? bucket(0, 1));
    expect(spender({ ...bucket(3, 7), actor })).toBe("alice");
    expect(spender({ ...bucket(3, 7), actor: { ...actor, type: "workload" } })).toBe("role/sso");
    expect(readActivity({ ...bucket(3, 7), actor: { ...actor, type: "alien" } })?.actor?.uid).toBe("alice");
  });

  it("is left out where it is no activity, and never throws", () => {
    expect(readActivity({ kind: "bucket" })).toBeUndefined();
    expect(readActivity({ kind: "bucket", startTime: "yesterday" })).toBeUndefined();
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => readActivity(value)).not.toThrow();
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(bucket(0, 1))), fc.jsonValue(), (field, value) => {
        expect(() => readActivity({ ...bucket(0, 1), [field]: value })).not.toThrow();
      }),
    );
  });
});
