import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvRows, isCsvHeader } from "./csv-rows.ts";
import type { JsonValue } from "./json-values.ts";

async function* cut(bytes: Buffer, at: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, place] of places.slice(1).entries()) yield bytes.subarray(places[index], place);
}

async function read(text: string | Buffer, ...cuts: number[]): Promise<readonly JsonValue[]> {
  const found: JsonValue[] = [];
  for await (const batch of csvRows(cut(Buffer.from(text), cuts))) found.push(...batch);
  return found;
}

const rows = async (text: string | Buffer) =>
  (await read(text)).map((found) => ("value" in found ? found.value : found.rejected));

describe("rows of CSV", () => {
  it("reads back any rows that were written, in whatever pieces, with any line ends, quoted or not", async () => {
    const cell = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
      fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "x", " ", "\ufeff", "é") }),
    );
    const table = fc.integer({ min: 1, max: 5 }).chain((width) =>
      fc.record({
        cells: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }),
        ending: fc.constantFrom("\n", "\r\n"),
        endsWithOne: fc.boolean(),
        quotesAll: fc.boolean(),
        bom: fc.boolean(),
        cuts: fc.array(fc.nat()),
      }),
    );
    await fc.assert(
      fc.asyncProperty(table, async ({ cells, ending, endsWithOne, quotesAll, bom, cuts }) => {
        const width = cells[0]?.length ?? 1;
        const header = Array.from({ length: width }, (_, at) => `column ${at}`);
        const write = (value: string) =>
          // A line with nothing on it is no row, so that a lone empty cell is written quoted.
          quotesAll || /[",\r\n]/.test(value) || width === 1 ? `"${value.replaceAll('"', '""')}"` : value;
        const lines = [header, ...cells].map((row) => row.map(write).join(",")).join(ending);
        const text = `${bom ? "\ufeff" : ""}${lines}${endsWithOne ? ending : ""}`;
        expect(await read(text, ...cuts)).toEqual(
          cells.map((row, at) => ({
            value: Object.fromEntries(header.map((name, column) => [name, row[column]])),
            number: at + 1,
          })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("says the same of any bytes in whatever pieces they come, and never throws", async () => {
    const bytes = fc.array(fc.constantFrom(...Buffer.from('a",\n\r\ufeff'), 0xff), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat()), async (given, cuts) => {
        expect(await read(Buffer.from(given), ...cuts)).toEqual(await read(Buffer.from(given)));
      }),
      { numRuns: 500 },
    );
  });

  it("leaves out blank lines, nameless columns and the second of a name", async () => {
    expect(await rows("a,,a,b\n1,2,3,4\n\r\n\n5,6,7,8\n")).toEqual([
      { a: "1", b: "4" },
      { a: "5", b: "8" },
    ]);
  });

  it("makes no prototype of a column", async () => {
    const [row] = await rows("__proto__,constructor\nx,y\n");
    expect(Object.keys(row as object)).toEqual(["constructor"]);
  });

  it("rejects a row of the wrong length and one with text behind a quote, and reads on", async () => {
    expect(await rows('a,b\n1\n1,2,3\n"1"x,2\n"1","2"\n')).toEqual([
      "1 cells where the header has 2",
      "3 cells where the header has 2",
      "not valid CSV",
      { a: "1", b: "2" },
    ]);
  });

  it("rejects a row that is no UTF-8", async () => {
    const latin = Buffer.from("a,b\ncaf\xe9,1\nx,2\n", "latin1");
    expect(await rows(latin)).toEqual(["not valid UTF-8", { a: "x", b: "2" }]);
  });

  it("says that a quote is never closed", async () => {
    expect(await rows('a,b\n1,2\n3,"4\n5,6\n')).toEqual([
      { a: "1", b: "2" },
      "ends in the middle of a quoted cell",
    ]);
  });

  it("drops a row that grows beyond a megabyte, once, and reads on at the next line", async () => {
    const large = "x".repeat(3 * 1024 * 1024);
    for (const line of [`${large},2`, `"${large}`]) {
      const text = Buffer.from(`a,b\n1,2\n${line}\n3,4\n`);
      const whole = await read(text);
      const cuts = Array.from({ length: 20 }, (_, at) => at * 200_000);
      expect(whole.map((found) => ("value" in found ? "row" : found.rejected))).toEqual(
        line.startsWith('"') ? ["row", "a row larger than 1024 KB"] : ["row", "a row larger than 1024 KB", "row"],
      );
      expect((await read(text, ...cuts)).at(1)).toMatchObject({ rejected: "a row larger than 1024 KB" });
      expect((await read(text, ...cuts)).at(-1)).toMatchObject({ value: { a: "3", b: "4" } });
    }
  });
});

describe("a row that is skipped", () => {
  it("ends with its line, also where a quote stands in it", async () => {
    const text = Buffer.from(`a,b\n${"x".repeat(3 * 1024 * 1024)}"x\n3,4\n`);
    expect(
      (await read(text, 2 * 1024 * 1024)).map((found) => ("value" in found ? found.value : found.rejected)),
    ).toEqual(["a row larger than 1024 KB", { a: "3", b: "4" }]);
  });
});

describe("a header of CSV", () => {
  it.each([
    "BilledCost,BillingAccountId",
    '\ufeff"lineItem/UsageAccountId","resourceTags/user:team"',
    "a, b (UTC)",
  ])("is %s", (line) => {
    expect(isCsvHeader(line)).toBe(true);
  });

  it.each(["Records", "2026-11-03,INFO", "a,,b", "a,{", '"a"b,c', "", "1,2"])("is not %j", (line) => {
    expect(isCsvHeader(line)).toBe(false);
  });
});
