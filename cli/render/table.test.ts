import { PassThrough } from "node:stream";
import { WriteStream } from "node:tty";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import stringWidth from "string-width";
import { afterEach, describe, expect, it, vi } from "vitest";
import { inventory } from "../../shared/report/inventory.ts";
import { madeUpReport } from "../../test/made-up-report.ts";
import { type Column, coverageColumns, findingColumns, inventoryColumns } from "./columns.ts";
import { type Screen, toTable } from "./table.ts";

const input = madeUpReport();

/** A terminal of so many columns; without them a pipe. */
function screen(columns?: number, colours = false): Screen {
  const stream = new PassThrough();
  return Object.assign(stream, {
    ...(columns === undefined ? {} : { isTTY: true, columns }),
    // Node's own, which reads NO_COLOR and TERM.
    getColorDepth: () => (colours ? WriteStream.prototype.getColorDepth() : 1),
  });
}

interface Row {
  readonly level: string;
  readonly name?: string;
  readonly count: number;
}

const columns: readonly Column<Row>[] = [
  { heading: "Level", value: ({ level }) => level, tone: true },
  { heading: "Name", value: ({ name }) => name },
  { heading: "Count", value: ({ count }) => count, numeric: true },
];

afterEach(() => vi.unstubAllEnvs());

describe("a table", () => {
  it("aligns text to the left and numbers to the right", () => {
    const rows = [
      { level: "high", name: "web", count: 7 },
      { level: "medium", name: "checkout", count: 1_200 },
    ];
    expect(toTable(columns, rows, screen(), "")).toBe(
      ["Level   Name      Count", "high    web           7", "medium  checkout   1200", ""].join("\n"),
    );
  });

  it("measures what a terminal shows, not what a string holds", () => {
    const rows = [
      { level: "high", name: "漢字", count: 1 },
      { level: "high", name: "e\u0301", count: 2 },
    ];
    const widths = toTable(columns, rows, screen(), "")
      .trimEnd()
      .split("\n")
      .map((line) => stringWidth(line));
    expect(new Set(widths).size).toBe(1);
  });

  it.each([40, 60, 80, 100, 120, 200])("keeps within a terminal of %i columns", (width) => {
    const shown = [
      toTable(findingColumns, input.findings, screen(width), ""),
      toTable(inventoryColumns, inventory(input.usage), screen(width), ""),
      toTable(coverageColumns, input.coverage, screen(width), ""),
    ];
    for (const line of shown.join("\n").split("\n")) expect(stringWidth(line)).toBeLessThanOrEqual(width);
  });

  it("turns rows into blocks where the terminal is narrow", () => {
    const shown = toTable(inventoryColumns, inventory(input.usage), screen(40), "");
    expect(shown).toMatch(/^UNSANCTIONED\nModel {10}openai\/o4-mini\nDoor {11}openai\n/);
  });

  it("says below how many columns do not fit, with their names where there is room", () => {
    const rows = [{ name: "a-name-of-thirty-two-characters-x", calls: 1, tokens: 2, failed: 3 }];
    const spares: readonly Column<(typeof rows)[number]>[] = [
      { heading: "Name", value: ({ name }) => name, rigid: true },
      { heading: "Calls made", value: ({ calls }) => calls, numeric: true, spare: true },
      { heading: "Tokens", value: ({ tokens }) => tokens, numeric: true, spare: true },
      { heading: "Failed", value: ({ failed }) => failed, numeric: true, spare: true },
    ];
    const last = (width?: number) => toTable(spares, rows, screen(width), "").trimEnd().split("\n").at(-1);
    expect(last(55)).toBe("1 column does not fit (Failed): widen, or --format csv");
    expect(last(54)).toBe("1 column does not fit (Failed): widen, or --format csv");
    expect(last(45)).toBe("2 columns do not fit: widen, or --format csv");
    for (const wide of [80, undefined]) expect(last(wide)).toContain("a-name-of");
    expect(toTable(spares, rows, screen(55), "", "gnomon inventory")).toContain("widen, or gnomon inventory\n");
  });

  it("leaves spare columns out before it squeezes the others", () => {
    const wide = toTable(findingColumns, input.findings, screen(250), "");
    const narrow = toTable(findingColumns, input.findings, screen(100), "");
    expect(wide).toContain("First seen");
    expect(narrow.split("\n")[0]).not.toContain("First seen");
    expect(narrow).toContain("Last seen");
  });

  it("cuts nothing off a terminal", () => {
    const shown = toTable(findingColumns, input.findings, screen(), "");
    expect(shown.trimEnd().split("\n")).toHaveLength(input.findings.length + 1);
    expect(shown).toContain("forecast@acme-analytics-prod · anthropic/claude-sonnet-4-5");
    expect(shown).not.toContain("…");
  });

  it("leaves out columns of which no row says anything", () => {
    expect(toTable(columns, [{ level: "low", count: 3 }], screen(), "")).toBe("Level  Count\nlow        3\n");
  });

  it("says what it means that there are no rows", () => {
    expect(toTable(columns, [], screen(80), "No findings.")).toBe("No findings.\n");
  });

  it("colours words of level and verdict on a terminal that has colours, and there alone", () => {
    vi.stubEnv("NO_COLOR", undefined);
    vi.stubEnv("FORCE_COLOR", undefined);
    vi.stubEnv("TERM", "xterm-256color");
    // Node takes a terminal in CI for one without colours.
    vi.stubEnv("CI", undefined);
    const rows = [{ level: "high", name: "high", count: 1 }];
    const coloured = toTable(columns, rows, screen(80, true), "");
    expect(coloured).toContain("\u001b[31mhigh");
    expect(coloured.split("\u001b[31m")).toHaveLength(2);
    for (const plain of [screen(80), screen()]) expect(toTable(columns, rows, plain, "")).not.toContain("\u001b");
    vi.stubEnv("NO_COLOR", "1");
    expect(toTable(columns, rows, screen(80, true), "")).not.toContain("\u001b");
  });

  it("shows what a log wrote without letting it steer the terminal", () => {
    const rows = [{ level: "low", name: "a\u001b[2Jb\r\nc\u202ed\u0007\u009b31m", count: 1 }];
    const shown = toTable(columns, rows, screen(), "");
    expect(shown).toContain("a␛[2Jb  c\ufffdd␇\ufffd31m");
    expect(stripVTControlCharacters(shown)).toBe(shown);
  });

  it("keeps within any terminal whatever the rows say", () => {
    const row = fc.record({
      level: fc.constantFrom("low", "critical"),
      name: fc.string({ unit: "grapheme" }),
      count: fc.nat(),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 24, max: 120 }),
        (rows, width) => {
          const shown = toTable(columns, rows, screen(width), "");
          for (const line of shown.split("\n")) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
