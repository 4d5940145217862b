/** Log files through the whole pipeline into a store: what `scan`, `demo`, `inventory` and `findings` share. */
import { createReadStream } from "node:fs";
import { loadPrices } from "../shared/cost/price.ts";
import { PipelineError } from "../shared/model/errors.ts";
import type { Reject } from "../shared/model/raw-record.ts";
import { EpochMs } from "../shared/model/units.ts";
import { detect } from "../shared/pipeline/detect.ts";
import { review } from "../shared/pipeline/review.ts";
import { type Scanned, scan } from "../shared/pipeline/scan.ts";
import { compilePolicy } from "../shared/policy/judge.ts";
import { noPolicy } from "../shared/policy/parse-policy.ts";
import { logFiles } from "../shared/reading/files.ts";
import { detections, sources } from "../shared/registry.ts";
import { day, plural } from "../shared/report/figures.ts";
import { type RejectSummary, type ReportInput, readReportInput } from "../shared/report/report-input.ts";
import type { Store } from "../shared/store/store.ts";
import { type Decisions, type Door, version } from "./door.ts";
import { showProgress } from "./progress.ts";

export interface Examined {
  readonly input: ReportInput;
  readonly scanned: Scanned;
  /** The log that shows a finding: the first file that holds one of its activities. */
  readonly placeOf: (finding: { readonly evidence: readonly { readonly uid: string }[] }) => {
    readonly file: string;
  };
}

/** Throws `config-invalid` for paths that hold no file. */
export async function examine(
  paths: readonly string[],
  store: Store,
  options: Decisions & {
    readonly quiet: boolean;
    readonly placed?: boolean;
    onReject?(reject: Reject): void;
  },
  door: Door,
): Promise<Examined> {
  const files = await logFiles(paths);
  if (files.length === 0) {
    throw new PipelineError(
      "config-invalid",
      `${paths.join(", ")}: no files in there; point gnomon at exported logs, or see one at work with: gnomon demo`,
    );
  }
  const policy = options.policy ?? noPolicy;
  const judge = compilePolicy(policy);
  const price = await loadPrices(options.prices);
  const rejects = rejectCounter();
  /** Activity uid → file, where the form of the result points to files: it grows with what is read. */
  const fileOf = options.placed ? new Map<string, string>() : undefined;

  let forgotten = 0;
  const progress = showProgress(
    files.reduce((sum, { bytes }) => sum + bytes, 0),
    door.err,
    options.quiet,
  );
  const scanned = await scan(
    files.map((file) => ({
      path: file.path,
      open: () => createReadStream(file.path, { highWaterMark: 1 << 18 }),
    })),
    {
      sources,
      onActivities(activities, path) {
        if (fileOf) for (const { uid } of activities) if (!fileOf.has(uid)) fileOf.set(uid, path);
      },
      onRead: progress.advance,
      reject(reject) {
        rejects.add(reject);
        options.onReject?.(reject);
      },
      async take(activities) {
        const before = await store.forgottenBefore();
        const remembered = activities.filter(({ endTime }) => endTime >= before);
        forgotten += activities.length - remembered.length;
        await detect(remembered, { store, policy, judge, price, detections });
        progress.count(activities.length);
      },
    },
  ).finally(progress.done);
  if (forgotten > 0 && !options.quiet) {
    const before = day(await store.forgottenBefore());
    door.err.write(
      `Left out: ${plural(forgotten, "activity", "activities")} from before ${before}, which the store has forgotten\n`,
    );
  }
  await review(store, { policy, detections, now: EpochMs.parse(Date.now()) });

  const input = await readReportInput(store, {
    version: await version(),
    ...(options.policy ? { policy: options.policy } : {}),
    rules: detections.map(({ rule }) => rule),
    read: scanned.coverage,
    rejects: rejects.summary(),
    price,
    ...(options.prices ? { prices: options.prices } : {}),
  });
  return {
    input,
    scanned,
    placeOf: ({ evidence }) => ({ file: fileOf?.get(evidence[0]?.uid ?? "") ?? paths[0] ?? "." }),
  };
}

function rejectCounter() {
  const byReason = new Map<string, { -readonly [Key in keyof RejectSummary]: RejectSummary[Key] }>();
  return {
    add({ source, reason, place, record }: Reject) {
      const key = `${source ?? ""}\n${reason}`;
      const before = byReason.get(key);
      if (before) before.count++;
      else
        byReason.set(key, {
          ...(source ? { source } : {}),
          reason,
          count: 1,
          place,
          ...(record ? { record } : {}),
        });
    },
    summary: (): readonly RejectSummary[] => [...byReason.values()],
  };
}

/** One line a reason, most frequent first; for people, on stderr. */
export function tellRejects(rejects: readonly RejectSummary[], door: Door): void {
  const most = 8;
  for (const { source, reason, count, place, record } of rejects.slice(0, most)) {
    const where = record === undefined ? place : `${place}, record ${record}`;
    door.err.write(
      `  ${source ? `${source}: ` : ""}${reason} (${count === 1 ? where : `${count} times, first in ${where}`})\n`,
    );
  }
  if (rejects.length > most)
    door.err.write(`  and ${rejects.length - most} other reasons; --rejects FILE lists them all\n`);
}
