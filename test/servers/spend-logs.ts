/** LiteLLM's `/spend/logs/v2`: rows between two seconds, oldest first as the collector asks for them, in pages. */
import type { AskedFor, Reply } from "./json-api.ts";

export interface SpendRow {
  readonly request_id: string;
  /** `YYYY-MM-DD HH:MM:SS.ffffff` */
  readonly startTime: string;
}

export function spendLogs(rows: readonly SpendRow[]): (asked: AskedFor) => Reply {
  const sorted = rows.toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1));
  return ({ query }) => {
    const [from, to] = [query.get("start_date") ?? "", query.get("end_date") ?? "9"];
    const page = Number(query.get("page") ?? 1);
    const size = Number(query.get("page_size") ?? 50);
    const found = sorted.filter(({ startTime }) => startTime >= from && startTime <= `${to}~`);
    return {
      body: {
        data: found.slice((page - 1) * size, page * size),
        total: found.length,
        page,
        page_size: size,
        total_pages: Math.ceil(found.length / size),
      },
    };
  };
}
