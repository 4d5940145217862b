/**
 * A stretch of time in windows, oldest first, so that a cursor can follow: for logs that are asked for a stretch of
 * time and answer newest first, or in no order.
 */
import { DAY_MS, type EpochMs, HOUR_MS, toIsoTime } from "../model/units.ts";
import type { FetchedPage } from "./collector.ts";

/** Windows grow while they hold little, so that a first run through a quiet quarter is short. */
const SHORTEST_MS = HOUR_MS;
const LONGEST_MS = DAY_MS;

/** How a window ended. `sparse`: it held little. `stopped`: the run is over. */
export type WindowEnd = "sparse" | "full" | "stopped";

/** Pages of one window after the other. Behind each stands a page without documents that moves the cursor. */
export async function* inWindows(
  { part, from, until }: { readonly part: string; readonly from: EpochMs; readonly until: EpochMs },
  pull: (from: EpochMs, to: EpochMs) => AsyncGenerator<FetchedPage, WindowEnd>,
): AsyncGenerator<FetchedPage> {
  let length = SHORTEST_MS;
  for (let start = from; start < until; ) {
    const end = Math.min(start + length, until) as EpochMs;
    const ended = yield* pull(start, end);
    if (ended === "stopped") return;
    yield { part, documents: [], place: part, cursor: toIsoTime(end) };
    length = ended === "sparse" ? Math.min(length * 2, LONGEST_MS) : SHORTEST_MS;
    start = end;
  }
}
