import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { cursorsOf, failuresOf, fetched, pagesOf, published } from "../../test/collected.ts";
import { describeCollector } from "../../test/contract/collector.contract.ts";
import type { Reply } from "../../test/servers/json-api.ts";
import {
  audit,
  type EventsAsked,
  FINGERPRINT,
  type OracleServer,
  PRIVATE_KEY,
  refusal,
  type StoredEvent,
  serveOracle,
  TENANCY,
  USER,
} from "../../test/servers/oracle.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../model/units.ts";
import type { Page } from "./collector.ts";
import { ociAudit } from "./oci-audit.ts";

const REGION = "us-chicago-1";
const COMPARTMENT = "ocid1.compartment.oc1..aaaaaaaaexample";
/** Not a full minute, so that it has to be made one. */
const NOW = Date.parse("2026-08-01T12:00:30.250Z") as EpochMs;

// The SDK writes each failure to the console, whatever it is told.
beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "info").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function serve(answer: (asked: EventsAsked) => Reply): Promise<OracleServer> {
  const server = await serveOracle(answer);
  onTestFinished(server.close);
  return server;
}

/** Processed so many milliseconds before now. */
const event = (eventId: string, ago: number, compartment = COMPARTMENT): StoredEvent => ({
  compartment,
  processed: NOW - ago,
  event: {
    eventType: "com.oraclecloud.generativeaiinference.Chat",
    cloudEventsVersion: "0.1",
    eventTypeVersion: "2.0",
    source: "GenerativeAiInference",
    eventId,
    eventTime: new Date(NOW - ago - 10 * MINUTE_MS).toISOString(),
    contentType: "application/json",
    data: {
      eventName: "Chat",
      compartmentId: compartment,
      identity: { principalId: USER, principalName: "ana@example.com", tenantId: TENANCY, authType: "natv" },
      request: { path: "/20231130/actions/chat", action: "POST", headers: {} },
      response: { status: "200" },
    },
  },
});

const credential = {
  type: "api-key",
  tenancy: TENANCY,
  user: USER,
  fingerprint: FINGERPRINT,
  privateKey: PRIVATE_KEY,
};

const settingsFor = (url: string, more: Record<string, unknown> = {}) =>
  ({
    ...ociAudit.settings.parse({
      regions: [REGION],
      compartments: [COMPARTMENT],
      requestsPerSecond: "1000000",
      endpoints: { [REGION]: url, "eu-frankfurt-1": url },
    }),
    credential,
    ...more,
  }) as ReturnType<typeof ociAudit.settings.parse>;

const pull = (
  settings: ReturnType<typeof settingsFor>,
  cursors: ReadonlyMap<string, string> = new Map(),
  now = NOW,
) => pagesOf(ociAudit, settings, now, cursors);

const idOf = (document: unknown): string[] => [(document as { eventId: string }).eventId];
/** Each once: neighbouring stretches of time have a minute in common. */
const idsOf = (pages: readonly Page[]): string[] => [
  ...new Set(fetched(pages).flatMap(({ documents }) => documents.flatMap(idOf))),
];

const spread = Array.from({ length: 6 }, (_, at) => event(`event-${at}`, (at + 1) * 2 * HOUR_MS));

describeCollector({
  collector: ociAudit,
  now: NOW,
  ids: spread.map((one) => idOf(one.event)[0] ?? ""),
  idsIn: idOf,
  written: { regions: [REGION], compartments: [COMPARTMENT] },
  secrets: [],
  serve: async (weather) => {
    const well = audit(spread, { pageSize: 2 });
    const server = await serveOracle((asked) => {
      if (weather === "credential ended") return refusal(401, "NotAuthenticated");
      if (weather === "away") return { ...refusal(503, "ServiceUnavailable"), headers: { "retry-after": "0" } };
      if (weather === "repeating") return { headers: { "opc-next-page": "again" }, body: [spread[0]?.event] };
      return well(asked);
    });
    return { settings: settingsFor(server.url, { history: 13 * HOUR_MS }), close: server.close };
  },
});

describe("oci.audit", () => {
  it("gives events as the source reads them", async () => {
    const server = await serve(audit([event("event-1", HOUR_MS)], { pageSize: 10 }));
    const { total, records, rejects } = await published(ociAudit, settingsFor(server.url), NOW);
    expect(rejects).toEqual([]);
    expect(total.failures).toEqual([]);
    expect(records.map(({ source }) => source)).toEqual(["oci.audit"]);
  });

  it("asks by the minute, an hour back behind the run before, for what is processed late", async () => {
    const stored = [event("before", 3 * HOUR_MS)];
    const server = await serve(audit(stored, { pageSize: 10 }));
    const cursors = cursorsOf(await pull(settingsFor(server.url)));
    expect(cursors.get(`${REGION}/${COMPARTMENT}`)).toBe("2026-08-01T11:00:30.250Z");
    stored.push(event("late", 30 * MINUTE_MS));
    const asked = server.asked.length;
    expect(idsOf(await pull(settingsFor(server.url), cursors, (NOW + 5 * MINUTE_MS) as EpochMs))).toEqual([
      "late",
    ]);
    expect(server.asked.at(asked)).toMatchObject({ startTime: expect.stringMatching(/^2026-08-01T11:00:00/) });
    expect(server.asked.at(-1)).toMatchObject({ endTime: expect.stringMatching(/^2026-08-01T12:06:00/) });
  });

  it("asks in UTC, wherever it runs", async () => {
    vi.stubEnv("TZ", "Asia/Kolkata");
    const server = await serve(audit([event("one", 6 * HOUR_MS)], { pageSize: 10 }));
    const settings = settingsFor(server.url, { history: 7 * HOUR_MS });
    expect(idsOf(await pull(settings))).toEqual(["one"]);
    expect(server.asked[0]).toMatchObject({ startTime: "2026-08-01T05:00:00Z", endTime: "2026-08-01T06:01:00Z" });
  });

  it("goes by Oracle's clock where its own is fast", async () => {
    const server = await serve(() => ({
      headers: { date: new Date(Date.now() - 4 * HOUR_MS).toUTCString() },
      body: [],
    }));
    const cursor = cursorsOf(await pull(settingsFor(server.url))).get(`${REGION}/${COMPARTMENT}`) ?? "";
    expect(NOW - Date.parse(cursor)).toBeGreaterThan(4.9 * HOUR_MS);
  });

  it("asks for each compartment in each region, and lets one fail alone", async () => {
    const other = "ocid1.compartment.oc1..bbbbbbbbexample";
    const well = audit([event("one", HOUR_MS), event("two", HOUR_MS, other)], { pageSize: 10 });
    const server = await serve((asked) =>
      asked.compartment === other ? refusal(404, "NotAuthorizedOrNotFound") : well(asked),
    );
    const pages = await pull(
      settingsFor(server.url, { regions: [REGION, "eu-frankfurt-1"], compartments: [other, COMPARTMENT] }),
    );
    expect(
      failuresOf(pages)
        .map(([part, code]) => [part, code])
        .sort(),
    ).toEqual([
      [`eu-frankfurt-1/${other}`, "upstream-refused"],
      [`${REGION}/${other}`, "upstream-refused"],
    ]);
    const fine = fetched(pages.filter((page) => !("failed" in page)));
    const parts = fine.flatMap(({ part, documents }) => (documents.length > 0 ? [part] : []));
    expect(new Set(parts)).toEqual(new Set([`${REGION}/${COMPARTMENT}`, `eu-frankfurt-1/${COMPARTMENT}`]));
  });

  it("waits as long as Oracle says, and resumes where an answer is cut off", async () => {
    const well = audit(spread, { pageSize: 100 });
    const server = await serve((asked) => {
      if (server.asked.length === 1)
        return { ...refusal(429, "TooManyRequests"), headers: { "retry-after": "1" } };
      return server.asked.length === 2 ? { body: [spread[0]?.event], cutAfter: 40 } : well(asked);
    });
    const before = performance.now();
    expect(idsOf(await pull(settingsFor(server.url)))).toHaveLength(spread.length);
    expect(performance.now() - before).toBeGreaterThan(1_480);
    expect(server.asked[2]?.date, "signed anew each time").not.toBe(server.asked[0]?.date);
  });

  it("takes half an answer that claims to be whole for no answer, and another form for a refusal", async () => {
    for (const [body, code] of [
      ['[{"eventId":"1', "upstream-unavailable"],
      [{ items: [] }, "upstream-refused"],
    ] as const) {
      const server = await serve(() => ({ body }));
      expect(failuresOf(await pull(settingsFor(server.url)))).toMatchObject([
        [`${REGION}/${COMPARTMENT}`, code, /./],
      ]);
    }
  });

  it("asks no more often than it is allowed to", async () => {
    const server = await serve(audit(spread, { pageSize: 100 }));
    const before = performance.now();
    await pull(settingsFor(server.url, { requestsPerSecond: 10, history: HOUR_MS * 3 }));
    expect(performance.now() - before).toBeGreaterThan((server.asked.length - 1) * 100 - 20);
    expect(server.asked.length).toBeGreaterThan(2);
  });

  it("signs anew once where a token is not taken any more", async () => {
    const well = audit(spread, { pageSize: 100 });
    const server = await serve((asked) =>
      server.asked.length === 1 ? refusal(401, "NotAuthenticated") : well(asked),
    );
    expect(idsOf(await pull(settingsFor(server.url)))).toHaveLength(spread.length);
  });

  it("names the policy that is missing, or what is wrong with the key", async () => {
    const check = async (answer: (asked: EventsAsked) => Reply, more: Record<string, unknown> = {}) => {
      const settings = settingsFor((await serve(answer)).url, more);
      const [first] = await ociAudit.check({ settings, now: NOW, signal: new AbortController().signal });
      return first;
    };
    const well = audit([], { pageSize: 10 });
    expect(await check(well)).toEqual({ what: `read audit-events in ${REGION}/${COMPARTMENT}`, ok: true });
    expect((await check(() => refusal(404, "NotAuthorizedOrNotFound")))?.advice).toContain(
      `Allow group <name> to read audit-events in compartment id ${COMPARTMENT}`,
    );
    expect(
      (await check(() => refusal(404, "NotAuthorizedOrNotFound"), { compartments: [TENANCY] }))?.advice,
    ).toContain("Allow group <name> to read audit-events in tenancy");
    const unknown = await check(well, {
      credential: { ...credential, fingerprint: FINGERPRINT.replace("00", "01") },
    });
    expect(unknown?.advice).toMatch(/401 \(NotAuthenticated\): the key is not taken/);
    const unusable = await check(well, { credential: { ...credential, privateKey: "no key" } });
    expect(unusable?.advice).toMatch(/no usable credentials/);
  });

  it("reads the profile of a configuration file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gnomon-oci-"));
    try {
      const [file, key] = [join(folder, "config"), join(folder, "key.pem")];
      await writeFile(key, PRIVATE_KEY);
      const profile = [
        "[GNOMON]",
        `tenancy=${TENANCY}`,
        `user=${USER}`,
        `fingerprint=${FINGERPRINT}`,
        `key_file=${key}`,
        "region=us-ashburn-1",
      ];
      await writeFile(file, `${profile.join("\n")}\n`);
      const server = await serve(audit([event("one", HOUR_MS)], { pageSize: 10 }));
      const named = { credential: { type: "config-file", file, profile: "GNOMON" } };
      expect(idsOf(await pull(settingsFor(server.url, named)))).toEqual(["one"]);
      const missing = { credential: { type: "config-file", file, profile: "OTHER" } };
      expect(failuresOf(await pull(settingsFor(server.url, missing)))).toMatchObject([
        [`${REGION}/${COMPARTMENT}`, "upstream-refused", /no usable credentials/],
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("takes regions, compartments and durations as they are written", () => {
    const written = { regions: [REGION], compartments: [TENANCY, COMPARTMENT], requestsPerSecond: "0.5" };
    expect(ociAudit.settings.parse(written)).toMatchObject({
      lookBack: HOUR_MS,
      history: DAY_MS,
      requestsPerSecond: 0.5,
      credential: { type: "config-file" },
    });
    expect(ociAudit.settings.safeParse({ ...written, compartments: [USER] }).success).toBe(false);
    expect(ociAudit.settings.safeParse({ ...written, regions: ["Chicago"] }).success).toBe(false);
    expect(ociAudit.settings.safeParse({ ...written, credential }).success).toBe(false);
  });
});
