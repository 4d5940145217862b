import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Detection } from "../shared/detections/detection.ts";
import type { Match } from "../shared/model/finding.ts";
import { compilePolicy } from "../shared/policy/judge.ts";
import { detections } from "../shared/registry.ts";
import { activities, policies } from "./contract/activity.arbitrary.ts";
import { describeDetection } from "./contract/detection.contract.ts";
import { groupMatchesOf, matchOf, openedAndCalled } from "./example-activities.ts";

for (const detection of detections) describeDetection(detection);

describe("the detections together", () => {
  it("have each their own id, name and title", () => {
    for (const part of ["id", "name", "title"] as const) {
      const given = detections.map(({ rule }) => rule[part]);
      expect(new Set(given).size).toBe(given.length);
    }
  });

  it("say of one activity at most once that it is not approved", () => {
    const family = detections.filter(({ rule }) => /^unsanctioned-|^expired-/.test(rule.name));
    expect(family.length).toBe(7);
    fc.assert(
      fc.property(activities, policies, (activity, policy) => {
        const judgement = compilePolicy(policy)(activity);
        const speaking = family.filter(
          (detection) => detection.on === "activity" && detection.evaluate(activity, { policy, judgement }),
        );
        expect(speaking.length).toBeLessThanOrEqual(judgement && judgement.verdict !== "sanctioned" ? 1 : 0);
      }),
      { numRuns: 300 },
    );
  });

  function matchesOf(detection: Detection, policy: string): readonly Match[] {
    if (detection.on === "usage" || detection.on === "watch" || detection.on === "coverage") return [];
    if (detection.on === "group") return groupMatchesOf(detection, openedAndCalled, policy);
    return openedAndCalled.flatMap((activity) => matchOf(detection, activity, policy) ?? []);
  }

  /** Each finding by rule, subject and level, as they would stand after the fifteen records of the chain. */
  const findings = (policy: string) => {
    const said = detections.flatMap((detection) =>
      matchesOf(detection, policy).map(({ subject, level }) =>
        JSON.stringify([detection.rule.name, subject, level ?? detection.rule.level]),
      ),
    );
    return [...new Set(said)].map((finding) => JSON.parse(finding) as [string, object, string]);
  };

  it.each([
    ["no policy", ""],
    ["a policy that reviews", "approvals:\n  - models: gpt-*"],
    ["a policy that denies", "default: deny\napprovals:\n  - models: gpt-*\nresidency:\n  - allowed: us-*"],
  ])("tell a stolen role's minute and a half as one high chain and little more, under %s", (_, policy) => {
    const found = findings(policy);
    expect(found.filter(([rule]) => rule === "model-access-chain").map(([, , level]) => level)).toEqual(["high"]);
    expect(found.length).toBeLessThanOrEqual(3);
    if (policy === "") expect(found.length).toBe(1);
  });
});
