import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { call } from "../../test/example-activities.ts";
import type { RawRecord } from "../model/raw-record.ts";
import type { IncomingMessage, OutgoingMessage } from "./bus.ts";
import { activityMessage, rawMessages, readActivityMessage, readRawMessage } from "./messages.ts";
import { MAX_MESSAGE_BYTES, topics } from "./topics.ts";

const arriving = ({ key, value, headers = {} }: OutgoingMessage, offset: number): IncomingMessage => ({
  topic: topics.raw.name,
  partition: 3,
  offset: String(offset),
  key,
  value,
  headers,
});

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

  it("travel as lines of a few messages, a source in each, and arrive as they were and in order", () => {
    const records = fc.array(
      fc.record({
        source: fc.constantFrom("openai.usage", "aws.cloudtrail", "litellm.spend"),
        record: fc.oneof(
          fc.jsonValue(),
          fc.integer({ min: 0, max: 60_000 }).map((length) => "\n".repeat(length)),
        ),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(records, (given) => {
        const { messages, rejects } = rawMessages(given, "page 7");
        expect(rejects).toEqual([]);
        const read = messages.map((message, at) => readRawMessage(arriving(message, at)));
        expect(read.flatMap((one) => one.rejects)).toEqual([]);
        const bySource = (all: readonly RawRecord[]) => Object.groupBy(all, ({ source }) => source);
        expect(bySource(read.flatMap((one) => one.records.map(({ raw }) => raw)))).toEqual(
          bySource(JSON.parse(JSON.stringify(given))),
        );
        for (const [at, { value, key, headers }] of messages.entries()) {
          const sources = new Set(read[at]?.records.map(({ raw }) => raw.source));
          expect([...sources]).toEqual([headers?.["ce_source"]?.replace("gnomon/", "")]);
          expect(key.startsWith(`${[...sources][0]}/`)).toBe(true);
          // More than a message should hold only where one record does.
          expect(Buffer.byteLength(value) <= 65_536 || !value.includes("\n")).toBe(true);
        }
        expect(new Set(messages.map(({ key }) => key)).size).toBe(new Set(given.map(({ source }) => source)).size);
      }),
    );
  });

  it("reject a line that is no record by its number, and read the others", () => {
    const value = ['{"source":"openai.usage","record":1}', "{", '{"record":2}', '{"source":"a","record":3}'].join(
      "\n",
    );
    const read = readRawMessage(arriving({ key: "k", value }, 12));
    expect(read.records).toEqual([
      { raw: { source: "openai.usage", record: 1 }, place: "ai.activity.raw/3/12", record: 1 },
      { raw: { source: "a", record: 3 }, place: "ai.activity.raw/3/12", record: 4 },
    ]);
    expect(read.rejects).toEqual([
      { reason: "not JSON", place: "ai.activity.raw/3/12", record: 2 },
      { reason: "no message of ai.activity.raw", place: "ai.activity.raw/3/12", record: 3 },
    ]);
  });

  it("have no number where a message holds one", () => {
    const read = readRawMessage(arriving({ key: "k", value: '{"source":"a","record":3}' }, 12));
    expect(read).toEqual({
      records: [{ raw: { source: "a", record: 3 }, place: "ai.activity.raw/3/12" }],
      rejects: [],
    });
  });
});

describe("an activity's message", () => {
  const ours = activityMessage(call());
  const said = (value: object, headers = ours.headers) =>
    readActivityMessage(arriving({ ...ours, value: JSON.stringify(value), headers: headers ?? {} }, 1));

  it("gives the activity back", () => {
    expect(readActivityMessage(arriving(ours, 1))).toEqual({ value: call() });
  });

  it("of somebody else is taken only as the shape allows, whatever schema it names", () => {
    expect(said(call(), {})).toEqual({ value: call() });
    for (const more of [{ prompt: "CANARY" }, { kind: "anything" }, { usage: { inputTokens: "x" } }]) {
      const read = said({ ...call(), ...more }, {});
      expect(read).toEqual({ reject: { reason: "no message of ai.activity.raw", place: "ai.activity.raw/3/1" } });
    }
  });

  it("that lacks what every activity has is none, also with our header", () => {
    const { startTime: _, ...timeless } = call();
    for (const none of [timeless, { ...call(), count: "1" }, { ...call(), schema: "gnomon.activity/v2" }, [], {}])
      expect(said(none), JSON.stringify(none)).toHaveProperty("reject");
  });
});
