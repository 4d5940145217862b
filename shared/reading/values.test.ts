import { describe, expect, it } from "vitest";
import { valuesIn } from "./values.ts";

async function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = text.length) {
  const found = [];
  for await (const batch of valuesIn(pieces(Buffer.from(text), Math.max(1, size)))) found.push(...batch);
  return found.map((one) => ("value" in one ? one.value : one.rejected));
}

describe("values of a file", () => {
  it.each([1, 2, 5, 1_000])(
    "are told by the first line, also where it comes in pieces of %i bytes",
    async (size) => {
      expect(await read('\ufeffname,"the rest"\r\nx,y\r\n', size)).toEqual([{ name: "x", "the rest": "y" }]);
      expect(await read('{"a":1}\n{"a":2}', size)).toEqual([{ a: 1 }, { a: 2 }]);
      expect(await read('\ufeff [{"a":1},\n{"b":2}]', size)).toEqual([{ a: 1 }, { b: 2 }]);
      expect(await read("INFO a line of text\nanother\n", size)).toEqual(["not JSON", "not JSON"]);
      expect(await read("2026-11-03,INFO,a line\n", size)).toEqual(["not JSON"]);
    },
  );

  it("are none in a file with nothing in it, and none under a header alone", async () => {
    expect(await read("")).toEqual([]);
    expect(await read("\ufeff")).toEqual([]);
    expect(await read("name,value\n")).toEqual([]);
  });

  it("are no rows where the first line does not end for a long time", async () => {
    expect(await read(`a,${"b".repeat(300_000)}`, 10_000)).toEqual(["not JSON"]);
  });
});
