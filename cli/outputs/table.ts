import { findingColumns } from "../render/columns.ts";
import { toTable } from "../render/table.ts";
import type { Output } from "./output.ts";

export const table: Output = {
  format: "table",
  findings: (input, { screen }) =>
    toTable(
      findingColumns,
      input.findings,
      screen,
      "No findings: nothing in these logs breaks the policy or a rule.",
    ),
  list: ({ columns, rows, whenEmpty }, { screen }) => toTable(columns, rows, screen, whenEmpty),
};
