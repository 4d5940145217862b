import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { detect } from "../../shared/pipeline/detect.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import { gnomonHere } from "../../test/command.ts";
import { many } from "../../test/contract/store.contract.ts";
import { copyMadeStore } from "../../test/made-store.ts";
import { serveJson } from "../../test/servers/json-api.ts";
import { world } from "../../test/world.ts";

const folder = await mkdtemp(join(tmpdir(), "gnomon-doctor-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("what a sink refused", () => {
  it("is named by doctor and by sinks refused, until sinks retry hands it over once more", async () => {
    const where = join(folder, "refused");
    const config = join(folder, "refused.yaml");
    await writeFile(
      config,
      `store: ${where}\nsinks:\n  - { sink: ocsf.files, name: lake, settings: { to: ${join(folder, "lake")} } }\n`,
    );
    await copyMadeStore(where);
    const store = await openLastingStore(where);
    const denied = many(1, { model: { id: "deepseek-y", name: "deepseek/deepseek-y" } });
    await detect(denied, { ...world, store });
    await store.books.deliverTo("lake", 10, async (owed) => ({
      settled: owed.map(({ finding: { uid, status, level } }) => ({
        findingUid: uid,
        told: { status, level, times: 0 },
        refused: "answered 422",
      })),
    }));
    const count = (await store.books.refusals()).length;
    await store.close();

    const doctored = await gnomonHere(["doctor", "--config", config]);
    expect(doctored.out).toContain(
      `  FAIL  takes every finding: ${count} refused\n        answered 422: gnomon sinks refused lists them, gnomon sinks retry lake`,
    );
    expect(doctored.code).toBe(3);
    const listed = await gnomonHere(["sinks", "refused", "--config", config, "--format", "csv"]);
    expect(listed.out).toMatch(/^lake,[0-9a-f]{32},answered 422$/m);
    expect(await gnomonHere(["sinks", "retry", "lak", "--store", where])).toEqual({
      code: 0,
      out: "0 findings that lak refused will be told again\n",
      err: "those who refused something: lake\n",
    });
    const retried = await gnomonHere(["sinks", "retry", "lake", "--config", config]);
    expect(retried.out).toBe(
      `${count} ${count === 1 ? "finding" : "findings"} that lake refused will be told again\n`,
    );
    expect((await gnomonHere(["sinks", "refused", "--store", where])).out).toContain(
      "None: sinks take every finding",
    );
  });
});

describe("gnomon doctor", () => {
  it("tries every sink, names what is missing, and says what cannot be tried", async () => {
    const slack = await serveJson(() => ({ body: { ok: false, error: "invalid_auth" } }));
    await copyMadeStore(join(folder, "store"));
    const config = join(folder, "gnomon.yaml");
    await writeFile(
      config,
      `store: ${join(folder, "store")}
sinks:
  - { sink: slack, name: alerts, settings: { token: "$\{env:SLACK}", channel: "#ai", api: "${slack.url}" } }
  - { sink: ocsf.files, name: lake, settings: { to: ${join(folder, "lake")} } }
  - { sink: ai.findings, name: topic }
`,
    );
    const { code, out, err } = await gnomonHere(["doctor", "--config", config], { env: { SLACK: "nonsense" } });
    await slack.close();
    expect(out).toContain(
      [
        "sink alerts",
        "  FAIL  the token, and its scope chat:write",
        "        slack: auth.test was refused: invalid_auth; check the token",
        "  ?     whether the bot is in #ai, and may post there: cannot be tried without doing it",
        "sink lake",
        `  ok    ${join(folder, "lake")} can be written`,
        "sink topic",
        "  ?     whether it takes a finding: cannot be tried without doing it",
        "",
      ].join("\n"),
    );
    expect(out + err).not.toContain("nonsense");
    expect(err).toBe("1 of these need attention\n");
    expect(code).toBe(3);
  });
});
