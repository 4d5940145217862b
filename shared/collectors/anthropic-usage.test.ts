import { describe, expect, it, onTestFinished } from "vitest";
import { arrived, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { type AskedFor, inWeather, type Reply, serveJson } from "../../test/servers/json-api.ts";
import { DAY_MS, EpochMs, HOUR_MS } from "../model/units.ts";
import { anthropicUsage as source } from "../sources/anthropic-usage.ts";
import { anthropicUsage } from "./anthropic-usage.ts";

const KEY = "sk-ant-admin01-made-up";
const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const written = { key: "$" + "{ssm:/gnomon/anthropic}", history: "4d" };

async function serve(reply: (asked: AskedFor) => Reply) {
  const server = await serveJson(reply);
  onTestFinished(server.close);
  const settings = { ...anthropicUsage.settings.parse(written), key: KEY, baseUrl: server.url };
  return { server, settings };
}

/** Hours from `starting_at` to now, 24 a page. */
function report(asked: AskedFor, { repeating = false } = {}): Reply {
  const first = Date.parse(asked.query.get("page")?.replace("page_", "") ?? asked.query.get("starting_at") ?? "");
  const hours = Math.max(0, Math.ceil((NOW - first) / HOUR_MS));
  const count = Math.min(24, hours);
  const data = Array.from({ length: count }, (_, hour) => bucket(first + hour * HOUR_MS));
  const more = repeating || hours > count;
  const next = `page_${new Date(repeating ? first : first + count * HOUR_MS).toISOString()}`;
  return {
    headers: { date: new Date(NOW).toUTCString() },
    body: { data, has_more: more, next_page: more ? next : null },
  };
}

const bucket = (start: number) => ({
  starting_at: new Date(start).toISOString(),
  ending_at: new Date(start + HOUR_MS).toISOString(),
  results: [{ model: "claude-sonnet-4-5", uncached_input_tokens: 5, output_tokens: 7 }],
});

const firstHour = Math.floor((NOW - 4 * DAY_MS) / HOUR_MS) * HOUR_MS;

describeCollector({
  collector: anthropicUsage,
  now: NOW,
  serve: async (weather) => {
    const { settings, server } = await serve(
      inWeather(weather, (asked) => report(asked, { repeating: weather === "repeating" })),
    );
    return { settings, close: server.close };
  },
  ids: Array.from({ length: 97 }, (_, hour) => new Date(firstHour + hour * HOUR_MS).toISOString()),
  idsIn: (document) => [(document as ReturnType<typeof bucket>).starting_at],
  written,
  secrets: ["key"],
  shortRun: 3,
});

describe("anthropic.usage", () => {
  it("groups by all there is but speed, and brings buckets that the source reads", async () => {
    const { server, settings } = await serve((asked) => report(asked));
    const pages = arrived(await pagesOf(anthropicUsage, settings, NOW));
    const [first] = server.asked;
    expect(first?.path).toBe("/v1/organizations/usage_report/messages");
    expect(first?.headers).toMatchObject({ "x-api-key": KEY, "anthropic-version": "2023-06-01" });
    expect(first?.query.getAll("group_by[]")).toEqual([
      ...["account_id", "api_key_id", "context_window", "inference_geo"],
      ...["model", "service_account_id", "service_tier", "workspace_id"],
    ]);
    expect(source.read(pages[0]?.documents[0])).toMatchObject({ activities: [{ kind: "bucket" }] });
    expect(pages.at(-1)?.cursor).toBe(new Date(NOW - DAY_MS).toISOString());
  });

  it("names the admin key that is needed", async () => {
    const { settings } = await serve(() => ({ status: 401, body: { error: { type: "authentication_error" } } }));
    const checks = await anthropicUsage.check({ settings, now: NOW, signal: new AbortController().signal });
    expect(checks).toEqual([
      expect.objectContaining({
        ok: false,
        advice: expect.stringMatching(/401 \(authentication_error\).*sk-ant-admin01-/),
      }),
    ]);
  });
});
