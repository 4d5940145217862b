import { describe, expect, it } from "vitest";
import { anthropicCost } from "./anthropic-cost.ts";

function read(given: object) {
  const reading = anthropicCost.read({
    starting_at: "2026-01-01T00:00:00Z",
    ending_at: "2026-01-02T00:00:00Z",
    results: [{ amount: "123.45", currency: "USD", ...given }],
  });
  return "activities" in reading ? reading.activities[0] : reading;
}

describe("Anthropic's cost report", () => {
  it("is in cents, with digits behind them", () => {
    expect(read({})).toMatchObject({ cost: { nanoUsd: 1_234_500_000, basis: "billed" } });
    expect(read({ amount: "0.00001" })).toMatchObject({ cost: { nanoUsd: 100 } });
  });

  it("keeps the identity of a line when its amount is restated", () => {
    const line = { description: "Claude Sonnet 4.5 Usage - Input Tokens", token_type: "uncached_input_tokens" };
    const uid = (given: object) => (read({ ...line, ...given }) as { uid?: string }).uid;
    expect(uid({ amount: "200" })).toBe(uid({}));
    expect(uid({ token_type: "output_tokens" })).not.toBe(uid({}));
  });

  it("rejects an amount that is none", () => {
    expect(read({ amount: "free" })).toEqual({ rejected: "amount: expected a decimal number" });
  });
});
