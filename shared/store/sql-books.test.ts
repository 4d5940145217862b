import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { many } from "../../test/contract/store.contract.ts";
import { copyMadeStore } from "../../test/made-store.ts";
import { world } from "../../test/world.ts";
import type { Owed, Settled } from "../pipeline/deliver.ts";
import { detect } from "../pipeline/detect.ts";
import type { Database } from "./database.ts";
import { openPgliteStore, pgliteDatabase } from "./pglite-store.ts";
import { sqlBooks } from "./sql-books.ts";
import { sqlStore } from "./sql-store.ts";

const denied = many(1, { model: { id: "deepseek-y", name: "deepseek/deepseek-y" } });
let database: Database;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-lease-"));
  await copyMadeStore(join(folder, "made"));
  database = pgliteDatabase(await PGlite.create(join(folder, "made", "postgres")));
  await detect(denied, { ...world, store: sqlStore(database) });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => database.run("delete from sink_lease; delete from delivery"));

const settle = (owed: readonly Owed[], times = 1): Settled[] =>
  owed.map(({ finding: { uid, status, level } }) => ({ findingUid: uid, told: { status, level, times } }));

/** As time does. */
const expire = () => database.run("update sink_lease set until = now() - interval '1 second'");

it("gives a sink to the next when whoever had it was killed, and not before its lease has expired", async () => {
  await database.run(
    "insert into sink_lease (sink, holder, until) values ('pager', gen_random_uuid(), now() + interval '1 hour')",
  );
  const { deliverTo } = sqlBooks(database);
  expect(await deliverTo("pager", 10, () => expect.fail("it is somebody else's"))).toBeUndefined();
  await expire();
  expect(await deliverTo("pager", 10, async (owed) => ({ settled: settle(owed) }))).toMatchObject({
    settled: [{}],
  });
});

it("gives a sink at once to who opens the folder of a process that was killed", async () => {
  const own = join(folder, "killed");
  await copyMadeStore(own);
  const killed = await openPgliteStore(own);
  await detect(denied, { ...world, store: killed });
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<never>();
  const telling = killed.books.deliverTo("pager", 10, () => {
    begun.resolve();
    return ended.promise;
  });
  await begun.promise;
  await killed.close();
  const next = await openPgliteStore(own);
  expect(await next.books.deliverTo("pager", 10, async (owed) => ({ settled: settle(owed) }))).toMatchObject({
    settled: [{}],
  });
  await next.close();
  ended.reject(new Error("killed"));
  await expect(telling).rejects.toThrow("killed");
});

it("records nothing of who lost the sink, however late it comes, and says so", async () => {
  const { deliverTo } = sqlBooks(database);
  const late = await deliverTo("pager", 10, async (owed) => {
    await expire();
    await deliverTo("pager", 10, async (again) => {
      expect(again).toEqual(owed);
      return { settled: settle(again, 7) };
    });
    return { settled: settle(owed, 1) };
  });
  expect(late).toMatchObject({ settled: [], failure: { code: "upstream-unavailable" } });
  const { rows } = await database.query<{ times: number }>({ name: "times", text: "select times from delivery" });
  expect(rows).toEqual([{ times: 7 }]);
});

it("hands out nothing that another has told between the look at what is owed and the lease", async () => {
  const { deliverTo } = sqlBooks(database);
  let isFirst = true;
  const beaten: Database = {
    ...database,
    async query(statement, values) {
      if (isFirst && statement.text.startsWith("insert into sink_lease")) {
        isFirst = false;
        await deliverTo("pager", 10, async (owed) => ({ settled: settle(owed) }));
      }
      return database.query(statement, values);
    },
  };
  const handedOut = await sqlBooks(beaten).deliverTo("pager", 10, async (owed) => ({ settled: settle(owed) }));
  expect(handedOut).toEqual({ settled: [] });
  expect(isFirst).toBe(false);
});

it("gives no sink to another while one is at it, however long that takes, and gives it back at once", async () => {
  const { deliverTo } = sqlBooks(database, { lengthMs: 3_600_000, renewMs: 5 });
  const left = async () => {
    const text = "select extract(epoch from until - now())::integer as seconds from sink_lease";
    return (await database.query<{ seconds: number }>({ name: "left", text })).rows[0]?.seconds;
  };
  await deliverTo("pager", 10, async (owed) => {
    await database.run("update sink_lease set until = now() + interval '1 minute'");
    while (((await left()) ?? 0) < 3_000) await sleep(5);
    return { settled: settle(owed) };
  });
  expect(await left()).toBeUndefined();
  const thrown = deliverTo("other", 10, async () => {
    throw new Error("what nobody expected");
  });
  await expect(thrown).rejects.toThrow("what nobody expected");
  expect(await left()).toBeUndefined();
});
