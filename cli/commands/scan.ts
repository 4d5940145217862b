import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { type Level, levels } from "../../shared/model/finding.ts";
import { renderReport } from "../../shared/report/html-report.ts";
import { openStore } from "../../shared/store/open-store.ts";
import { choice } from "../choice.ts";
import {
  claim,
  type Door,
  decisionsOption,
  formatOption,
  isIncomplete,
  loadDecisions,
  openLines,
  outputFor,
  write,
} from "../door.ts";
import { examine, tellRejects } from "../examine.ts";
import { SOURCES, toHelpText } from "../help.ts";
import { summarise } from "../summary.ts";

interface Options {
  readonly policy?: string;
  readonly config?: string;
  readonly report?: string;
  readonly format: string;
  readonly output?: string;
  readonly failOn?: Level;
  readonly rejects?: string;
  readonly store?: string;
  readonly quiet?: boolean;
}

export function scan(program: Command, door: Door): void {
  program
    .command("scan")
    .description("findings, inventory and cost of exported log files")
    .argument("<path...>", "files or folders: plain, .gz or .zst; formats are recognised file by file")
    .option("-p, --policy <file>", "what is approved; without one, nothing is called sanctioned")
    .addOption(decisionsOption())
    .option("-r, --report <file>", "write a self-contained HTML report")
    .addOption(formatOption())
    .option("-o, --output <file>", "write the result there instead of stdout")
    .option("--fail-on <level>", `exit with 1 where a finding is at or above: ${levels.join(", ")}`, (given) =>
      choice("--fail-on", given, levels),
    )
    .option("--rejects <file>", "write a line of JSON for every record that could not be read")
    .option("--store <where>", "keep the results: a folder (embedded Postgres) or postgres://…")
    .option("-q, --quiet", "no progress, no summary")
    .addHelpText(
      "after",
      () =>
        `\nExamples:\n  $ gnomon scan ./logs --policy policy.yaml --report report.html\n  $ gnomon scan ./logs --format sarif --output gnomon.sarif --fail-on high\n\n${toHelpText(SOURCES, door)}`,
    )
    .action((paths: string[], options: Options) => run(paths, options, door));
}

async function run(paths: readonly string[], options: Options, door: Door): Promise<void> {
  const decisions = await loadDecisions(options);
  const rejects = options.rejects === undefined ? undefined : await openLines(options.rejects);
  for (const file of [options.report, options.output]) if (file !== undefined && file !== "-") await claim(file);
  const store = await openStore(options.store ?? "memory");
  try {
    const { input, scanned, placeOf } = await examine(
      paths,
      store,
      {
        ...decisions,
        quiet: options.quiet ?? false,
        placed: options.format === "sarif",
        ...(rejects ? { onReject: (reject) => void rejects.write(`${JSON.stringify(reject)}\n`) } : {}),
      },
      door,
    );
    const output = outputFor(options.format);
    if (options.format === "table" && !options.quiet)
      await write(summarise(input, scanned, door.out), options.output, door);
    else await write(output.findings(input, { screen: door.out, placeOf }), options.output, door);
    if (options.report !== undefined) {
      await writeFile(options.report, renderReport(input));
      if (!options.quiet) door.err.write(`Report: ${options.report}\n`);
    }
    if (scanned.rejects > 0 && !options.quiet) {
      door.err.write(`Not read: ${scanned.rejects} of ${scanned.records} records\n`);
      tellRejects(input.rejects, door);
    }
    if (isIncomplete(scanned)) door.exit(3);
    else if (
      options.failOn !== undefined &&
      input.findings.some(({ finding }) => atLeast(finding.level, options.failOn))
    )
      door.exit(1);
  } finally {
    await rejects?.close();
    await store.close();
  }
}

const atLeast = (level: Level, least: Level | undefined): boolean =>
  least !== undefined && levels.indexOf(level) >= levels.indexOf(least);
