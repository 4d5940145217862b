/**
 * What of Azure the collectors talk to, on 127.0.0.1: Entra's token endpoint, the query API of Log Analytics, and
 * lists and blobs of a storage account. Over TLS, without which the SDKs send no token.
 */
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import { trustedCertificate } from "./certificate.ts";
import type { Reply } from "./json-api.ts";

export interface AzureAsked {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AzureServer {
  readonly url: string;
  /** Every request so far but those for tokens. */
  readonly asked: readonly AzureAsked[];
  /** How many tokens were given. */
  tokens(): number;
  /** Those that were given are taken no more. */
  revokeTokens(): void;
  close(): Promise<void>;
}

export const TENANT = "00000000-0000-0000-0000-0000000000aa";
export const CLIENT = "00000000-0000-0000-0000-0000000000bb";
export const CLIENT_SECRET = "made-up-client-secret";
/** What a platform that Entra trusts says of a workload. */
export const FEDERATED_TOKEN = "made-up-federated-token";

/** For settings: as whom to ask this server. */
export const identityAt = (url: string) => ({
  authority: url,
  credential: { type: "client-secret", tenantId: TENANT, clientId: CLIENT, clientSecret: CLIENT_SECRET } as const,
});

export async function serveAzure(answer: (asked: AzureAsked) => Reply): Promise<AzureServer> {
  const asked: AzureAsked[] = [];
  let tokens = 0;
  let firstTaken = 1;
  const server = createServer(trustedCertificate(), async (request, response) => {
    const url = new URL(request.url ?? "/", "https://localhost");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one: AzureAsked = {
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    const reply = entra(one, url.pathname) ?? authorized(one);
    const { status = 200, headers = {}, body = "", cutAfter } = reply;
    const bytes =
      body instanceof Uint8Array || typeof body === "string"
        ? Buffer.from(body)
        : Buffer.from(JSON.stringify(body));
    response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
    if (cutAfter === undefined) response.end(bytes);
    else response.write(bytes.subarray(0, cutAfter), () => response.destroy());
  });

  function entra(one: AzureAsked, path: string): Reply | undefined {
    const base = `${address}/${TENANT}`;
    if (path === `/${TENANT}/v2.0/.well-known/openid-configuration`) {
      return {
        body: {
          issuer: `${base}/v2.0`,
          authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
          token_endpoint: `${base}/oauth2/v2.0/token`,
          jwks_uri: `${base}/discovery/v2.0/keys`,
        },
      };
    }
    if (path !== `/${TENANT}/oauth2/v2.0/token`) return undefined;
    const given = new URLSearchParams(one.body);
    if (given.get("client_secret") !== CLIENT_SECRET && given.get("client_assertion") !== FEDERATED_TOKEN) {
      const said = "AADSTS7000215: Invalid client secret provided.";
      return { status: 401, body: { error: "invalid_client", error_description: said } };
    }
    tokens++;
    return { body: { token_type: "Bearer", expires_in: 3_599, access_token: `token-${tokens}` } };
  }

  function authorized(one: AzureAsked): Reply {
    asked.push(one);
    const number = Number(/^Bearer token-(\d+)$/.exec(one.headers.authorization ?? "")?.[1]);
    return number >= firstTaken
      ? answer(one)
      : { status: 401, body: { error: { code: "InvalidTokenError", message: "The token is not valid" } } };
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (typeof bound !== "object" || bound === null) throw new Error("no port");
  const address = `https://localhost:${bound.port}`;
  return {
    url: address,
    asked,
    tokens: () => tokens,
    revokeTokens: () => {
      firstTaken = tokens + 1;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A row of a table, with the time at which it was ingested. */
export interface LogRow {
  readonly table: string;
  /** Epoch milliseconds, as `generated`. */
  readonly ingested: number;
  readonly generated: number;
  readonly columns: Readonly<Record<string, unknown>>;
}

/** Answers the collector's own queries, told apart by their text: a small part of KQL. */
export function logAnalytics(workspace: {
  readonly rows: readonly LogRow[];
  /** Tables that something was ingested into, ever. */
  readonly tables: readonly string[];
  readonly now: number;
  /** Of rows in one answer. */
  readonly limit?: number;
}): (asked: AzureAsked) => Reply {
  return ({ path, body }) => {
    if (!/^\/v1\/workspaces\/[0-9a-f-]{36}\/query$/.test(path)) return pathNotFound;
    const { query, timespan } = JSON.parse(body) as { query: string; timespan: string };
    if (query === "print now()") return found([["print_0", "datetime"]], [[iso(workspace.now)]]);
    const table = /^\w+/.exec(query)?.[0] ?? "";
    if (!workspace.tables.includes(table)) return noSuchTable(table);

    const [begin = "", end = ""] = timespan.split("/");
    const [, from = "", to = ""] =
      /ingestion_time\(\) >= datetime\((\S+)\) and .* < datetime\((\S+)\)/.exec(query) ?? [];
    const [, buckets = "1", bucket = "0"] =
      /hash\(strcat\(CorrelationId, TimeGenerated\), (\d+)\) == (\d+)/.exec(query) ?? [];
    const within = workspace.rows.filter(
      (row) =>
        row.table === table &&
        (from === "" || (row.ingested >= Date.parse(from) && row.ingested < Date.parse(to))) &&
        (end === "" || (row.generated >= Date.parse(begin) && row.generated <= Date.parse(end))) &&
        hash(`${String(row.columns["CorrelationId"])}${row.generated}`) % Number(buckets) === Number(bucket),
    );
    const taken = within.slice(0, Number(/take (\d+)/.exec(query)?.[1]));
    const rows = taken
      .sort((one, other) => one.ingested - other.ingested)
      .map((row) => [iso(row.ingested), JSON.stringify({ TimeGenerated: iso(row.generated), ...row.columns })]);
    const columns = [
      ["ingested", "datetime"],
      ["row", "dynamic"],
    ] as const;
    const { limit = Number.POSITIVE_INFINITY } = workspace;
    return rows.length > limit ? tooMany(columns, rows.slice(0, limit)) : found(columns, rows);
  };
}

const iso = (time: number): string => new Date(time).toISOString().replace("Z", "0000Z");

const hash = (text: string): number =>
  [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);

type Columns = readonly (readonly [name: string, type: string])[];

const tableOf = (columns: Columns, rows: readonly (readonly unknown[])[]) => ({
  tables: [{ name: "PrimaryResult", columns: columns.map(([name, type]) => ({ name, type })), rows }],
});

const found = (columns: Columns, rows: readonly (readonly unknown[])[]): Reply => ({
  body: tableOf(columns, rows),
});

const tooMany = (columns: Columns, rows: readonly (readonly unknown[])[]): Reply => ({
  body: {
    ...tableOf(columns, rows),
    error: {
      code: "PartialError",
      message: "There were some errors when processing your query.",
      details: [
        {
          code: "EngineError",
          message: "Something went wrong processing your query on the server.",
          innererror: { code: "-2133196797", message: "(E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003)", severity: 2 },
        },
      ],
    },
  },
});

const pathNotFound: Reply = {
  status: 404,
  body: { error: { code: "PathNotFoundError", message: "The requested path does not exist" } },
};

const noSuchTable = (table: string): Reply => ({
  status: 400,
  body: {
    error: {
      message: "The request had some invalid properties",
      code: "BadArgumentError",
      innererror: {
        code: "SemanticError",
        message: "A semantic error occurred.",
        innererror: {
          code: "SEM0100",
          message: `'where' operator: Failed to resolve table or column expression named '${table}'`,
        },
      },
    },
  },
});

interface Listing {
  readonly pageSize?: number;
  /** Epoch milliseconds, by `container/name`: to the second. Absent: not told. */
  readonly modified?: ReadonlyMap<string, number>;
}

/** Append blobs by `container/name`, listed `pageSize` at a time. */
export function blobStorage(
  blobs: ReadonlyMap<string, Buffer>,
  listing: Listing = {},
): (asked: AzureAsked) => Reply {
  return ({ path, query, headers }) => {
    if (query.get("comp") === "list") return listed(blobs, path.slice(1), query, listing);
    const bytes = blobs.get(path.slice(1));
    if (!bytes) return storageError(404, "BlobNotFound");
    const etag = `"${bytes.length}"`;
    if (headers["if-match"] !== undefined && headers["if-match"] !== etag)
      return storageError(412, "ConditionNotMet");
    const [, first = "0", last] = /^bytes=(\d+)-(\d*)$/.exec(String(headers["x-ms-range"])) ?? [];
    if (Number(first) >= bytes.length) return storageError(416, "InvalidRange");
    const part = bytes.subarray(Number(first), last ? Number(last) + 1 : bytes.length);
    const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`;
    return {
      status: 206,
      headers: {
        "content-type": "application/octet-stream",
        "content-range": range,
        etag,
        "x-ms-blob-type": "AppendBlob",
      },
      body: part,
    };
  };
}

function listed(
  blobs: ReadonlyMap<string, Buffer>,
  container: string,
  query: URLSearchParams,
  { pageSize = 5_000, modified }: Listing,
): Reply {
  const inside = [...blobs].filter(([name]) => name.startsWith(`${container}/`));
  if (inside.length === 0) return storageError(404, "ContainerNotFound");
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter");
  const entries = new Map<string, string>();
  for (const [name, { length }] of inside) {
    const inner = name.slice(container.length + 1);
    if (!inner.startsWith(prefix)) continue;
    const end = delimiter ? inner.indexOf(delimiter, prefix.length) : -1;
    const folder = inner.slice(0, end + 1);
    if (end >= 0) {
      entries.set(folder, `<BlobPrefix><Name>${folder}</Name></BlobPrefix>`);
      continue;
    }
    const time = modified?.get(name);
    const written = time === undefined ? "" : `<Last-Modified>${new Date(time).toUTCString()}</Last-Modified>`;
    entries.set(
      inner,
      `<Blob><Name>${inner}</Name><Properties>${written}<Content-Length>${length}</Content-Length><BlobType>AppendBlob</BlobType></Properties></Blob>`,
    );
  }
  const start = Number(query.get("marker") ?? "0");
  const page = [...entries.values()].slice(start, start + pageSize).join("");
  const next = start + pageSize < entries.size ? String(start + pageSize) : "";
  return {
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="${container}"><Blobs>${page}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`,
  };
}

export const storageError = (status: number, code: string): Reply => ({
  status,
  headers: { "content-type": "application/xml", "x-ms-error-code": code },
  body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>made up</Message></Error>`,
});
