import { afterEach, describe, expect, it } from "vitest";
import { openMemoryBus } from "../shared/bus/memory-bus.ts";
import { topics } from "../shared/bus/topics.ts";
import type { Configuration } from "../shared/config/config.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { MINUTE_MS } from "../shared/model/units.ts";
import { listen, madeUpRuntime } from "../test/made-up-runtime.ts";
import { type JsonServer, type Reply, serveJson } from "../test/servers/json-api.ts";
import { collectAll, collectOnce } from "./collect.ts";

const NOW = Date.UTC(2026, 8, 14, 10, 20);

const file = `
collectors:
  - collector: openai.audit
    name: broken
    settings: {key: "$\{env:KEY}"}
  - collector: openai.audit
    name: audit
    settings: {key: "$\{env:KEY}", history: 2h, lookBack: 1h}
`;

const servers: JsonServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
const serve = async (reply: (count: number) => Reply): Promise<JsonServer> => {
  const server = await serveJson((_asked, count) => reply(count));
  servers.push(server);
  return server;
};

/** The collector of that name asks there. */
const at =
  (urls: Readonly<Record<string, string>>) =>
  (configuration: Configuration): Configuration => ({
    ...configuration,
    collectors: configuration.collectors.map((entry) => ({
      ...entry,
      settings: { ...(entry.settings as object), baseUrl: urls[entry.name] },
    })),
  });

const auditLogs: Reply = {
  body: {
    object: "list",
    data: [
      { id: "audit_log-1", type: "api_key.created", effective_at: NOW / 1_000 - 60, prompt: "CANARY" },
      { no: "record" },
    ],
    has_more: false,
  },
};

describe("collecting once", () => {
  it("puts records and rejects on the bus, saves the cursor by name, and counts", async () => {
    const server = await serve(() => auditLogs);
    const runtime = madeUpRuntime(file, { now: NOW, changes: at({ audit: server.url }) });
    const raw = await listen(runtime.bus, topics.raw.name);
    const rejected = await listen(runtime.bus, topics.rejected.name);
    const collected = await collectOnce("audit", runtime, new AbortController().signal);

    expect(collected).toMatchObject({ records: collected.pages / 2, failures: [] });
    expect(raw[0]?.key).toMatch(/^openai[.]audit[/][0-9a-f]{32}$/);
    expect(JSON.parse(raw[0]?.value ?? "")).toMatchObject({
      source: "openai.audit",
      record: { id: "audit_log-1" },
    });
    expect(JSON.stringify(raw)).not.toContain("CANARY");
    expect(JSON.parse(rejected[0]?.value ?? "")).toMatchObject({ reason: "not a record of a known source" });
    expect(runtime.cursors).toEqual(new Map([["audit", new Map([["", "2026-09-14T09:20:00.000Z"]])]]));
    expect(runtime.measured.get("Records")).toBe(raw.flatMap(({ value }) => value.split("\n")).length);
    expect(runtime.lines.at(-1)).toMatchObject({ level: "info", fields: { collector: "audit", failures: 0 } });
  });

  it("logs what failed with its part and code, and returns it", async () => {
    const server = await serve(() => ({ status: 403 }));
    const runtime = madeUpRuntime(file, { now: NOW, changes: at({ audit: server.url }) });
    const { failures } = await collectOnce("audit", runtime, new AbortController().signal);
    expect(failures).toMatchObject([{ part: "", error: { code: "upstream-refused" } }]);
    expect(runtime.lines[0]).toMatchObject({
      level: "error",
      fields: { collector: "audit", part: "", code: "upstream-refused" },
    });
    expect(runtime.cursors.size).toBe(0);
    expect(runtime.measured.get("Failures")).toBe(1);
  });

  it("logs and returns what nobody expected too, so that whoever runs others beside it goes on", async () => {
    const runtime = madeUpRuntime(file, { now: NOW, changes: at({ audit: "no URL" }) });
    const { failures } = await collectOnce("audit", runtime, new AbortController().signal);
    expect(failures).toMatchObject([{ part: "", error: expect.any(TypeError) }]);
    expect(runtime.lines[0]).toMatchObject({ level: "error", fields: { collector: "audit", code: undefined } });
    expect(runtime.measured.get("Failures")).toBe(1);
  });

  it("saves no cursor while the bus is away", async () => {
    const server = await serve(() => auditLogs);
    const bus = openMemoryBus();
    const away = {
      ...bus,
      publish: () => Promise.reject(new PipelineError("upstream-unavailable", "bus: no broker answers")),
    };
    const runtime = madeUpRuntime(file, { now: NOW, bus: away, changes: at({ audit: server.url }) });
    const { failures } = await collectOnce("audit", runtime, new AbortController().signal);
    expect(failures).toMatchObject([{ error: { code: "upstream-unavailable" } }]);
    expect(runtime.cursors.size).toBe(0);
  });

  it.each([
    ["audti", file, "; did you mean audit?"],
    ["bills", file, "; there are "],
    ["bills", "store: memory", ", which has none; what gnomon init writes has examples"],
  ])("says of %s which name was meant, or which there are", async (name, configuration, hint) => {
    const runtime = madeUpRuntime(configuration);
    await expect(collectOnce(name, runtime, new AbortController().signal)).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining(`no collector "${name}" in the configuration${hint}`),
    });
  });
});

describe("collecting all", () => {
  it("lets no collector that fails stop another, whichever way it fails", async () => {
    const server = await serve(() => auditLogs);
    const refusing = await serve(() => ({ status: 401 }));
    const runtime = madeUpRuntime(file, { now: NOW, changes: at({ audit: server.url, broken: refusing.url }) });
    await collectAll(["nobody", "broken", "audit"], runtime, new AbortController().signal);
    expect([...runtime.cursors.keys()]).toEqual(["audit"]);
    expect(
      runtime.lines.filter(({ level }) => level === "error").map(({ fields }) => fields["collector"]),
    ).toEqual(expect.arrayContaining(["nobody", "broken"]));
    expect(runtime.measured.get("Failures")).toBe(2);
  });

  it("gives each its turn although a few always have more than there is time for, and tells who had none", async () => {
    const names = ["one", "two", "three", "four", "five", "six"];
    const greedy = names.map(
      (name) => `  - {collector: openai.audit, name: ${name}, settings: {key: "$\{env:KEY}", history: 2h}}\n`,
    );
    const turns = new Map(names.map((name) => [name, 0]));
    for (let run = 0; run < 12; run++) {
      const timeIsUp = new AbortController();
      const asked = new Set<string>();
      const server = await serveJson(({ path }) => {
        asked.add(path.split("/")[1] ?? "");
        if (asked.size === 4) timeIsUp.abort();
        return { body: { ...(auditLogs.body as object), has_more: true, last_id: `audit_log-${run}` } };
      });
      servers.push(server);
      const runtime = madeUpRuntime(`collectors:\n${greedy.join("")}`, {
        now: NOW + run * 5 * MINUTE_MS,
        changes: at(Object.fromEntries(names.map((name) => [name, `${server.url}/${name}`]))),
      });
      await collectAll(names, runtime, timeIsUp.signal);
      for (const name of asked) turns.set(name, (turns.get(name) ?? 0) + 1);
      const warned = runtime.lines
        .filter(({ level }) => level === "warn")
        .map(({ fields }) => fields["collector"]);
      expect(warned).toEqual(expect.arrayContaining(names.filter((name) => !asked.has(name))));
    }
    for (const count of turns.values()) expect(count).toBeGreaterThanOrEqual(4);
  });

  it("ends at once when there is no time left, and says who had none", async () => {
    const server = await serve(() => auditLogs);
    const runtime = madeUpRuntime(file, { now: NOW, changes: at({ audit: server.url, broken: server.url }) });
    await collectAll(["audit", "broken"], runtime, AbortSignal.abort());
    expect(server.asked).toEqual([]);
    expect(runtime.lines.map(({ level, fields }) => [level, fields["collector"]]).sort()).toEqual([
      ["warn", "audit"],
      ["warn", "broken"],
    ]);
  });
});
