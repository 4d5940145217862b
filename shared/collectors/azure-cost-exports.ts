/**
 * Azure Cost Management exports from a storage account: CSV, plain or gzip, of cost details or in FOCUS form.
 *
 * Form: `directory/export/20261101-20261130/…`, behind it a file, files in parts, or a folder for each run with files
 * and a manifest (learn.microsoft.com, "Tutorial: improved exports", read 2026-11, and exports as seen). Each run
 * writes its month anew, over the last one or beside it: of a month only the newest run is read, again where it was
 * written over. Limits: Parquet is not read. Of actual and amortized cost export one, they are the same dollars.
 */
import { z } from "zod";
import { apiUrl, duration } from "../config/settings.ts";
import { PipelineError } from "../model/errors.ts";
import { readDocuments } from "../reading/documents.ts";
import { AzureIdentity } from "./azure.ts";
import { type Blob, openStorage, type StorageAccount } from "./azure-storage.ts";
import { defineCollector, type FetchedPage, type PullContext } from "./collector.ts";
import { asFailure, partOf, tried } from "./parts.ts";

const ID = "azure.cost-exports";
const WHO = { collector: ID, noContainer: "is it the one that the export writes to?" };

const Settings = z.strictObject({
  /** `https://account.blob.core.windows.net` */
  account: apiUrl,
  container: z.string().regex(/^[a-z0-9](-?[a-z0-9]){2,62}$/, "a container such as costs"),
  /** `directory/name` of each: price sheets and reservations may lie beside them. */
  exports: z.array(z.string().regex(/^[^/].*[^/]$/, "a directory and the export's name, costs/daily")).min(1),
  /** How long ago what the first run reads may have been written. */
  history: duration.prefault("90d"),
  ...AzureIdentity.shape,
});
type Settings = z.output<typeof Settings>;

/** The cursor of a month. Of a run that came before, nothing is remembered. */
const Progress = z.object({
  run: z.string(),
  /** When the files that are read to their end were written, by name behind the run. */
  read: z.record(z.string(), z.number()),
  /** Where the next one was left. */
  at: z.object({ file: z.string(), modified: z.number(), documents: z.int() }).optional(),
});
type Progress = z.output<typeof Progress>;

/** What an export tells of one range of days. */
interface Month {
  /** `directory/export/20261101-20261130/` */
  readonly prefix: string;
  /** Behind it, of the newest run: `` where runs write over each other. */
  readonly run: string;
  /** Oldest first. */
  readonly files: readonly Blob[];
}

export const azureCostExports = defineCollector<Settings>({
  id: ID,
  title: "Azure cost exports in a storage account",
  settings: Settings,

  pull: async function* (context) {
    const { settings, signal } = context;
    const { container } = settings;
    const account = await openStorage(WHO, settings, signal);
    for (const name of settings.exports) {
      if (signal.aborted) return;
      const blobs = await account.blobs(container, `${name}/`).catch(asFailure);
      if (blobs instanceof PipelineError) {
        if (!signal.aborted) yield { part: `${container}/${name}`, failed: blobs };
        continue;
      }
      for (const month of monthsIn(blobs, context.now - settings.history)) {
        const part = `${container}/${month.prefix}`;
        yield* partOf(part, signal, pullMonth(part, month, account, context));
      }
    }
  },

  check: async ({ settings, signal }) => {
    const { container } = settings;
    const account = await openStorage(WHO, settings, signal);
    return Promise.all(
      settings.exports.map((name) =>
        tried(`Microsoft.Storage/…/containers/blobs/read in ${container}/${name}`, async () => {
          const blobs = await account.blobs(container, `${name}/`);
          if (blobs.some(isExport)) return;
          throw new PipelineError(
            "upstream-refused",
            `${ID}: ${container}/${name} is empty: are directory and name those of the export, and has it run?`,
          );
        }),
      ),
    );
  },
});

/** Parquet as well, so that it is rejected by name. */
const isExport = ({ name }: Blob): boolean => /\.(csv|csv\.gz|parquet)$/i.test(name);

/** `directory/export/20261101-20261130/` and what is behind it. */
const LAYOUT = /^(.*?\/\d{8}-\d{8}\/)(?:(.*)\/)?([^/]+)$/;

function monthsIn(blobs: readonly Blob[], since: number): readonly Month[] {
  const months = new Map<string, Map<string, Blob[]>>();
  for (const blob of blobs) {
    const [, prefix = "", folder = "", file = ""] = LAYOUT.exec(blob.name) ?? [];
    if (prefix === "" || !isExport(blob) || blob.modified < since) continue;
    // A file with the id of its run in its name is a run by itself.
    const run = folder === "" && !/^part_/.test(file) ? file : folder;
    const runs = months.get(prefix) ?? new Map<string, Blob[]>();
    months.set(prefix, runs.set(run, [...(runs.get(run) ?? []), blob]));
  }
  return [...months]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([prefix, runs]) => {
      const [newest] = [...runs].sort(([, a], [, b]) => lastModified(b) - lastModified(a));
      if (!newest) return [];
      const [run, files] = newest;
      return [{ prefix, run, files: files.sort((a, b) => a.modified - b.modified || (a.name < b.name ? -1 : 1)) }];
    });
}

const lastModified = (files: readonly Blob[]): number => Math.max(...files.map(({ modified }) => modified));

async function* pullMonth(
  part: string,
  { prefix, run, files }: Month,
  account: StorageAccount,
  { settings, cursors }: PullContext<Settings>,
): AsyncGenerator<FetchedPage> {
  const saved = progressIn(cursors.get(part));
  let progress: Progress = saved?.run === run ? saved : { run, read: {} };
  for (const { name, bytes: size, modified } of files) {
    const file = name.slice(prefix.length);
    if (progress.read[file] === modified) continue;
    const at = progress.at?.file === file && progress.at.modified === modified ? progress.at.documents : 0;
    const place = `${settings.container}/${name}`;
    const bytes = account.bytes(settings.container, name, 0, size);
    for await (const { documents, unreadable, upTo } of readDocuments(bytes, at)) {
      progress = { ...progress, at: { file, modified, documents: upTo } };
      yield {
        part,
        documents,
        unreadable: unreadable.map(({ reason, number }) => ({
          reason,
          place: number === undefined ? place : `${place} row ${number}`,
        })),
        place: `${place} up to row ${upTo}`,
        cursor: JSON.stringify(progress),
      };
    }
    progress = { run, read: { ...progress.read, [file]: modified } };
    yield { part, documents: [], place, cursor: JSON.stringify(progress) };
  }
}

function progressIn(cursor: string | undefined): Progress | undefined {
  try {
    return Progress.safeParse(JSON.parse(cursor ?? "")).data;
  } catch {
    return undefined;
  }
}
