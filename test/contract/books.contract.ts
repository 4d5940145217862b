/** What the books of every lasting store must do. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Activity } from "../../shared/model/activity.ts";
import type { LedgerEntry } from "../../shared/model/ledger.ts";
import { uidOf } from "../../shared/model/uid.ts";
import { DAY_MS, type EpochMs } from "../../shared/model/units.ts";
import type { Owed, Settled } from "../../shared/pipeline/deliver.ts";
import { detect } from "../../shared/pipeline/detect.ts";
import type { KeptReject, LastingStore } from "../../shared/store/books.ts";
import { openMemoryStore } from "../../shared/store/memory-store.ts";
import { START } from "../activities.ts";
import { world } from "../world.ts";
import { many } from "./store.contract.ts";

const at = (time: number) => time as EpochMs;
const unlimited = new AbortController().signal;
/** Aborted when it was asked so many times whether it is. */
const endsAfter = (times: number): AbortSignal => {
  let asked = 0;
  return {
    get aborted() {
      return asked++ >= times;
    },
  } as AbortSignal;
};
const byUid = (a: LedgerEntry, b: LedgerEntry): number => (a.activity.uid < b.activity.uid ? -1 : 1);

/** Calls of a denied model by two people: two findings. */
const shady = [
  ...many(30, { actor: { uid: "alice" }, model: { id: "deepseek-y", name: "deepseek/deepseek-y" } }),
  ...many(60, { actor: { uid: "bob" }, model: { id: "deepseek-y", name: "deepseek/deepseek-y" } }).slice(30),
];

const settle = (owed: readonly Owed[]): Settled[] =>
  owed.map(({ finding: { uid, status, level } }) => ({ findingUid: uid, told: { status, level, times: 1 } }));

export function booksContract(name: string, open: () => Promise<LastingStore>): void {
  describe(`the books of ${name}`, () => {
    let store: LastingStore;
    beforeAll(async () => {
      store = await open();
      await detect(shady, { ...world, store });
    });
    afterAll(() => store.close());

    it("keep the last cursor of each part of a collector", async () => {
      await store.books.saveCursor("a", "eu", "1");
      await store.books.saveCursor("a", "us", "7");
      await store.books.saveCursor("a", "eu", "2");
      await store.books.saveCursor("b", "eu", "9");
      expect(await store.books.cursors("a")).toEqual(
        new Map([
          ["eu", "2"],
          ["us", "7"],
        ]),
      );
      expect(await store.books.cursors("nobody")).toEqual(new Map());
    });

    it("forget the cursor of a part that is done with", async () => {
      await store.books.saveCursor("queue", "bucket/one", "700");
      await store.books.saveCursor("queue", "bucket/two", "900");
      await store.books.saveCursor("queue", "bucket/one", "");
      await store.books.saveCursor("queue", "bucket/three", "");
      expect(await store.books.cursors("queue")).toEqual(new Map([["bucket/two", "900"]]));
    });

    it("keep the latest that a source told of, in whatever order it is heard", async () => {
      await store.books.heard([{ source: "s", lastEventTime: at(50), heardTime: at(60) }]);
      await store.books.heard([{ source: "s", lastEventTime: at(20), heardTime: at(70) }]);
      expect(await store.books.coverage()).toEqual([{ source: "s", lastEventTime: 50, heardTime: 70 }]);
    });

    it("keep a reject once, with its place, and know which were replayed", async () => {
      const reject = {
        source: "aws.cloudtrail",
        reason: "eventTime: expected string",
        place: "b/k.json.gz",
        record: 3,
      };
      const unknown = { reason: "not JSON", place: "x" };
      await store.books.recordRejects([reject, unknown], at(5));
      await store.books.recordRejects([reject], at(9));
      await store.books.markReplayed([reject]);
      expect(await store.books.rejects({ source: "aws.cloudtrail" })).toEqual([
        { ...reject, seenTime: 5, replayed: true },
      ]);
      expect(await store.books.rejects()).toHaveLength(2);
      expect(await store.books.rejects({ limit: 1 })).toHaveLength(1);
    });

    it("page through the rejects that wait, newest first, whatever was replayed among them", async () => {
      const of = (record: number) => ({ source: "paged", reason: "not JSON", place: "x", record });
      for (const record of [1, 2, 3, 4, 5, 6, 7]) {
        await store.books.recordRejects([of(record)], at(100 + Math.ceil(record / 2)));
      }
      await store.books.markReplayed([of(7), of(6), of(2)]);
      const found: (number | undefined)[] = [];
      let page: readonly KeptReject[] = [];
      do {
        page = await store.books.rejects({ source: "paged", waiting: true, after: page.at(-1), limit: 2 });
        found.push(...page.map(({ record }) => record));
      } while (page.length > 0);
      expect(found.toSorted()).toEqual([1, 3, 4, 5]);
      expect([found[0], found.at(-1)]).toEqual([5, 1]);
    });

    it("hand a sink every finding once, and again only when its status or level changed", async () => {
      const all = await store.findings();
      expect(all.length).toBeGreaterThan(0);
      const told = async (limit = 100) => {
        const seen: string[] = [];
        await store.books.deliverTo("pager", limit, async (owed) => ({
          settled: owed.map(({ finding: { uid, status, level }, told: before }): Settled => {
            seen.push(uid);
            return {
              findingUid: uid,
              told: { status, level, times: (before?.times ?? 0) + 1, reference: "C1/1.1" },
            };
          }),
        }));
        return seen;
      };
      expect(await told()).toHaveLength(all.length);
      expect(await told()).toEqual([]);
      const uid = all[0]?.finding.uid ?? "";
      await store.books.changeStatus(uid, { status: "acknowledged", by: "ada", time: at(1) });
      expect(await told()).toEqual([uid]);
      expect(await told()).toEqual([]);
    });

    it("hold up nobody while sinks are slow, and are more than there are connections", async () => {
      const names = Array.from({ length: 6 }, (_, n) => `slow ${n}`);
      const all = (await store.findings()).length;
      const everybody = Promise.withResolvers<void>();
      let waiting = 0;
      const delivered = await Promise.all(
        names.map((name) =>
          store.books.deliverTo(name, 100, async (owed) => {
            if (++waiting === names.length) {
              await store.books.saveCursor("meanwhile", "", "1");
              everybody.resolve();
            }
            await everybody.promise;
            return { settled: settle(owed) };
          }),
        ),
      );
      expect(delivered.map((batch) => batch?.settled.length)).toEqual(names.map(() => all));
    });

    it("let one process at a time tell a sink", async () => {
      const delivered = await store.books.deliverTo("shared", 100, async (owed) => {
        expect(await store.books.deliverTo("shared", 100, () => expect.fail("handed out twice"))).toBeUndefined();
        return { settled: settle(owed.slice(0, 1)) };
      });
      expect(delivered?.settled).toHaveLength(1);
      const rest = (await store.findings()).length - 1;
      const after = await store.books.deliverTo("shared", 100, async (owed) => ({ settled: settle(owed) }));
      expect(after?.settled).toHaveLength(rest);
    });

    it("record nothing of a delivery that threw, and what one that failed half way had told", async () => {
      const count = (await store.findings()).length;
      const throwing = store.books.deliverTo("broken", 100, async () => {
        throw new Error("the sink is away");
      });
      await expect(throwing).rejects.toThrow("the sink is away");
      const failure = new Error("the sink went away");
      const half = await store.books.deliverTo("broken", 100, async (owed) => {
        expect(owed).toHaveLength(count);
        return { settled: settle(owed.slice(0, 1)), failure };
      });
      expect(half).toMatchObject({ settled: [{}], failure });
      const rest = await store.books.deliverTo("broken", 100, async (owed) => ({ settled: settle(owed) }));
      expect(rest?.settled).toHaveLength(count - 1);
    });

    it("list what a sink refused, and hand it out again when its state changes or somebody asks for it", async () => {
      const reason = "answered 422";
      const handedOut = async (settle: (owed: Owed) => Partial<Settled>) => {
        const uids: string[] = [];
        await store.books.deliverTo("picky", 100, async (owed) => ({
          settled: owed.map((one): Settled => {
            const { uid, status, level } = one.finding;
            uids.push(uid);
            return { findingUid: uid, told: { status, level, times: one.told?.times ?? 0 }, ...settle(one) };
          }),
        }));
        return uids;
      };
      const refuse = () => handedOut(() => ({ refused: reason }));
      const all = await refuse();
      const [uid = ""] = all;
      expect(await store.books.refusals()).toEqual(
        all.map((findingUid) => ({ sink: "picky", findingUid, reason })),
      );
      expect(await refuse()).toEqual([]);

      await store.books.changeStatus(uid, { status: "reopened", by: "ada", time: at(2) });
      expect(await refuse()).toEqual([uid]);
      expect(await store.books.forgetRefusals("picky")).toBe(all.length);
      expect(await store.books.refusals()).toEqual([]);
      const news = await handedOut(({ finding: { status, level }, told }) => {
        expect(told).toBeUndefined();
        return { told: { status, level, times: 1 } };
      });
      expect(news).toEqual(all);

      await store.books.changeStatus(uid, { status: "acknowledged", by: "ada", time: at(2) });
      await handedOut(({ told }) => ({
        told: { status: "acknowledged", level: "high", times: told?.times ?? 0 },
        refused: reason,
      }));
      await store.books.forgetRefusals("picky");
      const again = await handedOut(({ told }) => {
        expect(told).toMatchObject({ times: 1 });
        expect(told?.status).not.toBe("acknowledged");
        return {};
      });
      expect(again).toEqual([uid]);
    });

    it("remember who changed a finding's status, and keep it when its activities come again", async () => {
      const uid = (await store.findings()).at(-1)?.finding.uid ?? "";
      await store.books.changeStatus(uid, { status: "resolved", by: "ada", note: "was a test", time: at(3) });
      await store.books.changeStatus(uid, { status: "resolved", by: "ben", time: at(4) });
      expect(await store.books.history(uid)).toMatchObject([
        { status: "resolved", by: "ada", note: "was a test", time: 3 },
      ]);
      await detect(shady, { ...world, store });
      expect((await store.finding(uid))?.finding.status).toBe("resolved");
      const living = (await store.books.living()).find(({ finding }) => finding.uid === uid);
      expect(living?.seenUntil).toBe(living?.finding.lastSeenTime);
      expect(
        await store.books.changeStatus("0".repeat(32), { status: "open", by: "ada", time: at(1) }),
      ).toBeUndefined();
    });

    it("keep what people said of a finding beside its status, and give it back for the watch to learn from", async () => {
      const uid = (await store.findings())[0]?.finding.uid ?? "";
      await store.books.changeStatus(uid, { status: "resolved", by: "ada", time: at(5) });
      const resolved = (await store.books.living()).find(({ finding }) => finding.uid === uid);
      const said = { kind: "principal", uid: "alice", feedback: "not useful", time: at(7) } as const;
      expect((await store.books.giveFeedback(uid, { ...said, by: "ben", note: "a batch" }))?.finding.uid).toBe(
        uid,
      );
      await store.books.giveFeedback(uid, { ...said, feedback: "expected", by: "ada", time: at(6) });
      expect(await store.books.feedback()).toEqual([{ ...said, feedback: "expected", time: 6 }, said]);
      expect((await store.books.history(uid)).slice(-2)).toMatchObject([
        { status: "resolved", by: "ben", note: "a batch", feedback: "not useful", time: 7 },
        { status: "resolved", by: "ada", feedback: "expected", time: 6 },
      ]);
      expect((await store.books.history(uid)).at(-3)).not.toHaveProperty("feedback");
      expect((await store.books.living()).find(({ finding }) => finding.uid === uid)).toEqual(resolved);
      expect(await store.books.giveFeedback("0".repeat(32), { ...said, by: "ada" })).toBeUndefined();
    });

    it("forget activities a day after they stop to take them, and keep what they added up to", async () => {
      const usage = await store.usage();
      const activities = (await Array.fromAsync(store.activities())).map((entry) => entry.activity);
      const last = activities.at(-1)?.endTime ?? at(0);
      const older = activities.filter(({ endTime }) => endTime < last).length;
      expect(older).toBeGreaterThan(0);
      expect(await store.forgottenBefore()).toBe(0);
      expect(await store.books.forgetActivities(last, unlimited)).toBe(0);
      expect(await store.forgottenBefore()).toBe(last);
      expect(await store.books.forgetActivities(at(last + DAY_MS), unlimited)).toBe(older);
      expect(await store.books.forgetActivities(last, unlimited)).toBe(0);
      expect(await store.forgottenBefore()).toBe(last + DAY_MS);
      expect(await store.usage()).toEqual(usage);
    });

    it("remove nothing that a batch on its way may still take: it has asked what is forgotten before that was said", async () => {
      const day = START + 50 * DAY_MS;
      await store.books.forgetActivities(at(day), unlimited);
      const asked = await store.forgottenBefore();
      const uid = uidOf("on its way");
      const late = many(1, { uid, startTime: at(day), endTime: at(day), model: { id: "x", name: "on-its-way" } });
      const calls = async () =>
        (await store.usage()).filter(({ model }) => model === "on-its-way").map((row) => row.calls);
      await detect(late, { ...world, store });
      // Nobody tidied up for two days.
      const later = at(day + 3 * DAY_MS);
      await store.books.forgetActivities(later, unlimited);
      const stillTaken = late.filter(({ endTime }) => endTime >= asked);
      expect(stillTaken).toHaveLength(1);
      await detect(stillTaken, { ...world, store });
      expect(await calls()).toEqual([1]);
      expect(await store.books.forgetActivities(later, unlimited)).toBe(1);
    });

    it("forget many activities in chunks, stop when time is up, and go on the next time", async () => {
      const day = START + 100 * DAY_MS;
      await store.books.forgetActivities(at(day), unlimited);
      const entries = many(10_500, { startTime: at(day), endTime: at(day) }).map((one) => ({
        activity: { ...one, uid: uidOf("chunk", one.uid), startTime: at(day), endTime: at(day) },
        findings: [],
      }));
      await store.transact((tables) => tables.putActivities(entries.toSorted(byUid)));
      const later = at(day + 2 * DAY_MS);
      expect(await store.books.forgetActivities(later, unlimited)).toBe(0);
      expect(await store.forgottenBefore()).toBe(later);
      expect(await store.books.forgetActivities(later, endsAfter(0))).toBe(0);
      expect(await store.books.forgetActivities(later, endsAfter(1))).toBe(10_000);
      expect(await store.books.forgetActivities(later, unlimited)).toBe(500);
    });

    it("forget matches that nothing supports any more, and show of a finding what all of them would show", async () => {
      const memory = openMemoryStore();
      const take = async (activities: readonly Activity[]) => {
        for (const one of [store, memory]) await detect(activities, { ...world, store: one });
      };
      const carol = (count: number, day: number) =>
        many(count, { actor: { uid: "carol" }, model: { id: "deepseek-y", name: "deepseek/deepseek-y" } }).map(
          (call): Activity => ({
            ...call,
            uid: uidOf(day, call.uid),
            startTime: at(call.startTime + day * DAY_MS),
            endTime: at(call.endTime + day * DAY_MS),
          }),
        );
      const innocent = (call: Activity): Activity => ({
        ...call,
        model: { id: "x", vendor: "anthropic", name: "anthropic/claude-x" },
      });
      const before = at(START + 205 * DAY_MS);
      await store.books.forgetActivities(before, unlimited);
      await store.books.forgetMatches(before, unlimited);
      await take(carol(40, 200));
      expect(await store.books.forgetMatches(before, unlimited)).toBe(0);
      await store.books.forgetActivities(before, unlimited);
      expect(await store.books.forgetMatches(before, endsAfter(0))).toBe(0);
      // Eight are shown, and the last would be where later ones are taken back.
      expect(await store.books.forgetMatches(before, unlimited)).toBe(31);
      expect(await store.books.forgetMatches(before, unlimited)).toBe(0);

      const recent = carol(3, 210);
      await take(recent);
      for (const call of [undefined, ...recent.toReversed()]) {
        if (call) await take([innocent(call)]);
        const [row] = await memory.findings();
        expect(row?.finding.matches).toBeGreaterThanOrEqual(40);
        expect(await store.finding(row?.finding.uid ?? "")).toEqual(row);
      }
    });

    it("forget rejects by when they were seen", async () => {
      const seen = (time: number) => store.books.recordRejects([{ reason: "old", place: `at ${time}` }], at(time));
      await seen(1_000);
      await seen(2_000);
      expect(await store.books.forgetRejects(at(2_000), unlimited)).toBeGreaterThan(0);
      expect((await store.books.rejects()).map(({ seenTime }) => seenTime)).toEqual([2_000]);
    });
  });
}
