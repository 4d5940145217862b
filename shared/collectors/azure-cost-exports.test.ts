import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  arrived,
  cursorsOf,
  documentsOf,
  failuresOf,
  fetched,
  pagesOf,
  unreadableOf,
} from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import { type AzureAsked, blobStorage, identityAt, serveAzure, storageError } from "../../test/servers/azure.ts";
import type { Reply } from "../../test/servers/json-api.ts";
import { DAY_MS, EpochMs, HOUR_MS } from "../model/units.ts";
import { trimmed } from "../pipeline/collect.ts";
import { sources } from "../registry.ts";
import { azureCostExports } from "./azure-cost-exports.ts";

const NOW = EpochMs.parse(Date.UTC(2026, 10, 23, 10, 20));
const NOVEMBER = "costs/finops/daily/20261101-20261130";
const OCTOBER = "costs/finops/daily/20261001-20261031";
const RUN = "00000000-0000-4000-8000-00000000000";
const written = {
  account: "https://costs.blob.core.windows.net",
  container: "costs",
  exports: ["finops/daily"],
};

const COLUMNS =
  "SubscriptionId,Date,MeterCategory,MeterSubCategory,MeterName,CostInBillingCurrency,BillingCurrencyCode,Tags";
const csv = (...ids: readonly string[]): Buffer =>
  Buffer.from(
    [
      COLUMNS,
      ...ids.map(
        (id) =>
          `${id},11/03/2026,Foundry Models,Azure OpenAI,gpt 4o 1120 Inp glbl Tokens,1.5,USD,"""team"": ""a,b"""`,
      ),
      "",
    ].join("\r\n"),
  );
const idsIn = (document: unknown): string[] => [(document as { SubscriptionId: string }).SubscriptionId];

/** Files by path, each written so many hours before now. */
function exported(files: Readonly<Record<string, readonly [hours: number, bytes: Buffer]>>) {
  const entries = Object.entries(files);
  return {
    blobs: new Map(entries.map(([path, [, bytes]]) => [path, bytes])),
    modified: new Map(entries.map(([path, [hours]]) => [path, NOW - hours * HOUR_MS])),
  };
}

async function serve(answer: (asked: AzureAsked) => Reply, given: Readonly<Record<string, unknown>> = {}) {
  const server = await serveAzure(answer);
  onTestFinished(server.close);
  const settings = {
    ...azureCostExports.settings.parse({ ...written, account: server.url, ...given }),
    ...identityAt(server.url),
  };
  return { server, settings };
}

async function serveFiles(files: Parameters<typeof exported>[0], given: Readonly<Record<string, unknown>> = {}) {
  const { blobs, modified } = exported(files);
  return { ...(await serve(blobStorage(blobs, { modified }), given)), blobs, modified };
}

const three = exported({
  [`${OCTOBER}/part_0_0001.csv`]: [500, csv("october")],
  [`${NOVEMBER}/part_0_0001.csv`]: [5, csv("one", "two")],
  [`${NOVEMBER}/part_1_0001.csv`]: [5, csv("three")],
});

describeCollector({
  collector: azureCostExports,
  now: NOW,
  ids: ["october", "one", "two", "three"],
  idsIn,
  written,
  secrets: [],
  serve: async (weather) => {
    const well = blobStorage(three.blobs, { pageSize: 2, modified: three.modified });
    const { server, settings } = await serve((asked) => {
      if (weather === "credential ended") return storageError(401, "InvalidAuthenticationInfo");
      if (weather === "away") return storageError(502, "BadGateway");
      if (weather === "repeating" && asked.query.get("comp") === "list")
        return {
          headers: { "content-type": "application/xml" },
          body: "<EnumerationResults><Blobs/><NextMarker>1</NextMarker></EnumerationResults>",
        };
      return well(asked);
    });
    return { settings, close: server.close };
  },
});

describe("azure.cost-exports", () => {
  it("brings rows that the source reads, plain and packed, of both forms", async () => {
    const focus = [
      "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ProviderName,ServiceName,SubAccountId,x_SkuMeterName",
      "2.5,USD,2026-11-03T00:00:00Z,2026-11-04T00:00:00Z,Microsoft,Azure OpenAI,/subscriptions/s,gpt 4o 1120 Inp glbl Tokens",
    ].join("\n");
    const { settings } = await serveFiles(
      {
        [`${NOVEMBER}/part_0_0001.csv.gz`]: [5, gzipSync(csv("one"))],
        "costs/finops/focus/20261101-20261130/part_0_0001.csv": [5, Buffer.from(focus)],
      },
      { exports: ["finops/daily", "finops/focus"] },
    );
    const documents = documentsOf(await pagesOf(azureCostExports, settings, NOW));
    const { records, rejects } = trimmed(documents, "a page", sources, NOW);
    expect(rejects).toEqual([]);
    expect(records.map(({ source }) => source)).toEqual(["azure.cost-export", "focus"]);
    expect(records[0]?.record).toMatchObject({ tags: { team: "a,b" } });
  });

  it("reads of a month the newest run only, wherever runs put it", async () => {
    const { settings } = await serveFiles({
      // A folder for each run.
      [`${NOVEMBER}/${RUN}1/part_0_0001.csv`]: [30, csv("yesterday")],
      [`${NOVEMBER}/${RUN}2/part_0_0001.csv`]: [6, csv("today")],
      [`${NOVEMBER}/${RUN}2/part_1_0001.csv`]: [5, csv("today too")],
      [`${NOVEMBER}/${RUN}2/manifest.json`]: [5, Buffer.from('{"manifestVersion":"2024-04-01"}')],
      // A file for each run.
      [`${OCTOBER}/daily_${RUN}3.csv`]: [700, csv("half of october")],
      [`${OCTOBER}/daily_${RUN}4.csv`]: [500, csv("october")],
    });
    const pages = await pagesOf(azureCostExports, settings, NOW);
    expect(documentsOf(pages).flatMap(idsIn)).toEqual(["october", "today", "today too"]);
    expect(unreadableOf(pages)).toEqual([]);
  });

  it("reads again what was written over, the next run, and the rest of a run, and nothing else", async () => {
    const path = `${NOVEMBER}/part_0_0001.csv`;
    const { settings, blobs, modified } = await serveFiles({ [path]: [30, csv("one")] });
    const first = await pagesOf(azureCostExports, settings, NOW);
    let cursors = cursorsOf(first);
    const next = async () => {
      const pages = await pagesOf(azureCostExports, settings, NOW, cursors);
      cursors = cursorsOf(pages, cursors);
      return documentsOf(pages).flatMap(idsIn);
    };
    expect(await next()).toEqual([]);
    blobs.set(path, csv("one", "restated"));
    modified.set(path, NOW - 5 * HOUR_MS);
    expect(await next()).toEqual(["one", "restated"]);
    blobs.set(`${NOVEMBER}/part_1_0001.csv`, csv("rest"));
    modified.set(`${NOVEMBER}/part_1_0001.csv`, NOW - 4 * HOUR_MS);
    expect(await next()).toEqual(["rest"]);
    blobs.set(`${NOVEMBER}/${RUN}5/part_0_0001.csv`, csv("in a folder now"));
    modified.set(`${NOVEMBER}/${RUN}5/part_0_0001.csv`, NOW - HOUR_MS);
    expect(await next()).toEqual(["in a folder now"]);
    expect(JSON.parse(cursors.get(`${NOVEMBER}/`) ?? ""), "of earlier runs nothing is remembered").toEqual({
      run: `${RUN}5`,
      read: { [`${RUN}5/part_0_0001.csv`]: NOW - HOUR_MS },
    });
    expect(await next()).toEqual([]);
  });

  it("goes on within a large file after any page, and from its beginning where it was written over meanwhile", async () => {
    const ids = Array.from({ length: 30_000 }, (_, at) => `row ${at}`);
    const path = `${NOVEMBER}/part_0_0001.csv`;
    const { settings, modified } = await serveFiles({ [path]: [5, gzipSync(csv(...ids))] });
    const whole = fetched(await pagesOf(azureCostExports, settings, NOW));
    expect(whole.length).toBeGreaterThan(3);
    const [first] = whole;
    const cursors = cursorsOf(first ? [first] : []);
    const rest = documentsOf(await pagesOf(azureCostExports, settings, NOW, cursors));
    expect(rest).toHaveLength(30_000 - (first?.documents.length ?? 0));
    modified.set(path, NOW - HOUR_MS);
    expect(documentsOf(await pagesOf(azureCostExports, settings, NOW, cursors))).toHaveLength(30_000);
  });

  it("rejects Parquet by name, and a file that is cut short with what stands before", async () => {
    const ids = Array.from({ length: 5_000 }, (_, at) => `row ${at}`);
    const packed = gzipSync(csv(...ids));
    const { settings } = await serveFiles({
      [`${OCTOBER}/part_0_0001.snappy.parquet`]: [500, Buffer.from("PAR1 and so on")],
      [`${NOVEMBER}/part_0_0001.csv.gz`]: [5, packed.subarray(0, packed.length / 2)],
    });
    const pages = await pagesOf(azureCostExports, settings, NOW);
    expect(unreadableOf(pages)).toEqual([
      "a Parquet file: export it as CSV or JSON lines",
      "gzip data that ends early",
    ]);
    expect(documentsOf(pages).flatMap(idsIn)).toContain("row 100");
  });

  it("goes back as far as it is told on the first run", async () => {
    const files = {
      [`${OCTOBER}/part_0_0001.csv`]: [24 * 31, csv("october")],
      [`${NOVEMBER}/part_0_0001.csv`]: [5, csv("november")],
    } as const;
    const ids = async (history: string) => {
      const { settings } = await serveFiles(files, { history });
      return documentsOf(await pagesOf(azureCostExports, settings, NOW)).flatMap(idsIn);
    };
    expect(await ids("31d")).toEqual(["october", "november"]);
    expect(await ids("30d")).toEqual(["november"]);
  });

  it("lets one export fail alone, resumes a body that breaks off, and asks for a new token once", async () => {
    const { blobs, modified } = exported({ [`${NOVEMBER}/part_0_0001.csv`]: [5, csv("one", "two")] });
    const well = blobStorage(blobs, { modified });
    let downloads = 0;
    const { server, settings } = await serve(
      (asked) => {
        if (asked.query.get("prefix") === "finops/other/") return storageError(403, "AuthorizationFailure");
        const reply = well(asked);
        if (asked.query.get("comp") === "list") return reply;
        downloads++;
        if (downloads === 1) server.revokeTokens();
        return downloads === 1 ? { ...reply, cutAfter: 30 } : reply;
      },
      { exports: ["finops/other", "finops/daily"] },
    );
    const pages = await pagesOf(azureCostExports, settings, NOW);
    expect(failuresOf(pages)).toEqual([
      ["costs/finops/other", "upstream-refused", expect.stringMatching(/Storage Blob Data Reader/)],
    ]);
    expect(documentsOf(arrived(pages)).flatMap(idsIn)).toEqual(["one", "two"]);
    expect([downloads, server.tokens()]).toEqual([2, 2]);
  });

  it("tells doctor of an export that is not there", async () => {
    const { settings } = await serveFiles(
      { [`${NOVEMBER}/part_0_0001.csv`]: [5, csv("one")] },
      { exports: ["finops/daily", "finops/weekly"] },
    );
    expect(await azureCostExports.check({ settings, now: NOW, signal: new AbortController().signal })).toEqual([
      { what: "Microsoft.Storage/…/containers/blobs/read in costs/finops/daily", ok: true },
      {
        what: "Microsoft.Storage/…/containers/blobs/read in costs/finops/weekly",
        ok: false,
        advice: expect.stringMatching(/costs\/finops\/weekly is empty: are directory and name/),
      },
    ]);
  });

  it("takes nothing for a cursor that is none", async () => {
    const { settings } = await serveFiles({ [`${NOVEMBER}/part_0_0001.csv`]: [5, csv("one")] });
    const cursors = new Map([[`${NOVEMBER}/`, "no cursor"]]);
    expect(documentsOf(await pagesOf(azureCostExports, settings, NOW, cursors))).toHaveLength(1);
    expect(azureCostExports.settings.safeParse({ ...written, exports: ["/finops/"] }).success).toBe(false);
    expect(azureCostExports.settings.parse(written)).toMatchObject({ history: 90 * DAY_MS });
  });
});
