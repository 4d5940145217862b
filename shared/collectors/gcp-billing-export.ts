/**
 * Google Cloud Billing's export, which lies in BigQuery: rows about models of the standard or the detailed table, as
 * they are added.
 *
 * Interface: BigQuery REST API v2, `jobs.query` and `jobs.getQueryResults`; Cloud Billing, "Schema of the standard
 * usage cost data" (read 2026-11). Rows are only ever added, hours to days after the use, and told by `export_time`. A
 * query is paid for by the bytes of the columns and partitions it reads (6.25 dollars a TiB on demand), 10 MB at least:
 * so it names its columns, leaves out older partitions, and has a limit beyond which BigQuery refuses it, unpaid.
 */
import { randomUUID } from "node:crypto";
import type { BigQuery as Client } from "@google-cloud/bigquery";
import { z } from "zod";
import { apiUrl } from "../config/settings.ts";
import { retryAfterMs } from "../http/json.ts";
import { GOOGLE_AI_WORDS } from "../model/ai-charges.ts";
import { type ErrorCode, PipelineError } from "../model/errors.ts";
import { DAY_MS, type EpochMs, fromIsoTime, SECOND_MS, toIsoTime } from "../model/units.ts";
import { defineCollector, type FetchedPage, type PullContext } from "./collector.ts";
import { codeOf, GoogleCredential, googleCredential, patiently, tokenMeaningOf } from "./google.ts";
import { partOf, Trail, tried } from "./parts.ts";
import { renewing } from "./renewing.ts";
import { Round, roundSettings } from "./rounds.ts";
import { floorTo } from "./usage-reports.ts";

const ID = "gcp.billing-export";
/** Of a kilobyte or two. */
const ROWS_A_PAGE = 2_000;
const GIGABYTE = 1_000_000_000;
/** A query that is not done by then is ended. */
const QUERY_MS = 120 * SECOND_MS;
/** How long a request waits for a query to be done. */
const WAIT_MS = 10 * SECOND_MS;

const Settings = z.strictObject({
  table: z
    .string()
    .regex(
      /^[a-z0-9:.-]+\.\w+\.[\w-]+$/i,
      "project.dataset.gcp_billing_export_v1_…, or …_resource_v1_…, without quotes",
    ),
  /** The project that pays for the queries. Absent: the table's. */
  project: z.string().min(1).optional(),
  /** False for a view of the table: it is read whole every time. */
  partitioned: z.union([z.stringbool(), z.boolean()]).default(true),
  /** What one query may read. Ten cost six cents. */
  maximumGigabytes: z.coerce.number().positive().default(10),
  // By when a row was added, not by when something was used: two days are for clocks, and for rows that show late.
  ...roundSettings({ interval: "6h", lookBack: "2d", history: "90d" }, "1h"),
  credential: GoogleCredential,
  /** Of a sovereign cloud, or of one region. */
  endpoint: apiUrl.default("https://bigquery.googleapis.com"),
});
type Settings = z.output<typeof Settings>;

/** What the source reads, as it reads it. */
const COLUMNS = `billing_account_id, service, sku, usage_start_time, usage_end_time, export_time,
    STRUCT(project.id, project.name) AS project, labels, location, invoice, cost_type, cost, currency,
    currency_conversion_rate, ARRAY(SELECT AS STRUCT amount FROM UNNEST(credits)) AS credits,
    STRUCT(usage.amount, usage.unit) AS usage, STRUCT(adjustment_info.id) AS adjustment_info`;

const isDetailed = (table: string): boolean => /\.gcp_billing_export_resource_v1_[\w-]+$/i.test(table);

/** Rows that were added from `from` on, the oldest first. A table's name can be no parameter. */
function queryOf({ table, partitioned, maximumGigabytes }: Settings, from: EpochMs) {
  const resource = isDetailed(table) ? ", STRUCT(resource.name, resource.global_name) AS resource" : "";
  // A row's partition is the day it came in, which is not before it was exported.
  const partition = Math.max(0, floorTo(DAY_MS, from) - DAY_MS) as EpochMs;
  return {
    query: `SELECT TO_JSON_STRING(STRUCT(${COLUMNS}${resource})) AS record
FROM \`${table}\`
WHERE export_time >= @from${partitioned ? " AND _PARTITIONTIME >= @partition" : ""}
  AND REGEXP_CONTAINS(CONCAT(IFNULL(service.description, ''), ' ', IFNULL(sku.description, '')), @words)
ORDER BY export_time`,
    useLegacySql: false,
    parameterMode: "NAMED",
    queryParameters: [
      parameter("from", "TIMESTAMP", toIsoTime(from)),
      parameter("words", "STRING", GOOGLE_AI_WORDS),
      ...(partitioned ? [parameter("partition", "TIMESTAMP", toIsoTime(partition))] : []),
    ],
    maximumBytesBilled: String(Math.ceil(maximumGigabytes * GIGABYTE)),
    labels: { application: "gnomon" },
    maxResults: ROWS_A_PAGE,
    timeoutMs: WAIT_MS,
    jobTimeoutMs: String(QUERY_MS),
  };
}

const parameter = (name: string, type: string, value: string) => ({
  name,
  parameterType: { type },
  parameterValue: { value },
});

export const gcpBillingExport = defineCollector<Settings>({
  id: ID,
  title: "Google Cloud Billing export in BigQuery",
  settings: Settings,

  async *pull(context) {
    const { settings, cursors, now, signal } = context;
    const round = new Round({ ...settings, cursor: cursors.get(""), now });
    if (round.isDue) yield* partOf("", signal, pullTable(round, context));
  },

  check: async ({ settings, now, signal }) => {
    const { project = projectOf(settings), table } = settings;
    const from = Math.max(0, now - DAY_MS) as EpochMs;
    return [
      await tried(`bigquery.jobs.create in ${project}, bigquery.tables.getData on ${table}`, async () =>
        // Checks permissions and the query, reads nothing and costs nothing.
        (await connect(settings, signal)).ask({ ...queryOf(settings, from), dryRun: true }),
      ),
    ];
  },
});

async function* pullTable(
  round: Round,
  { settings, signal }: Pick<PullContext<Settings>, "settings" | "signal">,
): AsyncGenerator<FetchedPage> {
  const { table } = settings;
  const where = `${table} from ${toIsoTime(round.from)}`;
  const trail = new Trail(`${ID}: ${where}`);
  const { ask, goOn } = await connect(settings, signal);
  // Asked once more with the same id, it is the same query and is paid for once.
  let answer = await ask({ ...queryOf(settings, round.from), requestId: randomUUID() });
  for (let page = 1; ; page++) {
    while (!answer.jobComplete) answer = await goOn(answer.jobReference);
    const { pageToken, jobReference, rows } = answer;
    const documents = rows.map((row): unknown => JSON.parse(row));
    const reached = pageToken === undefined ? "the end" : (exportTimeOf(documents.at(-1)) ?? round.from);
    yield { part: "", place: `${where}, page ${page}`, documents, ...round.cursorAt(reached) };
    if (pageToken === undefined) return;
    answer = await goOn(jobReference, trail.follow(pageToken));
  }
}

const Exported = z.object({ export_time: z.string() });

const exportTimeOf = (document: unknown): EpochMs | undefined =>
  fromIsoTime(Exported.safeParse(document).data?.export_time ?? "");

const projectOf = ({ table, project }: Settings): string => project ?? table.split(".").slice(0, -2).join(".");

const Answer = z.object({
  jobComplete: z.boolean(),
  jobReference: z.object({ jobId: z.string().optional(), location: z.string().optional() }),
  rows: z
    .array(
      z.object({ f: z.tuple([z.object({ v: z.string() })]).transform(([{ v }]) => v) }).transform(({ f }) => f),
    )
    .default([]),
  pageToken: z.string().optional(),
});
type Answer = z.output<typeof Answer>;

/** The functions throw a PipelineError. */
async function connect(settings: Settings, signal: AbortSignal) {
  const { BigQuery } = await import("@google-cloud/bigquery");
  const withClient = renewing<Client>(
    () =>
      new BigQuery({
        projectId: projectOf(settings),
        apiEndpoint: settings.endpoint,
        // It does not wait as long as it is told to.
        autoRetry: false,
        ...googleCredential(ID, settings.credential),
      }),
    isUnauthorized,
  );
  // The client's own `query` ends the process where an answer is no JSON, and cannot ask once more for the same query.
  const request = (options: Parameters<Client["request"]>[0]): Promise<Answer> =>
    patiently(
      async () => answerIn(await withClient((client) => requested(client, options))),
      { failureOf: (error) => bigQueryError(settings, error), pauseIn },
      signal,
    );
  return {
    ask: (query: object) => request({ method: "POST", uri: "/queries", json: query }),

    /** Waits until a query is done, or for its next page. */
    goOn: ({ jobId, location }: Answer["jobReference"], pageToken?: string) =>
      request({
        method: "GET",
        uri: `/queries/${jobId}`,
        qs: { location, pageToken, maxResults: ROWS_A_PAGE, timeoutMs: WAIT_MS },
      }),
  };
}

const requested = (client: Client, options: Parameters<Client["request"]>[0]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    client.request(options, (error, body) => (error ? reject(error) : resolve(body)));
  });

function answerIn(body: unknown): Answer {
  const read = Answer.safeParse(body);
  if (read.success) return read.data;
  throw typeof body === "object"
    ? new PipelineError("upstream-refused", `${ID}: an answer that is not as documented`)
    : new PipelineError("upstream-unavailable", `${ID}: an answer that is no JSON; it is tried again`);
}

const isUnauthorized = (error: unknown): boolean => codeOf(error) === 401;

function bigQueryError(settings: Settings, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const [code, why] = meaningOf(settings, error);
  return new PipelineError(code, `${ID}: ${settings.table}: ${why}`, { cause: error });
}

function meaningOf(settings: Settings, error: unknown): readonly [ErrorCode, string] {
  const status = codeOf(error);
  const reason = reasonIn(error);
  if (reason === "bytesBilledLimitExceeded")
    return ["upstream-refused", "the query would read more than maximumGigabytes: raise it, or lower history"];
  if (/^(rateLimitExceeded|quotaExceeded|backendError|internalError|jobRateLimitExceeded|stopped)$/.test(reason))
    return ["upstream-unavailable", `${reason}; it is tried again`];
  if (error instanceof Error && error.name === "FetchError")
    return ["upstream-unavailable", `no whole answer (${String(status)}); it is tried again`];
  if (typeof status !== "number") return tokenMeaningOf(error);
  const said = `${status}${reason === "" ? "" : ` (${reason})`}`;
  if (status === 408 || status === 429 || status >= 500)
    return ["upstream-unavailable", `${said}; it is tried again`];
  const todo: Readonly<Record<number, string>> = {
    400: "is it a table of the billing export, and not a view (partitioned: false)?",
    401: "the credentials are not taken; are they revoked, or is the clock wrong?",
    403: `give the account roles/bigquery.jobUser on ${projectOf(settings)} and roles/bigquery.dataViewer on the dataset`,
    404: "there is no such project, dataset or table; a new export has none before its first rows",
  };
  return ["upstream-refused", `${said}: ${todo[status] ?? "not as documented"}`];
}

/** BigQuery's word for an error. */
function reasonIn(error: unknown): string {
  const errors = error instanceof Error && "errors" in error ? error.errors : undefined;
  const [first]: unknown[] = Array.isArray(errors) ? errors : [];
  const reason = z.object({ reason: z.string().regex(/^[a-zA-Z]{1,40}$/) }).safeParse(first).data?.reason;
  return reason ?? "";
}

const Refused = z.object({
  response: z.object({ headers: z.object({ "retry-after": z.string(), date: z.string().default("") }) }),
});

function pauseIn(error: unknown): number | undefined {
  const headers = Refused.safeParse(error).data?.response.headers;
  const pause = headers && retryAfterMs(headers["retry-after"], Date.parse(headers.date));
  return Number.isNaN(pause) ? undefined : pause;
}
