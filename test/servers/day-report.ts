/** A report in buckets of a day, seven a page: how OpenAI and Anthropic answer about costs. */
import { DAY_MS } from "../../shared/model/units.ts";
import type { AskedFor, Reply } from "./json-api.ts";

export function dayReport(
  { query }: AskedFor,
  given: {
    /** Of the first bucket, in epoch milliseconds. */
    readonly from: number;
    bucket(start: number): unknown;
    readonly repeating?: boolean;
    readonly now: number;
  },
): Reply {
  const { from, bucket, repeating = false, now } = given;
  const first = Number(query.get("page")?.replace("page_", "") ?? from);
  const days = Math.max(0, Math.ceil((now - first) / DAY_MS));
  const count = Math.min(Number(query.get("limit") ?? 7), days);
  const more = repeating || days > count;
  return {
    headers: { date: new Date(now).toUTCString() },
    body: {
      object: "page",
      data: Array.from({ length: count }, (_, day) => bucket(first + day * DAY_MS)),
      has_more: more,
      next_page: more ? `page_${repeating ? first : first + count * DAY_MS}` : null,
    },
  };
}
