/**
 * A real LiteLLM proxy for tests: in a virtual environment of its own, kept outside the repository, with models that
 * answer by themselves. It listens on 127.0.0.1, and only the process started here is ended here.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "./kafka.ts";

const run = promisify(execFile);

const VERSION = "1.106.2";
const START_SECONDS = 180;

export interface LitellmProxy {
  readonly url: string;
  readonly masterKey: string;
  stop(): Promise<void>;
}

/** `configuration` is the proxy's YAML without its master key, `environment` what its callbacks ask for. */
export async function startLitellm(
  configuration: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly proxy: LitellmProxy } | { readonly missing: string }> {
  const installed = await install();
  if ("missing" in installed) return installed;

  const folder = await mkdtemp(join(tmpdir(), "gnomon-litellm-"));
  const file = join(folder, "config.yaml");
  const masterKey = "sk-made-up-master-key-of-a-test-0123456789";
  await writeFile(file, `${configuration}\ngeneral_settings:\n  master_key: ${masterKey}\n`);
  const port = await freePort();
  const logPath = join(folder, "proxy.log");
  const log = createWriteStream(logPath);
  const child = spawn(
    installed.python,
    [
      "-c",
      "import litellm; litellm.run_server()",
      "--config",
      file,
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
    ],
    {
      cwd: folder,
      env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: "True", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  child.stdout?.pipe(log);
  child.stderr?.pipe(log);
  const url = `http://127.0.0.1:${port}`;
  await answering(url, child, logPath);
  return {
    proxy: {
      url,
      masterKey,
      async stop() {
        const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
        if (child.kill("SIGKILL")) await ended;
        await rm(folder, { recursive: true, force: true });
      },
    },
  };
}

/** Downloads once, into the user's cache folder. */
async function install(): Promise<{ readonly python: string } | { readonly missing: string }> {
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gnomon-test");
  const home = join(cache, `litellm-${VERSION}`);
  const python = join(home, "bin", "python");
  if (existsSync(home)) return { python };
  try {
    await run("python3", ["-c", "import venv, ensurepip"]);
  } catch {
    return { missing: "no LiteLLM: no Python 3 with venv and pip on the path" };
  }
  await mkdir(cache, { recursive: true });
  // Under its own name only once it is whole. Its python may be moved; scripts beside it may not, and are not used.
  const work = await mkdtemp(join(cache, "fetching-"));
  try {
    await run("python3", ["-m", "venv", work]);
    const packages = [`litellm[proxy]==${VERSION}`, "opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"];
    await run(join(work, "bin", "python"), ["-m", "pip", "install", "--quiet", ...packages]);
    await rename(work, home).catch((error: unknown) => {
      if (!existsSync(home)) throw error;
    });
    return { python };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return { missing: `no LiteLLM: pip could not fetch ${VERSION} (${why})` };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function answering(url: string, child: ChildProcess, log: string): Promise<void> {
  for (let waited = 0; waited < START_SECONDS * 10; waited++) {
    if (child.exitCode !== null) throw new Error(`LiteLLM ended at once: ${await readFile(log, "utf8")}`);
    const alive = await fetch(`${url}/health/liveliness`).catch(() => undefined);
    if (alive?.ok) return;
    await sleep(100);
  }
  child.kill("SIGKILL");
  throw new Error(`LiteLLM did not answer within ${START_SECONDS} s: ${await readFile(log, "utf8")}`);
}
