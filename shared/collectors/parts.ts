/** What collectors of HTTP APIs share: how a part fails, where it resumes, what doctor tries. */
import { HttpError } from "../http/json.ts";
import { PipelineError } from "../model/errors.ts";
import { type EpochMs, fromIsoTime, toIsoTime } from "../model/units.ts";
import type { Check, FetchedPage, Page } from "./collector.ts";

/**
 * The pages of one part, and how it failed if it did: the next part may fare better. Only a key that is no key ends
 * the whole run. What the end of the run broke off is no failure.
 */
export async function* partOf(
  part: string,
  signal: AbortSignal,
  pages: AsyncIterable<FetchedPage>,
): AsyncGenerator<Page> {
  if (signal.aborted) return;
  try {
    for await (const page of pages) {
      yield page;
      if (signal.aborted) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof PipelineError) || (error instanceof HttpError && error.status === 401)) throw error;
    yield { part, failed: error };
  }
}

/** How a request failed, as a value. What is no failure of ours or of the vendor's is thrown on. */
export function asFailure(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  throw error;
}

/**
 * How far a part is settled: all before it is on the bus and will not change any more. That is its cursor. Late
 * records and corrections are read again while they may come, and a backlog longer than a run still makes way.
 */
export class Settled {
  /** Where to begin: the cursor, or `history` before now. */
  readonly from: EpochMs;
  readonly #lookBack: number;
  #now: EpochMs;

  constructor(where: {
    readonly cursor: string | undefined;
    readonly now: EpochMs;
    readonly history: number;
    readonly lookBack: number;
  }) {
    const { cursor, now, history, lookBack } = where;
    const reached = cursor === undefined ? undefined : fromIsoTime(cursor);
    this.from = reached ?? (Math.max(0, now - history) as EpochMs);
    this.#now = now;
    this.#lookBack = lookBack;
  }

  /** Of two clocks the one behind counts, or what comes in between would be passed over. */
  vendorSays(serverTime: EpochMs | undefined): void {
    if (serverTime !== undefined && serverTime < this.#now) this.#now = serverTime;
  }

  /** Of a page, once all before `reached` has been read, or all there is. None where it has not moved. */
  cursorAt(reached: EpochMs | "the end"): { readonly cursor?: string } {
    const latest = this.#now - this.#lookBack;
    const settled = (reached === "the end" ? latest : Math.min(reached, latest)) as EpochMs;
    return settled > this.from ? { cursor: toIsoTime(settled) } : {};
  }
}

/** Throws where a vendor says for the second time that the next page is there: following it would never end. */
export class Trail {
  readonly #seen = new Set<string>();
  readonly #where: string;

  /** As messages name it: `OpenAI usage, completions`. */
  constructor(where: string) {
    this.#where = where;
  }

  follow(next: string | null | undefined): string {
    if (!next)
      throw new PipelineError("upstream-unavailable", `${this.#where}: there is more, it is not said where`);
    if (this.#seen.has(next))
      throw new PipelineError("upstream-unavailable", `${this.#where}: one page comes twice`);
    this.#seen.add(next);
    return next;
  }
}

/** Never throws. */
export async function tried(what: string, attempt: () => Promise<unknown>): Promise<Check> {
  try {
    await attempt();
    return { what, ok: true };
  } catch (error) {
    return { what, ok: false, advice: error instanceof Error ? error.message : String(error) };
  }
}
