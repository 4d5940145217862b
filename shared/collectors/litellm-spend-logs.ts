/**
 * LiteLLM's spend logs, from the proxy's own API: for gateways whose callbacks do not reach us.
 *
 * Interface: BerriAI/litellm 1.106.2, `spend_management_endpoints.py`, `/spend/logs/v2` (2026-10). Rows are written in
 * batches, up to a minute late, and by their start, so that a long answer comes later still. Deep pages are slow and
 * rows of one instant have no order, so each page is asked for from the second in which the one before ended.
 * Limits: needs a proxy with a database. A key that is no admin's is shown its own rows and no error.
 */
import { z } from "zod";
import { apiUrl, duration, secret } from "../config/settings.ts";
import { getJson, type JsonApi } from "../http/json.ts";
import { DAY_MS, type EpochMs, fromIsoTime, toIsoTime } from "../model/units.ts";
import { defineCollector, type FetchedPage } from "./collector.ts";
import { partOf, Settled, Trail, tried } from "./parts.ts";

const PATH = "/spend/logs/v2";

const Settings = z.strictObject({
  /** Of the proxy. */
  baseUrl: apiUrl,
  /** The master key, or that of a proxy admin (viewers too). */
  key: secret,
  /** Rows a page. Older proxies take at most 100. */
  pageSize: z.coerce.number().int().min(2).max(1_000).default(1_000),
  /** How late rows may be written. */
  lookBack: duration.prefault("10m"),
  /** How far the first run goes back. */
  history: duration.prefault("30d"),
});
type Settings = z.output<typeof Settings>;

const apiOf = ({ baseUrl, key }: Settings): JsonApi => ({
  vendor: "LiteLLM",
  baseUrl,
  headers: { authorization: `Bearer ${key}` },
  advice: {
    401: "the master key or a proxy admin's key is needed, and a proxy with a database",
    403: "the master key or a proxy admin's key is needed",
    404: "this proxy has no /spend/logs/v2: update LiteLLM, or have it push with the generic_api callback",
    422: "an older proxy, perhaps: set pageSize to 100",
  },
});

const SpendPage = z.object({ data: z.array(z.unknown()) });
const Row = z.object({ startTime: z.string(), request_id: z.string().optional() });

/** `YYYY-MM-DD HH:MM:SS`, UTC. */
const written = (time: EpochMs): string => toIsoTime(time).slice(0, 19).replace("T", " ");

export const litellmSpendLogs = defineCollector<Settings>({
  id: "litellm.spend-logs",
  title: "LiteLLM spend logs",
  settings: Settings,

  async *pull({ settings, cursors, now, signal }) {
    const settled = new Settled({ ...settings, cursor: cursors.get(""), now });
    yield* partOf("", signal, pagesOf(settings, settled, now, signal));
  },

  check: async ({ settings, now, signal }) => {
    const query = [
      ["start_date", written(now)],
      ["end_date", written(now)],
      ["page_size", "1"],
    ] as const;
    const question = { path: PATH, query, answer: SpendPage };
    return [await tried(`LiteLLM GET ${PATH}`, () => getJson(apiOf(settings), question, signal))];
  },
});

async function* pagesOf(
  settings: Settings,
  settled: Settled,
  now: EpochMs,
  signal: AbortSignal,
): AsyncGenerator<FetchedPage> {
  const api = apiOf(settings);
  const trail = new Trail(`LiteLLM ${PATH}`);
  let from = written(settled.from);
  for (let page = 1; ; ) {
    const query = [
      ["start_date", from],
      // Required, and inclusive. The proxy's clock may be ahead of ours.
      ["end_date", written((now + DAY_MS) as EpochMs)],
      ["sort_by", "startTime"],
      ["sort_order", "asc"],
      ["page", String(page)],
      ["page_size", String(settings.pageSize)],
    ] as const;
    const { value, serverTime } = await getJson(api, { path: PATH, query, answer: SpendPage }, signal);
    settled.vendorSays(serverTime);
    const more = value.data.length >= settings.pageSize;
    const last = Row.safeParse(value.data.at(-1)).data;
    const reached = last === undefined ? undefined : fromIsoTime(last.startTime);
    const cursor = settled.cursorAt(more ? (reached ?? settled.from) : "the end");
    yield { part: "", place: `LiteLLM ${PATH} from ${from}, page ${page}`, documents: value.data, ...cursor };
    if (!more) return;
    // A second with more rows than a page has is read page by page.
    const next = reached === undefined ? from : written(reached);
    page = next === from ? page + 1 : 1;
    from = next;
    trail.follow(`${last?.request_id} ${last?.startTime}`);
  }
}
