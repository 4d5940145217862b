import { describe, expect, it, onTestFinished } from "vitest";
import { cursorsOf, documentsOf, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { dayReport } from "../../test/servers/day-report.ts";
import { type AskedFor, inWeather, type Reply, serveJson } from "../../test/servers/json-api.ts";
import { DAY_MS, EpochMs, HOUR_MS } from "../model/units.ts";
import { trimmed } from "../pipeline/collect.ts";
import { sources } from "../registry.ts";
import { anthropicCost } from "./anthropic-cost.ts";

const KEY = "sk-ant-admin01-made-up";
const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const TODAY = Date.UTC(2026, 8, 14);
const written = { key: "$" + "{ssm:/gnomon/anthropic}", history: "30d" };
const dayAgo = (days: number) => new Date(TODAY - days * DAY_MS).toISOString();

const report = (asked: AskedFor, repeating = false): Reply =>
  dayReport(asked, { from: Date.parse(asked.query.get("starting_at") ?? ""), bucket, now: NOW, repeating });

/** Every second day has no cost. */
const bucket = (start: number) => ({
  starting_at: new Date(start).toISOString(),
  ending_at: new Date(start + DAY_MS).toISOString(),
  results:
    (start / DAY_MS) % 2 === 0
      ? []
      : [
          {
            amount: "123.78",
            currency: "USD",
            cost_type: "tokens",
            description: "Claude Sonnet 4.5 Usage - Input Tokens",
            model: "claude-sonnet-4-5",
            workspace_id: "wrkspc_made_up",
          },
        ],
});

async function serve(reply: (asked: AskedFor) => Reply) {
  const server = await serveJson(reply);
  onTestFinished(server.close);
  const settings = { ...anthropicCost.settings.parse(written), key: KEY, baseUrl: server.url };
  return { server, settings };
}

describeCollector({
  collector: anthropicCost,
  now: NOW,
  serve: async (weather) => {
    const { settings, server } = await serve(
      inWeather(weather, (asked) => report(asked, weather === "repeating")),
    );
    return { settings, close: server.close };
  },
  ids: Array.from({ length: 31 }, (_, days) => dayAgo(days)),
  idsIn: (document) => [(document as ReturnType<typeof bucket>).starting_at],
  written,
  secrets: ["key"],
});

describe("anthropic.cost", () => {
  it("asks by the day, grouped by both there are, and brings what the source reads", async () => {
    const { server, settings } = await serve((asked) => report(asked));
    const pages = await pagesOf(anthropicCost, settings, NOW);
    const [first] = server.asked;
    expect(first?.path).toBe("/v1/organizations/cost_report");
    expect(first?.headers).toMatchObject({ "x-api-key": KEY, "anthropic-version": "2023-06-01" });
    expect(first?.query.getAll("group_by[]")).toEqual(["description", "workspace_id"]);
    const { records, rejects } = trimmed(documentsOf(pages), "a page", sources, NOW);
    expect(rejects, "a day without cost is none").toEqual([]);
    expect(new Set(records.map(({ source }) => source))).toEqual(new Set(["anthropic.cost"]));
  });

  it("asks again after six hours and not sooner, for the seven days that may still be restated", async () => {
    const { server, settings } = await serve((asked) => report(asked));
    const cursors = cursorsOf(await pagesOf(anthropicCost, settings, NOW));
    const asked = server.asked.length;
    const later = (hours: number) =>
      pagesOf(anthropicCost, settings, EpochMs.parse(NOW + hours * HOUR_MS), cursors);
    expect(await later(5)).toEqual([]);
    expect(server.asked).toHaveLength(asked);
    expect(documentsOf(await later(6))[0]).toMatchObject({ starting_at: dayAgo(7) });
  });

  it("names the admin key that is needed", async () => {
    const { settings } = await serve(() => ({ status: 401, body: { error: { type: "authentication_error" } } }));
    const checks = await anthropicCost.check({ settings, now: NOW, signal: new AbortController().signal });
    expect(checks).toEqual([
      expect.objectContaining({
        ok: false,
        advice: expect.stringMatching(/401 \(authentication_error\).*sk-ant-admin01-/),
      }),
    ]);
  });
});
