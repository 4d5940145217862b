import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Activity } from "../model/activity.ts";
import type { Reject } from "../model/raw-record.ts";
import { toEpochMs } from "../model/units.ts";
import { defineSource } from "../sources/source.ts";
import { readActivities } from "./read-logs.ts";

const bell = defineSource({
  id: "test.bell",
  title: "A log of bells",
  view: "provider",
  recognises: (record) => "bell" in record,
  record: z.object({ bell: z.string(), at: z.int() }),
  normalize: ({ bell, at }) => {
    const time = toEpochMs(at);
    if (time === undefined) return { rejected: "at: before 1970" };
    return [
      { identity: ["bell", bell], kind: "call", startTime: time, endTime: time, count: 1, operation: "Ring" },
    ];
  },
});

/** The same bells in a table, where every cell is text. */
const written = defineSource({
  id: "test.written",
  title: "A table of bells",
  view: "provider",
  recognises: (record) => "bell" in record,
  record: z.object({ bell: z.string(), at: z.string().transform(Number).pipe(z.int()) }),
  normalize: ({ bell, at }) => {
    const time = toEpochMs(at);
    if (time === undefined) return { rejected: "at: before 1970" };
    return [
      { identity: ["bell", bell], kind: "call", startTime: time, endTime: time, count: 1, operation: "Ring" },
    ];
  },
});

async function* once(bytes: Uint8Array) {
  yield bytes;
}
async function read(bytes: Uint8Array, source = bell) {
  const activities: Activity[] = [];
  const rejects: Reject[] = [];
  let records = 0;
  let damaged = false;
  for await (const batch of readActivities(once(bytes), "bells.json", [source])) {
    activities.push(...batch.items);
    rejects.push(...batch.rejects);
    records += batch.records;
    damaged ||= batch.damaged === true;
  }
  return { operations: activities.length, rejects, records, damaged };
}
const lines = (...rows: unknown[]) => Buffer.from(rows.map((row) => JSON.stringify(row)).join("\n"));

describe("reading a log file", () => {
  it("reads plain, gzip, several gzip members in one file, and zstd", async () => {
    const text = lines({ bell: "a", at: 1 }, { bell: "b", at: 2 });
    for (const bytes of [text, gzipSync(text), zstdCompressSync(text)])
      expect((await read(bytes)).operations).toBe(2);
    expect(
      (await read(Buffer.concat([gzipSync(lines({ bell: "a", at: 1 })), gzipSync(lines({ bell: "b", at: 2 }))])))
        .operations,
    ).toBe(2);
  });

  it("reads rows of CSV, and names the one that cannot be read by its number", async () => {
    const text = "bell,at,loudness\na,1,\nb\nc,soon,9\nd,4,8\n";
    const { operations, rejects } = await read(gzipSync(text), written);
    expect(operations).toBe(2);
    expect(rejects).toEqual([
      { reason: "1 cells where the header has 3", place: "bells.json", record: 2 },
      { source: "test.written", reason: "at: expected number", place: "bells.json", record: 3 },
    ]);
  });

  it("keeps what stands before the cut of a truncated gzip file and says that it ends early", async () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => ({ bell: `bell ${Math.imul(at, 2654435761)}`, at }));
    const packed = gzipSync(lines(...rows));
    const { operations, rejects } = await read(packed.subarray(0, packed.length - 10_000));
    expect(operations).toBeGreaterThan(1_000);
    expect(rejects).toContainEqual({ reason: "gzip data that ends early", place: "bells.json" });
  });

  it("calls a plain log damaged that ends within a record, and not one of which a record cannot be read", async () => {
    const whole = lines({ bell: "a", at: 1 }, { bell: "b", at: 2 });
    expect(await read(whole.subarray(0, whole.length - 3))).toEqual({
      operations: 1,
      rejects: [{ reason: "ends in the middle of a record", place: "bells.json", record: 2 }],
      records: 2,
      damaged: true,
    });
    const cutCell = Buffer.from('bell,at\na,1\n"b');
    expect(await read(cutCell, written)).toMatchObject({ operations: 1, damaged: true });
    expect(await read(Buffer.concat([whole, Buffer.from("\n{]\n")]))).toMatchObject({
      operations: 2,
      damaged: false,
    });
  });

  it("stops at a gzip bomb", async () => {
    const { rejects } = await read(gzipSync(Buffer.alloc(100 * 1024 * 1024, 0x20)));
    expect(rejects).toEqual([
      { reason: expect.stringContaining("expands more than 300 times"), place: "bells.json" },
    ]);
  });

  it("rejects a record by its place and reads its neighbours", async () => {
    const { operations, rejects } = await read(
      lines(
        { bell: "a", at: 1 },
        { bell: 7, at: 1 },
        { other: true },
        { bell: "b", at: -1 },
        { bell: "c", at: 3 },
      ),
    );
    expect(operations).toBe(2);
    expect(rejects).toEqual(
      [
        { source: "test.bell", reason: "bell: expected string", place: "bells.json", record: 2 },
        { reason: "not a record of a known source", place: "bells.json", record: 3 },
        { source: "test.bell", reason: "at: before 1970", place: "bells.json", record: 4 },
      ].sort((a, b) => Number(a.source !== undefined) - Number(b.source !== undefined)),
    );
  });

  it("rejects a log of something else once, not line by line", async () => {
    const { rejects, records } = await read(Buffer.from("Nov 23 06:00:00 host sshd[1]: hello\n".repeat(50_000)));
    expect(rejects).toHaveLength(1);
    expect(rejects[0]?.reason).toMatch(/^not JSON; nor is any other of the first \d+$/);
    expect(records).toBeGreaterThan(999);
    expect((await read(Buffer.from('{"name":"gnomon"}'))).rejects).toEqual([
      { reason: "not a record of a known source", place: "bells.json" },
    ]);
  });

  it("refuses what it does not unpack by name", async () => {
    expect((await read(Buffer.from("PK\x03\x04zipzipzip"))).rejects[0]?.reason).toBe(
      "a zip archive: unpack it first",
    );
  });
});
