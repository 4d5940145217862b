/** Postgres inside this process, in a folder: for a laptop and a small company. One process at a time. */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PGlite, type Transaction } from "@electric-sql/pglite";
import { PipelineError } from "../model/errors.ts";
import type { LastingStore } from "./books.ts";
import type { Database, Session } from "./database.ts";
import { migrate } from "./migrate.ts";
import { sqlBooks } from "./sql-books.ts";
import { sqlStore } from "./sql-store.ts";
import type { Store } from "./store.ts";

/** Creates the folder and its tables where they are missing. */
export async function openPgliteStore(folder: string): Promise<LastingStore> {
  const database = await openFolder(folder);
  try {
    await migrate(database);
    // Of a process that was killed: there is no other at this folder.
    await database.run("delete from sink_lease");
  } catch (error) {
    await database.close();
    throw error;
  }
  return { ...sqlStore(database), books: sqlBooks(database) };
}

/** Gone when it is closed; left to the system's cleaning where the process ends before. */
export async function openTemporaryPgliteStore(parent = tmpdir()): Promise<Store> {
  const folder = await mkdtemp(join(parent, "gnomon-overflow-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A process that is interrupted ends at once, and closes nothing.
  process.once("exit", remove);
  const store = await openPgliteStore(folder);
  return {
    ...store,
    close: () =>
      store.close().finally(() => {
        process.off("exit", remove);
        remove();
      }),
  };
}

export async function migratePglite(folder: string): Promise<readonly string[]> {
  const database = await openFolder(folder);
  return migrate(database).finally(() => database.close());
}

async function openFolder(folder: string): Promise<Database> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  const unlock = await lock(path);
  try {
    const database = pgliteDatabase(await PGlite.create(join(path, "postgres")));
    return { ...database, close: () => database.close().finally(unlock) };
  } catch (error) {
    await unlock();
    throw error;
  }
}

export const pgliteDatabase = (pglite: PGlite): Database => ({
  ...sessionOf(pglite),
  transaction: (work) => pglite.transaction((transaction) => work(sessionOf(transaction))),
  close: () => pglite.close(),
});

const sessionOf = (connection: PGlite | Transaction): Session => ({
  async query<Row>({ text }: { readonly text: string }, values: readonly unknown[] = []) {
    const { rows, affectedRows = 0 } = await connection.query<Row>(text, [...values]);
    return { rows, count: affectedRows };
  },
  async run(sql) {
    await connection.exec(sql);
  },
});

/** Folders this process has open. */
const opened = new Set<string>();

/**
 * PGlite itself lets two processes open one folder, and then both write over each other. A file names the process
 * that has it; one that was killed leaves the file behind, and it counts no more.
 */
async function lock(path: string): Promise<() => Promise<void>> {
  const file = join(path, "lock.json");
  const inUse = (by: string) =>
    new PipelineError(
      "config-invalid",
      `store: ${path} is in use by ${by}; stop it, or remove ${file} if there is no such process`,
    );
  if (opened.has(path)) throw inUse("this process");
  const holder = await readHolder(file);
  if (holder && holder.host === hostname() && holder.pid !== process.pid && isAlive(holder.pid)) {
    throw inUse(`process ${holder.pid}`);
  }
  opened.add(path);
  await writeFile(file, JSON.stringify({ host: hostname(), pid: process.pid }));
  return async () => {
    opened.delete(path);
    await rm(file, { force: true });
  };
}

async function readHolder(file: string): Promise<{ host: string; pid: number } | undefined> {
  try {
    const { host, pid } = JSON.parse(await readFile(file, "utf8"));
    return typeof host === "string" && Number.isInteger(pid) ? { host, pid } : undefined;
  } catch {
    // Not there, or cut off by a crash while it was written.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, and somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
