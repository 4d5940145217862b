import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usageRow } from "../../test/usage-rows.ts";
import type { SeriesRow, UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import type { Budget, KnownEvent } from "../policy/policy.ts";
import { type HeardFeedback, mayGoOnFrom, startOf, type UsageWatchOptions, watchUsage } from "./watch-usage.ts";

const MONDAY = Date.UTC(2026, 5, 1) as EpochMs;
const at = (hour: number): EpochMs => (MONDAY + hour * HOUR_MS) as EpochMs;
const noPolicy = { budgets: [], events: [] };

/** `calls` of a cent each. */
const used = (hour: number, calls: number, given: Partial<UsageRow> = {}): UsageRow =>
  usageRow({
    hour: at(hour),
    source: "aws.bedrock-invocation",
    account: "111122223333",
    provider: "aws.bedrock",
    principal: "alice",
    model: "anthropic/claude-sonnet-4-5",
    calls,
    inputTokens: calls * 1_000,
    outputTokens: calls * 200,
    estimatedNanoUsd: calls * 1e7,
    ...given,
  });
const steady = (hours: number, given: Partial<UsageRow> = {}): UsageRow[] =>
  Array.from({ length: hours }, (_, hour) => used(hour, 95 + ((hour * 7) % 11), given));

async function* inOne(rows: readonly UsageRow[]) {
  yield rows.toSorted((a, b) => a.hour - b.hour);
}
const watched = (rows: readonly UsageRow[], now: number, given: Partial<UsageWatchOptions> = {}) =>
  watchUsage(inOne(rows), { policy: noPolicy, now: at(now), from: MONDAY, ...given });
const told = async (rows: readonly UsageRow[], now: number, given: Partial<UsageWatchOptions> = {}) =>
  (await watched(rows, now, given)).alerts.map(
    ({ alert, hour, subject }) => `${alert.detector} ${Object.values(subject)[0]} ${(hour - MONDAY) / HOUR_MS}`,
  );

const LOOP = 12 * 24;
const loop = [...steady(LOOP), used(LOOP, 900), used(LOOP + 1, 900)];

describe("the watch over rows of usage", () => {
  it("tells of a loop in the hour that shows it, with that hour's requests and owner", async () => {
    const { alerts } = await watched([...loop.slice(0, LOOP), used(LOOP, 900, { owner: "research" })], LOOP + 1);
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({
      subject: { principal: "alice" },
      hour: at(LOOP),
      calls: 900,
      owner: "research",
      alert: { detector: "surge", startTime: at(LOOP), detectedTime: at(LOOP + 1), driver: "calls" },
    });
  });

  it("tells of it while the hour runs, and keeps to that hour when it is over", async () => {
    const running = [...loop.slice(0, LOOP), used(LOOP, 500)];
    expect(await told(running, LOOP + 0.5)).toEqual([`surge alice ${LOOP}`]);
    expect(await told(loop, LOOP + 2)).toEqual([`surge alice ${LOOP}`]);
    expect((await watched(running, LOOP + 0.5)).alerts[0]?.alert.detectedTime).toBe(at(LOOP + 0.5));
  });

  it("tells what has come of it by the end of each day on which it goes on, in one piece", async () => {
    const day = Array.from({ length: 30 }, (_, hour) => used(LOOP + 12 + hour, 900));
    const { alerts } = await watched([...steady(LOOP + 12), ...day], LOOP + 42);
    const surges = alerts.filter(({ alert }) => alert.detector === "surge");
    expect(surges.map(({ hour }) => (hour - MONDAY) / HOUR_MS)).toEqual([LOOP + 12]);
    expect(surges[0]?.calls).toBeGreaterThan(900);
    expect(surges[0]?.alert.impactNanoUsd).toBeGreaterThan(8e9 * 1.5);
  });

  it("goes on telling of retries and dearer calls when they have become what a call is", async () => {
    const retries = (hour: number) => used(hour, 1_200, { outputTokens: 24_000 });
    const blownUp = (hour: number) => used(hour, 100, { estimatedNanoUsd: 12e9, inputTokens: 1_200_000 });
    for (const [detector, unusual] of [["retry-storm", retries] as const, ["unit-cost", blownUp] as const]) {
      const rows = [...steady(LOOP), ...Array.from({ length: 6 }, (_, hour) => unusual(LOOP + hour))];
      const { alerts } = await watched(rows, LOOP + 6);
      expect(alerts.map(({ alert }) => alert.detector)).toEqual([detector]);
      // Twelve dollars an hour where one is usual.
      expect(alerts[0]?.alert.impactNanoUsd).toBeGreaterThan(0.95 * 6 * 11e9);
      expect(alerts[0]?.calls).toBe(rows.slice(LOOP).reduce((sum, { calls }) => sum + calls, 0));
    }
  });

  it("takes no row of an hour that has not begun", async () => {
    expect(await told(loop, LOOP)).toEqual([]);
  });

  it("counts the same traffic once, by the view that is the system of record", async () => {
    const twice = steady(LOOP + 2).flatMap((row) => [
      row,
      { ...row, view: "gateway" as const, source: "litellm.spend", calls: 50 * row.calls },
    ]);
    expect(await told(twice, LOOP + 2)).toEqual([]);
  });

  it("tells of apps and teams, and names an account where nobody is named", async () => {
    const people = Array.from({ length: 40 }, (_, n) => `user-${n}`);
    const crowd = people.flatMap((principal) =>
      steady(LOOP, { principal, app: "chat", owner: "search", team: "x" }),
    );
    const rush = Array.from({ length: 300 }, (_, n) =>
      used(LOOP, 100, { principal: `stranger-${n}`, app: "chat", team: "search" }),
    );
    expect(await told([...crowd, ...rush], LOOP + 1)).toEqual([
      `surge app chat ${LOOP}`,
      `surge team search ${LOOP}`,
    ]);
    const unnamed = loop.map((row) => ({ ...row, principal: "" }));
    expect((await watched(unnamed, LOOP + 2)).alerts[0]?.subject).toEqual({ account: "111122223333" });
    const nobody = unnamed.map((row) => ({ ...row, account: "" }));
    expect((await watched(nobody, LOOP + 2)).alerts[0]?.subject).toEqual({
      resource: "use that no log attributes",
    });
  });

  it("counts a quota's unpriced use, and lets it say nothing about spend", async () => {
    const quota: Budget = {
      name: "tokens",
      scope: { kind: "principal", uid: "alice" },
      measure: "tokens",
      amount: 100_000,
      period: "month",
      since: MONDAY,
    };
    const unpriced = steady(3).map((row) => ({ ...row, estimatedNanoUsd: 0, unpricedCalls: row.calls }));
    const { alerts } = await watched(unpriced, 3, { policy: { budgets: [quota], events: [] } });
    expect(alerts.map(({ subject, alert }) => [subject.resource, alert.detector, alert.budget?.name])).toEqual([
      ["budget tokens", "budget-crossed", "tokens"],
    ]);
  });

  /** A month by which somebody is not surprised by a little. */
  const month = (hours: number, unusual: (hour: number) => number | undefined) =>
    Array.from({ length: hours }, (_, hour) => used(hour, unusual(hour) ?? 60 + ((hour * 37) % 101)));
  const heard = (feedback: HeardFeedback["feedback"], hour: number, times = 1): HeardFeedback[] =>
    Array.from({ length: times }, () => ({ kind: "principal", uid: "alice", feedback, time: at(hour) }));

  it("does not tell again of what was expected", async () => {
    const twice = month(784, (hour) => (hour >= 720 && hour < 723 ? 600 : hour >= 780 ? 1_200 : undefined));
    const alerts = ["surge alice 720", "surge alice 782"];
    expect(await told(twice, 784)).toEqual(alerts);
    expect(await told(twice, 784, { feedback: heard("expected", 722.5) })).toEqual(alerts.slice(0, 1));
  });

  it("asks for more where it was of no use, and for no more where it was", async () => {
    const rows = month(721, (hour) => (hour === 720 ? 600 : undefined));
    expect(await told(rows, 721)).toEqual(["surge alice 720"]);
    const useless = heard("not useful", 700, 5);
    expect(await told(rows, 721, { feedback: useless })).toEqual([]);
    expect(await told(rows, 721, { feedback: [...useless, ...heard("useful", 701)] })).toEqual([
      "surge alice 720",
    ]);
    const earlier = month(721, (hour) => (hour === 610 ? 600 : undefined));
    expect(await told(earlier, 721)).toEqual(["surge alice 610"]);
    expect(await told(earlier, 721, { feedback: heard("not useful", 600, 5) })).toEqual([]);
    // What is said in an hour is heeded after it.
    expect(await told(rows, 721, { feedback: heard("not useful", 720.5, 5) })).toEqual(["surge alice 720"]);
  });
});

/** A company whose people come, go, and now and then run wild. */
const company = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  people: fc.integer({ min: 2, max: 8 }),
  days: fc.integer({ min: 6, max: 26 }),
  bursts: fc.array(
    fc.record({
      who: fc.nat(7),
      hour: fc.nat(26 * 24),
      hours: fc.integer({ min: 1, max: 40 }),
      times: fc.integer({ min: 3, max: 60 }),
    }),
    { maxLength: 6 },
  ),
  silent: fc.option(fc.record({ from: fc.nat(26 * 24), hours: fc.integer({ min: 1, max: 30 }) })),
});
type Company = typeof company extends fc.Arbitrary<infer Value> ? Value : never;

function rowsOf({ seed, people, days, bursts, silent }: Company): UsageRow[] {
  let state = seed;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const rows: UsageRow[] = [];
  const joined = Array.from({ length: people }, (_, n) => (n < 2 ? 0 : Math.floor(random() * days * 24)));
  for (let hour = 0; hour < days * 24; hour++) {
    if (silent && hour >= silent.from && hour < silent.from + silent.hours) continue;
    for (let who = 0; who < people; who++) {
      if (hour < (joined[who] ?? 0) || random() < 0.1) continue;
      const times = bursts.reduce(
        (all, burst) =>
          burst.who === who && hour >= burst.hour && hour < burst.hour + burst.hours ? burst.times : all,
        1,
      );
      const isDear = random() < 0.05;
      const calls = Math.round((5 + 20 * random()) * (1 + (who % 3)) * times);
      rows.push(
        used(hour, calls, {
          principal: who === 1 ? "" : `user-${who}`,
          team: who % 2 === 0 ? "even" : "",
          owner: who % 3 === 0 ? "research" : "",
          app: who % 2 === 1 ? "chat" : "",
          failures: random() < 0.1 ? Math.floor(calls / 2) : 0,
          ...(isDear ? { model: "made-up/deep", estimatedNanoUsd: calls * 2e8 } : {}),
        }),
      );
    }
  }
  return rows;
}

const policy: { readonly budgets: readonly Budget[]; readonly events: readonly KnownEvent[] } = {
  budgets: [
    {
      name: "all",
      scope: { kind: "organization", uid: "" },
      measure: "cost",
      amount: 150,
      period: "month",
      since: MONDAY,
    },
    {
      name: "week",
      scope: { kind: "team", uid: "research" },
      measure: "calls",
      amount: 4_000,
      period: 7,
      since: at(5),
    },
  ],
  events: [{ name: "launch", since: at(100), until: at(110), apps: ["chat"], times: 3 }],
};

/** As a database gives it back: JSON, and in another order. */
const stored = (rows: readonly SeriesRow[]): SeriesRow[] =>
  rows
    .map((row) => ({ ...row, state: Uint8Array.from(row.state), rest: JSON.parse(JSON.stringify(row.rest)) }))
    .sort((a, b) => (`${a.kind} ${a.uid}` < `${b.kind} ${b.uid}` ? -1 : 1));

describe("what was learned", () => {
  it("and the rows since give byte for byte what all rows give, late ones among them", async () => {
    let alerts = 0;
    await fc.assert(
      fc.asyncProperty(
        company,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }),
        fc.array(
          fc.record({
            uid: fc.constantFrom("user-0", "user-2"),
            feedback: fc.constantFrom("expected", "useful", "not useful"),
            hour: fc.nat(26 * 24),
          }),
          { maxLength: 3 },
        ),
        async (made, cuts, words) => {
          const rows = rowsOf(made);
          const end = made.days * 24 - 0.5;
          const feedback = words
            .map(({ hour, ...word }): HeardFeedback => ({ ...word, kind: "principal", time: at(hour + 0.25) }))
            .sort((a, b) => a.time - b.time);
          const whole = await watched(rows, end, { policy, feedback });
          let from: UsageWatchOptions["from"] = MONDAY;
          for (const now of cuts.map((part) => part * end).sort((a, b) => a - b)) {
            const start = typeof from === "number" ? from : startOf(from);
            // Some of the last days' rows come later.
            const come = rows.filter(
              (row, n) => row.hour >= start && (row.hour < at(now) - 4 * DAY_MS || n % 7 > 0),
            );
            const { learned } = await watched(come, now, { policy, feedback, from });
            from = learned ? stored(learned) : from;
          }
          const since = typeof from === "number" ? from : startOf(from);
          const rest = await watched(
            rows.filter(({ hour }) => hour >= since),
            end,
            { policy, feedback, from },
          );
          const expected = whole.alerts.filter(({ hour }) => hour >= since);
          expect(JSON.stringify(rest.alerts)).toBe(JSON.stringify(expected));
          if (rest.learned) expect(stored(rest.learned)).toEqual(stored(whole.learned ?? []));
          alerts += expected.length;
        },
      ),
      { numRuns: 40 },
    );
    expect(alerts).toBeGreaterThan(20);
  });

  describe("on its first day", () => {
    const MORNING = 30 * 24;
    const now = MORNING + 4 * 24;
    const base = steady(now, { app: "chat" });

    /** What is said from that morning on, gone on from there and from the beginning. */
    async function both(rows: readonly UsageRow[]) {
      const { learned = [] } = await watched(rows, now);
      expect(startOf(learned)).toBe(at(MORNING));
      const since = rows.filter(({ hour }) => hour >= at(MORNING));
      const gone = await told(since, now, { from: stored(learned) });
      const whole = await told(rows, now);
      return { gone, whole: whole.filter((one) => Number(one.split(" ").at(-1)) >= MORNING) };
    }

    it("knows how dear and how large the organization is", async () => {
      const dear = used(MORNING, 120, { principal: "mallory", estimatedNanoUsd: 6e9 });
      expect(await both([...base, dear])).toEqual({
        gone: [`new-spender mallory ${MORNING}`],
        whole: [`new-spender mallory ${MORNING}`],
      });
      const large = Array.from({ length: 20 }, (_, n) => steady(now, { principal: `large-${n}` }))
        .flat()
        .map((row) => ({ ...row, estimatedNanoUsd: 50 * row.estimatedNanoUsd }));
      const little = used(MORNING, 350, { app: "chat" });
      expect((await both([...base, little])).gone).toEqual([`surge alice ${MORNING}`]);
      expect(await both([...base, ...large, little])).toEqual({ gone: [], whole: [] });
    });

    it("knows what has been said already, and of whom it was", async () => {
      const night = [-2, -1, 0, 1].map((hour) => used(MORNING + hour, 900, { app: "chat" }));
      const onwards = [`surge alice ${MORNING}`];
      const said = await both([...base, ...night]);
      expect(said).toEqual({ gone: onwards, whole: onwards });
      const [day] = (await watched([...base, ...night], now)).alerts;
      expect(day?.alert.startTime).toBe(at(MORNING - 2));

      const crowd = Array.from({ length: 30 }, (_, n) =>
        steady(now, { principal: `user-${n}`, app: "chat" }),
      ).flat();
      const rush = Array.from({ length: 300 }, (_, n) =>
        used(MORNING + 1, 100, { principal: `stranger-${n}`, app: "chat" }),
      );
      const guest = [...steady(MORNING - 2, { principal: "guest", app: "chat" })];
      const surge = used(MORNING - 2, 1_500, { principal: "guest", app: "chat" });
      expect((await both([...crowd, ...guest, ...rush])).gone).toEqual([`surge app chat ${MORNING + 1}`]);
      expect(await both([...crowd, ...guest, surge, ...rush])).toEqual({ gone: [], whole: [] });
    });
  });

  it("is of the same budgets and of all the time since the first use, or it is not gone on from", async () => {
    const { learned = [] } = await watched(loop, LOOP + 2);
    const same = { policy: noPolicy, first: at(3), now: at(LOOP + 2) };
    expect(startOf(learned)).toBe(at(LOOP - 4 * 24));
    expect(mayGoOnFrom(learned, same)).toBe(true);
    expect(mayGoOnFrom([], same)).toBe(false);
    expect(mayGoOnFrom(learned, { ...same, first: at(-1) })).toBe(false);
    expect(mayGoOnFrom(learned, { ...same, now: at(1) })).toBe(false);
    expect(mayGoOnFrom(learned, { ...same, policy })).toBe(false);
    expect(
      mayGoOnFrom(
        learned.map((row) => ({ ...row, rest: { ...row.rest, version: 0 } })),
        same,
      ),
    ).toBe(false);
  });

  it("is a kilobyte and a little a series, four days back", async () => {
    const { learned = [] } = await watched(loop, LOOP + 2);
    expect(learned.map(({ kind }) => kind).sort()).toEqual(["leaf", "organization", "principal"]);
    for (const { state } of learned) expect(state.byteLength).toBe(1_024);
    expect((await watched(steady(90), 90)).learned).toBeUndefined();
  });
});
