#!/usr/bin/env node
/**
 * Starts Node 24, which runs TypeScript as it stands, with the settings that a reader of logs wants: this Node where it
 * is new enough, else the one that the npm package `node` installed beside the project.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
const node = Number(process.versions.node.split(".")[0]) >= 24 ? process.execPath : installedNode();
if (node === undefined) {
  process.stderr.write(
    `gnomon needs Node 24, this is ${process.versions.node}: run npm ci in the project, or install Node 24\n`,
  );
  process.exit(2);
}

const isWorker = process.argv[2] === "worker";
const settings = [
  // By default V8 lets young garbage pile up on large machines; reading logs makes little else.
  "--max-semi-space-size=8",
  // kafkajs waits for times that have passed; Node takes that for a millisecond, and says so.
  "--disable-warning=TimeoutNegativeWarning",
  // What runs for long shares its machine: the heap grows by three quarters, and not fourfold, before V8 looks for what
  // is dead, and does so on the one thread that works: several would only wait for each other.
  ...(isWorker ? ["--heap-growing-percent=75", "--single-threaded-gc"] : []),
];
// glibc would give each thread a heap of its own, and learn from large buffers that are gone to keep room for more.
const malloc = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: String(256 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(2 * 1024 * 1024),
};
const child = spawn(node, [...settings, main, ...process.argv.slice(2)], {
  stdio: ["inherit", "inherit", "inherit", "ipc"],
  env: { ...compileCache(), ...(isWorker ? malloc : {}), ...process.env },
});
// Told and not sent: a terminal, and whoever stops a whole group, signals both, and the child takes the two for one. Where
// we are killed ourselves the channel ends, and the child with it.
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => child.connected && child.send(signal, () => {}));
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));

/** What Node made of our TypeScript is kept between runs: half the time to start, and 30 MB less. In the user's own folder, if any. */
function compileCache() {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "gnomon");
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return { NODE_COMPILE_CACHE: folder };
  } catch {
    return {};
  }
}

function installedNode() {
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin", "node");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
