import { readFileSync } from "node:fs";
import { calcPrice } from "@pydantic/genai-prices";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { processorMs } from "../../test/processor-time.ts";
import type { Activity } from "../model/activity.ts";
import { identifyModel } from "../model/identify-model.ts";
import type { EpochMs, NanoUsd } from "../model/units.ts";
import { loadPrices, PRICE_LIST_VERSION, type PriceOverride, spreadCapacity } from "./price.ts";

const JANUARY_2026 = Date.UTC(2026, 0, 10) as EpochMs;

function call(changes: Partial<Activity> = {}): Activity {
  return {
    schema: "gnomon.activity/v1",
    uid: "0".repeat(32),
    kind: "call",
    view: "provider",
    source: "aws.bedrock-invocation",
    startTime: JANUARY_2026,
    endTime: JANUARY_2026,
    count: 1,
    operation: "InvokeModel",
    operationName: "chat",
    provider: "anthropic",
    model: { id: "claude-sonnet-4-5-20250929" },
    usage: { inputTokens: 1_000, outputTokens: 500 },
    ...changes,
  };
}

const priceOf = await loadPrices();
const usd = (activity: Activity, price = priceOf): number | undefined => {
  const cost = price(activity);
  return cost && cost.nanoUsd / 1e9;
};
const under = async (...overrides: PriceOverride[]) => await loadPrices(overrides);

describe("list price", () => {
  it("names the version of the installed package", () => {
    const manifest = JSON.parse(
      readFileSync(new URL("../../node_modules/@pydantic/genai-prices/package.json", import.meta.url), "utf8"),
    ) as { version: string };
    expect(PRICE_LIST_VERSION).toBe(manifest.version);
    expect(priceOf(call())).toEqual({
      nanoUsd: 10_500_000,
      basis: "estimated",
      priceSource: "genai-prices",
      priceVersion: manifest.version,
    });
  });

  it("takes cached tokens out of the input before it prices the rest", () => {
    const usage = { inputTokens: 1_000, outputTokens: 0, cacheReadTokens: 600, cacheWriteTokens: 300 };
    expect(usd(call({ usage }))).toBeCloseTo((100 * 3 + 600 * 0.3 + 300 * 3.75) / 1e6, 9);
  });

  it("prices what a cache keeps for an hour at its own rate, where the list has one", () => {
    const usage = { inputTokens: 1_000, outputTokens: 0, cacheWriteTokens: 300, cacheWriteHourTokens: 100 };
    expect(usd(call({ usage }))).toBeCloseTo((700 * 3 + 200 * 3.75 + 100 * 6) / 1e6, 9);
    const theirs = calcPrice(
      { input_tokens: 1_000, output_tokens: 0, cache_write_tokens: 300, cache_write_1h_tokens: 100 },
      "claude-sonnet-4-5",
      { providerId: "anthropic" },
    );
    expect(usd(call({ usage, model: { id: "claude-sonnet-4-5" } }))).toBeCloseTo(
      theirs?.total_price ?? Number.NaN,
      9,
    );
    const bedrock = { provider: "aws.bedrock", model: { id: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" } };
    expect(usd(call({ usage, ...bedrock }))).toBeCloseTo((700 * 3.3 + 300 * 4.125) / 1e6, 9);
  });

  it("takes Azure's id and version together: gpt-4 alone is three times as dear as gpt-4 turbo", () => {
    const azure = { provider: "azure.ai.openai", usage: { inputTokens: 1_000, outputTokens: 0 } };
    const model = identifyModel("gpt-4", { version: "turbo-2024-04-09" });
    expect(usd(call({ ...azure, model }))).toBeCloseTo(0.01, 9);
    expect(usd(call({ ...azure, model: identifyModel("gpt-4", { version: "0613" }) }))).toBeCloseTo(0.03, 9);
    for (const version of ["2024-05-13", "2024-11-20"])
      expect(usd(call({ ...azure, model: identifyModel("gpt-4o", { version }) }))).toBeCloseTo(
        version === "2024-05-13" ? 0.005 : 0.0025,
        9,
      );
  });

  it("does not add reasoning tokens, which are part of the output", () => {
    const usage = { inputTokens: 0, outputTokens: 500, reasoningTokens: 400 };
    expect(usd(call({ usage }))).toBeCloseTo((500 * 15) / 1e6, 9);
  });

  it("chooses the tier by the size of one request", () => {
    const gemini = { provider: "gcp.vertex_ai", model: { id: "publishers/google/models/gemini-2.5-pro" } };
    expect(usd(call({ ...gemini, usage: { inputTokens: 200_000, outputTokens: 0 } }))).toBeCloseTo(0.25, 9);
    expect(usd(call({ ...gemini, usage: { inputTokens: 200_001, outputTokens: 0 } }))).toBeCloseTo(0.5000025, 9);
  });

  it("prices a bucket by its average request and says so where the price has tiers", () => {
    const gemini = { provider: "gcp.vertex_ai", model: { id: "gemini-2.5-pro" } };
    const usage = { inputTokens: 2_000_000, outputTokens: 0 };
    const small = priceOf(call({ ...gemini, kind: "bucket", count: 100, usage }));
    expect(small?.nanoUsd).toBe(2.5e9);
    expect(small?.priceVersion).toBe(`${PRICE_LIST_VERSION} average-request`);
    const large = priceOf(call({ ...gemini, kind: "bucket", count: 5, usage }));
    expect(large?.nanoUsd).toBe(5e9);
  });

  it("prices at the event's time, not today's", () => {
    const large = { inputTokens: 300_000, outputTokens: 0 };
    const at = (startTime: number) =>
      usd(call({ model: { id: "claude-opus-4-6" }, usage: large, startTime: startTime as EpochMs }));
    expect(at(Date.UTC(2026, 2, 12))).toBeCloseTo(3, 9);
    expect(at(Date.UTC(2026, 2, 13))).toBeCloseTo(1.5, 9);
  });

  it("follows prices that change with the hour of the day", () => {
    const deepseek = { provider: "deepseek", model: { id: "deepseek-chat" } };
    const at = (hour: number) => usd(call({ ...deepseek, startTime: Date.UTC(2025, 2, 10, hour, 20) as EpochMs }));
    const dayTime = at(12) ?? 0;
    expect(at(20)).toBeCloseTo(dayTime / 2, 6);
    expect(at(0)).toBeCloseTo(dayTime / 2, 6);
  });

  it("tells Bedrock's regional price from the global one", () => {
    const bedrock = (id: string, region?: Activity["region"]) =>
      usd(
        call({
          provider: "aws.bedrock",
          model: { id, name: "anthropic/claude-sonnet-4-5", vendor: "anthropic", version: "20250929" },
          ...(region ? { region } : {}),
        }),
      );
    expect(bedrock("anthropic.claude-sonnet-4-5-20250929-v1:0")).toBeCloseTo(0.01155, 9);
    expect(bedrock("us.anthropic.claude-sonnet-4-5-20250929-v1:0")).toBeCloseTo(0.01155, 9);
    expect(bedrock("global.anthropic.claude-sonnet-4-5-20250929-v1:0")).toBeCloseTo(0.0105, 9);
    expect(bedrock("anthropic.claude-sonnet-4-5-20250929-v1:0", { scope: "global" })).toBeCloseTo(0.0105, 9);
    const profile = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3";
    expect(bedrock(profile, { scope: "geography", geography: "us" })).toBeCloseTo(0.01155, 9);
    expect(bedrock(profile, { scope: "global" })).toBeCloseTo(0.0105, 9);
  });

  it("adds Vertex's premium for a named region to Claude from 4.5 on, and to nothing older", () => {
    const vertex = (id: string, requested: string) =>
      usd(call({ provider: "gcp.vertex_ai", model: { id }, region: { requested } }));
    expect(vertex("claude-sonnet-4-5@20250929", "global")).toBeCloseTo(0.0105, 9);
    expect(vertex("claude-sonnet-4-5@20250929", "europe-west1")).toBeCloseTo(0.01155, 9);
    expect(vertex("claude-sonnet-4@20250514", "europe-west1")).toBeCloseTo(0.0105, 9);
  });

  it("halves batches at the doors that do", () => {
    expect(usd(call({ operationName: "batch" }))).toBeCloseTo(0.00525, 9);
    expect(
      usd(call({ provider: "azure.ai.openai", model: { id: "gpt-4o" }, deployment: { type: "GlobalBatch" } })),
    ).toBeCloseTo((1_000 * 2.5 + 500 * 10) / 2e6, 9);
    expect(usd(call({ labels: { service_tier: "batch" } }))).toBeCloseTo(0.00525, 9);
  });

  it("prices speech by the second and embeddings by their input alone", () => {
    const openai = { provider: "openai" };
    expect(usd(call({ ...openai, model: { id: "whisper-1" }, usage: { seconds: 600 } }))).toBeCloseTo(0.06, 9);
    expect(usd(call({ ...openai, model: { id: "whisper-1" } }))).toBeUndefined();
    expect(
      usd(call({ ...openai, model: { id: "text-embedding-3-small" }, usage: { inputTokens: 1e6 } })),
    ).toBeCloseTo(0.02, 9);
  });

  it("is undefined where something it needs is unknown", () => {
    expect(usd(call({ model: { id: "acme-13b" } }))).toBeUndefined();
    expect(usd(call({ provider: "oci.generative_ai" }))).toBeUndefined();
    expect(usd(call({ provider: "acme.ai" }))).toBeUndefined();
    expect(usd(call({ usage: { outputTokens: 5 } }))).toBeUndefined();
    expect(usd(call({ usage: { inputTokens: 5 } }))).toBeUndefined();
    expect(usd(call({ kind: "change" }))).toBeUndefined();
    const { usage: _usage, ...unmeasured } = call();
    expect(usd(unmeasured)).toBeUndefined();
  });

  it("prices the input of a call that failed before it answered", () => {
    expect(usd(call({ usage: { inputTokens: 1_000 }, outcome: { status: "failure" } }))).toBeCloseTo(0.003, 9);
  });

  it("leaves reserved capacity unpriced: it is paid by the hour", () => {
    const azure = { provider: "azure.ai.openai", model: { id: "gpt-4o" } };
    expect(usd(call({ ...azure, deployment: { type: "ProvisionedManaged" } }))).toBeUndefined();
    expect(usd(call({ ...azure, deployment: { type: "Standard" } }))).toBeDefined();
  });

  it("agrees with the package on every request it can express", () => {
    const models: readonly (readonly [string, string, string])[] = [
      ["anthropic", "anthropic", "claude-sonnet-4-5"],
      ["openai", "openai", "gpt-5.5"],
      ["gcp.vertex_ai", "google", "gemini-2.5-pro"],
      ["aws.bedrock", "aws", "amazon.nova-pro-v1:0"],
      ["azure.ai.openai", "azure", "gpt-4.1-mini"],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.nat(600_000),
        fc.nat(100_000),
        fc.nat(1_000),
        fc.nat(1_000),
        fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2026, 11, 31) }),
        ([provider, providerId, id], input, output, readShare, writeShare, time) => {
          const cacheReadTokens = Math.floor((input * readShare) / 2_000);
          const cacheWriteTokens = Math.floor((input * writeShare) / 2_000);
          const usage = { inputTokens: input, outputTokens: output, cacheReadTokens, cacheWriteTokens };
          const ours = usd(call({ provider, model: { id }, usage, startTime: time as EpochMs }));
          const theirs = calcPrice(
            {
              input_tokens: input,
              output_tokens: output,
              cache_read_tokens: cacheReadTokens,
              cache_write_tokens: cacheWriteTokens,
            },
            id,
            { providerId, timestamp: new Date(time) },
          );
          expect(ours).toBeCloseTo(theirs?.total_price ?? Number.NaN, 8);
        },
      ),
    );
  });
});

describe("overrides", () => {
  const oci: PriceOverride = {
    name: "oci-2026",
    providers: ["oci.*"],
    models: ["cohere/*"],
    since: JANUARY_2026,
    until: (JANUARY_2026 + 1) as EpochMs,
    terms: { kind: "rates", rates: { inputPerMillion: 1, outputPerMillion: 2, cacheReadPerMillion: 0.5 } },
  };
  const atOci = { provider: "oci.generative_ai", model: { id: "cohere.command-a", name: "cohere/command-a" } };

  it("price a door that the list lacks, from their first day until their last", async () => {
    const price = await under(oci);
    expect(price(call(atOci))).toEqual({
      nanoUsd: 2_000_000,
      basis: "estimated",
      priceSource: "override",
      priceVersion: "oci-2026",
    });
    expect(price(call({ ...atOci, startTime: (JANUARY_2026 - 1) as EpochMs }))).toBeUndefined();
    expect(price(call({ ...atOci, startTime: (JANUARY_2026 + 1) as EpochMs }))).toBeUndefined();
    expect(usd(call(), price)).toBeCloseTo(0.0105, 9);
  });

  it("convert from the currency of the contract", async () => {
    const terms: PriceOverride["terms"] = {
      kind: "rates",
      rates: { inputPerMillion: 1, outputPerMillion: 2, usdPerUnit: 1.1 },
    };
    expect(usd(call(atOci), await under({ ...oci, terms }))).toBeCloseTo(0.0022, 9);
  });

  it("take a contract's discount off whatever price holds, the latest entry first", async () => {
    const discount = (name: string, share: number): PriceOverride => ({
      name,
      accounts: ["1111*"],
      terms: { kind: "discount", share },
    });
    const price = await under(discount("old", 0.5), discount("edp", 0.2));
    const inContract = call({ account: { uid: "111122223333" } });
    expect(usd(inContract, price)).toBeCloseTo(0.0084, 9);
    expect(price(inContract)?.priceVersion).toBe(`${PRICE_LIST_VERSION} edp`);
    expect(usd(call({ account: { uid: "999922223333" } }), price)).toBeCloseTo(0.0105, 9);
    expect(usd(call(), price)).toBeCloseTo(0.0105, 9);
  });

  it("give capacity by the hour no price per request", async () => {
    const price = await under({
      name: "ptu",
      deployments: ["chat-eu"],
      terms: { kind: "capacity", hourlyNanoUsd: 12e9 as NanoUsd },
    });
    const azure = { provider: "azure.ai.openai", model: { id: "gpt-4o" } };
    expect(usd(call({ ...azure, deployment: { name: "chat-eu" } }), price)).toBeUndefined();
    expect(usd(call({ ...azure, deployment: { name: "chat-us" } }), price)).toBeDefined();
  });
});

describe("capacity by the hour", () => {
  it("is divided by weight without losing a nano-dollar", () => {
    fc.assert(
      fc.property(fc.nat(1e12), fc.array(fc.nat(1e6), { minLength: 1 }), (hourly, weights) => {
        const { shares, idle } = spreadCapacity(hourly as NanoUsd, weights);
        expect(shares.reduce((sum, share) => sum + share, 0) + idle).toBe(hourly);
        expect(shares.every((share) => share >= 0)).toBe(true);
      }),
    );
    expect(spreadCapacity(10 as NanoUsd, [1, 3]).shares).toEqual([3, 7]);
  });

  it("is idle as a whole where nobody used it", () => {
    expect(spreadCapacity(7 as NanoUsd, [])).toEqual({ shares: [], idle: 7 });
    expect(spreadCapacity(7 as NanoUsd, [0])).toEqual({ shares: [0], idle: 7 });
  });
});

it("prices 300,000 requests a second on a quiet machine", () => {
  const requests = Array.from({ length: 1_000 }, (_, index) =>
    call({
      startTime: (JANUARY_2026 + (index % 30) * 86_400_000) as EpochMs,
      usage: { inputTokens: index, outputTokens: 1 },
    }),
  );
  for (const request of requests) priceOf(request);
  const took = processorMs(() => {
    for (let round = 0; round < 100; round++) for (const request of requests) priceOf(request);
  });
  // A sixth of the target, so that a slow machine does not fail the build.
  expect((100 * requests.length) / (took / 1_000)).toBeGreaterThan(50_000);
});

describe("the rate of another currency", () => {
  const bill = (changes: Partial<Activity> = {}) => {
    const { usage: _, ...line } = call({
      kind: "bucket",
      count: 0,
      source: "azure.cost-export",
      labels: { currency: "EUR", amount: "100.50" },
    });
    return { ...line, ...changes };
  };
  const eur = (usdPerUnit: number, given: Partial<PriceOverride> = {}): PriceOverride => ({
    name: `eur-${usdPerUnit}`,
    terms: { kind: "currency", code: "EUR", usdPerUnit },
    ...given,
  });

  it("makes of a bill billed dollars, and its version tells it", async () => {
    expect((await under(eur(1.08)))(bill())).toEqual({
      nanoUsd: 108_540_000_000,
      basis: "billed",
      priceSource: "azure.cost-export",
      priceVersion: "eur-1.08 1.08 USD/EUR",
    });
  });

  it("is that of the bill's day, of two that fit the later, and of no other currency", async () => {
    const price = await under(eur(1.5), eur(1.2, { since: JANUARY_2026 }), eur(9, { until: JANUARY_2026 }), {
      name: "pounds",
      terms: { kind: "currency", code: "GBP", usdPerUnit: 7 },
    });
    expect(usd(bill(), price)).toBeCloseTo(120.6, 9);
    expect(usd(bill({ startTime: (JANUARY_2026 - 1) as EpochMs }), price)).toBeCloseTo(904.5, 9);
    expect(price(bill({ labels: { currency: "CHF", amount: "1" } }))).toBeUndefined();
  });

  it("takes a credit off, and yen by the ten million", async () => {
    const price = await under(eur(1.1), {
      name: "yen",
      terms: { kind: "currency", code: "JPY", usdPerUnit: 0.0067 },
    });
    expect(usd(bill({ labels: { currency: "EUR", amount: "-2" } }), price)).toBeCloseTo(-2.2, 9);
    expect(usd(bill({ labels: { currency: "JPY", amount: "12000000" } }), price)).toBeCloseTo(80_400, 6);
  });

  it("makes no bill of a call whose caller tags it so, and gives none to what it does not name", async () => {
    const price = await under(eur(2));
    const labels = { currency: "EUR", amount: "1000000" };
    expect(price(call({ labels }))?.basis).toBe("estimated");
    expect(price(call({ labels }))).toEqual(priceOf(call()));
  });
});
