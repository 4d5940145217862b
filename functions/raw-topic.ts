/** What collecting and receiving have in common: records and rejects on the bus, counted. */
import { rawMessages, rejectMessage } from "../shared/bus/messages.ts";
import { topics } from "../shared/bus/topics.ts";
import type { RawRecord, Reject } from "../shared/model/raw-record.ts";
import type { Runtime } from "./runtime.ts";

/** Resolves when the bus has all of them. */
export async function publishRaw(
  records: readonly RawRecord[],
  rejects: readonly Reject[],
  place: string,
  { bus, log }: Runtime,
): Promise<void> {
  const { messages, rejects: tooLarge } = rawMessages(records, place);
  const rejected = [...rejects, ...tooLarge];
  if (messages.length > 0) await bus.publish(topics.raw.name, messages);
  if (rejected.length > 0) await bus.publish(topics.rejected.name, rejected.map(rejectMessage));
  log.measure("Records", records.length - tooLarge.length, "Count");
  log.measure("Rejects", rejected.length, "Count");
}
