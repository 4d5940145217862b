import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type EpochMs, HOUR_MS } from "../shared/model/units.ts";
import { detect } from "../shared/pipeline/detect.ts";
import type { LastingStore } from "../shared/store/books.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import { many } from "../test/contract/store.contract.ts";
import { copyMadeStore } from "../test/made-store.ts";
import { type MadeUpRuntime, madeUpRuntime } from "../test/made-up-runtime.ts";
import { type AskedFor, type JsonServer, type Reply, serveJson } from "../test/servers/json-api.ts";
import { world } from "../test/world.ts";
import { deliverOnce } from "./deliver.ts";

const PEOPLE = 5;
/** Each a finding of its own. */
const byPeople = many(PEOPLE + 1, { model: { id: "deepseek-y", name: "deepseek/deepseek-y" } }).map((call, n) => ({
  ...call,
  actor: { uid: `person-${n}` },
}));
const running = new AbortController().signal;

let folder: string;
let store: LastingStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-deliver-"));
  await copyMadeStore(join(folder, "store"));
  store = await openLastingStore(join(folder, "store"));
  await detect(byPeople.slice(0, PEOPLE), { ...world, store });
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const servers: JsonServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
const serve = async (reply: (asked: AskedFor, count: number) => Reply | Promise<Reply>): Promise<JsonServer> => {
  const server = await serveJson(reply);
  servers.push(server);
  return server;
};

/** A webhook of that name for each server, over the one store. */
function runtimeFor(urls: Readonly<Record<string, string>>): MadeUpRuntime {
  const entries = Object.entries(urls).map(
    ([name, url]) =>
      `  - {sink: webhook, name: ${name}, settings: {url: "${url}", secret: "$\{env:MADE_UP_SECRET}"}}\n`,
  );
  return { ...madeUpRuntime(`sinks:\n${entries.join("")}`), store: async () => store };
}

const toldBy = ({ asked }: JsonServer): string[] => asked.map(({ headers }) => String(headers["webhook-id"]));

describe("delivering once", () => {
  it("keeps what a sink took when it fails at the third, and tells it the others the next time", async () => {
    const server = await serve((_asked, count) => ({ status: count === 3 ? 503 : 200 }));
    const runtime = runtimeFor({ failing: server.url });
    expect(await deliverOnce(runtime, running)).toMatchObject([
      { sink: "failing", settled: 2, failure: { code: "upstream-unavailable" } },
    ]);
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "failing", settled: PEOPLE - 2 }]);
    const told = toldBy(server);
    expect(told).toHaveLength(PEOPLE + 1);
    expect(new Set(told).size).toBe(PEOPLE);
    expect(told.slice(3)).toContain(told[2]);
  });

  it("leaves a sink to another process that is at it, and says so", async () => {
    const server = await serve(() => ({ status: 200 }));
    const runtime = runtimeFor({ taken: server.url });
    await store.books.deliverTo("taken", 1, async () => {
      expect(await deliverOnce(runtime, running)).toEqual([{ sink: "taken", settled: 0 }]);
      return { settled: [] };
    });
    expect(server.asked).toEqual([]);
    expect(runtime.lines).toMatchObject([{ level: "info", fields: { sink: "taken" } }]);
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "taken", settled: PEOPLE }]);
  });

  it("tells all others where one is refused for its content, says so, and does not ask for that one again", async () => {
    const refused: unknown[] = [];
    const server = await serve(({ headers }, count) => {
      if (count !== 2) return {};
      refused.push(headers["webhook-id"]);
      return { status: 422, body: "CANARY" };
    });
    const runtime = runtimeFor({ picky: server.url });
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "picky", settled: PEOPLE }]);
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "picky", settled: 0 }]);
    expect(server.asked).toHaveLength(PEOPLE);
    const [refusal] = (await store.books.refusals()).filter(({ sink }) => sink === "picky");
    expect(refusal?.reason).toMatch(/answered 422$/);
    expect(runtime.lines).toMatchObject([
      { level: "error", fields: { sink: "picky", finding: refusal?.findingUid, reason: refusal?.reason } },
    ]);
    expect([runtime.measured.get("Refused"), runtime.measured.get("Failures")]).toEqual([1, 0]);

    expect(await store.books.forgetRefusals("picky")).toBe(1);
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "picky", settled: 1 }]);
    expect(toldBy(server).at(-1)).toBe(refused[0]);
  });

  it("lets no sink stop another, not even by what nobody expected", async () => {
    const server = await serve(() => ({}));
    const runtime = runtimeFor({ nonsense: "http://127.0.0.1", sound: server.url });
    for (const sink of runtime.configuration.sinks) {
      if (sink.name === "nonsense") (sink.settings as { url: string }).url = "no URL";
    }
    expect(await deliverOnce(runtime, running)).toMatchObject([
      { sink: "nonsense", settled: 0, failure: expect.any(TypeError) },
      { sink: "sound", settled: PEOPLE },
    ]);
    expect(runtime.lines).toMatchObject([
      { level: "error", fields: { sink: "nonsense", reason: expect.stringContaining("URL") } },
    ]);
    expect(runtime.measured.get("Failures")).toBe(1);
  });

  it("waits as long as a sink says where there is time, and tells the rest in the same run", async () => {
    const times: number[] = [];
    const server = await serve((_asked, count) => {
      times.push(Date.now());
      return count === 3 ? { status: 429, headers: { "retry-after": "1" } } : {};
    });
    const runtime = runtimeFor({ throttled: server.url });
    const delivered = await deliverOnce(runtime, running, Date.now() + 200_000);
    expect(delivered).toEqual([{ sink: "throttled", settled: PEOPLE }]);
    expect((times[3] ?? 0) - (times[2] ?? 0)).toBeGreaterThanOrEqual(990);
    expect(new Set(toldBy(server)).size).toBe(PEOPLE);
  });

  it("does not ask a sink before it wants to be asked, where the wait is for a later run", async () => {
    const server = await serve((_asked, count) =>
      count === 2 ? { status: 429, headers: { "retry-after": "1" } } : {},
    );
    let now = Date.now();
    const runtime = { ...runtimeFor({ pausing: server.url }), now: () => now as EpochMs };
    expect(await deliverOnce(runtime, running, now + 500)).toMatchObject([
      { settled: 1, failure: { message: expect.stringContaining("in 1 s") } },
    ]);
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "pausing", settled: 0 }]);
    expect(server.asked).toHaveLength(2);
    now += 1_000;
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "pausing", settled: PEOPLE - 1 }]);
  });

  it("asks again within an hour, whatever a sink says", async () => {
    const server = await serve((_asked, count) =>
      count === 1 ? { status: 429, headers: { "retry-after": "999999999" } } : {},
    );
    let now = Date.now();
    const runtime = { ...runtimeFor({ lasting: server.url }), now: () => now as EpochMs };
    expect(await deliverOnce(runtime, running)).toMatchObject([{ settled: 0, failure: {} }]);
    now += HOUR_MS - 1;
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "lasting", settled: 0 }]);
    now += 1;
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "lasting", settled: PEOPLE }]);
  });

  it("ends when its time is up: what is at hand is told to its end, and no more begun", async () => {
    const stop = new AbortController();
    const server = await serve(async (_asked, count) => {
      if (count === 2) stop.abort();
      await sleep(20);
      return {};
    });
    const runtime = runtimeFor({ ending: server.url });
    expect(await deliverOnce(runtime, stop.signal)).toEqual([{ sink: "ending", settled: 2 }]);
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "ending", settled: PEOPLE - 2 }]);
    expect(new Set(toldBy(server)).size).toBe(PEOPLE);
    expect(server.asked).toHaveLength(PEOPLE);
  });

  it("goes on owing what is answered 400 alone, until one that is taken beside it shows that it is not the secret", async () => {
    let alone: unknown;
    const server = await serve(({ headers }, count) => {
      const id = headers["webhook-id"];
      if (count === PEOPLE) alone = id;
      return { status: id !== alone ? 200 : count === PEOPLE ? 503 : 400 };
    });
    const runtime = runtimeFor({ doubted: server.url });
    expect(await deliverOnce(runtime, running)).toMatchObject([{ settled: PEOPLE - 1, failure: {} }]);
    for (const _ of [1, 2]) {
      expect(await deliverOnce(runtime, running)).toMatchObject([
        {
          settled: 0,
          failure: { code: "upstream-refused", message: expect.stringContaining("check the secret") },
        },
      ]);
    }
    await detect(byPeople.slice(PEOPLE), { ...world, store });
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "doubted", settled: 2 }]);
    expect((await store.books.refusals()).filter(({ sink }) => sink === "doubted")).toHaveLength(1);
    expect(await deliverOnce(runtime, running)).toEqual([{ sink: "doubted", settled: 0 }]);
  });
});
