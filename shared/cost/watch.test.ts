import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calls, expectationOf, MONDAY } from "../../test/bench/cost/steady.ts";
import { processorMs } from "../../test/processor-time.ts";
import { type EpochMs, HOUR_MS } from "../model/units.ts";
import type { Alert } from "./alert.ts";
import type { HourTotals } from "./series-state.ts";
import { growthIn } from "./slow-burn.ts";
import { type Attribution, CostWatch, type Reading, type WatchOptions } from "./watch.ts";

const attribution = (principal: string, model = "made-up/base", team = "core"): Attribution => ({
  leaf: `${principal} ${model}`,
  principal,
  model,
  app: "chat",
  team,
});
const alice = attribution("alice");
const reading = (of: Attribution, hour: number, totals: HourTotals): Reading => ({
  attribution: of,
  hour: MONDAY + hour,
  ...totals,
});
const at = (hours: number): EpochMs => Math.round((MONDAY + hours) * HOUR_MS) as EpochMs;

/** Days of a steady hundred calls an hour, delivered at the end of each hour. */
function watched(days: number, options: WatchOptions = {}, people: readonly Attribution[] = [alice]): CostWatch {
  const watch = new CostWatch(options);
  for (let hour = 0; hour < days * 24; hour++)
    watch.deliver(
      at(hour + 1),
      people.map((of, index) => reading(of, hour, calls(95 + ((hour * 7 + index * 3) % 11)))),
    );
  return watch;
}
const detectors = (alerts: readonly Alert[]) =>
  alerts.map(({ detector, subject }) => `${detector} ${subject.uid}`);

describe("the watch", () => {
  it("tells of a loop before its hour is over, once", () => {
    const watch = watched(30);
    const told: Alert[] = [];
    for (let minute = 5; minute <= 60; minute += 5)
      told.push(...watch.deliver(at(30 * 24 + minute / 60), [reading(alice, 30 * 24, calls(300))]));
    expect(detectors(told)).toEqual(["surge alice"]);
    expect(told[0]).toMatchObject({
      schema: "gnomon.alert/v1",
      subject: { kind: "principal", uid: "alice" },
      startTime: at(30 * 24),
      driver: "calls",
    });
    expect(told[0]?.detectedTime).toBeLessThan(at(30 * 24 + 0.6));
    expect(told[0]?.text).toContain("alice spent $");
  });

  it("tells of a dear model under the principal who uses it", () => {
    const watch = watched(30);
    const dear = attribution("alice", "made-up/deep");
    const told = watch.deliver(at(30 * 24 + 0.5), [reading(dear, 30 * 24, calls(20, { cost: 4 }))]);
    expect(told[0]).toMatchObject({ detector: "dear-model", subject: { kind: "principal", uid: "alice" } });
    expect(told[0]?.text).toContain("on made-up/deep");
  });

  it("tells of a newcomer, and only of a large one while everybody is new", () => {
    const mallory = attribution("mallory", "made-up/deep");
    const spending = (watch: CostWatch, hour: number, cost: number) =>
      detectors(watch.deliver(at(hour + 0.5), [reading(mallory, hour, calls(300, { cost }))]));
    expect(spending(watched(30), 30 * 24, 30)).toContain("new-spender mallory");
    expect(spending(watched(2), 48, 30)).toEqual([]);
    expect(spending(watched(2), 48, 400)).toEqual(["new-spender mallory"]);
    expect(spending(new CostWatch(), 0, 400)).toEqual([]);
    expect(spending(new CostWatch(), 0, 1_200)).toEqual(["new-spender mallory"]);
  });

  it("does not call first seen whom the log begins with, however steadily he spends in its first days", () => {
    const steadily = (perHour: number) => {
      const watch = new CostWatch();
      const told: Alert[] = [];
      for (let hour = 0; hour < 5 * 24; hour++)
        told.push(...watch.deliver(at(hour + 1), [reading(alice, hour, calls(1_000, { cost: perHour }))]));
      return told;
    };
    expect(steadily(12)).toEqual([]);
    const [most, ...more] = steadily(50);
    expect(more).toEqual([]);
    expect(most?.detector).toBe("new-spender");
    expect(most?.text).toContain("with hardly any log before to compare with");
  });

  it("tells of a loop on the second day of all, by what the first was", () => {
    const watch = watched(1);
    const told: Alert[] = [];
    for (let hour = 24; hour < 30; hour++)
      told.push(...watch.deliver(at(hour + 1), [reading(alice, hour, calls(6_000))]));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ detector: "day-surge", subject: { uid: "alice" }, driver: "calls" });
    expect(told[0]?.detectedTime).toBeLessThanOrEqual(at(27));
    expect((told[0]?.usualNanoUsd ?? 0) / 1e9).toBeCloseTo(24, 0);
  });

  it("names the newcomer who makes an app's day, though his hours have become usual", () => {
    const people = ["alice", "bob", "carol"].map((name) => attribution(name));
    const watch = watched(30, {}, people);
    const newcomer = attribution("mallory");
    const told: Alert[] = [];
    for (let hour = 30 * 24; hour < 31 * 24; hour++)
      told.push(
        ...watch.deliver(at(hour + 1), [
          ...people.map((of, index) => reading(of, hour, calls(hour === 30 * 24 + 20 && index === 0 ? 130 : 100))),
          reading(newcomer, hour, calls(350)),
        ]),
      );
    const ofApp = told.find(({ subject }) => subject.kind === "app");
    expect(ofApp?.detector).toBe("day-surge");
    expect(ofApp?.text).toMatch(/most of it by mallory (?:100|9\d) %/);
  });

  it("asks more of newcomers of a large organization in its first days too", () => {
    const spending = (people: number) => {
      const all = Array.from({ length: people }, (_, index) => attribution(`p${index}`));
      const told = watched(2, {}, all).deliver(at(48.5), [
        reading(attribution("mallory", "made-up/deep"), 48, calls(300, { cost: 200 })),
      ]);
      return detectors(told).filter((said) => said.endsWith("mallory"));
    };
    expect(spending(100)).toEqual(["new-spender mallory"]);
    // $24 a day of each: a size of 5.
    expect(spending(2_600)).toEqual([]);
  });

  it("tells of a team whose members all rise a little", () => {
    const people = ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) =>
      attribution(name, "made-up/base", "team-1"),
    );
    const others = ["p", "q", "r", "s", "t", "u", "v", "w"].map((name) =>
      attribution(name, "made-up/base", "team-2"),
    );
    const watch = watched(30, {}, [...people, ...others]);
    const told: Alert[] = [];
    for (let hour = 30 * 24; hour < 33 * 24; hour++)
      told.push(
        ...watch.deliver(at(hour + 1), [
          ...people.map((of) => reading(of, hour, calls(130))),
          ...others.map((of) => reading(of, hour, calls(100))),
        ]),
      );
    expect(detectors(told)).toContain("team-lift team-1");
    expect(told.some(({ subject }) => subject.uid === "team-2")).toBe(false);
  });

  it("tells of no team where the own alert of one member explains most of its rise", () => {
    const people = ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) =>
      attribution(name, "made-up/base", "team-1"),
    );
    const others = ["p", "q", "r", "s", "t", "u", "v", "w"].map((name) =>
      attribution(name, "made-up/base", "team-2"),
    );
    const told = (most: number, rest: number) => {
      const watch = watched(30, {}, [...people, ...others]);
      const alerts: Alert[] = [];
      for (let hour = 30 * 24; hour < 33 * 24; hour++)
        alerts.push(
          ...watch.deliver(at(hour + 1), [
            ...people.map((of, index) => reading(of, hour, calls(index === 0 ? most : rest))),
            ...others.map((of) => reading(of, hour, calls(100))),
          ]),
        );
      return new Set(detectors(alerts));
    };
    expect(told(120, 120)).toEqual(new Set(["team-lift team-1"]));
    expect(told(900, 110)).toContain("surge a");
    expect(told(900, 110)).not.toContain("team-lift team-1");
    // The others' rise is worth telling without him.
    expect(told(900, 125)).toContain("team-lift team-1");
  });

  it("tells of an app that nobody alone explains, with those who rose most", () => {
    const people = Array.from({ length: 30 }, (_, index) =>
      attribution(`user-${index}`, "made-up/base", `t-${index}`),
    );
    const watch = watched(30, {}, people);
    // Each of them is still within his own usual: it is their number that is not.
    const few = people.slice(0, 3).map((of) => reading(of, 30 * 24, calls(95)));
    const strangers = Array.from({ length: 200 }, (_, index) =>
      reading(attribution(`stranger-${index}`, "made-up/base", `t-${index}`), 30 * 24, calls(100)),
    );
    const told = watch.deliver(at(30 * 24 + 1), [...few, ...strangers]);
    const app = told.find(({ subject }) => subject.kind === "app");
    expect(app).toMatchObject({ detector: "surge", subject: { uid: "chat" } });
    expect(app?.text).toContain("most of it by stranger-0 1 %");
  });

  it("takes what comes some minutes after its hour as if it had come in time, each part of a team named", () => {
    const people = Array.from({ length: 30 }, (_, index) =>
      attribution(`user-${index}`, "made-up/base", `t-${index}`),
    );
    const hour = 30 * 24;
    const strangers = Array.from({ length: 200 }, (_, index) =>
      reading(attribution(`stranger-${index}`, "made-up/base", `t-${index}`), hour, calls(100 + index)),
    );
    const saidAt = (time: number) => {
      const told = watched(30, {}, people).deliver(at(time), strangers);
      return told.find(({ subject }) => subject.kind === "app")?.text;
    };
    expect(saidAt(hour + 1)).toContain("most of it by stranger-199 1 %");
    expect(saidAt(hour + 1 + 2 / 60)).toBe(saidAt(hour + 1));
    // Hours later others have been heard of, and those who rose are named all the same.
    expect(saidAt(hour + 5)).toContain("most of it by stranger-199 1 %");
  });

  it("keeps what grows slowly for the digest", () => {
    const watch = new CostWatch();
    const told: Alert[] = [];
    for (let hour = 0; hour < 40 * 24; hour++)
      told.push(
        ...watch.deliver(at(hour + 1), [
          reading(alice, hour, calls(Math.round(100 * 1.02 ** Math.max(0, hour / 24 - 15)) + (hour % 7))),
        ]),
      );
    expect(told).toEqual([]);
    expect(growthIn(watch.snapshot()).map(({ kind, uid }) => `${kind} ${uid}`)).toEqual([
      "principal alice",
      "app chat",
      "team core",
    ]);
  });

  it("sets a clock that is ahead back to the time of arrival", () => {
    const watch = watched(3);
    watch.deliver(at(3 * 24 + 0.5), [reading(alice, 9_000, calls(10))]);
    expect(watch.stateOf("principal", "alice")?.nextHour).toBe(MONDAY + 3 * 24);
  });
});

describe("late data", () => {
  /** Hourly readings of two people in parts, some of which arrive up to three days late. */
  const parts = fc.array(
    fc.record({
      hour: fc.nat(6 * 24),
      late: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(48)),
      count: fc.integer({ min: 1, max: 400 }),
      who: fc.constantFrom(alice, attribution("bob"), attribution("alice", "made-up/deep")),
    }),
    { minLength: 1, maxLength: 120 },
  );

  function statesAfter(all: readonly { arrival: number; reading: Reading }[]): readonly Float32Array[] {
    const watch = new CostWatch();
    watch.deliver(at(1), [reading(alice, 0, calls(1)), reading(attribution("bob"), 0, calls(1))]);
    for (const { arrival, reading: one } of all.toSorted((a, b) => a.arrival - b.arrival))
      watch.deliver(at(arrival), [one]);
    watch.deliver(at(9 * 24 + 1), [reading(alice, 9 * 24, calls(1))]);
    return (["alice", "bob"] as const).map((uid) => watch.stateOf("principal", uid)?.values ?? new Float32Array());
  }

  it("leads to the states that timely data leads to, in whatever order it arrives", () => {
    fc.assert(
      fc.property(parts, (all) => {
        const timely = all.map(({ hour, count, who }) => ({
          arrival: hour + 1,
          reading: reading(who, hour, calls(count)),
        }));
        const late = all.map(({ hour, count, who, late: by }) => ({
          arrival: hour + 1 + by,
          reading: reading(who, hour, calls(count)),
        }));
        const expected = statesAfter(timely);
        statesAfter(late).forEach((values, index) => {
          expect(maxDifference(values, expected[index] ?? new Float32Array())).toBeLessThan(1e-4);
        });
      }),
      { numRuns: 40 },
    );
  });

  it("changes nothing where a reading is delivered, taken back and delivered again", () => {
    const once = watched(5);
    const again = watched(5);
    const one = reading(alice, 4 * 24, calls(50));
    const back = reading(alice, 4 * 24, {
      cost: -one.cost,
      calls: -one.calls,
      inputTokens: -one.inputTokens,
      outputTokens: -one.outputTokens,
      errors: 0,
    });
    once.deliver(at(5 * 24 + 0.5), [one]);
    again.deliver(at(5 * 24 + 0.25), [one]);
    again.deliver(at(5 * 24 + 0.3), [back]);
    again.deliver(at(5 * 24 + 0.5), [one]);
    const [left, right] = [once, again].map((watch) => watch.stateOf("principal", "alice")?.values);
    expect(maxDifference(left ?? new Float32Array(), right ?? new Float32Array(1))).toBeLessThan(1e-4);
  });

  it("is examined all the same: a surge of yesterday is still a surge", () => {
    const watch = watched(30);
    const told = watch.deliver(at(30 * 24), [reading(alice, 30 * 24 - 20, calls(3_000))]);
    expect(told[0]).toMatchObject({ detector: "surge", startTime: at(30 * 24 - 20), detectedTime: at(30 * 24) });
  });

  it("is put right in the sums where it is older than three days", () => {
    const watch = watched(30);
    const before = watch.stateOf("principal", "alice")?.callsSum ?? 0;
    watch.deliver(at(30 * 24), [reading(alice, 10 * 24, calls(500))]);
    const after = watch.stateOf("principal", "alice")?.callsSum ?? 0;
    expect(after).toBeGreaterThan(before + 250);
    expect(after).toBeLessThan(before + 500);
  });
});

describe("a silent feed", () => {
  it("is a gap and not zeros, until what was missing arrives", () => {
    const kept = watched(30);
    const silent = watched(30);
    for (let hour = 30 * 24; hour < 30 * 24 + 6; hour++)
      kept.deliver(at(hour + 1), [reading(alice, hour, calls(100))]);
    silent.deliver(at(30 * 24 + 6.5), []);
    const inGap = silent.stateOf("principal", "alice");
    expect(inGap?.nextHour).toBe(MONDAY + 30 * 24 + 6);
    expect((inGap?.recentActual ?? 0) / (inGap?.recentExpected ?? 1)).toBeGreaterThan(0.97);

    const backfill = Array.from({ length: 6 }, (_, index) => reading(alice, 30 * 24 + index, calls(100)));
    expect(silent.deliver(at(30 * 24 + 6.6), backfill)).toEqual([]);
    kept.deliver(at(30 * 24 + 6.6), []);
    const [left, right] = [kept, silent].map((watch) => watch.stateOf("principal", "alice")?.values);
    expect(maxDifference(left ?? new Float32Array(), right ?? new Float32Array(1))).toBeLessThan(1e-4);
  });

  it("makes no team rise: what is filled in for it is nobody's spend", () => {
    const people = Array.from({ length: 8 }, (_, index) => attribution(`p${index}`, "made-up/base", "team-1"));
    const others = Array.from({ length: 8 }, (_, index) => attribution(`q${index}`, "made-up/base", "team-2"));
    const watch = watched(30, {}, [...people, ...others]);
    const delivered = (hour: number, count: number) =>
      watch.deliver(at(hour + 1), [
        ...people.map((of) => reading(of, hour, calls(count))),
        ...others.map((of) => reading(of, hour, calls(100))),
      ]);
    // They rose a little on the last morning that was heard, and the silence is filled in likewise.
    for (let hour = 30 * 24; hour < 30 * 24 + 12; hour++) delivered(hour, 130);
    const told = watch.deliver(at(33 * 24), []);
    expect(told.filter(({ detector }) => detector === "team-lift")).toEqual([]);
  });

  it("of decades is passed over at once, and nothing is said or forgotten for it", () => {
    const watch = watched(30);
    const later = 74 * 365 * 24;
    const took = processorMs(() => expect(watch.deliver(at(later), [])).toEqual([]));
    expect(took).toBeLessThan(6_000);
    const state = watch.stateOf("principal", "alice");
    expect(state?.nextHour).toBe(MONDAY + later - 1);
    if (state) expect(expectationOf(state).calls).toBeCloseTo(100, -1);
    expect(watch.deliver(at(later + 1), [reading(alice, later, calls(110))])).toEqual([]);
    expect(detectors(watch.deliver(at(later + 2), [reading(alice, later + 1, calls(900))]))).toEqual([
      "surge alice",
    ]);
  });

  it("of one principal is silence: others are heard", () => {
    const bob = attribution("bob");
    const watch = watched(30, {}, [alice, bob]);
    for (let hour = 30 * 24; hour < 30 * 24 + 12; hour++)
      watch.deliver(at(hour + 1), [reading(bob, hour, calls(100))]);
    const state = watch.stateOf("principal", "alice");
    expect((state?.recentActual ?? 0) / (state?.recentExpected ?? 1)).toBeLessThan(0.95);
  });
});

describe("a known event", () => {
  const launch = { name: "launch", since: at(30 * 24), until: at(31 * 24) };
  const surge = [reading(alice, 30 * 24, calls(700))];

  it("is neither said nor learned", () => {
    const watch = watched(30, { knownEvents: [{ ...launch, principals: ["alice"] }] });
    expect(watch.deliver(at(30 * 24 + 1), surge)).toEqual([]);
    watch.deliver(at(31 * 24), []);
    const state = watch.stateOf("principal", "alice");
    expect((state?.callsSum ?? 0) / (state?.callsWeight ?? 1)).toBeLessThan(105);
  });

  it.each([
    ["principals", "AL*"],
    ["apps", "chat"],
    ["teams", "co?e"],
  ])("names %s by patterns, and is known of all whose use is part of theirs", (part, pattern) => {
    const event = { ...launch, times: 8, [part]: [pattern] };
    expect(watched(30, { knownEvents: [event] }).deliver(at(30 * 24 + 1), surge)).toEqual([]);
    const small = watched(30, { knownEvents: [{ ...event, times: 1.1 }] });
    expect(detectors(small.deliver(at(30 * 24 + 1), surge))).toContain("surge alice");
  });

  it("of one principal hides a dear model of it, and nothing of its team's other members", () => {
    const bob = attribution("bob");
    const watch = watched(30, { knownEvents: [{ ...launch, principals: ["alice"] }] }, [alice, bob]);
    const dear = reading(attribution("alice", "made-up/deep"), 30 * 24, calls(20, { cost: 4 }));
    expect(watch.deliver(at(30 * 24 + 0.5), [dear])).toEqual([]);
    expect(detectors(watch.deliver(at(30 * 24 + 1), [reading(bob, 30 * 24, calls(700))]))).toEqual(["surge bob"]);
  });

  it("of so many times the usual is judged by so many times the usual", () => {
    const eight = watched(30, { knownEvents: [{ ...launch, times: 8 }] });
    expect(eight.deliver(at(30 * 24 + 1), surge)).toEqual([]);
    const two = watched(30, { knownEvents: [{ ...launch, times: 2 }] });
    expect(detectors(two.deliver(at(30 * 24 + 1), [reading(alice, 30 * 24, calls(2_000))]))).toContain(
      "surge alice",
    );
  });

  it("of somebody else changes nothing, nor once it is over", () => {
    const other = watched(30, { knownEvents: [{ ...launch, principals: ["bob"] }] });
    expect(detectors(other.deliver(at(30 * 24 + 1), surge))).toContain("surge alice");
    const over = watched(31, { knownEvents: [{ ...launch, principals: ["alice"] }] });
    expect(detectors(over.deliver(at(31 * 24 + 1), [reading(alice, 31 * 24, calls(700))]))).toContain(
      "surge alice",
    );
  });
});

describe("feedback", () => {
  it("that it was not useful asks for more for a month, and that it was useful for no more", () => {
    const watch = watched(30);
    watch.hear("principal", "alice", "not useful");
    watch.hear("principal", "alice", "not useful");
    const state = () => watch.stateOf("principal", "alice");
    expect(state()?.raisedBy).toBeCloseTo(0.6, 5);
    expect((state()?.raisedUntil ?? 0) - (state()?.nextHour ?? 0)).toBe(30 * 24);
    // Late data folds the last days again, from states that heard it too.
    watch.deliver(at(30 * 24), [reading(alice, 28 * 24, calls(1))]);
    expect(state()?.raisedBy).toBeCloseTo(0.6, 5);
    for (let more = 0; more < 9; more++) watch.hear("principal", "alice", "not useful");
    expect(state()?.raisedBy).toBe(1.5);
    watch.hear("principal", "alice", "useful");
    expect(state()?.raisedBy).toBe(0);
  });

  it("that it is expected makes it the new normal", () => {
    const watch = watched(30);
    for (let hour = 30 * 24; hour < 32 * 24; hour++)
      watch.deliver(at(hour + 1), [reading(alice, hour, calls(250))]);
    const before = watch.stateOf("principal", "alice");
    const level = (before?.callsSum ?? 0) / (before?.callsWeight ?? 1);
    watch.hear("principal", "alice", "expected");
    const after = watch.stateOf("principal", "alice");
    expect((after?.callsSum ?? 0) / (after?.callsWeight ?? 1)).toBeGreaterThan(level * 1.3);
    expect(after?.evidence).toBe(0);
  });

  it("about somebody unknown is no error", () => {
    expect(() => watched(1).hear("team", "nobody", "useful")).not.toThrow();
  });
});

it("asks for less when it is told to be sensitive, and for more when not", () => {
  const told = (sensitivity: "high" | "normal" | "low") =>
    detectors(watched(30, { sensitivity }).deliver(at(30 * 24 + 1), [reading(alice, 30 * 24, calls(380))]));
  expect(told("high").length).toBeGreaterThan(0);
  expect(told("low")).toEqual([]);
});

/** Relative to the greater of the two and one; equal where both are no number. */
function maxDifference(left: Float32Array, right: Float32Array): number {
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  return left.reduce((most, value, index) => {
    const other = right[index] ?? Number.NaN;
    if (Number.isNaN(value) && Number.isNaN(other)) return most;
    const difference = Math.abs(value - other) / Math.max(1, Math.abs(value), Math.abs(other));
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(most, difference);
  }, 0);
}
