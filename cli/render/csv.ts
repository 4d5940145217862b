/** RFC 4180, safe to open in a spreadsheet. */
import type { Column, Value } from "./columns.ts";
import { printable } from "./printable.ts";

/** CRLF after every line, a header line first. */
export function toCsv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map(({ heading }) => cell(heading)),
    ...rows.map((row) => columns.map(({ value }) => cell(value(row)))),
  ];
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

/**
 * Text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV Injection). Numbers are
 * never guarded: a minus sign belongs to them.
 */
function cell(value: Value): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const shown = printable(value);
  const isFormula = /^\s*[=+\-@＝＋－＠]/.test(shown) && !NEGATIVE_NUMBER.test(shown);
  const guarded = isFormula ? `'${shown}` : shown;
  return /[",\r\n]|^\s|\s$/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** Amounts with more digits than a number holds are text. */
const NEGATIVE_NUMBER = /^-\d+(?:\.\d+)?$/;
