#!/usr/bin/env node
/**
 * Hands over to Node 24, which runs TypeScript as it stands. An older Node starts the one that the npm package
 * `node` installed beside the project.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

// V8 lets young garbage pile up on large machines; a reader of logs makes nothing else.
setFlagsFromString("--max-semi-space-size=8");

const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  await import(main);
} else {
  const node = installedNode();
  if (node === undefined) {
    process.stderr.write(
      `gnomon needs Node 24, this is ${process.versions.node}: run npm ci in the project, or install Node 24\n`,
    );
    process.exit(2);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // The terminal sends its interrupt to both; the child decides what it means.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => signal === "SIGTERM" && child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}

function installedNode() {
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin", "node");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
