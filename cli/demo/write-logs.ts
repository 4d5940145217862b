/** Writes what happened as each vendor would have logged it, one folder a log and one file a day. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Happening, OpenaiChange, OpenaiHour } from "./happening.ts";
import type { Random } from "./random.ts";
import { awsChange, awsCharge, bedrockCall, lookup } from "./writers/aws.ts";
import { azureCall, azureChange, azureCharge } from "./writers/azure.ts";
import { vertexCall } from "./writers/google.ts";
import { gatewayCall } from "./writers/litellm.ts";
import { auditPage, usagePage } from "./writers/openai.ts";

type Log =
  | "aws-cloudtrail"
  | "aws-bedrock-invocation"
  | "aws-route53"
  | "azure-openai"
  | "azure-activity"
  | "gcp-audit"
  | "openai-usage"
  | "openai-audit"
  | "litellm"
  | "aws-cur"
  | "azure-cost-export";

/** How each log's records stand in a file, as its vendor delivers them. */
const layouts: Record<Log, { readonly suffix: string; write(records: readonly unknown[]): string }> = {
  "aws-cloudtrail": { suffix: "json.gz", write: (records) => JSON.stringify({ Records: records }) },
  "aws-bedrock-invocation": { suffix: "json.gz", write: lines },
  "aws-route53": { suffix: "log.gz", write: lines },
  "azure-openai": { suffix: "json", write: lines },
  "azure-activity": { suffix: "json", write: (records) => JSON.stringify({ records }) },
  "gcp-audit": { suffix: "json", write: lines },
  "openai-usage": { suffix: "json", write: (hours) => JSON.stringify(usagePage(hours as OpenaiHour[])) },
  "openai-audit": { suffix: "json", write: (pages) => JSON.stringify(pages[0]) },
  litellm: { suffix: "json", write: (records) => JSON.stringify(records) },
  "aws-cur": { suffix: "csv.gz", write: table },
  "azure-cost-export": { suffix: "csv", write: table },
};

interface LogFile {
  /** Below the folder of logs: `aws-cloudtrail/2026-09-01.json.gz`. */
  readonly name: string;
  readonly log: Log;
  readonly records: readonly unknown[];
}

/** Bills come by the month. */
const monthly: ReadonlySet<Log> = new Set(["aws-cur", "azure-cost-export"]);

/** One file a log and day, and a bill's of the month. */
export function logFilesOf(happenings: readonly Happening[], random: Random): readonly LogFile[] {
  const files = new Map<string, { log: Log; records: unknown[] }>();
  const add = (log: Log, time: number, ...records: readonly unknown[]) => {
    const day = new Date(time).toISOString().slice(0, monthly.has(log) ? 7 : 10);
    const name = `${log}/${day}.${layouts[log].suffix}`;
    const file = files.get(name) ?? { log, records: [] };
    files.set(name, file);
    file.records.push(...records);
  };

  const audited: OpenaiChange[] = [];
  for (const happening of happenings.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    switch (happening.on) {
      case "bedrock": {
        const { trail, invocation } = bedrockCall(happening, random);
        add("aws-cloudtrail", happening.time, trail);
        if (invocation) add("aws-bedrock-invocation", happening.time, invocation);
        break;
      }
      case "aws-change":
        add("aws-cloudtrail", happening.time, awsChange(happening, random));
        break;
      case "azure":
        add("azure-openai", happening.time, ...azureCall(happening, random));
        break;
      case "azure-change":
        add("azure-activity", happening.time, ...azureChange(happening, random));
        break;
      case "vertex":
        add("gcp-audit", happening.time, ...vertexCall(happening, random));
        break;
      case "openai":
        add("openai-usage", happening.hour, happening);
        break;
      case "openai-change":
        audited.push(happening);
        break;
      case "gateway":
        add("litellm", happening.time, gatewayCall(happening, random));
        break;
      case "aws-charge":
        add("aws-cur", happening.day, awsCharge(happening));
        break;
      case "azure-charge":
        add("azure-cost-export", happening.day, azureCharge(happening));
        break;
      case "dns":
        add("aws-route53", happening.time, lookup(happening, random));
        break;
    }
  }
  const newest = audited.at(-1);
  if (newest) add("openai-audit", newest.time, auditPage(audited, random));

  return [...files].map(([name, { log, records }]) => ({ name, log, records }));
}

/** Returns how many records were written. */
export async function writeLogs(
  happenings: readonly Happening[],
  folder: string,
  random: Random,
): Promise<number> {
  let count = 0;
  for (const { name, log, records } of logFilesOf(happenings, random)) {
    count += records.length;
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    const { suffix, write } = layouts[log];
    const text = write(records);
    await writeFile(path, suffix.endsWith(".gz") ? gzipSync(text, { level: 1 }) : text);
  }
  return count;
}

/** The text of one file, before it is compressed. */
export const textOf = ({ log, records }: LogFile): string => layouts[log].write(records);

function timeOf(happening: Happening): number {
  if ("hour" in happening) return happening.hour;
  return "day" in happening ? happening.day : happening.time;
}

function lines(records: readonly unknown[]): string {
  return `${records.map((record) => JSON.stringify(record)).join("\n")}\n`;
}

/** A name with a comma stands in quotes. */
function table(rows: readonly unknown[]): string {
  const [first = {}] = rows as readonly Readonly<Record<string, string>>[];
  const columns = Object.keys(first);
  const written = (cells: readonly string[]) =>
    cells.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",");
  const lines = (rows as readonly Readonly<Record<string, string>>[]).map((row) =>
    written(columns.map((column) => row[column] ?? "")),
  );
  return `${[written(columns), ...lines].join("\n")}\n`;
}
