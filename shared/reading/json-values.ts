/**
 * Splits a stream of bytes into JSON documents without holding more than one of them: NDJSON, concatenated or
 * pretty-printed documents, one array, or one object around an array of records, on one line or many.
 *
 * Only brackets and strings are followed here; whether a document is valid JSON is `JSON.parse`'s word.
 */
import { isUtf8 } from "node:buffer";
import { containerKeys } from "./envelopes.ts";

/** Larger than any record that a vendor documents: CloudTrail cuts at 256 KB, Bedrock moves bodies over 100 KB to S3. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
/** An object larger than this gives its records one by one instead of being held whole. */
const STREAM_FROM_BYTES = 1024 * 1024;
const LONGEST_KEY_BYTES = 16;

export type JsonValue =
  | { readonly value: unknown; readonly number: number }
  | {
      readonly rejected: string;
      readonly number: number;
      /** The file ends within it. */
      readonly early?: true;
    };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;

/** Yields in batches, one for each chunk read: a promise for every record costs more than the record. */
export async function* jsonValues(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly JsonValue[]> {
  const splitter = new Splitter();
  try {
    for await (const chunk of chunks) {
      const found = splitter.push(chunk);
      if (found.length > 0) yield found;
    }
  } catch (error) {
    // What stood before the damage is whole.
    const rest = splitter.end();
    if (rest.length > 0) yield rest;
    throw error;
  }
  const rest = splitter.end();
  if (rest.length > 0) yield rest;
}

class Splitter {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #depth = 0;
  /**
   * The depth at which records stand: 0 one after the other, 1 in an array, 2 in the array of an object that is
   * too large to hold (its records then come one by one).
   */
  #base: 0 | 1 | 2 = 0;
  /** Where the record at hand starts; -1 between records and in one that is too large to keep. */
  #start = -1;
  #inString = false;
  #stringStart = 0;
  #skippingLine = false;
  #atFirstByte = true;

  /** Of a record at base 0: a container key just read, the container that is open, and its elements so far. */
  #key: string | undefined;
  #container: string | undefined;
  /** The container that `#elements` stand in, open or closed. */
  #salvageable: string | undefined;
  #elementStart = -1;
  #elements: { start: number; end: number }[] = [];

  #number = 0;
  #found: JsonValue[] = [];

  push(chunk: Uint8Array): readonly JsonValue[] {
    this.#append(chunk);
    this.#scan();
    if (this.#start >= 0) this.#limit();
    return this.#take();
  }

  end(): readonly JsonValue[] {
    if (this.#start >= 0) this.#salvage(this.#buffer.subarray(this.#start), "ends in the middle of a record");
    else if (this.#depth > 0) this.#reject("ends in the middle of a list of records");
    const rest = this.#take();
    // What stands before a whole one does not lack its end for want of more.
    const lastWhole = rest.findLastIndex((found) => "value" in found);
    return rest.map((found, at) => ("rejected" in found && at > lastWhole ? { ...found, early: true } : found));
  }

  #take(): readonly JsonValue[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** Forgets what has been read, but for the record at hand, and adds the new bytes. */
  #append(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    // A string at hand is kept from its quote on, so that backslashes before its end can be counted.
    const keepFrom = this.#start >= 0 ? this.#start : this.#inString ? this.#at - 1 : this.#at;
    const rest = this.#buffer.subarray(keepFrom);
    this.#buffer = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    this.#at -= keepFrom;
    this.#stringStart = Math.max(this.#stringStart - keepFrom, -1);
    if (this.#start >= 0) this.#start = 0;
    if (this.#elementStart >= 0) this.#elementStart -= keepFrom;
    for (const element of this.#elements) {
      element.start -= keepFrom;
      element.end -= keepFrom;
    }
    if (this.#atFirstByte) {
      this.#atFirstByte = false;
      if (this.#buffer[0] === 0xef && this.#buffer[1] === 0xbb && this.#buffer[2] === 0xbf) this.#at = 3;
    }
  }

  #scan(): void {
    const buffer = this.#buffer;
    while (this.#at < buffer.length) {
      if (this.#skippingLine) {
        this.#skipLine();
        continue;
      }
      if (this.#inString) {
        if (!this.#skipString()) return;
        if (this.#depth === 1 && this.#base === 0) this.#noteKey();
        continue;
      }
      const byte = buffer[this.#at];
      if (byte === QUOTE && this.#depth > 0) {
        this.#inString = true;
        this.#stringStart = this.#at++;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.#open(byte);
      } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && this.#depth > 0) {
        this.#close();
      } else {
        if (byte === COMMA && this.#depth === 1) this.#key = undefined;
        if (this.#depth === 0 && byte !== COMMA && !isSpace(byte)) {
          this.#reject("not JSON");
          this.#skippingLine = true;
        }
        this.#at++;
      }
    }
  }

  #skipLine(): void {
    const newline = this.#buffer.indexOf(NEWLINE, this.#at);
    this.#skippingLine = newline === -1;
    this.#at = newline === -1 ? this.#buffer.length : newline + 1;
  }

  /** Moves behind the closing quote. False where the chunk ends first. */
  #skipString(): boolean {
    for (;;) {
      const quote = this.#buffer.indexOf(QUOTE, this.#at);
      if (quote === -1) {
        this.#at = this.#buffer.length;
        return false;
      }
      let before = quote - 1;
      while (before > this.#stringStart && this.#buffer[before] === BACKSLASH) before--;
      this.#at = quote + 1;
      if ((quote - 1 - before) % 2 === 0) {
        this.#inString = false;
        return true;
      }
    }
  }

  #open(byte: number): void {
    if (this.#depth === this.#base) {
      if (this.#depth === 0 && byte === OPEN_BRACKET) {
        this.#base = 1;
      } else {
        this.#start = this.#at;
        this.#forgetContainer();
      }
    } else if (this.#base === 0 && this.#start >= 0) {
      if (this.#depth === 1 && byte === OPEN_BRACKET && this.#key !== undefined) {
        this.#container = this.#key;
        this.#salvageable = this.#key;
        this.#elements = [];
      } else if (this.#depth === 2 && this.#container !== undefined) {
        this.#elementStart = this.#at;
      }
    }
    this.#depth++;
    this.#at++;
  }

  #close(): void {
    this.#depth--;
    this.#at++;
    if (this.#depth < this.#base) {
      // The end of the list of records. What follows it in an object holds no records.
      this.#base = 0;
    } else if (this.#depth === this.#base) {
      if (this.#start >= 0) this.#emit(this.#buffer.subarray(this.#start, this.#at), this.#base === 2);
      this.#start = -1;
    } else if (this.#base === 0 && this.#container !== undefined) {
      if (this.#depth === 2 && this.#elementStart >= 0) {
        this.#elements.push({ start: this.#elementStart, end: this.#at });
        this.#elementStart = -1;
      } else if (this.#depth === 1) {
        // Its records are kept until the object's end, in case that it cannot be read whole.
        this.#container = undefined;
        this.#key = undefined;
      }
    }
  }

  #forgetContainer(): void {
    if (this.#base === 2) return;
    this.#key = undefined;
    this.#container = undefined;
    this.#salvageable = undefined;
    this.#elementStart = -1;
    this.#elements = [];
  }

  /** A string in an object at base 0: a key or a value, and a value that equals a container key does no harm. */
  #noteKey(): void {
    if (this.#start < 0 || this.#container !== undefined || this.#at - this.#stringStart > LONGEST_KEY_BYTES + 2)
      return;
    const key = this.#buffer.toString("latin1", this.#stringStart + 1, this.#at - 1);
    if (containerKeys.has(key)) this.#key = key;
  }

  /** A record that grows too large gives its own records one by one where it has any; else it is dropped. */
  #limit(): void {
    const size = this.#at - this.#start;
    if (size > STREAM_FROM_BYTES && this.#base === 0 && this.#container !== undefined) {
      this.#base = 2;
      for (const { start, end } of this.#elements) this.#emit(this.#buffer.subarray(start, end), true);
      this.#elements = [];
      this.#start = this.#elementStart;
      this.#elementStart = -1;
    } else if (size > MAX_RECORD_BYTES) {
      this.#reject(`a record larger than ${MAX_RECORD_BYTES / 1024 / 1024} MB`);
      this.#start = -1;
      this.#forgetContainer();
    }
  }

  #emit(bytes: Buffer, inContainer: boolean): void {
    const value = isUtf8(bytes) ? parse(bytes) : undefined;
    if (value === undefined) {
      this.#salvage(bytes, isUtf8(bytes) ? "not valid JSON" : "not valid UTF-8");
      return;
    }
    this.#number++;
    this.#found.push({
      value: inContainer && this.#container !== undefined ? { [this.#container]: [value] } : value,
      number: this.#number,
    });
  }

  /**
   * Of an object that cannot be read whole, the records in its container can be read one by one; they stand in the
   * buffer from the object's start on. What is no such object may be lines of which only some are broken.
   */
  #salvage(bytes: Buffer, reason: string): void {
    const container = this.#base === 0 ? this.#salvageable : undefined;
    if (container === undefined || this.#elements.length === 0) {
      this.#rescue(bytes, reason);
      return;
    }
    const elements = this.#elements;
    this.#elements = [];
    for (const { start, end } of elements) {
      const element = this.#buffer.subarray(start, end);
      const value = isUtf8(element) ? parse(element) : undefined;
      if (value === undefined) this.#reject(isUtf8(element) ? "not valid JSON" : "not valid UTF-8");
      else {
        this.#number++;
        this.#found.push({ value: { [container]: [value] }, number: this.#number });
      }
    }
    if (reason.startsWith("ends")) this.#reject(reason);
  }

  /**
   * A record of an NDJSON file that lacks a bracket or a quote swallows the lines behind it. Every line that is an
   * object by itself is read, and the others are rejected one by one.
   */
  #rescue(bytes: Buffer, reason: string): void {
    const lines = bytes.includes(NEWLINE) ? linesOf(bytes) : [];
    const values = lines.map((line) => (line[0] === OPEN_BRACE && isUtf8(line) ? parse(line) : undefined));
    if (values.every((value) => value === undefined)) {
      this.#reject(reason);
      return;
    }
    for (const [at, value] of values.entries()) {
      if (value === undefined) {
        this.#reject(isUtf8(lines[at] ?? bytes) ? "not valid JSON" : "not valid UTF-8");
      } else {
        this.#number++;
        this.#found.push({ value, number: this.#number });
      }
    }
  }

  #reject(rejected: string): void {
    this.#number++;
    this.#found.push({ rejected, number: this.#number });
  }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    const line = bytes.subarray(start, end);
    if (!line.every(isSpace)) lines.push(line);
    start = end + 1;
  }
  return lines;
}

function parse(bytes: Buffer): unknown {
  const text = bytes.toString("utf8");
  return parsed(text) ?? parsed(text.replaceAll(TRAILING_COMMA, "$1"));
}

/** Strings whole, or a comma before a closing bracket: vendors' documentation and hand-edited exports have those. */
const TRAILING_COMMA = /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
