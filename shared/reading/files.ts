/** The log files under the given paths, in one order on every machine. */
import type { Stats } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { PipelineError } from "../model/errors.ts";

export interface LogFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Files as given, and those in folders, by name. Left out: hidden ones, links within folders (they may lead in
 * circles), and CloudTrail's digest and insight objects, which hold no records of calls.
 * Throws `config-invalid`, naming every path that cannot be read.
 */
export async function logFiles(paths: readonly string[]): Promise<readonly LogFile[]> {
  const found: LogFile[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    try {
      await collect(path, await stat(path), found);
    } catch (error) {
      problems.push(`${path}: ${whatIsWrong(error)}`);
    }
  }
  if (problems.length > 0) throw new PipelineError("config-invalid", problems.join("\n"));
  const seen = new Set<string>();
  return found.filter(({ path }) => !seen.has(path) && seen.add(path));
}

async function collect(path: string, about: Stats, found: LogFile[]): Promise<void> {
  // A pipe, as in `gnomon scan <(zcat …)`, is read as far as it goes.
  if (about.isFile() || about.isFIFO()) {
    found.push({ path, bytes: about.size });
    return;
  }
  if (!about.isDirectory()) return;
  const names = (await readdir(path)).filter((name) => !name.startsWith(".") && !LEFT_OUT.test(name)).sort();
  for (const name of names) {
    const inner = join(path, name);
    const innerAbout = await lstat(inner);
    if (innerAbout.isFile() || innerAbout.isDirectory()) await collect(inner, innerAbout, found);
  }
}

/** Folders of a trail's bucket. AWS docs, "Finding your CloudTrail log files". */
const LEFT_OUT = /^CloudTrail-(Digest|Insight|Aggregated)$/;

function whatIsWrong(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return "no such file or folder";
  if (code === "EACCES" || code === "EPERM") return "not allowed to read it";
  return error instanceof Error ? error.message : String(error);
}
