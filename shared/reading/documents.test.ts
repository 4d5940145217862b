import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDocuments } from "./documents.ts";

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]) {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(bytes: Uint8Array, sizes: readonly number[] = [65_536], skip = 0) {
  const batches = [];
  for await (const batch of readDocuments(chunksOf(bytes, sizes), skip)) batches.push(batch);
  return batches;
}

/** 5 MB in one object, as a trail writes it. */
const trail = Buffer.from(
  JSON.stringify({ Records: Array.from({ length: 5_000 }, (_, id) => ({ id, filler: "x".repeat(1_000) })) }),
);
const idsIn = (batches: readonly { documents: readonly unknown[] }[]) =>
  batches.flatMap(({ documents }) =>
    documents.flatMap((document) => (document as { Records: { id: number }[] }).Records.map(({ id }) => id)),
  );

describe("reading documents", () => {
  it("cuts the same bytes at the same places, however they come", async () => {
    const packed = gzipSync(trail);
    const usual = await read(trail);
    expect(usual.length).toBeGreaterThan(3);
    expect(idsIn(usual)).toHaveLength(5_000);
    const sizes = fc.array(fc.integer({ min: 1_000, max: 3_000_000 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (cuts, isPacked) => {
        expect(await read(isPacked ? packed : trail, cuts)).toEqual(usual);
      }),
      { numRuns: 15 },
    );
  });

  it("goes on behind any document, leaving out none and repeating none", async () => {
    const [first, ...rest] = await read(trail);
    if (!first) expect.fail("no batch");
    expect(await read(trail, [10_000], first.upTo)).toEqual(rest);
    expect(idsIn(await read(trail, [10_000], 4_999))).toEqual([4_999]);
    expect(await read(trail, [10_000], 5_000)).toEqual([]);
  });

  it("takes the rows of a table for documents, and goes on behind any of them", async () => {
    const table = Buffer.from(
      `id,filler\n${Array.from({ length: 5_000 }, (_, id) => `${id},${"x".repeat(500)}`).join("\n")}`,
    );
    const [first, ...rest] = await read(table, [10_000]);
    expect(first?.documents[0]).toEqual({ id: "0", filler: "x".repeat(500) });
    expect(rest.length).toBeGreaterThan(0);
    expect(await read(table, [30_000], first?.upTo)).toEqual(rest);
  });

  it("tells what cannot be read by its number and goes on", async () => {
    expect(await read(Buffer.from('{"id":1}\nnot JSON\n{"id":3}\n'))).toEqual([
      { documents: [{ id: 1 }, { id: 3 }], unreadable: [{ reason: "not JSON", number: 2 }], upTo: 3 },
    ]);
  });

  it("keeps what stands before the damage of packed bytes", async () => {
    const lines = Array.from({ length: 9_000 }, (_, id) =>
      JSON.stringify({ id, word: Math.imul(id, 2654435761) }),
    );
    const packed = gzipSync(lines.join("\n"));
    const batches = await read(packed.subarray(0, packed.length - 5_000));
    expect(batches.flatMap(({ documents }) => documents).length).toBeGreaterThan(1_000);
    expect(batches.at(-1)?.unreadable).toEqual([{ reason: "gzip data that ends early" }]);
  });

  it("gives up on a log of something else after a thousand lines, and says so once", async () => {
    const lines = (count: number) => Buffer.from("2 123 eni-1 10.0.0.1 ACCEPT OK\n".repeat(count));
    expect(await read(lines(50_000))).toEqual([
      {
        documents: [],
        unreadable: [{ reason: expect.stringMatching(/^not JSON, \d+ times: not read further$/) }],
        upTo: expect.any(Number),
      },
    ]);
    expect((await read(lines(999)))[0]?.unreadable).toHaveLength(999);
  });

  it("throws what the bytes throw: a connection that was cut is no damage of the object", async () => {
    async function* cut() {
      yield gzipSync(trail).subarray(0, 5_000);
      throw new Error("cut");
    }
    await expect(async () => {
      for await (const _ of readDocuments(cut()));
    }).rejects.toThrow("cut");
  });
});
