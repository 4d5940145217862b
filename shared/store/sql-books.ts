/** The books in Postgres SQL, embedded and real. */
import type { HeardFeedback } from "../cost/watch-usage.ts";
import { PipelineError } from "../model/errors.ts";
import { EVIDENCE_KEPT, type Finding, type Level } from "../model/finding.ts";
import type { FindingRow } from "../model/ledger.ts";
import type { Reject } from "../model/raw-record.ts";
import { uidOf } from "../model/uid.ts";
import { DAY_MS, SECOND_MS } from "../model/units.ts";
import type { DeliveredBatch, Told } from "../pipeline/deliver.ts";
import type { Books, FindingEvent, HeardSource, KeptReject, Living, Refusal } from "./books.ts";
import type { Database, Session } from "./database.ts";

/** For how long a sink is one process's without a word of it, and how often it says that it still is. */
interface Lease {
  readonly lengthMs: number;
  readonly renewMs: number;
}

const LEASE: Lease = { lengthMs: 30 * SECOND_MS, renewMs: 10 * SECOND_MS };

export function sqlBooks(database: Database, lease: Lease = LEASE): Books {
  return {
    async cursors(collector) {
      const { rows } = await database.query<{ part: string; value: string }>(sql.cursors, [collector]);
      return new Map(rows.map(({ part, value }) => [part, value]));
    },

    async saveCursor(collector, part, cursor) {
      if (cursor === "") await database.query(sql.forgetCursor, [collector, part]);
      else await database.query(sql.saveCursor, [collector, part, cursor]);
    },

    async heard(sources) {
      // In one order, so that two workers never wait for each other.
      const rows = sources.toSorted((a, b) => (a.source < b.source ? -1 : 1));
      if (rows.length > 0) await database.query(sql.heard, [JSON.stringify(rows)]);
    },

    async coverage() {
      return (await database.query<HeardSource>(sql.coverage)).rows;
    },

    async recordRejects(rejects, seenTime) {
      const rows = rejects.map((reject) => ({ key: keyOf(reject), seenTime, ...reject }));
      if (rows.length > 0) await database.query(sql.recordRejects, [JSON.stringify(rows)]);
    },

    async rejects({ source, waiting = false, after, limit = 1_000 } = {}) {
      const [time, key] = after ? [after.seenTime, keyOf(after)] : [Number.MAX_SAFE_INTEGER, GREATEST_KEY];
      const values = [source ?? null, waiting, time, key, limit];
      const { rows } = await database.query<Nullable<KeptReject>>(sql.rejects, values);
      return rows.map(withoutNulls);
    },

    async markReplayed(rejects) {
      await database.query(sql.markReplayed, [JSON.stringify(rejects.map((reject) => ({ key: keyOf(reject) })))]);
    },

    async deliverTo(sink, limit, work) {
      const owed = async (most: number) =>
        (await database.query<OwedRow>(sql.owed, [sink, most])).rows.map(owedOf);
      // Mostly nothing is, and a lease is two writes.
      if ((await owed(1)).length === 0) return { settled: [] };
      const { rows } = await database.query<{ holder: string }>(sql.lease, [sink, lease.lengthMs]);
      const holder = rows[0]?.holder;
      if (holder === undefined) return undefined;

      // One that fails is made up for by the next; whether the lease held is seen when it is given back.
      const renew = () => void database.query(sql.renewLease, [sink, holder, lease.lengthMs]).catch(() => {});
      const renewing = setInterval(renew, lease.renewMs);
      let delivered: DeliveredBatch;
      try {
        // Again, since whoever had the lease until now may just have told all.
        delivered = await work(await owed(limit));
      } catch (error) {
        await database.query(sql.endLease, [sink, holder]).catch(() => {});
        throw error;
      } finally {
        clearInterval(renewing);
      }
      const told = delivered.settled.map(({ findingUid, told, refused }) => ({
        finding: findingUid,
        ...told,
        refused,
      }));
      const isRecorded = await database.transaction(async (session) => {
        const { count } = await session.query(sql.endLease, [sink, holder]);
        if (count > 0 && told.length > 0) await session.query(sql.settle, [sink, JSON.stringify(told)]);
        return count > 0;
      });
      if (isRecorded) return delivered;
      const failure = new PipelineError(
        "upstream-unavailable",
        `${sink}: another process took it over before this one was done; what was told is told again, with the same ids`,
      );
      return { settled: [], failure };
    },

    async refusals() {
      return (await database.query<Refusal>(sql.refusals)).rows;
    },

    forgetRefusals: (sink) =>
      database.transaction(async (session) => {
        const neverTold = await session.query(sql.forgetRefusedNews, [sink]);
        const toldBefore = await session.query(sql.forgetRefusedChanges, [sink]);
        return neverTold.count + toldBefore.count;
      }),

    async living() {
      const { rows } = await database.query<Nullable<Living>>(sql.living);
      return rows.map(withoutNulls);
    },

    changeStatus: (uid, { status, by, note, time }) =>
      database.transaction(async (session) => {
        const row = await claimFinding(session, uid);
        if (!row || row.finding.status === status) return row;
        const finding: Finding = { ...row.finding, status };
        const revision = row.revision + 1;
        await session.query(sql.changeStatus, [uid, status, revision, JSON.stringify(finding)]);
        await session.query(sql.addEvent, [uid, time, status, by, note ?? null, finding.lastSeenTime]);
        return { finding, revision };
      }),

    giveFeedback: (uid, { feedback, kind, uid: of, by, note, time }) =>
      database.transaction(async (session) => {
        const row = await claimFinding(session, uid);
        if (!row) return undefined;
        const { status, lastSeenTime } = row.finding;
        const said = JSON.stringify({ kind, uid: of, feedback });
        await session.query(sql.addFeedback, [uid, time, status, by, note ?? null, lastSeenTime, said]);
        return row;
      }),

    async feedback() {
      const { rows } = await database.query<{ said: Omit<HeardFeedback, "time">; time: HeardFeedback["time"] }>(
        sql.feedback,
      );
      return rows.map(({ said, time }) => ({ ...said, time }));
    },

    async history(uid) {
      const { rows } = await database.query<Nullable<FindingEvent>>(sql.history, [uid]);
      return rows.map(withoutNulls);
    },

    async forgetActivities(before, signal) {
      const { rows: forgotten } = await database.query<{ was: number }>(sql.forget, [before]);
      const removable = Math.min(before - DAY_MS, forgotten[0]?.was ?? 0);
      // Not from the beginning again: what is removed is passed over until Postgres has cleaned up.
      let since = 0;
      return inChunks(signal, async () => {
        const { rows } = await database.query<Removed>(sql.removeActivities, [removable, since, CHUNK]);
        since = rows[0]?.latest ?? since;
        return rows[0]?.count ?? 0;
      });
    },

    async forgetMatches(before, signal) {
      const { rows } = await database.query<{ uid: string }>(sql.findingsWithMatches, [before, EVIDENCE_KEPT + 1]);
      let removed = 0;
      for (const { uid } of rows) {
        removed += await inChunks(
          signal,
          async () => (await database.query(sql.removeMatches, [uid, before, CHUNK])).count,
        );
      }
      return removed;
    },

    forgetRejects: (before, signal) =>
      inChunks(signal, async () => (await database.query(sql.removeRejects, [before, CHUNK])).count),
  };
}

interface Removed {
  readonly count: number;
  /** Start of the last one; null where there was none. */
  readonly latest: number | null;
}

/** Rows that one statement removes: a second's work, so that nobody waits long for it and little is lost with it. */
const CHUNK = 10_000;

/** Until a chunk is not full, or time is up. Returns how many rows were removed. */
async function inChunks(signal: AbortSignal, removeChunk: () => Promise<number>): Promise<number> {
  let removed = 0;
  while (!signal.aborted) {
    const count = await removeChunk();
    removed += count;
    if (count < CHUNK) break;
  }
  return removed;
}

async function claimFinding(session: Session, uid: string): Promise<FindingRow | undefined> {
  return (await session.query<FindingRow>(sql.claimFinding, [uid])).rows[0];
}

const keyOf = ({ source, reason, place, record }: Reject): string =>
  uidOf("reject", source, reason, place, record);

const GREATEST_KEY = "f".repeat(32);

interface OwedRow {
  readonly finding: Finding;
  readonly status: Finding["status"] | null;
  readonly level: Level | null;
  readonly times: number | null;
  readonly reference: string | null;
}

function owedOf({ finding, status, level, times, reference }: OwedRow) {
  if (status === null || level === null) return { finding };
  const told: Told = { status, level, times: times ?? 0, ...(reference === null ? {} : { reference }) };
  return { finding, told };
}

type Nullable<Row> = { readonly [Key in keyof Row]: Row[Key] | null };

const withoutNulls = <Row>(row: Nullable<Row>): Row =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row;

const texts = {
  cursors: "select part, value from cursor where collector = $1",
  saveCursor: `insert into cursor (collector, part, value) values ($1, $2, $3)
    on conflict (collector, part) do update set value = excluded.value`,
  forgetCursor: "delete from cursor where collector = $1 and part = $2",

  heard: `insert into coverage (source, last_event_time, heard_time)
    select * from json_to_recordset($1::json) as row (source text, "lastEventTime" bigint, "heardTime" bigint)
    on conflict (source) do update set
      last_event_time = greatest(coverage.last_event_time, excluded.last_event_time),
      heard_time = greatest(coverage.heard_time, excluded.heard_time)`,
  coverage: `select source, last_event_time as "lastEventTime", heard_time as "heardTime" from coverage order by source`,

  recordRejects: `insert into reject (key, source, reason, place, record, seen_time)
    select * from json_to_recordset($1::json)
      as row (key uuid, source text, reason text, place text, record integer, "seenTime" bigint)
    on conflict do nothing`,
  rejects: `select source, reason, place, record, seen_time as "seenTime", replayed from reject
    where ($1::text is null or source = $1) and not (replayed and $2::boolean) and (seen_time, key) < ($3::bigint, $4::uuid)
    order by seen_time desc, key desc limit $5`,
  markReplayed: `update reject set replayed = true
    from json_to_recordset($1::json) as row (key uuid) where reject.key = row.key`,

  // By the clock of the database: those of two processes may differ.
  lease: `insert into sink_lease (sink, holder, until)
    values ($1, gen_random_uuid(), now() + $2::integer * interval '1 millisecond')
    on conflict (sink) do update set holder = excluded.holder, until = excluded.until where sink_lease.until <= now()
    returning holder`,
  renewLease: `update sink_lease set until = now() + $3::integer * interval '1 millisecond'
    where sink = $1 and holder = $2::uuid`,
  endLease: "delete from sink_lease where sink = $1 and holder = $2::uuid",
  owed: `select f.finding, d.status, d.level, d.times, d.reference from finding f
    left join delivery d on d.sink = $1 and d.finding = f.uid
    where d.finding is null or (d.status, d.level) <> (f.status, f.finding->>'level')
    order by f.uid limit $2`,
  settle: `insert into delivery (sink, finding, status, level, times, reference, refused)
    select $1, row.* from json_to_recordset($2::json)
      as row (finding uuid, status text, level text, times integer, reference text, refused text)
    on conflict (sink, finding) do update set status = excluded.status, level = excluded.level,
      times = excluded.times, reference = excluded.reference, refused = excluded.refused`,

  refusals: `select sink, replace(finding::text, '-', '') as "findingUid", refused as reason from delivery
    where refused is not null order by sink, finding`,
  forgetRefusedNews: "delete from delivery where sink = $1 and refused is not null and times = 0",
  // What the sink knew before is not kept: as if it knew of a finding of the least level that nobody has touched.
  forgetRefusedChanges: `update delivery set refused = null, status = 'new', level = 'informational'
    where sink = $1 and refused is not null`,

  living: `select f.finding, case when f.status = 'resolved' then e.seen_until end as "seenUntil" from finding f
    left join lateral (select seen_until from finding_event where finding = f.uid and feedback is null order by number desc limit 1) e on true
    where f.status not in ('suppressed') order by f.uid`,
  claimFinding: "select finding, revision from finding where uid = $1::uuid for update",
  changeStatus: "update finding set status = $2, revision = $3, finding = $4::json where uid = $1::uuid",
  addEvent: `insert into finding_event (finding, number, time, status, by_whom, note, seen_until)
    select $1::uuid, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6 from finding_event where finding = $1::uuid`,
  addFeedback: `insert into finding_event (finding, number, time, status, by_whom, note, seen_until, feedback)
    select $1::uuid, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7::json from finding_event where finding = $1::uuid`,
  feedback: `select feedback as said, time from finding_event where feedback is not null order by time, finding, number`,
  history: `select time, status, by_whom as "by", note, seen_until as "seenUntil", feedback->>'feedback' as feedback
    from finding_event
    where finding = $1::uuid order by number`,

  forget: `with known as (select before from forgotten)
    insert into forgotten (before) values ($1)
    on conflict (one) do update set before = greatest(forgotten.before, excluded.before)
    returning coalesce((select before from known), 0) as was`,
  // Who has a row claimed keeps it for now. What an older version wrote lasts a month at most.
  removeActivities: `with gone as (
      delete from activity where uid in (
        select uid from activity
        where start_time >= $2 and start_time < $1 and coalesce(end_time, start_time + ${31 * DAY_MS}) < $1
        order by start_time, uid limit $3 for update skip locked)
      returning start_time)
    select count(*)::integer as count, max(start_time) as latest from gone`,

  findingsWithMatches: `select uid from finding where exists (
      select from finding_match where finding = uid and time < $1 order by time, supporter offset $2 limit 1)`,
  removeMatches: `delete from finding_match as kept
    using (
      select time, supporter, row_number() over later as nth, lead(true) over later as is_followed
      from (
        select time, supporter from finding_match as old
        where finding = $1::uuid and time < $2
          and not exists (select from activity where uid = supporter)
          and not exists (select from rule_group where key = supporter)
        order by time, supporter limit $3::integer + ${EVIDENCE_KEPT + 1}
      ) as gone
      window later as (order by time, supporter)
    ) as gone
    where kept.finding = $1::uuid and kept.time = gone.time and kept.supporter = gone.supporter
      and nth > ${EVIDENCE_KEPT} and is_followed`,

  removeRejects: "delete from reject where key in (select key from reject where seen_time < $1 limit $2)",
};

const sql = Object.fromEntries(
  Object.entries(texts).map(([name, text]) => [name, { name: `books-${name}`, text }]),
) as Readonly<Record<keyof typeof texts, { readonly name: string; readonly text: string }>>;
