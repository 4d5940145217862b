import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { world } from "../../test/world.ts";
import { EVIDENCE_KEPT, type Level, type Match, type Rule } from "../model/finding.ts";
import { byTimeAndSupporter, type FindingMatch, type HeldFinding } from "../model/ledger.ts";
import type { EpochMs } from "../model/units.ts";
import { endsAfter, type FindingChange, findingUid, restate, type SaidMatch, saidMatch } from "./find.ts";

const rule = world.detections[0]?.rule as Rule;
const subject = { principal: "alice", model: "deepseek/deepseek-y" };
const uid = findingUid(rule, subject);

function said(supporter: string, time: number, given: Partial<Match> = {}): SaidMatch {
  const evidence = [{ uid: supporter, time: time as EpochMs, operation: "Converse", facts: {} }];
  const match: Match = {
    subject,
    reason: `Seen by ${supporter}.`,
    time: time as EpochMs,
    evidence,
    count: 1,
    ...given,
  };
  return saidMatch(rule, match, supporter, match.time);
}

/** As `detect` does it, with the matches themselves in place of a store. */
function step(held: HeldFinding | undefined, change: FindingChange, all: readonly FindingMatch[]) {
  return restate(uid, held, change, endsAfter(held, change) ?? endsOf(all));
}

const endsOf = (all: readonly FindingMatch[]): readonly FindingMatch[] => {
  const sorted = all.toSorted(byTimeAndSupporter);
  return sorted.length <= EVIDENCE_KEPT ? sorted : [...sorted.slice(0, EVIDENCE_KEPT - 1), ...sorted.slice(-1)];
};

describe("a finding", () => {
  it("is the same whether its matches came and went one by one or are told at once", () => {
    const change = fc.record({
      supporter: fc.nat({ max: 24 }).map((n) => `s${String(n).padStart(2, "0")}`),
      time: fc.nat({ max: 30 }),
      count: fc.nat({ max: 9 }),
      level: fc.constantFrom<Level[]>("low", "medium", "high"),
      stays: fc.boolean(),
    });
    const steps = fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(steps, (given) => {
        const kept = new Map<string, SaidMatch>();
        let held: HeldFinding | undefined;
        for (const batch of given) {
          const added: SaidMatch[] = [];
          const removed: FindingMatch[] = [];
          for (const { supporter, time, count, level, stays } of new Map(
            batch.map((one) => [one.supporter, one]),
          ).values()) {
            const before = kept.get(supporter);
            if (before) removed.push(before.match);
            kept.delete(supporter);
            if (!stays) continue;
            const match = said(supporter, time, { count, level });
            kept.set(supporter, match);
            added.push(match);
          }
          const all = [...kept.values()];
          const matches = all.map(({ match }) => match);
          held = step(held, { added, removed }, matches);
          const atOnce = restate(uid, undefined, { added: all, removed: [] }, endsOf(matches));
          expect(held && { ...held, revision: 0 }).toEqual(atOnce && { ...atOnce, revision: 0 });
        }
      }),
      { numRuns: 400 },
    );
  });

  it("asks the store only where the earliest or the latest left", () => {
    const all = Array.from({ length: 20 }, (_, n) => said(`s${n}`, n));
    const held = step(undefined, { added: all, removed: [] }, []);
    const without = (...times: number[]) =>
      endsAfter(held, { added: [], removed: times.flatMap((time) => all[time]?.match ?? []) });
    expect(without(7, 12, 18)).toEqual(held?.ends);
    expect(without(6)).toBeUndefined();
    expect(without(19)).toBeUndefined();
  });

  it("needs no store for a match that moved without leaving its end", () => {
    const all = Array.from({ length: 20 }, (_, n) => said(`s${n}`, n * 10));
    const held = step(undefined, { added: all, removed: [] }, []);
    const moved = (from: number, to: number) => {
      const match = all[from]?.match;
      return match && endsAfter(held, { added: [said(match.supporter, to)], removed: [match] });
    };
    expect(moved(3, 60)?.map(({ time }) => time)).toEqual([0, 10, 20, 40, 50, 60, 60, 190]);
    expect(moved(3, 61)).toBeUndefined();
    expect(moved(19, 190)).toBeDefined();
    expect(moved(19, 189)).toBeUndefined();
  });

  it("says what its first match says, and of more how many, of how many requests, until when", () => {
    const first = said("a", Date.UTC(2026, 2, 2, 8));
    const more = [said("b", Date.UTC(2026, 2, 2, 9)), said("c", Date.UTC(2026, 2, 3, 10, 5), { count: 1_498 })];
    const one = step(undefined, { added: [first], removed: [] }, []);
    expect(one?.finding.reason).toBe("Seen by a.");
    const two = step(one, { added: more.slice(0, 1), removed: [] }, []);
    expect(two?.finding.reason).toBe("Seen by a; the first of 2 times, the last 2026-03-02 09:00 UTC.");
    const three = step(two, { added: more.slice(1), removed: [] }, []);
    expect(three?.finding.reason).toBe(
      "Seen by a; the first of 3 times, 1,500 requests, the last 2026-03-03 10:05 UTC.",
    );
  });

  it("speaks of the first of its gravest matches", () => {
    const times = [Date.UTC(2026, 2, 2, 8), Date.UTC(2026, 2, 2, 9), Date.UTC(2026, 2, 2, 10)] as const;
    const added = [
      said("a", times[0], { level: "low" }),
      said("b", times[1], { level: "high" }),
      said("c", times[2], { level: "high" }),
    ];
    expect(step(undefined, { added, removed: [] }, [])?.finding).toMatchObject({
      level: "high",
      reason: "Seen by b; one of 3 times, the last 2026-03-02 10:00 UTC.",
    });
  });

  it("has the owner and the clause of its first match", () => {
    const added = [said("b", 2, { owner: "search", clause: "policy.yaml:9" }), said("a", 1, { owner: "support" })];
    const { owner, clause } = step(undefined, { added, removed: [] }, [])?.finding ?? {};
    expect([owner, clause]).toEqual(["support", undefined]);
  });

  it("falls back to the next level when its worst match goes", () => {
    const worst = said("a", 1, { level: "critical" });
    const held = step(undefined, { added: [worst, said("b", 2, { level: "low" })], removed: [] }, []);
    expect(held?.finding.level).toBe("critical");
    expect(step(held, { added: [], removed: [worst.match] }, [])?.finding.level).toBe("low");
  });

  it("is gone when nothing supports it", () => {
    const only = said("a", 1);
    const held = step(undefined, { added: [only], removed: [] }, []);
    expect(step(held, { added: [], removed: [only.match] }, [])).toBeUndefined();
  });

  it("keeps its revision where nothing visible changed", () => {
    const match = said("a", 1);
    const held = step(undefined, { added: [match], removed: [] }, []);
    expect(step(held, { added: [match], removed: [match.match] }, [])).toBe(held);
    expect(step(held, { added: [said("b", 2)], removed: [] }, [])?.revision).toBe(2);
  });

  it("tells when its rule is experimental, and forgets when the rule no longer is", () => {
    const experimental = { ...rule, status: "experimental" } as const;
    const held = step(undefined, { added: [{ ...said("a", 1), rule: experimental }], removed: [] }, []);
    expect(held?.finding.experimental).toBe(true);
    expect(step(held, { added: [said("b", 2)], removed: [] }, [])?.finding).not.toHaveProperty("experimental");
  });

  it("has an identity of rule and subject, however the subject is written", () => {
    expect(findingUid(rule, { model: "m", principal: "p" })).toBe(
      findingUid(rule, { principal: "p", model: "m" }),
    );
    expect(findingUid(rule, { model: "m" })).not.toBe(findingUid(rule, { principal: "m" }));
  });
});
