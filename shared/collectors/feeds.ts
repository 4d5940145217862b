/**
 * Feeds of events that are listed newest first, with an id to go on from: OpenAI's audit log and Anthropic's activity
 * feed. Read window by window, oldest first, so that a cursor can follow.
 */
import { z } from "zod";
import { getJson, type JsonApi } from "../http/json.ts";
import { type EpochMs, fromIsoTime } from "../model/units.ts";
import type { FetchedPage } from "./collector.ts";
import { type Settled, Trail } from "./parts.ts";
import { inWindows, type WindowEnd } from "./time-windows.ts";

export interface Feed {
  readonly api: JsonApi;
  readonly path: string;
  readonly limit: number;
  /** Parameters: from (inclusive), until (exclusive), the id behind which older ones follow. */
  readonly names: { readonly from: string; readonly until: string; readonly after: string };
  write(time: EpochMs): string;
}

export const FeedPage = z.object({
  data: z.array(z.unknown()).nullish(),
  has_more: z.boolean().nullish(),
  last_id: z.string().nullish(),
});

export async function* feedPages(
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
    yield { part: "", place, documents: value.data ?? [] };
    if (!value.has_more) return pages === 1 ? "sparse" : "full";
    after = trail.follow(value.last_id);
  }
}
