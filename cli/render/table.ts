/**
 * Rows for people. Off a terminal nothing is cut, wrapped or coloured, so that `grep` finds what it looks for; on
 * one the table is as wide as the window and says what it leaves out, and where the window is too narrow for a table every row becomes a block.
 */
import { styleText } from "node:util";
import stringWidth from "string-width";
import type { Column } from "./columns.ts";
import { printable } from "./printable.ts";

/** A stream that may be a terminal: `process.stdout`. */
export type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

const GAP = 2;
/** Below this a column of text says nothing. */
const LEAST_WIDTH = 10;
/** Before a column of text becomes narrower than this, spare columns go. */
const EASY_WIDTH = 24;
/** A cell may take this many lines; what is left is cut and marked by an ellipsis. */
const MOST_LINES = 4;

/**
 * Ends with a line break. Where there are no rows, `whenEmpty` says what that means and what to do next; `inFull` is how to
 * see columns for which the window is too narrow.
 */
export function toTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  screen: Screen,
  whenEmpty: string,
  inFull = "--format csv",
): string {
  if (rows.length === 0) return `${whenEmpty}\n`;
  const width = widthOf(screen);
  const said = columns.filter((column) => !column.long && rows.some((row) => shown(column, row) !== ""));
  const cellsOf = (chosen: readonly Column<Row>[]) =>
    rows.map((row) => chosen.map((column) => shown(column, row)));
  const table = (chosen: readonly Column<Row>[], widths: readonly number[]) =>
    grid(chosen, cellsOf(chosen), widths, screen) +
    leftOut(
      said.filter((column) => !chosen.includes(column)),
      screen,
      inFull,
    );
  const needed = said.filter(({ spare }) => !spare);
  const spares = said.filter(({ spare }) => spare);
  for (let kept = spares.length; kept >= 0; kept--) {
    const chosen = said.filter((column) => !column.spare || spares.indexOf(column) < kept);
    const widths = layOut(chosen, cellsOf(chosen), width, EASY_WIDTH);
    if (widths) return table(chosen, widths);
  }
  const widths = layOut(needed, cellsOf(needed), width, LEAST_WIDTH);
  return widths ? table(needed, widths) : blocks(said, cellsOf(said), width, screen);
}

/** One line, with names where there is room for them. */
function leftOut(columns: readonly { readonly heading: string }[], screen: Screen, inFull: string): string {
  if (columns.length === 0) return "";
  const count = columns.length === 1 ? "1 column does not fit" : `${columns.length} columns do not fit`;
  const named = `${count} (${columns.map(({ heading }) => heading).join(", ")}): widen, or ${inFull}`;
  return stringWidth(named) <= widthOf(screen)
    ? `${named}\n`
    : toParagraph(`${count}: widen, or ${inFull}`, screen);
}

/** Off a terminal there is no end of a line. */
export const widthOf = (screen: Screen): number =>
  screen.isTTY ? screen.columns || 80 : Number.POSITIVE_INFINITY;

/** Sentences as wide as the window, later lines indented as the first. Ends with a line break. */
export function toParagraph(text: string, screen: Screen, indent = ""): string {
  const width = Math.max(widthOf(screen) - stringWidth(indent), LEAST_WIDTH);
  return wrap(printable(text), width, Number.POSITIVE_INFINITY)
    .map((line) => `${indent}${line}\n`)
    .join("");
}

function shown<Row>(column: Column<Row>, row: Row): string {
  const text = column.show ? column.show(row) : column.value(row);
  return text === undefined ? "" : printable(String(text));
}

/** Widths that fit, taken from the widest columns of text; undefined where no table does. */
function layOut<Row>(
  columns: readonly Column<Row>[],
  cells: readonly (readonly string[])[],
  width: number,
  leastWidth: number,
): number[] | undefined {
  const widths = columns.map(({ heading }, at) =>
    cells.reduce((most, row) => Math.max(most, stringWidth(row[at] ?? "")), stringWidth(heading)),
  );
  const least = columns.map(({ heading, numeric, tone, rigid }, at) => {
    const natural = widths[at] ?? 0;
    return numeric || tone || rigid ? natural : Math.min(natural, Math.max(leastWidth, stringWidth(heading)));
  });
  const room = width - GAP * (columns.length - 1);
  if (sum(least) > room) return undefined;
  while (sum(widths) > room) {
    const spare = widths.map((one, at) => one - (least[at] ?? 0));
    const widest = widths.reduce(
      (best, one, at) => ((spare[at] ?? 0) > 0 && (best < 0 || one > (widths[best] ?? 0)) ? at : best),
      -1,
    );
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function grid<Row>(
  columns: readonly Column<Row>[],
  cells: readonly (readonly string[])[],
  widths: readonly number[],
  screen: Screen,
): string {
  const line = (parts: readonly string[]): string => `${parts.join(" ".repeat(GAP)).trimEnd()}\n`;
  const head = columns.map(({ heading, numeric }, at) =>
    styleText("bold", pad(heading, widths[at] ?? 0, numeric), { stream: screen }),
  );
  const body = cells.map((row) => {
    const wrapped = row.map((cell, at) => wrap(cell, widths[at] ?? 0, MOST_LINES));
    const height = Math.max(...wrapped.map(({ length }) => length));
    return Array.from({ length: height }, (_, level) =>
      line(
        columns.map(({ numeric, tone }, at) => {
          const part = pad(wrapped[at]?.[level] ?? "", widths[at] ?? 0, numeric);
          return tone ? paint(part, screen) : part;
        }),
      ),
    ).join("");
  });
  return line(head) + body.join("");
}

/** One block per row: the first two columns as its heading, then a line for each that says something. */
function blocks<Row>(
  columns: readonly Column<Row>[],
  cells: readonly (readonly string[])[],
  width: number,
  screen: Screen,
): string {
  const room = Math.max(width, LEAST_WIDTH);
  const label = Math.min(
    Math.max(...columns.map(({ heading }) => stringWidth(heading))),
    Math.floor(room / 2) - GAP,
  );
  return cells
    .map((row) =>
      columns
        .flatMap(({ heading, tone }, at) => {
          const cell = row[at] ?? "";
          if (cell === "") return [];
          if (at === 0) return [tone ? paint(cell.toUpperCase(), screen) : cell];
          const values = wrap(cell, Math.max(room - label - GAP, 4), Number.POSITIVE_INFINITY);
          return values.map(
            (value, level) => `${pad(level === 0 ? heading : "", label)}${" ".repeat(GAP)}${value}`,
          );
        })
        .map((text) => `${text}\n`)
        .join(""),
    )
    .join("\n");
}

const TONES: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  critical: ["bold", "magenta"],
  high: ["bold", "red"],
  medium: "yellow",
  low: "cyan",
  informational: "dim",
  unsanctioned: ["bold", "red"],
  unreviewed: "yellow",
  sanctioned: "green",
};

/** Colours a level or a verdict, or what is one by its `word`; `styleText` leaves it plain where the stream has no colours. */
export function paint(text: string, screen: Screen, word = text): string {
  const tone = TONES[word.trim().toLowerCase()];
  return tone ? styleText(tone, text, { stream: screen }) : text;
}

function pad(text: string, width: number, right: true | undefined = undefined): string {
  const blank = " ".repeat(Math.max(width - stringWidth(text), 0));
  return right ? blank + text : text + blank;
}

const segmenter = new Intl.Segmenter("en");

/** Breaks after blanks and the marks that part names and paths, else wherever the width ends. */
function wrap(text: string, width: number, mostLines: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const piece of text.match(/\S*?[/:,;@._-]+(?=[^\s\d])|\S+\s*|\s+/g) ?? []) {
    if (stringWidth(line + piece.trimEnd()) <= width) {
      line += piece;
      continue;
    }
    if (line.trim() !== "") lines.push(line.trimEnd());
    line = "";
    for (const { segment } of segmenter.segment(piece)) {
      if (stringWidth(line + segment) > width && segment.trim() !== "") {
        lines.push(line);
        line = "";
      }
      line += segment;
    }
  }
  if (line.trim() !== "") lines.push(line.trimEnd());
  if (lines.length <= mostLines) return lines;
  const last = lines[mostLines - 1] ?? "";
  return [...lines.slice(0, mostLines - 1), cut(`${last}…`, width)];
}

/** Shortened to `width`, an ellipsis at its end. */
function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  for (const { segment } of segmenter.segment(text)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
