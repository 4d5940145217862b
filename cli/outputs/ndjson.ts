import type { Output } from "./output.ts";

export const ndjson: Output = {
  format: "ndjson",
  findings: ({ findings }) => lines(findings.map(({ finding }) => finding)),
  list: ({ schema, rows }) => lines(rows.map((row) => ({ schema, ...row }))),
};

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
