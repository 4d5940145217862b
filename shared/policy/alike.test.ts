import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { activities, policies } from "../../test/contract/activity.arbitrary.ts";
import type { Activity } from "../model/activity.ts";
import { alikeIn } from "./alike.ts";
import { compilePolicy } from "./judge.ts";
import { noPolicy } from "./parse-policy.ts";
import type { Clause, Policy } from "./policy.ts";
import { strayOf } from "./residency.ts";

/** Pairs that differ in one thing only: what might be taken for the same. */
const pairs = fc
  .array(
    fc.tuple(activities, activities, fc.constantFrom("kind", "actor", "model", "region", "provider", "account")),
    { minLength: 1, maxLength: 6 },
  )
  .map((triples) =>
    triples.flatMap(([one, other, part]): Activity[] => [one, { ...one, [part]: other[part] } as Activity]),
  );

const withoutConditions = policies.map((policy): Policy => {
  const plain = <T extends Clause>(clauses: readonly T[]): readonly T[] =>
    clauses.map(({ when: _, ...clause }) => clause as unknown as T);
  return {
    ...policy,
    owners: plain(policy.owners),
    approvals: plain(policy.approvals),
    denials: plain(policy.denials),
    residency: plain(policy.residency),
    exceptions: plain(policy.exceptions),
  };
});

describe("what a policy says of one activity", () => {
  it("is what it says of it alone, whatever it was asked before", () => {
    fc.assert(
      fc.property(withoutConditions, pairs, (policy, seen) => {
        for (const activity of seen) {
          const alone = { ...policy };
          expect(compilePolicy(policy)(activity)).toEqual(compilePolicy(alone)(activity));
          expect(strayOf(policy, activity)).toEqual(strayOf({ ...policy }, activity));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("tells every two places apart in which a call may have run", () => {
    const policy: Policy = { ...noPolicy, residency: [{ name: "eu", line: 1, allowed: ["eu-*"] }] };
    const places = [undefined, "eu-west-1", "us-east-1"];
    const seen: Activity[] = [];
    for (const requested of places)
      for (const processed of places)
        for (const scope of [undefined, "regional", "geography", "global"])
          for (const geography of [undefined, "eu", "us"])
            for (const provider of ["aws.bedrock", "openai"])
              seen.push({
                kind: "call",
                region: { requested, processed, scope, geography },
                provider,
              } as Activity);
    const said = seen.map((activity) => strayOf(policy, activity));
    expect(said).toEqual(seen.map((activity) => strayOf({ ...policy }, activity)));
    expect(new Set(said.map((stray) => stray?.where))).toEqual(
      new Set([undefined, "us-east-1", "eu", "us", "global"]),
    );
  });

  it("is kept for sessions that no pattern tells apart, and not for those that one does", () => {
    const policy: Policy = {
      ...noPolicy,
      approvals: [{ name: "app", line: 1, principals: ["*:assumed-role/app/*", "!*/intruder"] }],
    };
    const session = (name: string) =>
      alikeIn(policy)({ actor: { sessionUid: `arn:aws:sts::1:assumed-role/${name}` } } as Activity);
    expect(session("app/pod-1")).toBe(session("app/pod-2"));
    expect(session("app/pod-1")).not.toBe(session("other/pod-1"));
    expect(session("app/pod-1")).not.toBe(session("app/intruder"));
  });

  it("is asked each time where a condition may ask about anything", () => {
    const policy: Policy = { ...noPolicy, approvals: [{ name: "few", line: 1, when: "activity.count < 2" }] };
    const judge = compilePolicy(policy);
    const verdicts = [1, 2, 1].map(
      (count) => judge({ kind: "call", count, labels: {}, startTime: 0 } as unknown as Activity)?.verdict,
    );
    expect(verdicts).toEqual(["sanctioned", "unreviewed", "sanctioned"]);
  });

  it("does not fill the memory, and stays the same when it was forgotten", () => {
    const policy: Policy = { ...noPolicy, approvals: [{ name: "one", line: 1, accounts: ["1*"] }] };
    const judge = compilePolicy(policy);
    const of = (uid: string) => judge({ kind: "call", account: { uid }, startTime: 0 } as unknown as Activity);
    for (let uid = 0; uid < 12_000; uid++) {
      expect(of(String(uid))?.verdict).toBe(String(uid).startsWith("1") ? "sanctioned" : "unreviewed");
    }
  });
});
