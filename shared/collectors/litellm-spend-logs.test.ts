import { describe, expect, it, onTestFinished } from "vitest";
import { arrived, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { type AskedFor, inWeather, type Reply, serveJson } from "../../test/servers/json-api.ts";
import { EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from "../model/units.ts";
import { litellmSpend as source } from "../sources/litellm-spend.ts";
import { litellmSpendLogs } from "./litellm-spend-logs.ts";

const KEY = "sk-made-up-master-key";
const NOW = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
const written = { baseUrl: "http://litellm.example:4000", key: "$" + "{env:LITELLM_MASTER_KEY}", pageSize: "5" };

async function serve(reply: (asked: AskedFor) => Reply) {
  const server = await serveJson(reply);
  onTestFinished(server.close);
  const settings = { ...litellmSpendLogs.settings.parse(written), key: KEY, baseUrl: server.url };
  return { server, settings };
}

const row = (id: string, time: number) => ({
  request_id: id,
  call_type: "acompletion",
  api_key: "litellm_proxy_master_key",
  spend: 0.01,
  startTime: new Date(time).toISOString(),
  endTime: new Date(time + 900).toISOString(),
  model: "gpt-4o-mini",
  custom_llm_provider: "openai",
  prompt_tokens: 3,
  completion_tokens: 4,
  status: "success",
  metadata: {},
  messages: {},
  response: {},
});
type Row = ReturnType<typeof row>;

/** Spread over a day, and a burst of twelve within one second. */
const spread = Array.from({ length: 30 }, (_, at) =>
  row(`chatcmpl-${at}`, NOW - 24 * HOUR_MS + at * 40 * MINUTE_MS),
);
const burst = Array.from({ length: 12 }, (_, at) => row(`burst-${at}`, NOW - 10 * HOUR_MS + at * 70));

const proxyTime = (text: string | null) => Date.parse(`${text?.replace(" ", "T")}Z`);

function spendLogs(asked: AskedFor, rows: readonly Row[], { repeating = false, now = NOW as number } = {}): Reply {
  const { query } = asked;
  const size = Number(query.get("page_size"));
  const skip = repeating ? 0 : (Number(query.get("page")) - 1) * size;
  const listed = rows
    .filter(({ startTime }) => {
      const time = Date.parse(startTime);
      const begins = repeating ? 0 : proxyTime(query.get("start_date"));
      return time >= begins && time <= proxyTime(query.get("end_date")) && time <= now;
    })
    .sort((a, b) => Date.parse(a.startTime) - Date.parse(b.startTime));
  return {
    headers: { date: new Date(now).toUTCString() },
    body: {
      data: listed.slice(skip, skip + size),
      total: listed.length,
      page: 1,
      page_size: size,
      total_pages: 9,
    },
  };
}

describeCollector({
  collector: litellmSpendLogs,
  now: NOW,
  serve: async (weather) => {
    const { settings, server } = await serve(
      inWeather(weather, (asked) =>
        spendLogs(asked, [...spread, ...burst], { repeating: weather === "repeating" }),
      ),
    );
    return { settings, close: server.close };
  },
  ids: [...spread, ...burst].map(({ request_id }) => request_id),
  idsIn: (document) => [(document as Row).request_id],
  written,
  secrets: ["key"],
});

describe("litellm.spend-logs", () => {
  const pull = async (
    settings: Parameters<typeof litellmSpendLogs.pull>[0]["settings"],
    cursors: ReadonlyMap<string, string> = new Map(),
    now = NOW,
  ) => arrived(await pagesOf(litellmSpendLogs, settings, now, cursors));

  it("asks by time in the proxy's words, oldest first, and brings rows that the source reads", async () => {
    const { server, settings } = await serve((asked) => spendLogs(asked, spread));
    const pages = await pull(settings, new Map([["", "2026-09-14T00:00:30.500Z"]]));
    expect(Object.fromEntries(server.asked[0]?.query ?? [])).toEqual({
      start_date: "2026-09-14 00:00:30",
      end_date: "2026-09-15 10:20:00",
      sort_by: "startTime",
      sort_order: "asc",
      page: "1",
      page_size: "5",
    });
    expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    const [document] = pages.flatMap(({ documents }) => documents);
    expect(source.read(document)).toMatchObject({ activities: [{ kind: "call" }] });
  });

  it("takes a page of exactly the size for one with more behind it, and one row less for the last", async () => {
    for (const [rows, requests] of [
      [spread.slice(0, 4), 1],
      [spread.slice(0, 5), 2],
    ] as const) {
      const { server, settings } = await serve((asked) => spendLogs(asked, rows));
      await pull(settings);
      expect(server.asked).toHaveLength(requests);
    }
  });

  it("keeps its cursor ten minutes behind, by the clock that is behind", async () => {
    for (const [ours, theirs] of [
      [NOW, NOW],
      [NOW, NOW + HOUR_MS],
      [NOW + HOUR_MS, NOW],
    ] as const) {
      const { settings } = await serve((asked) => spendLogs(asked, spread, { now: theirs }));
      const cursor = (await pull(settings, new Map(), EpochMs.parse(ours))).at(-1)?.cursor;
      expect(Date.parse(cursor ?? "")).toBe(NOW - 10 * MINUTE_MS);
    }
  });

  it("sees rows that were written late, and rows of a proxy whose clock is ahead", async () => {
    const { settings } = await serve((asked) => spendLogs(asked, spread));
    const cursor = (await pull(settings)).at(-1)?.cursor ?? "";
    const late = row("late", NOW - 9 * MINUTE_MS);
    const ahead = row("ahead", NOW + 30 * SECOND_MS);
    const next = await serve((asked) => spendLogs(asked, [...spread, late, ahead], { now: NOW + MINUTE_MS }));
    const documents = (await pull(next.settings, new Map([["", cursor]]))).flatMap((page) => page.documents);
    expect(documents.map((document) => (document as Row).request_id)).toEqual(
      expect.arrayContaining(["late", "ahead"]),
    );
  });

  it("says what a proxy without a database, an old one and a user's key look like", async () => {
    for (const [status, todo] of [
      [401, /database/],
      [403, /proxy admin/],
      [404, /update LiteLLM/],
      [422, /pageSize/],
    ] as const) {
      const { settings } = await serve(() => ({ status, body: { error: { type: "auth_error" } } }));
      const checks = await litellmSpendLogs.check({ settings, now: NOW, signal: new AbortController().signal });
      expect(checks).toEqual([expect.objectContaining({ ok: false, advice: expect.stringMatching(todo) })]);
    }
  });
});
