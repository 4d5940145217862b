/** Help as wide as the window, also where that is too narrow for two columns. */
import { type Command, Help, type HelpConfiguration } from "commander";
import { sources } from "../shared/registry.ts";
import { choice } from "./choice.ts";
import type { Door } from "./door.ts";
import { widthOf } from "./render/table.ts";

/** Below this a column of text says nothing: it stands under its term. commander's own limit is 40, and it never does. */
const LEAST_WIDTH = 24;
const BESIDE_TERM = 4;
const UNDER_TERM = 6;
/** Off a terminal. */
const USUAL_WIDTH = 80;

const fitting: HelpConfiguration = {
  minWidthToWrap: LEAST_WIDTH,
  formatItem(term, termWidth, description, helper) {
    const { helpWidth = USUAL_WIDTH } = helper;
    if (description === "" || helpWidth - termWidth - BESIDE_TERM >= LEAST_WIDTH)
      return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
    const text = helper.boxWrap(description, helpWidth - UNDER_TERM);
    return `  ${term}\n${text.replaceAll(/^/gm, " ".repeat(UNDER_TERM))}`;
  },
};

/** Holds for commands that are added later. */
export const fitHelp = (program: Command, { out, err }: Door): Command =>
  program.configureHelp(fitting).configureOutput({
    writeOut: (text) => void out.write(text),
    writeErr: (text) => void err.write(text),
    getOutHelpWidth: () => helpWidthOf(out),
    getErrHelpWidth: () => helpWidthOf(err),
  });

const helpWidthOf = (screen: Door["out"]): number => (screen.isTTY ? widthOf(screen) : USUAL_WIDTH);

const fitted = (door: Door): Help => Object.assign(new Help(), fitting, { helpWidth: helpWidthOf(door.out) });

/** For commands that read log files. */
export const SOURCES = `Sources: ${sources.map(({ id }) => id).join(", ")}`;

/** Broken at spaces alone: names have dots and dashes. */
export function toHelpText(text: string, door: Door): string {
  const help = fitted(door);
  return help.boxWrap(text, help.helpWidth ?? USUAL_WIDTH);
}

/** What to type, and what that does. */
export function toSteps(steps: readonly (readonly [typed: string, does: string])[], door: Door): string {
  const help = fitted(door);
  const longest = Math.max(...steps.map(([typed]) => typed.length));
  return steps.map(([typed, does]) => help.formatItem(typed, longest, does, help)).join("\n");
}

/** `gnomon help rejects list`: commander's own takes one word, and answers one that it does not know with all help. */
export function addHelp(program: Command): void {
  program
    .helpCommand(false)
    .command("help")
    .description("help of a command")
    .argument("[command...]", "its name, and that of its subcommand")
    .action((words: string[]) => {
      let command = program;
      for (const word of words) {
        const names = command.commands.map((one) => one.name());
        // Behind the last name stand a command's own words.
        const name = names.length > 0 ? choice("help", word, names) : undefined;
        command = command.commands.find((one) => one.name() === name) ?? command;
      }
      command.help();
    });
}
