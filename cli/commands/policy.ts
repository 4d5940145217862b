import type { Command } from "commander";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import { suggestPolicy } from "../../shared/policy/suggest-policy.ts";
import { formatProblem } from "../../shared/policy/yaml-document.ts";
import { plural } from "../../shared/report/figures.ts";
import { type Door, readText, write } from "../door.ts";
import { type ResultOptions, resultOptions, withResults } from "../results.ts";

export function policy(program: Command, door: Door): void {
  const command = program.command("policy").description("what is approved, forbidden, owned");
  command
    .command("check")
    .description("every problem of a policy file, with its place and a suggestion")
    .argument("<file>", "the policy, YAML")
    .action(async (file: string) => {
      const text = await readText(file);
      const read = parsePolicy(text, file);
      if ("problems" in read) {
        await write(
          `${read.problems.map((problem) => formatProblem(problem, text)).join("\n")}\n`,
          undefined,
          door,
        );
        door.err.write(`${plural(read.problems.length, "problem")} in ${file}\n`);
        door.exit(2);
        return;
      }
      const { approvals, denials, residency, owners, exceptions, gateways, budgets, events } = read.policy;
      const parts = [
        plural(approvals.length, "approval"),
        plural(denials.length, "denial"),
        plural(residency.length, "residency clause"),
        plural(exceptions.length, "exception"),
        plural(gateways.length, "gateway"),
        plural(owners.length, "owner"),
        plural(budgets.length, "budget"),
        plural(events.length, "known event"),
      ];
      await write(`${file} is fine: ${parts.join(", ")}; by default ${read.policy.default}\n`, undefined, door);
    });

  const suggest = command
    .command("suggest")
    .description("a commented first policy from what was seen")
    .argument("[path...]", "log files or folders; without any, what --store holds")
    .option("-o, --output <file>", "write there instead of stdout");
  resultOptions(suggest).action(async (paths: string[], options: ResultOptions & { output?: string }) => {
    await withResults(paths, options, door, async ({ input }) => {
      await write(suggestPolicy(input.usage), options.output, door);
    });
  });
}
