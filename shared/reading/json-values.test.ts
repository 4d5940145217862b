import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unwrap } from "./envelopes.ts";
import { type JsonValue, jsonValues } from "./json-values.ts";

async function read(bytes: Uint8Array, chunkSize = bytes.length || 1): Promise<JsonValue[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
  }
  const found: JsonValue[] = [];
  for await (const batch of jsonValues(chunks())) found.push(...batch);
  return found;
}
const readText = (text: string, chunkSize?: number) => read(Buffer.from(text), chunkSize);
const valuesOf = (found: readonly JsonValue[]) => found.flatMap((one) => ("value" in one ? [one.value] : []));
const rejectsOf = (found: readonly JsonValue[]) =>
  found.flatMap((one) => ("rejected" in one ? [one.rejected] : []));
const record = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 0 }).filter((one) => !("__proto__" in one));

describe("jsonValues", () => {
  it("gives the same documents whatever the layout and wherever the chunks are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 8 }),
        fc.constantFrom("ndjson", "pretty", "array", "concatenated"),
        fc.integer({ min: 1, max: 40 }),
        async (records, layout, chunkSize) => {
          const text =
            layout === "ndjson"
              ? `${records.map((one) => JSON.stringify(one)).join("\n")}\n`
              : layout === "pretty"
                ? records.map((one) => JSON.stringify(one, null, 2)).join("\n")
                : layout === "array"
                  ? JSON.stringify(records)
                  : records.map((one) => JSON.stringify(one)).join("");
          const found = await readText(text, chunkSize);
          expect(found.map((one) => one.number)).toEqual(records.map((_, at) => at + 1));
          expect(valuesOf(found)).toEqual(JSON.parse(JSON.stringify(records)));
        },
      ),
    );
  });

  it("never throws on bytes that are no JSON, and says so", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1 }),
        fc.integer({ min: 1, max: 9 }),
        async (bytes, chunkSize) => {
          for (const one of await read(bytes, chunkSize))
            expect("value" in one || one.rejected.length > 0).toBe(true);
        },
      ),
    );
  });

  it("reads each whole line of NDJSON although another lacks its end", async () => {
    const found = await readText('{"a":1}\n{"b":"open\n{"c":3}\nplain text\n{"d":4}\n');
    expect(valuesOf(found)).toEqual([{ a: 1 }, { c: 3 }, { d: 4 }]);
    expect(rejectsOf(found)).toHaveLength(2);
  });

  it("rejects one record of invalid UTF-8 and reads its neighbours", async () => {
    const found = await read(Buffer.from('{"a":1}\n{"b":"\xff"}\n{"c":3}\n', "latin1"));
    expect(valuesOf(found)).toEqual([{ a: 1 }, { c: 3 }]);
    expect(rejectsOf(found)).toEqual(["not valid UTF-8"]);
  });

  it("reads past a byte order mark", async () => {
    expect(valuesOf(await readText('\ufeff{"a":1}'))).toEqual([{ a: 1 }]);
  });

  it("forgives a comma before a closing bracket, and leaves strings alone", async () => {
    expect(valuesOf(await readText('{"a":[1,2,],"b":",}",}'))).toEqual([{ a: [1, 2], b: ",}" }]);
  });

  it("keeps a key named __proto__ as data", async () => {
    const [value] = valuesOf(await readText('{"__proto__":{"polluted":true}}'));
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("gives the records of a large object one by one, and the same ones as a small object", async () => {
    const records = Array.from({ length: 3_000 }, (_, at) => ({
      at,
      text: `"]}\\${"x".repeat(1_000)}`,
      list: [{}, []],
    }));
    const text = JSON.stringify({ before: { Records: [1] }, Records: records, after: [{ at: -1 }] });
    expect(text.length).toBeGreaterThan(3_000_000);
    const found = await readText(text, 65_536);
    expect(found.length).toBe(records.length);
    expect(valuesOf(found).flatMap((value) => [...unwrap(value)])).toEqual(records);
  });

  it("reads the other records of a small object when one of them is damaged, or its end is missing", async () => {
    const damaged = Buffer.from('{"Records":[{"a":1},{"b":"\xff"},{"c":3}],"more":1}', "latin1");
    const found = await read(damaged, 7);
    expect(valuesOf(found).flatMap((value) => [...unwrap(value)])).toEqual([{ a: 1 }, { c: 3 }]);
    expect(rejectsOf(found)).toEqual(["not valid UTF-8"]);
    const cut = await readText('{"Records":[{"a":1},{"b":2},{"c":', 9);
    expect(valuesOf(cut).flatMap((value) => [...unwrap(value)])).toEqual([{ a: 1 }, { b: 2 }]);
    expect(rejectsOf(cut)).toEqual(["ends in the middle of a record"]);
  });

  it("drops a record over 16 MB by name and reads what follows", async () => {
    const found = await readText(`{"big":"${"x".repeat(17 * 1024 * 1024)}"}\n{"a":1}\n`, 65_536);
    expect(found).toEqual([
      { rejected: "a record larger than 16 MB", number: 1 },
      { value: { a: 1 }, number: 2 },
    ]);
  });

  it("says that a list of records ends too early, after giving those that are whole", async () => {
    const found = await readText('[{"a":1},{"b":2},{"c"');
    expect(valuesOf(found)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(rejectsOf(found)).toEqual(["ends in the middle of a record"]);
    expect(rejectsOf(await readText('[{"a":1},'))).toEqual(["ends in the middle of a list of records"]);
  });
});
