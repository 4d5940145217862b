/** Raw records → activities, and for each that cannot be read a reason and a pointer. Never throws. */
import type { Activity } from "../model/activity.ts";
import type { RawRecord, Reject } from "../model/raw-record.ts";
import { readRaw, type Source } from "../sources/source.ts";

export function normalize(
  batch: readonly ({ readonly raw: RawRecord } & Pick<Reject, "place" | "record">)[],
  sources: ReadonlyMap<string, Source>,
): { readonly activities: readonly Activity[]; readonly rejects: readonly Reject[] } {
  const activities: Activity[] = [];
  const rejects: Reject[] = [];
  for (const { raw, place, record } of batch) {
    const reading = readRaw(raw, sources);
    if ("rejected" in reading)
      rejects.push({
        source: raw.source,
        reason: reading.rejected,
        place,
        ...(record === undefined ? {} : { record }),
      });
    else activities.push(...reading.activities);
  }
  return { activities, rejects };
}
