/** A schedule → every collector's new records on `ai.activity.raw`. */
import type { ScheduledEvent } from "aws-lambda";
import { PipelineError } from "../shared/model/errors.ts";
import { uidOf } from "../shared/model/uid.ts";
import type { EpochMs } from "../shared/model/units.ts";
import { type Collected, collect } from "../shared/pipeline/collect.ts";
import { didYouMean } from "../shared/policy/did-you-mean.ts";
import { collectors, sources } from "../shared/registry.ts";
import { timeLeft, withRuntime } from "./lambda.ts";
import { reasonOf } from "./log.ts";
import { publishRaw } from "./raw-topic.ts";
import type { Runtime } from "./runtime.ts";
import { renewWebIdentity } from "./web-identity.ts";

/** Each holds a page in memory. */
const COLLECTORS_AT_ONCE = 4;

export interface CollectedOnce extends Omit<Collected, "failures"> {
  /** A PipelineError, or what nobody expected. */
  readonly failures: readonly { readonly part: string; readonly error: Error }[];
}

/**
 * One run of the collector of that name in the configuration, until it has all there is or `signal` is aborted. What
 * stopped it, or a part of it, is logged and among the failures. Throws where there is no such collector, or no store.
 */
export async function collectOnce(name: string, runtime: Runtime, signal: AbortSignal): Promise<CollectedOnce> {
  const { configuration, log, now } = runtime;
  const entry = configuration.collectors.find((each) => each.name === name);
  const collector = collectors.find(({ id }) => id === entry?.collector);
  if (!entry || !collector) {
    const names = configuration.collectors.map((each) => each.name);
    const meant = didYouMean(name, names);
    const there =
      names.length > 0
        ? `; there are ${names.join(", ")}`
        : ", which has none; what gnomon init writes has examples";
    const hint = meant === undefined ? there : `; did you mean ${meant}?`;
    throw new PipelineError("config-invalid", `no collector "${name}" in the configuration${hint}`);
  }
  const started = now();
  const { books } = await runtime.store();
  const collected = await collect(collector, entry.settings, {
    sources,
    loadCursors: () => books.cursors(name),
    saveCursor: (part, cursor) => books.saveCursor(name, part, cursor),
    publish: (records, rejects, place) => publishRaw(records, rejects, place, runtime),
    now,
    signal,
  }).catch(
    (error: unknown): CollectedOnce => ({
      pages: 0,
      records: 0,
      rejects: 0,
      failures: [{ part: "", error: error instanceof Error ? error : new Error(String(error)) }],
    }),
  );

  const { pages, records, rejects, failures } = collected;
  for (const { part, error } of failures) {
    const code = error instanceof PipelineError ? error.code : undefined;
    log.error("a collector failed", { collector: name, part, code, reason: reasonOf(error) });
  }
  log.info("collected", { collector: name, pages, records, rejects, failures: failures.length });
  log.measure("Failures", failures.length, "Count", { collector: name });
  log.measure("BatchTime", now() - started, "Milliseconds");
  return collected;
}

/**
 * One that fails, in whatever way, never stops another. Each run begins with another one: a few that always have more
 * to fetch than there is time must not keep the rest from theirs for ever.
 */
export async function collectAll(names: readonly string[], runtime: Runtime, signal: AbortSignal): Promise<void> {
  const first = firstOf(names.length, runtime.now());
  const waiting = [...names.slice(first), ...names.slice(0, first)];
  const starved = (name: string): void =>
    runtime.log.warn("a collector had no time in this run, others took it all", { collector: name });
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      if (signal.aborted) {
        starved(name);
        continue;
      }
      try {
        const { pages, failures } = await collectOnce(name, runtime, signal);
        if (pages === 0 && failures.length === 0 && signal.aborted) starved(name);
      } catch (error) {
        runtime.log.error("a collector failed", { collector: name, reason: reasonOf(error) });
        runtime.log.measure("Failures", 1, "Count", { collector: name });
      }
    }
  };
  await Promise.all(Array.from({ length: COLLECTORS_AT_ONCE }, work));
}

/** Any of them, by a digest of the clock: a plain remainder may be in step with the schedule, and always the same. */
const firstOf = (count: number, now: EpochMs): number =>
  count === 0 ? 0 : Number.parseInt(uidOf("collect", now).slice(0, 8), 16) % count;

/** A schedule's own event runs all of them, `{"collector":"openai"}` one. */
export const handler = withRuntime(
  "collect",
  async (event: ScheduledEvent | { readonly collector: string }, runtime, context) => {
    await renewWebIdentity(process.env, runtime.log);
    const names =
      "collector" in event ? [event.collector] : runtime.configuration.collectors.map(({ name }) => name);
    return collectAll(names, runtime, timeLeft(context));
  },
);
