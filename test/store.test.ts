import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { PGlite } from "@electric-sql/pglite";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../shared/store/database.ts";
import { openMemoryStore } from "../shared/store/memory-store.ts";
import { migrate } from "../shared/store/migrate.ts";
import { migrateStore, openStore } from "../shared/store/open-store.ts";
import { overflowingStore } from "../shared/store/overflowing-store.ts";
import { openTemporaryPgliteStore, pgliteDatabase } from "../shared/store/pglite-store.ts";
import { postgresDatabase } from "../shared/store/postgres-store.ts";
import { sqlStore } from "../shared/store/sql-store.ts";
import type { Store } from "../shared/store/store.ts";
import {
  derived,
  many,
  playedTwice,
  type StoreUnderTest,
  storeContract,
  takeAll,
} from "./contract/store.contract.ts";
import { copyMadeStore } from "./made-store.ts";
import { startPostgres } from "./servers/postgres.ts";

const tables = [
  "activity",
  "usage_hourly",
  "entity",
  "rule_group",
  "rule_state",
  "finding",
  "finding_match",
  "series_state",
];

async function emptied(database: Database): Promise<StoreUnderTest> {
  await migrate(database);
  const store = sqlStore(database);
  return {
    async empty() {
      await database.run(tables.map((table) => `delete from ${table};`).join(""));
      return store;
    },
    close: () => store.close(),
  };
}

storeContract("memory", async () => ({ empty: async () => openMemoryStore(), close: async () => {} }), {
  runs: 300,
});

storeContract(
  "memory that overflows",
  async () => ({
    empty: async () => overflowingStore(openMemoryStore(), async () => openMemoryStore(), 12),
    close: async () => {},
  }),
  { runs: 100 },
);

const folder = await mkdtemp(join(tmpdir(), "gnomon-store-"));
afterAll(() => rm(folder, { recursive: true }));
storeContract(
  "PGlite",
  async () => {
    await copyMadeStore(folder);
    return emptied(pgliteDatabase(await PGlite.create(join(folder, "postgres"))));
  },
  { runs: 30 },
);

const postgres = await startPostgres();
if ("missing" in postgres) {
  it(`is not tested on Postgres, which only a laptop may leave out: ${postgres.missing}`, () => {
    expect(process.env["CI"]).not.toBe("true");
  });
} else {
  const { server } = postgres;
  afterAll(() => server.stop());

  storeContract("Postgres", async () => emptied(postgresDatabase(await server.newDatabase())), { runs: 40 });

  describe("two writers at once on Postgres", () => {
    let url = "";
    let first: StoreUnderTest;
    let second: Store;
    beforeAll(async () => {
      url = await server.newDatabase();
      first = await emptied(postgresDatabase(url));
      second = sqlStore(postgresDatabase(url));
    });
    afterAll(async () => {
      await first.close();
      await second.close();
    });

    it("leave the same rows as one writer, whoever gets which readings, in any order, also twice", async () => {
      const readings = playedTwice({ uids: 12, readings: 40 });
      await fc.assert(
        fc.asyncProperty(readings, readings, async (one, other) => {
          const store = await first.empty();
          await Promise.all([
            takeAll(store, [...one.again, ...other.again.toReversed()]),
            takeAll(second, [...other.again, ...one.again]),
          ]);
          const memory = openMemoryStore();
          await takeAll(memory, [[...one.once, ...other.once]]);
          expect(derived(await store.dump())).toEqual(derived(await memory.dump()));
        }),
        { numRuns: 25 },
      );
    });

    it("neither wait for each other for ever nor give up over the same hot rows", async () => {
      const store = await first.empty();
      const calls = many(3_000, { model: { id: "deepseek-y", name: "deepseek/deepseek-y" } });
      const batches = Array.from({ length: 30 }, (_, n) => calls.slice(n * 100, n * 100 + 150));
      await Promise.all([
        takeAll(store, batches),
        takeAll(second, batches),
        takeAll(store, batches.toReversed()),
        takeAll(second, batches.toReversed()),
      ]);
      expect((await store.findings()).map(({ finding }) => finding.matches)).toEqual([3_000]);
      expect((await store.usage()).reduce((sum, { calls }) => sum + calls, 0)).toBe(3_000);
    });

    // Changes add nothing to usage and entities, whose rows two writers of calls wait for.
    const detail = { object: "logging", action: "disable", weakens: true, target: { uid: "log-1" } } as const;
    const denied = { actor: { uid: "mallory" }, outcome: { status: "failure", reason: "denied" } } as const;
    it.each([
      ["every match of a finding", "protection-lowered", { detail }],
      ["every row of a group", "many-failures", denied],
    ] as const)("count %s although nothing else makes them take turns", async (_, ruleName, given) => {
      const store = await first.empty();
      const changes = many(400, { kind: "change", ...given });
      const batches = Array.from({ length: 40 }, (_, n) => changes.slice(n * 10, n * 10 + 10));
      await Promise.all([takeAll(store, batches.slice(0, 20)), takeAll(second, batches.slice(20))]);
      expect((await store.findings()).map(({ finding }) => [finding.ruleName, finding.count])).toEqual([
        [ruleName, 400],
      ]);
    });
  });

  describe("migrations", () => {
    it("are applied once, also by two who migrate at the same time", async () => {
      const url = await server.newDatabase();
      const databases = [postgresDatabase(url), postgresDatabase(url)];
      const applied = await Promise.all(databases.map(migrate));
      expect(applied.map((names) => names.length).sort()).toEqual([0, applied.flat().length]);
      expect(applied.flat()).toContain("0001-ledger.sql");
      await Promise.all(databases.map((database) => database.close()));
    });

    it("refuse a database in which one was applied with another text", async () => {
      const database = postgresDatabase(await server.newDatabase());
      await migrate(database);
      await database.run("update migration set checksum = 'another'");
      await expect(migrate(database)).rejects.toThrow(/0001-ledger.sql was applied with another text/);
      await database.close();
    });
  });

  describe("a Postgres URL", () => {
    it("opens a migrated database, and keeps what was put there", async () => {
      const url = await server.newDatabase();
      expect(await migrateStore(url)).toContain("0001-ledger.sql");
      const store = await openStore(url);
      await takeAll(store, [many(3)]);
      await store.close();
      const again = await openStore(url);
      expect((await again.usage())[0]?.calls).toBe(3);
      await again.close();
    });

    it("of a database without tables is refused, with the command that makes them", async () => {
      const url = await server.newDatabase();
      await expect(openStore(url)).rejects.toMatchObject({
        code: "config-invalid",
        message: expect.stringContaining("gnomon migrate"),
      });
    });

    it("of a database that is not there is refused, and of a server that is not there worth another try", async () => {
      const url = new URL(await server.newDatabase());
      url.pathname = "nowhere";
      await expect(openStore(url.href)).rejects.toMatchObject({ code: "upstream-refused" });
      url.port = "9";
      await expect(openStore(url.href)).rejects.toMatchObject({ code: "upstream-unavailable" });
    });

    it("keeps its password out of what is said about it", async () => {
      const url = new URL(await server.newDatabase());
      url.pathname = "nowhere";
      url.password = "hunter2";
      const error: unknown = await openStore(url.href).catch((thrown: unknown) => thrown);
      expect(inspect(error)).not.toContain("hunter2");
    });
  });

  it("goes on after the server was restarted under it", async () => {
    if (!server.restart) return;
    const url = await server.newDatabase();
    await migrateStore(url);
    const store = await openStore(url);
    await takeAll(store, [many(3)]);
    await server.restart();
    await takeAll(store, [many(5)]).catch(() => takeAll(store, [many(5)]));
    expect((await store.usage())[0]?.calls).toBe(5);
    await store.close();
  });
}

describe("a folder", () => {
  it("is created where it is missing, keeps what was put there, and is not opened twice", async () => {
    const parent = await mkdtemp(join(tmpdir(), "gnomon-store-"));
    const folder = join(parent, "new", "store");
    const store = await openStore(folder);
    await takeAll(store, [many(3)]);
    await expect(openStore(folder)).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("in use by this process"),
    });
    await store.close();

    const lock = join(folder, "lock.json");
    await writeFile(lock, JSON.stringify({ host: hostname(), pid: process.ppid }));
    await expect(openStore(folder)).rejects.toThrow(`in use by process ${process.ppid}`);
    await writeFile(lock, JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1 }));
    const again = await openStore(folder);
    expect((await again.usage())[0]?.calls).toBe(3);
    await again.close();
    await rm(parent, { recursive: true });
  });
});

it("moves from memory into a temporary folder when it holds too much, and leaves none behind", async () => {
  const parent = await mkdtemp(join(tmpdir(), "gnomon-store-"));
  const store = overflowingStore(openMemoryStore(), () => openTemporaryPgliteStore(parent), 100);
  const calls = many(300, { model: { id: "deepseek-y", name: "deepseek/deepseek-y" } });
  const memory = openMemoryStore();
  for (const taking of [memory, store]) await takeAll(taking, [calls.slice(0, 40), calls.slice(30, 200)]);
  expect(await readdir(parent)).toHaveLength(1);
  for (const taking of [memory, store]) await takeAll(taking, [calls.slice(150)]);
  expect(await store.dump()).toEqual(await memory.dump());
  // Three hundred calls, each of which supports a finding.
  expect(memory.size()).toBe(600);
  await store.close();
  expect(await readdir(parent)).toEqual([]);
  await rm(parent, { recursive: true });
});

describe("a place for a store", () => {
  it("may be memory", async () => {
    expect(await (await openStore("memory")).findings()).toEqual([]);
  });

  it("is refused where no such store exists, without what the URL may hold of a secret", async () => {
    await expect(openStore("mysql://user:hunter2@host/db")).rejects.toMatchObject({
      code: "config-invalid",
      message: "store: expected memory, a folder or a postgres:// URL, got mysql://…",
    });
    await expect(openStore("")).rejects.toMatchObject({ code: "config-invalid" });
    await expect(openStore("postgres://user:hunter2@host:port/db")).rejects.toMatchObject({
      code: "config-invalid",
      message: "store: the Postgres URL cannot be read",
    });
  });
});
