/** Prompts and completions stop at the door: planted in every content field of every fixture, seen nowhere behind it. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../shared/store/open-store.ts";
import { gnomonHere } from "./command.ts";
import { writeFixtures } from "./fixtures.ts";
import { copyMadeStore } from "./made-store.ts";

describe("content planted in every fixture", () => {
  let folder: string;
  let logs: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gnomon-canary-"));
    logs = join(folder, "logs");
    expect(await writeFixtures(logs)).toBeGreaterThan(20);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is there to be found", async () => {
    const holding = new Set<string>();
    for (const name of await readdir(logs)) {
      if ((await readFile(join(logs, name), "utf8")).includes("CANARY"))
        holding.add(name.replace(/-\d+\.json$/, ""));
    }
    expect([...holding]).toEqual(
      expect.arrayContaining(["aws-bedrock-invocation", "litellm-spend", "otel-genai"]),
    );
  });

  it("reaches no output of normalize, in activities or in reasons", async () => {
    const rejects = join(folder, "rejects.ndjson");
    const { code, out, err } = await gnomonHere(["normalize", logs, "--rejects", rejects]);
    expect(code).toBe(0);
    expect(out.split("\n").length).toBeGreaterThan(50);
    expect(`${out}${err}${await readFile(rejects, "utf8")}`).not.toContain("CANARY");
  });

  it("reaches neither the result of a scan in any format, nor its report, nor its store", async () => {
    const report = join(folder, "report.html");
    const kept = join(folder, "store");
    await copyMadeStore(kept);
    for (const format of ["table", "json", "ndjson", "ocsf", "sarif", "csv", "markdown"]) {
      const more = format === "json" ? ["--report", report, "--store", kept] : [];
      const { code, out, err } = await gnomonHere(["scan", logs, "--format", format, ...more]);
      expect({ format, code, err }).toMatchObject({ code: 0 });
      expect(out.length).toBeGreaterThan(10);
      expect(`${out}${err}`).not.toContain("CANARY");
    }
    expect(await readFile(report, "utf8")).not.toContain("CANARY");
    const store = await openStore(kept);
    const rows = JSON.stringify(await store.dump());
    await store.close();
    expect(rows.length).toBeGreaterThan(10_000);
    expect(rows).not.toContain("CANARY");
  });
});
