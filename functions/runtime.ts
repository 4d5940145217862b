/**
 * What a door opens before it does anything: configuration, bus, store, policy, clock, log. Once per process; a Lambda
 * keeps it between invocations.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Bus } from "../shared/bus/bus.ts";
import { connectKafka } from "../shared/bus/kafka-bus.ts";
import { kafkaSettings } from "../shared/bus/kafka-settings.ts";
import { openMemoryBus } from "../shared/bus/memory-bus.ts";
import {
  type Configuration,
  parseConfiguration,
  resolveSecrets,
  type SecretStore,
} from "../shared/config/config.ts";
import { REFERENCE } from "../shared/config/settings.ts";
import { loadPrices, type PriceOf } from "../shared/cost/price.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { EpochMs } from "../shared/model/units.ts";
import type { Judge, Policy } from "../shared/policy/policy.ts";
import { formatProblem } from "../shared/policy/yaml-document.ts";
import type { LastingStore } from "../shared/store/books.ts";
import { openLastingStore } from "../shared/store/open-store.ts";
import type { Log } from "./log.ts";

export interface Runtime {
  readonly configuration: Configuration;
  readonly bus: Bus;
  /** Opened on first use: `normalize` and `receive` never touch the database. */
  store(): Promise<LastingStore>;
  judging(): Promise<Judging>;
  readonly log: Log;
  now(): EpochMs;
  close(): Promise<void>;
}

export interface Judging {
  readonly policy: Policy;
  readonly judge: Judge;
  readonly price: PriceOf;
}

/** Throws `config-invalid` with every problem of the file. */
export async function readConfiguration(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Configuration> {
  const configuration = await resolveSecrets(await readDecisions(file), (from, name) =>
    lookUp(from, name, environment),
  );
  return { ...configuration, store: placeOf(configuration.store, file) };
}

/** Where the configuration has its store: the one reference that is followed. */
export async function readPlaceOfStore(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { store } = await readDecisions(file);
  return placeOf(await resolveSecrets(store, (from, name) => lookUp(from, name, environment)), file);
}

/** The configuration with references where secrets are: enough for who only asks what was decided. */
export async function readDecisions(file: string): Promise<Configuration> {
  const text = await configurationIn(file);
  const read = parseConfiguration(text, file);
  if ("problems" in read) {
    throw new PipelineError(
      "config-invalid",
      read.problems.map((problem) => formatProblem(problem, text)).join("\n"),
    );
  }
  const { policy, store } = read.configuration;
  return {
    ...read.configuration,
    store: REFERENCE.test(store) ? store : placeOf(store, file),
    ...(policy === undefined ? {} : { policy: resolve(dirname(file), policy) }),
  };
}

async function configurationIn(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const what = {
      ENOENT: `no such file; gnomon init ${file} writes a configuration, --config FILE names another`,
      EISDIR: "a folder, where a configuration belongs",
    }[code];
    if (what === undefined) throw error;
    throw new PipelineError("config-invalid", `${file}: ${what}`, { cause: error });
  }
}

/** A folder is beside the configuration. */
const placeOf = (store: string, file: string): string =>
  store === "memory" || store.includes("://") ? store : resolve(dirname(file), store);

export function openRuntime(configuration: Configuration, log: Log): Runtime {
  const bus = openBus(configuration);
  const store = untilOpened(() => openLastingStore(configuration.store));
  const judging = untilOpened(() => openJudging(configuration));
  return {
    configuration,
    bus,
    log,
    store: store.open,
    judging: judging.open,
    now: () => EpochMs.parse(Date.now()),
    async close() {
      await bus.close();
      await (await store.opened())?.close();
    },
  };
}

/** Opened once, on first use; what could not be opened is tried again by whoever asks next. */
function untilOpened<Opened>(openIt: () => Promise<Opened>) {
  let opening: Promise<Opened> | undefined;
  return {
    open: () =>
      (opening ??= openIt().catch((error: unknown) => {
        opening = undefined;
        throw error;
      })),
    /** Undefined where nobody has asked, or it could not be. */
    opened: async () => opening?.catch(() => undefined),
  };
}

function openBus({ bus }: Configuration): Bus {
  if (bus === "memory") return openMemoryBus();
  return connectKafka({ ...kafkaSettings(bus.kafka), compression: bus.kafka.compression });
}

async function openJudging({ policy: file, prices }: Configuration): Promise<Judging> {
  const { compilePolicy } = await import("../shared/policy/judge.ts");
  const policy = await readPolicy(file);
  return { policy, judge: compilePolicy(policy), price: await loadPrices(prices) };
}

async function readPolicy(file: string | undefined): Promise<Policy> {
  const { noPolicy, parsePolicy } = await import("../shared/policy/parse-policy.ts");
  if (file === undefined) return noPolicy;
  const text = await readFile(file, "utf8");
  const read = parsePolicy(text, file);
  if ("policy" in read) return read.policy;
  throw new PipelineError(
    "config-invalid",
    read.problems.map((problem) => formatProblem(problem, text)).join("\n"),
  );
}

/** Names the reference in what goes wrong, never the value. */
async function lookUp(
  from: SecretStore,
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const value =
    from === "env" ? environment[name] : from === "ssm" ? await parameter(name) : await secretValue(name);
  if (value === undefined || value === "") {
    throw new PipelineError("config-invalid", `the configuration refers to ${from}:${name}, which is not set`);
  }
  return value;
}

async function parameter(name: string): Promise<string | undefined> {
  const { GetParameterCommand, SSMClient } = await import("@aws-sdk/client-ssm");
  return fetched(`ssm:${name}`, async () => {
    const { Parameter } = await new SSMClient().send(
      new GetParameterCommand({ Name: name, WithDecryption: true }),
    );
    return Parameter?.Value;
  });
}

async function secretValue(id: string): Promise<string | undefined> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
  return fetched(`secretsmanager:${id}`, async () => {
    return (await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: id }))).SecretString;
  });
}

async function fetched(reference: string, ask: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await ask();
  } catch (error) {
    const name = error instanceof Error ? error.name : "unknown error";
    throw new PipelineError("upstream-refused", `${reference} could not be read: ${name}`, { cause: error });
  }
}
