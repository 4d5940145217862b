/** The command line: parses words, calls one command, turns what went wrong into words and an exit code. */
import { Command, CommanderError } from "commander";
import * as commands from "./commands/index.ts";
import { type Door, explain, version } from "./door.ts";

export async function run(words: readonly string[], door: Door): Promise<void> {
  const program = new Command("gnomon")
    .description(
      "Reads the AI activity logs of every cloud, vendor and gateway: who uses which model, through which door,\nis it sanctioned, and what does it cost.",
    )
    .version(await version())
    .configureOutput({
      writeOut: (text) => void door.out.write(text),
      writeErr: (text) => void door.err.write(text),
    })
    .showSuggestionAfterError()
    // What stands behind a command's name is the command's: a subcommand may have an option of the same name.
    .enablePositionalOptions()
    .addHelpText(
      "after",
      `
First steps:
  $ gnomon demo                      a month of a made-up company, no credentials needed
  $ gnomon scan ./logs               exported log files, formats recognised by themselves
  $ gnomon policy suggest ./logs     a first policy from what was seen

Exit codes: 0 fine, 1 findings at or above --fail-on, 2 usage or configuration, 3 a source or sink failed, 130 interrupted`,
    );
  for (const add of Object.values(commands)) add(program, door);
  pointToOwnHelp(program, "gnomon");

  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) door.exit(error.exitCode === 0 ? 0 : 2);
    else explain(error, door);
  }
}

/** A subcommand's mistake is put right by the subcommand's own help. */
function pointToOwnHelp(command: Command, name: string): void {
  command.exitOverride().showHelpAfterError(`Try: ${name} --help`);
  for (const one of command.commands) pointToOwnHelp(one, `${name} ${one.name()}`);
}
