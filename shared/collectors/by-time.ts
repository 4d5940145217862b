/**
 * Logs that are asked for a stretch of time, page by page with a token: at the pace that is allowed, and with the
 * time looked back that records may be late.
 */
import { type EpochMs, fromIsoTime, MINUTE_MS, toIsoTime } from "../model/units.ts";
import type { FetchedPage, Page, PullContext } from "./collector.ts";
import { pace } from "./pace.ts";
import { partOf, Settled, Trail } from "./parts.ts";
import { inWindows, type WindowEnd } from "./time-windows.ts";

export interface LogByTime {
  readonly part: string;
  /** All of them are asked for each window. */
  readonly questions: readonly Question[];
  /** How far the first run goes back. */
  readonly historyMs: number;
  /** How late a record may come. */
  readonly lookBackMs: number;
  readonly requestsPerSecond: number;
  /** In milliseconds, how far the vendor's clock is ahead of ours, as the last answer showed. */
  clockOffset(): number;
}

export interface Question {
  /** For places: `bedrock.amazonaws.com`. */
  readonly name: string;
  /** `from` and `to` both included. Throws a PipelineError. */
  ask(window: Window, token: string | undefined): Promise<Answer>;
}

export interface Window {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

export interface Answer {
  readonly documents: readonly unknown[];
  /** Absent on the last page. A page without documents may have one. */
  readonly nextToken: string | undefined;
}

/** Up to now, or to the end of the run. Never throws a PipelineError: other parts go on. */
export const pullByTime = (
  log: LogByTime,
  { cursors, now, signal }: Pick<PullContext<unknown>, "cursors" | "now" | "signal">,
): AsyncGenerator<Page> => {
  const { part, historyMs, lookBackMs } = log;
  const settled = new Settled({ cursor: cursors.get(part), now, history: historyMs, lookBack: lookBackMs });
  return partOf(part, signal, windowsOf(log, settled, now, signal));
};

async function* windowsOf(
  log: LogByTime,
  settled: Settled,
  now: EpochMs,
  signal: AbortSignal,
): AsyncGenerator<FetchedPage> {
  const { part, requestsPerSecond } = log;
  const turn = pace(requestsPerSecond, signal);
  const windows = inWindows({ part, from: settled.from, until: now }, (start, end) =>
    pullWindow(log, { from: start, to: end }, async () => {
      await turn();
      return !signal.aborted;
    }),
  );
  for await (const { cursor, ...page } of windows) {
    // The SDK measures by a header in whole seconds and by how long an answer takes: less than a minute says nothing.
    settled.vendorSays((now + Math.trunc(log.clockOffset() / MINUTE_MS) * MINUTE_MS) as EpochMs);
    const reached = cursor === undefined ? undefined : fromIsoTime(cursor);
    yield { ...page, ...(reached === undefined ? {} : settled.cursorAt(reached)) };
  }
}

/** `mayGoOn` waits for the next request's turn; false where the run is over. */
async function* pullWindow(
  { part, questions }: LogByTime,
  window: Window,
  mayGoOn: () => Promise<boolean>,
): AsyncGenerator<FetchedPage, WindowEnd> {
  let pages = 0;
  for (const { name, ask } of questions) {
    const where = `${part} ${name} from ${toIsoTime(window.from)}`;
    const trail = new Trail(where);
    for (let token: string | undefined, number = 1; ; number++) {
      if (!(await mayGoOn())) return "stopped";
      const { documents, nextToken } = await ask(window, token);
      pages++;
      if (documents.length > 0) yield { part, documents, place: `${where}, page ${number}` };
      if (nextToken === undefined) break;
      token = trail.follow(nextToken);
    }
  }
  return pages > questions.length ? "full" : "sparse";
}
