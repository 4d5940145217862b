import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { migrateStore, openLastingStore } from "../shared/store/open-store.ts";
import { booksContract } from "./contract/books.contract.ts";
import { copyMadeStore } from "./made-store.ts";
import { startPostgres } from "./servers/postgres.ts";
import { unavailable } from "./servers/unavailable.ts";

const folder = await mkdtemp(join(tmpdir(), "gnomon-books-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
booksContract("PGlite", async () => {
  await copyMadeStore(join(folder, "store"));
  return openLastingStore(join(folder, "store"));
});

const postgres = await startPostgres();
if ("missing" in postgres) unavailable("Postgres", postgres.missing);
else {
  const { server } = postgres;
  afterAll(() => server.stop());
  booksContract("Postgres", async () => {
    const url = await server.newDatabase();
    await migrateStore(url);
    return openLastingStore(url);
  });
}
