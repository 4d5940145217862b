/**
 * Azure logs from a storage account: what diagnostic settings export, one append blob for each resource and hour.
 *
 * Form: `insights-logs-<category>/resourceId=/SUBSCRIPTIONS/…/y=2026/m=08/d=01/h=10/m=00/PT1H.json`, a record a line
 * (Azure Monitor, "Send resource logs to Azure Storage", read 2026-11). The hour is that of the event, so that blobs
 * of past hours still grow. Only what was appended is read. Exports of costs lie otherwise: `azure.cost-exports`.
 */
import { Readable } from "node:stream";
import { z } from "zod";
import { apiUrl, duration } from "../config/settings.ts";
import { DAY_MS, HOUR_MS } from "../model/units.ts";
import { jsonValues } from "../reading/json-values.ts";
import { AzureIdentity } from "./azure.ts";
import { isMissing, openStorage, type StorageAccount } from "./azure-storage.ts";
import { defineCollector, type FetchedPage, type PullContext } from "./collector.ts";
import { interleaved } from "./interleaved.ts";
import { partOf, tried } from "./parts.ts";

const ID = "azure.blob";
const WHO = {
  collector: ID,
  noContainer:
    "send the category here, by a diagnostic setting of each account (of each subscription for the activity log)",
};
const PARTS_AT_ONCE = 4;
/** Of one page, unless a single record is larger. */
const PAGE_BYTES = 1024 * 1024;
/** As `jsonValues` has it: no record is larger. */
const LONGEST_LINE_BYTES = 16 * 1024 * 1024;
/** `resourceId=/SUBSCRIPTIONS/s/RESOURCEGROUPS/g/PROVIDERS/p/ACCOUNTS/a/PROJECTS/p/`, and some more. */
const DEEPEST = 16;

const Settings = z.strictObject({
  /** `https://account.blob.core.windows.net` */
  account: apiUrl,
  /** One for each category. One that is not there has not had a record yet. */
  containers: z
    .array(z.string().regex(/^[a-z0-9](-?[a-z0-9]){2,62}$/, "a container such as insights-logs-audit"))
    .min(1)
    .default([
      "insights-logs-audit",
      "insights-logs-requestresponse",
      "insights-logs-azureopenairequestusage",
      "insights-logs-administrative",
    ]),
  /** How far the first run goes back. */
  history: duration.prefault("1d"),
  /** How long after its end an hour may still get records. Four hours have been seen. */
  lookBack: duration.prefault("6h"),
  ...AzureIdentity.shape,
});
type Settings = z.output<typeof Settings>;

/** One resource's log of one category. */
interface Part {
  readonly container: string;
  /** `resourceId=/SUBSCRIPTIONS/…/ACCOUNTS/NAME/` */
  readonly prefix: string;
}

/** The cursor of a part. What is before `from` is read to its end and will not grow any more. */
const Progress = z.object({
  from: z.int().nonnegative(),
  /** How many bytes are read of each hour's blob since then, by its name behind the prefix. */
  read: z.record(z.string(), z.int().positive()),
});
type Progress = z.output<typeof Progress>;

interface HourBlob {
  readonly hour: number;
  /** Behind the part's prefix. */
  readonly name: string;
  readonly bytes: number;
}

export const azureBlob = defineCollector<Settings>({
  id: ID,
  title: "Azure logs in a storage account",
  settings: Settings,

  pull: async function* (context) {
    const { settings, signal } = context;
    const account = await openStorage(WHO, settings, signal);
    for (const container of settings.containers) {
      const parts: string[] = [];
      yield* partOf(container, signal, found(account, container, parts));
      yield* interleaved(
        parts.map((prefix) =>
          partOf(`${container}/${prefix}`, signal, pullPart({ container, prefix }, account, context)),
        ),
        PARTS_AT_ONCE,
        signal,
      );
    }
  },

  check: async ({ settings, signal }) => {
    const account = await openStorage(WHO, settings, signal);
    return Promise.all(
      settings.containers.map((container) =>
        tried(`Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read in ${container}`, () =>
          account.folders(container, ""),
        ),
      ),
    );
  },
});

// biome-ignore lint/correctness/useYield: so that a container that cannot be listed is a part that failed
async function* found(account: StorageAccount, container: string, parts: string[]): AsyncGenerator<FetchedPage> {
  try {
    parts.push(...(await partsUnder(account, container, "", 0)));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Resources whose logs may tell of AI. What has no provider is a subscription, with its activity log. */
const ABOUT_AI = /\/PROVIDERS\/MICROSOFT\.(COGNITIVESERVICES|MACHINELEARNINGSERVICES|APIMANAGEMENT)\//i;

async function partsUnder(
  account: StorageAccount,
  container: string,
  prefix: string,
  depth: number,
): Promise<readonly string[]> {
  const folders = await account.folders(container, prefix);
  if (folders.some((folder) => /\/y=\d{4}\/$/.test(folder))) return [prefix];
  const parts: string[] = [];
  for (const folder of depth < DEEPEST ? folders : []) {
    if (/\/PROVIDERS\/[^/]+\//i.test(folder) && !ABOUT_AI.test(folder)) continue;
    parts.push(...(await partsUnder(account, container, folder, depth + 1)));
  }
  return parts;
}

async function* pullPart(
  part: Part,
  account: StorageAccount,
  { settings, cursors, now: ours, signal }: PullContext<Settings>,
): AsyncGenerator<FetchedPage> {
  const name = `${part.container}/${part.prefix}`;
  const cursor = cursors.get(name);
  // By a clock that is fast, hours would be closed that still get records.
  const now = Math.min(ours, account.now() ?? ours);
  const closedBefore = hourOf(now - settings.lookBack);
  let progress = progressIn(cursor) ?? { from: hourOf(now - settings.history), read: {} };
  if (progress.from > now) progress = { ...progress, from: closedBefore };

  for (let day = dayOf(progress.from); day <= now; day += DAY_MS) {
    for (const blob of await hoursOf(day, part, account)) {
      if (blob.hour < progress.from) continue;
      const known = progress.read[blob.name] ?? 0;
      // Shorter than what was read of it: another blob by the same name.
      const start = known > blob.bytes ? 0 : known;
      if (start === blob.bytes) continue;
      const bytes = account.bytes(part.container, part.prefix + blob.name, start, blob.bytes);
      for await (const lines of linesOf(bytes, start, blob.hour < closedBefore)) {
        progress = { ...progress, read: { ...progress.read, [blob.name]: lines.end } };
        const place = `${name}${blob.name} up to byte ${lines.end}`;
        yield { part: name, place, ...(await recordsIn(lines, place)), cursor: JSON.stringify(progress) };
        if (signal.aborted) return;
      }
    }
    progress = closed(progress, Math.min(day + DAY_MS, closedBefore));
  }
  const reached = JSON.stringify(progress);
  if (reached !== cursor) yield { part: name, place: name, documents: [], cursor: reached };
}

function progressIn(cursor: string | undefined): Progress | undefined {
  try {
    return Progress.safeParse(JSON.parse(cursor ?? "")).data;
  } catch {
    return undefined;
  }
}

/** Forgets what lies before, which is read. */
function closed({ from, read }: Progress, before: number): Progress {
  const start = Math.max(from, before);
  return { from: start, read: Object.fromEntries(Object.entries(read).filter(([name]) => hourIn(name) >= start)) };
}

const hourOf = (time: number): number => Math.max(0, time - (time % HOUR_MS));
const dayOf = (time: number): number => time - (time % DAY_MS);

const HOUR_NAME = /^y=(\d{4})\/m=(\d{2})\/d=(\d{2})\/h=(\d{2})\/m=\d{2}\/PT1H\.json$/;

/** NaN, which is neither before nor after anything, where the name is no hour's. */
function hourIn(name: string): number {
  const [, year, month, day, hour] = HOUR_NAME.exec(name) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour));
}

/** Oldest first. */
async function hoursOf(
  day: number,
  { container, prefix }: Part,
  account: StorageAccount,
): Promise<readonly HourBlob[]> {
  const [year, month, date] = new Date(day).toISOString().slice(0, 10).split("-");
  const blobs = await account.blobs(container, `${prefix}y=${year}/m=${month}/d=${date}/`);
  return blobs
    .map(({ name, bytes }) => ({ name: name.slice(prefix.length), bytes }))
    .map((blob) => ({ ...blob, hour: hourIn(blob.name) }))
    .filter(({ hour }) => !Number.isNaN(hour))
    .sort((one, other) => one.hour - other.hour || (one.name < other.name ? -1 : 1));
}

interface Lines {
  /** Whole lines. Absent: one that is too long to be read. */
  readonly bytes?: Buffer;
  /** The offset in the blob behind them. */
  readonly end: number;
}

const NEWLINE = 0x0a;

/**
 * Whole lines, a page's worth at a time. The last one may be half written: it is left for the next run, unless it is
 * a document as it stands, or the blob is `final`.
 */
async function* linesOf(bytes: AsyncIterable<Uint8Array>, start: number, final: boolean): AsyncGenerator<Lines> {
  let held: Buffer = Buffer.alloc(0);
  let end = start;
  for await (const piece of piecesOf(bytes)) {
    held = Buffer.concat([held, piece]);
    const whole = held.lastIndexOf(NEWLINE) + 1;
    if (whole > 0) {
      end += whole;
      yield { bytes: held.subarray(0, whole), end };
      held = held.subarray(whole);
    } else if (held.length > LONGEST_LINE_BYTES) {
      // What follows of it is no JSON, and is rejected as that.
      end += held.length;
      yield { end };
      held = Buffer.alloc(0);
    }
  }
  if (held.length > 0 && (final || isDocument(held))) yield { bytes: held, end: end + held.length };
}

/** Of at least a page's worth, but for the last one: a response comes in far smaller ones. */
async function* piecesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    size += chunk.length;
    if (size < PAGE_BYTES) continue;
    yield Buffer.concat(chunks);
    chunks = [];
    size = 0;
  }
  yield Buffer.concat(chunks);
}

function isDocument(line: Buffer): boolean {
  try {
    JSON.parse(line.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

async function recordsIn({ bytes }: Lines, place: string): Promise<Pick<FetchedPage, "documents" | "unreadable">> {
  const documents: unknown[] = [];
  const unreadable: { reason: string; place: string }[] = [];
  if (!bytes) unreadable.push({ reason: "a line that is too long", place });
  for await (const values of jsonValues(Readable.from([bytes ?? Buffer.alloc(0)]))) {
    for (const value of values) {
      if ("rejected" in value) unreadable.push({ reason: value.rejected, place });
      else documents.push(value.value);
    }
  }
  return { documents, unreadable };
}
