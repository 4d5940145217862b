/**
 * One run of one collector: every page is on the bus before its cursor moves. At least once, never lost; a part that
 * fails does not stop the others.
 */
import type { Collector, PullContext } from "../collectors/collector.ts";
import type { PipelineError } from "../model/errors.ts";
import type { RawRecord, Reject } from "../model/raw-record.ts";
import type { EpochMs } from "../model/units.ts";
import { unwrap } from "../reading/envelopes.ts";
import { sourceOf } from "../reading/read-logs.ts";
import type { Source } from "../sources/source.ts";

export interface CollectPorts {
  readonly sources: readonly Source[];
  /** By part; of this collector as it is named in the configuration. */
  loadCursors(): Promise<ReadonlyMap<string, string>>;
  saveCursor(part: string, cursor: string): Promise<void>;
  /** Resolves when the bus has them. `place` is the page's, for what turns out to be no message. */
  publish(records: readonly RawRecord[], rejects: readonly Reject[], place: string): Promise<void>;
  now(): EpochMs;
  readonly signal: AbortSignal;
}

export interface Collected {
  readonly pages: number;
  readonly records: number;
  readonly rejects: number;
  readonly failures: readonly { readonly part: string; readonly error: PipelineError }[];
}

/** Throws what `publish` and the cursor port throw, and a PipelineError where nothing can be fetched at all. */
export async function collect<Settings>(
  collector: Collector<Settings>,
  settings: Settings,
  ports: CollectPorts,
): Promise<Collected> {
  const total = { pages: 0, records: 0, rejects: 0 };
  const failures: { part: string; error: PipelineError }[] = [];
  const context: PullContext<Settings> = {
    settings,
    cursors: await ports.loadCursors(),
    now: ports.now(),
    signal: ports.signal,
  };
  for await (const page of collector.pull(context)) {
    if ("failed" in page) {
      failures.push({ part: page.part, error: page.failed });
      continue;
    }
    const { records, rejects } = trimmed(page.documents, page.place, ports.sources, ports.now());
    for (const { reason, place } of page.unreadable ?? []) rejects.push({ reason, place });
    await ports.publish(records, rejects, page.place);
    if (page.cursor !== undefined) await ports.saveCursor(page.part, page.cursor);
    await page.done?.();
    total.pages++;
    total.records += records.length;
    total.rejects += rejects.length;
    if (ports.signal.aborted) break;
  }
  return { ...total, failures };
}

/** Documents as a vendor sends or serves them → records cut to the fields their source names. Never throws. */
export function trimmed(
  documents: readonly unknown[],
  place: string,
  sources: readonly Source[],
  receivedTime: EpochMs,
): { readonly records: RawRecord[]; readonly rejects: Reject[] } {
  const records: RawRecord[] = [];
  const rejects: Reject[] = [];
  let last: Source | undefined;
  let number = 0;
  for (const document of documents) {
    for (const record of unwrap(document)) {
      number++;
      const source = sourceOf(record, sources, last);
      if (!source) {
        rejects.push({ reason: "not a record of a known source", place, record: number });
        continue;
      }
      last = source;
      const reading = source.read(record, receivedTime);
      if ("rejected" in reading) {
        rejects.push({ source: source.id, reason: reading.rejected, place, record: number });
        continue;
      }
      // Of a real trail 99 of 100 records are not about AI: the bus need not carry them.
      if (reading.activities.length === 0) continue;
      const cut = source.trim(record);
      if ("record" in cut) records.push({ source: source.id, receivedTime, record: cut.record });
    }
  }
  return { records, rejects };
}
