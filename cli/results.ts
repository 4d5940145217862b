/** Results to look at: of log files scanned now, or of a store that was filled before. */
import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { readPlaceOfStore } from "../functions/runtime.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { detections } from "../shared/registry.ts";
import { readReportInput } from "../shared/report/report-input.ts";
import { openStore } from "../shared/store/open-store.ts";
import { type Door, decisionsOption, isIncomplete, loadDecisions, version } from "./door.ts";
import { type Examined, examine, tellRejects } from "./examine.ts";

export interface StoreOptions {
  readonly config?: string;
  readonly store?: string;
}

export interface ResultOptions extends StoreOptions {
  readonly policy?: string;
  readonly quiet?: boolean;
}

const DEFAULT_STORE = ".gnomon/store";

const storeOption = (): Option =>
  new Option(
    "--store <where>",
    `a folder or postgres://…, filled by gnomon scan --store or gnomon up (default: that of --config, $GNOMON_STORE, ${DEFAULT_STORE})`,
  );

/** For commands that read no log files. */
export const storeOptions = (command: Command): Command =>
  command.option("-c, --config <file>", "a configuration, for its store").addOption(storeOption());

/** Throws `config-invalid` where there is nothing yet, and says how to fill it. */
export async function placeOfResults({ store, config }: StoreOptions, door: Door): Promise<string> {
  const kept = config === undefined ? undefined : await readPlaceOfStore(config, door.environment);
  const where = store ?? kept ?? door.environment["GNOMON_STORE"] ?? DEFAULT_STORE;
  if (!where.includes("://") && !existsSync(where)) {
    throw new PipelineError(
      "config-invalid",
      `no results at ${where}: name another place (--store, --config), fill it (gnomon up, or gnomon scan ./logs --store ${where}), or read log files: gnomon findings list ./logs`,
    );
  }
  return where;
}

export const resultOptions = (command: Command): Command =>
  command
    .option("-p, --policy <file>", "what is approved, for log files")
    .addOption(decisionsOption())
    .addOption(storeOption())
    .option("-q, --quiet", "no progress");

export async function withResults(
  paths: readonly string[],
  options: ResultOptions,
  door: Door,
  work: (results: Pick<Examined, "input" | "placeOf">) => Promise<void>,
): Promise<void> {
  const decisions = await loadDecisions(options);
  if (paths.length > 0) {
    const store = await openStore("memory");
    const examined = await examine(paths, store, { ...decisions, quiet: options.quiet ?? false }, door);
    await work(examined);
    if (examined.scanned.rejects > 0 && !options.quiet) tellRejects(examined.input.rejects, door);
    if (isIncomplete(examined.scanned)) door.exit(3);
    return;
  }
  const where = await placeOfResults(options, door);
  const store = await openStore(where);
  try {
    const input = await readReportInput(store, {
      version: await version(),
      rules: detections.map(({ rule }) => rule),
      rejects: [],
      ...decisions,
    });
    await work({ input, placeOf: () => ({ file: where }) });
  } finally {
    await store.close();
  }
}
