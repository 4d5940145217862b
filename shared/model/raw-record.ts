/** The messages of topics `ai.activity.raw` and `ai.activity.rejected`. */
import { z } from "zod";
import { EpochMs } from "./units.ts";

/** A vendor's record in the vendor's words, cut down to the fields its source names. */
export const RawRecord = z.strictObject({
  source: z.string(),
  receivedTime: EpochMs.optional(),
  record: z.unknown(),
});
export type RawRecord = z.infer<typeof RawRecord>;

/** A record nobody could read. The record itself is not kept: unread, it may hold a prompt or a key. */
export const Reject = z.strictObject({
  /** Absent where no source recognised the record. */
  source: z.string().optional(),
  reason: z.string(),
  /** Where it stands: `file.json.gz`, an object key, a topic and partition. */
  place: z.string(),
  /** Counted from 1 within `place`: the record's number. Absent where the whole of `place` is meant. */
  record: z.int().positive().optional(),
});
export type Reject = z.infer<typeof Reject>;
