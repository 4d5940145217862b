/** Events listed newest first, with an id to go on from: how OpenAI's audit log and Anthropic's feed answer. */
import type { AskedFor, Reply } from "./json-api.ts";

export interface FeedEvent {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly time: number;
}

export function feedPage<Event extends FeedEvent>(
  asked: AskedFor,
  events: readonly Event[],
  given: {
    readonly names: { readonly from: string; readonly until: string; readonly after: string };
    readTime(text: string): number;
    write(event: Event): unknown;
    /** At most this many a page, whatever is asked for. */
    readonly most: number;
    readonly repeating?: boolean;
    /** Epoch milliseconds. */
    readonly now: number;
  },
): Reply {
  const { names, readTime, write, most, repeating = false, now } = given;
  const from = readTime(asked.query.get(names.from) ?? "0");
  const until = asked.query.get(names.until);
  const listed = events
    .filter(({ time }) => time >= from && (until === null || time < readTime(until)) && time <= now)
    .sort((a, b) => b.time - a.time);
  const after = asked.query.get(names.after);
  const first = after === null || repeating ? 0 : listed.findIndex(({ id }) => id === after) + 1;
  const page = listed.slice(first, first + Math.min(most, Number(asked.query.get("limit") ?? 20)));
  return {
    headers: { date: new Date(now).toUTCString() },
    body: {
      data: page.map(write),
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
      has_more: page.length > 0 && (repeating || first + page.length < listed.length),
    },
  };
}
