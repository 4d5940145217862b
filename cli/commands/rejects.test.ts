import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpochMs } from "../../shared/model/units.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import { gnomonHere } from "../../test/command.ts";
import { copyMadeStore } from "../../test/made-store.ts";

const folder = await mkdtemp(join(tmpdir(), "gnomon-rejects-list-"));
const config = join(folder, "gnomon.yaml");
const where = join(folder, "store");

beforeAll(async () => {
  await writeFile(config, "store: store\n");
  await copyMadeStore(where);
  const store = await openLastingStore(where);
  const seen = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
  await store.books.recordRejects(
    [
      { reason: "not JSON", place: "ai.activity.raw/3/1207", record: 2 },
      { source: "acme.calls", reason: "no source acme.calls in this version", place: "ai.activity.raw/3/1208" },
    ],
    seen,
  );
  await store.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const listed = (...words: string[]) =>
  gnomonHere(["rejects", "list", "--store", where, "--format", "csv", ...words]);

describe("gnomon rejects list", () => {
  it("writes times in CSV as every other list does", async () => {
    expect((await listed()).out).toContain(
      "\r\n2026-09-14T10:20:00.000Z,,not JSON,ai.activity.raw/3/1207,2,no\r\n",
    );
  });

  it("lists what is in the store of a configuration, beside which that stands", async () => {
    const { code, out } = await gnomonHere(["rejects", "list", "--config", config, "--format", "csv"]);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("ai.activity.raw/3/1207") });
  });

  it("lists those of a source that only they name", async () => {
    const { code, out } = await listed("--source", "acme.calls");
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("acme.calls") });
    expect(out).not.toContain("not JSON");
  });

  it("says of which source there are none", async () => {
    const { code, out } = await gnomonHere(["rejects", "list", "--config", config, "--source", "aws.cloudtrail"]);
    expect({ code, out }).toEqual({ code: 0, out: "No rejects of aws.cloudtrail.\n" });
  });
});

describe.each(["list", "replay"])("gnomon rejects %s", (verb) => {
  it("says which source may be meant where there is none of that name", async () => {
    const { code, out, err } = await gnomonHere([
      "rejects",
      verb,
      "--config",
      config,
      "--source",
      "aws.cloudtrial",
    ]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^gnomon: --source aws\.cloudtrial: did you mean aws\.cloudtrail\? It is one of .*openai/);
  });
});
