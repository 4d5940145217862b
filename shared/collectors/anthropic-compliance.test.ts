import { describe, expect, it, onTestFinished } from "vitest";
import { arrived, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { type FeedEvent, feedPage } from "../../test/servers/event-feed.ts";
import { type AskedFor, inWeather, type Reply, serveJson } from "../../test/servers/json-api.ts";
import { EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import { anthropicCompliance as source } from "../sources/anthropic-compliance.ts";
import { anthropicCompliance } from "./anthropic-compliance.ts";

const KEY = "sk-ant-api01-made-up";
const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const written = { key: "$" + "{secretsmanager:gnomon/anthropic}", history: "40h" };

async function serve(reply: (asked: AskedFor) => Reply) {
  const server = await serveJson(reply);
  onTestFinished(server.close);
  const settings = { ...anthropicCompliance.settings.parse(written), key: KEY, baseUrl: server.url };
  return { server, settings };
}

const activities = Array.from({ length: 30 }, (_, at) => ({
  id: `activity_${at}`,
  time: NOW - at * HOUR_MS - MINUTE_MS - 123,
}));

const feed = (asked: AskedFor, events: readonly FeedEvent[], { repeating = false, now = NOW as number } = {}) =>
  feedPage(asked, events, {
    names: { from: "created_at.gte", until: "created_at.lt", after: "after_id" },
    readTime: (text) => (text === "0" ? 0 : Date.parse(text)),
    write: ({ id, time }) => ({
      id,
      created_at: new Date(time).toISOString(),
      type: "claude_chat_created",
      organization_id: "org_made_up",
      actor: { type: "user_actor", user_id: "user_1", email_address: "ada@example.com" },
    }),
    most: 2,
    repeating,
    now,
  });

describeCollector({
  collector: anthropicCompliance,
  now: NOW,
  serve: async (weather) => {
    const { settings, server } = await serve(
      inWeather(weather, (asked) => feed(asked, activities, { repeating: weather === "repeating" })),
    );
    return { settings, close: server.close };
  },
  ids: activities.map(({ id }) => id),
  idsIn: (document) => [(document as FeedEvent).id],
  written,
  secrets: ["key"],
});

describe("anthropic.compliance", () => {
  const pull = async (
    settings: Parameters<typeof anthropicCompliance.pull>[0]["settings"],
    cursors: ReadonlyMap<string, string> = new Map(),
  ) => arrived(await pagesOf(anthropicCompliance, settings, NOW, cursors));

  it("asks for full pages, with the key and the version in headers", async () => {
    const { server, settings } = await serve((asked) => feed(asked, activities));
    const pages = await pull(settings);
    const [first] = server.asked;
    expect(first?.path).toBe("/v1/compliance/activities");
    expect(first?.query.get("limit")).toBe("5000");
    expect(first?.headers).toMatchObject({ "x-api-key": KEY, "anthropic-version": "2023-06-01" });
    const [document] = pages.flatMap(({ documents }) => documents);
    expect(source.read(document)).toMatchObject({ activities: [{ kind: "contact" }] });
  });

  it("sees an activity that was indexed within the hour that it reads again", async () => {
    const { settings } = await serve((asked) => feed(asked, activities));
    const cursor = (await pull(settings)).findLast((page) => page.cursor !== undefined)?.cursor ?? "";
    expect(cursor).toBe(new Date(NOW - HOUR_MS).toISOString());
    const late = { id: "activity_late", time: NOW - 59 * MINUTE_MS };
    const next = await serve((asked) => feed(asked, [...activities, late]));
    const again = await pull(next.settings, new Map([["", cursor]]));
    expect(again.flatMap(({ documents }) => documents.map((one) => (one as FeedEvent).id))).toContain(late.id);
  });

  it("is told by whom it may be read", async () => {
    for (const status of [401, 403, 404]) {
      const { settings } = await serve(() => ({ status, body: { error: { type: "permission_error" } } }));
      const checks = await anthropicCompliance.check({ settings, now: NOW, signal: new AbortController().signal });
      expect(checks).toEqual([
        expect.objectContaining({ ok: false, advice: expect.stringContaining("read:compliance_activities") }),
      ]);
    }
  });
});
