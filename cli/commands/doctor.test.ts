import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { gnomon } from "../../test/command.ts";
import { serveJson } from "../../test/servers/json-api.ts";

const folder = await mkdtemp(join(tmpdir(), "gnomon-doctor-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("gnomon doctor", () => {
  it("tries every sink, names what is missing, and says what cannot be tried", async () => {
    const slack = await serveJson(() => ({ body: { ok: false, error: "invalid_auth" } }));
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
    const { code, out, err } = await gnomon(["doctor", "--config", config], { env: { SLACK: "nonsense" } });
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
  }, 120_000);
});
