/** Every minute: each sink is told what it has not been told. One that fails does not stop the others. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ScheduledEvent } from "aws-lambda";
import { topics } from "../shared/bus/topics.ts";
import { NotBefore } from "../shared/http/post.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { HOUR_MS, SECOND_MS } from "../shared/model/units.ts";
import { type DeliverPorts, deliver } from "../shared/pipeline/deliver.ts";
import { detections, sinks } from "../shared/registry.ts";
import { WORK_MS } from "../shared/store/books.ts";
import { timeLeft, withRuntime } from "./lambda.ts";
import { reasonOf } from "./log.ts";
import type { Runtime } from "./runtime.ts";
import { version } from "./version.ts";

/** Findings that are looked at, to tell one batch of the sink's. */
const AT_ONCE = 500;
/** After that a batch begins no further delivery: whoever takes long to answer has the rest of `WORK_MS` for the last. */
const BATCH_MS = 20 * SECOND_MS;
/** For what is at hand when the run is to end. */
const GRACE_MS = 5 * SECOND_MS;
/** Who says to come back at once is not taken at its word. */
const SHORTEST_WAIT_MS = SECOND_MS;
/** Nor is one that wants more than anybody should wait for a finding. */
const LONGEST_WAIT_MS = HOUR_MS;
/** A wait that leaves less than this of an invocation leaves no time to tell anything. */
const TO_TELL_MS = 15 * SECOND_MS;

export interface Delivered {
  readonly sink: string;
  readonly settled: number;
  /** A PipelineError, or what nobody expected. */
  readonly failure?: Error;
}

/** Sinks that said when they want to be asked again. */
const notBefore = new WeakMap<Runtime, Map<string, number>>();

/** All sinks beside each other, see `deliverTo`. */
export const deliverOnce = (
  runtime: Runtime,
  signal: AbortSignal,
  until?: number,
): Promise<readonly Delivered[]> =>
  Promise.all(runtime.configuration.sinks.map(({ name }) => deliverTo(name, runtime, signal, until)));

/**
 * Until the sink of that name in the configuration was told all, or `signal` is aborted. One that wants a pause has it
 * within this run where that ends by `until`. What stopped it, whatever it was, is logged and returned; throws where
 * there is no such sink.
 */
export async function deliverTo(
  name: string,
  runtime: Runtime,
  signal: AbortSignal,
  until: number = runtime.now(),
): Promise<Delivered> {
  const { log } = runtime;
  const { settled, failure } = await deliverAll(name, runtime, signal, until);
  log.measure("Deliveries", settled, "Count");
  log.measure("Failures", failure === undefined ? 0 : 1, "Count");
  if (failure === undefined) return { sink: name, settled };
  const error = failure instanceof Error ? failure : new Error(String(failure));
  const code = error instanceof PipelineError ? error.code : undefined;
  log.error("a sink was not told", { sink: name, settled, reason: reasonOf(error), code });
  return { sink: name, settled, failure: error };
}

/** Batch by batch of the sink's: what it took stays settled, whatever happens to the next. */
async function deliverAll(
  name: string,
  runtime: Runtime,
  signal: AbortSignal,
  until: number,
): Promise<{ readonly settled: number; readonly failure?: unknown }> {
  const configured = runtime.configuration.sinks.find((one) => one.name === name);
  const sink = sinks.find(({ id }) => id === configured?.sink);
  if (!configured || !sink) throw new PipelineError("config-invalid", `no sink "${name}" in the configuration`);
  const { settings, minimumLevel } = configured;
  const pauses = notBefore.get(runtime) ?? new Map<string, number>();
  notBefore.set(runtime, pauses);
  if ((pauses.get(name) ?? 0) > runtime.now()) return { settled: 0 };

  const ports: Omit<DeliverPorts, "enough" | "signal"> = {
    version,
    rules: new Map(detections.map(({ rule }) => [rule.id, rule])),
    minimumLevel,
    now: runtime.now,
    publish: (messages) =>
      runtime.bus.publish(
        topics.findings.name,
        messages.map(({ key, value, id: deliveryId }) => ({ key, value, headers: { ce_id: deliveryId } })),
      ),
  };
  const givenUp = new AbortController();
  const giveUpSoon = () => setTimeout(() => givenUp.abort(), GRACE_MS).unref();
  signal.addEventListener("abort", giveUpSoon, { once: true });
  let settled = 0;
  try {
    const { books } = await runtime.store();
    while (!signal.aborted) {
      const batch = await books.deliverTo(name, AT_ONCE, (owed) =>
        deliver(sink, settings, owed, {
          ...ports,
          enough: AbortSignal.any([signal, AbortSignal.timeout(BATCH_MS)]),
          signal: AbortSignal.any([givenUp.signal, AbortSignal.timeout(WORK_MS)]),
        }),
      );
      if (batch === undefined) {
        const why = "left to another process that tells this sink, or was killed at it within half a minute";
        runtime.log.info(why, { sink: name });
      }
      settled += batch?.settled.length ?? 0;
      for (const { findingUid, refused } of batch?.settled ?? []) {
        if (refused === undefined) continue;
        runtime.log.error("a sink does not take a finding; gnomon sinks retry hands it over once more", {
          sink: name,
          finding: findingUid,
          reason: refused,
        });
        runtime.log.measure("Refused", 1, "Count");
      }
      if (!batch?.failure) {
        if (!batch?.settled.length) break;
        continue;
      }
      if (!(batch.failure instanceof NotBefore)) return { settled, failure: batch.failure };
      const waitMs = Math.min(Math.max(SHORTEST_WAIT_MS, batch.failure.waitMs), LONGEST_WAIT_MS);
      pauses.set(name, runtime.now() + waitMs);
      if (runtime.now() + waitMs > until) return { settled, failure: batch.failure };
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
    return { settled };
  } catch (failure) {
    return { settled, failure };
  } finally {
    signal.removeEventListener("abort", giveUpSoon);
  }
}

export const handler = withRuntime("deliver", async (_event: ScheduledEvent, runtime, context) => {
  const until = runtime.now() + (context?.getRemainingTimeInMillis() ?? 0) - TO_TELL_MS;
  await deliverOnce(runtime, timeLeft(context), until);
});
