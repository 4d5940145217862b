/** What every typed detection must do. A new one gets these tests by being on the shelf. */
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ActivityDetection, Detection, GroupDetection } from "../../shared/detections/detection.ts";
import type { Activity } from "../../shared/model/activity.ts";
import { canonicalJson } from "../../shared/model/canonical-json.ts";
import { Evidence, Level, type Match, Rule, Subject } from "../../shared/model/finding.ts";
import { type EpochMs, HOUR_MS } from "../../shared/model/units.ts";
import { compilePolicy } from "../../shared/policy/judge.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { activities, policies, usageAlerts, usageRows } from "./activity.arbitrary.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A framework renumbers its techniques, so a tag says of which version it is. */
const VERSIONED = { attack: /^attack-version\.\d+$/, atlas: /^atlas-version\.\d+\.\d+$/ };

export function describeDetection(detection: Detection): void {
  const { rule } = detection;

  describe(rule.name, () => {
    it("has a header that a person and a SIEM can use", () => {
      expect(Rule.parse(rule)).toEqual(rule);
      expect(rule.id).toMatch(UUID_V4);
      expect(rule.references.length).toBeGreaterThan(0);
      for (const reference of rule.references) expect(new URL(reference).protocol).toBe("https:");
      for (const sentence of [rule.description, rule.misses, rule.remedy])
        expect(sentence).toMatch(/^[A-Z].*\.$/s);
    });

    it("says of which version its tags are", () => {
      for (const tag of rule.tags) {
        expect(tag).toMatch(
          /^(attack-version\.\d+|attack\.t\d{4}(\.\d{3})?|atlas-version\.\d+\.\d+|atlas\.aml\.t\d{4}(\.\d{3})?|owasp\.llm\d{2}-\d{4})$/,
        );
      }
      for (const [framework, version] of Object.entries(VERSIONED)) {
        const used = rule.tags.some((tag) => tag.startsWith(`${framework}.`));
        expect(rule.tags.filter((tag) => version.test(tag)).length).toBe(used ? 1 : 0);
      }
    });

    it("has a file of its name, with its examples beside it", () => {
      const beside = (ending: string) =>
        existsSync(new URL(`../../shared/detections/${rule.name}${ending}`, import.meta.url));
      expect(beside(".ts")).toBe(true);
      expect(beside(".test.ts")).toBe(true);
    });

    if (detection.on === "usage") {
      it("says the same of any rows in any order, at most once a subject and month, and leaves them as they are", () => {
        fc.assert(
          fc.property(usageRows, policies, (rows, policy) => {
            const before = JSON.stringify(rows);
            const said = detection.evaluate(rows, { policy });
            for (const match of said) expectSound(match);
            const again = detection.evaluate(rows.toReversed(), { policy });
            expect(again.map(canonicalJson).sort()).toEqual(said.map(canonicalJson).sort());
            const matters = said.map(({ subject, time }) => canonicalJson([subject, monthOf(time)]));
            expect(new Set(matters).size).toBe(said.length);
            expect(JSON.stringify(rows)).toBe(before);
          }),
          { numRuns: 150 },
        );
      });
      return;
    }

    if (detection.on === "watch") {
      it("puts any alert into words, and the same whenever it is asked", () => {
        fc.assert(
          fc.property(usageAlerts(detection.detector), (said) => {
            const match = detection.evaluate(said);
            expectSound(match);
            expect(match.time).toBe(said.hour);
            expect(detection.evaluate(structuredClone(said))).toEqual(match);
          }),
          { numRuns: 150 },
        );
      });
      return;
    }

    if (detection.on === "coverage") {
      it("says of any silence what it says once, until the source speaks again", () => {
        const time = fc.integer({ min: 0, max: 4_000_000_000_000 }).map((ms) => ms as EpochMs);
        const longest = fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined });
        fc.assert(
          fc.property(time, fc.nat(4_000_000_000), longest, (lastEventTime, silentMs, hours) => {
            const heard = {
              source: "aws.cloudtrail",
              lastEventTime,
              ...(hours === undefined ? {} : { longestSilenceMs: hours * HOUR_MS }),
            };
            const said = detection.evaluate(heard, (lastEventTime + silentMs) as EpochMs);
            if (!said) return;
            expectSound(said);
            expect(said.time).toBeLessThanOrEqual(lastEventTime + silentMs);
            expect(detection.evaluate(heard, (lastEventTime + 3 * silentMs) as EpochMs)).toEqual(said);
          }),
        );
      });
      return;
    }

    it("answers any activity under any policy, and the same whenever it is asked", () => {
      fc.assert(
        fc.property(fc.array(activities, { minLength: 1, maxLength: 4 }), policies, (seen, policy) => {
          const before = JSON.stringify(seen);
          const said = matchesOf(detection, seen, policy);
          for (const match of said) expectSound(match);
          expect(matchesOf(detection, seen, { ...policy })).toEqual(said);
          expect(JSON.stringify(seen)).toBe(before);
        }),
        { numRuns: 150 },
      );
    });
  });
}

const monthOf = (time: number): string => new Date(time).toISOString().slice(0, 7);

/** Each activity by itself, or all as one group. */
function matchesOf(
  detection: ActivityDetection | GroupDetection,
  seen: readonly Activity[],
  policy: Policy,
): readonly Match[] {
  if (detection.on === "group") {
    for (const activity of seen) detection.remember(activity);
    const inOrder = seen.toSorted((a, b) => a.startTime - b.startTime || (a.uid < b.uid ? -1 : 1));
    return detection.evaluate(inOrder, { policy });
  }
  const judge = compilePolicy(policy);
  return seen.flatMap((activity) => detection.evaluate(activity, { policy, judgement: judge(activity) }) ?? []);
}

function expectSound(match: Match): void {
  expect(Object.values(Subject.parse(match.subject)).length).toBeGreaterThan(0);
  expect(match.reason).toMatch(/\S.*\.$/s);
  expect(match.reason).not.toMatch(/undefined|NaN|\[object/);
  if (match.level !== undefined) Level.parse(match.level);
  expect(match.evidence.length).toBeGreaterThan(0);
  for (const shown of match.evidence) Evidence.parse(shown);
  expect(match.evidence.some(({ time }) => time <= match.time)).toBe(true);
}
