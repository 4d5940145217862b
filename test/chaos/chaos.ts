/**
 * Exactly once in effect, proved: the made-up month goes through receiver and collector, Kafka, normalize, detect,
 * Postgres and deliver, in processes of their own, while these are killed with SIGKILL at random, the broker and the
 * database are killed and started again, and connections to both are cut. Requests are repeated, split and out of order. At the end every table must
 * equal, byte for byte, that of an undisturbed run in memory, and every finding must have been told, once.
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
import { migrateTopics } from "../../shared/bus/kafka-bus.ts";
import { loadPrices } from "../../shared/cost/price.ts";
import type { Activity } from "../../shared/model/activity.ts";
import { EpochMs } from "../../shared/model/units.ts";
import { trimmed } from "../../shared/pipeline/collect.ts";
import { detect } from "../../shared/pipeline/detect.ts";
import { compilePolicy } from "../../shared/policy/judge.ts";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import { detections, sources } from "../../shared/registry.ts";
import { readRaw } from "../../shared/sources/source.ts";
import { openMemoryStore } from "../../shared/store/memory-store.ts";
import { migrateStore, openLastingStore } from "../../shared/store/open-store.ts";
import { derived } from "../contract/store.contract.ts";
import { type Cut, startCut } from "../servers/cut.ts";
import { serveJson } from "../servers/json-api.ts";
import { freePort, type KafkaServer } from "../servers/kafka.ts";
import type { PostgresServer } from "../servers/postgres.ts";
import { type SpendRow, spendLogs } from "../servers/spend-logs.ts";

const SECRET = "made-up-secret-of-the-chaos-run";
const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
/** Each is killed on its own; two of the stages that hold state in flight. */
const processes = ["receive", "normalize", "detect", "detect", "deliver", "collect"] as const;

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
  /** Findings nobody was told of, and those told twice under two ids. */
  readonly untold: readonly string[];
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
      while (done.kills < options.kills && !stopped) {
        await sleep(chance.whole(300, 4_000));
        const one = fleet[chance.whole(0, fleet.length - 1)];
        one?.kill();
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

    const calm = await undisturbed(bodies);
    const actual = await settled(url, calm, fleet, webhook, say);
    const different = Object.keys(calm.tables).filter(
      (table) => JSON.stringify(actual.tables[table]) !== JSON.stringify(calm.tables[table]),
    );
    for (const { finding, reason } of webhook.told.values()) {
      if (!calm.findings.includes(finding)) say(`told and withdrawn: ${reason}`);
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
      untold: calm.findings.filter((uid) => !webhook.findings().has(uid)),
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

async function undisturbed({ pushed, spendRows }: Bodies) {
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
  return {
    tables: comparable(derived(await store.dump())),
    findings: (await store.findings()).map(({ finding }) => finding.uid),
  };
}

/** What differs between a file and a live run by intent: when it was received, and where the policy file lay. */
const comparable = (tables: Record<string, readonly string[]>): Record<string, readonly string[]> =>
  Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [
      table,
      rows
        .map((row) =>
          row.replaceAll(/"receivedTime":\d+,?/g, "").replaceAll(/[^"]*policy\.yaml:/g, "policy.yaml:"),
        )
        .sort(),
    ]),
  );

type Calm = Awaited<ReturnType<typeof undisturbed>>;
type Fleet = readonly ReturnType<typeof startProcess>[];
type Webhook = Awaited<ReturnType<typeof serveWebhook>>;

/** Waits until the tables are equal and all is told, or nothing has changed for a while. */
async function settled(url: string, calm: Calm, fleet: Fleet, webhook: Webhook, say: (line: string) => void) {
  const store = await openLastingStore(url);
  try {
    let before = "";
    for (let quiet = 0; quiet < 90; quiet++) {
      const tables = comparable(derived(await store.dump()));
      const text = JSON.stringify(tables);
      const told = calm.findings.every((uid) => webhook.findings().has(uid));
      if (text === JSON.stringify(calm.tables) && told) break;
      if (text !== before) quiet = 0;
      before = text;
      if (!fleet.some((one) => one.alive())) say("no process is alive");
      await sleep(1_000);
    }
    return { tables: comparable(derived(await store.dump())) };
  } finally {
    await store.close();
  }
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
  const told = new Map<string, { finding: string; type: string; reason: string; times: number }>();
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk));
    request.on("end", () => {
      const id = String(request.headers["webhook-id"]);
      const { type, data } = JSON.parse(text) as {
        type: string;
        data: { uid: string; ruleName: string; reason: string };
      };
      const reason = `${data.ruleName}: ${data.reason}`;
      told.set(id, { finding: data.uid, type, reason, times: (told.get(id)?.times ?? 0) + 1 });
      response.end();
    });
  });
  const { url, close } = await listening(server);
  return {
    url,
    close,
    told,
    findings: () => new Set([...told.values()].map(({ finding }) => finding)),
    repeated: () => [...told.values()].filter(({ times }) => times > 1).length,
    toldTwice: () => {
      const seen = new Set<string>();
      return [...told.values()]
        .map(({ finding, type }) => `${finding} ${type}`)
        .filter((key) => key.endsWith(".new") && (seen.has(key) || !seen.add(key)));
    },
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
