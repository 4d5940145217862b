/** The command line as a process: its streams, its signals, its exit code. */
import type { Door } from "./door.ts";
import { run } from "./program.ts";
import { listenForStop } from "./stop.ts";

const door: Door = {
  out: process.stdout,
  err: process.stderr,
  environment: process.env,
  exit(code) {
    process.exitCode = code;
  },
};

// `gnomon … | head` closes our stdout: nothing is wrong, and nobody is left to tell.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (stream === process.stdout || error.code !== "EPIPE") process.exit(error.code === "EPIPE" ? 0 : 3);
  });
}
listenForStop();

await run(process.argv.slice(2), door);
