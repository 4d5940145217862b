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

const folder = await mkdtemp(join(tmpdir(), "gnomon-up-once-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("gnomon up --once", () => {
  it("says that nothing arrives where nothing is collected or received, and what to do", async () => {
    const config = join(folder, "bare.yaml");
    await writeFile(config, "store: bare\n");
    await copyMadeStore(join(folder, "bare"));
    const { code, err } = await gnomonHere(["up", "--once", "--config", config]);
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringMatching(
        /"warn","message":"nothing arrives: \S+bare\.yaml has .*gnomon init.*gnomon scan/,
      ),
    });
  });

  it("exits with 3 where a sink could not be told, and with 0 once it takes what it was owed", async () => {
    const answers = { status: 503 };
    const receiver = await serveJson(() => ({ ...answers }));
    const where = join(folder, "store");
    const config = join(folder, "gnomon.yaml");
    await writeFile(
      config,
      `store: ${where}\nsinks:\n  - { sink: webhook, name: desk, settings: { url: "${receiver.url}", secret: "$\{env:MADE_UP_SECRET}" } }\n`,
    );
    await copyMadeStore(where);
    const store = await openLastingStore(where);
    await detect(many(1, { model: { id: "deepseek-y", name: "deepseek/deepseek-y" } }), { ...world, store });
    await store.close();

    const once = () =>
      gnomonHere(["up", "--once", "--config", config], { env: { MADE_UP_SECRET: "made-up-secret-of-a-test" } });
    const failed = await once();
    expect(failed).toMatchObject({ code: 3, err: expect.stringContaining("a sink was not told") });
    expect(failed.out).toContain("Findings: ");
    answers.status = 200;
    expect(await once()).toMatchObject({ code: 0, err: expect.not.stringContaining("a sink was not told") });
    await receiver.close();
  });
});
