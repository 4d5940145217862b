import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { copyMadeStore } from "../test/made-store.ts";
import { until } from "../test/until.ts";

const launcher = fileURLToPath(new URL("gnomon.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "gnomon-stop-"));
const started: ChildProcess[] = [];

beforeAll(async () => {
  // The launcher starts the main.ts beside it: here one that tells what it is asked, and ends when it is asked to be done.
  await copyFile(launcher, join(folder, "gnomon.js"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(folder, "main.ts"),
    `import { answerStop, listenForStop } from ${JSON.stringify(new URL("stop.ts", import.meta.url).href)};
listenForStop();
answerStop((signal) => console.log(signal));
process.on("disconnect", () => console.log("alone"));
const waiting = setInterval(() => {}, 1_000);
process.on("SIGUSR2", () => clearInterval(waiting));
console.log(process.pid);
`,
  );
});
afterEach(() => {
  for (const { pid } of started.splice(0)) {
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** In a group of its own, as a terminal starts it. */
async function start(script: string, words: readonly string[], isReady: (out: string) => boolean) {
  const child = spawn(process.execPath, [script, ...words], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (out += chunk));
  // Of the streams: whoever holds them has ended then, and not the launcher alone.
  const closed = once(child, "close") as Promise<[code: number | null]>;
  await until(() => isReady(out));
  return { pid: child.pid ?? expect.fail("it did not start"), said: () => out, closed };
}

async function startAsked(script = "gnomon.js") {
  const { pid, said, closed } = await start(join(folder, script), [], (out) => out.endsWith("\n"));
  const [own = ""] = said().split("\n");
  const asked = () => said().trim().split("\n").slice(1);
  const signal = async (to: number, name: NodeJS.Signals) => {
    const before = asked().length;
    process.kill(to, name);
    await until(() => asked().length > before);
  };
  const done = async () => {
    process.kill(Number(own), "SIGUSR2");
    const [code] = await closed;
    return { code, asked: asked() };
  };
  return { pid, own: Number(own), signal, asked, closed, done };
}

describe("what the launcher starts", () => {
  it("is asked to stop by a signal to the launcher alone, and by one to itself alone", async () => {
    const { pid, signal, done } = await startAsked();
    await signal(pid, "SIGINT");
    await signal(pid, "SIGINT");
    await signal(pid, "SIGTERM");
    expect(await done()).toEqual({ code: 0, asked: ["SIGINT", "SIGINT", "SIGTERM"] });
    const other = await startAsked();
    await other.signal(other.own, "SIGINT");
    expect(await other.done()).toEqual({ code: 0, asked: ["SIGINT"] });
  });

  it("is asked once by a signal to both, as a terminal sends it", async () => {
    const { pid, signal, done } = await startAsked();
    await signal(-pid, "SIGINT");
    await signal(-pid, "SIGINT");
    await signal(-pid, "SIGTERM");
    // Told by the launcher after all that it told before.
    await signal(pid, "SIGTERM");
    expect(await done()).toEqual({ code: 0, asked: ["SIGINT", "SIGINT", "SIGTERM", "SIGTERM"] });
  });

  it("is asked to stop by the end of the launcher, which was killed", async () => {
    const { pid, signal, done } = await startAsked();
    await signal(pid, "SIGKILL");
    expect((await done()).asked).toEqual(["SIGTERM", "alone"]);
  });

  it("is not asked again by the launcher's end where it was before, and hears each signal to itself then", async () => {
    const { pid, own, signal, done } = await startAsked();
    await signal(pid, "SIGINT");
    await signal(pid, "SIGKILL");
    await signal(own, "SIGINT");
    expect((await done()).asked).toEqual(["SIGINT", "alone", "SIGINT"]);
  });

  it("is asked by each signal where it was started without the launcher", async () => {
    const { pid, signal, done } = await startAsked("main.ts");
    await signal(pid, "SIGTERM");
    await signal(pid, "SIGTERM");
    expect(await done()).toEqual({ code: 0, asked: ["SIGTERM", "SIGTERM"] });
  });
});

describe("gnomon up", () => {
  const startUp = async (name: string) => {
    const config = join(folder, `${name}.yaml`);
    await writeFile(config, `store: ${name}\n`);
    await copyMadeStore(join(folder, name));
    return start(launcher, ["up", "--config", config], (out) => out.includes('"housekeeping"'));
  };

  it("finishes what is at hand, and exits with 130, where the launcher alone is interrupted", async () => {
    const { pid, said, closed } = await startUp("interrupted");
    process.kill(pid, "SIGINT");
    expect((await closed)[0]).toBe(130);
    expect(said()).toContain("stopping: what is at hand is finished first\n");
  });

  it("ends where the launcher is killed", async () => {
    const { pid, said, closed } = await startUp("killed");
    process.kill(pid, "SIGKILL");
    await closed;
    expect(said()).toContain("stopping: what is at hand is finished first\n");
  });
});
