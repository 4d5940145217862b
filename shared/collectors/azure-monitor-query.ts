/**
 * Azure logs from Log Analytics workspaces: diagnostic logs of AI accounts (AzureDiagnostics) and the activity log
 * (AzureActivity).
 *
 * Interface: Azure Monitor Logs query API (read 2026-11). Limits: 500,000 rows or 64 MB an answer, 3 minutes a query,
 * 200 queries in 30 s for each identity. A query whose answer is too large is answered in part, and asked again here
 * in halves. Rows are asked for by when they were ingested, which may be hours after what they tell.
 */
import type { LogsQueryClient } from "@azure/monitor-query-logs";
import { z } from "zod";
import { apiUrl, duration } from "../config/settings.ts";
import { retryAfterMs } from "../http/json.ts";
import { PipelineError } from "../model/errors.ts";
import { DAY_MS, type EpochMs, fromIsoTime, SECOND_MS, toEpochMs, toIsoTime } from "../model/units.ts";
import { AzureIdentity, askAzure, azureCredentials, Guid, isUnauthorized, statusOf } from "./azure.ts";
import { defineCollector, type FetchedPage, type PullContext } from "./collector.ts";
import { interleaved } from "./interleaved.ts";
import { partOf, tried } from "./parts.ts";
import { renewing } from "./renewing.ts";

const ID = "azure.monitor-query";
const PARTS_AT_ONCE = 4;
/** Of one answer: about 10 MB, all of which is in memory at once. */
const MAX_ROWS = 5_000;
const SHORTEST_SLICE_MS = SECOND_MS;
/** What was ingested at one instant, such as a batch, is split by its rows' hashes. */
const MOST_BUCKETS = 64;
/** A query that takes longer is asked again for less. */
const MAX_QUERY_SECONDS = 60;
/** The SDK waits for as long as it is told to, and all other parts with it. */
const LONGEST_PAUSE_MS = 60 * SECOND_MS;

const Table = z.enum(["AzureDiagnostics", "AzureActivity"]);
type Table = z.output<typeof Table>;

const Settings = z.strictObject({
  /** Their ids, not their names. */
  workspaces: z.array(Guid).min(1),
  tables: z
    .array(Table)
    .min(1)
    .default([...Table.options]),
  /** How far the first run goes back. */
  history: duration.prefault("7d"),
  /** How long before it was ingested a row may have happened. Four hours have been seen. */
  lookBack: duration.prefault("6h"),
  /** Rows show a while after the time of their ingestion, and not in order: so far each run reads again. */
  overlap: duration.prefault("15m"),
  /** Of a sovereign cloud: `https://api.loganalytics.us`. */
  endpoint: apiUrl.default("https://api.loganalytics.io"),
  ...AzureIdentity.shape,
});
type Settings = z.output<typeof Settings>;

interface Part {
  readonly workspace: string;
  readonly table: Table;
}

/** Rows ingested from `from` until before `to`, and of those the ones whose hash falls into `bucket`. */
interface Slice {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly bucket: number;
  readonly buckets: number;
}

/** `undefined`: more than one answer can hold. */
type Rows = readonly unknown[] | undefined;

interface Workspaces {
  /** By the vendor's clock. */
  now(workspace: string): Promise<EpochMs>;
  rows(part: Part, slice: Slice): Promise<{ readonly rows: Rows; readonly whole: boolean }>;
  probe(part: Part): Promise<void>;
}

export const azureMonitorQuery = defineCollector<Settings>({
  id: ID,
  title: "Azure Log Analytics workspaces",
  settings: Settings,

  pull: async function* (context) {
    const workspaces = await connect(context.settings, context.signal);
    yield* interleaved(
      partsOf(context.settings).map((part) =>
        partOf(nameOf(part), context.signal, pullPart(part, workspaces, context)),
      ),
      PARTS_AT_ONCE,
      context.signal,
    );
  },

  check: async ({ settings, signal }) => {
    const workspaces = await connect(settings, signal);
    return Promise.all(
      partsOf(settings).map((part) =>
        tried(`Microsoft.OperationalInsights/workspaces/query/${part.table}/read in ${part.workspace}`, () =>
          workspaces.probe(part),
        ),
      ),
    );
  },
});

const partsOf = ({ workspaces, tables }: Settings): readonly Part[] =>
  workspaces.flatMap((workspace) => tables.map((table) => ({ workspace, table })));

const nameOf = ({ workspace, table }: Part): string => `${workspace}/${table}`;

/** The cursor is a time of ingestion by the vendor's clock: before it, all is on the bus. */
async function* pullPart(
  part: Part,
  workspaces: Workspaces,
  { settings, cursors, signal }: PullContext<Settings>,
): AsyncGenerator<FetchedPage> {
  const name = nameOf(part);
  const now = await workspaces.now(part.workspace);
  const reached = fromIsoTime(cursors.get(name) ?? "");
  const from = toEpochMs(
    reached === undefined ? now - settings.history : Math.min(reached, now) - settings.overlap,
  );
  if (from === undefined || from >= now) return;

  const waiting: Slice[] = [{ from, to: now, bucket: 0, buckets: 1 }];
  for (let slice = waiting.pop(); slice && !signal.aborted; slice = waiting.pop()) {
    const { rows, whole } = await workspaces.rows(part, slice);
    const parts = whole ? [] : halvesOf(slice);
    if (parts.length > 0) {
      waiting.push(...parts);
      continue;
    }
    const place = placeOf(name, slice);
    if (rows === undefined)
      throw new PipelineError("upstream-unavailable", `${ID}: ${place}: no query is small enough for it`);
    const next = waiting.at(-1);
    yield {
      part: name,
      place,
      documents: rows.filter((row) => row !== null),
      unreadable: [
        ...(whole ? [] : [{ reason: `more than ${MAX_ROWS} rows that cannot be told apart`, place }]),
        // Kusto gives null for a value of more than 1 MB.
        ...rows.filter((row) => row === null).map(() => ({ reason: "a row of more than 1 MB", place })),
      ],
      ...(next === undefined || next.from >= slice.to ? { cursor: toIsoTime(slice.to) } : {}),
    };
  }
}

/** The later half first: the last one in the list is the next to be asked for. Empty: it cannot be split. */
function halvesOf({ from, to, bucket, buckets }: Slice): readonly Slice[] {
  if (to - from > SHORTEST_SLICE_MS && buckets === 1) {
    const middle = Math.floor((from + to) / 2) as EpochMs;
    return [
      { from: middle, to, bucket, buckets },
      { from, to: middle, bucket, buckets },
    ];
  }
  if (buckets >= MOST_BUCKETS) return [];
  // A hash that is `bucket` modulo `buckets` is one of these two modulo twice as many.
  return [bucket + buckets, bucket].map((half) => ({ from, to, bucket: half, buckets: buckets * 2 }));
}

const placeOf = (part: string, { from, to, bucket, buckets }: Slice): string =>
  `${part} ingested from ${toIsoTime(from)} to ${toIsoTime(to)}${buckets > 1 ? `, part ${bucket + 1} of ${buckets}` : ""}`;

/** What `azure.openai` and `azure.activity` read. Operators that compare names hold capitals and small letters equal. */
const chosen: Readonly<Record<Table, string>> = {
  AzureDiagnostics: `
| where ResourceProvider =~ "Microsoft.CognitiveServices"
| where Category in~ ("Audit", "RequestResponse", "AzureOpenAIRequestUsage")`,
  AzureActivity: `
| where OperationNameValue startswith "Microsoft.CognitiveServices/"
    or OperationNameValue startswith "Microsoft.MachineLearningServices/workspaces/"
    or OperationNameValue startswith "Microsoft.ApiManagement/service/apis/"
    or OperationNameValue startswith "Microsoft.Insights/diagnosticSettings/"
    or OperationNameValue startswith "Microsoft.Authorization/roleAssignments/"`,
};

/**
 * AzureDiagnostics has up to 500 columns, most of them of other services: those that are empty are left out. The
 * caller's id alone means something when it is empty.
 */
const rowOf: Readonly<Record<Table, string>> = {
  AzureDiagnostics: `bag_merge(bag_pack("objectId_s", column_ifexists("objectId_s", "")), pack_all(true))`,
  AzureActivity: "pack_all(true)",
};

const queryOf = (table: Table, { from, to, bucket, buckets }: Slice): string =>
  `${table}
| where ingestion_time() >= datetime(${toIsoTime(from)}) and ingestion_time() < datetime(${toIsoTime(to)})${chosen[table]}
| where hash(strcat(CorrelationId, TimeGenerated), ${buckets}) == ${bucket}
| project ingested = ingestion_time(), row = ${rowOf[table]}
| take ${MAX_ROWS + 1}
| order by ingested asc`;

async function connect(settings: Settings, signal: AbortSignal): Promise<Workspaces> {
  const { LogsQueryClient, LogsQueryResultStatus } = await import("@azure/monitor-query-logs");
  const newCredential = await azureCredentials(settings);
  const base = new URL(settings.endpoint).origin;
  const ask = renewing(() => {
    const client = new LogsQueryClient(newCredential(), {
      endpoint: `${base}/v1`,
      credentials: { scopes: [`${base}/.default`] },
    });
    client.pipeline.addPolicy({
      name: "endOfRun",
      sendRequest: async (request, next) => {
        // `queryWorkspace` takes no signal, and breaks on an error that is not Azure's but a proxy's.
        const response = await next(Object.assign(request, { abortSignal: signal }));
        if (response.status < 400 || isError(response.bodyAsText)) return response;
        throw withStatus(response.status);
      },
    });
    client.pipeline.addPolicy(
      {
        name: "tooLong",
        // What took too long once is not tried again, but halved; where Azure wants a long pause, the next run asks.
        sendRequest: async (request, next) => {
          const response = await next(request);
          const pause = retryAfterMs(response.headers.get("retry-after") ?? null, Date.now()) ?? 0;
          if (response.status === 504 || (response.status >= 400 && pause > LONGEST_PAUSE_MS))
            throw withStatus(response.status);
          return response;
        },
      },
      { afterPhase: "Retry" },
    );
    return client;
  }, isUnauthorized);

  const query = (workspace: string, ...rest: QueryArguments) =>
    askAzure({ collector: ID, where: `workspace ${workspace}`, advice }, () =>
      ask((client) => client.queryWorkspace(workspace, ...rest)),
    );

  return {
    now: async (workspace) => {
      const result = await query(workspace, "print now()", { duration: "P1D" });
      const [now] = result.status === LogsQueryResultStatus.Success ? (result.tables[0]?.rows[0] ?? []) : [];
      const time = now instanceof Date ? toEpochMs(now.getTime()) : undefined;
      if (time === undefined)
        throw new PipelineError("upstream-refused", `${ID}: workspace ${workspace}: does not tell the time`);
      return time;
    },

    rows: async ({ workspace, table }, slice) => {
      const timespan = {
        startTime: new Date(slice.from - settings.lookBack),
        // Clocks of those who write may be ahead; Azure takes no time that is more than a day ahead.
        endTime: new Date(slice.to + DAY_MS),
      };
      try {
        const result = await query(workspace, queryOf(table, slice), timespan, {
          serverTimeoutInSeconds: MAX_QUERY_SECONDS,
        });
        if (result.status !== LogsQueryResultStatus.Success) return { rows: undefined, whole: false };
        const rows = result.tables[0]?.rows.map((row) => row[1]) ?? [];
        return { rows: rows.slice(0, MAX_ROWS), whole: rows.length <= MAX_ROWS };
      } catch (error) {
        // Where nothing was ever ingested there is no table.
        if (isMissingTable(error, table)) return { rows: [], whole: true };
        if (tookTooLong(error)) return { rows: undefined, whole: false };
        throw error;
      }
    },

    probe: async ({ workspace, table }) => {
      try {
        await query(workspace, `${table} | take 1 | project TimeGenerated`, { duration: "P1D" });
      } catch (error) {
        if (!isMissingTable(error, table)) throw error;
        const missing =
          table === "AzureActivity"
            ? "send the activity log of each subscription here, by a diagnostic setting of the subscription"
            : "send the categories Audit, RequestResponse and AzureOpenAIRequestUsage here, by a diagnostic setting of each account";
        throw new PipelineError("upstream-refused", `${ID}: workspace ${workspace} has no ${table}: ${missing}`);
      }
    },
  };
}

type QueryArguments = Parameters<LogsQueryClient["queryWorkspace"]> extends [string, ...infer Rest] ? Rest : never;

const advice: Readonly<Record<number, string>> = {
  401: "the token is not taken: is `endpoint` that of the credential's cloud?",
  403: "give the identity the role Log Analytics Reader on the workspace (Microsoft.OperationalInsights/workspaces/query/*/read)",
  404: "there is no such workspace: its id is wanted, not its name",
};

const isMissingTable = (error: unknown, table: Table): boolean =>
  error instanceof PipelineError &&
  statusOf(error.cause) === 400 &&
  JSON.stringify(error.cause).includes(`named '${table}'`);

const withStatus = (statusCode: number): Error => Object.assign(new Error("an error of HTTP"), { statusCode });

function isError(body: string | null | undefined): boolean {
  try {
    return "code" in JSON.parse(body ?? "").error;
  } catch {
    return false;
  }
}

const tookTooLong = (error: unknown): boolean => error instanceof PipelineError && statusOf(error.cause) === 504;
