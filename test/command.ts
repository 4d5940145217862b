/** Runs the command: as a user does, or in this process, where starting one is not what is looked at. */
import { spawn } from "node:child_process";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ExitCode } from "../cli/door.ts";
import { run } from "../cli/program.ts";

const launcher = fileURLToPath(new URL("../cli/gnomon.js", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** In a process of its own, with its streams and exit code. */
export function gnomon(
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launcher, ...words], {
      cwd: options.cwd,
      env: { ...process.env, NO_COLOR: "1", ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

/** On a terminal of so many columns; without them in a pipe. */
export async function gnomonHere(
  words: readonly string[],
  options: { readonly columns?: number; readonly env?: Record<string, string> } = {},
): Promise<Ran> {
  const { columns, env = {} } = options;
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const stream = (into: string[]) =>
    Object.assign(
      new Writable({
        write(chunk: Buffer, _, done) {
          into.push(String(chunk));
          done();
        },
      }),
      { ...terminal, getColorDepth: () => 1 },
    ) as unknown as NodeJS.WriteStream;
  const [out, err]: [string[], string[]] = [[], []];
  let code: ExitCode = 0;
  await run(words, {
    out: stream(out),
    err: stream(err),
    environment: env,
    exit(given) {
      code = given;
    },
  });
  return { code, out: out.join(""), err: err.join("") };
}
