import { describe, expect, it, onTestFinished } from "vitest";
import { arrived, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { type FeedEvent, feedPage } from "../../test/servers/event-feed.ts";
import { type AskedFor, inWeather, type Reply, serveJson } from "../../test/servers/json-api.ts";
import { DAY_MS, EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import { openaiAudit as source } from "../sources/openai-audit.ts";
import type { Page } from "./collector.ts";
import { openaiAudit } from "./openai-audit.ts";

const KEY = "sk-admin-made-up";
const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const written = { key: "$" + "{env:OPENAI_ADMIN_KEY}", history: "4d" };

async function serve(reply: (asked: AskedFor) => Reply) {
  const server = await serveJson(reply);
  onTestFinished(server.close);
  const settings = { ...openaiAudit.settings.parse(written), key: KEY, baseUrl: `${server.url}/v1` };
  return { server, settings };
}

const event = (id: string, time: number): FeedEvent => ({ id, time });
const everyHours = Array.from({ length: 45 }, (_, at) =>
  event(`audit_log-${at}`, NOW - at * 2 * HOUR_MS - MINUTE_MS),
);

const audit = (asked: AskedFor, events: readonly FeedEvent[], { repeating = false, now = NOW as number } = {}) =>
  feedPage(asked, events, {
    names: { from: "effective_at[gte]", until: "effective_at[lt]", after: "after" },
    readTime: (text) => Number(text) * 1_000,
    write: ({ id, time }) => ({
      object: "organization.audit_log",
      id,
      type: "api_key.created",
      effective_at: Math.floor(time / 1_000),
      actor: { type: "api_key", api_key: { id: "key_1", type: "user", user: { id: "user-1" } } },
      "api_key.created": { id: `key_${id}`, data: { scopes: ["a.b"] } },
    }),
    most: 4,
    repeating,
    now,
  });

describeCollector({
  collector: openaiAudit,
  now: NOW,
  serve: async (weather) => {
    const { settings, server } = await serve(
      inWeather(weather, (asked) => audit(asked, everyHours, { repeating: weather === "repeating" })),
    );
    return { settings, close: server.close };
  },
  ids: everyHours.map(({ id }) => id),
  idsIn: (document) => [(document as FeedEvent).id],
  written,
  secrets: ["key"],
  // A day of them is read every time.
  shortRun: 16,
});

describe("openai.audit", () => {
  const pull = (
    settings: Parameters<typeof openaiAudit.pull>[0]["settings"],
    cursors: ReadonlyMap<string, string> = new Map(),
    now = NOW,
  ) => pagesOf(openaiAudit, settings, now, cursors);
  const cursorOf = (pages: readonly Page[]) =>
    arrived(pages).findLast(({ cursor }) => cursor !== undefined)?.cursor;
  const idsOf = (pages: readonly Page[]) =>
    arrived(pages).flatMap(({ documents }) => documents.map((document) => (document as FeedEvent).id));

  it("brings records that the source reads", async () => {
    const { settings } = await serve((asked) => audit(asked, everyHours.slice(0, 3)));
    const documents = arrived(await pull(settings)).flatMap((page) => page.documents);
    expect(documents.map((document) => source.read(document))).toEqual(
      Array.from({ length: 3 }, () => ({
        activities: [expect.objectContaining({ operation: "api_key.created" })],
      })),
    );
  });

  it("keeps its cursor a day behind, so that what comes late is seen", async () => {
    const late = event("audit_log-late", NOW - 23 * HOUR_MS);
    const { settings } = await serve((asked) => audit(asked, everyHours));
    const cursor = cursorOf(await pull(settings));
    expect(cursor).toBe(new Date(NOW - DAY_MS).toISOString());

    const next = await serve((asked) => audit(asked, [...everyHours, late], { now: NOW + 5 * MINUTE_MS }));
    const again = await pull(next.settings, new Map([["", cursor ?? ""]]), EpochMs.parse(NOW + 5 * MINUTE_MS));
    expect(idsOf(again)).toContain(late.id);
    expect(idsOf(again)).not.toContain("audit_log-20");
  });

  it("passes over nothing when a clock is wrong, ours or the vendor's", async () => {
    for (const [ours, theirs] of [
      [NOW + 2 * DAY_MS, NOW],
      [NOW, NOW + 2 * DAY_MS],
    ] as const) {
      const { settings } = await serve((asked) => audit(asked, everyHours, { now: theirs }));
      const cursor = cursorOf(await pull(settings, new Map(), EpochMs.parse(ours)));
      expect(Date.parse(cursor ?? "")).toBe(NOW - DAY_MS);
    }
  });

  it("gets past years of silence", async () => {
    const { settings, server } = await serve((asked) => audit(asked, []));
    const years = { ...settings, history: 400 * DAY_MS };
    expect(cursorOf(await pull(years))).toBe(new Date(NOW - DAY_MS).toISOString());
    expect(server.asked.length).toBeLessThan(420);
  });

  it("goes on past an empty page that says there is more", async () => {
    let empty = true;
    const { settings } = await serve((asked) => {
      if (!empty) return audit(asked, everyHours);
      empty = false;
      return { body: { data: [], has_more: true, last_id: "audit_log-0" } };
    });
    expect((await pull(settings)).filter((page) => "failed" in page)).toEqual([]);

    const nowhere = await serve(() => ({ body: { data: [], has_more: true, last_id: null } }));
    expect(await pull(nowhere.settings)).toContainEqual({
      part: "",
      failed: expect.objectContaining({ code: "upstream-unavailable" }),
    });
  });

  it("says that logging has to be switched on", async () => {
    const { settings } = await serve(() => ({ status: 403 }));
    const checks = await openaiAudit.check({ settings, now: NOW, signal: new AbortController().signal });
    expect(checks).toEqual([
      expect.objectContaining({ ok: false, advice: expect.stringMatching(/sk-admin-.*data controls/) }),
    ]);
  });
});
