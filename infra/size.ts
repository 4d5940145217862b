/**
 * What a cold start costs: `npm run size` bundles every function and prints, in Markdown, what is loaded with its handler,
 * what only on first use, and how long the loading takes on this machine.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Bundle, bundleFunctions, functionNames } from "./bundle.ts";

const TRIES = 5;

const kilobytes = (files: readonly { readonly bytes: number }[]): string =>
  (files.reduce((sum, { bytes }) => sum + bytes, 0) / 1_000).toFixed(0);

/** A new process that imports `module`, from its start to its end. */
function milliseconds(module: string): number {
  const times = Array.from({ length: TRIES }, () => {
    const started = performance.now();
    execFileSync(process.execPath, ["--input-type=module", "--eval", `await import(${JSON.stringify(module)})`]);
    return performance.now() - started;
  });
  return times.sort((a, b) => a - b)[Math.floor(TRIES / 2)] ?? Number.NaN;
}

export function sizeTable(bundles: readonly Bundle[], importMs: (bundle: Bundle) => number): string {
  const rows = bundles.map((bundle) => {
    const eager = bundle.files.filter((file) => file.eager);
    const lazy = bundle.files.filter((file) => !file.eager);
    const largest = lazy
      .slice(0, 3)
      .map((file) => `${file.packages[0] ?? "gnomon"} ${kilobytes([file])}`)
      .join(", ");
    return `| ${bundle.name} | ${kilobytes(eager)} | ${importMs(bundle).toFixed(0)} | ${kilobytes(lazy)} | ${largest} |`;
  });
  return [
    "| function | KB with the handler | ms to import | KB on first use | of which the largest files, KB |",
    "| --- | ---: | ---: | ---: | --- |",
    ...rows,
    "",
  ].join("\n");
}

if (import.meta.main) {
  const into = join(fileURLToPath(new URL("..", import.meta.url)), "dist", "functions");
  const bundles = await bundleFunctions(await functionNames(), into);
  const empty = milliseconds("data:text/javascript,");
  process.stdout.write(
    sizeTable(bundles, ({ folder }) => milliseconds(pathToFileURL(join(folder, "index.mjs")).href) - empty),
  );
}
