import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { activity, anyActivity } from "../../test/activities.ts";
import type { Activity } from "./activity.ts";
import { compareJson } from "./json-order.ts";
import { mergeActivities } from "./merge.ts";
import type { EpochMs, NanoUsd } from "./units.ts";

const time = (ms: number) => ms as EpochMs;

/** Two logs of one call to Bedrock: the trail knows who and where it ran, the invocation log measures. */
const trail = activity({
  source: "aws.cloudtrail",
  startTime: time(61_000),
  endTime: time(61_000),
  operation: "Converse",
  actor: { uid: "AROAEXAMPLE:build", type: "workload", issuerUid: "arn:aws:iam::111122223333:role/ci/Build" },
  credential: { uid: "ASIAEXAMPLE", type: "temporary" },
  region: { requested: "eu-central-1", processed: "eu-west-3" },
  network: { ip: "81.2.69.160", userAgent: "Boto3/1.40" },
});
const invocation = activity({
  source: "aws.bedrock-invocation",
  startTime: time(60_000),
  endTime: time(63_000),
  operation: "Converse",
  actor: { uid: "arn:aws:sts::111122223333:assumed-role/Build/build" },
  region: { requested: "eu-central-1", scope: "geography", geography: "eu" },
  usage: { inputTokens: 1_200, outputTokens: 80 },
  labels: { team: "search" },
});

describe("two logs of one call", () => {
  const merged = mergeActivities(trail, invocation);

  it("take tokens from the log that measures them and the actor from the log that knows it", () => {
    expect(merged.usage).toEqual(invocation.usage);
    expect(merged.actor).toEqual(trail.actor);
    expect(merged.credential).toEqual(trail.credential);
  });

  it("keep where it ran although the other log says more about the region", () => {
    expect(merged.region).toEqual({
      requested: "eu-central-1",
      processed: "eu-west-3",
      scope: "geography",
      geography: "eu",
    });
  });

  it("name both logs, and as source always the same", () => {
    expect(merged.source).toBe("aws.bedrock-invocation");
    expect(merged.sources).toEqual(["aws.bedrock-invocation", "aws.cloudtrail"]);
  });

  it("span from the earliest start to the latest end", () => {
    expect([merged.startTime, merged.endTime]).toEqual([60_000, 63_000]);
  });

  it("set no field that neither log told", () => {
    expect(Object.values(merged)).not.toContain(undefined);
    expect(merged).not.toHaveProperty("cost");
  });
});

it("keeps the tokens of Azure's row that has them and not the zeros of its twin", () => {
  const measured = activity({ usage: { inputTokens: 40, outputTokens: 9 } });
  const twin = activity({ usage: { inputTokens: 0, outputTokens: 0 } });
  expect(mergeActivities(twin, measured).usage).toEqual({ inputTokens: 40, outputTokens: 9 });
});

it("prefers the address to the masked address, whichever is greater as text", () => {
  const masked = activity({ network: { ip: "81.2.69.0/24" } });
  const full = activity({ network: { ip: "81.2.69.160" } });
  const low = activity({ network: { ip: "10.2.69.160" } });
  expect(mergeActivities(masked, full).network).toEqual({ ip: "81.2.69.160" });
  expect(mergeActivities(low, masked).network).toEqual({ ip: "10.2.69.160" });
});

it("prefers what was billed to what was estimated, however much", () => {
  const billed = activity({ cost: { nanoUsd: 5 as NanoUsd, basis: "billed" } });
  const estimated = activity({ cost: { nanoUsd: 9 as NanoUsd, basis: "estimated", priceSource: "litellm" } });
  expect(mergeActivities(estimated, billed).cost).toEqual(billed.cost);
});

it("unites labels, the greater value where two claims differ", () => {
  const one = activity({ labels: { team: "search", stage: "prod" } });
  const other = activity({ labels: { team: "support", user: "u-1" } });
  expect(mergeActivities(one, other).labels).toEqual({ stage: "prod", team: "support", user: "u-1" });
});

it("lets a failure's reason and code win over a bare success", () => {
  const failed = activity({ outcome: { status: "failure", reason: "denied", code: "403" } });
  expect(mergeActivities(activity({ outcome: { status: "success" } }), failed).outcome).toEqual(failed.outcome);
});

describe("readings of a bucket", () => {
  const early = activity({
    kind: "bucket",
    count: 10,
    usage: { inputTokens: 500, cacheReadTokens: 90 },
    receivedTime: time(1_000),
  });
  const corrected = activity({ kind: "bucket", count: 8, usage: { inputTokens: 400 }, receivedTime: time(2_000) });

  it("are replaced whole by the later, also where the vendor corrected itself downwards", () => {
    expect(mergeActivities(early, corrected)).toBe(corrected);
  });

  it("are ordered by what they count where nobody noted when they were read", () => {
    const { receivedTime: _, ...smaller } = corrected;
    const { receivedTime: __, ...greater } = early;
    expect(mergeActivities(smaller, greater)).toBe(greater);
  });
});

describe("the merge", () => {
  // One uid and a small world, so that readings clash in every field, now and then even in the kind.
  const readings = fc
    .tuple(anyActivity({ uids: 1 }), fc.nat({ max: 2 }))
    .map(([reading, third]): Activity => (third === 0 ? { ...reading, kind: "bucket" } : reading));

  it("does not depend on which of two readings came first", () => {
    fc.assert(
      fc.property(readings, readings, (a, b) => {
        expect(mergeActivities(a, b)).toEqual(mergeActivities(b, a));
      }),
    );
  });

  it("does not depend on which readings are joined first", () => {
    fc.assert(
      fc.property(readings, readings, readings, (a, b, c) => {
        expect(mergeActivities(mergeActivities(a, b), c)).toEqual(mergeActivities(a, mergeActivities(b, c)));
      }),
      { numRuns: 1_000 },
    );
  });

  it("learns nothing from a reading it has seen", () => {
    fc.assert(
      fc.property(readings, readings, (a, b) => {
        expect(mergeActivities(a, a)).toEqual(a);
        const both = mergeActivities(a, b);
        expect(mergeActivities(both, a)).toEqual(both);
        expect(mergeActivities(both, both)).toEqual(both);
      }),
    );
  });

  it("gives the same for any interleaving and repetition", () => {
    const order = fc.array(readings, { minLength: 1, maxLength: 6 }).chain((given) =>
      fc.record({
        given: fc.constant(given),
        again: fc
          .array(fc.nat({ max: given.length - 1 }), { maxLength: 6 })
          .chain((repeats) =>
            fc.shuffledSubarray([...given.keys(), ...repeats], { minLength: given.length + repeats.length }),
          ),
      }),
    );
    fc.assert(
      fc.property(order, ({ given, again }) => {
        const played = again.flatMap((index) => given[index] ?? []);
        expect(played.reduce(mergeActivities)).toEqual(given.reduce(mergeActivities));
      }),
    );
  });
});

describe("the order of JSON values", () => {
  it("calls equal only what is equal, whatever the order of keys", () => {
    expect(compareJson({ a: 1, b: [2, "3"] }, { b: [2, "3"], a: 1, c: undefined })).toBe(0);
    expect(compareJson({ a: 1 }, { a: "1" })).not.toBe(0);
    expect(compareJson([1, 2], [1, 2, 3])).toBeLessThan(0);
  });

  it("is total and transitive", () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(Math.sign(compareJson(a, b)) + Math.sign(compareJson(b, a))).toBe(0);
        if (compareJson(a, b) <= 0 && compareJson(b, c) <= 0) expect(compareJson(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 500 },
    );
  });
});
