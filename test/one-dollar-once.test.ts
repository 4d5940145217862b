/** The same traffic told by everybody who can tell it, from their records to what a report adds up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Activity } from "../shared/model/activity.ts";
import { uidOf } from "../shared/model/uid.ts";
import { type EpochMs, HOUR_MS, type NanoUsd } from "../shared/model/units.ts";
import { detect } from "../shared/pipeline/detect.ts";
import { sources } from "../shared/registry.ts";
import { spendOf, total } from "../shared/report/spend.ts";
import { systemOfRecord } from "../shared/report/system-of-record.ts";
import { openMemoryStore } from "../shared/store/memory-store.ts";
import { activity } from "./activities.ts";
import { world } from "./world.ts";

const MIDNIGHT = Date.UTC(2026, 10, 3) as EpochMs;
const NOON = (MIDNIGHT + 12 * HOUR_MS) as EpochMs;

function read(id: string, record: object, receivedTime = MIDNIGHT): readonly Activity[] {
  const reading = sources.find((source) => source.id === id)?.read(record, receivedTime);
  return reading && "activities" in reading ? reading.activities : expect.fail(JSON.stringify(reading));
}

/** Four calls of 250 tokens each. */
const calls = (given: Partial<Activity>): Activity[] =>
  [1, 2, 3, 4].map((n) =>
    activity({
      uid: uidOf("call", n, given.view),
      startTime: (NOON + n) as EpochMs,
      provider: "openai",
      model: { id: "gpt-4o", name: "openai/gpt-4o" },
      ...given,
      ...(given.usage ? { usage: { inputTokens: 200, outputTokens: 50 } } : {}),
    }),
  );

const costs = (value: number, receivedTime?: EpochMs) =>
  read(
    "openai.costs",
    {
      object: "bucket",
      start_time: MIDNIGHT / 1_000,
      end_time: MIDNIGHT / 1_000 + 86_400,
      results: [
        {
          object: "organization.costs.result",
          amount: { value, currency: "usd" },
          line_item: "gpt-4o-2024-08-06, input",
          project_id: "proj_birch",
        },
      ],
    },
    receivedTime,
  );

const tellings: Readonly<Record<string, readonly Activity[]>> = {
  provider: calls({ view: "provider", source: "openai.calls", account: { uid: "proj_birch" }, usage: {} }),
  gateway: calls({ view: "gateway", source: "litellm.spend", gateway: "litellm", usage: {} }),
  usage: read("openai.usage", {
    object: "bucket",
    start_time: NOON / 1_000,
    end_time: NOON / 1_000 + 3_600,
    results: [
      {
        object: "organization.usage.completions.result",
        input_tokens: 800,
        output_tokens: 200,
        num_model_requests: 4,
        project_id: "proj_birch",
        model: "gpt-4o",
      },
    ],
  }),
  "vendor's bill": costs(0.07),
  "bill as FOCUS": read("focus", {
    ProviderName: "OpenAI",
    ServiceCategory: "AI and Machine Learning",
    ServiceName: "API",
    SubAccountId: "proj_birch",
    BillingCurrency: "USD",
    BilledCost: "0.07",
    ChargePeriodStart: "2026-11-01T00:00:00Z",
    ChargePeriodEnd: "2026-12-01T00:00:00Z",
  }),
};

async function told(...batches: readonly (readonly Activity[])[]) {
  const store = openMemoryStore();
  for (const batch of batches) await detect(batch, { ...world, detections: [], store });
  const usage = await store.usage();
  const { counted, billed } = systemOfRecord(usage);
  const sum = (rows: typeof counted, part: "calls" | "inputTokens" | "estimatedNanoUsd" | "billedNanoUsd") =>
    rows.reduce((total, row) => total + row[part], 0);
  const spent = total(spendOf(usage));
  return {
    spent: { estimated: spent.estimatedNanoUsd ?? 0, billed: spent.billedNanoUsd ?? 0, calls: spent.calls },
    calls: sum(counted, "calls"),
    inputTokens: sum(counted, "inputTokens"),
    estimated: sum(counted, "estimatedNanoUsd"),
    billed: sum(billed, "billedNanoUsd") + sum(counted, "billedNanoUsd"),
  };
}

describe("one dollar", () => {
  it("is counted once, whoever of provider, gateway, usage API and two bills tells of it, in any order, twice", async () => {
    const names = Object.keys(tellings);
    const isBill = (name: string) => name.includes("bill");
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...names, ...names], { minLength: 1 }), async (order) => {
        const traffic = order.some((name) => !isBill(name));
        const [estimated, billed] = [traffic ? 800 : 0, order.some(isBill) ? 70_000_000 : 0];
        expect(await told(...order.map((name) => tellings[name] ?? []))).toEqual({
          spent: { estimated, billed, calls: traffic ? 4 : 0 },
          calls: traffic ? 4 : 0,
          inputTokens: traffic ? 800 : 0,
          // The world's price: a nano-dollar a token.
          estimated,
          billed,
        });
      }),
      { numRuns: 60 },
    );
  });

  it("is counted once by each pair of tellings, whichever comes first", async () => {
    const pairs = Object.keys(tellings).flatMap((a) => Object.keys(tellings).map((b) => [a, b] as const));
    for (const pair of pairs.filter(([a, b]) => a !== b && ![a, b].every((name) => name.includes("bill")))) {
      const { spent } = await told(...pair.map((name) => tellings[name] ?? []));
      const isBilled = pair.some((name) => name.includes("bill"));
      expect([pair, spent]).toEqual([pair, { estimated: 800, billed: isBilled ? 70_000_000 : 0, calls: 4 }]);
    }
  });

  it("is the restated one when a bill is delivered again, up or down, whichever delivery comes first", async () => {
    const [early, late] = [costs(0.07, MIDNIGHT), costs(0.02, NOON)];
    for (const deliveries of [
      [early, late],
      [late, early],
      [early, late, early, late],
    ])
      expect(await told(...deliveries)).toMatchObject({ billed: 20_000_000 as NanoUsd });
  });
});
