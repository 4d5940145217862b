/**
 * A real single-node Kafka broker (KRaft) for tests: from Maven Central's jars on the installed JDK, kept outside the
 * repository. Everything listens on 127.0.0.1, and only processes started here are ended here.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { selfSigned } from "./certificate.ts";

const run = promisify(execFile);

const KAFKA_VERSION = "4.3.0";
/** For a broker that never starts: a busy machine takes half a minute. */
const START_SECONDS = 180;

/** What lives for a minute has nothing of code that is compiled for long. */
const SHORT_LIVED = ["-XX:TieredStopAtLevel=1"];

export interface KafkaServer {
  /** `127.0.0.1:port` of the plain listener. */
  readonly brokers: readonly string[];
  /** With SASL/SCRAM-SHA-512 over TLS; only where the server was started so. */
  readonly secured?: {
    readonly brokers: readonly string[];
    readonly username: string;
    readonly password: string;
    readonly ca: string;
  };
  /** Absent for a broker that is not ours (`KAFKA_BROKERS`). */
  readonly crash?: {
    /** SIGKILL. The data stays. */
    kill(): Promise<void>;
    /** On the same ports and data. */
    restart(): Promise<void>;
  };
  stop(): Promise<void>;
}

/** A broker of ours, or the one `KAFKA_BROKERS` names; `missing` says why none can be had. */
export async function startKafka(
  options: {
    readonly version?: string;
    readonly secured?: boolean;
    /** It is what is measured. */
    readonly measured?: boolean;
    /** It will be killed, and come back at once: 6 s without a word from it, as on a busy machine, then count as its end. */
    readonly killed?: boolean;
    /** The port of a proxy through which clients are to come, given the broker's own. */
    readonly behind?: (port: number) => Promise<number>;
  } = {},
): Promise<{ readonly server: KafkaServer } | { readonly missing: string }> {
  const given = process.env["KAFKA_BROKERS"];
  if (given) return { server: { brokers: given.split(","), stop: async () => {} } };
  const jars = await kafkaJars(options.version ?? process.env["KAFKA_VERSION"] ?? KAFKA_VERSION);
  if ("missing" in jars) return jars;

  const folder = await mkdtemp(join(tmpdir(), "gnomon-kafka-"));
  const [plain, controller, tls] = [await freePort(), await freePort(), await freePort()];
  const front = (await options.behind?.(plain)) ?? plain;
  const username = "gnomon";
  const password = "made-up-for-a-test";
  const data = join(folder, "data");
  const keys = options.secured ? selfSigned() : undefined;
  const keystore = join(folder, "keystore.pem");
  if (keys) await writeFile(keystore, `${keys.key}${keys.cert}`);
  const settings = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${plain},CONTROLLER://127.0.0.1:${controller}${keys ? `,SASL_SSL://127.0.0.1:${tls}` : ""}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${front}${keys ? `,SASL_SSL://127.0.0.1:${tls}` : ""}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": data,
    "offsets.topic.replication.factor": "1",
    // Fifty are made at once before the first group can begin.
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    // The old session of a broker keeps its successor out.
    "broker.session.timeout.ms": options.killed ? "6000" : "60000",
    "broker.heartbeat.interval.ms": "500",
    ...(keys
      ? {
          "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN,OAUTHBEARER",
          "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config":
            "org.apache.kafka.common.security.scram.ScramLoginModule required;",
          // As Event Hubs has it: this user, and a connection string for a password.
          "listener.name.sasl_ssl.plain.sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required user_$ConnectionString="${password}";`,
          // Takes tokens that nobody signed, as long as they have not expired.
          "listener.name.sasl_ssl.oauthbearer.sasl.jaas.config":
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
          "ssl.keystore.location": keystore,
          "ssl.keystore.type": "PEM",
        }
      : {}),
  };
  const properties = join(folder, "server.properties");
  await writeFile(
    properties,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
  const classpath = join(jars.lib, "*");
  const scram = keys ? ["--add-scram", `SCRAM-SHA-512=[name=${username},password=${password}]`] : [];
  await format(classpath, properties, scram, { data, kept: `${jars.lib}-formatted` });

  const compiled = options.measured ? [] : SHORT_LIVED;
  let child: ChildProcess | undefined;
  let starts = 0;
  const start = async () => {
    const logPath = join(folder, `broker-${++starts}.log`);
    const log = createWriteStream(logPath);
    const started = spawn(
      "java",
      ["-Xmx512m", "-XX:+UseSerialGC", ...compiled, "-cp", classpath, "kafka.Kafka", properties],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    started.stdout?.pipe(log);
    started.stderr?.pipe(log);
    child = started;
    await answering(plain, started, logPath);
  };
  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
    ending.kill(signal);
    await ended;
  };
  await start();
  return {
    server: {
      brokers: [`127.0.0.1:${front}`],
      ...(keys ? { secured: { brokers: [`127.0.0.1:${tls}`], username, password, ca: keys.cert } } : {}),
      crash: {
        kill: () => end("SIGKILL"),
        restart: async () => {
          await end("SIGTERM");
          await start();
        },
      },
      stop: async () => {
        await end("SIGKILL");
        await rm(folder, { recursive: true, force: true });
      },
    },
  };
}

/** Downloads once, into the user's cache folder. */
async function kafkaJars(version: string): Promise<{ readonly lib: string } | { readonly missing: string }> {
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gnomon-test");
  const lib = join(cache, `kafka-${version}`);
  try {
    await run("java", ["-version"]);
  } catch {
    return { missing: "no broker: no Java on the path (a JDK 17 or later runs one)" };
  }
  if (existsSync(lib)) return { lib };
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "fetching-"));
  try {
    await writeFile(
      join(work, "pom.xml"),
      await readFile(fileURLToPath(new URL("kafka-pom.xml", import.meta.url))),
    );
    await run(
      "mvn",
      ["-q", "-B", `-Dkafka.version=${version}`, "dependency:copy-dependencies", "-DoutputDirectory=lib"],
      {
        cwd: work,
      },
    );
    await rename(join(work, "lib"), lib).catch((error: unknown) => {
      if (!existsSync(lib)) throw error;
    });
    return { lib };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return { missing: `no broker: Maven could not fetch Kafka ${version} (${why})` };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Leaves two small files, the same for the same words, which are kept for the next broker. */
async function format(
  classpath: string,
  properties: string,
  scram: readonly string[],
  { data, kept }: { readonly data: string; readonly kept: string },
): Promise<void> {
  const clusterId = Buffer.alloc(16, 7).toString("base64url");
  const words = ["format", "-t", clusterId, ...scram];
  const before = `${kept}-${createHash("sha256").update(words.join(" ")).digest("hex").slice(0, 8)}`;
  if (existsSync(before)) {
    await cp(before, data, { recursive: true });
    return;
  }
  await run("java", [...SHORT_LIVED, "-cp", classpath, "kafka.tools.StorageTool", ...words, "-c", properties]);
  const work = await mkdtemp(`${before}-`);
  await cp(data, work, { recursive: true });
  await rename(work, before).catch(async (error: unknown) => {
    await rm(work, { recursive: true });
    if (!existsSync(before)) throw error;
  });
}

async function answering(port: number, child: ChildProcess, log: string): Promise<void> {
  const { Socket } = await import("node:net");
  for (let waited = 0; waited < START_SECONDS * 10; waited++) {
    if (child.exitCode !== null) throw new Error(`the broker ended at once; its log is ${log}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = new Socket();
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("close", () => socket.destroy());
      socket.connect(port, "127.0.0.1", () => socket.end());
    });
    if (open && (await readFile(log, "utf8")).includes("Kafka Server started")) return;
    await sleep(100);
  }
  throw new Error(`the broker did not answer within ${START_SECONDS} s; its log is ${log}`);
}

let offered = 0;

/**
 * Below those that systems give to connections by themselves, and apart from those of other processes: it has to be
 * free still when a server that takes its time to start listens there.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + ((process.pid * 199 + offered++) % 20_000);
    if (await isFree(port)) return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
