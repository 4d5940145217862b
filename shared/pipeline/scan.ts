/** Log files → what is in them: reads every file in turn and hands its activities on in batches. */
import type { Activity } from "../model/activity.ts";
import type { Reject } from "../model/raw-record.ts";
import { readActivities } from "../reading/read-logs.ts";
import type { Source } from "../sources/source.ts";

export interface ScannedFile {
  readonly path: string;
  open(): AsyncIterable<Uint8Array>;
}

export interface ScanPorts {
  readonly sources: readonly Source[];
  /** Called with at most `BATCH` activities at a time; the next are read when it is done. */
  take(activities: readonly Activity[]): Promise<void>;
  /** Told of what was read from which file, before it is handed on. */
  onActivities?(activities: readonly Activity[], path: string): void;
  reject(reject: Reject): void;
  /** Compressed bytes taken from the file at hand. */
  onRead?(bytes: number): void;
}

/** What one source said in the files. Silence is a fact too: a source with no record is not listed. */
export interface Coverage {
  readonly source: string;
  readonly files: number;
  readonly records: number;
  readonly activities: number;
  readonly rejects: number;
  /** Of its activities, event time; absent where there are none. */
  readonly firstTime?: Activity["startTime"];
  readonly lastTime?: Activity["startTime"];
}

export interface Scanned {
  readonly files: number;
  readonly records: number;
  readonly activities: number;
  readonly rejects: number;
  /** Files that could not be read to their end. A file that is simply no log is a reject. */
  readonly damagedFiles: readonly string[];
  /** By source id. */
  readonly coverage: readonly Coverage[];
}

/** Enough to spread the cost of a transaction, small enough to hold. */
const BATCH = 2_000;

/** Throws only what the ports throw, and what reading from the disk throws. */
export async function scan(files: readonly ScannedFile[], ports: ScanPorts): Promise<Scanned> {
  const coverage = new Map<string, { -readonly [Key in keyof Coverage]: Coverage[Key] }>();
  const damagedFiles: string[] = [];
  const total = { records: 0, activities: 0, rejects: 0 };
  let pending: Activity[] = [];

  for (const file of files) {
    const seen = new Set<string>();
    let damaged = false;
    for await (const batch of readActivities(file.open(), file.path, ports.sources, ports.onRead)) {
      total.records += batch.records;
      total.activities += batch.items.length;
      total.rejects += batch.rejects.length;
      if (batch.damaged) damaged = true;
      for (const reject of batch.rejects) ports.reject(reject);
      for (const [source, count] of batch.bySource) {
        const before = coverage.get(source) ?? { source, files: 0, records: 0, activities: 0, rejects: 0 };
        coverage.set(source, before);
        if (!seen.has(source)) before.files++;
        seen.add(source);
        before.records += count.records;
        before.activities += count.activities;
        before.rejects += count.rejects;
      }
      for (const activity of batch.items) {
        const of = coverage.get(activity.source);
        if (!of) continue;
        if (of.firstTime === undefined || activity.startTime < of.firstTime) of.firstTime = activity.startTime;
        if (of.lastTime === undefined || activity.endTime > of.lastTime) of.lastTime = activity.endTime;
      }
      ports.onActivities?.(batch.items, file.path);
      pending.push(...batch.items);
      while (pending.length >= BATCH) {
        await ports.take(pending.slice(0, BATCH));
        pending = pending.slice(BATCH);
      }
    }
    if (damaged) damagedFiles.push(file.path);
  }
  if (pending.length > 0) await ports.take(pending);
  return {
    files: files.length,
    ...total,
    damagedFiles,
    coverage: [...coverage.values()].sort((a, b) => (a.source < b.source ? -1 : 1)),
  };
}
