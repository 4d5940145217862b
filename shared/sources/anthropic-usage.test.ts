import { describe, expect, it } from "vitest";
import { anthropicUsage } from "./anthropic-usage.ts";

const bucket = (...results: object[]) => ({
  starting_at: "2026-01-01T00:00:00Z",
  ending_at: "2026-01-01T01:00:00Z",
  results: results.map((result) => ({ uncached_input_tokens: 100, output_tokens: 10, ...result })),
});

function activitiesOf(record: unknown) {
  const reading = anthropicUsage.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}

describe("anthropic.usage", () => {
  it("adds cached tokens to the input, which the vendor leaves out", () => {
    const [activity] = activitiesOf(
      bucket({
        cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 5 },
        cache_read_input_tokens: 200,
      }),
    );
    expect(activity?.usage).toEqual({
      inputTokens: 335,
      outputTokens: 10,
      cacheReadTokens: 200,
      cacheWriteTokens: 35,
      cacheWriteHourTokens: 5,
    });
  });

  it("invents no cached tokens where none are reported", () => {
    expect(activitiesOf(bucket({}))[0]?.usage).toEqual({ inputTokens: 100, outputTokens: 10 });
  });

  it("stands for no counted request", () => {
    expect(activitiesOf(bucket({}))[0]?.count).toBe(0);
  });

  it("keeps the uid while a bucket grows, however its times are written, and tells every dimension apart", () => {
    const uidOf = (fields: object) => activitiesOf(bucket(fields))[0]?.uid;
    const [offset] = activitiesOf({ ...bucket({}), starting_at: "2026-01-01T01:00:00.000+01:00" });
    expect(uidOf({ uncached_input_tokens: 900 })).toBe(uidOf({}));
    expect(offset?.uid).toBe(uidOf({}));

    const dimensions = ["workspace_id", "api_key_id", "account_id", "service_account_id", "model"]
      .concat("service_tier", "context_window", "inference_geo", "speed")
      .map((name) => ({ [name]: "one" }));
    expect(new Set([{}, ...dimensions].map(uidOf)).size).toBe(dimensions.length + 1);
  });

  it("says where inference may have run, where the vendor says it", () => {
    const regionOf = (inference_geo: unknown) => activitiesOf(bucket({ inference_geo }))[0]?.region;
    expect(regionOf("us")).toEqual({ scope: "geography", geography: "us" });
    expect(regionOf("global")).toEqual({ scope: "global" });
    expect(regionOf("not_available")).toBeUndefined();
    expect(regionOf(null)).toBeUndefined();
  });

  it("leaves the cost report to others", () => {
    const { starting_at, ending_at } = bucket();
    const cost = { amount: "123.45", currency: "USD", workspace_id: null, description: null };
    expect(anthropicUsage.recognises({ starting_at, ending_at, results: [cost] })).toBe(false);
    expect(anthropicUsage.recognises(bucket({}))).toBe(true);
  });

  it("reads a bucket without results as nothing used, and rejects an interval that is none", () => {
    expect(activitiesOf(bucket())).toEqual([]);
    expect(anthropicUsage.read({ ...bucket(), ending_at: "2025-12-31T23:59:59Z" })).toHaveProperty("rejected");
    expect(anthropicUsage.read({ ...bucket(), ending_at: "tomorrow" })).toHaveProperty("rejected");
  });
});
