import { PGlite } from "@electric-sql/pglite";
import { expect, it } from "vitest";
import type { Database } from "../shared/store/database.ts";
import { openMemoryStore } from "../shared/store/memory-store.ts";
import { migrate } from "../shared/store/migrate.ts";
import { pgliteDatabase } from "../shared/store/pglite-store.ts";
import { postgresDatabase } from "../shared/store/postgres-store.ts";
import { sqlStore } from "../shared/store/sql-store.ts";
import { type StoreUnderTest, storeContract } from "./contract/store.contract.ts";
import { startPostgres } from "./servers/postgres.ts";

const tables = ["activity", "usage_hourly", "entity", "rule_group", "rule_state", "finding", "finding_match"];

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

storeContract("PGlite", async () => emptied(pgliteDatabase(await PGlite.create())), { runs: 30 });

const postgres = await startPostgres();
if ("missing" in postgres) {
  it(`is not tested on Postgres, which only a laptop may leave out: ${postgres.missing}`, () => {
    expect(process.env["CI"]).not.toBe("true");
  });
} else {
  storeContract(
    "Postgres",
    async () => {
      const tested = await emptied(postgresDatabase(await postgres.server.newDatabase()));
      return {
        ...tested,
        async close() {
          await tested.close();
          await postgres.server.stop();
        },
      };
    },
    { runs: 40 },
  );
}
