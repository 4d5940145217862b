/** The command line: parses words, calls one command, turns what went wrong into words and an exit code. */
import { Command, CommanderError } from "commander";
import * as commands from "./commands/index.ts";
import { type Door, explain, version } from "./door.ts";
import { addHelp, fitHelp, toHelpText, toSteps } from "./help.ts";

export async function run(words: readonly string[], door: Door): Promise<void> {
  const program = fitHelp(new Command("gnomon"), door)
    .description(
      "Reads the AI activity logs of every cloud, vendor and gateway: who uses which model, through which door, is it sanctioned, and what does it cost.",
    )
    .version(await version())
    .showSuggestionAfterError()
    // What stands behind a command's name is the command's: a subcommand may have an option of the same name.
    .enablePositionalOptions()
    .addHelpText("after", () => `\nFirst steps:\n${toSteps(firstSteps, door)}\n\n${toHelpText(EXIT_CODES, door)}`);
  for (const add of Object.values(commands)) add(program, door);
  addHelp(program);
  pointToOwnHelp(program, "gnomon");

  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) door.exit(error.exitCode === 0 ? 0 : 2);
    else explain(error, door);
  }
}

const firstSteps = [
  ["$ gnomon demo", "a month of a made-up company, no credentials"],
  ["$ gnomon scan ./logs", "exported log files; formats are recognised"],
  ["$ gnomon policy suggest ./logs", "a first policy from what was seen"],
  ["$ gnomon init", "a configuration, to run it: gnomon up"],
] as const;

const EXIT_CODES =
  "Exit codes: 0 fine, 1 findings at or above --fail-on, 2 usage or configuration, 3 a source or sink failed, 130 interrupted";

/** A subcommand's mistake is put right by the subcommand's own help. */
function pointToOwnHelp(command: Command, name: string): void {
  command.exitOverride().showHelpAfterError(`Try: ${name} --help`);
  for (const one of command.commands) pointToOwnHelp(one, `${name} ${one.name()}`);
}
