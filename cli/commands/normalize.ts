import { createReadStream } from "node:fs";
import type { Command } from "commander";
import { PipelineError } from "../../shared/model/errors.ts";
import { scan } from "../../shared/pipeline/scan.ts";
import { logFiles } from "../../shared/reading/files.ts";
import { sources } from "../../shared/registry.ts";
import { choice } from "../choice.ts";
import { type Door, isIncomplete, openLines, write } from "../door.ts";
import { SOURCES, toHelpText } from "../help.ts";
import { showProgress } from "../progress.ts";

interface Options {
  readonly source?: string;
  readonly rejects?: string;
  readonly output?: string;
  readonly quiet?: boolean;
}

export function normalize(program: Command, door: Door): void {
  program
    .command("normalize")
    .description("log files as gnomon.activity/v1, one line of JSON each")
    .argument("<path...>", "files or folders")
    .option("-s, --source <id>", "read only this source's records")
    .option("--rejects <file>", "write a line of JSON for every record that could not be read")
    .option("-o, --output <file>", "write there instead of stdout")
    .option("-q, --quiet", "no progress, no summary")
    .addHelpText("after", () => `\n${toHelpText(SOURCES, door)}`)
    .action((paths: string[], options: Options) => run(paths, options, door));
}

async function run(paths: readonly string[], options: Options, door: Door): Promise<void> {
  const ids = sources.map(({ id }) => id);
  const only = options.source === undefined ? undefined : choice("--source", options.source, ids);
  const chosen = only === undefined ? sources : sources.filter(({ id }) => id === only);
  const files = await logFiles(paths);
  if (files.length === 0) throw new PipelineError("config-invalid", `${paths.join(", ")}: no files in there`);
  const rejects = options.rejects === undefined ? undefined : await openLines(options.rejects);
  const output =
    options.output === undefined || options.output === "-" ? undefined : await openLines(options.output);
  const reasons = new Map<string, number>();

  const progress = showProgress(
    files.reduce((sum, { bytes }) => sum + bytes, 0),
    door.err,
    options.quiet ?? false,
  );
  const scanned = await scan(
    files.map((file) => ({
      path: file.path,
      open: () => createReadStream(file.path, { highWaterMark: 1 << 18 }),
    })),
    {
      sources: chosen,
      onRead: progress.advance,
      reject(reject) {
        reasons.set(reject.reason, (reasons.get(reject.reason) ?? 0) + 1);
        void rejects?.write(`${JSON.stringify(reject)}\n`);
      },
      async take(activities) {
        progress.count(activities.length);
        const lines = activities.map((activity) => `${JSON.stringify(activity)}\n`).join("");
        await (output ? output.write(lines) : write(lines, undefined, door));
      },
    },
  ).finally(progress.done);
  await rejects?.close();
  await output?.close();

  if (!options.quiet) {
    door.err.write(
      `${scanned.activities} activities from ${scanned.records} records in ${scanned.files} files, ${scanned.rejects} rejected\n`,
    );
    for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 8))
      door.err.write(`  ${reason} (${count})\n`);
  }
  if (isIncomplete(scanned)) door.exit(3);
}
