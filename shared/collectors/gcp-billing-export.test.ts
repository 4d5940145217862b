import { describe, expect, it, onTestFinished } from "vitest";
import { cursorsOf, documentsOf, failuresOf, fetched, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { type Asked, bigQueryError, billingTable, serveBigQuery } from "../../test/servers/bigquery.ts";
import { type AskedFor, inWeather, type Reply } from "../../test/servers/json-api.ts";
import { DAY_MS, EpochMs, HOUR_MS } from "../model/units.ts";
import { trimmed } from "../pipeline/collect.ts";
import { sources } from "../registry.ts";
import { gcpBillingExport } from "./gcp-billing-export.ts";

const NOW = EpochMs.parse(Date.UTC(2026, 10, 23, 10, 20));
const TABLE = "example-project.billing.gcp_billing_export_v1_01B1C4_000000_0000AA";
const written = { table: TABLE };

/** A row that was added so many hours before now, as TO_JSON_STRING writes it. */
const row = (id: string, hours: number) => {
  const exported = NOW - hours * HOUR_MS;
  const used = exported - (exported % HOUR_MS) - 5 * HOUR_MS;
  return {
    billing_account_id: "01B1C4-000000-0000AA",
    service: { id: "C7E2-9256-1C43", description: "Vertex AI" },
    sku: { id, description: "Generate content input token count gemini 2.5 flash short input text" },
    usage_start_time: new Date(used).toISOString(),
    usage_end_time: new Date(used + HOUR_MS).toISOString(),
    export_time: new Date(exported).toISOString(),
    project: { id: "birch-prod", name: "birch prod" },
    labels: [{ key: "team", value: "search" }],
    location: { location: "us-central1", country: "US", region: "us-central1", zone: null },
    invoice: { month: "202611" },
    cost_type: "regular",
    cost: 1.25,
    currency: "USD",
    currency_conversion_rate: 1,
    credits: [{ amount: -0.25 }],
    usage: { amount: 4_115_226, unit: "count" },
    adjustment_info: { id: null },
  };
};
const rows = [1_000, 400, 300, 200, 100, 30, 3].map((hours, at) => row(`sku ${at}`, hours));
const idsIn = (document: unknown): string[] => [(document as ReturnType<typeof row>).sku.id];

async function serve(answer: (asked: AskedFor) => Reply, given: Readonly<Record<string, unknown>> = {}) {
  const server = await serveBigQuery(answer);
  onTestFinished(server.close);
  const settings = {
    ...gcpBillingExport.settings.parse({ ...written, ...given, endpoint: server.url }),
    credential: server.credential,
  };
  const queries = () =>
    server.asked.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body) as Asked);
  return { server, settings, queries };
}

const nothing: Asked = {
  query: "",
  labels: {},
  maximumBytesBilled: "",
  maxResults: 0,
  requestId: "",
  queryParameters: [],
};

describeCollector({
  collector: gcpBillingExport,
  now: NOW,
  serve: async (weather) => {
    const { server, settings } = await serve(
      inWeather(weather, billingTable(rows, { pageSize: 2, repeating: weather === "repeating" })),
    );
    return { settings, close: server.close };
  },
  ids: rows.flatMap(idsIn),
  idsIn,
  written,
  secrets: [],
});

describe("gcp.billing-export", () => {
  it("asks for rows about models by when they were added, with its columns, partitions and limit", async () => {
    const { settings, queries } = await serve(billingTable(rows, { pageSize: 10 }));
    await pagesOf(gcpBillingExport, settings, NOW);
    const [{ query, maximumBytesBilled, queryParameters, labels } = nothing] = queries();
    expect(query).toContain(`FROM \`${TABLE}\`\nWHERE export_time >= @from AND _PARTITIONTIME >= @partition`);
    expect(query).not.toMatch(/\*|resource/);
    expect(maximumBytesBilled).toBe("10000000000");
    expect(labels).toEqual({ application: "gnomon" });
    expect(
      queryParameters.map(({ name, parameterType, parameterValue }) => [
        name,
        parameterType.type,
        parameterValue.value,
      ]),
    ).toEqual([
      ["from", "TIMESTAMP", new Date(NOW - 90 * DAY_MS).toISOString()],
      ["words", "STRING", expect.stringMatching(/^\(\?i\)vertex ai\|.*gemini/)],
      ["partition", "TIMESTAMP", "2026-08-24T00:00:00.000Z"],
    ]);
  });

  it("reads the resource where the table has it, and a view without partitions", async () => {
    const table = "other-project.billing.gcp_billing_export_resource_v1_01B1C4";
    const { server, settings, queries } = await serve(billingTable(rows, { pageSize: 10 }), {
      table,
      project: "paying-project",
      partitioned: "false",
      maximumGigabytes: "0.5",
    });
    await pagesOf(gcpBillingExport, settings, NOW);
    const [{ query, maximumBytesBilled } = nothing] = queries();
    expect(query).toMatch(/STRUCT\(resource\.name, resource\.global_name\) AS resource/);
    expect(query).not.toContain("_PARTITIONTIME");
    expect(maximumBytesBilled).toBe("500000000");
    expect(server.asked[0]?.path).toBe("/bigquery/v2/projects/paying-project/queries");
  });

  it("brings rows that the source reads", async () => {
    const { settings } = await serve(billingTable(rows, { pageSize: 3 }));
    const { records, rejects } = trimmed(
      documentsOf(await pagesOf(gcpBillingExport, settings, NOW)),
      "a page",
      sources,
      NOW,
    );
    expect(rejects).toEqual([]);
    expect(records.map(({ source }) => source)).toEqual(Array(7).fill("gcp.billing-export"));
  });

  it("asks again after six hours and not sooner, from two days before", async () => {
    const { server, settings, queries } = await serve(billingTable(rows, { pageSize: 3 }));
    const cursors = cursorsOf(await pagesOf(gcpBillingExport, settings, NOW));
    const later = (milliseconds: number) =>
      pagesOf(gcpBillingExport, settings, EpochMs.parse(NOW + milliseconds), cursors);
    const asked = server.asked.length;
    expect(await later(6 * HOUR_MS - 1)).toEqual([]);
    expect(server.asked).toHaveLength(asked);
    expect(documentsOf(await later(6 * HOUR_MS)).flatMap(idsIn)).toEqual(["sku 5", "sku 6"]);
    expect(queries().at(-1)?.queryParameters[0]?.parameterValue.value).toBe(
      new Date(NOW - 2 * DAY_MS).toISOString(),
    );
  });

  it("goes on from the last page on the bus, where rows were added at one time as well", async () => {
    const same = [500, 400, 400, 400, 300].map((hours, at) => row(`sku ${at}`, hours));
    const { settings } = await serve(billingTable(same, { pageSize: 2 }));
    const [first] = fetched(await pagesOf(gcpBillingExport, settings, NOW));
    const cursors = cursorsOf(first ? [first] : []);
    const rest = documentsOf(await pagesOf(gcpBillingExport, settings, NOW, cursors)).flatMap(idsIn);
    expect(rest).toEqual(["sku 1", "sku 2", "sku 3", "sku 4"]);
  });

  it("asks for a new token once where the one it has is taken no more", async () => {
    const well = billingTable(rows, { pageSize: 3 });
    const { server, settings } = await serve((asked) => {
      if (server.asked.length === 2) {
        server.revokeTokens();
        return bigQueryError(401, "authError");
      }
      return well(asked);
    });
    expect(documentsOf(await pagesOf(gcpBillingExport, settings, NOW))).toHaveLength(7);
    expect(server.tokens()).toBe(2);
  });

  it("waits as long as it is told to where it asked too often", async () => {
    const well = billingTable(rows, { pageSize: 3 });
    const { server, settings } = await serve((asked) =>
      server.asked.length === 1
        ? { ...bigQueryError(403, "rateLimitExceeded"), headers: { "retry-after": "0" } }
        : well(asked),
    );
    expect(documentsOf(await pagesOf(gcpBillingExport, settings, NOW))).toHaveLength(7);
  });

  it("waits for a query that takes its time", async () => {
    const { server, settings, queries } = await serve(billingTable(rows, { pageSize: 7, running: 2 }));
    expect(documentsOf(await pagesOf(gcpBillingExport, settings, NOW))).toHaveLength(7);
    expect([queries().length, server.asked.length]).toEqual([1, 3]);
  });

  it.each([
    ["is cut short", (reply: Reply): Reply => ({ ...reply, cutAfter: 200 })],
    ["is a page of a proxy", (): Reply => ({ body: "<html>", headers: { "content-type": "text/html" } })],
  ])("asks once more for the same query where its answer %s", async (_what, spoilt) => {
    const well = billingTable(rows, { pageSize: 7 });
    const { server, settings, queries } = await serve((asked) =>
      server.asked.length === 1 ? spoilt(well(asked)) : well(asked),
    );
    expect(documentsOf(await pagesOf(gcpBillingExport, settings, NOW))).toHaveLength(7);
    expect(queries()).toHaveLength(2);
    expect(new Set(queries().map(({ requestId }) => requestId)).size).toBe(1);
  });

  it("refuses an answer that is not as documented", async () => {
    const { settings } = await serve(() => ({ body: { rows: 1 } }));
    expect(failuresOf(await pagesOf(gcpBillingExport, settings, NOW))).toEqual([
      ["", "upstream-refused", expect.stringMatching(/not as documented/)],
    ]);
  });

  it.each([
    [bigQueryError(400, "bytesBilledLimitExceeded"), /more than maximumGigabytes/],
    [bigQueryError(400, "invalidQuery"), /400 \(invalidQuery\): is it a table of the billing export/],
    [
      bigQueryError(403, "accessDenied"),
      /roles\/bigquery\.jobUser on example-project and roles\/bigquery\.dataViewer/,
    ],
    [bigQueryError(404, "notFound"), /no such project, dataset or table/],
  ])("says what to do about a refusal: %#", async (refusal, advice) => {
    const { settings } = await serve(() => refusal);
    expect(failuresOf(await pagesOf(gcpBillingExport, settings, NOW))).toEqual([
      ["", "upstream-refused", expect.stringMatching(advice)],
    ]);
    const checks = await gcpBillingExport.check({ settings, now: NOW, signal: new AbortController().signal });
    expect(checks).toEqual([expect.objectContaining({ ok: false, advice: expect.stringMatching(advice) })]);
  });

  it("says that it has no token where nothing gives one", async () => {
    const { settings } = await serve(billingTable(rows, { pageSize: 3 }));
    const credential = { type: "file", path: "/nowhere/google.json" } as const;
    expect(failuresOf(await pagesOf(gcpBillingExport, { ...settings, credential }, NOW))).toEqual([
      ["", "upstream-refused", expect.stringMatching(/no token: give the process credentials of Google Cloud/)],
    ]);
  });

  it("tries a query for doctor that reads nothing and costs nothing", async () => {
    const { server, settings, queries } = await serve(billingTable(rows, { pageSize: 3 }));
    const checks = await gcpBillingExport.check({ settings, now: NOW, signal: new AbortController().signal });
    expect(checks).toEqual([
      { what: `bigquery.jobs.create in example-project, bigquery.tables.getData on ${TABLE}`, ok: true },
    ]);
    expect(server.asked).toHaveLength(1);
    expect(queries()[0]?.dryRun).toBe(true);
  });

  it("takes no table's name that could say more than a name", () => {
    const parse = (table: string) => gcpBillingExport.settings.safeParse({ table }).success;
    expect(parse(TABLE)).toBe(true);
    expect(parse("example.com:project.billing.gcp_billing_export_v1_01B1C4")).toBe(true);
    for (const table of ["gcp_billing_export_v1", "a.b.c` WHERE true --", "a.b.c;d", ""])
      expect(parse(table)).toBe(false);
  });
});
