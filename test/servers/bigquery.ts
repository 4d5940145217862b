/** BigQuery's REST API on 127.0.0.1, for the collector's own query, and the tokens to ask it with. */
import { type AskedFor, type JsonServer, type Reply, serveJson } from "./json-api.ts";

export interface BigQueryServer extends JsonServer {
  /** For settings: an identity of a workload elsewhere, which Google's token service takes for one of its own. */
  readonly credential: { readonly type: "json"; readonly json: string };
  /** How many tokens were given. */
  tokens(): number;
  /** Those that were given are taken no more. */
  revokeTokens(): void;
}

export async function serveBigQuery(answer: (asked: AskedFor) => Reply): Promise<BigQueryServer> {
  let tokens = 0;
  let firstTaken = 1;
  const asked: AskedFor[] = [];
  const server = await serveJson((one) => {
    if (one.path === "/workload")
      return { body: "made-up-subject-token", headers: { "content-type": "text/plain" } };
    if (one.path === "/token") {
      tokens++;
      const issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
      return {
        body: { access_token: `token-${tokens}`, issued_token_type, token_type: "Bearer", expires_in: 3_600 },
      };
    }
    asked.push(one);
    const number = Number(/^Bearer token-(\d+)$/.exec(one.headers.authorization ?? "")?.[1]);
    return number >= firstTaken ? answer(one) : bigQueryError(401, "authError");
  });
  return {
    ...server,
    asked,
    credential: {
      type: "json",
      json: JSON.stringify({
        type: "external_account",
        audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gnomon/providers/aws",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `${server.url}/token`,
        credential_source: { url: `${server.url}/workload`, format: { type: "text" } },
      }),
    },
    tokens: () => tokens,
    revokeTokens: () => {
      firstTaken = tokens + 1;
    },
  };
}

export const bigQueryError = (code: number, reason: string): Reply => ({
  status: code,
  body: { error: { code, message: "made up", errors: [{ message: "made up", domain: "global", reason }] } },
});

/** As `jobs.query` gets it. */
export interface Asked {
  readonly query: string;
  readonly dryRun?: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly maximumBytesBilled: string;
  readonly maxResults: number;
  readonly requestId: string;
  readonly queryParameters: readonly {
    readonly name: string;
    readonly parameterType: { readonly type: string };
    readonly parameterValue: { readonly value: string };
  }[];
}

interface ExportedRow {
  /** `2026-11-03T14:02:11.123456Z` */
  readonly export_time: string;
}

interface Table {
  readonly pageSize: number;
  /** Each page says that the next one is the first. */
  readonly repeating?: boolean;
  /** How often a query says that it is still running. Absent: never. */
  readonly running?: number;
}

/** Rows of an export, which queries find by `export_time`. */
export function billingTable(
  rows: readonly ExportedRow[],
  { pageSize, repeating = false, running = 0 }: Table,
): (asked: AskedFor) => Reply {
  const queries = new Map<string, { readonly found: readonly ExportedRow[]; running: number }>();
  const page = (project: string, id: string, token: string | null, most: number): Reply => {
    const query = queries.get(id);
    if (!query) return bigQueryError(404, "notFound");
    const jobReference = { projectId: project, jobId: id, location: "EU" };
    if (query.running-- > 0) return { body: { jobReference, jobComplete: false } };
    const start = repeating ? 0 : Number(token ?? 0);
    const end = start + Math.min(pageSize, most);
    return {
      body: {
        jobReference,
        jobComplete: true,
        totalRows: String(query.found.length),
        schema: { fields: [{ name: "record", type: "STRING", mode: "NULLABLE" }] },
        rows: query.found.slice(start, end).map((row) => ({ f: [{ v: JSON.stringify(row) }] })),
        ...(repeating || end < query.found.length ? { pageToken: String(end) } : {}),
      },
    };
  };
  return ({ method, path, body, query: words }) => {
    const [, project = "", id = ""] =
      /^\/bigquery\/v2\/projects\/([^/]+)\/queries(?:\/([^/]+))?$/.exec(path) ?? [];
    if (method === "GET" && words.get("location") === "EU")
      return page(project, id, words.get("pageToken"), Number(words.get("maxResults")));
    if (method !== "POST" || id !== "") return bigQueryError(404, "notFound");
    const { dryRun, requestId, queryParameters, maxResults } = JSON.parse(body) as Asked;
    // Without a job there is no id of one.
    if (dryRun)
      return { body: { jobReference: { projectId: project }, jobComplete: true, totalBytesProcessed: "1" } };
    const from = queryParameters.find(({ name }) => name === "from")?.parameterValue.value ?? "";
    const found = rows
      .filter(({ export_time }) => Date.parse(export_time) >= Date.parse(from))
      .sort((a, b) => (a.export_time < b.export_time ? -1 : 1));
    queries.set(requestId, queries.get(requestId) ?? { found, running });
    return page(project, requestId, null, maxResults);
  };
}
