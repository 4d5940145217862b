import type { Command } from "commander";
import type { Rule } from "../../shared/model/finding.ts";
import { detections } from "../../shared/registry.ts";
import { choice } from "../choice.ts";
import { type Door, formatOption, outputFor, outputs, write } from "../door.ts";
import type { Column } from "../render/columns.ts";

const columns: readonly Column<Rule>[] = [
  { heading: "Level", value: ({ level }) => level, tone: true },
  { heading: "Rule", value: ({ name }) => name },
  { heading: "Finds", value: ({ title }) => title },
  { heading: "Status", value: ({ status }) => status },
  { heading: "Tags", value: ({ tags }) => tags.join(" "), spare: true },
];

export function rules(program: Command, door: Door): void {
  const command = program.command("rules").description("what Gnomon looks for");
  command
    .command("list")
    .description("every rule")
    .addOption(formatOption(outputs.filter(({ list }) => list !== undefined)))
    .action(async ({ format }: { format: string }) => {
      const listing = {
        schema: "gnomon.rules/v1",
        columns,
        rows: detections.map(({ rule }) => rule),
        whenEmpty: "No rules.",
      };
      await write(
        outputFor(format).list?.(listing, { screen: door.out, placeOf: () => ({ file: "." }) }) ?? "",
        undefined,
        door,
      );
    });
  command
    .command("explain")
    .description("one rule: what it finds, what it misses, what to do")
    .argument("<name>", "its name or id")
    .action(async (given: string) => {
      const rules = detections.map(({ rule }) => rule);
      const names = rules.map(({ name }) => name);
      const meant = rules.find(({ id }) => id === given)?.name ?? choice("rules explain", given, names);
      const rule = rules.find(({ name }) => name === meant);
      if (rule) await write(explained(rule), undefined, door);
    });
}

const explained = (rule: Rule): string =>
  `${[
    rule.title,
    "",
    rule.description,
    "",
    `Rule       ${rule.name} (${rule.id})`,
    `Level      ${rule.level}, ${rule.status}`,
    `Tags       ${rule.tags.join(" ")}`,
    "",
    `Do         ${rule.remedy}`,
    `Or else    ${rule.falsepositives.join("; ")}`,
    `Misses     ${rule.misses}`,
    ...rule.references.map((reference, at) => `${at === 0 ? "See        " : "           "}${reference}`),
  ].join("\n")}\n`;
