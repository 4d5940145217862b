import { findingColumns } from "../render/columns.ts";
import { toCsv } from "../render/csv.ts";
import type { Output } from "./output.ts";

export const csv: Output = {
  format: "csv",
  findings: ({ findings }) => toCsv(findingColumns, findings),
  list: ({ columns, rows }) => toCsv(columns, rows),
};
