import { describe, expect, it, onTestFinished } from "vitest";
import { arrived, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { type AskedFor, inWeather, type Reply, serveJson } from "../../test/servers/json-api.ts";
import { EpochMs, HOUR_MS } from "../model/units.ts";
import { unwrap } from "../reading/envelopes.ts";
import { openaiUsage as source } from "../sources/openai-usage.ts";
import { openaiUsage } from "./openai-usage.ts";

const KEY = "sk-admin-made-up";
const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const HOUR_S = 3_600;
const ENDPOINTS = [
  ...["completions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions"],
  ...["vector_stores", "code_interpreter_sessions", "file_search_calls", "web_search_calls"],
];
const written = { key: "$" + "{env:OPENAI_ADMIN_KEY}", history: "50h" };

async function serve(reply: (asked: AskedFor) => Reply, given: Readonly<Record<string, unknown>> = {}) {
  const server = await serveJson(reply);
  onTestFinished(server.close);
  const settings = {
    ...openaiUsage.settings.parse({ ...written, ...given }),
    key: KEY,
    baseUrl: `${server.url}/v1`,
  };
  return { server, settings };
}

/** Hours from `start_time` to now, a day of them a page, as the vendor does where no limit is asked for. */
function usage(asked: AskedFor, { repeating = false, now = NOW as number } = {}): Reply {
  const endpoint = asked.path.split("/").at(-1) ?? "";
  const first = Number(asked.query.get("page")?.replace("page_", "") ?? asked.query.get("start_time"));
  const hours = Math.max(0, Math.ceil((now / 1_000 - first) / HOUR_S));
  const count = Math.min(24, hours);
  const data = Array.from({ length: count }, (_, hour) => bucket(endpoint, first + hour * HOUR_S));
  const more = hours > count;
  const next = repeating ? `page_${first}` : `page_${first + count * HOUR_S}`;
  return {
    headers: { date: new Date(now).toUTCString() },
    body: { object: "page", data, has_more: more || repeating, next_page: more || repeating ? next : null },
  };
}

const bucket = (endpoint: string, start: number, results = 1) => ({
  object: "bucket",
  start_time: start,
  end_time: start + HOUR_S,
  results: Array.from({ length: results }, (_, number) => ({
    object: `organization.usage.${endpoint === "file_search_calls" ? "file_searches" : endpoint}.result`,
    api_key_id: `key_${endpoint}_${start}_${number}`,
    num_model_requests: 1,
  })),
});

const idsIn = (document: unknown): string[] =>
  (document as ReturnType<typeof bucket>).results.map(({ api_key_id }) => api_key_id);

const firstHour = Math.floor((NOW - 50 * HOUR_MS) / HOUR_MS) * HOUR_S;

describeCollector({
  collector: openaiUsage,
  now: NOW,
  serve: async (weather) => {
    const { settings, server } = await serve(
      inWeather(weather, (asked) => usage(asked, { repeating: weather === "repeating" })),
    );
    return { settings, close: server.close };
  },
  ids: ENDPOINTS.flatMap((endpoint) =>
    Array.from({ length: 51 }, (_, hour) => `key_${endpoint}_${firstHour + hour * HOUR_S}_0`),
  ),
  idsIn,
  written,
  secrets: ["key"],
  shortRun: 12,
});

describe("openai.usage", () => {
  const pull = (
    settings: Parameters<typeof openaiUsage.pull>[0]["settings"],
    cursors: ReadonlyMap<string, string> = new Map(),
    now = NOW,
  ) => pagesOf(openaiUsage, settings, now, cursors);

  it("asks each of the ten endpoints by the hour, grouped by all it can be grouped by", async () => {
    const { server, settings } = await serve((asked) => usage(asked));
    await pull(settings, new Map(ENDPOINTS.map((endpoint) => [endpoint, new Date(NOW).toISOString()])));
    expect(server.asked.map(({ path }) => path)).toEqual(ENDPOINTS.map((one) => `/v1/organization/usage/${one}`));
    const [completions] = server.asked;
    expect(completions?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(completions?.query.get("bucket_width")).toBe("1h");
    expect(completions?.query.getAll("group_by")).toEqual([
      ...["project_id", "user_id", "api_key_id"],
      ...["model", "batch", "service_tier"],
    ]);
    expect(Number(completions?.query.get("start_time"))).toBe(Date.UTC(2026, 8, 14, 10) / 1_000);
  });

  it("reads the last three hours again every time, from the beginning of an hour", async () => {
    const { settings } = await serve((asked) => usage(asked));
    const cursors = new Map(arrived(await pull(settings)).map(({ part, cursor }) => [part, cursor ?? ""]));
    expect([...new Set(cursors.values())]).toEqual(["2026-09-14T07:20:00.000Z"]);
    const pages = await pull(settings, cursors);
    expect(arrived(pages)[0]?.documents).toHaveLength(4);
  });

  it("reads the last two days again where buckets are days", async () => {
    const { server, settings } = await serve((asked) => usage(asked), { bucketWidth: "1d", history: "4d" });
    const cursors = new Map(arrived(await pull(settings)).map(({ part, cursor }) => [part, cursor ?? ""]));
    expect([...new Set(cursors.values())]).toEqual(["2026-09-12T10:20:00.000Z"]);
    await pull(settings, cursors);
    expect(Number(server.asked.at(-1)?.query.get("start_time"))).toBe(Date.UTC(2026, 8, 12) / 1_000);
  });

  it("passes over nothing when a clock is wrong, ours or the vendor's", async () => {
    for (const [ours, theirs] of [
      [NOW, NOW - 9 * HOUR_MS],
      [NOW, NOW + 9 * HOUR_MS],
    ] as const) {
      const { settings } = await serve((asked) => usage(asked, { now: theirs }));
      const cursor = arrived(await pull(settings, new Map(), EpochMs.parse(ours))).findLast(
        ({ part }) => part === "completions",
      )?.cursor;
      expect(Date.parse(cursor ?? "")).toBe(Math.min(ours, theirs) - 3 * HOUR_MS);
    }
  });

  it("goes on with the other endpoints where one is missing", async () => {
    const { settings } = await serve((asked) => (asked.path.endsWith("/images") ? { status: 404 } : usage(asked)));
    const pages = await pull(settings);
    expect(pages.filter((page) => "failed" in page).map(({ part }) => part)).toEqual(["images"]);
    expect(new Set(arrived(pages).map(({ part }) => part)).size).toBe(9);
  });

  it("asks no further endpoint with a key that has ended", async () => {
    const { server, settings } = await serve(() => ({ status: 401 }));
    await expect(pull(settings)).rejects.toMatchObject({ code: "upstream-refused", message: /sk-admin-/ });
    expect(server.asked).toHaveLength(1);
  });

  it("forgets a page that was cut short", async () => {
    let cut = true;
    const { settings } = await serve((asked) => {
      const reply = usage(asked);
      if (!cut || !asked.query.has("page")) return reply;
      cut = false;
      return { ...reply, cutAfter: 200 };
    });
    const pages = await pull(settings);
    expect(pages.filter((page) => "failed" in page)).toEqual([]);
    expect(cut).toBe(false);
  });

  it("hands out a bucket of an organization with many keys in parts that a message can hold", async () => {
    const { settings } = await serve((asked) => {
      const { query } = asked;
      const start = Number(query.get("start_time"));
      return { body: { object: "page", data: [bucket("completions", start, 1_201)], has_more: false } };
    });
    const [page] = arrived(await pull(settings));
    expect(page?.documents.map((document) => idsIn(document).length)).toEqual([500, 500, 201]);
    const activities = [...unwrap(page?.documents)].flatMap((record) => {
      const reading = source.read(record);
      return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
    });
    expect(new Set(activities.map(({ uid }) => uid)).size).toBe(1_201);
  });

  it("names the admin key that is missing", async () => {
    const { settings } = await serve(() => ({ status: 403 }));
    const checks = await openaiUsage.check({ settings, now: NOW, signal: new AbortController().signal });
    expect(checks).toEqual([
      expect.objectContaining({ ok: false, advice: expect.stringMatching(/sk-admin-.*api\.usage\.read/) }),
    ]);
  });
});
