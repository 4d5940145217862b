/**
 * Bytes of one object or message → documents in batches, JSON or rows of a table, cut at the same places on every
 * reading, so that a large object can be taken up again where it was left.
 */
import { plainBytes, UnreadableFile } from "./bytes.ts";
import { valuesIn } from "./values.ts";

/** A splitter's batches follow its chunks: a network's or a decompressor's differ from reading to reading. */
const CHUNK_BYTES = 1024 * 1024;
/** With nothing readable in this many pieces, the bytes are no log. */
const GIVE_UP_AFTER = 1_000;

export interface Documents {
  readonly documents: readonly unknown[];
  readonly unreadable: readonly { readonly reason: string; readonly number?: number }[];
  /** How many documents and unreadable pieces there are up to the end of this batch. */
  readonly upTo: number;
}

/** Leaves out the first `skip`. Throws only what `bytes` throws: what cannot be read is told. */
export async function* readDocuments(bytes: AsyncIterable<Uint8Array>, skip = 0): AsyncGenerator<Documents> {
  let upTo = 0;
  let anyDocument = false;
  try {
    for await (const values of valuesIn(evenChunks(plainBytes(bytes)))) {
      const documents: unknown[] = [];
      const unreadable: { reason: string; number: number }[] = [];
      for (const found of values) {
        upTo = found.number;
        if ("value" in found) anyDocument = true;
        if (found.number <= skip) continue;
        if ("value" in found) documents.push(found.value);
        else unreadable.push({ reason: found.rejected, number: found.number });
      }
      if (!anyDocument && upTo >= GIVE_UP_AFTER) {
        const reason = `${unreadable[0]?.reason ?? "not JSON"}, ${upTo} times: not read further`;
        yield { documents: [], unreadable: [{ reason }], upTo };
        return;
      }
      if (documents.length > 0 || unreadable.length > 0) yield { documents, unreadable, upTo };
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    yield { documents: [], unreadable: [{ reason: error.message }], upTo };
  }
}

async function* evenChunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  let unreadable: UnreadableFile | undefined;
  try {
    for await (const chunk of bytes) {
      let rest = chunk;
      while (size + rest.length >= CHUNK_BYTES) {
        const end = CHUNK_BYTES - size;
        yield Buffer.concat([...held, rest.subarray(0, end)]);
        held = [];
        size = 0;
        rest = rest.subarray(end);
      }
      if (rest.length > 0) held.push(rest);
      size += rest.length;
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    unreadable = error;
  }
  // What stands before the damage.
  if (size > 0) yield Buffer.concat(held);
  if (unreadable) throw unreadable;
}
