import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { arrived, failuresOf, fetched, pagesOf, published } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import {
  type AzureAsked,
  type AzureServer,
  CLIENT,
  FEDERATED_TOKEN,
  identityAt,
  type LogRow,
  logAnalytics,
  serveAzure,
  TENANT,
} from "../../test/servers/azure.ts";
import type { Reply } from "../../test/servers/json-api.ts";
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from "../model/units.ts";
import { azureMonitorQuery } from "./azure-monitor-query.ts";
import type { Page } from "./collector.ts";

const WORKSPACE = "00000000-0000-0000-0000-000000000001";
const NOW = Date.parse("2026-08-01T12:00:00Z") as EpochMs;
const TABLES = ["AzureDiagnostics", "AzureActivity"];
const RESOURCE =
  "/subscriptions/00000000-0000-0000-0000-00000000a001/resourcegroups/rg/providers/microsoft.cognitiveservices/accounts/aoai";

async function serve(answer: (asked: AzureAsked) => Reply): Promise<AzureServer> {
  const server = await serveAzure(answer);
  onTestFinished(server.close);
  return server;
}

/** A call that was ingested so many milliseconds before now. */
const call = (id: string, ago: number, late = 2 * MINUTE_MS): LogRow => ({
  table: "AzureDiagnostics",
  ingested: NOW - ago,
  generated: NOW - ago - late,
  columns: {
    CorrelationId: id,
    Category: "RequestResponse",
    OperationName: "ChatCompletions_Create",
    ResourceProvider: "MICROSOFT.COGNITIVESERVICES",
    ResourceId: RESOURCE.toUpperCase(),
    ResultSignature: "200",
    properties_s: JSON.stringify({ objectId: "", modelName: "gpt-4o", promptTokens: 14, completionTokens: 8 }),
  },
});

const act = (id: string, ago: number): LogRow => ({
  table: "AzureActivity",
  ingested: NOW - ago,
  generated: NOW - ago - 5 * MINUTE_MS,
  columns: {
    CorrelationId: id,
    CategoryValue: "Administrative",
    OperationNameValue: "MICROSOFT.COGNITIVESERVICES/ACCOUNTS/LISTKEYS/ACTION",
    ActivityStatusValue: "Success",
    _ResourceId: RESOURCE,
    Caller: "ana@example.com",
  },
});

const settled = (url: string, more: Record<string, unknown> = {}) => ({
  ...azureMonitorQuery.settings.parse({ workspaces: [WORKSPACE], endpoint: url, ...more }),
  ...identityAt(url),
});

const pull = (
  settings: Parameters<typeof azureMonitorQuery.pull>[0]["settings"],
  cursors: ReadonlyMap<string, string> = new Map(),
) => pagesOf(azureMonitorQuery, settings, NOW, cursors);

const idOf = (document: unknown): string[] => {
  const { CorrelationId } = document as { CorrelationId?: string };
  return CorrelationId === undefined ? [] : [CorrelationId];
};
const idsOf = (pages: readonly Page[]): string[] =>
  fetched(pages)
    .flatMap(({ documents }) => documents.flatMap(idOf))
    .sort();

const spread = Array.from({ length: 12 }, (_, at) => call(`call-${at}`, (at + 1) * 3 * HOUR_MS));

describeCollector({
  collector: azureMonitorQuery,
  now: NOW,
  ids: spread.map((row) => String(row.columns["CorrelationId"])),
  idsIn: idOf,
  written: { workspaces: [WORKSPACE] },
  secrets: [],
  serve: async (weather) => {
    const well = logAnalytics({ rows: spread, tables: ["AzureDiagnostics"], now: NOW, limit: 3 });
    const server = await serveAzure((asked) => {
      if (weather === "credential ended") return { status: 401, body: { error: { code: "InvalidTokenError" } } };
      if (weather === "away")
        return { status: 503, headers: { "retry-after": "0" }, body: { error: { code: "ServiceUnavailable" } } };
      if (weather === "repeating" && !asked.body.includes("print now()"))
        return { body: { tables: [], error: { code: "PartialError", message: "" } } };
      return well(asked);
    });
    return { settings: settled(server.url, { tables: ["AzureDiagnostics"] }), close: server.close };
  },
});

describe("azure.monitor-query", () => {
  it("reads rows as both sources do", async () => {
    const rows = [call("call-1", HOUR_MS), act("act-1", HOUR_MS)];
    const server = await serve(logAnalytics({ rows, tables: TABLES, now: NOW }));
    const { total, records, rejects } = await published(azureMonitorQuery, settled(server.url), NOW);
    expect(rejects).toEqual([]);
    expect(total.failures).toEqual([]);
    expect(records.map(({ source }) => source).sort()).toEqual(["azure.activity", "azure.openai"]);
  });

  it("asks by the time of ingestion, for what may have happened six hours before", async () => {
    const server = await serve(
      logAnalytics({ rows: [call("late", MINUTE_MS, 5 * HOUR_MS)], tables: TABLES, now: NOW }),
    );
    const cursors = new Map([[`${WORKSPACE}/AzureDiagnostics`, new Date(NOW - 5 * MINUTE_MS).toISOString()]]);
    expect(idsOf(await pull(settled(server.url, { tables: ["AzureDiagnostics"] }), cursors))).toEqual(["late"]);
    const { query, timespan } = JSON.parse(server.asked.at(-1)?.body ?? "");
    expect(query).toContain("ingestion_time() >= datetime(2026-08-01T11:40:00.000Z)");
    expect(query).toContain("ingestion_time() < datetime(2026-08-01T12:00:00.000Z)");
    expect(timespan).toBe("2026-08-01T05:40:00.000Z/2026-08-02T12:00:00.000Z");
  });

  it("goes by the vendor's clock, so that one that is an hour fast passes nothing over", async () => {
    const vendorNow = NOW - HOUR_MS;
    const server = await serve(logAnalytics({ rows: [], tables: TABLES, now: vendorNow }));
    const pages = fetched(await pull(settled(server.url)));
    expect(pages.map(({ cursor }) => cursor)).toEqual([
      new Date(vendorNow).toISOString(),
      new Date(vendorNow).toISOString(),
    ]);
    expect(
      await pull(settled(server.url), new Map([[`${WORKSPACE}/AzureActivity`, new Date(NOW).toISOString()]])),
    ).toHaveLength(2);
  });

  it("splits what one answer does not hold, down to rows ingested in one second", async () => {
    const atOnce = Array.from({ length: 40 }, (_, at) => call(`call-${at}`, HOUR_MS));
    const server = await serve(
      logAnalytics({ rows: [...atOnce, act("act", HOUR_MS)], tables: TABLES, now: NOW, limit: 7 }),
    );
    const pages = await pull(settled(server.url));
    expect(idsOf(pages)).toEqual(["act", ...atOnce.map((row) => String(row.columns["CorrelationId"]))].sort());
    // Wherever a run ends, nothing that was ingested before the cursor is missing.
    const arrived = new Set<string>();
    for (const { part, documents, cursor } of fetched(pages)) {
      for (const id of documents.flatMap(idOf)) arrived.add(id);
      const passed =
        part.endsWith("AzureDiagnostics") && cursor !== undefined && Date.parse(cursor) > NOW - HOUR_MS;
      if (passed) expect(arrived.size).toBeGreaterThanOrEqual(atOnce.length);
    }
  });

  it("says where rows cannot be told apart, and goes on", async () => {
    const same = Array.from({ length: 5_001 }, () => call("same", 40 * SECOND_MS));
    const server = await serve(
      logAnalytics({ rows: [...same, call("after", SECOND_MS)], tables: TABLES, now: NOW }),
    );
    const pages = fetched(await pull(settled(server.url, { tables: ["AzureDiagnostics"], history: "1m" })));
    const cut = pages.filter(({ unreadable }) => (unreadable?.length ?? 0) > 0);
    expect(cut.map(({ documents }) => documents.length)).toEqual([5_000]);
    expect(cut[0]?.unreadable).toEqual([
      { reason: "more than 5000 rows that cannot be told apart", place: cut[0]?.place },
    ]);
    expect(idsOf(pages)).toContain("after");
    expect(pages.at(-1)?.cursor).toBe(new Date(NOW).toISOString());
  });

  it("counts a row that Kusto could not pack", async () => {
    const server = await serve((asked) =>
      asked.body.includes("print now()")
        ? logAnalytics({ rows: [], tables: TABLES, now: NOW })(asked)
        : {
            body: {
              tables: [
                {
                  name: "PrimaryResult",
                  columns: [
                    { name: "ingested", type: "datetime" },
                    { name: "row", type: "dynamic" },
                  ],
                  rows: [["2026-08-01T11:00:00Z", null]],
                },
              ],
            },
          },
    );
    const [page] = fetched(await pull(settled(server.url, { tables: ["AzureActivity"] })));
    expect(page?.unreadable).toEqual([{ reason: "a row of more than 1 MB", place: page?.place }]);
    expect(page?.documents).toEqual([]);
  });

  it("waits as long as the vendor says when it is too much", async () => {
    let throttled = 0;
    const well = logAnalytics({ rows: spread, tables: TABLES, now: NOW });
    const server = await serve((asked) => {
      if (throttled++ > 0) return well(asked);
      return {
        status: 429,
        headers: { "retry-after": "1" },
        body: { error: { code: "TooManyRequests", message: "" } },
      };
    });
    const before = performance.now();
    expect(idsOf(await pull(settled(server.url)))).toHaveLength(spread.length);
    expect(performance.now() - before).toBeGreaterThan(950);
  });

  it("leaves it to the next run where the vendor wants more than a minute, and goes on with the other tables", async () => {
    const well = logAnalytics({ rows: spread, tables: TABLES, now: NOW });
    const server = await serve((asked) =>
      asked.body.includes("AzureActivity") ? { status: 429, headers: { "retry-after": "3600" } } : well(asked),
    );
    const pages = await pull(settled(server.url));
    expect(failuresOf(pages)).toMatchObject([[`${WORKSPACE}/AzureActivity`, "upstream-unavailable", /429/]]);
    expect(arrived(pages).flatMap(({ documents }) => documents)).not.toEqual([]);
  });

  it("asks for a new token once where the one at hand is refused", async () => {
    const well = logAnalytics({ rows: spread, tables: TABLES, now: NOW });
    let answered = 0;
    const server = await serve((asked) => {
      if (++answered === 1) server.revokeTokens();
      return well(asked);
    });
    expect(idsOf(await pull(settled(server.url, { tables: ["AzureDiagnostics"] })))).toHaveLength(spread.length);
    expect(server.tokens()).toBe(2);
  });

  it("takes the word of a platform that Entra trusts, instead of a secret", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gnomon-azure-"));
    try {
      const tokenFile = join(folder, "token");
      await writeFile(tokenFile, FEDERATED_TOKEN);
      const server = await serve(logAnalytics({ rows: spread, tables: TABLES, now: NOW }));
      const credential = { type: "workload-identity", tenantId: TENANT, clientId: CLIENT, tokenFile } as const;
      expect(idsOf(await pull({ ...settled(server.url), credential }))).toHaveLength(spread.length);

      const missing = { ...credential, tokenFile: join(folder, "elsewhere") };
      const [failed] = await pull({ ...settled(server.url, { tables: ["AzureActivity"] }), credential: missing });
      expect(failed).toMatchObject({ failed: { code: "upstream-refused" } });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("takes a truncated answer and an answer of a proxy for no answer", async () => {
    const well = logAnalytics({ rows: spread, tables: TABLES, now: NOW });
    for (const bad of [
      { body: { tables: [] }, cutAfter: 5 },
      { body: '{"tables":[' },
      { status: 503, headers: { "retry-after": "0" }, body: "<html>Service Unavailable</html>" },
    ] satisfies Reply[]) {
      const server = await serve((asked) => (asked.body.includes("AzureActivity") ? bad : well(asked)));
      const pages = await pull(settled(server.url));
      const failures = pages.flatMap((page) => ("failed" in page ? [page] : []));
      expect(failures.map(({ part, failed }) => [part, failed.code])).toEqual([
        [`${WORKSPACE}/AzureActivity`, "upstream-unavailable"],
      ]);
      expect(idsOf(pages.filter((page) => !("failed" in page)))).toHaveLength(spread.length);
    }
  });

  it("splits a query that takes too long", async () => {
    const well = logAnalytics({ rows: spread, tables: TABLES, now: NOW });
    const server = await serve((asked) => {
      const [, from = "", to = ""] = /datetime\((\S+)\) and .* datetime\((\S+)\)/.exec(asked.body) ?? [];
      const tooLong = Date.parse(to) - Date.parse(from) > 4 * 24 * HOUR_MS;
      return tooLong
        ? {
            status: 504,
            body: { error: { code: "GatewayTimeout", message: "" } },
          }
        : well(asked);
    });
    expect(idsOf(await pull(settled(server.url, { tables: ["AzureDiagnostics"] })))).toHaveLength(spread.length);
  });

  it("names the role, the setting or the diagnostic setting that is missing", async () => {
    const check = async (answer: (asked: AzureAsked) => Reply, secret?: string) => {
      const server = await serve(answer);
      const settings = settled(server.url);
      const credential =
        secret === undefined ? settings.credential : { ...settings.credential, clientSecret: secret };
      const checks = await azureMonitorQuery.check({
        settings: { ...settings, credential },
        now: NOW,
        signal: new AbortController().signal,
      });
      return checks.map(({ ok, advice }) => (ok ? "ok" : advice));
    };
    const well = logAnalytics({ rows: [], tables: ["AzureDiagnostics"], now: NOW });
    const [present, missing] = await check(well);
    expect(present).toBe("ok");
    expect(missing).toMatch(/has no AzureActivity: .*diagnostic setting of the subscription/);

    const [forbidden] = await check(() => ({
      status: 403,
      body: { error: { code: "InsufficientAccessError", message: "" } },
    }));
    expect(forbidden).toMatch(
      /403 \(InsufficientAccessError\): .*Log Analytics Reader .*workspaces\/query\/\*\/read/,
    );

    const [unknown] = await check(() => ({
      status: 404,
      body: { error: { code: "PathNotFoundError", message: "" } },
    }));
    expect(unknown).toMatch(/its id is wanted/);

    const [wrong] = await check(well, "wrong-secret");
    expect(wrong).toMatch(/Entra gives no token \(invalid_client\)/);
    expect(wrong).not.toContain("wrong-secret");
  });

  it("takes durations and ids as they are written", () => {
    expect(azureMonitorQuery.settings.parse({ workspaces: [WORKSPACE] })).toMatchObject({
      tables: TABLES,
      history: 7 * 24 * HOUR_MS,
      lookBack: 6 * HOUR_MS,
      overlap: 900 * SECOND_MS,
      endpoint: "https://api.loganalytics.io",
      credential: { type: "default" },
    });
    expect(azureMonitorQuery.settings.safeParse({ workspaces: ["my-workspace"] }).success).toBe(false);
    const credential = {
      type: "client-secret",
      tenantId: WORKSPACE,
      clientId: WORKSPACE,
      clientSecret: "in clear",
    };
    expect(azureMonitorQuery.settings.safeParse({ workspaces: [WORKSPACE], credential }).success).toBe(false);
  });
});
