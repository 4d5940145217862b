/** Every minute: each sink is told what it has not been told. One that fails does not stop the others. */
import type { ScheduledEvent } from "aws-lambda";
import { topics } from "../shared/bus/topics.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { type DeliverPorts, deliver } from "../shared/pipeline/deliver.ts";
import { detections, sinks } from "../shared/registry.ts";
import { withRuntime } from "./lambda.ts";
import type { Runtime } from "./runtime.ts";
import { version } from "./version.ts";

/** Findings a transaction looks at. */
const AT_ONCE = 500;

export interface Delivered {
  readonly sink: string;
  readonly settled: number;
  readonly failure?: PipelineError;
}

export async function deliverOnce(runtime: Runtime, signal: AbortSignal): Promise<readonly Delivered[]> {
  const { configuration, log } = runtime;
  const results = await Promise.all(
    configuration.sinks.map(async (configured): Promise<Delivered> => {
      const { name } = configured;
      try {
        return { sink: name, settled: await deliverAll(configured, runtime, signal) };
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        log.error("a sink was not told", { sink: name, reason: error.message, code: error.code });
        return { sink: name, settled: 0, failure: error };
      }
    }),
  );
  const settled = results.reduce((sum, one) => sum + one.settled, 0);
  log.measure("Deliveries", settled, "Count");
  log.measure("Failures", results.filter(({ failure }) => failure).length, "Count");
  return results;
}

type Configured = Runtime["configuration"]["sinks"][number];

async function deliverAll(
  { sink: id, name, settings, minimumLevel }: Configured,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<number> {
  const sink = sinks.find((one) => one.id === id);
  if (!sink) throw new PipelineError("config-invalid", `no sink ${id} in this version`);
  const ports: DeliverPorts = {
    version,
    rules: new Map(detections.map(({ rule }) => [rule.id, rule])),
    minimumLevel,
    now: runtime.now,
    signal,
    publish: (messages) =>
      runtime.bus.publish(
        topics.findings.name,
        messages.map(({ key, value, id: deliveryId }) => ({ key, value, headers: { ce_id: deliveryId } })),
      ),
  };
  const { books } = await runtime.store();
  let total = 0;
  for (;;) {
    const settled = await books.deliverTo(name, AT_ONCE, (owed) => deliver(sink, settings, owed, ports));
    total += settled ?? 0;
    if (settled === undefined || settled < AT_ONCE || signal.aborted) return total;
  }
}

const LAMBDA_MS = 50_000;

export const handler = withRuntime("deliver", async (_event: ScheduledEvent, runtime) => {
  await deliverOnce(runtime, AbortSignal.timeout(LAMBDA_MS));
});
