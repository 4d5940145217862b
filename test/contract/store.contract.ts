/** What every store must do. Memory is the measure: the same batches give the same rows in every table. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { billWithoutCalls } from "../../shared/detections/bill-without-calls.ts";
import { spendSurge } from "../../shared/detections/spend-surge.ts";
import type { Activity } from "../../shared/model/activity.ts";
import type { FindingMatch, SeriesRow, UsageRow } from "../../shared/model/ledger.ts";
import { uidOf } from "../../shared/model/uid.ts";
import { type EpochMs, HOUR_MS, type NanoUsd } from "../../shared/model/units.ts";
import { detect } from "../../shared/pipeline/detect.ts";
import { review } from "../../shared/pipeline/review.ts";
import { noPolicy } from "../../shared/policy/parse-policy.ts";
import { openMemoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/store.ts";
import { activity, anyActivity, START } from "../activities.ts";
import { billedOn, loggedOn, november, settledMonth } from "../billed-month.ts";
import { usageRow } from "../usage-rows.ts";
import { NEXT, steady, used } from "../watched-rows.ts";
import { world } from "../world.ts";

export interface StoreUnderTest {
  /** A store with nothing in it; the one given before is no longer used. */
  empty(): Promise<Store>;
  close(): Promise<void>;
}

export function storeContract(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { runs }: { readonly runs: number },
) {
  describe(name, () => {
    let tested: StoreUnderTest;
    let store: Store;
    // PGlite starts in two seconds, and in many more on a machine that is busy.
    beforeAll(async () => {
      tested = await open();
    });
    beforeEach(async () => {
      store = await tested.empty();
    });
    afterAll(() => tested.close());

    const take = (...batches: readonly (readonly Activity[])[]) => takeAll(store, batches);

    it("holds the same rows in every table as memory does after the same batches", async () => {
      const batches = fc.array(fc.array(anyActivity({ uids: 8 }), { maxLength: 12 }), { maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(batches, async (given) => {
          store = await tested.empty();
          await take(...given);
          const memory = openMemoryStore();
          await takeAll(memory, given);
          expect(await store.dump()).toEqual(await memory.dump());
          expect(await store.findings()).toEqual(await memory.findings());
          expect(await store.usage()).toEqual(await memory.usage());
          expect(await store.entities()).toEqual(await memory.entities());
          expect(await collect(store.activities())).toEqual(await collect(memory.activities()));
        }),
        { numRuns: runs },
      );
    });

    it("holds the same rows whatever the order, the repetition and the split of the readings", async () => {
      await fc.assert(
        fc.asyncProperty(playedTwice({ uids: 10, readings: 24 }), async ({ once, again }) => {
          store = await tested.empty();
          await take(...again);
          const memory = openMemoryStore();
          await takeAll(memory, [once]);
          expect(derived(await store.dump())).toEqual(derived(await memory.dump()));
        }),
        { numRuns: runs },
      );
    });

    it("changes nothing when a batch is seen again", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyActivity({ uids: 6 }), { maxLength: 20 }), async (batch) => {
          store = await tested.empty();
          await take(batch);
          const once = await store.dump();
          expect(await detect(batch, { ...world, store })).toEqual({ added: 0, changed: 0, findings: [] });
          expect(await store.dump()).toEqual(once);
        }),
        { numRuns: Math.ceil(runs / 2) },
      );
    });

    it("merges what it holds already, also after so much that was new that it looks for nothing", async () => {
      const calls = many(60);
      const fresh = Array.from({ length: 12 }, (_, at) => calls.slice(at * 4, at * 4 + 4));
      // Of the last batches half is known, and then all of it.
      const others = [calls.slice(46, 52), calls.slice(50, 60), calls];
      await take(...fresh, ...others);
      const memory = openMemoryStore();
      await takeAll(memory, [...fresh, ...others]);
      expect(await store.dump()).toEqual(await memory.dump());
      expect(await detect(calls, { ...world, store })).toEqual({ added: 0, changed: 0, findings: [] });
    });

    it("holds the same rows where transactions that look for nothing meet in some", async () => {
      const calls = many(80);
      const fresh = Array.from({ length: 10 }, (_, at) => calls.slice(at * 4, at * 4 + 4));
      await take(...fresh);
      const met = [calls.slice(40, 60), calls.slice(50, 70), calls.slice(45, 80)];
      await Promise.all(met.map((batch) => detect(batch, { ...world, store })));
      const memory = openMemoryStore();
      await takeAll(memory, [...fresh, ...met]);
      expect(await store.dump()).toEqual(await memory.dump());
    });

    it("keeps no trace of a transaction that failed", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyActivity({ uids: 8 }), { maxLength: 20 }),
          fc.array(anyActivity({ uids: 8 }), { minLength: 1, maxLength: 20 }),
          async (held, lost) => {
            store = await tested.empty();
            await take(held);
            const before = await store.dump();
            const failing = { ...store, transact: failAfter(store) };
            await expect(detect(lost, { ...world, store: failing })).rejects.toThrow("pulled the plug");
            expect(await store.dump()).toEqual(before);
          },
        ),
        { numRuns: Math.ceil(runs / 2) },
      );
    });

    it("streams activities by start and uid, more than a page of them, from since until before until", async () => {
      const calls = many(2_500);
      await take(calls);
      const streamed = await collect(store.activities());
      expect(streamed.map((entry) => entry.activity)).toEqual(
        calls.toSorted((a, b) => a.startTime - b.startTime || (a.uid < b.uid ? -1 : 1)),
      );
      const range = { since: (START + 2) as EpochMs, until: (START + 4) as EpochMs };
      const some = await collect(store.activities(range));
      expect([...new Set(some.map((entry) => entry.activity.startTime))]).toEqual([START + 2, START + 3]);
    });

    it("keeps bills of each currency without a rate apart, and forgets them when they have one", async () => {
      const line = (currency: string, n: number) =>
        activity({
          uid: uidOf("bill", currency, n),
          kind: "bucket",
          view: "usage",
          count: 0,
          labels: { currency, amount: "9000000.25" },
        });
      const lines = [line("EUR", 1), line("EUR", 2), line("KRW", 1)];
      await take(lines);
      expect(await store.usage()).toMatchObject([
        { currency: "EUR", unratedLines: 2, unratedMicro: 18_000_000_500_000 },
        { currency: "KRW", unratedLines: 1, unratedMicro: 9_000_000_250_000 },
      ]);
      await detect(lines, { ...world, store, price: () => ({ nanoUsd: 5 as NanoUsd, basis: "billed" }) });
      expect(await store.usage()).toMatchObject([{ currency: "", unratedLines: 0, billedNanoUsd: 15 }]);
    });

    it("gives usage from since until before until", async () => {
      const hours = [0, 1, 2, 3].map((hour) => (START + hour * HOUR_MS) as EpochMs);
      await take(hours.map((startTime) => activity({ uid: uidOf("hour", startTime), startTime })));
      const some = await store.usage({ since: START, until: (START + 2 * HOUR_MS) as EpochMs });
      expect(some.map(({ hour }) => hour)).toEqual(hours.slice(0, 2));
    });

    it("knows the first and the last hour of use, which bills and network evidence are not", async () => {
      expect(await store.usedHours()).toBeUndefined();
      const add = (rows: readonly UsageRow[]) => store.transact((tables) => tables.addUsage(rows));
      await add([billedOn(1, 5), usageRow({ hour: november(30), view: "network", calls: 3 })]);
      expect(await store.usedHours()).toBeUndefined();
      await add([loggedOn(4, 1), loggedOn(9, 1), loggedOn(6, 1)]);
      expect(await store.usedHours()).toEqual({ first: november(4, 12), last: november(9, 12) });
    });

    it("keeps what the watch has learned as it was given, and replaces all of it", async () => {
      const row = (uid: string, given: Partial<SeriesRow> = {}): SeriesRow => ({
        kind: "principal",
        uid,
        nextHour: 500_000,
        state: Uint8Array.from({ length: 1_024 }, (_, index) => (index * 7) % 256),
        rest: { order: 1, incident: null, members: ["\u{1F600}", "\u0001"] },
        ...given,
      });
      const whole = row("organization", { kind: "organization" });
      const long = row("x".repeat(5_000), { kind: "leaf", state: new Uint8Array() });
      const put = async (rows: readonly SeriesRow[]) => {
        const memory = openMemoryStore();
        for (const one of [store, memory]) await one.transact((tables) => tables.putSeries(rows));
        expect(await store.series()).toEqual(await memory.series());
        expect((await store.dump())["series_state"]).toEqual((await memory.dump())["series_state"]);
      };
      const claimed = () => store.transact((tables) => tables.claimSeries());
      expect(await claimed()).toBeUndefined();
      await put([row("bob"), row("alice"), whole, long]);
      expect((await store.series()).map(({ uid }) => uid.slice(0, 12))).toEqual([
        "xxxxxxxxxxxx",
        "organization",
        "alice",
        "bob",
      ]);
      expect(await claimed()).toBe(500_000);
      const later = { nextHour: 500_024, rest: {} };
      await put([
        row("alice", later),
        row("carol", later),
        row("organization", { kind: "organization", ...later }),
      ]);
      expect(await claimed()).toBe(500_024);
    });

    it("finds a finding by uid and findings by status, the highest level first", async () => {
      const denied = { status: "failure", reason: "denied" } as const;
      await take([
        shady({ uid: uidOf("low"), actor: { uid: "a" }, outcome: denied }),
        shady({
          uid: uidOf("high"),
          actor: { uid: "b" },
          usage: { inputTokens: 5 },
          startTime: (START + 9) as EpochMs,
        }),
        shady({ uid: uidOf("medium"), actor: { uid: "c" } }),
      ]);
      const rows = await store.findings();
      expect(rows.map(({ finding }) => finding.level)).toEqual(["high", "medium", "low"]);
      const [high] = rows;
      expect(await store.finding(high?.finding.uid ?? "")).toEqual(high);
      expect(await store.finding(uidOf("nobody"))).toBeUndefined();
      expect(await store.finding("no uid at all")).toBeUndefined();
      expect(await store.findings({ status: ["resolved"] })).toEqual([]);
      expect(await store.findings({ status: ["resolved", "new"] })).toEqual(rows);
    });

    it("keeps what a person decided about a finding when the finding grows", async () => {
      await take([shady({ uid: uidOf("first") })]);
      const [row] = await store.findings();
      const uid = row?.finding.uid ?? "";
      await store.transact(async (tables) => {
        const held = (await tables.claimFindings([uid])).get(uid);
        if (held)
          await tables.putFindings([{ ...held, finding: { ...held.finding, status: "acknowledged" } }], []);
      });
      await take([shady({ uid: uidOf("second") })]);
      expect((await store.finding(uid))?.finding).toMatchObject({ status: "acknowledged", matches: 2 });
    });

    it("holds what a review says as memory does, says it once, and takes back what late logs explain", async () => {
      const memory = openMemoryStore();
      const ports = { policy: noPolicy, detections: [billWithoutCalls] };
      const other = { account: "444455556666" };
      for (const rows of [
        [...settledMonth(), billedOn(3, 40, other), billedOn(33, 60, other)],
        [billedOn(4, 7, other)],
        [loggedOn(3, 40, other)],
        [loggedOn(4, 7, other), loggedOn(33, 60, other)],
      ]) {
        for (const one of [store, memory]) await one.transact((tables) => tables.addUsage(rows));
        expect(await review(store, ports)).toEqual(await review(memory, ports));
        expect(await review(store, ports)).toEqual([]);
        expect(await store.dump()).toEqual(await memory.dump());
      }
      expect(await store.findings()).toEqual([]);
    });

    it("holds what the watch over spend says and has learned as memory does, also of two reviews at once", async () => {
      const ports = { policy: noPolicy, detections: [spendSurge] };
      const memory = openMemoryStore();
      const found: number[] = [];
      for (const rows of [[...steady(NEXT), used(NEXT, 900)], [used(NEXT + 5 * 24, 100)], [used(-24, 100)]]) {
        for (const one of [store, memory]) await one.transact((tables) => tables.addUsage(rows));
        await review(memory, ports);
        await Promise.all([review(store, ports), review(store, ports), review(store, ports)]);
        expect(derived(await store.dump())).toEqual(derived(await memory.dump()));
        expect(await review(store, ports)).toEqual([]);
        found.push((await store.findings()).length);
      }
      // Of an earlier day is learned from the beginning: that there were such leaps before.
      expect(found).toEqual([1, 1, 0]);
    });

    it("removes a finding when the log that knows the model says that it was another", async () => {
      const uid = uidOf("call");
      await take([shady({ uid })]);
      expect(await store.findings()).toHaveLength(1);
      await take([activity({ uid, model: { id: "x", vendor: "anthropic", name: "anthropic/claude-x" } })]);
      expect(await store.findings()).toEqual([]);
      expect((await store.dump())["finding_match"]).toEqual([]);
    });

    it("puts a match in the place of one whose activity was removed by hand, and fails no batch over it", async () => {
      await take([shady({ uid: uidOf("call") })]);
      const matches = async () =>
        ((await store.dump())["finding_match"] ?? []).map((row): FindingMatch => JSON.parse(row));
      const again = (await matches()).map((match) => ({ ...match, reason: "said otherwise" }));
      expect(again).toHaveLength(1);
      await store.transact((tables) => tables.moveMatches([], again));
      expect(await matches()).toEqual(again);
    });

    it("shows the earliest and the latest of many matches, also after one of them ceased to match", async () => {
      const calls = Array.from({ length: 30 }, (_, n) =>
        shady({ uid: uidOf("call", n), startTime: (START + n) as EpochMs, count: n }),
      );
      await take(calls.slice(10), calls.slice(0, 10));
      const innocent = { id: "x", vendor: "anthropic", name: "anthropic/claude-x" };
      const [first, tenth, last] = [calls[0], calls[10], calls[29]].map((call) => ({ ...call, model: innocent }));
      await take([first, tenth, last].flatMap((call) => (call ? [call as Activity] : [])));

      const [row] = await store.findings();
      const times = row?.finding.evidence.map(({ time }) => time - START);
      expect(times).toEqual([1, 2, 3, 4, 5, 6, 7, 28]);
      expect(row?.finding).toMatchObject({ matches: 27, count: 435 - 10 - 29, firstSeenTime: START + 1 });
    });
  });
}

/** Calls of one model by one principal, five of them each millisecond, in no order. */
export const many = (count: number, given: Partial<Activity> = {}): Activity[] =>
  Array.from({ length: count }, (_, n) =>
    activity({
      uid: uidOf("many", n),
      startTime: (START + Math.floor(n / 5)) as EpochMs,
      model: { id: "router" },
      provider: "openai",
      ...given,
    }),
  ).sort((a, b) => (a.uid < b.uid ? -1 : 1));

const shady = (given: Partial<Activity>): Activity =>
  activity({ actor: { uid: "alice" }, model: { id: "deepseek-y", name: "deepseek/deepseek-y" }, ...given });

export async function takeAll(store: Store, batches: readonly (readonly Activity[])[]): Promise<void> {
  for (const batch of batches) await detect(batch, { ...world, store });
}

/** The same readings as one batch, and in another order, some of them again, in several batches. */
export const playedTwice = ({ uids, readings }: { readonly uids: number; readonly readings: number }) =>
  fc.array(anyActivity({ uids }), { minLength: 1, maxLength: readings }).chain((once) =>
    fc
      .array(fc.nat({ max: once.length - 1 }), { maxLength: 6 })
      .chain((repeats) => {
        const played = [...once.keys(), ...repeats];
        return fc.record({
          order: fc.shuffledSubarray(played, { minLength: played.length }),
          size: fc.integer({ min: 1, max: played.length }),
        });
      })
      .map(({ order, size }) => {
        const played = order.flatMap((index) => once[index] ?? []);
        const again: Activity[][] = [];
        for (let from = 0; from < played.length; from += size) again.push(played.slice(from, from + size));
        return { once, again };
      }),
  );

/** What is a function of the readings: how often a finding was restated on the way to what it says is not. */
export function derived(tables: Readonly<Record<string, readonly string[]>>): Record<string, readonly string[]> {
  return { ...tables, finding: (tables["finding"] ?? []).map((row) => row.replace(/"revision":\d+/, "")) };
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Lets everything be written and then fails, as a process that dies before its commit. */
const failAfter =
  (store: Store): Store["transact"] =>
  (work) =>
    store.transact(async (tables) => {
      await work(tables);
      throw new Error("pulled the plug");
    });
