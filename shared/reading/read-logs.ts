/**
 * Bytes of one log file or object → records, each with its source. The format is told record by record, trying
 * the source of the record before first, so that a file needs no flag and a mixed one is read whole.
 */
import type { Activity } from "../model/activity.ts";
import type { Reject } from "../model/raw-record.ts";
import type { Source } from "../sources/source.ts";
import { plainBytes, UnreadableFile } from "./bytes.ts";
import { unwrap } from "./envelopes.ts";
import { valuesIn } from "./values.ts";

/** With nothing readable in this many records, the file is a log of something else. */
const GIVE_UP_AFTER = 1_000;

export interface Batch<T> {
  readonly items: readonly T[];
  readonly rejects: readonly Reject[];
  /** Records taken from the file, whatever became of them. */
  readonly records: number;
  /** The file could not be read to its end; a reject says why. */
  readonly damaged?: true;
}

interface Recognised {
  readonly source: Source;
  readonly record: unknown;
  readonly number: number;
}

/** Activities of a file: what `scan` and `normalize` do. Never throws for what is in the file. */
export async function* readActivities(
  bytes: AsyncIterable<Uint8Array>,
  place: string,
  sources: readonly Source[],
  onRead?: (count: number) => void,
): AsyncGenerator<Batch<Activity> & { readonly bySource: ReadonlyMap<string, SourceCount> }> {
  for await (const { items, rejects, ...batch } of recognised(bytes, place, sources, onRead)) {
    const activities: Activity[] = [];
    const refused: Reject[] = [...rejects];
    const bySource = new Map<string, SourceCount>();
    for (const { source, record, number } of items) {
      const count = bySource.get(source.id) ?? { records: 0, activities: 0, rejects: 0 };
      bySource.set(source.id, count);
      count.records++;
      const reading = source.read(record);
      if ("rejected" in reading) {
        count.rejects++;
        refused.push({ source: source.id, reason: reading.rejected, place, record: number });
      } else {
        count.activities += reading.activities.length;
        activities.push(...reading.activities);
      }
    }
    yield { ...batch, items: activities, rejects: refused, bySource };
  }
}

export interface SourceCount {
  records: number;
  activities: number;
  rejects: number;
}

async function* recognised(
  bytes: AsyncIterable<Uint8Array>,
  place: string,
  sources: readonly Source[],
  onRead?: (count: number) => void,
): AsyncGenerator<Batch<Recognised>> {
  let last: Source | undefined;
  let number = 0;
  /** Until the first readable record: a foreign file is one reject, not one a line. */
  let held: Reject[] | undefined = [];
  try {
    for await (const values of valuesIn(plainBytes(bytes, onRead))) {
      const items: Recognised[] = [];
      const rejects: Reject[] = [];
      const before = number;
      let early = false;
      for (const found of values) {
        if ("early" in found) early = true;
        for (const record of "value" in found ? unwrap(found.value) : [undefined]) {
          number++;
          const source = sourceOf(record, sources, last);
          if (source) {
            last = source;
            items.push({ source, record, number });
          } else {
            const reason = "rejected" in found ? found.rejected : "not a record of a known source";
            rejects.push({ reason, place, record: number });
          }
        }
      }
      if (held && items.length > 0) {
        rejects.unshift(...held);
        held = undefined;
      }
      if (held) {
        held.push(...rejects);
        yield { items, rejects: [], records: number - before };
        if (number >= GIVE_UP_AFTER) break;
      } else {
        yield { items, rejects, records: number - before, ...(early ? { damaged: true } : {}) };
      }
    }
  } catch (error) {
    const reason = error instanceof UnreadableFile ? error.message : whyUnreadable(error);
    if (reason === undefined) throw error;
    yield { items: [], rejects: [{ reason, place }], records: 0, damaged: true };
    if (number === 0) return;
  }
  const first = held?.[0];
  if (first) {
    const reason = number === 1 ? first.reason : `${first.reason}; nor is any other of the first ${number}`;
    yield { items: [], rejects: [{ reason, place }], records: 0 };
  }
}

export function sourceOf(record: unknown, sources: readonly Source[], likely?: Source): Source | undefined {
  if (typeof record !== "object" || record === null || Array.isArray(record)) return undefined;
  const fields = record as Readonly<Record<string, unknown>>;
  if (likely?.recognises(fields)) return likely;
  return sources.find((source) => source.recognises(fields));
}

/** What the system says of one file is no reason to leave the others unread. */
function whyUnreadable(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "not allowed to read it",
    EPERM: "not allowed to read it",
    ENOENT: "gone before it was read",
    EIO: "the disk does not give it",
    EISDIR: "a folder",
  };
  return reasons[code];
}
