import { describe, expect, it, onTestFinished } from "vitest";
import { cursorsOf, failuresOf, fetched, pagesOf, published } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import {
  callPayload,
  cloudLogging,
  type GoogleServer,
  type ListAsked,
  type ListReply,
  message,
  type StoredEntry,
  serveGoogle,
  struct,
} from "../../test/servers/google.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import type { Page } from "./collector.ts";
import { gcpLogging } from "./gcp-logging.ts";

const PROJECT = "projects/example-project";
const NOW = Date.parse("2026-08-01T12:00:00Z") as EpochMs;

async function serve(answer: (asked: ListAsked) => ListReply): Promise<GoogleServer> {
  const server = await serveGoogle(answer);
  onTestFinished(server.close);
  return server;
}

/** Received so many milliseconds before now. */
const entry = (insertId: string, ago: number, more: Partial<StoredEntry> = {}): StoredEntry => ({
  resource: PROJECT,
  log: "data_access",
  insertId,
  happened: NOW - ago - MINUTE_MS,
  received: NOW - ago,
  payload: callPayload("gemini-2.5-flash"),
  ...more,
});

const settingsFor = (server: GoogleServer, more: Record<string, unknown> = {}) => ({
  ...gcpLogging.settings.parse({ resources: [PROJECT], requestsPerMinute: "60000", ...more }),
  ...server.settings,
});

const pull = (
  settings: ReturnType<typeof settingsFor>,
  cursors: ReadonlyMap<string, string> = new Map(),
  now = NOW,
) => pagesOf(gcpLogging, settings, now, cursors);

const idOf = (document: unknown): string[] => [(document as { insertId: string }).insertId];
const idsOf = (pages: readonly Page[]): string[] =>
  fetched(pages).flatMap(({ documents }) => documents.flatMap(idOf));

const spread = Array.from({ length: 14 }, (_, at) => entry(`entry-${at}`, (at + 1) * 90 * MINUTE_MS));

describeCollector({
  collector: gcpLogging,
  now: NOW,
  ids: spread.map(({ insertId }) => insertId),
  idsIn: idOf,
  written: { resources: [PROJECT] },
  secrets: [],
  serve: async (weather) => {
    const well = cloudLogging(spread, { pageSize: 2 });
    const server = await serveGoogle((asked) => {
      if (weather === "credential ended") return { code: 16 };
      if (weather === "away") return { code: 14, retryDelayMs: 0 };
      if (weather === "repeating") return { entries: spread.slice(0, 2), nextPageToken: "again" };
      return well(asked);
    });
    return { settings: settingsFor(server), close: server.close };
  },
});

describe("gcp.logging", () => {
  it("gives entries as exports have them, so that the source reads them", async () => {
    const server = await serve(cloudLogging([entry("entry-1", HOUR_MS)], { pageSize: 10 }));
    const [page] = fetched(await pull(settingsFor(server)));
    expect(page?.documents).toEqual([
      {
        logName: "projects/example-project/logs/cloudaudit.googleapis.com%2Fdata_access",
        insertId: "entry-1",
        severity: "DEFAULT",
        timestamp: "2026-08-01T10:59:00.000468025Z",
        receiveTimestamp: "2026-08-01T11:00:00.000000000Z",
        resource: { type: "audited_resource", labels: { project_id: "example-project" } },
        protoPayload: {
          "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
          serviceName: "aiplatform.googleapis.com",
          methodName: "google.cloud.aiplatform.v1.PredictionService.GenerateContent",
          resourceName: "projects/example-project/locations/us-central1/publishers/google/models/gemini-2.5-flash",
          authenticationInfo: { principalEmail: "ana@example.com", principalSubject: "user:ana@example.com" },
          requestMetadata: { callerIp: "203.0.113.7", callerSuppliedUserAgent: "example-client/1.0" },
          request: {
            "@type": "type.googleapis.com/google.cloud.aiplatform.v1.GenerateContentRequest",
            endpoint: "gemini-2.5-flash",
          },
        },
      },
    ]);

    const { records, rejects } = await published(gcpLogging, settingsFor(server), NOW);
    expect(rejects).toEqual([]);
    expect(records.map(({ source }) => source)).toEqual(["gcp.audit"]);
  });

  it("unpacks who was given which role, and what was asked for, whatever its shape", async () => {
    const given = message({ 1: 1, 2: "roles/aiplatform.user", 3: "user:ana@example.com" });
    const exempted = message({ 1: 2, 2: "aiplatform.googleapis.com", 3: "user:bo@example.com", 4: "DATA_READ" });
    const auditData = message({ 2: message({ 1: [given], 2: [exempted] }) });
    const delegation = message({ 3: "user:ana@example.com", 1: message({ 1: "ana@example.com" }) });
    const payload = message({
      2: message({ 1: 7, 2: "Permission denied on what somebody asked for" }),
      3: message({ 5: "//iam.googleapis.com/keys/1", 6: [delegation] }),
      7: "cloudresourcemanager.googleapis.com",
      8: "SetIamPolicy",
      15: message({ 1: "type.googleapis.com/google.iam.v1.logging.AuditData", 2: auditData }),
      16: struct({ text: "", number: 1.5, flag: false, nothing: null, list: ["a", { b: [] }], empty: {} }),
      17: struct({ name: "policy" }),
    });
    const other = message({
      7: "a",
      8: "b",
      15: message({ 1: "type.googleapis.com/example.Unknown", 2: payload }),
    });
    const rows = [
      entry("1", 2 * HOUR_MS, { log: "activity", payload }),
      entry("2", HOUR_MS, { log: "activity", payload: other }),
    ];
    const server = await serve(cloudLogging(rows, { pageSize: 10 }));
    const [page] = fetched(await pull(settingsFor(server)));
    expect(page?.documents.map((document) => (document as { protoPayload: unknown }).protoPayload)).toEqual([
      {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        status: { code: 7 },
        authenticationInfo: {
          serviceAccountKeyName: "//iam.googleapis.com/keys/1",
          serviceAccountDelegationInfo: [
            {
              principalSubject: "user:ana@example.com",
              firstPartyPrincipal: { principalEmail: "ana@example.com" },
            },
          ],
        },
        serviceName: "cloudresourcemanager.googleapis.com",
        methodName: "SetIamPolicy",
        serviceData: {
          policyDelta: {
            bindingDeltas: [{ action: "ADD", role: "roles/aiplatform.user", member: "user:ana@example.com" }],
            auditConfigDeltas: [
              {
                action: "REMOVE",
                service: "aiplatform.googleapis.com",
                exemptedMember: "user:bo@example.com",
                logType: "DATA_READ",
              },
            ],
          },
        },
        request: { text: "", number: 1.5, flag: false, nothing: null, list: ["a", { b: [] }], empty: {} },
        response: { name: "policy" },
      },
      { "@type": "type.googleapis.com/google.cloud.audit.AuditLog", serviceName: "a", methodName: "b" },
    ]);
  });

  it("counts a payload that is no audit log, and reads the others", async () => {
    const rows = [
      entry("broken", 2 * HOUR_MS, { payload: Buffer.from([0x1a, 0xff, 0x01]) }),
      entry("sound", HOUR_MS),
    ];
    const [page] = fetched(await pull(settingsFor(await serve(cloudLogging(rows, { pageSize: 10 })))));
    expect(page?.documents.flatMap(idOf)).toEqual(["sound"]);
    expect(page?.unreadable).toEqual([{ reason: "a payload that is no audit log", place: page?.place }]);
  });

  it("asks by the time of receipt, an hour back behind the run before, so that late entries arrive", async () => {
    const rows = [entry("before", 3 * HOUR_MS)];
    const server = await serve(cloudLogging(rows, { pageSize: 10 }));
    const cursors = cursorsOf(await pull(settingsFor(server)));
    expect(cursors.get(PROJECT)).toBe("2026-08-01T11:00:00.000Z");
    rows.push(entry("late", 30 * MINUTE_MS, { happened: NOW - 20 * HOUR_MS }));
    expect(idsOf(await pull(settingsFor(server), cursors, (NOW + 5 * MINUTE_MS) as EpochMs))).toEqual(["late"]);
    expect(server.asked.at(-1)?.filter).toContain(
      'receiveTimestamp>="2026-08-01T11:00:00.000Z" AND receiveTimestamp<"2026-08-01T12:05:00.000Z" AND timestamp>="2026-07-31T11:00:00.000Z"',
    );
    expect(server.asked.at(-1)).toMatchObject({
      orderBy: "timestamp asc",
      pageSize: 1_000,
      resourceNames: [PROJECT],
    });
  });

  it("passes nothing over where its clock was half an hour fast, and recovers where it was days fast", async () => {
    const rows = [entry("meanwhile", -10 * MINUTE_MS)];
    const server = await serve(cloudLogging(rows, { pageSize: 10 }));
    const fast = (NOW + 30 * MINUTE_MS) as EpochMs;
    const cursors = cursorsOf(
      await pull(settingsFor(await serve(cloudLogging([], { pageSize: 1 }))), new Map(), fast),
    );
    expect(idsOf(await pull(settingsFor(server), cursors, (NOW + 20 * MINUTE_MS) as EpochMs))).toEqual([
      "meanwhile",
    ]);

    const future = new Map([[PROJECT, new Date(NOW + 3 * DAY_MS).toISOString()]]);
    expect(cursorsOf(await pull(settingsFor(server), future)).get(PROJECT)).toBe(new Date(NOW).toISOString());
  });

  it("goes on within a backlog by the time of the events, and then catches up", async () => {
    const server = await serve(cloudLogging(spread, { pageSize: 4 }));
    const settings = settingsFor(server);
    const [first] = fetched(await pull(settings));
    const cursors = new Map([[PROJECT, first?.cursor ?? ""]]);
    const later = (NOW + 2 * HOUR_MS) as EpochMs;
    const rest = await pull(settings, cursors, later);
    expect([...new Set([...idsOf(first ? [first] : []), ...idsOf(rest)])]).toHaveLength(spread.length);
    expect(fetched(rest).at(-1)?.cursor).toBe(new Date(NOW + HOUR_MS).toISOString());
  });

  it("waits as long as Google says when the quota is used up", async () => {
    const well = cloudLogging(spread, { pageSize: 100 });
    const server = await serve((asked) =>
      server.asked.length === 1 ? { code: 8, retryDelayMs: 600 } : well(asked),
    );
    const before = performance.now();
    expect(idsOf(await pull(settingsFor(server)))).toHaveLength(spread.length);
    expect(performance.now() - before).toBeGreaterThan(580);
  });

  it("leaves it to the next run where Google wants more than a minute, and goes on with the other resources", async () => {
    const well = cloudLogging(spread, { pageSize: 100 });
    const server = await serve((asked) =>
      asked.resourceNames[0] === PROJECT ? well(asked) : { code: 8, retryDelayMs: 3_600_000 },
    );
    const pages = await pull(settingsFor(server, { resources: ["organizations/1", PROJECT] }));
    expect(failuresOf(pages)).toMatchObject([["organizations/1", "upstream-unavailable", /RESOURCE_EXHAUSTED/]]);
    expect(idsOf(pages.filter((page) => !("failed" in page)))).toHaveLength(spread.length);
  });

  it("asks no more often than it is allowed to", async () => {
    const server = await serve(cloudLogging(spread, { pageSize: 5 }));
    const before = performance.now();
    await pull(settingsFor(server, { requestsPerMinute: "300" }));
    expect(server.asked).toHaveLength(3);
    expect(performance.now() - before).toBeGreaterThan(2 * 200 - 20);
  });

  it("signs its requests, and connects anew once where they are not taken", async () => {
    const well = cloudLogging(spread, { pageSize: 100 });
    const server = await serve((asked) => (server.asked.length === 1 ? { code: 16 } : well(asked)));
    expect(idsOf(await pull(settingsFor(server)))).toHaveLength(spread.length);
    const [, token = ""] = server.asked[0]?.authorization.split(" ") ?? [];
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({
      iss: "gnomon@example-project.iam.gserviceaccount.com",
      scope: "https://www.googleapis.com/auth/logging.read",
    });
  });

  it("lets one resource fail alone", async () => {
    const well = cloudLogging(spread, { pageSize: 100 });
    const server = await serve((asked) => (asked.resourceNames[0] === PROJECT ? well(asked) : { code: 7 }));
    const pages = await pull(settingsFor(server, { resources: ["organizations/1", PROJECT] }));
    expect(failuresOf(pages)).toMatchObject([["organizations/1", "upstream-refused", /PERMISSION_DENIED/]]);
    expect(idsOf(pages.filter((page) => !("failed" in page)))).toHaveLength(spread.length);
  });

  it("tries again what passes by itself", async () => {
    const well = cloudLogging(spread, { pageSize: 100 });
    for (const code of [4, 13, 14]) {
      const server = await serve((asked) => (server.asked.length === 1 ? { code, retryDelayMs: 0 } : well(asked)));
      expect(idsOf(await pull(settingsFor(server)))).toHaveLength(spread.length);
    }
  });

  it("ends with the run while it waits, which is no failure", async () => {
    const over = new AbortController();
    const server = await serve(() => {
      setTimeout(() => over.abort(), 100);
      return { code: 8, retryDelayMs: 60_000 };
    });
    const settings = settingsFor(server);
    const ending = { settings, cursors: new Map(), now: NOW, signal: over.signal };
    for await (const page of gcpLogging.pull(ending)) expect.fail(`${page.part} after the end`);
    // Half of what it was told to wait.
  }, 30_000);

  it("names the role that is missing, and says where calls to models are nowhere to be seen", async () => {
    const check = async (answer: (asked: ListAsked) => ListReply, credential?: object) => {
      const settings = {
        ...settingsFor(await serve(answer)),
        ...(credential ? { credential } : {}),
      } as ReturnType<typeof settingsFor>;
      return gcpLogging.check({ settings, now: NOW, signal: new AbortController().signal });
    };
    expect(await check(cloudLogging([entry("call", DAY_MS)], { pageSize: 10 }))).toEqual([
      { what: `logging.logEntries.list on ${PROJECT}`, ok: true },
      { what: `logging.privateLogEntries.list on ${PROJECT}`, ok: true },
    ]);
    const [, unseen] = await check(cloudLogging([entry("call", 8 * DAY_MS)], { pageSize: 10 }));
    expect(unseen).toMatchObject({
      ok: false,
      advice: expect.stringMatching(/DATA_READ.*roles\/logging\.privateLogViewer/),
    });
    const [denied, ...others] = await check(() => ({ code: 7 }));
    expect(others).toEqual([]);
    expect(denied?.advice).toMatch(
      /roles\/logging\.viewer and roles\/logging\.privateLogViewer.*logging\.logEntries\.list/,
    );
    const [missing] = await check(() => ({ code: 5 }));
    expect(missing?.advice).toMatch(/no such project/);
    const [lost] = await check(() => ({ code: 5 }), { type: "file", path: "/nowhere/key.json" });
    expect(lost?.advice).toMatch(/no token: give the process credentials/);
    const [half] = await check(() => ({ code: 5 }), { type: "json", json: "{" });
    expect(half?.advice).toMatch(/credential\.json: no JSON/);
  });

  it("takes names of resources and views, and no others", () => {
    const resources = ["organizations/123", "projects/p/locations/global/buckets/_Default/views/_AllLogs"];
    expect(gcpLogging.settings.parse({ resources })).toMatchObject({
      resources,
      lookBack: HOUR_MS,
      requestsPerMinute: 60,
      endpoint: "https://logging.googleapis.com",
    });
    expect(gcpLogging.settings.safeParse({ resources: ["my-project"] }).success).toBe(false);
    expect(gcpLogging.settings.safeParse({ resources, credential: { type: "json", json: "{}" } }).success).toBe(
      false,
    );
  });
});
