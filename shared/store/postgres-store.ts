/** Postgres as a server: Aurora, Citus, any. */
import pg from "pg";
import { type ErrorCode, PipelineError } from "../model/errors.ts";
import type { LastingStore } from "./books.ts";
import type { Database, Session, Statement } from "./database.ts";
import { checkMigrated, migrate } from "./migrate.ts";
import { sqlBooks } from "./sql-books.ts";
import { sqlStore } from "./sql-store.ts";

/** A worker has two batches in its hands, and notes beside them whom it heard. */
const CONNECTIONS = 4;
const CONNECT_MS = 10_000;
/** A process that was frozen in a transaction must not keep the others from its rows. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Refuses a database whose tables are missing: `gnomon migrate` makes them, not whoever comes first. */
export async function openPostgresStore(url: string): Promise<LastingStore> {
  const database = postgresDatabase(url);
  try {
    await checkMigrated(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return { ...sqlStore(database), books: sqlBooks(database) };
}

export async function migratePostgres(url: string): Promise<readonly string[]> {
  const database = postgresDatabase(url);
  return migrate(database).finally(() => database.close());
}

export function postgresDatabase(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    // Statements are sent without waiting for the answer to the one before.
    pipeline: true,
    connectionTimeoutMillis: CONNECT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    application_name: "gnomon",
    types: { getTypeParser },
  });
  // A connection that breaks while it is idle is replaced when next needed; unheard, it would end the process.
  pool.on("error", () => {});

  const told = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw asPipelineError(error);
    }
  };
  return {
    query: (statement, values) => told(() => sessionOf(pool).query(statement, values)),
    run: (sql) => told(() => sessionOf(pool).run(sql)),
    transaction: (work) => told(() => transaction(pool, work)),
    close: () => pool.end(),
  };
}

async function transaction<Result>(pool: pg.Pool, work: (session: Session) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  /** What ended the connection, or made it of no more use. */
  let broken: Error | undefined;
  // The pool listens to idle connections alone; unheard, the end of this one would be the end of the process.
  const ended = (error: Error) => {
    broken ??= error;
  };
  client.on("error", ended);
  try {
    await client.query("begin isolation level read committed");
    const result = await work(sessionOf(client));
    await client.query("commit");
    return result;
  } catch (error) {
    // What a statement says of a connection that has ended is that it has, and not why.
    if (broken) throw broken;
    if (isReadOnly(error)) broken = error;
    await client.query("rollback").catch((unusable: Error) => {
      broken ??= unusable;
    });
    throw error;
  } finally {
    client.release(broken);
    client.off("error", ended);
  }
}

/** After a failover: the server is another's copy now, and a new connection finds the one that takes writes. */
const isReadOnly = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && error.code === "25006";

const sessionOf = (client: pg.Pool | pg.PoolClient): Session => ({
  async query<Row>({ name, text }: Statement, values: readonly unknown[] = []) {
    const { rows, rowCount } = await client.query({ name, text, values: [...values] });
    return { rows: rows as Row[], count: rowCount ?? 0 };
  },
  async run(sql) {
    await client.query(sql);
  },
});

const BIGINT = 20;

/** Times, counts and nano-dollars stay below 2^53. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: "text" | "binary") =>
  oid === BIGINT ? Number : pg.types.getTypeParser(oid, format as "text");

/** What the caller must do about it; an error of our own stays what it is, and so does one worth another try. */
function asPipelineError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PipelineError) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const found = outcomes.find(([pattern]) => pattern.test(code) || pattern.test(error.message));
  if (!found) return error;
  const [, outcome, advice] = found;
  return new PipelineError(outcome, `store: Postgres ${advice} (${code || error.message})`, { cause: error });
}

/** SQLSTATE classes, Node's codes, and what `pg` says without a code. */
const outcomes: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/^(28...|3D000)$/, "upstream-refused", "refuses the user, its password or the database; check the URL"],
  [/^42501$/, "upstream-refused", "does not permit this user to use Gnomon's tables; grant it"],
  [/^(08...|53...|57P0.)$/, "upstream-unavailable", "is not ready for more work now; try again"],
  [/^25006$/, "upstream-unavailable", "takes no writes here, as after a failover; try again"],
  [/^(25P03|57014)$/, "upstream-unavailable", "ended what took too long; try again"],
  [
    /^(ECONN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|EAI_)|^Connection terminated|timeout exceeded when trying to connect/,
    "upstream-unavailable",
    "cannot be reached; try again",
  ],
];
