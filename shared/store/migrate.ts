/** Brings a database to the tables this version needs. Expand, then contract: an older version keeps working. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { PipelineError } from "../model/errors.ts";
import type { Database, Session } from "./database.ts";

/** In order; a file that was released is never changed. A list, so that a bundler sees what to carry along. */
const migrations = [
  "0001-ledger.sql",
  "0002-books.sql",
  "0003-attribution.sql",
  "0004-series-state.sql",
  "0005-capacity.sql",
  "0006-forgotten.sql",
  "0007-currency.sql",
  "0008-rejects-by-age.sql",
  "0009-sink-lease.sql",
] as const;

/** Any number, the same for all who migrate: they wait for each other. */
const LOCK = 6_079_113;

/** All or nothing; returns what was applied, an empty list where the database was up to date. */
export function migrate(database: Database): Promise<readonly string[]> {
  return database.transaction(async (session) => {
    await session.query({ name: "migration-lock", text: "select pg_advisory_xact_lock($1)" }, [LOCK]);
    await session.run(
      "create table if not exists migration (name text primary key, checksum text not null, applied timestamptz not null default now())",
    );
    const done = await applied(session);
    const added: string[] = [];
    for (const name of migrations) {
      const sql = await readFile(new URL(`./migrations/${name}`, import.meta.url), "utf8");
      const checksum = createHash("sha256").update(sql).digest("hex");
      const before = done.get(name);
      if (before === checksum) continue;
      if (before !== undefined) {
        throw new PipelineError(
          "config-invalid",
          `store: migration ${name} was applied with another text; use the version of Gnomon that applied it, or a new database`,
        );
      }
      await session.run(sql);
      await session.query(
        { name: "migration-add", text: "insert into migration (name, checksum) values ($1, $2)" },
        [name, checksum],
      );
      added.push(name);
    }
    return added;
  });
}

/** Throws where tables are missing. A newer database is none of our business: it was expanded for both. */
export async function checkMigrated(database: Database): Promise<void> {
  const { rows } = await database.query<{ known: boolean }>({
    name: "migration-known",
    text: "select to_regclass('migration') is not null as known",
  });
  const done = rows[0]?.known ? await applied(database) : new Map();
  const missing = migrations.filter((name) => !done.has(name));
  if (missing.length > 0) {
    throw new PipelineError(
      "config-invalid",
      `store: the database lacks ${missing.join(", ")}; run \`gnomon migrate\``,
    );
  }
}

async function applied(session: Session): Promise<ReadonlyMap<string, string>> {
  const { rows } = await session.query<{ name: string; checksum: string }>({
    name: "migration-applied",
    text: "select name, checksum from migration",
  });
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}
