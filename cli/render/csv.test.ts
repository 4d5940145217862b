import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvRows } from "../../shared/reading/csv-rows.ts";
import { focusColumns, focusRows } from "../../shared/report/focus.ts";
import { inventory } from "../../shared/report/inventory.ts";
import { madeUpReport } from "../../test/made-up-report.ts";
import { type Column, findingColumns, inventoryColumns, type Value } from "./columns.ts";
import { toCsv } from "./csv.ts";

const columns: readonly Column<{ readonly text: Value }>[] = [
  { heading: "Text", value: ({ text }) => text, show: () => "for people" },
  { heading: "Last", value: () => "end" },
];

const cell = (text: Value): string | undefined =>
  /^Text,Last\r\n(.*),end\r\n$/s.exec(toCsv(columns, [{ text }]))?.[1];

describe("CSV", () => {
  it.each([
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    [" kept ", '" kept "'],
    [1_204.5, "1204.5"],
    [-3, "-3"],
    ["-0.000000001", "-0.000000001"],
    [undefined, ""],
  ])("writes %j as %s", (text, written) => {
    expect(cell(text)).toBe(written);
  });

  it.each(["=1+1", "+cmd|'/c calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "＠x"])(
    "takes from %j its power over a spreadsheet",
    (text) => {
      expect(cell(text)?.replace(/^"/, "")).toMatch(/^'/);
    },
  );

  it("gives back what was written, but for controls and the guard", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", ",", '"', " ", "é", "=", ";") }), (text) => {
        const found = cell(text) ?? "";
        const read = found.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found;
        expect(read.replace(/^'/, "")).toBe(text);
      }),
    );
  });

  it("has the same number of cells on every line", () => {
    for (const csv of [
      toCsv(inventoryColumns, inventory(madeUpReport().usage)),
      toCsv(findingColumns, madeUpReport().findings),
    ]) {
      const cells = csv
        .trimEnd()
        .split("\r\n")
        .map((line) => line.replace(/"(?:[^"]|"")*"/g, "").split(",").length);
      expect(new Set(cells).size).toBe(1);
    }
  });

  it("writes FOCUS as a reader of CSV gives it back", async () => {
    const rows = focusRows(madeUpReport().usage).slice(0, 50);
    const found: unknown[] = [];
    for await (const batch of csvRows(once(toCsv(focusColumns, rows)))) found.push(...batch);
    const written = rows.map((row) => Object.entries(row).map(([name, value]) => [name, value ?? ""]));
    expect(found).toMatchObject(written.map((cells) => ({ value: Object.fromEntries(cells) })));
  });

  it("writes findings for machines: whole uids, ISO times, the reason", () => {
    const [finding] = madeUpReport().findings;
    const line = toCsv(findingColumns, madeUpReport().findings).split("\r\n")[1] ?? "";
    expect(line).toContain(finding?.finding.uid);
    expect(line).toContain("2026-09-22T09:00:00.000Z");
    expect(line).toContain("all within 4 minutes.");
  });
});

async function* once(text: string) {
  yield Buffer.from(text);
}
