import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { EpochMs } from "../../shared/model/units.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import { gnomonHere } from "../../test/command.ts";
import { copyMadeStore } from "../../test/made-store.ts";

const folder = await mkdtemp(join(tmpdir(), "gnomon-rejects-list-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("gnomon rejects list", () => {
  it("writes times in CSV as every other list does", async () => {
    const where = join(folder, "store");
    await copyMadeStore(where);
    const store = await openLastingStore(where);
    const seen = EpochMs.parse(Date.UTC(2026, 8, 14, 10, 20));
    await store.books.recordRejects([{ reason: "not JSON", place: "ai.activity.raw/3/1207", record: 2 }], seen);
    await store.close();
    const { out } = await gnomonHere(["rejects", "list", "--store", where, "--format", "csv"]);
    expect(out).toContain("\r\n2026-09-14T10:20:00.000Z,,not JSON,ai.activity.raw/3/1207,2,no\r\n");
  });
});
