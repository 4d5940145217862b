import { toMarkdownFindings, toMarkdownTable } from "../render/markdown.ts";
import type { Output } from "./output.ts";

export const markdown: Output = {
  format: "markdown",
  findings: ({ findings, rules }) => toMarkdownFindings(findings, new Map(rules.map((rule) => [rule.id, rule]))),
  list: ({ columns, rows }) => toMarkdownTable(columns, rows),
};
