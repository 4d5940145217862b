import { describe, expect, it } from "vitest";
import { hostileReport, madeUpReport, madeUpRules } from "../../test/made-up-report.ts";
import { type Column, findingColumns } from "./columns.ts";
import { toMarkdownFindings, toMarkdownTable } from "./markdown.ts";

const rules = new Map(madeUpRules.map((rule) => [rule.id, rule]));
const columns: readonly Column<string>[] = [
  { heading: "Text", value: (text) => text },
  { heading: "Level", value: (text) => text, tone: true },
];

describe("Markdown", () => {
  it("is a table that GitHub draws, numbers to the right", () => {
    const [head, rule, first] = toMarkdownTable(findingColumns, madeUpReport().findings).split("\n");
    expect(head).toBe("| Level | Finding | Subject | Owner | Status | Count | First seen | Last seen | Uid |");
    expect(rule).toBe("| --- | --- | --- | --- | --- | ---: | --- | --- | --- |");
    expect(first).toMatch(/^\| critical \| `Model Access Opened and Used Within Minutes` \| `user\/ivo · /);
  });

  it("tells a finding as a person reads it", () => {
    const text = toMarkdownFindings(madeUpReport().findings.slice(2, 3), rules);
    expect(text).toContain("**1 finding**");
    expect(text).toContain("### HIGH: Model in Use That Is Not Approved");
    expect(text).toContain("- Owner: `Web`");
    expect(text).toContain("- Decided by: `policy.yaml:31`");
    expect(text).toContain("- What to do: Ask the owner to stop, or to have the model approved.");
  });

  it.each([
    ["a|b", "`a\\|b`", "a\\|b"],
    ["x`y", "`xˋy`", "x\\`y"],
    ["<!channel>", "`‹!channel›`", "&lt;\\!channel&gt;"],
    ["@acme/security", "`@acme/security`", "@\u2060acme/security"],
    ["https://evil.example", "`https://evil.example`", "https:\u2060//evil.example"],
    ["[a](b)", "`[a](b)`", "\\[a\\](b)"],
    ["one\ntwo", "`one two`", "one two"],
  ])("keeps %j harmless in code and in prose", (text, code, prose) => {
    expect(toMarkdownTable(columns, [text]).split("\n")[2]).toBe(`| ${code} | ${prose} |`);
  });

  it("lets no log field become HTML, a heading or a new line", () => {
    const text = toMarkdownFindings(hostileReport().findings, rules);
    expect(text).not.toMatch(/<img|<b>|<\/style>/);
    const lines = text.split("\n").filter((line) => line !== "");
    for (const line of lines) expect(line).toMatch(/^(\*\*\d+ findings\*\*|### [A-Z]+: |- [A-Z][a-z ]+: |\S)/);
    expect(lines.filter((line) => line.startsWith("#"))).toHaveLength(hostileReport().findings.length);
  });

  it("says that there are none", () => {
    expect(toMarkdownFindings([], rules)).toBe("No findings.\n");
  });
});
