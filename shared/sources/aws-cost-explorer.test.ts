import { describe, expect, it } from "vitest";
import { awsCostExplorer } from "./aws-cost-explorer.ts";

const SERVICE = { Type: "DIMENSION", Key: "SERVICE" };
const USAGE_TYPE = { Type: "DIMENSION", Key: "USAGE_TYPE" };
const LINKED_ACCOUNT = { Type: "DIMENSION", Key: "LINKED_ACCOUNT" };

function read(GroupDefinitions: readonly object[] | undefined, Keys: readonly string[], Amount = "1") {
  return awsCostExplorer.read({
    GroupDefinitions,
    ResultsByTime: [
      {
        TimePeriod: { Start: "2026-11-03", End: "2026-11-04" },
        Groups: [{ Keys, Metrics: { UnblendedCost: { Amount, Unit: "USD" } } }],
      },
    ],
  });
}
const one = (...given: Parameters<typeof read>) => {
  const reading = read(...given);
  return "activities" in reading ? reading.activities[0] : expect.fail(reading.rejected);
};

describe("Cost Explorer", () => {
  it("means by a key what stands in the same place of the group definitions", () => {
    const usage = "USE1-Claude4.6Sonnet-input-tokens";
    for (const [definitions, keys] of [
      [
        [LINKED_ACCOUNT, USAGE_TYPE],
        ["111122223333", usage],
      ],
      [
        [USAGE_TYPE, LINKED_ACCOUNT],
        [usage, "111122223333"],
      ],
    ] as const)
      expect(one(definitions, keys)).toMatchObject({
        account: { uid: "111122223333" },
        model: { name: "anthropic/claude-sonnet-4-6" },
      });
  });

  it("rejects an answer that does not say what it is about", () => {
    const rejected = { rejected: "GroupDefinitions: expected SERVICE or USAGE_TYPE among them" };
    expect(read([LINKED_ACCOUNT], ["111122223333"])).toEqual(rejected);
    expect(read(undefined, [])).toEqual(rejected);
  });

  it("is silent about SageMaker and everything else that is no model", () => {
    expect(read([SERVICE], ["Amazon SageMaker"])).toEqual({ activities: [] });
  });

  it("replaces a figure by a later one of the same query", () => {
    expect(one([SERVICE], ["Amazon Bedrock"], "2")?.uid).toBe(one([SERVICE], ["Amazon Bedrock"], "1")?.uid);
  });

  it("takes a tag apart, and leaves out one that nobody set", () => {
    const tagged = (key: string) =>
      one([SERVICE, { Type: "TAG", Key: "user:team" }], ["Amazon Bedrock", key])?.labels;
    expect(tagged("user:team$search$eu")).toEqual({ team: "search$eu" });
    expect(tagged("user:team$")).toBeUndefined();
  });
});
