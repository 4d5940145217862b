import { describe, expect, it } from "vitest";
import { openaiUsage } from "./openai-usage.ts";

const START = 1_767_225_600;
const HOUR = 3_600;

const completions = (fields: object = {}) => ({
  object: "organization.usage.completions.result",
  input_tokens: 100,
  output_tokens: 10,
  num_model_requests: 1,
  ...fields,
});

const bucket = (...results: object[]) => ({
  object: "bucket",
  start_time: START,
  end_time: START + HOUR,
  results,
});

function activitiesOf(record: unknown) {
  const reading = openaiUsage.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}

describe("openai.usage", () => {
  it("takes input tokens as the vendor gives them, cached ones included", () => {
    const [activity] = activitiesOf(
      bucket(completions({ input_cached_tokens: 60, input_cache_write_tokens: 20 })),
    );
    expect(activity?.usage).toEqual({
      inputTokens: 100,
      outputTokens: 10,
      cacheReadTokens: 60,
      cacheWriteTokens: 20,
    });
  });

  it("leaves out what the query did not group by", () => {
    const [activity] = activitiesOf(
      bucket(completions({ project_id: null, user_id: null, api_key_id: null, model: null, batch: null })),
    );
    expect(Object.keys(activity ?? {}).sort()).toEqual(
      ["count", "endTime", "kind", "operation", "operationName", "provider", "schema"]
        .concat("source", "startTime", "uid", "usage", "view")
        .sort(),
    );
  });

  it("reads a bucket without results as nothing used", () => {
    expect(activitiesOf(bucket())).toEqual([]);
  });

  it("keeps the uid while a bucket grows, and tells every dimension apart", () => {
    const uidOf = (fields: object) => activitiesOf(bucket(completions(fields)))[0]?.uid;
    expect(uidOf({ input_tokens: 900, num_model_requests: 9 })).toBe(uidOf({}));

    const dimensions = [
      { project_id: "proj_a" },
      { user_id: "proj_a" },
      { api_key_id: "proj_a" },
      { model: "proj_a" },
      { batch: true },
      { batch: false },
      { service_tier: "proj_a" },
      { object: "organization.usage.embeddings.result" },
    ];
    expect(new Set([{}, ...dimensions].map(uidOf)).size).toBe(dimensions.length + 1);
  });

  it("counts searches, and leaves their model's requests to the completions", () => {
    const [activity] = activitiesOf(
      bucket({
        object: "organization.usage.web_searches.result",
        num_model_requests: 2,
        num_requests: 5,
        model: "gpt-4o",
      }),
    );
    expect(activity).toMatchObject({ count: 5, operationName: "execute_tool", labels: { model: "gpt-4o" } });
    expect(activity?.model).toBeUndefined();
  });

  it("says nothing about stored bytes", () => {
    expect(activitiesOf(bucket({ object: "organization.usage.vector_stores.result", usage_bytes: 1 }))).toEqual(
      [],
    );
  });

  it("leaves buckets of costs to others", () => {
    const costs = { object: "organization.costs.result", amount: { value: 0.06, currency: "usd" } };
    expect(openaiUsage.recognises(bucket(costs))).toBe(false);
    expect(openaiUsage.recognises(bucket(completions()))).toBe(true);
  });

  it("rejects an interval that is none", () => {
    expect(openaiUsage.read({ ...bucket(), end_time: START - 1 })).toHaveProperty("rejected");
    expect(openaiUsage.read({ ...bucket(), end_time: 1e15 })).toHaveProperty("rejected");
    expect(openaiUsage.read({ ...bucket(), end_time: START })).toEqual({ activities: [] });
  });
});
