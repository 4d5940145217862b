import type { Command } from "commander";
import { kafkaSettings, readConfiguration } from "../../functions/runtime.ts";
import { migrateTopics } from "../../shared/bus/kafka-bus.ts";
import { migrateStore } from "../../shared/store/open-store.ts";
import { configOption, type Door, write } from "../door.ts";

export function migrate(program: Command, door: Door): void {
  program
    .command("migrate")
    .description("bring the store's tables and Kafka's topics to what this version needs; safe to run again")
    .addOption(configOption(door))
    .action(async ({ config }: { config: string }) => {
      const { store, bus } = await readConfiguration(config, door.environment);
      const tables = (await migrateStore(store)).map((name) => `store: applied ${name}`);
      const topics =
        bus === "memory"
          ? []
          : await migrateTopics(kafkaSettings(bus.kafka), { replicationFactor: bus.kafka.replicationFactor });
      const done = [...tables, ...topics];
      await write(done.length > 0 ? `${done.join("\n")}\n` : "nothing to do\n", undefined, door);
    });
}
