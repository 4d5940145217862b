import { styleText } from "node:util";
import type { Command } from "commander";
import { readConfiguration } from "../../functions/runtime.ts";
import { missingTopics } from "../../shared/bus/kafka-bus.ts";
import { kafkaSettings } from "../../shared/bus/kafka-settings.ts";
import type { Check } from "../../shared/collectors/collector.ts";
import type { Configuration } from "../../shared/config/config.ts";
import { PipelineError } from "../../shared/model/errors.ts";
import { EpochMs, SECOND_MS } from "../../shared/model/units.ts";
import { collectors, sinks } from "../../shared/registry.ts";
import type { Sink } from "../../shared/sinks/sink.ts";
import type { Refusal } from "../../shared/store/books.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import { configOption, type Door, loadPolicy, write } from "../door.ts";
import { printable } from "../render/printable.ts";

const PATIENCE_MS = 30 * SECOND_MS;

export function doctor(program: Command, door: Door): void {
  program
    .command("doctor")
    .description("try every credential, topic, table, source and sink, and name what is missing")
    .addOption(configOption(door))
    .action(async ({ config }: { config: string }) => {
      const configuration = await readConfiguration(config, door.environment);
      let failed = 0;
      const tell = async (heading: string, checks: readonly Looked[]) => {
        failed += checks.filter(({ ok }) => !ok).length;
        await write(`${heading}\n${checks.map((check) => told(check, door)).join("")}`, undefined, door);
      };
      await tell("policy", [await checkPolicy(configuration)]);
      const { refused, ...store } = await checkStore(configuration);
      await tell("store", [store]);
      await tell("bus", await checkBus(configuration));
      for (const { collector: id, name, settings } of configuration.collectors) {
        const collector = collectors.find((one) => one.id === id);
        if (!collector) continue;
        const signal = AbortSignal.timeout(PATIENCE_MS);
        await tell(
          `collector ${name}`,
          await collector.check({ settings, now: EpochMs.parse(Date.now()), signal }),
        );
      }
      for (const { sink: id, name, settings } of configuration.sinks) {
        const sink = sinks.find((one) => one.id === id);
        if (!sink) continue;
        const refusals = refused.filter((one) => one.sink === name);
        await tell(`sink ${name}`, [
          ...(await checkSink(sink, settings)),
          ...(refusals.length > 0 ? [notTaken(name, refusals)] : []),
        ]);
      }
      if (failed > 0) {
        door.err.write(`${failed} of these need attention\n`);
        door.exit(3);
      }
    });
}

/** `untried`: only what is for real tells. */
type Looked = Check & { readonly untried?: true };

function told({ what, ok, advice, untried }: Looked, door: Door): string {
  const mark = untried
    ? "?   "
    : ok
      ? styleText("green", "ok  ", { stream: door.out })
      : styleText("red", "FAIL", { stream: door.out });
  return `  ${mark}  ${printable(what)}${advice === undefined ? "" : `\n        ${printable(advice)}`}\n`;
}

async function attempt(what: string, work: () => Promise<void>): Promise<Check> {
  try {
    await work();
    return { what, ok: true };
  } catch (error) {
    const advice = error instanceof PipelineError || error instanceof Error ? error.message : String(error);
    return { what, ok: false, advice };
  }
}

const checkPolicy = ({ policy }: Configuration): Promise<Check> =>
  attempt(policy ?? "none: nothing is called sanctioned", async () => {
    if (policy !== undefined) await loadPolicy(policy);
  });

async function checkStore({ store }: Configuration): Promise<Check & { readonly refused: readonly Refusal[] }> {
  let refused: readonly Refusal[] = [];
  const check = await attempt("opens, and has the tables of this version", async () => {
    const opened = await openLastingStore(store);
    refused = await opened.books.refusals();
    await opened.close();
  });
  return { ...check, refused };
}

const notTaken = (sink: string, refusals: readonly Refusal[]): Looked => ({
  what: `takes every finding: ${refusals.length} refused`,
  ok: false,
  advice: `${[...new Set(refusals.map(({ reason }) => reason))].join("; ")}: gnomon sinks refused lists them, gnomon sinks retry ${sink} tells them again`,
});

const untried = (what: string): Looked => ({
  what: `${what}: cannot be tried without doing it`,
  ok: true,
  untried: true,
});

function checkSink(sink: Sink, settings: unknown): Promise<readonly Looked[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const trials = sink.trials?.({ settings, signal }) ?? [{ what: "whether it takes a finding" }];
  return Promise.all(trials.map(({ what, attempt: trial }) => (trial ? attempt(what, trial) : untried(what))));
}

async function checkBus({ bus }: Configuration): Promise<readonly Looked[]> {
  if (bus === "memory") return [{ what: "in this process", ok: true }];
  return [
    await attempt("Kafka answers, and has the topics", async () => {
      const missing = await missingTopics(kafkaSettings(bus.kafka));
      if (missing.length > 0)
        throw new PipelineError("config-invalid", `no ${missing.join(", ")}: run gnomon migrate`);
    }),
    untried("whether they may be written and read"),
  ];
}
