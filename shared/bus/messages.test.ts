import { describe, expect, it } from "vitest";
import type { RawRecord } from "../model/raw-record.ts";
import { rawMessages } from "./messages.ts";
import { MAX_MESSAGE_BYTES } from "./topics.ts";

/** Of a message of exactly so many bytes; `é` is one character and two bytes. */
function recordOf(bytes: number): RawRecord {
  const empty = JSON.stringify({ source: "openai.usage", record: "é" });
  return { source: "openai.usage", record: `é${"x".repeat(bytes - Buffer.byteLength(empty))}` };
}

describe("raw records as messages", () => {
  it("rejects by name a record that no message can hold, and sends the others", () => {
    const { messages, rejects } = rawMessages(
      [recordOf(500), recordOf(MAX_MESSAGE_BYTES + 1), recordOf(MAX_MESSAGE_BYTES)],
      "page 7",
    );
    expect(messages.map(({ value }) => Buffer.byteLength(value))).toEqual([500, MAX_MESSAGE_BYTES]);
    expect(rejects).toEqual([
      { source: "openai.usage", reason: "1000001 bytes, at most 1000000 are taken", place: "page 7" },
    ]);
  });
});
