/**
 * Begins in memory, at once and for nothing, and moves into a database when it holds more than memory should: who
 * scans a few files never notices, and who scans gigabytes keeps a bounded process.
 */
import type { MemoryStore, StoredRows } from "./memory-store.ts";
import type { Store } from "./store.ts";

const CHUNK = 1_000;

/** `limit` of activities and matches; `openNext` gives an empty store, closed with this one. */
export function overflowingStore(first: MemoryStore, openNext: () => Promise<Store>, limit: number): Store {
  let current: Store = first;
  /** Let go of once it is left. */
  let memory: MemoryStore | undefined = first;
  /** Whoever comes while the store moves waits until it has. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    transact: (work) =>
      inTurn(async () => {
        const result = await current.transact(work);
        if (memory && memory.size() > limit) {
          const next = await openNext();
          await move(memory.rows(), next);
          current = next;
          memory = undefined;
        }
        return result;
      }),
    findings: (filter) => inTurn(() => current.findings(filter)),
    finding: (uid) => inTurn(() => current.finding(uid)),
    usage: (range) => inTurn(() => current.usage(range)),
    usedHours: () => inTurn(() => current.usedHours()),
    series: () => inTurn(() => current.series()),
    entities: () => inTurn(() => current.entities()),
    async *activities(range) {
      yield* await inTurn(async () => current.activities(range));
    },
    forgottenBefore: () => inTurn(() => current.forgottenBefore()),
    dump: () => inTurn(() => current.dump()),
    close: () => inTurn(() => current.close()),
  };
}

/** Into an empty store nobody else knows: there is nothing to claim. */
const move = (rows: StoredRows, next: Store): Promise<void> =>
  next.transact(async (tables) => {
    for (const entries of chunks(rows.activities)) await tables.putActivities(entries);
    await tables.addUsage(rows.usage);
    await tables.widenEntities(rows.entities);
    await tables.putGroups(rows, { groups: [], remembered: [] });
    for (const matches of chunks(rows.matches)) await tables.moveMatches([], matches);
    await tables.putFindings(rows.findings, []);
    if (rows.series.length > 0) await tables.putSeries(rows.series);
  });

function* chunks<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += CHUNK) yield rows.slice(from, from + CHUNK);
}
