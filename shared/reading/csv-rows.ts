/**
 * Bytes of a CSV file → rows as objects under the names of its header, in one pass with bounded memory.
 *
 * RFC 4180: commas, quotes doubled within quotes, line breaks within quotes, CRLF or LF. Every cell is text, and an
 * empty one is "": what it means is the source's word.
 */
import { isUtf8 } from "node:buffer";
import type { JsonValue } from "./json-values.ts";

/** A Cost and Usage Report's row with all its columns and tags has some 10 KB. */
const MAX_ROW_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BOM = "\ufeff";

/** Yields in batches, one for each chunk read. Rows are counted from 1 behind the header. */
export async function* csvRows(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly JsonValue[]> {
  const reader = new Reader();
  for await (const chunk of chunks) {
    const found = reader.push(chunk);
    if (found.length > 0) yield found;
  }
  const rest = reader.end();
  if (rest.length > 0) yield rest;
}

/** A column's name: words, as exports write them (`lineItem/UsageType`, `CostInUsd`, `resourceTags/user:team`). */
const COLUMN = /^[\p{L}_][\p{L}\p{N}_ ./:()#%@-]{0,255}$/u;

/** Whether a first line, without its line break, names at least two columns. */
export function isCsvHeader(line: string): boolean {
  const names = cellsOf(withoutBom(line))?.map((name) => name.trim());
  return names !== undefined && names.length > 1 && names.every((name) => COLUMN.test(name));
}

class Reader {
  #buffer: Buffer = Buffer.alloc(0);
  /** Everything before it has been looked at; what stands from 0 on is the row at hand. */
  #at = 0;
  #inQuotes = false;
  /** Of a row that was too large, up to its line's end. */
  #skippingLine = false;
  #columns: readonly (string | undefined)[] | undefined;
  #number = 0;
  #found: JsonValue[] = [];

  push(chunk: Uint8Array): readonly JsonValue[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    this.#scan();
    return this.#take();
  }

  end(): readonly JsonValue[] {
    if (this.#inQuotes) {
      this.#number++;
      this.#found.push({ rejected: "ends in the middle of a quoted cell", number: this.#number, early: true });
    } else if (!this.#skippingLine) this.#row(this.#buffer);
    return this.#take();
  }

  #take(): readonly JsonValue[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #scan(): void {
    const buffer = this.#buffer;
    let start = 0;
    for (; this.#at < buffer.length; this.#at++) {
      const byte = buffer[this.#at];
      // A doubled quote closes and opens again.
      if (byte === QUOTE && !this.#skippingLine) this.#inQuotes = !this.#inQuotes;
      if (byte !== NEWLINE || this.#inQuotes) continue;
      if (this.#at - start > MAX_ROW_BYTES) this.#rejectTooLarge();
      else if (!this.#skippingLine) this.#row(buffer.subarray(start, this.#at));
      this.#skippingLine = false;
      start = this.#at + 1;
    }
    if (this.#at - start > MAX_ROW_BYTES) {
      this.#rejectTooLarge();
      this.#skippingLine = true;
      this.#inQuotes = false;
      start = this.#at;
    }
    this.#buffer = buffer.subarray(start);
    this.#at -= start;
  }

  #row(bytes: Buffer): void {
    const end = bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length;
    if (end === 0) return;
    const line = isUtf8(bytes) ? bytes.toString("utf8", 0, end) : undefined;
    const cells = line === undefined ? undefined : cellsOf(this.#columns ? line : withoutBom(line));
    if (cells === undefined) {
      this.#reject(line === undefined ? "not valid UTF-8" : "not valid CSV");
    } else if (this.#columns === undefined) {
      this.#columns = columnsOf(cells);
    } else if (cells.length !== this.#columns.length) {
      this.#reject(`${cells.length} cells where the header has ${this.#columns.length}`);
    } else {
      const value: Record<string, string> = {};
      for (let at = 0; at < cells.length; at++) {
        const column = this.#columns[at];
        if (column !== undefined) value[column] = cells[at] ?? "";
      }
      this.#number++;
      this.#found.push({ value, number: this.#number });
    }
  }

  /** Once, however many chunks it has. */
  #rejectTooLarge(): void {
    if (!this.#skippingLine) this.#reject(`a row larger than ${MAX_ROW_BYTES / 1024} KB`);
  }

  #reject(rejected: string): void {
    this.#number++;
    this.#found.push({ rejected, number: this.#number });
  }
}

const withoutBom = (line: string): string => (line.startsWith(BOM) ? line.slice(1) : line);

/** Of two columns of one name the first; a nameless one is left out. */
const columnsOf = (cells: readonly string[]): (string | undefined)[] =>
  cells
    .map((cell) => cell.trim())
    .map((name, at, names) =>
      name === "" || name === "__proto__" || names.indexOf(name) < at ? undefined : name,
    );

/** Undefined where something stands behind a closing quote. */
function cellsOf(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(",");
  const cells: string[] = [];
  for (let at = 0; ; at++) {
    if (line[at] === '"') {
      let close = line.indexOf('"', at + 1);
      while (line[close + 1] === '"' && close !== -1) close = line.indexOf('"', close + 2);
      if (close === -1) return undefined;
      cells.push(line.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
      if (at < line.length && line[at] !== ",") return undefined;
    } else {
      const comma = line.indexOf(",", at);
      const end = comma === -1 ? line.length : comma;
      cells.push(line.slice(at, end));
      at = end;
    }
    if (at >= line.length) return cells;
  }
}
