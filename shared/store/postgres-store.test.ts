import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres } from "../../test/servers/postgres.ts";
import { unavailable } from "../../test/servers/unavailable.ts";
import { until } from "../../test/until.ts";
import type { Database, Session } from "./database.ts";
import { postgresDatabase } from "./postgres-store.ts";

const postgres = await startPostgres();
if ("missing" in postgres) unavailable("Postgres", postgres.missing);
else {
  const { server } = postgres;
  let database: Database;
  beforeAll(async () => {
    database = postgresDatabase(await server.newDatabase());
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  const backend = async (session: Session): Promise<number> => {
    const { rows } = await session.query<{ pid: number }>({
      name: "backend",
      text: "select pg_backend_pid() as pid",
    });
    return rows[0]?.pid ?? Number.NaN;
  };
  const tell = (what: "pg_terminate_backend" | "pg_cancel_backend", pid: number) =>
    database.query({ name: what, text: `select ${what}($1)` }, [pid]);
  const activity = async (pid: number) => {
    const text = "select query, state from pg_stat_activity where pid = $1";
    const { rows } = await database.query<{ query: string; state: string }>({ name: "activity", text }, [pid]);
    return rows[0];
  };
  const isGone = async (pid: number) => (await activity(pid)) === undefined;
  const sleeps = async (pid: number) => {
    const { query = "", state } = (await activity(pid)) ?? {};
    return state === "active" && query.includes("pg_sleep");
  };
  const away = (because: string) => ({
    code: "upstream-unavailable",
    message: expect.stringContaining(because),
  });

  describe("a transaction on Postgres", () => {
    it("whose connection the server ends between two statements is worth another try, and nobody's end", async () => {
      const ended = database.transaction(async (session) => {
        const pid = await backend(session);
        await tell("pg_terminate_backend", pid);
        await until(() => isGone(pid));
        await backend(session);
      });
      await expect(ended).rejects.toMatchObject(away("57P01"));
      await expect(database.transaction(backend)).resolves.toBeGreaterThan(0);
    });

    it("whose connection the server ends during a statement is worth another try", async () => {
      const ended = database.transaction(async (session) => {
        const pid = await backend(session);
        await Promise.all([
          session.run("select pg_sleep(600)"),
          until(() => sleeps(pid)).then(() => tell("pg_terminate_backend", pid)),
        ]);
      });
      await expect(ended).rejects.toMatchObject(away("57P01"));
    });

    it("that was idle for too long, or took too long, is worth another try", async () => {
      const idle = database.transaction(async (session) => {
        const pid = await backend(session);
        await session.run("set local idle_in_transaction_session_timeout = 50");
        await until(() => isGone(pid));
        await backend(session);
      });
      await expect(idle).rejects.toMatchObject(away("25P03"));
      const long = database.transaction(async (session) => {
        const pid = await backend(session);
        await Promise.all([
          session.run("select pg_sleep(600)"),
          until(() => sleeps(pid)).then(() => tell("pg_cancel_backend", pid)),
        ]);
      });
      await expect(long).rejects.toMatchObject(away("57014"));
    });

    it("on a server that takes no writes any longer is tried on another connection", async () => {
      let before = Number.NaN;
      const written = database.transaction(async (session) => {
        before = await backend(session);
        await session.run("set transaction read only; create table written ()");
      });
      await expect(written).rejects.toMatchObject(away("25006"));
      expect(await database.transaction(backend)).not.toBe(before);
    });

    it("keeps its connection when what it was for has failed", async () => {
      let before = Number.NaN;
      const failed = database.transaction(async (session) => {
        before = await backend(session);
        throw new Error("our own");
      });
      await expect(failed).rejects.toThrow("our own");
      expect(await database.transaction(backend)).toBe(before);
    });
  });
}
