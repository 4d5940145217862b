import { describe, expect, it } from "vitest";
import { openaiCosts } from "./openai-costs.ts";

const result = {
  object: "organization.costs.result",
  amount: { value: 0.1, currency: "usd" },
  line_item: "gpt-4o-2024-08-06, cached input",
  project_id: "proj_birch",
};

function read(...results: readonly object[]) {
  const reading = openaiCosts.read({
    object: "bucket",
    start_time: 1767225600,
    end_time: 1767312000,
    results: results.map((given) => ({ ...result, ...given })),
  });
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}

describe("OpenAI's costs", () => {
  it("are exact to the nano-dollar, whether written as a number or as text", () => {
    const amounts = [0.1, "0.1000000000", 1e-9, "0.0000000015"].map((value) => ({
      amount: { value, currency: "usd" },
    }));
    expect(read(...amounts).map(({ cost }) => cost?.nanoUsd)).toEqual([100_000_000, 100_000_000, 1, 2]);
  });

  it("count no request, and name the model of the line item", () => {
    expect(read({})[0]).toMatchObject({
      count: 0,
      model: { name: "openai/gpt-4o" },
      cost: { basis: "billed", priceSource: "openai.costs" },
    });
    expect(read({ line_item: "web search tool calls" })[0]?.model).toBeUndefined();
  });

  it("keep their identity when the day is restated, and not another's line item, project or key", () => {
    const [before, restated, ...others] = read(
      {},
      { amount: { value: 0.2, currency: "usd" }, quantity: 7 },
      { line_item: "gpt-4o-2024-08-06, output" },
      { project_id: "proj_elm" },
      { api_key_id: "key_1" },
    );
    expect(restated?.uid).toBe(before?.uid);
    expect(new Set([before, ...others].map((activity) => activity?.uid)).size).toBe(4);
  });

  it("in another currency are no dollars", () => {
    const [activity] = read({ amount: { value: 3, currency: "eur" } });
    expect(activity?.cost).toBeUndefined();
    expect(activity?.labels).toEqual({ currency: "EUR", amount: "3" });
  });
});
