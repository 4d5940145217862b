import { Argument, type Command } from "commander";
import { collectOnce } from "../../functions/collect.ts";
import { deliverTo } from "../../functions/deliver.ts";
import { housekeepOnce } from "../../functions/housekeeping.ts";
import { serveReceiver } from "../../functions/http-server.ts";
import { lineLog } from "../../functions/log.ts";
import { reviewOnce } from "../../functions/review.ts";
import { openRuntime, type Runtime, readConfiguration } from "../../functions/runtime.ts";
import { type StageName, stages, startStage } from "../../functions/stages.ts";
import { PipelineError } from "../../shared/model/errors.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/model/units.ts";
import { choice } from "../choice.ts";
import { configOption, type Door } from "../door.ts";
import { every, untilInterrupted } from "../running.ts";

/** A finding is told within seconds of its commit. */
const DELIVER_EVERY_MS = 5 * SECOND_MS;

const names = [...Object.keys(stages), "collect", "receive", "review", "deliver", "housekeeping"];

export function worker(program: Command, door: Door): void {
  program
    .command("worker")
    .description("run one function as a member of a Kafka consumer group, or on its schedule, until interrupted")
    .addArgument(
      new Argument("<name>", "which function").choices(names).argParser((given) => choice("worker", given, names)),
    )
    .addOption(configOption(door))
    .option("-q, --quiet", "only warnings and errors")
    .action(async (name: string, { config, quiet }: { config: string; quiet?: boolean }) => {
      const configuration = await readConfiguration(config, door.environment);
      if (configuration.bus === "memory") {
        throw new PipelineError(
          "config-invalid",
          `${config}: workers meet on Kafka; for one process use gnomon up`,
        );
      }
      const runtime = openRuntime(configuration, lineLog(door.err, quiet ?? false, Date.now));
      await untilInterrupted(runtime, (signal) => run(name, runtime, signal), door);
    });
}

const isStage = (name: string): name is StageName => name in stages;

async function run(name: string, runtime: Runtime, signal: AbortSignal): Promise<void> {
  const { configuration, log } = runtime;
  if (isStage(name)) {
    const subscription = await startStage(name, runtime);
    log.info(`${name} is reading`, { topic: stages[name].topic });
    await aborted(signal);
    await subscription.stop();
  } else if (name === "collect") {
    await Promise.all(
      configuration.collectors.map((collector) =>
        every(collector.every, signal, { name: `collecting ${collector.name}`, log }, () =>
          collectOnce(collector.name, runtime, signal),
        ),
      ),
    );
  } else if (name === "receive") {
    const server = await serveReceiver(runtime);
    log.info("receiving", { port: server.port });
    await aborted(signal);
    await server.close();
  } else if (name === "review") {
    await every(MINUTE_MS, signal, { name: "review", log }, () => reviewOnce(runtime));
  } else if (name === "deliver") {
    // One without sinks stays, and is not started again and again.
    await Promise.all([
      aborted(signal),
      ...configuration.sinks.map((sink) =>
        every(DELIVER_EVERY_MS, signal, { name: `delivering to ${sink.name}`, log }, () =>
          deliverTo(sink.name, runtime, signal),
        ),
      ),
    ]);
  } else {
    await every(HOUR_MS, signal, { name: "housekeeping", log }, () => housekeepOnce(runtime, signal));
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
