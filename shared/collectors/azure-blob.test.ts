import { describe, expect, it, onTestFinished } from "vitest";
import { cursorsOf, failuresOf, fetched, pagesOf } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import {
  type AzureAsked,
  type AzureServer,
  blobStorage,
  identityAt,
  serveAzure,
  storageError,
} from "../../test/servers/azure.ts";
import type { Reply } from "../../test/servers/json-api.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import { azureBlob } from "./azure-blob.ts";
import type { Page } from "./collector.ts";

const NOW = Date.parse("2026-08-01T12:20:00Z") as EpochMs;
const SUBSCRIPTION = "resourceId=/SUBSCRIPTIONS/00000000-0000-0000-0000-00000000A001";
const ACCOUNT = `${SUBSCRIPTION}/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI`;
const OTHER = `${SUBSCRIPTION}/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KEYS`;
const REQUESTS = "insights-logs-requestresponse";

const hourBlob = (resource: string, time: number, container = REQUESTS): string => {
  const [, year, month, day, hour] = /^(\d+)-(\d+)-(\d+)T(\d+)/.exec(new Date(time).toISOString()) ?? [];
  return `${container}/${resource}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00/PT1H.json`;
};

const record = (id: string): string =>
  JSON.stringify({
    time: "2026-08-01T10:00:00.0000000Z",
    resourceId: `/${ACCOUNT.slice("resourceId=/".length)}`,
    category: "RequestResponse",
    operationName: "ChatCompletions_Create",
    correlationId: id,
  });
const lines = (...ids: readonly string[]): Buffer => Buffer.from(ids.map((id) => `${record(id)}\n`).join(""));

async function serve(answer: (asked: AzureAsked) => Reply): Promise<AzureServer> {
  const server = await serveAzure(answer);
  onTestFinished(server.close);
  return server;
}

const settingsFor = (url: string, more: Record<string, unknown> = {}) => ({
  ...azureBlob.settings.parse({ account: url, containers: [REQUESTS], ...more }),
  ...identityAt(url),
});

const pull = (
  settings: ReturnType<typeof settingsFor>,
  cursors: ReadonlyMap<string, string> = new Map(),
  now = NOW,
) => pagesOf(azureBlob, settings, now, cursors);

const idOf = (document: unknown): string[] => [(document as { correlationId: string }).correlationId];
const idsOf = (pages: readonly Page[]): string[] =>
  fetched(pages).flatMap(({ documents }) => documents.flatMap(idOf));

/** Four hours of two resources, a record an hour each. */
const spread = new Map(
  Array.from({ length: 4 }, (_, ago) => [
    [hourBlob(ACCOUNT, NOW - ago * HOUR_MS), lines(`aoai-${ago}`)] as const,
    [hourBlob(`${ACCOUNT}-2`, NOW - ago * HOUR_MS), lines(`aoai-2-${ago}`)] as const,
  ]).flat(),
);

describeCollector({
  collector: azureBlob,
  now: NOW,
  ids: [...spread.values()].map((bytes) => JSON.parse(bytes.toString()).correlationId as string),
  idsIn: idOf,
  written: { account: "https://logs.blob.core.windows.net" },
  secrets: [],
  serve: async (weather) => {
    const well = blobStorage(spread, { pageSize: 3 });
    const server = await serveAzure((asked) => {
      if (weather === "credential ended") return storageError(401, "InvalidAuthenticationInfo");
      if (weather === "away") return storageError(502, "BadGateway");
      const flat = asked.query.get("comp") === "list" && !asked.query.has("delimiter");
      if (weather === "repeating" && flat)
        return {
          headers: { "content-type": "application/xml" },
          body: "<EnumerationResults><Blobs/><NextMarker>1</NextMarker></EnumerationResults>",
        };
      return well(asked);
    });
    return { settings: settingsFor(server.url), close: server.close };
  },
});

describe("azure.blob", () => {
  it("reads only what was appended, of hours that are past, too", async () => {
    const current = hourBlob(ACCOUNT, NOW);
    const past = hourBlob(ACCOUNT, NOW - 5 * HOUR_MS);
    const blobs = new Map([
      [current, lines("one")],
      [past, lines("two")],
    ]);
    const server = await serve(blobStorage(blobs));
    const settings = settingsFor(server.url);
    const first = await pull(settings);
    expect(idsOf(first)).toEqual(["two", "one"]);

    blobs.set(current, lines("one", "three"));
    blobs.set(past, lines("two", "late"));
    const asked = server.asked.length;
    const second = await pull(settings, cursorsOf(first));
    expect(idsOf(second)).toEqual(["late", "three"]);
    const ranges = server.asked.slice(asked).flatMap(({ headers }) => headers["x-ms-range"] ?? []);
    const start = lines("two").length;
    expect(ranges).toContain(`bytes=${start}-${start + lines("late").length - 1}`);
    expect(idsOf(await pull(settings, cursorsOf(second, cursorsOf(first))))).toEqual([]);
  });

  it("reads an hour until six hours after its end, and then forgets it", async () => {
    const part = `${REQUESTS}/${ACCOUNT}/`;
    const closing = hourBlob(ACCOUNT, NOW - 7 * HOUR_MS);
    const blobs = new Map([[closing, lines("one")]]);
    const server = await serve(blobStorage(blobs));
    const settings = settingsFor(server.url);
    const hourEnd = NOW - (NOW % HOUR_MS) - 6 * HOUR_MS;

    const open = cursorsOf(await pull(settings, new Map(), (hourEnd + 6 * HOUR_MS - 1) as EpochMs));
    expect(JSON.parse(open.get(part) ?? "").read).toEqual({
      "y=2026/m=08/d=01/h=05/m=00/PT1H.json": lines("one").length,
    });

    blobs.set(closing, lines("one", "last"));
    const last = await pull(settings, open, (hourEnd + 6 * HOUR_MS) as EpochMs);
    expect(idsOf(last)).toEqual(["last"]);
    const closed = cursorsOf(last, open);
    expect(JSON.parse(closed.get(part) ?? "")).toEqual({ from: hourEnd, read: {} });

    blobs.set(closing, lines("one", "last", "too late"));
    expect(idsOf(await pull(settings, closed, (hourEnd + 7 * HOUR_MS) as EpochMs))).toEqual([]);
  });

  it("leaves a half written line for the next run, and takes one that only lacks its end", async () => {
    const current = hourBlob(ACCOUNT, NOW);
    const half = Buffer.concat([lines("one"), lines("two").subarray(0, 40)]);
    const blobs = new Map([[current, half]]);
    const settings = settingsFor((await serve(blobStorage(blobs))).url);
    const first = await pull(settings);
    expect(idsOf(first)).toEqual(["one"]);
    blobs.set(current, Buffer.from(`${lines("one")}${record("two")}`));
    const second = await pull(settings, cursorsOf(first));
    expect(idsOf(second)).toEqual(["two"]);
    blobs.set(current, Buffer.from(`${lines("one")}${record("two")}\n${record("three")}\n`));
    expect(idsOf(await pull(settings, cursorsOf(second)))).toEqual(["three"]);
  });

  it("counts what is no JSON, and half a line of an hour that is over", async () => {
    const blobs = new Map([
      [hourBlob(ACCOUNT, NOW - HOUR_MS), Buffer.concat([lines("one"), Buffer.from("garbage\n"), lines("two")])],
      [hourBlob(ACCOUNT, NOW - 8 * HOUR_MS), Buffer.from('{"time":"2026-')],
    ]);
    const pages = fetched(await pull(settingsFor((await serve(blobStorage(blobs))).url)));
    expect(idsOf(pages)).toEqual(["one", "two"]);
    expect(pages.flatMap(({ unreadable }) => unreadable?.map(({ reason }) => reason) ?? [])).toEqual([
      "ends in the middle of a record",
      "not JSON",
    ]);
  });

  it("gives a large hour in pages, each with the offset behind it, and passes over a line without end", async () => {
    const name = hourBlob(ACCOUNT, NOW);
    const padding = " ".repeat(100_000);
    const many = Array.from({ length: 40 }, (_, at) => `${record(`call-${at}`)}${padding}\n`);
    const endless = `${"x".repeat(18 * 1024 * 1024)}\n`;
    const blobs = new Map([[name, Buffer.from(`${many.join("")}${endless}${lines("after")}`)]]);
    const settings = settingsFor((await serve(blobStorage(blobs))).url);
    const pages = fetched(await pull(settings));
    expect(idsOf(pages)).toEqual([...many.map((_, at) => `call-${at}`), "after"]);
    expect(pages.length).toBeGreaterThan(4);
    expect(pages.flatMap(({ unreadable }) => unreadable?.map(({ reason }) => reason) ?? [])).toEqual([
      "a line that is too long",
      "not JSON",
    ]);
    const third = cursorsOf(pages.slice(0, 3));
    expect(idsOf(await pull(settings, third))).toEqual(idsOf(pages.slice(3)));
  });

  it("looks only where there may be something about AI", async () => {
    const blobs = new Map([
      [hourBlob(ACCOUNT, NOW), lines("account")],
      [hourBlob(OTHER, NOW), lines("vault")],
      [hourBlob(SUBSCRIPTION, NOW, "insights-logs-administrative"), lines("activity log")],
    ]);
    const server = await serve(blobStorage(blobs));
    const settings = settingsFor(server.url, {
      containers: [REQUESTS, "insights-logs-administrative", "insights-logs-audit"],
    });
    expect(idsOf(await pull(settings))).toEqual(["account", "activity log"]);
    expect(server.asked.some(({ query }) => query.get("prefix")?.includes("KEYVAULT/VAULTS"))).toBe(false);
  });

  it("begins again where a blob has been replaced by a shorter one", async () => {
    const current = hourBlob(ACCOUNT, NOW);
    const blobs = new Map([[current, lines("one", "two", "three")]]);
    const settings = settingsFor((await serve(blobStorage(blobs))).url);
    const first = await pull(settings);
    blobs.set(current, lines("four"));
    expect(idsOf(await pull(settings, cursorsOf(first)))).toEqual(["four"]);
  });

  it("goes back a day on the first run, and over days after an outage", async () => {
    const blobs = new Map(
      [1, 20, 30, 60].map((hours) => [hourBlob(ACCOUNT, NOW - hours * HOUR_MS), lines(`ago-${hours}`)]),
    );
    const settings = settingsFor((await serve(blobStorage(blobs))).url);
    expect(idsOf(await pull(settings))).toEqual(["ago-20", "ago-1"]);
    const cursors = cursorsOf(await pull(settings, new Map(), (NOW - 3 * DAY_MS) as EpochMs));
    expect(idsOf(await pull(settings, cursors))).toEqual(["ago-60", "ago-30", "ago-20", "ago-1"]);
    expect(idsOf(await pull(settings, new Map([[`${REQUESTS}/${ACCOUNT}/`, "no cursor"]])))).toEqual([
      "ago-20",
      "ago-1",
    ]);
  });

  it("resumes a body that breaks off, tries again when the service is busy, and asks for a new token once", async () => {
    const well = blobStorage(new Map([[hourBlob(ACCOUNT, NOW), lines("one", "two")]]));
    let downloads = 0;
    let answers = 0;
    const server = await serve((asked) => {
      answers++;
      if (answers === 1) return storageError(503, "ServerBusy");
      if (answers === 3) server.revokeTokens();
      const reply = well(asked);
      const breaks = asked.query.get("comp") !== "list" && ++downloads === 1;
      return breaks ? { ...reply, cutAfter: 30 } : reply;
    });
    expect(idsOf(await pull(settingsFor(server.url)))).toEqual(["one", "two"]);
    expect(downloads).toBe(2);
    expect(server.tokens()).toBe(2);
  });

  it("goes on where a blob grows while its broken body is resumed", async () => {
    const growing = hourBlob(ACCOUNT, NOW);
    const blobs = new Map([[growing, lines("one", "two")]]);
    const well = blobStorage(blobs);
    const server = await serve((asked) => {
      const reply = well(asked);
      if (asked.path !== `/${growing}` || blobs.get(growing)?.length !== lines("one", "two").length) return reply;
      blobs.set(growing, lines("one", "two", "three"));
      return { ...reply, cutAfter: 30 };
    });
    const first = await pull(settingsFor(server.url));
    expect(idsOf(first)).toEqual(["one", "two"]);
    expect(idsOf(await pull(settingsFor(server.url), cursorsOf(first)))).toEqual(["three"]);
  });

  it("lets one resource fail alone, with what came before the break kept", async () => {
    const broken = hourBlob(ACCOUNT, NOW);
    const padding = " ".repeat(600_000);
    const large = Buffer.from([..."abcd"].map((id) => `${record(id)}${padding}\n`).join(""));
    const well = blobStorage(
      new Map([
        [broken, large],
        [hourBlob(`${ACCOUNT}-2`, NOW), lines("other")],
      ]),
    );
    const breaking = await serve((asked) => {
      const reply = well(asked);
      return asked.path === `/${broken}`
        ? { ...reply, cutAfter: asked.headers["x-ms-range"] === `bytes=0-${large.length - 1}` ? 1_500_000 : 0 }
        : reply;
    });
    const pages = await pull(settingsFor(breaking.url));
    expect(failuresOf(pages)).toMatchObject([
      [`${REQUESTS}/${ACCOUNT}/`, "upstream-unavailable", /no whole answer/],
    ]);
    const rest = pages.filter((page) => !("failed" in page));
    expect(idsOf(rest).sort()).toEqual(["a", "other"]);
    const mended = await serve(well);
    expect(idsOf(await pull(settingsFor(mended.url), cursorsOf(rest)))).toEqual(["b", "c", "d"]);
  });

  it("closes hours by Azure's clock where its own is fast, and opens what it closed too early", async () => {
    const hour = hourBlob(ACCOUNT, NOW);
    const blobs = new Map([[hour, lines("early")]]);
    const well = blobStorage(blobs);
    let theirs = NOW as number;
    const server = await serve((asked) => {
      const reply = well(asked);
      return { ...reply, headers: { ...reply.headers, date: new Date(theirs).toUTCString() } };
    });
    const settings = settingsFor(server.url);
    const fast = (NOW + 9 * HOUR_MS) as EpochMs;
    const first = await pull(settings, new Map(), fast);
    expect(idsOf(first)).toEqual(["early"]);
    blobs.set(hour, lines("early", "later"));
    theirs += 10 * MINUTE_MS;
    expect(idsOf(await pull(settings, cursorsOf(first), fast))).toEqual(["later"]);

    const closedByAFastClock = JSON.stringify({ from: NOW - (NOW % HOUR_MS) + 3 * HOUR_MS, read: {} });
    const cursors = new Map([[`${REQUESTS}/${ACCOUNT}/`, closedByAFastClock]]);
    expect(idsOf(await pull(settings, cursors, NOW))).toEqual(["early", "later"]);
  });

  it("does not ask for ever for bytes that are listed and never come", async () => {
    const well = blobStorage(new Map([[hourBlob(ACCOUNT, NOW), lines("one")]]));
    let downloads = 0;
    const server = await serve((asked) => {
      const reply = well(asked);
      if (asked.query.get("comp") === "list") return reply;
      return ++downloads <= 20 ? { ...reply, body: "" } : reply;
    });
    expect(failuresOf(await pull(settingsFor(server.url)))).toMatchObject([
      [`${REQUESTS}/${ACCOUNT}/`, "upstream-unavailable", /no whole answer/],
    ]);
    expect(downloads).toBe(4);
  });

  it("names the role or the diagnostic setting that is missing", async () => {
    const check = async (answer: (asked: AzureAsked) => Reply) => {
      const settings = settingsFor((await serve(answer)).url);
      const [first] = await azureBlob.check({ settings, now: NOW, signal: new AbortController().signal });
      return first;
    };
    expect(await check(blobStorage(spread))).toEqual({
      what: `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read in ${REQUESTS}`,
      ok: true,
    });
    expect((await check(blobStorage(new Map())))?.advice).toMatch(/404 .*diagnostic setting/);
    expect((await check(() => storageError(403, "AuthorizationPermissionMismatch")))?.advice).toMatch(
      /403 .*AuthorizationPermissionMismatch.*Storage Blob Data Reader/,
    );
  });

  it("takes lateness as it is written", () => {
    const settings = azureBlob.settings.parse({
      account: "https://logs.blob.core.usgovcloudapi.net",
      lookBack: "90m",
    });
    expect(settings).toMatchObject({ lookBack: 90 * MINUTE_MS, history: DAY_MS });
    expect(azureBlob.settings.safeParse({ account: "logs" }).success).toBe(false);
    expect(
      azureBlob.settings.safeParse({ account: "https://a.example", containers: ["No Container"] }).success,
    ).toBe(false);
  });
});
