/** For vendors that count requests: no more of them than are allowed. */
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves when the next request may go; sooner where the run is over. */
export function pace(perSecond: number, signal: AbortSignal): () => Promise<void> {
  let free = 0;
  return async () => {
    const now = performance.now();
    const wait = free - now;
    free = Math.max(now, free) + 1_000 / perSecond;
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => {});
  };
}
