/**
 * Markdown for pull requests, issues and chat. What a log wrote stands in code spans or is escaped: it can link
 * nobody, mention nobody and break out of no table, on GitHub or in Slack.
 */
import type { Rule } from "../../shared/model/finding.ts";
import type { FindingRow } from "../../shared/model/ledger.ts";
import { minute, plural, subjectParts } from "../../shared/report/figures.ts";
import type { Column } from "./columns.ts";
import { printable } from "./printable.ts";

export function toMarkdownTable<Row>(all: readonly Column<Row>[], rows: readonly Row[]): string {
  const columns = all.filter(({ long }) => !long);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return [
    line(columns.map(({ heading }) => prose(heading))),
    line(columns.map(({ numeric }) => (numeric ? "---:" : "---"))),
    ...rows.map((row) => line(columns.map((column) => shown(column, row)))),
  ].join("");
}

function shown<Row>(column: Column<Row>, row: Row): string {
  const text = column.show ? column.show(row) : column.value(row);
  if (text === undefined || text === "") return "";
  return column.numeric || column.tone ? prose(String(text)) : code(String(text)).replaceAll("|", "\\|");
}

/** One section per finding, as a person reads them. `rules` by id; a finding of an unlisted rule says less. */
export function toMarkdownFindings(rows: readonly FindingRow[], rules: ReadonlyMap<string, Rule>): string {
  if (rows.length === 0) return "No findings.\n";
  const heading = `**${plural(rows.length, "finding")}**\n`;
  return [heading, ...rows.map((row) => section(row, rules.get(row.finding.ruleId)))].join("\n");
}

function section({ finding }: FindingRow, rule: Rule | undefined): string {
  const facts: [string, string | undefined][] = [
    [
      "About",
      subjectParts(finding.subject)
        .map(({ part, value }) => `${part} ${code(value)}`)
        .join(", "),
    ],
    [
      "Seen",
      `${minute(finding.firstSeenTime)} to ${minute(finding.lastSeenTime)} UTC, ${plural(finding.count, "request")}`,
    ],
    ["Owner", finding.owner && code(finding.owner)],
    ["Decided by", finding.clause && code(finding.clause)],
    ["What to do", rule && prose(rule.remedy)],
    ["What it may be instead", rule && prose(rule.falsepositives.join("; "))],
    ["Finding", code(finding.uid)],
  ];
  return [
    `### ${finding.level.toUpperCase()}: ${prose(finding.title)}\n`,
    `${prose(finding.reason)}\n`,
    `${facts
      .filter(([, fact]) => fact)
      .map(([name, fact]) => `- ${name}: ${fact}`)
      .join("\n")}\n`,
  ].join("\n");
}

/** `<` even in code: Slack reads `<!channel>` there too, and GitHub would show an entity as it stands. */
const code = (text: string): string =>
  `\`${printable(text).replaceAll("`", "ˋ").replaceAll("<", "‹").replaceAll(">", "›")}\``;

/** A word joiner after `@` and in `://` stops mentions and links where a backslash does not. */
const prose = (text: string): string =>
  printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[\\`*_~[\]|#!]/g, "\\$&")
    .replaceAll("@", "@\u2060")
    .replaceAll("://", ":\u2060//")
    .replace(/\bwww\./gi, "$&\u2060");
