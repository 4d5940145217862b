/**
 * `npm run bench:store`: how many activities a second go through the whole detect verb, with a policy, prices and all
 * detections, into each store. Beside it `COPY` of the very rows the ledger then holds, which is as fast as Postgres
 * takes them. Made-up calls, the same on every run; nothing is read from disk.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { loadPrices } from "../../shared/cost/price.ts";
import { ACTIVITY_SCHEMA, type Activity } from "../../shared/model/activity.ts";
import { uidOf } from "../../shared/model/uid.ts";
import type { EpochMs } from "../../shared/model/units.ts";
import { type DetectPorts, detect } from "../../shared/pipeline/detect.ts";
import { compilePolicy } from "../../shared/policy/judge.ts";
import { parsePolicy } from "../../shared/policy/parse-policy.ts";
import { detections } from "../../shared/registry.ts";
import { openMemoryStore } from "../../shared/store/memory-store.ts";
import { migrate } from "../../shared/store/migrate.ts";
import { pgliteDatabase } from "../../shared/store/pglite-store.ts";
import { postgresDatabase } from "../../shared/store/postgres-store.ts";
import { sqlStore } from "../../shared/store/sql-store.ts";
import type { Store } from "../../shared/store/store.ts";
import { startPostgres } from "../servers/postgres.ts";
import { COPY_LEDGER, copyMs, LIKE_LEDGER, ledgerRows } from "./copy.ts";

const BATCH = 1_000;
const WARM_UP = 10;
const batches = Number(process.argv[2] ?? 60);

const policyText = `
default: review
owners:
  - { name: search, principals: ["arn:aws:iam::*:role/search-*"] }
  - { name: support, accounts: ["3333*"] }
approvals:
  - { name: claude, models: ["anthropic/*", "amazon/*"], doors: [aws.bedrock], until: 2027-01-01 }
  - { name: gpt, models: ["openai/gpt-4o*"], doors: [openai, azure.ai.openai], owners: [support, search] }
denials:
  - { name: no-deepseek, models: ["deepseek/*"], reason: legal }
residency:
  - { name: eu, accounts: ["1111*"], allowed: ["eu-*"] }
`;

/** A call every 40 ms: 1.5 million a day, by 60 roles in many sessions; two in a hundred are not sanctioned. */
function* calls(): Generator<Activity> {
  const START = Date.UTC(2026, 2, 2);
  const models = [
    {
      id: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
      vendor: "anthropic",
      name: "anthropic/claude-sonnet-4-5",
    },
    { id: "eu.anthropic.claude-haiku-4-5-20251001-v1:0", vendor: "anthropic", name: "anthropic/claude-haiku-4-5" },
    { id: "amazon.nova-pro-v1:0", vendor: "amazon", name: "amazon/nova-pro" },
  ] as const;
  for (let n = 0; ; n++) {
    const random = (n * 2_654_435_761) % 4_294_967_296;
    const role = random % 60;
    const shady = random % 50 === 7;
    const startTime = (START + n * 40) as EpochMs;
    yield {
      schema: ACTIVITY_SCHEMA,
      uid: uidOf("aws", "111122223333", n),
      kind: "call",
      view: "provider",
      source: "aws.bedrock-invocation",
      startTime,
      endTime: startTime,
      count: 1,
      operation: "Converse",
      operationName: "chat",
      outcome:
        random % 40 === 3
          ? { status: "failure", reason: "throttled", code: "ThrottlingException" }
          : { status: "success" },
      actor: {
        uid: `AROAEXAMPLE${role}:pod-${random % 997}`,
        type: "workload",
        sessionUid: `arn:aws:sts::111122223333:assumed-role/search-${role}/pod-${random % 997}`,
        issuerUid: `arn:aws:iam::111122223333:role/search-${role}`,
      },
      credential: { uid: `ASIAEXAMPLE${random % 997}`, type: "temporary" },
      account: { uid: "111122223333" },
      provider: "aws.bedrock",
      model: shady
        ? { id: "us.deepseek.r1-v1:0", vendor: "deepseek", name: "deepseek/deepseek-r1" }
        : (models[random % models.length] ?? models[0]),
      region: { requested: "eu-central-1", processed: "eu-west-3", scope: "geography", geography: "eu" },
      usage: {
        inputTokens: 400 + (random % 3_000),
        outputTokens: 20 + (random % 700),
        cacheReadTokens: random % 300,
      },
      network: { ip: "192.0.2.7", userAgent: "Boto3/1.40.7 md/Botocore#1.40.7 ua/2.1 os/linux" },
    };
  }
}

const read = parsePolicy(policyText, "policy.yaml");
if (!("policy" in read)) throw new Error(JSON.stringify(read.problems));
const ports: Omit<DetectPorts, "store"> = {
  policy: read.policy,
  judge: compilePolicy(read.policy),
  price: await loadPrices(),
  detections,
};

const source = calls();
/** As they come from the bus: parsed. */
const given: Activity[][] = Array.from({ length: batches + WARM_UP }, () =>
  JSON.parse(JSON.stringify(Array.from({ length: BATCH }, () => source.next().value))),
);

/** Activities a second through `workers` that each take the next batch when they are done. */
async function measure(store: Store, workers = 1): Promise<number> {
  for (const batch of given.slice(0, WARM_UP)) await detect(batch, { ...ports, store });
  const waiting = given.slice(WARM_UP).reverse();
  const work = async () => {
    for (let batch = waiting.pop(); batch; batch = waiting.pop()) await detect(batch, { ...ports, store });
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: workers }, work));
  return (batches * BATCH * 1_000) / (performance.now() - start);
}

const results: { store: string; perSecond: number; copy?: number }[] = [];

{
  const store = openMemoryStore();
  results.push({ store: "memory", perSecond: await measure(store) });
}

{
  const folder = await mkdtemp(join(tmpdir(), "gnomon-bench-"));
  const pglite = await PGlite.create(folder);
  const database = pgliteDatabase(pglite);
  await migrate(database);
  const store = sqlStore(database);
  const perSecond = await measure(store);
  const { count, chunks } = await ledgerRows(store);
  await pglite.exec(LIKE_LEDGER);
  const start = performance.now();
  await pglite.query(`${COPY_LEDGER} from '/dev/blob'`, [], { blob: new Blob([...chunks]) });
  results.push({
    store: "PGlite, in a folder",
    perSecond,
    copy: (count * 1_000) / (performance.now() - start),
  });
  await store.close();
  await rm(folder, { recursive: true });
}

const postgres = await startPostgres({ durable: true });
if ("missing" in postgres) {
  process.stderr.write(`${postgres.missing}\n`);
} else {
  for (const workers of [1, 2]) {
    const url = await postgres.server.newDatabase();
    const database = postgresDatabase(url);
    await migrate(database);
    const store = sqlStore(database);
    const perSecond = await measure(store, workers);
    const { count, chunks } = await ledgerRows(store);
    await database.run(LIKE_LEDGER);
    const copy = (count * 1_000) / (await copyMs(url, chunks));
    results.push({ store: `Postgres, ${workers} worker${workers === 1 ? "" : "s"}`, perSecond, copy });
    await store.close();
  }
  await postgres.server.stop();
}

const figure = (value: number | undefined) =>
  value === undefined ? "" : Math.round(value).toLocaleString("en-US");
const rows = [
  ["store", "activities/s", "COPY rows/s", "ratio"],
  ...results.map(({ store, perSecond, copy }) => [
    store,
    figure(perSecond),
    figure(copy),
    copy === undefined ? "" : (perSecond / copy).toFixed(2),
  ]),
];
for (const [name = "", ...figures] of rows) {
  process.stdout.write(`${name.padEnd(22)}${figures.map((one) => one.padStart(14)).join("")}\n`);
}
