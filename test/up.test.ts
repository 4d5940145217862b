import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { holdAgainst } from "../cli/demo/hold-against.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import { gnomon } from "./command.ts";
import { copyMadeStore } from "./made-store.ts";
import { serveCompany } from "./servers/company.ts";
import { startKafka } from "./servers/kafka.ts";
import { startPostgres } from "./servers/postgres.ts";
import { unavailable } from "./servers/unavailable.ts";

const folder = await mkdtemp(join(tmpdir(), "gnomon-up-"));
const kafka = await startKafka();
const postgres = await startPostgres();

afterAll(async () => {
  if ("server" in kafka) await kafka.server.stop();
  if ("server" in postgres) await postgres.server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** `where`: store and bus of `gnomon.yaml`. */
async function collectTheMonth(name: string, where: string, store: string) {
  const company = await serveCompany();
  try {
    const config = join(folder, `${name}.yaml`);
    await writeFile(config, `${where}\npolicy: policy.yaml\n${company.collectors}`);
    await writeFile(join(folder, "policy.yaml"), company.policy);
    await writeFile(join(folder, "authority.pem"), company.certificate);
    const ran = await gnomon(["up", "--once", "--config", config], {
      env: { ...company.environment, NODE_EXTRA_CA_CERTS: join(folder, "authority.pem") },
    });
    const opened = await openLastingStore(store);
    const findings = await opened.findings();
    await opened.close();
    return { ran, findings, planted: company.planted, asked: company.asked() };
  } finally {
    await company.close();
  }
}

function expectTheTruth({ ran, findings, planted, asked }: Awaited<ReturnType<typeof collectTheMonth>>): void {
  expect(ran.err).not.toMatch(/"level":"(warn|error)"/);
  expect(ran).toMatchObject({ code: 0 });
  expect(Object.values(asked).every((count) => count > 0)).toBe(true);
  const { missed, unplanted } = holdAgainst(planted, findings);
  expect({ missed, unplanted: unplanted.map(({ finding }) => `${finding.ruleName}: ${finding.reason}`) }).toEqual({
    missed: [],
    unplanted: [],
  });
  expect(ran.out).toContain(`Findings: ${findings.length}\n`);
  for (const { finding } of findings) expect(ran.out).toContain(finding.uid.slice(0, 8));
}

describe("gnomon up --once over the vendors of a made-up company", () => {
  it("finds what was planted and nothing else, in one process without Kafka and Postgres", async () => {
    const store = join(folder, "store");
    await copyMadeStore(store);
    expectTheTruth(await collectTheMonth("embedded", `store: ${store}`, store));
  });

  if ("missing" in kafka) unavailable("Kafka", kafka.missing);
  else if ("missing" in postgres) unavailable("Postgres", postgres.missing);
  else {
    it("finds the same through Kafka and in Postgres", async () => {
      const url = await postgres.server.newDatabase();
      const bus = `{ kafka: { brokers: [${kafka.server.brokers.join(", ")}], replicationFactor: 1 } }`;
      expectTheTruth(await collectTheMonth("kafka", `store: ${url}\nbus: ${bus}`, url));
    });
  }
});
