import type { Command } from "commander";
import { migrate as migrateAll } from "../../functions/migrate.ts";
import { readConfiguration } from "../../functions/runtime.ts";
import { configOption, type Door, write } from "../door.ts";

export function migrate(program: Command, door: Door): void {
  program
    .command("migrate")
    .description("bring the store's tables and Kafka's topics to what this version needs; safe to run again")
    .addOption(configOption(door))
    .action(async ({ config }: { config: string }) => {
      const done = await migrateAll(await readConfiguration(config, door.environment));
      await write(done.length > 0 ? `${done.join("\n")}\n` : "nothing to do\n", undefined, door);
    });
}
