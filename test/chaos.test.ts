import { afterAll, describe, expect, it } from "vitest";
import { runChaos } from "./chaos/chaos.ts";
import { startKafka } from "./servers/kafka.ts";
import { startPostgres } from "./servers/postgres.ts";
import { unavailable } from "./servers/unavailable.ts";

const kafka = await startKafka();
const postgres = await startPostgres();

if ("missing" in kafka) unavailable("Kafka", kafka.missing);
else if ("missing" in postgres) unavailable("Postgres", postgres.missing);
else {
  afterAll(() => Promise.all([kafka.server.stop(), postgres.server.stop()]));

  describe("a month of logs while processes, broker and database are killed", () => {
    it("gives the tables of an undisturbed run, and tells every finding once", async () => {
      const result = await runChaos(
        { seed: 5, kills: 11, days: 8 },
        { kafka: kafka.server, postgres: postgres.server },
        () => {},
      );
      expect(result).toMatchObject({ kills: 11, brokerCrashes: 1, databaseCrashes: 1 });
      expect(result).toMatchObject({ different: [], untold: [], toldTwice: [] });
      expect(result.findings).toBeGreaterThan(0);
    }, 240_000);
  });
}
