import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gnomon } from "../test/command.ts";

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

const call = (id: string, modelId: string) => ({
  eventVersion: "1.11",
  userIdentity: {
    type: "IAMUser",
    arn: "arn:aws:iam::111122223333:user/app",
    accountId: "111122223333",
    accessKeyId: "AKIAEXAMPLE000000001",
    userName: "app",
  },
  eventTime: "2026-10-01T10:00:00Z",
  eventSource: "bedrock.amazonaws.com",
  eventName: "Converse",
  awsRegion: "us-east-1",
  sourceIPAddress: "203.0.113.9",
  requestParameters: { modelId },
  requestID: id,
  eventID: id,
  eventType: "AwsApiCall",
  recipientAccountId: "111122223333",
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-cli-"));
  await mkdir(at("empty"));
  await mkdir(at("logs"));
  await writeFile(
    at("logs", "trail.json.gz"),
    gzipSync(
      JSON.stringify({
        Records: [call("r-1", "deepseek.r1-v1:0"), call("r-2", "anthropic.claude-3-haiku-20240307-v1:0")],
      }),
    ),
  );
  await writeFile(
    at("policy.yaml"),
    "default: deny\napprovals:\n  - name: claude\n    models: [anthropic/*]\n    doors: [aws.bedrock]\n",
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("gnomon scan", () => {
  it("tells an unsanctioned model from a sanctioned one and exits with 0", async () => {
    const { code, out } = await gnomon(["scan", at("logs"), "--policy", at("policy.yaml")]);
    expect(code).toBe(0);
    expect(out).toContain("50% sanctioned");
    expect(out).toMatch(/Use of an AI Model Without Approval.*deepseek/);
  });

  it("exits with 1 for findings at or above --fail-on, and with 0 for those below it", async () => {
    const scan = ["scan", at("logs"), "--policy", at("policy.yaml"), "--quiet"];
    expect((await gnomon([...scan, "--fail-on", "low"])).code).toBe(1);
    expect((await gnomon([...scan, "--fail-on", "critical"])).code).toBe(0);
  });

  it("exits with 2 and says what to do for an empty folder, a missing path, an unknown flag and a wrong level", async () => {
    const empty = await gnomon(["scan", at("empty")]);
    expect(empty).toMatchObject({ code: 2, err: expect.stringContaining("gnomon demo") });
    expect(await gnomon(["scan", at("nowhere")])).toMatchObject({
      code: 2,
      err: expect.stringContaining("no such file"),
    });
    expect(await gnomon(["scan", at("logs"), "--fomat", "json"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--format"),
    });
    expect((await gnomon(["scan", at("logs"), "--fail-on", "bad"])).code).toBe(2);
  });

  it("exits with 3 for a file that cannot be read to its end, and reads the others", async () => {
    await mkdir(at("damaged"));
    const packed = gzipSync(JSON.stringify({ Records: [call("r-3", "deepseek.r1-v1:0")] }));
    await writeFile(at("damaged", "cut.json.gz"), packed.subarray(0, packed.length - 20));
    await writeFile(at("damaged", "whole.json"), JSON.stringify({ Records: [call("r-4", "deepseek.r1-v1:0")] }));
    const { code, out, err } = await gnomon(["scan", at("damaged"), "--format", "json"]);
    expect(code).toBe(3);
    expect(err).toContain("gzip data that ends early");
    expect(JSON.parse(out).inventory).toHaveLength(1);
  });

  it("writes nothing but the result to stdout, the same bytes every time", async () => {
    const once = await gnomon([
      "scan",
      at("logs"),
      "--policy",
      at("policy.yaml"),
      "--format",
      "json",
      "--report",
      at("a.html"),
    ]);
    const again = await gnomon([
      "scan",
      at("logs"),
      "--policy",
      at("policy.yaml"),
      "--format",
      "json",
      "--report",
      at("b.html"),
    ]);
    expect(JSON.parse(once.out)).toMatchObject({ schema: "gnomon.scan/v1" });
    expect(again.out).toBe(once.out);
    expect(await readFile(at("b.html"), "utf8")).toBe(await readFile(at("a.html"), "utf8"));
  });

  it("keeps results in a folder that findings and inventory read", async () => {
    const store = at("store");
    expect(
      (await gnomon(["scan", at("logs"), "--policy", at("policy.yaml"), "--store", store, "--quiet"])).code,
    ).toBe(0);
    const listed = await gnomon(["findings", "list", "--store", store, "--format", "ndjson"]);
    const [finding] = listed.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { uid: string; ruleName: string });
    expect(finding?.ruleName).toMatch(/^unsanctioned-/);
    const shown = await gnomon(["findings", "show", finding?.uid.slice(0, 8) ?? "", "--store", store]);
    expect(shown.out).toContain("deepseek");
    const inventory = await gnomon(["inventory", "--store", store, "--format", "csv"]);
    expect(inventory.out.trim().split("\n").length).toBe(3);
  }, 60_000);
});

describe("gnomon findings", () => {
  it("says how to fill a store that is not there", async () => {
    const { code, err } = await gnomon(["findings", "list"], { cwd: at("empty") });
    expect(code).toBe(2);
    expect(err).toContain("gnomon scan ./logs --store");
  });
});

describe("gnomon policy", () => {
  it("prints five problems with their places and suggestions for a policy with five mistakes", async () => {
    await writeFile(
      at("five.yaml"),
      "defualt: deny\napprovals:\n  - name: a\n    modles: [x]\n    until: 2026-13-40\n  - name: b\n    credentialTypes: [tempory]\n    when: 'activity.usage.inputTokens <'\n",
    );
    const { code, out } = await gnomon(["policy", "check", at("five.yaml")]);
    expect(code).toBe(2);
    expect(out.match(/five\.yaml:\d+:\d+/g)).toHaveLength(5);
    expect(out).toContain('did you mean "models"?');
    expect(out).toContain('did you mean "default"?');
    expect(out).toContain('did you mean "temporary"?');
  });

  it("suggests a policy that it accepts itself", async () => {
    const suggested = at("suggested.yaml");
    expect((await gnomon(["policy", "suggest", at("logs"), "--output", suggested])).code).toBe(0);
    expect(await readFile(suggested, "utf8")).toContain("deepseek");
    expect(await gnomon(["policy", "check", suggested])).toMatchObject({ code: 0 });
  });

  it("stops a scan whose policy is wrong before anything is read", async () => {
    const { code, out, err } = await gnomon(["scan", at("logs"), "--policy", at("five.yaml")]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("five.yaml:1:1");
  });
});

describe("gnomon rules", () => {
  it("lists every rule and explains each by name", async () => {
    const { out } = await gnomon(["rules", "list", "--format", "ndjson"]);
    const names = out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names.length).toBeGreaterThan(10);
    const explained = await gnomon(["rules", "explain", names[0] ?? ""]);
    expect(explained.out).toContain("Misses");
    expect(await gnomon(["rules", "explain", "nonsense"])).toMatchObject({ code: 2 });
  });
});

describe("gnomon demo", () => {
  it("finds what was planted and nothing else, in another month too", async () => {
    for (const seed of ["7", "42"]) {
      const { code, out } = await gnomon(["demo", "--folder", at(`demo-${seed}`), "--seed", seed]);
      expect(out).toMatch(/Against the truth: (\d+) of \1 planted incidents found, nothing else/);
      expect(code).toBe(0);
    }
  }, 60_000);

  it("does not write over a folder that is not its own", async () => {
    expect(await gnomon(["demo", "--folder", at("logs")])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--folder"),
    });
  });
});
