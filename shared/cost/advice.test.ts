import { beforeAll, describe, expect, it } from "vitest";
import { billedOn, loggedOn, november } from "../../test/billed-month.ts";
import type { Activity } from "../model/activity.ts";
import type { UsageRow } from "../model/ledger.ts";
import type { EpochMs, NanoUsd } from "../model/units.ts";
import { type Advice, advise } from "./advice.ts";
import type { CapacityUse } from "./capacity.ts";
import { loadPrices, type PriceOf } from "./price.ts";

let priceOf: PriceOf;
beforeAll(async () => {
  priceOf = await loadPrices();
});

/** Thirty days, each `calls` times so many tokens, at the list price of the model. */
function month(given: Partial<UsageRow>, hours: readonly number[] = [9, 12, 15, 18]): UsageRow[] {
  const rows = Array.from({ length: 31 }, (_, at) =>
    hours.map((hour) =>
      loggedOn(1, 0, {
        principal: "arn:aws:iam::111122223333:role/tagger",
        provider: "openai",
        model: "openai/gpt-4o",
        calls: 100,
        inputTokens: 50_000,
        outputTokens: 5_000,
        ...given,
        hour: november(at + 1, hour),
      }),
    ),
  ).flat();
  return rows.map((row) => ({ ...row, estimatedNanoUsd: listed(row) }));
}

const listed = (row: UsageRow): number =>
  priceOf({
    schema: "gnomon.activity/v1",
    uid: "0".repeat(32),
    kind: "bucket",
    view: "usage",
    source: "x",
    startTime: row.hour,
    endTime: row.hour,
    count: row.calls,
    operation: "x",
    provider: row.provider,
    model: { id: row.model.split("/")[1] ?? "", name: row.model },
    usage: {
      inputTokens: row.inputTokens,
      outputTokens: row.outputTokens,
      cacheReadTokens: row.cacheReadTokens,
    },
  })?.nanoUsd ?? 0;

const ask = (rows: readonly UsageRow[], capacity: readonly CapacityUse[] = []) =>
  advise(rows, capacity, { priceOf });
/** With a list of prices that has so many dollars a request for each door. */
const asked = (rows: readonly UsageRow[], dollarsOf: (activity: Activity) => number) =>
  advise(rows, [], {
    priceOf: (activity) => ({
      nanoUsd: (dollarsOf(activity) * activity.count * 1e9) as NanoUsd,
      basis: "estimated",
    }),
  });
const only = (kind: Advice["kind"], advice: readonly Advice[]) => advice.filter((one) => one.kind === kind);

describe("advice", () => {
  it("names a smaller sibling for short answers, with what both cost", () => {
    const [advice] = only("cheaper-model", ask(month({ owner: "Search" })));
    expect(advice).toMatchObject({
      subject: { principal: "arn:aws:iam::111122223333:role/tagger", model: "openai/gpt-4o", provider: "openai" },
      owner: "Search",
      assumes: [
        "the smaller model is good enough for this work: try it first",
        "it takes as many tokens",
        "use goes on as it was seen",
      ],
      evidence: { requests: "12,400", model: "openai/gpt-4o-mini" },
    });
    // 12,400 requests of 500 tokens in and 50 out: $21.70 at gpt-4o's price, $1.30 at its sibling's.
    expect(advice?.text).toBe(
      "role/tagger sent 12,400 requests with answers of 50 tokens to openai/gpt-4o; openai/gpt-4o-mini answers them for $1.30 instead of $21.70: $20.15 a month less.",
    );
    expect(advice?.monthlySavingNanoUsd).toBeCloseTo(20.15e9, -8);
  });

  it("knows what Bedrock calls the sibling", () => {
    const sonnet = month({ provider: "aws.bedrock", model: "anthropic/claude-sonnet-4-5" });
    const [advice] = only("cheaper-model", ask(sonnet.map((row) => ({ ...row, estimatedNanoUsd: 1e9 }))));
    expect(advice?.evidence).toMatchObject({ model: "anthropic/claude-haiku-4-5" });
    // A third of the price.
    expect(advice?.text).toContain("for $41.33 instead of $124.00");
  });

  it("is silent about long answers, thinking, few requests and a smallest model", () => {
    const kinds = (given: Partial<UsageRow>) => only("cheaper-model", ask(month(given))).length;
    expect(kinds({ outputTokens: 15_000 })).toBe(1);
    expect(kinds({ outputTokens: 15_100 })).toBe(0);
    expect(kinds({ reasoningTokens: 1 })).toBe(0);
    expect(kinds({ model: "openai/gpt-4o-mini", inputTokens: 5_000_000 })).toBe(0);
    expect(kinds({ calls: 4, inputTokens: 500_000, outputTokens: 200 })).toBe(0);
  });

  it("takes a contract's discount off what it would cost elsewhere, too", () => {
    const half = month({}).map((row) => ({ ...row, estimatedNanoUsd: row.estimatedNanoUsd / 2 }));
    expect(only("cheaper-model", ask(half))[0]?.text).toContain("for $0.65 instead of $10.85");
  });

  it("counts what long prompts would save half from a cache, where none is", () => {
    const long = { inputTokens: 300_000, outputTokens: 30_000 };
    const [advice] = only("caching", ask(month(long)));
    expect(advice?.text).toMatch(
      /^role\/tagger sent 12,400 prompts of 3,000 tokens to openai\/gpt-4o and read none of it from a cache: \$\d+\.\d\d a month less/,
    );
    const quiet = (given: Partial<UsageRow>) => only("caching", ask(month({ ...long, ...given }))).length;
    expect(quiet({ cacheReadTokens: 1 })).toBe(0);
    expect(quiet({ inputTokens: 204_700 })).toBe(0);
    expect(quiet({ inputTokens: 204_800 })).toBe(1);
    expect(quiet({ calls: 11, inputTokens: 300_000 })).toBe(0);
  });

  it("sees work that comes in the same hours of the day, and halves it", () => {
    const nightly = { calls: 900, inputTokens: 500_000, outputTokens: 300_000 };
    const [advice] = only("batch", ask(month(nightly, [2, 3])));
    expect(advice?.text).toMatch(
      /^100% of role\/tagger's 55,800 requests to openai\/gpt-4o come in the same hours/,
    );
    expect(advice?.evidence).toMatchObject({ "hours (UTC)": "2:00, 3:00" });
    const [first] = month(nightly, [2, 3]);
    expect(advice?.monthlySavingNanoUsd).toBeCloseTo(
      ((first?.estimatedNanoUsd ?? 0) * 62 * 0.5 * 30) / (30 + 1 / 24),
      -8,
    );
    expect(only("batch", ask(month(nightly)))).toEqual([]);
    expect(only("batch", ask(month({ ...nightly, calls: 199 }, [2, 3])))).toEqual([]);
  });

  it("compares doors that are already in use, and no others", () => {
    const claude = { model: "anthropic/claude-sonnet-4-5", inputTokens: 900_000, outputTokens: 900_000 };
    const dear = month({ ...claude, provider: "anthropic" }).map((row) => ({
      ...row,
      estimatedNanoUsd: row.estimatedNanoUsd * 1.5,
    }));
    expect(only("cheaper-door", ask(dear))).toEqual([]);
    // The price list knows this model at both; here the gateway's own price is half as much again.
    const vertex = month({ provider: "gcp.vertex_ai", principal: "other", region: "global", ...claude });
    const [advice] = only(
      "cheaper-door",
      asked([...dear, ...vertex], ({ provider }) => (provider === "anthropic" ? 3 : 2)),
    );
    expect(advice).toMatchObject({
      subject: { provider: "anthropic" },
      evidence: { door: "gcp.vertex_ai" },
    });
    expect(advice?.text).toContain("less through Vertex AI, which is already in use, than through Anthropic");
    // A door in use for another vendor's models may not sell these, whatever a price list says.
    const gpt = month({ ...claude, model: "openai/gpt-4o", provider: "azure.ai.openai", principal: "p" });
    expect(only("cheaper-door", ask([...vertex, ...gpt]))).toEqual([]);
  });

  it("compares a region with a region of the same geography, and with none where it is not sure of one", () => {
    const claude = { model: "anthropic/claude-haiku-4-5", inputTokens: 900_000, outputTokens: 900_000 };
    const bedrock = (region: string) =>
      month({ ...claude, provider: "aws.bedrock", region }).map((row) => ({ ...row, estimatedNanoUsd: 6e9 }));
    const vertex = (region: string) => month({ ...claude, provider: "gcp.vertex_ai", principal: "other", region });
    const direct = month({ ...claude, provider: "anthropic", principal: "p" });
    const doors = (...rows: (readonly UsageRow[])[]) =>
      only("cheaper-door", ask(rows.flat())).map(({ evidence }) => evidence["door"]);
    // Both cost a tenth more in a region, and less anywhere.
    expect(doors(bedrock("eu-central-1"), vertex("europe-west1"))).toEqual([]);
    expect(doors(bedrock("eu-central-1"), vertex("global"))).toEqual([]);
    expect(doors(bedrock("eu-central-1"), direct)).toEqual([]);
    expect(doors(bedrock(""), direct)).toEqual([]);
    expect(doors(direct, vertex("global"))).toEqual([]);

    const cheaperThere = (...rows: (readonly UsageRow[])[]) =>
      only(
        "cheaper-door",
        asked(rows.flat(), ({ provider }) => (provider === "aws.bedrock" ? 3 : 2)),
      );
    expect(cheaperThere(bedrock("eu-central-1"), vertex("europe-west1"))).toMatchObject([
      { evidence: { door: "gcp.vertex_ai", region: "europe-west1" } },
    ]);
    expect(cheaperThere(bedrock("eu-central-1"), vertex("us-central1"))).toEqual([]);
    expect(cheaperThere([...bedrock("eu-central-1"), ...bedrock("us-east-1")], vertex("europe-west1"))).toEqual(
      [],
    );
  });

  it("needs a week, and ten dollars a month", () => {
    const rows = month({});
    const within = (days: number) =>
      ask(rows.filter(({ hour }) => hour < november(1, 9) + days * 86_400_000)).length;
    expect(within(7)).toBe(0);
    expect(within(8)).toBeGreaterThan(0);
    const small = month({ inputTokens: 20_000 });
    expect(ask(small).every(({ monthlySavingNanoUsd: saving = 0 }) => saving >= 10e9)).toBe(true);
    expect(ask([])).toEqual([]);
  });

  it("puts the greatest saving first", () => {
    const savings = ask([...month({}), ...month({ principal: "big", calls: 900, inputTokens: 900_000 })]).map(
      ({ monthlySavingNanoUsd }) => monthlySavingNanoUsd ?? 0,
    );
    expect(savings.length).toBeGreaterThan(1);
    expect(savings).toEqual(savings.toSorted((a, b) => b - a));
  });

  describe("on capacity", () => {
    const ptu: CapacityUse = {
      uid: "/deployments/ptu",
      name: "ptu",
      account: "111122223333",
      provider: "azure.ai.openai",
      units: 100,
      since: november(2),
      calls: 0,
    };
    const lastHeard = loggedOn(31, 1, { provider: "azure.ai.openai", hour: november(31, 18) });
    const idle = (given: Partial<CapacityUse>, rows: readonly UsageRow[] = [], hourly?: number) =>
      only(
        "idle-capacity",
        advise([...month({}), lastHeard, ...rows], [{ ...ptu, ...given }], {
          priceOf,
          ...(hourly === undefined ? {} : { capacityPriceOf: () => hourly as NanoUsd }),
        }),
      );

    it("says what it costs a month, by the configuration or by what is billed without a call", () => {
      expect(idle({}, [], 100e9)).toMatchObject([
        {
          monthlySavingNanoUsd: 72_000e9,
          text: "ptu (100 units) is paid by the hour and has not been called for 29 days: $72,000.00 a month.",
          subject: { account: "111122223333", provider: "azure.ai.openai", resource: "ptu" },
        },
      ]);
      const bills = Array.from({ length: 29 }, (_, at) =>
        billedOn(at + 2, 2_400, { provider: "azure.ai.openai", source: "azure.cost-export", model: "" }),
      );
      const [advice] = idle({}, bills);
      expect(advice?.monthlySavingNanoUsd).toBe(72_000e9);
      // On the day of the last call it was billed for more than the time without one: that day is left out, and whole.
      expect(idle({ calls: 1, lastCallTime: november(5, 13) }, bills)[0]?.monthlySavingNanoUsd).toBe(72_000e9);
      const monthly = billedOn(1, 72_000, { provider: "azure.ai.openai", source: "azure.cost-export", model: "" });
      expect(idle({ since: november(1) }, [monthly])[0]?.monthlySavingNanoUsd).toBe(72_000e9);
      expect(advice?.assumes).toContain("what is billed there without a logged call is for it");
    });

    it("says that the price is not known where it is not", () => {
      const [advice] = idle({});
      expect(advice?.monthlySavingNanoUsd).toBeUndefined();
      expect(advice?.text).toMatch(/has not been called for 29 days\.$/);
      expect(advice?.assumes).toContain("its price is not known: tell it in the configuration");
    });

    it("is silent about what is called, new or gone", () => {
      expect(idle({ calls: 9, lastCallTime: november(25) })).toEqual([]);
      expect(idle({ calls: 9, lastCallTime: november(24, 18) })).toEqual([]);
      expect(idle({ calls: 9, lastCallTime: november(23, 0) })).toHaveLength(1);
      expect(idle({ since: november(25) })).toEqual([]);
      expect(idle({ until: november(9) as EpochMs })).toEqual([]);
      // Nobody knows of a place whose logs and bill ended before.
      expect(idle({ account: "444455556666" })).toEqual([]);
    });
  });
});
