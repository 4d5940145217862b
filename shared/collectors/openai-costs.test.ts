import { describe, expect, it, onTestFinished } from "vitest";
import { arrived, cursorsOf, documentsOf, failuresOf, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { dayReport } from "../../test/servers/day-report.ts";
import { type AskedFor, inWeather, type Reply, serveJson } from "../../test/servers/json-api.ts";
import { DAY_MS, EpochMs, HOUR_MS } from "../model/units.ts";
import { trimmed } from "../pipeline/collect.ts";
import { sources } from "../registry.ts";
import { openaiCosts } from "./openai-costs.ts";

const KEY = "sk-admin-made-up";
const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const TODAY = Date.UTC(2026, 8, 14);
const written = { key: "$" + "{env:OPENAI_ADMIN_KEY}", history: "30d" };

const costs = (asked: AskedFor, more: { readonly repeating?: boolean; readonly now?: number } = {}): Reply =>
  dayReport(asked, { from: Number(asked.query.get("start_time")) * 1_000, bucket, now: NOW, ...more });

const bucket = (start: number) => ({
  object: "bucket",
  start_time: start / 1_000,
  end_time: (start + DAY_MS) / 1_000,
  results: [
    {
      object: "organization.costs.result",
      amount: { value: 1.25, currency: "usd" },
      line_item: "gpt-4o-2024-08-06, input",
      project_id: "proj_birch",
      api_key_id: "key_made_up",
    },
  ],
});

async function serve(reply: (asked: AskedFor) => Reply, given: Readonly<Record<string, unknown>> = {}) {
  const server = await serveJson(reply);
  onTestFinished(server.close);
  const settings = {
    ...openaiCosts.settings.parse({ ...written, ...given }),
    key: KEY,
    baseUrl: `${server.url}/v1`,
  };
  return { server, settings };
}

describeCollector({
  collector: openaiCosts,
  now: NOW,
  serve: async (weather) => {
    const { settings, server } = await serve(
      inWeather(weather, (asked) => costs(asked, { repeating: weather === "repeating" })),
    );
    return { settings, close: server.close };
  },
  ids: Array.from({ length: 31 }, (_, day) => String((TODAY - day * DAY_MS) / 1_000)),
  idsIn: (document) => [String((document as { start_time: number }).start_time)],
  written,
  secrets: ["key"],
});

describe("openai.costs", () => {
  it("asks by the day, grouped by all it can be grouped by, and brings what the source reads", async () => {
    const { server, settings } = await serve((asked) => costs(asked));
    const pages = await pagesOf(openaiCosts, settings, NOW);
    const [first] = server.asked;
    expect(first?.path).toBe("/v1/organization/costs");
    expect(first?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(first?.query.get("bucket_width")).toBe("1d");
    expect(first?.query.getAll("group_by")).toEqual(["project_id", "line_item", "api_key_id"]);
    expect(Number(first?.query.get("start_time"))).toBe((TODAY - 30 * DAY_MS) / 1_000);
    const { records, rejects } = trimmed(documentsOf(pages), "a page", sources, NOW);
    expect(rejects).toEqual([]);
    expect(records.map(({ source }) => source)).toEqual(Array(31).fill("openai.costs"));
  });

  it("rejects no day without costs", async () => {
    const empty = { object: "bucket", start_time: 1_789_000_000, end_time: 1_789_086_400, results: [] };
    expect(trimmed([empty], "a page", sources, NOW)).toEqual({ records: [], rejects: [] });
  });

  it("asks again after six hours and not sooner, for the seven days that may still be restated", async () => {
    const { server, settings } = await serve((asked) => costs(asked));
    const cursors = cursorsOf(await pagesOf(openaiCosts, settings, NOW));
    const asked = server.asked.length;

    const soon = EpochMs.parse(NOW + 6 * HOUR_MS - 1);
    expect(await pagesOf(openaiCosts, settings, soon, cursors)).toEqual([]);
    expect(server.asked).toHaveLength(asked);

    const due = EpochMs.parse(NOW + 6 * HOUR_MS);
    const again = documentsOf(await pagesOf(openaiCosts, settings, due, cursors));
    expect(again[0]).toMatchObject({ start_time: (TODAY - 7 * DAY_MS) / 1_000 });
    expect(again).toHaveLength(8);
  });

  it("asks at once again where a round did not get to its end", async () => {
    let fails = true;
    const { settings } = await serve((asked) =>
      fails && asked.query.has("page") ? { status: 400 } : costs(asked),
    );
    const pages = await pagesOf(openaiCosts, settings, NOW);
    expect(failuresOf(pages)).toEqual([["", "upstream-refused", expect.stringMatching(/400/)]]);
    const cursors = cursorsOf(arrived(pages));
    fails = false;
    const rest = documentsOf(await pagesOf(openaiCosts, settings, EpochMs.parse(NOW + 1), cursors));
    expect(rest).toHaveLength(31 - 7);
  });

  it("takes no clock for a round that is yet to come", async () => {
    const { settings } = await serve((asked) => costs(asked));
    const ahead = cursorsOf(await pagesOf(openaiCosts, settings, EpochMs.parse(NOW + 30 * DAY_MS)));
    expect(await pagesOf(openaiCosts, settings, NOW, ahead)).not.toEqual([]);
  });

  it("is not asked more often than every hour", () => {
    const parse = (interval: string) => openaiCosts.settings.safeParse({ ...written, interval }).success;
    expect([parse("59m"), parse("1h")]).toEqual([false, true]);
  });

  it("forgets a page that was cut short, and waits as long as it is told to", async () => {
    const { server, settings } = await serve((asked) => {
      if (server.asked.length === 2) return { ...costs(asked), cutAfter: 20 };
      return server.asked.length === 3 ? { status: 429, headers: { "retry-after": "0" } } : costs(asked);
    });
    expect(documentsOf(await pagesOf(openaiCosts, settings, NOW))).toHaveLength(31);
    expect(server.asked).toHaveLength(2 + 5);
  });

  it("names the admin key that is missing", async () => {
    const { settings } = await serve(() => ({ status: 403 }));
    const checks = await openaiCosts.check({ settings, now: NOW, signal: new AbortController().signal });
    expect(checks).toEqual([
      expect.objectContaining({ ok: false, advice: expect.stringMatching(/sk-admin-.*api\.usage\.read/) }),
    ]);
  });
});
