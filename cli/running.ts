/** What runs until somebody stops it. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Log, reasonOf } from "../functions/log.ts";
import type { Runtime } from "../functions/runtime.ts";
import { PipelineError } from "../shared/model/errors.ts";
import type { Door } from "./door.ts";
import { answerStop } from "./stop.ts";

/**
 * Works until it ends by itself or the process is asked to stop (Ctrl-C, a container's SIGTERM); what is at hand is
 * finished, then everything is closed. A second Ctrl-C ends at once.
 */
export async function untilInterrupted(
  runtime: Runtime,
  work: (signal: AbortSignal) => Promise<void>,
  door: Door,
): Promise<void> {
  const stop = new AbortController();
  let interrupted = false;
  const ask = () => {
    if (stop.signal.aborted) process.exit(130);
    interrupted = true;
    door.err.write("stopping: what is at hand is finished first\n");
    stop.abort();
  };
  const restore = answerStop(ask);
  try {
    await work(stop.signal);
  } finally {
    await runtime.close();
    restore();
  }
  if (interrupted) door.exit(130);
}

/**
 * Again and again, the pause counted from the end of one run. A run that fails, in whatever way, is told and comes
 * again: others go on beside it. Only what a person must put right before anything can run is thrown.
 */
export async function every(
  milliseconds: number,
  signal: AbortSignal,
  { name, log }: { readonly name: string; readonly log: Log },
  run: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await run();
    } catch (error) {
      const code = error instanceof PipelineError ? error.code : undefined;
      if (code === "config-invalid") throw error;
      log.error(`${name} failed, and runs again`, {
        code,
        reason: reasonOf(error),
      });
    }
    await sleep(milliseconds, undefined, { signal }).catch(() => {});
  }
}
