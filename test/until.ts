import { setTimeout as sleep } from "node:timers/promises";

/** Shorter than a test may take: what is asserted next then says what is missing. */
const GIVES_UP_MS = 240_000;

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!(await holds()) && performance.now() - start < GIVES_UP_MS) await sleep(20);
}
