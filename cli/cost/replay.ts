/** Activities of the past through pricing, detection and budgets, as if they arrived now. */
import { createReadStream } from "node:fs";
import type { Command } from "commander";
import { loadPrices } from "../../shared/cost/price.ts";
import { readActivity, replay } from "../../shared/cost/replay.ts";
import { type Activity, modelOf } from "../../shared/model/activity.ts";
import { PipelineError } from "../../shared/model/errors.ts";
import { EpochMs } from "../../shared/model/units.ts";
import { ownerOf } from "../../shared/policy/judge.ts";
import { plainBytes, UnreadableFile } from "../../shared/reading/bytes.ts";
import { logFiles } from "../../shared/reading/files.ts";
import { jsonValues } from "../../shared/reading/json-values.ts";
import { plural } from "../../shared/report/figures.ts";
import { choice } from "../choice.ts";
import { type Door, decisionsOption, loadDecisions, write } from "../door.ts";
import { showProgress } from "../progress.ts";

interface ReplayOptions {
  readonly policy?: string;
  readonly config?: string;
  readonly output?: string;
  readonly sensitivity?: "high" | "normal" | "low";
  readonly quiet?: boolean;
}

export function addReplay(command: Command, door: Door): void {
  command
    .command("replay")
    .description(
      "run pricing, anomaly detection and budgets over gnomon.activity/v1, one line of JSON for each alert",
    )
    .argument("<file...>", "files of gnomon.activity/v1 NDJSON, as gnomon normalize prints them")
    .option("-p, --policy <file>", "budgets and known events, and whose use is whose")
    .addOption(decisionsOption())
    .option("-o, --output <file>", "write there instead of stdout")
    .option("--sensitivity <word>", "high, normal or low", sensitivity, "normal")
    .option("-q, --quiet", "no progress, no summary")
    .action((files: string[], options: ReplayOptions) => runReplay(files, options, door));
}

const sensitivity = (given: string) => choice("--sensitivity", given, ["high", "normal", "low"]);

async function runReplay(paths: readonly string[], options: ReplayOptions, door: Door): Promise<void> {
  const { policy, prices } = await loadDecisions(options);
  const files = await logFiles(paths);
  if (files.length === 0) throw new PipelineError("config-invalid", `${paths.join(", ")}: no files in there`);
  const progress = showProgress(
    files.reduce((sum, { bytes }) => sum + bytes, 0),
    door.err,
    options.quiet ?? false,
  );
  const count = { read: 0, unread: 0, ahead: 0, alerts: 0, damaged: 0 };
  const unpriced = new Map<string, number>();

  async function* activities(): AsyncGenerator<Activity> {
    for (const { path } of files) {
      try {
        for await (const values of jsonValues(
          plainBytes(createReadStream(path, { highWaterMark: 1 << 18 }), progress.advance),
        )) {
          for (const found of values) {
            const activity = "value" in found ? readActivity(found.value) : undefined;
            if (activity) {
              count.read++;
              yield activity;
            } else count.unread++;
          }
          progress.count(values.length);
        }
      } catch (error) {
        if (!(error instanceof UnreadableFile)) throw error;
        count.damaged++;
        door.err.write(`${path}: ${error.message}\n`);
      }
    }
  }

  const lines: string[] = [];
  const alerts = replay(activities(), {
    price: await loadPrices(prices),
    ...(policy
      ? {
          budgets: policy.budgets,
          knownEvents: policy.events,
          ownerOf: (activity: Activity) => ownerOf(policy, activity),
        }
      : {}),
    ...(options.sensitivity === undefined ? {} : { sensitivity: options.sensitivity }),
    unpriced: (activity) => {
      const sold = `${modelOf(activity) ?? "a model that no log names"} at ${activity.provider ?? "no door that is named"}`;
      unpriced.set(sold, (unpriced.get(sold) ?? 0) + 1);
    },
    now: EpochMs.parse(Date.now()),
    ahead: (records) => {
      count.ahead = records;
    },
  });
  for await (const alert of alerts) {
    count.alerts++;
    lines.push(`${JSON.stringify(alert)}\n`);
  }
  progress.done();
  await write(lines.join(""), options.output, door);
  if (!options.quiet) {
    door.err.write(`${plural(count.alerts, "alert")} from ${plural(count.read, "activity", "activities")}\n`);
    if (unpriced.size > 0) door.err.write(`${unpricedLine(unpriced)}\n`);
    if (count.ahead > 0) door.err.write(`${plural(count.ahead, "record")} dated in the future took no part\n`);
    if (count.unread > 0)
      door.err.write(
        `${plural(count.unread, "line")} of no gnomon.activity/v1: gnomon normalize makes it of logs\n`,
      );
  }
  if (count.damaged > 0 || (count.read === 0 && count.unread > 0)) door.exit(3);
}

const LISTED = 5;

/** The commonest first: whose prices to look up. */
function unpricedLine(unpriced: ReadonlyMap<string, number>): string {
  const sorted = [...unpriced].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const records = sorted.reduce((sum, [, times]) => sum + times, 0);
  const listed = sorted.slice(0, LISTED).map(([sold, times]) => `${sold} (${times})`);
  const others = sorted.length > LISTED ? [`${sorted.length - LISTED} more`] : [];
  return `${records} of unknown price took part in quotas alone: ${[...listed, ...others].join(", ")}`;
}
