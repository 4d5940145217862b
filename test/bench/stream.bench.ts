/**
 * `npm run bench:stream`: records from the bus to the ledger, through a real broker, `gnomon worker normalize`,
 * `gnomon worker detect` and a real database that waits for its disk, all of it on this machine's cores. The records
 * were published before, as a backlog is: whoever makes records up is no part of it. Then how long a finding takes at
 * 1,000 records a second, and what the broker and the database can at most: kafkajs that only counts the same records,
 * `COPY` of the same rows.
 *
 * `-- --short` for a quick look, `-- --minutes 10` for a long run, `-- --workers 2` for two of each worker. The bus writes
 * zstd, as with compose.yaml; `-- --compression gzip` for what it writes where nothing is said.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Admin, Kafka, logLevel } from "kafkajs";
import pg from "pg";
import type { OutgoingMessage } from "../../shared/bus/bus.ts";
import { connectKafka, migrateTopics } from "../../shared/bus/kafka-bus.ts";
import { rawMessages } from "../../shared/bus/messages.ts";
import { topics } from "../../shared/bus/topics.ts";
import type { RawRecord } from "../../shared/model/raw-record.ts";
import { EpochMs } from "../../shared/model/units.ts";
import { awsBedrockInvocation } from "../../shared/sources/aws-bedrock-invocation.ts";
import { migrateStore, openLastingStore } from "../../shared/store/open-store.ts";
import { startKafka } from "../servers/kafka.ts";
import { startPostgres } from "../servers/postgres.ts";
import { copyMs, LIKE_LEDGER, ledgerRows } from "./copy.ts";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    minutes: { type: "string" },
    workers: { type: "string", default: "1" },
    compression: { type: "string", default: "zstd" },
  },
});
const { compression } = values;
if (compression !== "gzip" && compression !== "zstd")
  throw new Error(`--compression gzip or zstd, not ${compression}`);
const SUSTAINED_S = values.minutes === undefined ? (values.short ? 15 : 60) : Number(values.minutes) * 60;
const LATENCY_S = values.short ? 6 : 20;
const BATCH = 1_000;
/** What is there to be done before the workers start. */
const BACKLOG = SUSTAINED_S * 20_000;
const TICK_MS = 20;
const A_SECOND = 1_000;
const PROBES_A_SECOND = 20;
/** All of a run of a minute; of a longer one, what memory holds. */
const COPIED_ROWS = 1_000_000;
const targets = { perSecond: 10_000, p99Ms: 1_000, ratio: 0.35, rssMb: 300 } as const;

const gnomon = fileURLToPath(new URL("../../cli/gnomon.js", import.meta.url));

const policyText = `
default: review
owners:
  - { name: search, principals: ["arn:aws:iam::*:role/search-*"] }
  - { name: support, accounts: ["3333*"] }
approvals:
  - { name: claude, models: ["anthropic/*", "amazon/*"], doors: [aws.bedrock] }
denials:
  - { name: no-deepseek, models: ["deepseek/*"], reason: legal }
residency:
  - { name: eu, accounts: ["1111*"], allowed: ["eu-*"] }
`;

const models = [
  "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
  "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
  "eu.amazon.nova-pro-v1:0",
] as const;

/**
 * The nth record of Bedrock's invocation log, a call every 40 ms: 1.5 million a day, by 60 roles with two tasks each, in
 * many sessions; two in a hundred use a model that is denied. A probe is a role that nobody has seen, with such a model.
 */
function recordOf(n: number, probe?: number): RawRecord {
  const random = (n * 2_654_435_761) % 4_294_967_296;
  const role = probe === undefined ? `search-${random % 60}` : `probe-${probe}`;
  const denied = probe !== undefined || random % 50 === 7;
  return {
    source: awsBedrockInvocation.id,
    receivedTime: EpochMs.parse(Date.UTC(2026, 2, 3)),
    record: {
      schemaType: "ModelInvocationLog",
      schemaVersion: "1.0",
      timestamp: new Date(Date.UTC(2026, 2, 2) + n * 40).toISOString(),
      accountId: "111122223333",
      region: "eu-central-1",
      requestId: `9f3c2b01-5d4e-4a7b-8c10-${n.toString(16).padStart(12, "0")}`,
      operation: "Converse",
      modelId: denied ? "us.deepseek.r1-v1:0" : (models[random % models.length] ?? models[0]),
      inferenceRegion: "eu-west-3",
      identity: { arn: `arn:aws:sts::111122223333:assumed-role/${role}/pod-${random % 997}` },
      requestMetadata: { team: "search", task: `task-${((random % 60) + (random % 2)) % 12}` },
      input: {
        inputContentType: "application/json",
        inputTokenCount: 400 + (random % 3_000),
        cacheReadInputTokenCount: random % 300,
        cacheWriteInputTokenCount: 0,
      },
      output: { outputContentType: "application/json", outputTokenCount: 20 + (random % 700) },
    },
  };
}

/** As collectors and receivers publish them. */
const messagesOf = (records: readonly RawRecord[]): readonly OutgoingMessage[] =>
  rawMessages(records, "bench").messages;

interface Worker {
  readonly name: string;
  readonly pid: number;
  /** In MB, one a second. */
  readonly rss: number[];
  end(): Promise<void>;
}

async function startWorker(name: string, config: string): Promise<Worker> {
  const child = spawn(process.execPath, [gnomon, "worker", name, "--quiet", "--config", config], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (child.pid === undefined) throw new Error(`gnomon worker ${name} did not start`);
  let ending = false;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void ended.then(() => {
    if (!ending) throw new Error(`gnomon worker ${name} ended by itself; see above`);
  });
  return {
    name,
    pid: await startedBy(child.pid),
    rss: [],
    end: async () => {
      ending = true;
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The launcher starts Node with its settings. Linux: /proc/PID/task/PID/children; elsewhere nothing is measured. */
async function startedBy(pid: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const started = Number(await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => ""));
    if (started > 0) return started;
    await sleep(20);
  }
  return pid;
}

/** In MB. Linux: /proc/PID/status. Undefined elsewhere. */
async function rssOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kilobytes = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
}

/** Seconds of processor time so far. Linux: /proc/PID/stat, in ticks of 10 ms. */
async function processorTimeOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // Behind the name, which may hold anything: utime and stime are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [fields[11], fields[12]];
  return user === undefined || system === undefined ? undefined : (Number(user) + Number(system)) / 100;
}

const processorTimes = () => Promise.all(workers.map(({ pid }) => processorTimeOf(pid)));

/** How many activities the workers have committed: an offset moves behind its transaction. */
async function committedOf(admin: Admin): Promise<number> {
  const [read] = await admin.fetchOffsets({ groupId: "gnomon-detect", topics: [topics.activity.name] });
  return (read?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

async function untilCommitted(admin: Admin, count: number): Promise<void> {
  while ((await committedOf(admin).catch(() => 0)) < count) await sleep(100);
}

async function countRaw(brokers: readonly string[], published: number): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(topics.raw.name);
  const messages = offsets.reduce((sum, { offset }) => sum + Number(offset), 0);
  const kafka = new Kafka({ clientId: "bench", brokers: [...brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `bench-${process.pid}`, maxWaitTimeInMs: 500 });
  await consumer.connect();
  await consumer.subscribe({ topic: topics.raw.name, fromBeginning: true });
  let count = 0;
  let first = 0;
  consumer.on(consumer.events.FETCH_START, () => (first ||= performance.now()));
  const ms = await new Promise<number>((resolve) => {
    void consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 4,
      eachBatch: async ({ batch }) => {
        count += batch.messages.length;
        if (count >= messages) resolve(performance.now() - first);
      },
    });
  });
  await consumer.disconnect();
  return (published * 1_000) / ms;
}

async function copyRows(url: string): Promise<number> {
  const store = await openLastingStore(url);
  const { count, chunks } = await ledgerRows(store, COPIED_ROWS);
  await store.close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(LIKE_LEDGER);
  await client.end();
  return (count * 1_000) / (await copyMs(url, chunks));
}

/** By probe: when its finding was committed. The database says so itself, behind the commit. */
async function hearFindings(
  url: string,
): Promise<{ readonly times: Map<number, number>; close(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    create function tell_bench() returns trigger language plpgsql as
      $$ begin perform pg_notify('bench', new.finding->>'subject'); return new; end $$;
    create trigger tell_bench after insert on finding for each row execute function tell_bench();
    listen bench`);
  const times = new Map<number, number>();
  client.on("notification", ({ payload }) => {
    const probe = /probe-(\d+)/.exec(payload ?? "")?.[1];
    if (probe !== undefined) times.set(Number(probe), performance.now());
  });
  return { times, close: () => client.end() };
}

const percentile = (sorted: readonly number[], part: number): number | undefined =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

const kafka = await startKafka({ measured: true });
const postgres = await startPostgres({ durable: true });
if ("missing" in kafka || "missing" in postgres) {
  const missing = "missing" in kafka ? kafka.missing : "missing" in postgres ? postgres.missing : "";
  process.stderr.write(`${missing}\n`);
  process.exit(1);
}
const { brokers } = kafka.server;
const folder = await mkdtemp(join(tmpdir(), "gnomon-bench-"));
const url = await postgres.server.newDatabase();
await migrateStore(url);
await migrateTopics({ brokers }, { replicationFactor: 1 });
await writeFile(join(folder, "policy.yaml"), policyText);
const config = join(folder, "gnomon.yaml");
await writeFile(
  config,
  `store: ${url}\nbus: { kafka: { brokers: [${brokers.join(", ")}], replicationFactor: 1, compression: ${compression} } }\npolicy: policy.yaml\n`,
);

const bus = connectKafka({ brokers, compression });
const admin = new Kafka({ clientId: "bench", brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
await admin.connect();
let published = 0;
async function publishBatch(): Promise<void> {
  await bus.publish(
    topics.raw.name,
    messagesOf(Array.from({ length: BATCH }, (_, at) => recordOf(published + at))),
  );
  published += BATCH;
}

while (published < BACKLOG) await publishBatch();

const heard = await hearFindings(url);
const workers = await Promise.all(
  Array.from({ length: Number(values.workers) }, () => ["normalize", "detect"])
    .flat()
    .map((name) => startWorker(name, config)),
);
const sampling = setInterval(() => {
  for (const { pid, rss } of workers) void rssOf(pid).then((mb) => mb !== undefined && rss.push(mb));
}, 1_000);

/**
 * From the first commit to the last, of all that was waiting: one worker may run ahead of the other, and in the end both
 * have done all of it. That they have to warm up is part of it.
 */
async function drained(): Promise<{ readonly perSecond: number; readonly microseconds: readonly number[] }> {
  await untilCommitted(admin, BATCH);
  const before = await processorTimes();
  const [from, start] = [await committedOf(admin), performance.now()];
  await untilCommitted(admin, published);
  const [count, ms] = [published - from, performance.now() - start];
  const after = await processorTimes();
  return {
    perSecond: (count * 1_000) / ms,
    microseconds: after.map((seconds, at) => (((seconds ?? 0) - (before[at] ?? 0)) * 1e6) / count),
  };
}

/** Milliseconds from before the record is published to behind its finding's commit, in order. */
async function latencies(): Promise<readonly number[]> {
  const sent = new Map<number, number>();
  const start = performance.now();
  const perTick = (A_SECOND * TICK_MS) / 1_000;
  const between = 1_000 / TICK_MS / PROBES_A_SECOND;
  const publishing: Promise<void>[] = [];
  for (let tick = 0; tick < (LATENCY_S * 1_000) / TICK_MS; tick++) {
    const wait = start + tick * TICK_MS - performance.now();
    if (wait > 0) await sleep(wait);
    const probe = tick % Math.ceil(between) === 0 ? tick : undefined;
    const records = Array.from({ length: perTick }, (_, at) =>
      recordOf(published + at, at === 0 ? probe : undefined),
    );
    published += perTick;
    if (probe !== undefined) sent.set(probe, performance.now());
    publishing.push(bus.publish(topics.raw.name, messagesOf(records)));
  }
  await Promise.all(publishing);
  await untilCommitted(admin, published);
  await sleep(500);
  const took = [...sent].flatMap(([probe, at]) => {
    const told = heard.times.get(probe);
    return told === undefined ? [] : [told - at];
  });
  if (took.length < sent.size) process.stderr.write(`${sent.size - took.length} probes made no finding\n`);
  return took.sort((a, b) => a - b);
}

try {
  const { perSecond, microseconds } = await drained();
  const took = await latencies();
  clearInterval(sampling);
  await Promise.all(workers.map((worker) => worker.end()));
  const rawPerSecond = await countRaw(brokers, published);
  const copyPerSecond = await copyRows(url);

  const limit = Math.min(rawPerSecond, copyPerSecond);
  const [p50, p99] = [percentile(took, 0.5), percentile(took, 0.99)];
  const figure = (value: number | undefined) =>
    value === undefined ? "none" : Math.round(value).toLocaleString("en-US");
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const rows: (readonly [string, string, string, boolean?])[] = [
    [
      "activities/s, bus to ledger",
      figure(perSecond),
      `≥ ${figure(targets.perSecond)}`,
      perSecond >= targets.perSecond,
    ],
    ["the bus writes", compression, ""],
    ["kafkajs counting raw, records/s", figure(rawPerSecond), ""],
    ["COPY of the ledger's rows, rows/s", figure(copyPerSecond), ""],
    [
      "of the slower of the two",
      (perSecond / limit).toFixed(2),
      `≥ ${targets.ratio}`,
      perSecond / limit >= targets.ratio,
    ],
    [`p50 at ${figure(A_SECOND)}/s, bus to finding, ms`, figure(p50), ""],
    ["p99, ms", figure(p99), `< ${figure(targets.p99Ms)}`, p99 !== undefined && p99 < targets.p99Ms],
    ...workers.map(
      ({ name }, at) => [`worker ${name}, processor time, µs/activity`, figure(microseconds[at]), ""] as const,
    ),
    ...workers.map(({ name, rss }) => {
      const third = Math.floor(rss.length / 3);
      const course = `${figure(mean(rss.slice(third, 2 * third)))} → ${figure(mean(rss.slice(-third)))}`;
      const most = Math.max(...rss);
      return [
        `worker ${name}, most RSS, MB (${course})`,
        figure(most),
        `< ${targets.rssMb}`,
        most < targets.rssMb,
      ] as const;
    }),
  ];
  for (const [what, seen, target, met] of rows) {
    const verdict = met === undefined ? "" : met ? "met" : "NOT MET";
    process.stdout.write(`${what.padEnd(44)}${seen.padStart(10)}  ${target.padEnd(10)}${verdict}\n`);
  }
} catch (error) {
  // What is ended below may end the process before this is told.
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
} finally {
  clearInterval(sampling);
  await Promise.all(workers.map((worker) => worker.end()));
  await heard.close();
  await admin.disconnect();
  await bus.close();
  await kafka.server.stop();
  await postgres.server.stop();
  await rm(folder, { recursive: true, force: true });
}
