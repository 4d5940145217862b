import type { Command } from "commander";
import { inventory as inventoryOf } from "../../shared/report/inventory.ts";
import { type Door, formatOption, outputFor, outputs, write } from "../door.ts";
import { inventoryColumns } from "../render/columns.ts";
import { type ResultOptions, resultOptions, withResults } from "../results.ts";

export function inventory(program: Command, door: Door): void {
  const command = program
    .command("inventory")
    .description("who uses which model through which door, sanctioned or not")
    .argument("[path...]", "log files or folders; without any, what --store holds")
    .addOption(formatOption(outputs.filter(({ list }) => list !== undefined)))
    .option("-o, --output <file>", "write there instead of stdout");
  resultOptions(command).action(
    async (paths: string[], options: ResultOptions & { format: string; output?: string }) => {
      await withResults(paths, options, door, async ({ input, placeOf }) => {
        const listing = {
          schema: "gnomon.inventory/v1",
          columns: inventoryColumns,
          rows: inventoryOf(input.usage, input.decided),
          whenEmpty: "No use of a model in there.",
        };
        await write(
          outputFor(options.format).list?.(listing, { screen: door.out, placeOf }) ?? "",
          options.output,
          door,
        );
      });
    },
  );
}
