import type { Command } from "commander";
import { collectOnce } from "../../functions/collect.ts";
import { deliverOnce, deliverTo } from "../../functions/deliver.ts";
import { housekeepOnce } from "../../functions/housekeeping.ts";
import { serveReceiver } from "../../functions/http-server.ts";
import { lineLog } from "../../functions/log.ts";
import { migrate } from "../../functions/migrate.ts";
import { reviewOnce } from "../../functions/review.ts";
import { openRuntime, type Runtime, readConfiguration } from "../../functions/runtime.ts";
import { type StageName, stages, startStage } from "../../functions/stages.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/model/units.ts";
import { plural } from "../../shared/report/figures.ts";
import { configOption, type Door } from "../door.ts";
import { findingColumns } from "../render/columns.ts";
import { toTable } from "../render/table.ts";
import { every, untilInterrupted } from "../running.ts";

/** A finding is told within seconds of its commit. */
const DELIVER_EVERY_MS = 5 * SECOND_MS;

interface Options {
  readonly config: string;
  readonly once?: boolean;
  readonly quiet?: boolean;
}

export function up(program: Command, door: Door): void {
  program
    .command("up")
    .description(
      "everything in this process: collectors, receiver, normalize, detect, review, deliver, housekeeping",
    )
    .addOption(configOption(door))
    .option("--once", "collect once, tell the sinks, show the findings, and end")
    .option("-q, --quiet", "only warnings and errors")
    .action(async ({ config, once, quiet }: Options) => {
      const configuration = await readConfiguration(config, door.environment);
      await migrate(configuration);
      const runtime = openRuntime(configuration, lineLog(door.err, quiet ?? false, Date.now));
      const { bus, collectors, receive } = configuration;
      if (bus === "memory" && collectors.length === 0 && !receive) {
        runtime.log.warn(
          `nothing arrives: ${config} has neither collectors nor receive; what gnomon init writes has examples of both, and gnomon scan reads files`,
        );
      }
      await untilInterrupted(runtime, (signal) => run(runtime, signal, once ?? false, door), door);
    });
}

async function run(runtime: Runtime, signal: AbortSignal, once: boolean, door: Door): Promise<void> {
  const { configuration, log } = runtime;
  const subscriptions = await Promise.all(
    (Object.keys(stages) as StageName[]).map((name) => startStage(name, runtime)),
  );
  const receiver = configuration.receive && !once ? await serveReceiver(runtime) : undefined;
  if (receiver) log.info("receiving", { port: receiver.port });
  try {
    if (once) await runOnce(runtime, signal, door);
    else {
      await Promise.all([
        ...configuration.collectors.map((collector) =>
          every(collector.every, signal, { name: `collecting ${collector.name}`, log }, () =>
            collectOnce(collector.name, runtime, signal),
          ),
        ),
        ...configuration.sinks.map((sink) =>
          every(DELIVER_EVERY_MS, signal, { name: `delivering to ${sink.name}`, log }, () =>
            deliverTo(sink.name, runtime, signal),
          ),
        ),
        every(MINUTE_MS, signal, { name: "review", log }, () => reviewOnce(runtime)),
        every(HOUR_MS, signal, { name: "housekeeping", log }, () => housekeepOnce(runtime, signal)),
      ]);
    }
  } finally {
    await receiver?.close();
    await Promise.all(subscriptions.map((subscription) => subscription.stop()));
  }
}

/** On Kafka what was collected is still on its way when the collectors are done: until nothing more arrives. */
const SETTLED_MS = 3_000;

async function runOnce(runtime: Runtime, signal: AbortSignal, door: Door): Promise<void> {
  const collected = await Promise.all(
    runtime.configuration.collectors.map(({ name }) => collectOnce(name, runtime, signal)),
  );
  if (runtime.configuration.bus !== "memory") await untilSettled(runtime, signal);
  await reviewOnce(runtime, { allMonths: true });
  const delivered = await deliverOnce(runtime, signal);
  const findings = await (await runtime.store()).findings();
  const records = collected.reduce((sum, one) => sum + one.records, 0);
  door.out.write(`${plural(records, "record")} collected\n\nFindings: ${findings.length}\n`);
  door.out.write(
    toTable(
      findingColumns,
      findings,
      door.out,
      "None: nothing that was collected breaks the policy or a rule.",
      "gnomon findings list --format csv",
    ),
  );
  const sourceFailed = collected.some(({ failures }) => failures.length > 0);
  const sinkFailed = delivered.some(({ failure }) => failure !== undefined);
  if (sourceFailed || sinkFailed) door.exit(3);
}

async function untilSettled(runtime: Runtime, signal: AbortSignal): Promise<void> {
  const { books } = await runtime.store();
  let before = "";
  let since = runtime.now();
  while (!signal.aborted && runtime.now() - since < SETTLED_MS) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const now = JSON.stringify(await books.coverage());
    if (now !== before) since = runtime.now();
    before = now;
  }
}
