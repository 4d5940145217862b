/** `npm run chaos`: prints what happened, and exits with 1 where the tables or the deliveries differ. */
import { parseArgs } from "node:util";
import { type Cut, startCut } from "../servers/cut.ts";
import { freePort, startKafka } from "../servers/kafka.ts";
import { startPostgres } from "../servers/postgres.ts";
import { runChaos } from "./chaos.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    days: { type: "string", default: "6" },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

let toKafka: Cut | undefined;
const kafka = await startKafka({
  killed: true,
  behind: async (port) => {
    toKafka = await startCut(await freePort(), () => port);
    return toKafka.port;
  },
});
const postgres = await startPostgres({ durable: true });
if ("missing" in kafka || "missing" in postgres) {
  say("missing" in kafka ? kafka.missing : "missing" in postgres ? postgres.missing : "");
  // As in the tests: what cannot be had here is said, and in CI a failure.
  process.exit(process.env["CI"] ? 1 : 0);
}
try {
  const result = await runChaos(
    { seed: Number(values.seed), kills: Number(values.kills), days: Number(values.days) },
    { kafka: kafka.server, postgres: postgres.server, ...(toKafka ? { toKafka } : {}) },
    say,
  );
  say(JSON.stringify(result, undefined, 2));
  const good = result.different.length === 0 && result.untold.length === 0 && result.toldTwice.length === 0;
  say(good ? "equal in every table; every finding told, no change of it twice" : "DIFFERENT");
  process.exitCode = good ? 0 : 1;
} finally {
  await kafka.server.stop();
  await toKafka?.close();
  await postgres.server.stop();
}
