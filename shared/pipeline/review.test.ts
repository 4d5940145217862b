import { beforeEach, describe, expect, it } from "vitest";
import { billedOn, loggedOn, november, settledMonth } from "../../test/billed-month.ts";
import { at, budget, NEXT, steady, used } from "../../test/watched-rows.ts";
import { billWithoutCalls } from "../detections/bill-without-calls.ts";
import { budgetCrossed } from "../detections/budget-crossed.ts";
import { newSpender } from "../detections/new-spender.ts";
import { silentSource } from "../detections/silent-source.ts";
import { spendSurge } from "../detections/spend-surge.ts";
import { unattributedSpend } from "../detections/unattributed-spend.ts";
import type { UsageRow } from "../model/ledger.ts";
import { HOUR_MS } from "../model/units.ts";
import { noPolicy } from "../policy/parse-policy.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import type { Store } from "../store/store.ts";
import { type ReviewPorts, review } from "./review.ts";

let store: Store;
beforeEach(() => {
  store = openMemoryStore();
});

const add = (rows: readonly UsageRow[]) => store.transact((tables) => tables.addUsage(rows));
const ask = (ports: Partial<ReviewPorts> = {}) =>
  review(store, { policy: noPolicy, detections: [billWithoutCalls, unattributedSpend], ...ports });
const reasons = async () => (await store.findings()).map(({ finding }) => finding.reason);

const other = { account: "444455556666" };

describe("a review", () => {
  it("finds what usage adds up to, and changes nothing when it is asked again", async () => {
    await add([...settledMonth(), billedOn(3, 40, other)]);
    const found = await ask();
    expect(found.map(({ finding }) => finding.reason)).toEqual([
      "$40.00 of aws.bedrock in account 444455556666 on 3 Nov 2026 has no logged call.",
    ]);
    const before = await store.dump();
    expect(await ask()).toEqual([]);
    expect(await store.dump()).toEqual(before);
  });

  it("restates a finding when a late bill adds to it", async () => {
    await add([...settledMonth(), billedOn(3, 40, other)]);
    const [first] = await ask();
    await add([billedOn(5, 60, other)]);
    const [second] = await ask();
    expect(second?.finding.uid).toBe(first?.finding.uid);
    expect(second?.finding).toMatchObject({
      reason: expect.stringMatching(/^\$100 .* on 2 days from 3 Nov 2026 to 5 Nov 2026 /),
      matches: 1,
      firstSeenTime: november(3),
      lastSeenTime: november(5),
    });
    expect(second?.revision).toBe((first?.revision ?? 0) + 1);
  });

  it("takes back what late logs explain", async () => {
    await add([...settledMonth(), billedOn(3, 40, other)]);
    await ask();
    await add([loggedOn(3, 40, other)]);
    expect(await ask()).toEqual([]);
    expect(await reasons()).toEqual([]);
    expect((await store.dump())["rule_group"]).toEqual([]);
  });

  it("goes on counting in the next month", async () => {
    await add([...settledMonth(), billedOn(3, 40, other), billedOn(32, 50, other)]);
    await ask();
    expect((await store.findings())[0]?.finding).toMatchObject({ matches: 2, lastSeenTime: november(32) });
  });

  it("leaves months alone that it is not asked about", async () => {
    await add([...settledMonth(), billedOn(3, 40, other), billedOn(32, 50, other)]);
    await ask();
    await add([loggedOn(3, 40, other), loggedOn(32, 50, other)]);
    await ask({ since: november(33) });
    expect((await store.findings())[0]?.finding).toMatchObject({ matches: 1, lastSeenTime: november(3) });
    await ask();
    expect(await reasons()).toEqual([]);
  });

  it("knows from the month before since when there have been logs", async () => {
    await add([...settledMonth(), billedOn(1, 40, other)]);
    expect(await ask({ since: november(9) })).toHaveLength(1);
  });

  it("keeps what a person decided", async () => {
    await add([...settledMonth(), billedOn(3, 40, other)]);
    const uid = (await ask())[0]?.finding.uid ?? "";
    await store.transact(async (tables) => {
      const held = (await tables.claimFindings([uid])).get(uid);
      if (held) await tables.putFindings([{ ...held, finding: { ...held.finding, status: "acknowledged" } }], []);
    });
    await add([billedOn(5, 60, other)]);
    expect((await ask())[0]?.finding).toMatchObject({ status: "acknowledged" });
  });

  it("has nothing to say of an empty store, or with no detection that looks at usage", async () => {
    expect(await ask()).toEqual([]);
    await add(settledMonth());
    expect(await ask({ detections: [] })).toEqual([]);
  });
});

describe("a review of the watch", () => {
  const watch = (ports: Partial<ReviewPorts> = {}) =>
    review(store, { policy: noPolicy, detections: [spendSurge, newSpender], ...ports });
  const learnedUntil = async () => (await store.series())[0]?.nextHour;
  const hourOf = (hour: number) => at(hour) / HOUR_MS;

  it("finds what is abnormal, keeps what it learned, and changes nothing when it is asked again", async () => {
    await add([...steady(NEXT), used(NEXT, 900)]);
    const [found, ...more] = await watch();
    expect(more).toEqual([]);
    expect(found?.finding).toMatchObject({
      ruleName: "spend-surge",
      subject: { principal: "arn:aws:iam::111122223333:role/app" },
      firstSeenTime: at(NEXT),
      count: 900,
    });
    expect(await learnedUntil()).toBe(hourOf(NEXT - 4 * 24));
    const before = await store.dump();
    expect(await watch()).toEqual([]);
    expect(await store.dump()).toEqual(before);
  });

  it("reads only what came since that morning, and says what it would say of everything", async () => {
    await add([...steady(NEXT), used(NEXT, 900)]);
    await watch();
    const reads: number[] = [];
    const usage: Store["usage"] = (range = {}) => {
      reads.push(range.since ?? 0);
      return store.usage(range);
    };
    await add([used(NEXT + 1, 100), used(NEXT + 30, 6_000)]);
    await review({ ...store, usage }, { policy: noPolicy, detections: [spendSurge, newSpender] });
    expect(reads).toEqual([at(NEXT - 4 * 24)]);
    expect(await learnedUntil()).toBe(hourOf(NEXT - 3 * 24));

    const fresh = openMemoryStore();
    await fresh.transact(async (tables) => tables.addUsage(await store.usage()));
    await review(fresh, { policy: noPolicy, detections: [spendSurge, newSpender] });
    const said = async (of: Store) => (await of.findings()).map(({ finding }) => finding);
    expect(await said(store)).toEqual(await said(fresh));
    expect(await store.series()).toEqual(await fresh.series());
  });

  it("tells of the running hour, and of the same hour when it is over", async () => {
    await add([...steady(NEXT), used(NEXT, 500)]);
    const [early] = await watch({ now: at(NEXT + 0.4) });
    await add([used(NEXT, 400)]);
    const [late] = await watch({ now: at(NEXT + 3) });
    expect(late?.finding.uid).toBe(early?.finding.uid);
    expect(late?.finding).toMatchObject({
      matches: 1,
      count: 900,
      firstSeenTime: at(NEXT),
      lastSeenTime: at(NEXT),
    });
    expect(await store.findings()).toHaveLength(1);
  });

  it("leaves out what a clock that runs ahead tells, until it is time", async () => {
    await add([...steady(NEXT), used(NEXT + 5, 900)]);
    expect(await watch({ now: at(NEXT + 2) })).toEqual([]);
    expect(await watch({ now: at(NEXT + 7) })).toHaveLength(1);
  });

  it("takes back what late records explain, and leaves what is older than what was learned as it was said", async () => {
    await add([...steady(NEXT), used(NEXT, 900)]);
    await watch();
    const explained = {
      ...used(NEXT, 900),
      calls: -800,
      inputTokens: -800_000,
      outputTokens: -160_000,
      estimatedNanoUsd: -8e9,
    };
    await add([explained]);
    await watch();
    expect(await reasons()).toEqual([]);

    await add([{ ...used(NEXT, 800) }]);
    await watch();
    await add([used(NEXT + 6 * 24, 100)]);
    await watch();
    await add([explained]);
    await watch();
    expect(await reasons()).toHaveLength(1);
  });

  it("learns anew from all rows when earlier ones come, and when budgets change", async () => {
    await add([...steady(NEXT).slice(NEXT - 48), used(NEXT, 900), used(NEXT + 5 * 24, 100)]);
    expect(await watch()).toEqual([]);
    expect(await learnedUntil()).toBe(hourOf(NEXT + 24));
    await add(steady(NEXT - 48));
    expect((await watch()).map(({ finding }) => finding.ruleName)).toEqual(["spend-surge"]);

    await add([
      { ...used(NEXT, 900), calls: -800, inputTokens: -800_000, outputTokens: -160_000, estimatedNanoUsd: -8e9 },
    ]);
    await watch();
    expect(await reasons()).toHaveLength(1);
    await watch({ policy: { ...noPolicy, budgets: [budget({ amount: 1e9 })] } });
    expect(await reasons()).toEqual([]);
  });

  it("tells a budget of the policy, and heeds what people said", async () => {
    await add([...steady(NEXT), used(NEXT, 900)]);
    const policy = { ...noPolicy, budgets: [budget({ amount: 700 })] };
    await watch({ policy, detections: [budgetCrossed] });
    expect((await store.findings()).map(({ finding }) => [finding.level, finding.matches])).toEqual([
      ["medium", 2],
    ]);

    store = openMemoryStore();
    await add(
      Array.from({ length: NEXT + 1 }, (_, hour) => used(hour, hour < NEXT ? 60 + ((hour * 37) % 101) : 600)),
    );
    const useless = {
      kind: "principal",
      uid: "arn:aws:iam::111122223333:role/app",
      feedback: "not useful",
      time: at(NEXT - 30),
    } as const;
    expect(await watch({ feedback: [useless, useless, useless, useless] })).toEqual([]);
    expect(await watch()).toHaveLength(1);
  });

  it("does not set back what another has learned meanwhile", async () => {
    await add([...steady(NEXT), used(NEXT, 900)]);
    await watch();
    const held = await store.series();
    await add([used(NEXT + 5 * 24, 100)]);
    await watch();
    const learned = await store.series();
    const slow = { ...store, series: async () => held };
    await review(slow, { policy: noPolicy, detections: [spendSurge], now: at(NEXT + 2 * 24) });
    expect(await store.series()).toEqual(learned);
  });

  it("of two at once leaves what one leaves", async () => {
    await add([...steady(NEXT), used(NEXT, 900)]);
    await Promise.all([watch(), watch(), watch()]);
    const together = await store.dump();
    store = openMemoryStore();
    await add([...steady(NEXT), used(NEXT, 900)]);
    await watch();
    expect(together).toEqual(await store.dump());
  });
});

describe("a review of who has been heard", () => {
  const source = "aws.bedrock-invocation";
  const heard = (day: number, hour: number) => [{ source, lastEventTime: november(day, hour) }];
  const listen = (day: number, hour: number, last: readonly [day: number, hour: number]) =>
    ask({ detections: [silentSource, unattributedSpend], heard: heard(...last), now: november(day, hour) });

  it("finds a source that is silent for longer than it ever was, and says it once", async () => {
    await add(hourly(1, 10));
    expect(await listen(11, 23, [11, 0])).toEqual([]);
    const [found] = await listen(12, 1, [11, 0]);
    expect(found?.finding).toMatchObject({
      ruleName: "silent-source",
      level: "medium",
      subject: { resource: `source ${source}` },
      reason:
        "aws.bedrock-invocation has told of nothing since 2026-11-11 00:00 UTC; in the four weeks before it was never silent for more than 1 hour.",
    });
    expect(await listen(20, 1, [11, 0])).toEqual([]);
  });

  it("lets the finding of a silence stand when the source speaks again", async () => {
    await add(hourly(1, 10));
    await listen(12, 1, [11, 0]);
    expect(await listen(12, 3, [12, 2])).toEqual([]);
    expect(await reasons()).toHaveLength(1);
  });

  it("takes a silence back where late records tell that there was none", async () => {
    await add(hourly(1, 10));
    await listen(12, 1, [11, 0]);
    // Three days without a call are this source's habit, as it turns out.
    await store.transact((tables) =>
      tables.addUsage(
        hourly(5, 8).map((row) => ({
          ...row,
          calls: -row.calls,
          inputTokens: -row.inputTokens,
          estimatedNanoUsd: -row.estimatedNanoUsd,
        })),
      ),
    );
    await listen(12, 1, [11, 0]);
    expect(await reasons()).toEqual([]);
  });
});

/** Use in every hour of these days. */
const hourly = (first: number, last: number): readonly UsageRow[] =>
  Array.from({ length: (last - first + 1) * 24 }, (_, at) =>
    loggedOn(first + Math.floor(at / 24), 1, {
      owner: "Search",
      hour: november(first + Math.floor(at / 24), at % 24),
    }),
  );
