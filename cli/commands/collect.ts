import type { Command } from "commander";
import { collectOnce } from "../../functions/collect.ts";
import { lineLog } from "../../functions/log.ts";
import { openRuntime, readConfiguration } from "../../functions/runtime.ts";
import { type StageName, stages, startStage } from "../../functions/stages.ts";
import { configOption, type Door, write } from "../door.ts";
import { untilInterrupted } from "../running.ts";

export function collect(program: Command, door: Door): void {
  program
    .command("collect")
    .description("run one collector of the configuration, once")
    .argument("<name>", "its name in the configuration")
    .addOption(configOption(door))
    .option("-q, --quiet", "only warnings and errors")
    .action(async (name: string, { config, quiet }: { config: string; quiet?: boolean }) => {
      const configuration = await readConfiguration(config, door.environment);
      const runtime = openRuntime(configuration, lineLog(door.err, quiet ?? false, Date.now));
      await untilInterrupted(
        runtime,
        async (signal) => {
          // Without Kafka nobody else reads the bus: this process does, or the records would go nowhere.
          const own = configuration.bus === "memory" ? (Object.keys(stages) as StageName[]) : [];
          const subscriptions = await Promise.all(own.map((stage) => startStage(stage, runtime)));
          const { pages, records, rejects, failures } = await collectOnce(name, runtime, signal);
          await Promise.all(subscriptions.map((subscription) => subscription.stop()));
          await write(`${name}: ${pages} pages, ${records} records, ${rejects} rejects\n`, undefined, door);
          if (failures.length > 0) door.exit(3);
        },
        door,
      );
    });
}
