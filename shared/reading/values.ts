/** Bytes of one log file → the values in it: JSON, or rows of CSV. Told by the first line, not by a name. */
import { csvRows, isCsvHeader } from "./csv-rows.ts";
import { type JsonValue, jsonValues } from "./json-values.ts";

/** Longer than any header: a Cost and Usage Report with a thousand tags has 40 KB. */
const LONGEST_HEADER_BYTES = 256 * 1024;

const NEWLINE = 0x0a;
const BOM = [0xef, 0xbb, 0xbf];

export async function* valuesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly JsonValue[]> {
  const input = chunks[Symbol.asyncIterator]();
  const { head, isCsv } = await firstLine(input);
  const all = joined(head, input);
  yield* isCsv ? csvRows(all) : jsonValues(all);
}

/** Reads until it is told whether the first line is a header: mostly by the first byte. */
async function firstLine(input: AsyncIterator<Uint8Array>): Promise<{ readonly head: Buffer; isCsv: boolean }> {
  let head: Buffer = Buffer.alloc(0);
  for (;;) {
    const { value, done } = await input.next();
    if (!done) head = head.length === 0 ? bytesOf(value) : Buffer.concat([head, value]);
    const first = head[BOM.every((byte, at) => head[at] === byte) ? BOM.length : 0];
    const newline = head.indexOf(NEWLINE);
    if (!done && first === undefined) continue;
    if (first !== undefined && !isLetterOrQuote(first)) return { head, isCsv: false };
    if (!done && newline === -1 && head.length < LONGEST_HEADER_BYTES) continue;
    const line = head.toString("utf8", 0, newline === -1 ? head.length : newline);
    return { head, isCsv: newline !== -1 && isCsvHeader(line.replace(/\r$/, "")) };
  }
}

/** How a column's name may begin. JSON documents begin otherwise. */
const isLetterOrQuote = (byte: number): boolean =>
  byte === 0x22 || byte === 0x5f || byte >= 0x80 || /[a-z]/i.test(String.fromCharCode(byte));

const bytesOf = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length);

async function* joined(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}
