import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bundle, bundleFunctions, functionNames } from "../infra/bundle.ts";
import { oncePerRun } from "./once-per-run.ts";

const LIST = "bundles.json";

/** Every function, each in its folder under `into`: as the project's own bundling makes them. */
export async function copyMadeBundles(into: string): Promise<readonly Bundle[]> {
  const made = await oncePerRun("bundles", async (folder) => {
    const bundles = await bundleFunctions(await functionNames(), folder);
    await writeFile(join(folder, LIST), JSON.stringify(bundles));
  });
  await cp(made, into, { recursive: true, filter: (path) => path !== join(made, LIST) });
  const bundles: readonly Bundle[] = JSON.parse(await readFile(join(made, LIST), "utf8"));
  return bundles.map((bundle) => ({ ...bundle, folder: join(into, bundle.name) }));
}
