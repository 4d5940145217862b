/**
 * Feeds of events that are listed newest first, with an id to go on from: OpenAI's audit log and Anthropic's activity
 * feed. Read window by window, oldest first, so that a cursor can follow.
 */
import { z } from "zod";
import { getJson, type JsonApi } from "../http/json.ts";
import { type EpochMs, fromIsoTime } from "../model/units.ts";
import type { Collector, FetchedPage } from "./collector.ts";
import { partOf, Settled, Trail, tried } from "./parts.ts";
import { inWindows, type WindowEnd } from "./time-windows.ts";

export interface Feed {
  readonly api: JsonApi;
  readonly path: string;
  readonly limit: number;
  /** Parameters: from (inclusive), until (exclusive), the id behind which older ones follow. */
  readonly names: { readonly from: string; readonly until: string; readonly after: string };
  write(time: EpochMs): string;
}

const FeedPage = z.object({
  data: z.array(z.unknown()).nullish(),
  has_more: z.boolean().nullish(),
  last_id: z.string().nullish(),
});

/** How such a feed is pulled and checked. */
export const oneFeed = <Settings extends { readonly history: number; readonly lookBack: number }>(
  feedOf: (settings: Settings) => Feed,
): Pick<Collector<Settings>, "pull" | "check"> => ({
  async *pull({ settings, cursors, now, signal }) {
    const { history, lookBack } = settings;
    const settled = new Settled({ cursor: cursors.get(""), now, history, lookBack });
    yield* partOf("", signal, feedPages(feedOf(settings), settled, now, signal));
  },

  check: async ({ settings, signal }) => {
    const { api, path } = feedOf(settings);
    const question = { path, query: [["limit", "1"]] as const, answer: FeedPage };
    return [await tried(`${api.vendor} GET ${path}`, () => getJson(api, question, signal))];
  },
});

async function* feedPages(
  feed: Feed,
  settled: Settled,
  now: EpochMs,
  signal: AbortSignal,
): AsyncGenerator<FetchedPage> {
  const windows = inWindows({ part: "", from: settled.from, until: now }, (from, until) =>
    windowPages(feed, from, until, settled, signal),
  );
  for await (const { cursor, ...page } of windows) {
    const reached = cursor === undefined ? undefined : fromIsoTime(cursor);
    yield { ...page, ...(reached === undefined ? {} : settled.cursorAt(reached)) };
  }
}

async function* windowPages(
  { api, path, limit, names, write }: Feed,
  from: EpochMs,
  until: EpochMs,
  settled: Settled,
  signal: AbortSignal,
): AsyncGenerator<FetchedPage, WindowEnd> {
  const place = `${api.vendor} ${path} from ${write(from)}`;
  const trail = new Trail(place);
  const window = [
    ["limit", String(limit)],
    [names.from, write(from)],
    [names.until, write(until)],
  ] as const;
  for (let after: string | undefined, pages = 1; ; pages++) {
    if (signal.aborted) return "stopped";
    const query = after === undefined ? window : [...window, [names.after, after] as const];
    const { value, serverTime } = await getJson(api, { path, query, answer: FeedPage }, signal);
    settled.vendorSays(serverTime);
    yield { part: "", place: `${place}, page ${pages}`, documents: value.data ?? [] };
    if (!value.has_more) return pages === 1 ? "sparse" : "full";
    after = trail.follow(value.last_id);
  }
}
