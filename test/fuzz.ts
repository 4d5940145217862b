/**
 * `npm run fuzz`: the property tests again and again, each time from seeds of their own, until one fails or the time is
 * up (`-- --minutes 60`; 10 where nothing is said). A failure says its seed and the smallest case. `npm test` runs each once.
 */
import { spawn } from "node:child_process";
import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const end = performance.now() + Number(values.minutes) * 60_000;
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));

/** Whose properties are over what people and vendors write. Stores and servers have a harness of their own: chaos. */
const files: string[] = [];
for await (const file of glob("shared/**/*.test.ts")) {
  if ((await readFile(file, "utf8")).includes("fc.assert")) files.push(file);
}
files.push("test/sources.test.ts", "test/detections.test.ts");

let rounds = 0;
do {
  const child = spawn(process.execPath, [vitest, "run", "--reporter=dot", "--silent", ...files], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) {
    process.stdout.write(`${said}\nround ${rounds + 1} failed\n`);
    process.exit(1);
  }
  process.stderr.write(`${++rounds} rounds of ${files.length} files\n`);
} while (performance.now() < end);
