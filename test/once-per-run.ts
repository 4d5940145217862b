/** What takes seconds to make and several test files want, made by whichever process comes first. */
import { existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { inject } from "vitest";
import { until } from "./until.ts";

/** The folder that `make` has filled. Not to be written to. */
export async function oncePerRun(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const made = join(inject("runFolder"), name);
  const making = join(inject("runFolder"), `making-${name}`);
  const isFirst = await mkdir(making).then(
    () => true,
    () => false,
  );
  if (isFirst) {
    const work = join(making, "work");
    await make(work);
    await rename(work, made);
  }
  await until(() => existsSync(made));
  return made;
}
