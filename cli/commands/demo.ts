import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { styleText } from "node:util";
import { type Command, InvalidArgumentError } from "commander";
import { PipelineError } from "../../shared/model/errors.ts";
import { plural, whole } from "../../shared/report/figures.ts";
import { renderReport } from "../../shared/report/html-report.ts";
import { openStore } from "../../shared/store/open-store.ts";
import { policyYaml } from "../demo/company.ts";
import { type Held, holdAgainst } from "../demo/hold-against.ts";
import type { Incident } from "../demo/incident.ts";
import { madeUpMonth } from "../demo/made-up-month.ts";
import { randomFrom } from "../demo/random.ts";
import { writeLogs } from "../demo/write-logs.ts";
import { type Door, loadPolicy, write } from "../door.ts";
import { examine } from "../examine.ts";
import { summarise } from "../summary.ts";

const SEED = 7;

export function demo(program: Command, door: Door): void {
  program
    .command("demo")
    .description(
      "a month of made-up logs of a made-up company, through the whole pipeline, against the known truth",
    )
    .option("--folder <folder>", "where to put logs, policy, truth and report", "gnomon-demo")
    .option("--seed <number>", "another month of the same company", wholeNumber, SEED)
    .option("-q, --quiet", "no progress")
    .action((options: { folder: string; seed: number; quiet?: boolean }) => run(options, door));
}

async function run(options: { folder: string; seed: number; quiet?: boolean }, door: Door): Promise<void> {
  const logs = join(options.folder, "logs");
  const policyFile = join(options.folder, "policy.yaml");
  const truthFile = join(options.folder, "ground-truth.json");
  const report = join(options.folder, "report.html");
  await claimFolder(options.folder, truthFile);

  const random = randomFrom(options.seed);
  const { planted, happenings } = madeUpMonth(random);
  const records = await writeLogs(happenings, logs, random.fork("identifiers"));
  await writeFile(policyFile, policyYaml);
  await writeFile(
    truthFile,
    `${JSON.stringify({ seed: options.seed, incidents: planted.map(truthOf) }, undefined, 2)}\n`,
  );
  door.err.write(`${whole(records)} records of a made-up company written to ${logs}\n`);

  const store = await openStore("memory");
  const { input, scanned } = await examine(
    [logs],
    store,
    { policy: await loadPolicy(policyFile), quiet: options.quiet ?? false },
    door,
  );
  await store.close();
  await writeFile(report, renderReport(input));

  const held = holdAgainst(planted, input.findings);
  await write(`${summarise(input, scanned, door.out)}\n${toldTruth(planted, held, door)}`, undefined, door);
  await write(
    `\nReport   ${report}\nTruth    ${truthFile}\nAgain    gnomon scan ${logs} --policy ${policyFile}\n`,
    undefined,
    door,
  );
  if (held.missed.length > 0 || held.unplanted.length > 0 || scanned.rejects > 0) {
    throw new PipelineError(
      "upstream-refused",
      "demo: what was found is not what was planted; see the marked lines above",
    );
  }
}

/** Only a folder that a demo made before is written over. */
async function claimFolder(folder: string, truthFile: string): Promise<void> {
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );
  if ((await exists(folder)) && !(await exists(truthFile))) {
    throw new PipelineError("config-invalid", `${folder} exists and is no demo's: give another with --folder`);
  }
  await rm(join(folder, "logs"), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}

const truthOf = ({ id, story, findings, happenings }: Incident) => ({
  id,
  story,
  findings,
  happenings: happenings.length,
});

function toldTruth(planted: readonly Incident[], { missed, unplanted }: Held, door: Door): string {
  const mark = (good: boolean) =>
    good ? styleText("green", "found ", { stream: door.out }) : styleText("red", "MISSED", { stream: door.out });
  const lines = planted.map(({ id, story, findings }) => {
    const good = findings.every(({ rule }) => !missed.includes(`${id} ${rule}`));
    return `  ${mark(good)}  ${story}`;
  });
  const extra = unplanted.map(
    ({ finding }) =>
      `  ${styleText("red", "EXTRA ", { stream: door.out })}  ${finding.ruleName}: ${finding.reason}`,
  );
  const foundCount = planted.length - new Set(missed.map((one) => one.split(" ")[0])).size;
  return `Against the truth: ${foundCount} of ${plural(planted.length, "planted incident")} found, ${
    unplanted.length === 0
      ? "nothing else"
      : plural(unplanted.length, "finding that nobody planted", "findings that nobody planted")
  }\n${[...lines, ...extra].join("\n")}\n`;
}

function wholeNumber(given: string): number {
  if (!/^\d{1,9}$/.test(given)) throw new InvalidArgumentError("It is a whole number.");
  return Number(given);
}
