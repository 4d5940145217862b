/**
 * Exactly once in effect, proved: the made-up month goes through receiver and collector, Kafka, normalize, detect,
 * Postgres and deliver, with review and housekeeping beside them, in processes of their own, while these are killed with
 * SIGKILL at random, the broker and the database are killed and started again, and connections to both are cut. Requests
 * are repeated, split and out of order. At the end every table must equal, byte for byte, that of an undisturbed run in
 * memory, and every change of a finding's state must have been told, once.
 *
 * What review says while half of the logs are there is right for that half. So it is asked once more at the end, from the
 * beginning, as is housekeeping. Silences that were true for a while stay found, and are not compared.
 *
 * `npm run chaos` runs 200 kills; `npm run chaos -- --kills 20 --seed 3` fewer.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { policyYaml } from "../../cli/demo/company.ts";
import { madeUpMonth } from "../../cli/demo/made-up-month.ts";
import { randomFrom } from "../../cli/demo/random.ts";
import { logFilesOf, textOf } from "../../cli/demo/write-logs.ts";
import { housekeepOnce } from "../../functions/housekeeping.ts";
import { lineLog } from "../../functions/log.ts";
import { reviewOnce } from "../../functions/review.ts";
import { openRuntime, readConfiguration } from "../../functions/runtime.ts";
import { migrateTopics } from "../../shared/bus/kafka-bus.ts";
import { loadPrices } from "../../shared/cost/price.ts";
import { silentSource } from "../../shared/detections/silent-source.ts";
import type { Activity } from "../../shared/model/activity.ts";
import { canonicalJson } from "../../shared/model/canonical-json.ts";
import type { HeldFinding } from "../../shared/model/ledger.ts";
import { DAY_MS, EpochMs } from "../../shared/model/units.ts";
import { trimmed } from "../../shared/pipeline/collect.ts";
import { detect } from "../../shared/pipeline/detect.ts";
import { nextStatus } from "../../shared/pipeline/lifecycle.ts";
import { review } from "../../shared/pipeline/review.ts";
import { compilePolicy } from "../../shared/policy/judge.ts";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import { detections, sources } from "../../shared/registry.ts";
import { readRaw } from "../../shared/sources/source.ts";
import type { Database } from "../../shared/store/database.ts";
import { openMemoryStore } from "../../shared/store/memory-store.ts";
import { migrateStore, openLastingStore } from "../../shared/store/open-store.ts";
import { postgresDatabase } from "../../shared/store/postgres-store.ts";
import { derived } from "../contract/store.contract.ts";
import { type Cut, startCut } from "../servers/cut.ts";
import { serveJson } from "../servers/json-api.ts";
import { freePort, type KafkaServer } from "../servers/kafka.ts";
import type { PostgresServer } from "../servers/postgres.ts";
import { type SpendRow, spendLogs } from "../servers/spend-logs.ts";

const SECRET = "made-up-secret-of-the-chaos-run";
const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
/** Each is killed on its own; two of the stages that hold state in flight. */
const processes = [
  "receive",
  "normalize",
  "detect",
  "detect",
  "deliver",
  "collect",
  "review",
  "housekeeping",
] as const;
/** By then all is quiet, and every source gone for good. */
const QUIET_DAYS = 60;

export interface ChaosResult {
  readonly kills: number;
  readonly brokerCrashes: number;
  readonly databaseCrashes: number;
  /** Connections to broker and database that were cut. */
  readonly cuts: number;
  readonly requests: number;
  readonly activities: number;
  readonly findings: number;
  readonly told: number;
  /** Messages that came more than once, with the id they had before. */
  readonly repeated: number;
  readonly seconds: number;
  /** Tables that differ; empty is what is wanted. */
  readonly different: readonly string[];
  /** Findings with a change that is still owed, or that is recorded as told and never arrived. */
  readonly untold: readonly string[];
  /** Findings, and the change that was told a second time, under another id. */
  readonly toldTwice: readonly string[];
}

export async function runChaos(
  options: { readonly seed: number; readonly kills: number; readonly days: number },
  servers: { readonly kafka: KafkaServer; readonly postgres: PostgresServer; readonly toKafka?: Cut },
  say: (line: string) => void,
): Promise<ChaosResult> {
  const started = performance.now();
  const random = randomFrom(options.seed);
  const folder = await mkdtemp(join(tmpdir(), "gnomon-chaos-"));
  const url = await servers.postgres.newDatabase();
  await migrateStore(url);
  await migrateTopics({ brokers: servers.kafka.brokers }, { replicationFactor: 1 });

  const bodies = bodiesOf(options.seed, options.days);
  const gateway = await serveJson(spendLogs(bodies.spendRows));
  const webhook = await serveWebhook();
  const port = await freePort();
  await writeFile(join(folder, "policy.yaml"), policyYaml);
  const database = new URL(url);
  const toPostgres = await startCut(await freePort(), () => Number(database.port));
  const cuttable = Object.assign(new URL(url), { port: toPostgres.port }).href;
  await writeFile(
    join(folder, "gnomon.yaml"),
    configuration(servers.kafka, cuttable, port, gateway.url, webhook.url),
  );

  const fleet = processes.map((name) => startProcess(name, folder));
  let stopped = false;
  const done = { kills: 0, brokerCrashes: 0, databaseCrashes: 0, cuts: 0 };
  let requests = 0;
  try {
    const disturbing = (async () => {
      const chance = random.fork("kills");
      // Each once before any of them twice.
      let next: Fleet = [];
      while (done.kills < options.kills && !stopped) {
        await sleep(chance.whole(300, 4_000));
        if (next.length === 0) next = shuffled(fleet, chance);
        next[0]?.kill();
        next = next.slice(1);
        done.kills++;
        if (done.kills % 4 === 1) done.cuts += toPostgres.cut();
        if (done.kills % 4 === 3) done.cuts += servers.toKafka?.cut() ?? 0;
        if (done.kills % 20 === 10 && servers.kafka.crash) {
          await servers.kafka.crash.kill();
          await servers.kafka.crash.restart();
          done.brokerCrashes++;
        }
        if (done.kills % 15 === 7 && servers.postgres.kill && servers.postgres.restart) {
          await servers.postgres.kill();
          await servers.postgres.restart();
          done.databaseCrashes++;
        }
        if (done.kills % 20 === 0) say(`${done.kills} kills, ${requests} requests taken`);
      }
    })();

    // As long as there is killing to do there is traffic: round after round of the same, in another order.
    const order = random.fork("order");
    let round = 0;
    do {
      for (const body of shuffled(bodies.pushed, order)) {
        await push(body, port);
        requests++;
        if (done.kills < options.kills) await sleep(order.whole(0, 40));
      }
      round++;
    } while (done.kills < options.kills && round < 50);
    stopped = done.kills >= options.kills;
    await disturbing;
    say(`undisturbed from now on: ${requests} requests in ${round} rounds`);

    const lastEventTime = Date.UTC(2026, 8, options.days + 1);
    const now = EpochMs.parse(Math.max(Date.now(), lastEventTime + QUIET_DAYS * DAY_MS));
    const calm = await undisturbed(bodies, now);
    const actual = await settled({ url, config: join(folder, "gnomon.yaml"), now }, calm, fleet, say);
    const different = Object.keys(calm.tables).filter(
      (table) => JSON.stringify(actual.tables[table]) !== JSON.stringify(calm.tables[table]),
    );
    for (const { finding, reason } of webhook.told.values()) {
      const isSilence = reason.startsWith(`${silentSource.rule.name}:`);
      if (!isSilence && !calm.findings.includes(finding)) say(`told and withdrawn: ${reason}`);
    }
    for (const table of different) {
      const [want, got] = [new Set(calm.tables[table]), new Set(actual.tables[table])];
      const missing = [...want].filter((row) => !got.has(row));
      const extra = [...got].filter((row) => !want.has(row));
      say(
        `${table}: ${missing.length} rows missing, ${extra.length} not expected; ${missing[0] ?? ""} ⇔ ${extra[0] ?? ""}`,
      );
    }
    return {
      ...done,
      requests,
      activities: calm.tables["activity"]?.length ?? 0,
      findings: calm.findings.length,
      told: webhook.told.size,
      repeated: webhook.repeated(),
      seconds: Math.round((performance.now() - started) / 1_000),
      different,
      untold: [
        ...actual.owed,
        ...actual.recorded.filter(({ uid, times }) => webhook.changesOf(uid).length < times).map(({ uid }) => uid),
      ],
      toldTwice: webhook.toldTwice(),
    };
  } finally {
    stopped = true;
    await Promise.all(fleet.map((one) => one.end()));
    await gateway.close();
    await webhook.close();
    await toPostgres.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Bodies {
  /** Documents to be pushed, as JSON. */
  readonly pushed: readonly string[];
  /** Rows that the gateway serves. */
  readonly spendRows: readonly SpendRow[];
}

/** Whole days, each log cut into several requests; some records stand in two of them. */
function bodiesOf(seed: number, days: number): Bodies {
  const random = randomFrom(seed);
  const { happenings } = madeUpMonth(random);
  const cut = random.fork("cuts");
  const pushed: string[] = [];
  const spendRows: SpendRow[] = [];
  const lastDay = new Date(Date.UTC(2026, 8, days)).toISOString().slice(0, 10);
  for (const file of logFilesOf(happenings, random.fork("identifiers"))) {
    const day = file.name.slice(file.log.length + 1, file.log.length + 11);
    if (day > lastDay) continue;
    if (file.log === "litellm") {
      spendRows.push(...(file.records as SpendRow[]));
      continue;
    }
    if (file.log === "openai-usage" || file.log === "openai-audit") {
      pushed.push(textOf(file));
      continue;
    }
    for (let from = 0; from < file.records.length; ) {
      const to = from + cut.whole(20, 120);
      pushed.push(JSON.stringify({ records: file.records.slice(from, to) }));
      // The next request repeats the last records of this one now and then.
      from = cut.chance(0.2) ? Math.max(from + 1, to - 5) : to;
    }
  }
  return { pushed, spendRows };
}

async function undisturbed({ pushed, spendRows }: Bodies, now: EpochMs) {
  const byId = new Map(sources.map((source) => [source.id, source]));
  const read = parsePolicy(policyYaml, "policy.yaml");
  if ("problems" in read) throw new Error("the demo's policy has problems");
  const store = openMemoryStore();
  const ports = {
    store,
    detections,
    policy: read.policy,
    judge: compilePolicy(read.policy),
    price: await loadPrices(),
  };
  const received = EpochMs.parse(0);
  for (const document of [...pushed.map((body) => JSON.parse(body) as unknown), { records: spendRows }]) {
    const { records } = trimmed([document], "calm", sources, received);
    const activities: Activity[] = records.flatMap((raw) => {
      const reading = readRaw(raw, byId);
      return "activities" in reading ? reading.activities : [];
    });
    await detect(activities, ports);
  }
  const logged = comparable(await store.dump());
  await review(store, { policy: read.policy, detections, now });
  const tables = await store.dump();
  return {
    logged,
    tables: comparable({ ...tables, finding: (tables["finding"] ?? []).map((row) => asKept(row, now)) }),
    findings: (await store.findings()).map(({ finding }) => finding.uid),
  };
}

const ruleById = new Map(detections.map(({ rule }) => [rule.id, rule]));

/** A held finding as housekeeping leaves it. */
function asKept(row: string, now: EpochMs): string {
  const { finding, ...held } = JSON.parse(row) as HeldFinding;
  const rule = ruleById.get(finding.ruleId);
  const status = nextStatus(finding, { rule, now })?.status ?? finding.status;
  return canonicalJson({ ...held, finding: { ...finding, status } });
}

/**
 * Without what differs between a file and a live run by intent: when it was received, where the policy file lay, how often
 * a finding was written, and silences.
 */
function comparable(
  tables: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  const silences = (tables["finding"] ?? [])
    .map((row) => (JSON.parse(row) as HeldFinding).finding)
    .filter(({ ruleId }) => ruleId === silentSource.rule.id);
  const silent = [silentSource.rule.id, ...silences.map(({ uid }) => uid)];
  return Object.fromEntries(
    Object.entries(derived(tables)).map(([table, rows]) => [
      table,
      rows
        .filter((row) => !silent.some((one) => row.includes(`"${one}"`)))
        .map((row) =>
          row.replaceAll(/"receivedTime":\d+,?/g, "").replaceAll(/[^"]*policy\.yaml:/g, "policy.yaml:"),
        )
        .sort(),
    ]),
  );
}

type Calm = Awaited<ReturnType<typeof undisturbed>>;
type Fleet = readonly ReturnType<typeof startProcess>[];

/** What follows from logs alone, and not from when it was reviewed. */
const fromLogs = ["activity", "usage_hourly", "entity", "rule_state"];

/**
 * Waits until all logs are in, reviews and tidies up for good, and waits until the tables are equal and nothing is owed;
 * or nothing has changed for a while.
 */
async function settled(
  { url, config, now }: { readonly url: string; readonly config: string; readonly now: EpochMs },
  calm: Calm,
  fleet: Fleet,
  say: (line: string) => void,
) {
  const store = await openLastingStore(url);
  const database = postgresDatabase(url);
  const untilEqual = async (wanted: Calm["tables"], tables: readonly string[]): Promise<void> => {
    const textOf = (all: Calm["tables"]) => JSON.stringify(tables.map((table) => all[table]));
    let before = "";
    for (let quiet = 0; quiet < 90; quiet++) {
      const text = `${textOf(comparable(await store.dump()))} ${await owedBy(database)}`;
      if (text === `${textOf(wanted)} `) break;
      if (text !== before) quiet = 0;
      before = text;
      if (!fleet.some((one) => one.alive())) say("no process is alive");
      await sleep(1_000);
    }
  };
  try {
    await untilEqual(calm.logged, fromLogs);
    await Promise.all(
      fleet.filter(({ name }) => name === "review" || name === "housekeeping").map((one) => one.end()),
    );
    // From the beginning: it has learned of days of which not all was there.
    await database.run("delete from series_state");
    await tidiedUp(config, now);
    await untilEqual(calm.tables, Object.keys(calm.tables));
    const { rows } = await database.query<{ uid: string; times: number }>({
      name: "recorded",
      text: "select replace(finding::text, '-', '') as uid, times from delivery",
    });
    return { tables: comparable(await store.dump()), owed: await owedBy(database), recorded: rows };
  } finally {
    await store.close();
    await database.close();
  }
}

/** As the two functions do, until they find nothing more to do. */
async function tidiedUp(config: string, now: EpochMs): Promise<void> {
  const configuration = await readConfiguration(config, { CHAOS_SECRET: SECRET });
  const runtime = { ...openRuntime(configuration, lineLog(process.stderr, true, Date.now)), now: () => now };
  try {
    await reviewOnce(runtime, { allMonths: true });
    for (;;) {
      const { resolved, reopened } = await housekeepOnce(runtime, new AbortController().signal);
      if (resolved + reopened === 0) return;
    }
  } finally {
    await runtime.close();
  }
}

/** Uids of findings of which the only sink does not know what they are now. */
async function owedBy(database: Database): Promise<readonly string[]> {
  const { rows } = await database.query<{ uid: string }>({
    name: "owed",
    text: `select replace(uid::text, '-', '') as uid from finding left join delivery on delivery.finding = uid
      where delivery.finding is null or (delivery.status, delivery.level) <> (finding.status, finding.finding->>'level')`,
  });
  return rows.map(({ uid }) => uid);
}

function configuration(kafka: KafkaServer, url: string, port: number, gateway: string, webhook: string): string {
  return `store: ${url}
bus:
  kafka: { brokers: [${kafka.brokers.join(", ")}], replicationFactor: 1 }
policy: policy.yaml
receive: { port: ${port}, secret: "\${env:CHAOS_SECRET}" }
collectors:
  - collector: litellm.spend-logs
    every: 1s
    settings: { baseUrl: "${gateway}", key: "\${env:CHAOS_SECRET}", history: 200d, pageSize: 50 }
retention: { activityDays: 3660 }
sinks:
  - sink: webhook
    minimumLevel: informational
    settings: { url: "${webhook}", secret: "\${env:CHAOS_SECRET}" }
`;
}

/** A worker that is started again whenever it ends, as an orchestrator would. */
function startProcess(name: string, folder: string) {
  let child: ChildProcess | undefined;
  let ending = false;
  const start = () => {
    child = spawn(process.execPath, [main, "worker", name, "--quiet", "--config", join(folder, "gnomon.yaml")], {
      stdio: ["ignore", "ignore", process.env["CHAOS_LOG"] ? "inherit" : "ignore"],
      env: { ...process.env, CHAOS_SECRET: SECRET },
    });
    child.once("exit", () => {
      if (!ending) setTimeout(start, 50);
    });
  };
  start();
  return {
    name,
    kill: () => void child?.kill("SIGKILL"),
    alive: () => child?.exitCode === null && child.signalCode === null,
    async end() {
      ending = true;
      const last = child;
      if (!last || last.exitCode !== null || last.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => last.once("exit", () => resolve()));
      last.kill("SIGKILL");
      await ended;
    },
  };
}

/** Until it is taken, as every sender must. */
async function push(body: string, port: number): Promise<void> {
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/v1/events`, {
        method: "POST",
        headers: { authorization: `Bearer ${SECRET}`, "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(20_000),
      });
      await response.arrayBuffer();
      if (response.status === 200) return;
      if (response.status < 500) throw new Error(`the receiver answered ${response.status}`);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("the receiver answered")) throw error;
    }
    await sleep(200);
  }
}

/** Remembers ids, as a receiver of Standard Webhooks does. */
async function serveWebhook() {
  const told = new Map<string, { finding: string; change: string; reason: string; times: number }>();
  /** In the order in which they were told. */
  const changesOf = (uid: string): string[] =>
    [...told.values()].filter(({ finding }) => finding === uid).map(({ change }) => change);
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk));
    request.on("end", () => {
      const id = String(request.headers["webhook-id"]);
      const { type, data } = JSON.parse(text) as {
        type: string;
        data: { uid: string; ruleName: string; reason: string; level: string };
      };
      const times = (told.get(id)?.times ?? 0) + 1;
      const reason = `${data.ruleName}: ${data.reason}`;
      told.set(id, { finding: data.uid, change: `${type} ${data.level}`, reason, times });
      response.end();
    });
  });
  const { url, close } = await listening(server);
  return {
    url,
    close,
    told,
    changesOf,
    repeated: () => [...told.values()].filter(({ times }) => times > 1).length,
    /** It is new once; and no other change follows upon itself. */
    toldTwice: () =>
      [...new Set([...told.values()].map(({ finding }) => finding))].flatMap((uid) => {
        const changes = changesOf(uid);
        const isNew = (change: string) => change.startsWith("gnomon.finding.new");
        const twice = changes.filter((change, at) => at > 0 && (isNew(change) || change === changes[at - 1]));
        return twice.map((change) => `${uid} ${change}`);
      }),
  };
}

async function listening(server: ReturnType<typeof createServer>) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function shuffled<Item>(items: readonly Item[], random: { whole(from: number, to: number): number }): Item[] {
  const mixed = [...items];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random.whole(0, at);
    const [a, b] = [mixed[at], mixed[other]];
    if (a === undefined || b === undefined) continue;
    mixed[at] = b;
    mixed[other] = a;
  }
  return mixed;
}
