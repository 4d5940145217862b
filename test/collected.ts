/** A run of a collector: what it fetched, what failed, where it stands. */
import type { Collector, FetchedPage, Page } from "../shared/collectors/collector.ts";
import type { RawRecord, Reject } from "../shared/model/raw-record.ts";
import type { EpochMs } from "../shared/model/units.ts";
import { type Collected, collect } from "../shared/pipeline/collect.ts";
import { sources } from "../shared/registry.ts";

export async function pagesOf<Settings>(
  collector: Collector<Settings>,
  settings: Settings,
  now: EpochMs,
  cursors: ReadonlyMap<string, string> = new Map(),
): Promise<Page[]> {
  const { signal } = new AbortController();
  return Array.fromAsync(collector.pull({ settings, cursors, now, signal }));
}

/** Throws the failure of a part that has one. */
export const fetched = (pages: readonly Page[]): FetchedPage[] =>
  pages.map((page) => {
    if ("failed" in page) throw page.failed;
    return page;
  });

/** Without the failures. */
export const arrived = (pages: readonly Page[]): FetchedPage[] =>
  pages.flatMap((page) => ("failed" in page ? [] : [page]));

export const documentsOf = (pages: readonly Page[]): unknown[] =>
  fetched(pages).flatMap(({ documents }) => documents);

export const unreadableOf = (pages: readonly Page[]): string[] =>
  fetched(pages).flatMap(({ unreadable = [] }) => unreadable.map(({ reason }) => reason));

export const failuresOf = (pages: readonly Page[]): [part: string, code: string, message: string][] =>
  pages.flatMap((page) => ("failed" in page ? [[page.part, page.failed.code, page.failed.message]] : []));

/** As they are saved once the pages are on the bus. */
export const cursorsOf = (pages: readonly Page[], before: ReadonlyMap<string, string> = new Map()) =>
  new Map([
    ...before,
    ...fetched(pages).flatMap(({ part, cursor }) => (cursor === undefined ? [] : [[part, cursor] as const])),
  ]);

/** What a first run of `collect` puts on the bus. */
export async function published<Settings>(
  collector: Collector<Settings>,
  settings: Settings,
  now: EpochMs,
): Promise<{
  readonly total: Collected;
  readonly records: readonly RawRecord[];
  readonly rejects: readonly Reject[];
}> {
  const records: RawRecord[] = [];
  const rejects: Reject[] = [];
  const total = await collect(collector, settings, {
    sources,
    loadCursors: async () => new Map(),
    saveCursor: async () => {},
    publish: async (read, rejected) => {
      records.push(...read);
      rejects.push(...rejected);
    },
    now: () => now,
    signal: new AbortController().signal,
  });
  return { total, records, rejects };
}
