import { describe, expect, it } from "vitest";
import { ACTIVITY_SCHEMA, Activity } from "../model/activity.ts";
import { compileCondition } from "./condition.ts";

const activity = (changes: Partial<Activity> = {}): Activity =>
  Activity.parse({
    schema: ACTIVITY_SCHEMA,
    uid: "0".repeat(32),
    kind: "call",
    view: "provider",
    source: "aws.cloudtrail",
    startTime: 1_700_000_000_000,
    endTime: 1_700_000_000_000,
    count: 1,
    operation: "InvokeModel",
    usage: { inputTokens: 500 },
    ...changes,
  });

const holds = (expression: string, on = activity()) => {
  const compiled = compileCondition(expression);
  return "problem" in compiled ? compiled.problem : compiled.condition(on);
};

describe("a condition", () => {
  it("compares fields of the activity with literals of any number type", () => {
    expect(holds("activity.usage.inputTokens < 1000")).toBe(true);
    expect(holds("activity.usage.inputTokens == 500")).toBe(true);
    expect(holds("activity.usage.inputTokens > 500.5")).toBe(false);
    expect(holds('activity.kind == "call" && activity.source.startsWith("aws.")')).toBe(true);
    expect(holds('activity.kind in ["call", "bucket"]')).toBe(true);
  });

  it("calculates with whole literals", () => {
    expect(holds("activity.usage.inputTokens * 2 + 1 == 1001")).toBe(true);
    expect(holds("1000 - activity.usage.inputTokens >= 500")).toBe(true);
  });

  it("reads tags by name", () => {
    const tagged = activity({ labels: { team: "risk" } });
    expect(holds('activity.labels.team == "risk"', tagged)).toBe(true);
    expect(holds('"team" in activity.labels && activity.labels["team"] == "ads"', tagged)).toBe(false);
  });

  it("finds absent fields with has(), however much of them is absent", () => {
    expect(holds("has(activity.usage.outputTokens)")).toBe(false);
    expect(holds("has(activity.cost.nanoUsd) && activity.cost.nanoUsd > 5")).toBe(false);
  });

  it("says that it cannot be decided where the log lacks a field, unless the rest decides", () => {
    expect(holds("activity.usage.outputTokens > 5")).toEqual({ undecided: "no such key: outputTokens" });
    expect(holds("activity.cost.nanoUsd > 5")).toEqual({ undecided: "no such key: nanoUsd" });
    expect(holds('activity.usage.outputTokens > 5 || activity.kind == "call"')).toBe(true);
    expect(holds("int(activity.operation) > 5")).toEqual({
      undecided: expect.not.stringContaining("InvokeModel"),
    });
    expect(holds("activity.operation")).toEqual({ undecided: "it is neither true nor false" });
  });
});

describe("a condition that cannot be used", () => {
  it("is refused with the place of the mistake", () => {
    expect(holds("activity.usage.inputTokens >")).toEqual({ message: "unexpected end", offset: 28 });
    expect(holds("activity.kind == 'call' && foo")).toMatchObject({
      message: "unknown variable: foo",
      offset: 27,
    });
    expect(holds("")).toMatchObject({ offset: 0 });
  });

  it("names a misspelt field, also inside has() and macros, and what was meant", () => {
    expect(holds("activity.usage.inputTokns > 5")).toEqual({
      message: "no field activity.usage.inputTokns",
      offset: 15,
      suggestion: "inputTokens",
    });
    expect(holds("has(activity.usge.inputTokens)")).toMatchObject({ suggestion: "usage" });
    expect(holds("[1, 2].exists(n, activity.usage.inputTokns > n)")).toMatchObject({ suggestion: "inputTokens" });
    expect(holds('activity.kind.name == "x"')).toMatchObject({ message: "no field activity.kind.name" });
  });

  it("is neither true nor false by its form", () => {
    expect(holds('"call"')).toMatchObject({ message: "a condition is true or false; this is a string" });
    expect(holds("1 + 1")).toMatchObject({ message: "a condition is true or false; this is a int" });
  });

  it("asks for a whole object with has(), which is always there", () => {
    expect(holds("has(activity.usage)")).toMatchObject({ message: expect.stringContaining("always true") });
  });

  it("uses a regular expression", () => {
    expect(holds('activity.operation.matches("(a+)+$")')).toMatchObject({
      message: expect.stringContaining("matches()"),
    });
  });

  it("is larger than a person writes", () => {
    expect(holds(Array.from({ length: 600 }, () => "true").join(" && "))).toMatchObject({
      message: expect.stringContaining("maxAstNodes"),
    });
    expect(holds(`${"(".repeat(10_000)}true${")".repeat(10_000)}`)).toMatchObject({ message: expect.any(String) });
  });
});
