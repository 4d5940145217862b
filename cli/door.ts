/** What every command has in its hands: streams, environment, exit codes, and the words for what went wrong. */
import { open, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Option as CommanderOption, type Option } from "commander";
import { readDecisions } from "../functions/runtime.ts";
import type { PriceOverride } from "../shared/cost/price.ts";
import { type ErrorCode, PipelineError } from "../shared/model/errors.ts";
import type { Scanned } from "../shared/pipeline/scan.ts";
import { parsePolicy } from "../shared/policy/parse-policy.ts";
import type { Policy } from "../shared/policy/policy.ts";
import { formatProblem } from "../shared/policy/yaml-document.ts";
import { choice } from "./choice.ts";
import * as outputShelf from "./outputs/index.ts";
import type { Output } from "./outputs/output.ts";

export interface Door {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Sets what the process will exit with. */
  exit(code: ExitCode): void;
}

/** 0 fine · 1 findings at or above --fail-on · 2 usage or configuration · 3 a source or sink failed · 130 interrupted */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

const exitCodes: Readonly<Record<ErrorCode, ExitCode>> = {
  "config-invalid": 2,
  "upstream-refused": 3,
  "upstream-unavailable": 3,
};

/** Says what stopped the command, without a stack for what is no fault of ours. */
export function explain(error: unknown, door: Door): void {
  if (error instanceof PipelineError) {
    door.err.write(`gnomon: ${error.message}\n`);
    door.exit(exitCodes[error.code]);
    return;
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (error instanceof Error && ["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "EEXIST", "ENOSPC"].includes(code)) {
    const what = { ENOENT: "no such file or folder", EISDIR: "a folder, where a file belongs" }[code];
    const said = what !== undefined && "path" in error ? `${error.path}: ${what}` : error.message;
    door.err.write(`gnomon: ${said}\n`);
    door.exit(code === "ENOSPC" ? 3 : 2);
    return;
  }
  door.err.write(
    `gnomon: this is a fault of Gnomon's own, please report it\n${error instanceof Error ? error.stack : error}\n`,
  );
  door.exit(3);
}

export const outputs: readonly Output[] = Object.values(outputShelf);

export function formatOption(allowed: readonly Output[] = outputs): Option {
  const formats = allowed.map(({ format }) => format);
  return new CommanderOption("-f, --format <format>", "how to write the result")
    .choices(formats)
    .argParser((given) => choice("--format", given, formats))
    .default("table");
}

export const configOption = (door: Door): Option =>
  new CommanderOption("-c, --config <file>", "the configuration, see gnomon init").default(
    door.environment["GNOMON_CONFIG"] ?? "gnomon.yaml",
  );

export function outputFor(format: string): Output {
  const found = outputs.find((output) => output.format === format);
  if (!found) throw new PipelineError("config-invalid", `no output format ${format}`);
  return found;
}

/** Something that was to be read was not: a damaged file, or records and not one of a known source. */
export const isIncomplete = ({ damagedFiles, coverage, rejects }: Scanned): boolean =>
  damagedFiles.length > 0 || (coverage.length === 0 && rejects > 0);

/** Finds out before the work that a file can be written after it. */
export async function claim(path: string): Promise<void> {
  await (await open(path, "a")).close();
}

/** A file that is written line by line; opened before anything is read, so that a wrong name costs nothing. */
export async function openLines(path: string) {
  const file = await open(path, "w");
  const stream = file.createWriteStream();
  let failure: unknown;
  stream.on("error", (error) => {
    failure = error;
  });
  return {
    async write(text: string): Promise<void> {
      if (failure !== undefined) throw failure;
      if (!stream.write(text))
        await new Promise<void>((resolve) => stream.once("drain", resolve).once("error", () => resolve()));
    },
    async close(): Promise<void> {
      await new Promise<void>((resolve) => stream.end(() => resolve()));
      if (failure !== undefined) throw failure;
    },
  };
}

/** To a file, or to stdout where the name is `-` or absent. */
export async function write(text: string, to: string | undefined, door: Door): Promise<void> {
  if (to !== undefined && to !== "-") await writeFile(to, text);
  else if (!door.out.write(text)) await new Promise<void>((resolve) => door.out.once("drain", resolve));
}

export async function version(): Promise<string> {
  const text = await readFile(fileURLToPath(new URL("../package.json", import.meta.url)), "utf8");
  return String((JSON.parse(text) as { version: unknown }).version);
}

/** What the organization decided; each may be absent. */
export interface Decisions {
  readonly policy?: Policy;
  readonly prices?: readonly PriceOverride[];
}

/** The policy of `--policy`, else that of `--config`, and the prices of `--config`. */
export async function loadDecisions(options: {
  readonly policy?: string;
  readonly config?: string;
}): Promise<Decisions> {
  const configuration = options.config === undefined ? undefined : await readDecisions(options.config);
  const policy = options.policy ?? configuration?.policy;
  return {
    ...(policy === undefined ? {} : { policy: await loadPolicy(policy) }),
    ...(configuration ? { prices: configuration.prices } : {}),
  };
}

export const decisionsOption = (): Option =>
  new CommanderOption("-c, --config <file>", "policy and prices of a configuration, see gnomon init");

/** Throws with the path, which Node does not tell of a folder. */
export const readText = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((error: Error) => {
    throw Object.assign(error, { path });
  });

/** Throws `config-invalid` with every problem of the file. */
export async function loadPolicy(path: string): Promise<Policy> {
  const text = await readText(path);
  const read = parsePolicy(text, path);
  if ("policy" in read) return read.policy;
  const shown = read.problems.map((problem) => formatProblem(problem, text)).join("\n");
  throw new PipelineError(
    "config-invalid",
    `${path} has ${read.problems.length} problem${read.problems.length === 1 ? "" : "s"}\n\n${shown}`,
  );
}
