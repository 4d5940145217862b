/**
 * The store in Postgres SQL: one dialect, embedded and real, and all of it in this file.
 *
 * Rows travel as columns: keys and times as array literals, documents as lines of JSON. One statement per table and
 * batch, always the same text, so that it stays prepared.
 */
import { canonicalJson } from "../model/canonical-json.ts";
import { EVIDENCE_KEPT, type Finding } from "../model/finding.ts";
import {
  attributionKeys,
  type EntityRow,
  type FindingMatch,
  type FindingRow,
  type HeldFinding,
  type LedgerEntry,
  type RuleGroupRow,
  type RuleStateRow,
  type SeriesRow,
  type UsageRow,
  usageKeys,
  usageSums,
} from "../model/ledger.ts";
import { uidOf } from "../model/uid.ts";
import { EpochMs } from "../model/units.ts";
import type { Database, Session, Statement } from "./database.ts";
import { byEntity, byFinding, bySeries, byUsage } from "./row-order.ts";
import type { ClaimedGroup, Store, Tables } from "./store.ts";

/** Attempts at one transaction that others keep coming in front of. Each time somebody else got through. */
const ATTEMPTS = 20;
const PAGE = 1_000;

/** A log that is read for the first time tells of nothing known; after so many transactions, the next is taken to be so. */
const FRESH_BEFORE = 8;

export function sqlStore(database: Database): Store {
  /** Transactions, one behind the other, whose activities were all new. */
  let fresh = 0;

  return {
    async transact(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await database.transaction((session) => {
            const { tables, settled } = tablesIn(session, {
              expectsNew: fresh >= FRESH_BEFORE && attempt === 1,
              met: (known) => {
                fresh = known ? 0 : fresh + 1;
              },
            });
            return work(tables).finally(settled);
          });
        } catch (error) {
          if (attempt === ATTEMPTS || !isWorthAnotherTry(error)) throw error;
        }
      }
    },

    async findings({ status } = {}) {
      const { rows } = status
        ? await database.query<FindingRow>(sql.findingsByStatus, [arrayOf(status)])
        : await database.query<FindingRow>(sql.findings);
      return [...rows].sort(byFinding);
    },

    async finding(uid) {
      // People type uids; Postgres fails on what is none.
      if (!/^[0-9a-f]{32}$/.test(uid)) return undefined;
      const { rows } = await database.query<FindingRow>(sql.finding, [arrayOf([uid])]);
      return rows[0];
    },

    async usage({ since = 0, until = Number.MAX_SAFE_INTEGER } = {}) {
      const { rows } = await database.query<UsageRow>(sql.usage, [since, until]);
      return [...rows].sort(byUsage);
    },

    async usedHours() {
      const { rows } = await database.query<{ first: EpochMs | null; last: EpochMs | null }>(sql.usedHours);
      const [{ first, last } = { first: null, last: null }] = rows;
      return first === null || last === null ? undefined : { first, last };
    },

    async series() {
      const { rows } = await database.query<SeriesRow>(sql.series);
      // A Buffer here and a Uint8Array there.
      return rows.map((row) => ({ ...row, state: new Uint8Array(row.state) })).sort(bySeries);
    },

    async entities() {
      const { rows } = await database.query<EntityRow>(sql.entities);
      return [...rows].sort(byEntity);
    },

    async *activities({ since = 0, until = Number.MAX_SAFE_INTEGER } = {}) {
      let after = { time: since - 1, uid: GREATEST_UID };
      for (;;) {
        const { rows } = await database.query<{ entry: LedgerEntry }>(sql.activities, [
          after.time,
          after.uid,
          until,
          PAGE,
        ]);
        for (const { entry } of rows) yield entry;
        const last = rows.at(-1)?.entry.activity;
        if (!last || rows.length < PAGE) return;
        after = { time: last.startTime, uid: last.uid };
      }
    },

    async forgottenBefore() {
      const { rows } = await database.query<{ before: EpochMs }>(sql.forgottenBefore);
      return rows[0]?.before ?? EpochMs.parse(0);
    },

    async dump() {
      const documents = async (table: string, column: string) => {
        const text = `select ${column} as document from ${table}`;
        const { rows } = await database.query<{ document: unknown }>({ name: `dump-${table}`, text });
        return rows.map(({ document }) => canonicalJson(document)).sort();
      };
      return {
        activity: await documents("activity", "entry"),
        usage_hourly: (await this.usage()).map(canonicalJson).sort(),
        entity: (await this.entities()).map(canonicalJson).sort(),
        rule_group: await documents("rule_group", "state"),
        rule_state: await documents("rule_state", "state"),
        finding: (await database.query<HeldRow>(sql.heldFindings)).rows.map(held).map(canonicalJson).sort(),
        finding_match: await documents("finding_match", "match"),
        series_state: (await this.series()).map(encoded).map(canonicalJson).sort(),
      };
    },

    close: () => database.close(),
  };
}

/** Somebody else wrote a row that this transaction was about to write first. */
class CameSecond extends Error {}

const UNIQUE_VIOLATION = "23505";
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK = "40P01";

const isWorthAnotherTry = (error: unknown): boolean =>
  error instanceof CameSecond ||
  (error instanceof Error && "code" in error && (error.code === SERIALIZATION_FAILURE || error.code === DEADLOCK));

/**
 * Claims lock the rows that are there. Of rows that are not there, an insert finds out whether another transaction
 * was first: it waits for that one's end and then inserts less than it was given. That of activities fails instead: so
 * that it need not look for each row before it writes it, which costs a tenth. Where none is expected to be there,
 * activities are not looked for at all, which costs another: the insert fails where one is, and the second try looks.
 *
 * Writes are sent and not waited for: the database works while the next are made. `settled` waits for all of them,
 * and throws what one that failed threw: what came after it failed too and says less.
 */
function tablesIn(
  session: Session,
  { expectsNew, met }: { readonly expectsNew: boolean; readonly met: (known: boolean) => void },
): { readonly tables: Tables; settled(): Promise<void> } {
  const sent: Promise<void>[] = [];
  const failures: unknown[] = [];
  let entries: ReadonlyMap<string, LedgerEntry> = new Map();
  let groups: ReadonlyMap<string, ClaimedGroup> = new Map();
  let findings: ReadonlyMap<string, HeldFinding> = new Map();

  function write(statement: Statement, keys: readonly string[], ...columns: readonly string[]): void {
    if (keys.length > 0) send(session.query(statement, [arrayOf(keys), ...columns]));
  }

  function insert(statement: Statement, keys: readonly string[], ...columns: readonly string[]): void {
    if (keys.length === 0) return;
    const inserted = session.query(statement, [arrayOf(keys), ...columns]);
    send(
      inserted.then(
        ({ count }) => {
          if (count < keys.length) throw new CameSecond();
        },
        (error: unknown) => {
          if (!(error instanceof Error && "code" in error && error.code === UNIQUE_VIOLATION)) throw error;
          met(true);
          throw new CameSecond();
        },
      ),
    );
  }

  function send(work: Promise<unknown>): void {
    sent.push(
      work.then(
        () => undefined,
        (error: unknown) => {
          failures.push(error);
        },
      ),
    );
  }

  async function settled(): Promise<void> {
    await Promise.all(sent);
    if (failures.length > 0) throw failures.find(isWorthAnotherTry) ?? failures[0];
  }

  const tables: Tables = {
    async claimActivities(uids) {
      if (expectsNew) return entries;
      const { rows } = await session.query<{ entry: LedgerEntry }>(sql.claimActivities, [arrayOf(uids)]);
      if (uids.length > 0) met(rows.length > 0);
      entries = new Map(rows.map(({ entry }) => [entry.activity.uid, entry]));
      return entries;
    },

    async putActivities(given) {
      const [known, fresh] = divide(given, (entry) => entries.has(uidOfEntry(entry)));
      const before = sent.at(-1);
      const columns = (entries: readonly LedgerEntry[]) => [
        arrayOf(entries.map(({ activity }) => activity.startTime)),
        arrayOf(entries.map(({ activity }) => activity.endTime)),
        linesOf(entries),
      ];
      insert(sql.addActivities, fresh.map(uidOfEntry), ...columns(fresh));
      write(sql.changeActivities, known.map(uidOfEntry), ...columns(known));
      // One chunk on its way, another in the making; more would only take memory.
      await before;
    },

    async addUsage(differences) {
      const keyed = sorted(
        differences.map((row) => ({ key: usageKeyOf(row), row })),
        keyOf,
      );
      write(sql.addUsage, keyed.map(keyOf), linesOf(keyed.map(({ row }) => row)));
      const lessened = keyed.filter(({ row }) => usageSums.some((sum) => row[sum] < 0));
      write(sql.removeEmptyUsage, lessened.map(keyOf));
    },

    async widenEntities(given) {
      const keyed = sorted(
        given.map((row) => ({ key: uidOf("entity", row.type, row.uid), row })),
        keyOf,
      );
      write(sql.widenEntities, keyed.map(keyOf), linesOf(keyed.map(({ row }) => row)));
    },

    async rememberedAt(keys) {
      const { rows } = await session.query<{ state: RuleStateRow }>(sql.rememberedAt, [arrayOf(keys)]);
      return rows.map(({ state }) => state);
    },

    async claimGroups(keys) {
      const claimed = await session.query<{ state: RuleGroupRow }>(sql.claimGroups, [arrayOf(keys)]);
      const remembered = await session.query<{ state: RuleStateRow }>(sql.rememberedOf, [arrayOf(keys)]);
      const byGroup = Map.groupBy(
        remembered.rows.map(({ state }) => state),
        ({ groupKey }) => groupKey,
      );
      groups = new Map(
        claimed.rows.map(({ state: { key, matches } }) => [key, { matches, remembered: byGroup.get(key) ?? [] }]),
      );
      return groups;
    },

    async putGroups(written, removed) {
      const [known, fresh] = divide(sorted(written.groups, keyOf), ({ key }) => groups.has(key));
      insert(sql.addGroups, fresh.map(keyOf), linesOf(fresh));
      write(sql.changeGroups, known.map(keyOf), linesOf(known));
      const groupKeys = written.remembered.map(({ groupKey }) => groupKey);
      write(sql.remember, written.remembered.map(keyOf), arrayOf(groupKeys), linesOf(written.remembered));
      write(sql.forget, removed.remembered);
      write(sql.removeGroups, removed.groups);
    },

    async moveMatches(taken, put) {
      const columns = (keys: readonly { finding: string; time: number; supporter: string }[]) => [
        arrayOf(keys.map(({ finding }) => finding)),
        arrayOf(keys.map(({ time }) => time)),
        arrayOf(keys.map(({ supporter }) => supporter)),
      ];
      const gone =
        taken.length === 0
          ? []
          : (await session.query<{ match: FindingMatch }>(sql.takeMatches, columns(taken))).rows;
      if (put.length > 0) send(session.query(sql.putMatches, [...columns(put), linesOf(put)]));
      return gone.map(({ match }) => match);
    },

    async claimFindings(uids) {
      const { rows } = await session.query<HeldRow>(sql.claimFindings, [arrayOf(uids)]);
      findings = new Map(rows.map((row) => [row.finding.uid, held(row)]));
      return findings;
    },

    async endsOf(uid) {
      const first = await session.query<{ match: FindingMatch }>(sql.firstMatches, [uid, EVIDENCE_KEPT]);
      const ends = first.rows.map(({ match }) => match);
      if (ends.length < EVIDENCE_KEPT) return ends;
      const last = await session.query<{ match: FindingMatch }>(sql.lastMatch, [uid]);
      return [...ends.slice(0, -1), ...last.rows.map(({ match }) => match)];
    },

    async putFindings(given, removed) {
      const [known, fresh] = divide(sorted(given, uidOfFinding), (row) => findings.has(uidOfFinding(row)));
      const columns = (rows: readonly HeldFinding[]) => [
        arrayOf(rows.map(({ finding }) => finding.status)),
        arrayOf(rows.map(({ revision }) => revision)),
        linesOf(rows.map(({ finding }) => finding)),
        linesOf(rows.map(({ levels, ends }) => ({ levels, ends }))),
      ];
      insert(sql.addFindings, fresh.map(uidOfFinding), ...columns(fresh));
      write(sql.changeFindings, known.map(uidOfFinding), ...columns(known));
      write(sql.removeFindings, removed);
    },

    async claimSeries() {
      const { rows } = await session.query<{ nextHour: number }>(sql.claimSeries);
      return rows[0]?.nextHour;
    },

    async putSeries(given) {
      const keyed = sorted(
        given.map((row) => ({ key: uidOf("series", row.kind, row.uid), row })),
        keyOf,
      );
      write(sql.putSeries, keyed.map(keyOf), linesOf(keyed.map(({ row }) => encoded(row))));
      write(sql.removeSeries, keyed.map(keyOf));
    },
  };
  return { tables, settled };
}

interface HeldRow {
  readonly finding: Finding;
  readonly revision: number;
  readonly held: Pick<HeldFinding, "levels" | "ends">;
}

const held = ({ finding, revision, held: { levels, ends } }: HeldRow): HeldFinding => ({
  finding,
  revision,
  levels,
  ends,
});

/** JSON holds no bytes. */
const encoded = (row: SeriesRow) => ({ ...row, state: Buffer.from(row.state).toString("base64") });

const uidOfEntry = ({ activity }: LedgerEntry): string => activity.uid;
const uidOfFinding = ({ finding }: HeldFinding): string => finding.uid;
const keyOf = ({ key }: { readonly key: string }): string => key;
/** Rows from before there was an attribution, or a currency, keep their key. */
function usageKeyOf(row: UsageRow): string {
  const isAttributed = attributionKeys.some((part) => row[part] !== "");
  const left = row.currency !== "" ? 0 : isAttributed ? 1 : 1 + attributionKeys.length;
  const parts = usageKeys.slice(0, usageKeys.length - left);
  return uidOf("usage", ...parts.map((part) => row[part]));
}

const GREATEST_UID = "f".repeat(32);

/** In the order in which every transaction takes its locks. */
const sorted = <Row>(rows: readonly Row[], key: (row: Row) => string): Row[] =>
  rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));

function divide<Row>(rows: readonly Row[], test: (row: Row) => boolean): [Row[], Row[]] {
  const { pass = [], fail = [] } = Object.groupBy(rows, (row) => (test(row) ? "pass" : "fail"));
  return [pass, fail];
}

/** Of uids, numbers and words of ours: nothing in them needs quoting. */
const arrayOf = (values: readonly (string | number)[]): string => `{${values.join(",")}}`;

/** JSON text holds no line break of its own. */
const linesOf = (rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join("\n");

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const lines = (parameter: string): string => `string_to_array(${parameter}, E'\\n')`;

const usageColumns = [...usageKeys, ...usageSums].map(snake);
const usageTypes = [...usageKeys, ...usageSums].map(
  (name) => `"${name}" ${name === "hour" || usageSums.some((sum) => sum === name) ? "bigint" : "text"}`,
);

const IS_USE = "view <> 'network' and calls + input_tokens + output_tokens <> 0";

const texts = {
  claimActivities: "select entry from activity where uid = any($1::uuid[]) order by uid for update",
  addActivities: `insert into activity (uid, start_time, end_time, entry)
    select uid, start_time, end_time, entry::json
    from unnest($1::uuid[], $2::bigint[], $3::bigint[], ${lines("$4")}) as given (uid, start_time, end_time, entry)`,
  changeActivities: `update activity
    set start_time = given.start_time, end_time = given.end_time, entry = given.entry::json
    from unnest($1::uuid[], $2::bigint[], $3::bigint[], ${lines("$4")}) as given (uid, start_time, end_time, entry)
    where activity.uid = given.uid`,
  activities: `select entry from activity
    where (start_time, uid) > ($1::bigint, $2::uuid) and start_time < $3 order by start_time, uid limit $4`,
  forgottenBefore: "select before from forgotten",

  addUsage: `insert into usage_hourly (key, ${usageColumns.join(", ")})
    select key, row.* from unnest($1::uuid[], ${lines("$2")}) as given (key, document),
      json_to_record(document::json) as row (${usageTypes.join(", ")})
    on conflict (key) do update set ${usageSums
      .map(snake)
      .map((sum) => `${sum} = usage_hourly.${sum} + excluded.${sum}`)
      .join(", ")}`,
  removeEmptyUsage: `delete from usage_hourly where key = any($1::uuid[])
    and ${usageSums.map((sum) => `${snake(sum)} = 0`).join(" and ")}`,
  usage: `select ${[...usageKeys, ...usageSums].map((name) => `${snake(name)} as "${name}"`).join(", ")}
    from usage_hourly where hour >= $1 and hour < $2`,

  usedHours: `select
    (select hour from usage_hourly where ${IS_USE} order by hour limit 1) as first,
    (select hour from usage_hourly where ${IS_USE} order by hour desc limit 1) as last`,

  series: `select kind, uid, next_hour as "nextHour", state, rest from series_state`,
  claimSeries: `select next_hour as "nextHour" from series_state where kind = 'organization' for update`,
  putSeries: `insert into series_state (key, kind, uid, next_hour, state, rest)
    select key, row.kind, row.uid, row."nextHour", decode(row.state, 'base64'), row.rest
    from unnest($1::uuid[], ${lines("$2")}) as given (key, document),
      json_to_record(document::json) as row (kind text, uid text, "nextHour" integer, state text, rest json)
    on conflict (key) do update set next_hour = excluded.next_hour, state = excluded.state, rest = excluded.rest`,
  removeSeries: `delete from series_state
    where not exists (select from unnest($1::uuid[]) as given (key) where given.key = series_state.key)`,

  widenEntities: `insert into entity (key, type, uid, name, first_seen_time, last_seen_time)
    select key, row.* from unnest($1::uuid[], ${lines("$2")}) as given (key, document),
      json_to_record(document::json)
        as row (type text, uid text, name text, "firstSeenTime" bigint, "lastSeenTime" bigint)
    on conflict (key) do update set
      name = case when entity.name = entity.uid then excluded.name when excluded.name = entity.uid then entity.name
        else greatest(entity.name collate "C", excluded.name collate "C") end,
      first_seen_time = least(entity.first_seen_time, excluded.first_seen_time),
      last_seen_time = greatest(entity.last_seen_time, excluded.last_seen_time)
    where excluded.first_seen_time < entity.first_seen_time or excluded.last_seen_time > entity.last_seen_time
      or excluded.name not in (entity.name, entity.uid)`,
  entities: `select type, uid, name, first_seen_time as "firstSeenTime", last_seen_time as "lastSeenTime" from entity`,

  rememberedAt: "select state from rule_state where key = any($1::uuid[])",
  claimGroups: "select state from rule_group where key = any($1::uuid[]) order by key for update",
  rememberedOf: "select state from rule_state where group_key = any($1::uuid[])",
  addGroups: `insert into rule_group (key, state)
    select key, state::json from unnest($1::uuid[], ${lines("$2")}) as given (key, state) on conflict do nothing`,
  changeGroups: `update rule_group set state = given.state::json
    from unnest($1::uuid[], ${lines("$2")}) as given (key, state) where rule_group.key = given.key`,
  removeGroups: "delete from rule_group where key = any($1::uuid[])",
  remember: `insert into rule_state (key, group_key, state)
    select key, group_key, state::json from unnest($1::uuid[], $2::uuid[], ${lines("$3")}) as given (key, group_key, state)
    on conflict (key) do update set state = excluded.state`,
  forget: "delete from rule_state where key = any($1::uuid[])",

  takeMatches: `delete from finding_match as kept
    using unnest($1::uuid[], $2::bigint[], $3::uuid[]) as given (finding, time, supporter)
    where kept.finding = given.finding and kept.time = given.time and kept.supporter = given.supporter
    returning match`,
  putMatches: `insert into finding_match (finding, time, supporter, match)
    select finding, time, supporter, match::json
    from unnest($1::uuid[], $2::bigint[], $3::uuid[], ${lines("$4")}) as given (finding, time, supporter, match)
    on conflict (finding, time, supporter) do update set match = excluded.match`,
  firstMatches: "select match from finding_match where finding = $1::uuid order by time, supporter limit $2",
  lastMatch: "select match from finding_match where finding = $1::uuid order by time desc, supporter desc limit 1",

  claimFindings: "select finding, revision, held from finding where uid = any($1::uuid[]) order by uid for update",
  addFindings: `insert into finding (uid, status, revision, finding, held)
    select uid, status, revision, finding::json, held::json
    from unnest($1::uuid[], $2::text[], $3::integer[], ${lines("$4")}, ${lines("$5")}) as given (uid, status, revision, finding, held)
    on conflict do nothing`,
  changeFindings: `update finding
    set status = given.status, revision = given.revision, finding = given.finding::json, held = given.held::json
    from unnest($1::uuid[], $2::text[], $3::integer[], ${lines("$4")}, ${lines("$5")}) as given (uid, status, revision, finding, held)
    where finding.uid = given.uid`,
  removeFindings: "delete from finding where uid = any($1::uuid[])",
  findings: "select finding, revision from finding",
  findingsByStatus: "select finding, revision from finding where status = any($1::text[])",
  finding: "select finding, revision from finding where uid = any($1::uuid[])",
  heldFindings: "select finding, revision, held from finding",
};

const sql = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { name, text }])) as Readonly<
  Record<keyof typeof texts, Statement>
>;
