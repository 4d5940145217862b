import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gnomon, gnomonHere } from "../test/command.ts";
import { copyMadeStore } from "../test/made-store.ts";

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

  it("keeps the sentence that it begins with within the window", async () => {
    const { out } = await gnomonHere(["scan", at("logs")], { columns: 40 });
    const [said = ""] = out.split("\n\n");
    expect(said.split("\n").length).toBeGreaterThan(1);
    for (const line of said.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
  });

  it("exits with 1 for findings at or above --fail-on, and with 0 for those below it", async () => {
    const scan = ["scan", at("logs"), "--policy", at("policy.yaml"), "--quiet"];
    expect((await gnomon([...scan, "--fail-on", "low"])).code).toBe(1);
    expect((await gnomonHere([...scan, "--fail-on", "critical"])).code).toBe(0);
  });

  it("exits with 2 and says what to do for an empty folder, a missing path, an unknown flag and a wrong level", async () => {
    const empty = await gnomonHere(["scan", at("empty")]);
    expect(empty).toMatchObject({ code: 2, err: expect.stringContaining("gnomon demo") });
    expect(await gnomonHere(["scan", at("nowhere")])).toMatchObject({
      code: 2,
      err: expect.stringContaining("no such file"),
    });
    expect(await gnomon(["scan", at("logs"), "--fomat", "json"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--format"),
    });
    expect((await gnomonHere(["scan", at("logs"), "--fail-on", "bad"])).code).toBe(2);
  });

  it("exits with 3 for a file that cannot be read to its end, and reads the others", async () => {
    await mkdir(at("damaged"));
    const packed = gzipSync(JSON.stringify({ Records: [call("r-3", "deepseek.r1-v1:0")] }));
    await writeFile(at("damaged", "cut.json.gz"), packed.subarray(0, packed.length - 20));
    await writeFile(at("damaged", "whole.json"), JSON.stringify({ Records: [call("r-4", "deepseek.r1-v1:0")] }));
    const { code, out, err } = await gnomonHere(["scan", at("damaged"), "--format", "json"]);
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
    await copyMadeStore(store);
    expect(
      (await gnomonHere(["scan", at("logs"), "--policy", at("policy.yaml"), "--store", store, "--quiet"])).code,
    ).toBe(0);
    const listed = await gnomonHere(["findings", "list", "--store", store, "--format", "ndjson"]);
    const [finding] = listed.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { uid: string; ruleName: string });
    expect(finding?.ruleName).toMatch(/^unsanctioned-/);
    const shown = await gnomonHere(["findings", "show", finding?.uid.slice(0, 8) ?? "", "--store", store]);
    expect(shown.out).toContain("deepseek");
    const inventory = await gnomonHere(["inventory", "--store", store, "--format", "csv"]);
    expect(inventory.out.trim().split("\n").length).toBe(3);
  });
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
    const { code, out } = await gnomonHere(["policy", "check", at("five.yaml")]);
    expect(code).toBe(2);
    expect(out.match(/five\.yaml:\d+:\d+/g)).toHaveLength(5);
    expect(out).toContain('did you mean "models"?');
    expect(out).toContain('did you mean "default"?');
    expect(out).toContain('did you mean "temporary"?');
  });

  it("suggests a policy that it accepts itself", async () => {
    const suggested = at("suggested.yaml");
    expect((await gnomonHere(["policy", "suggest", at("logs"), "--output", suggested])).code).toBe(0);
    expect(await readFile(suggested, "utf8")).toContain("deepseek");
    expect(await gnomonHere(["policy", "check", suggested])).toMatchObject({ code: 0 });
  });

  it("stops a scan whose policy is wrong before anything is read", async () => {
    const { code, out, err } = await gnomonHere(["scan", at("logs"), "--policy", at("five.yaml")]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("five.yaml:1:1");
  });
});

describe("gnomon --config", () => {
  beforeAll(async () => {
    await mkdir(at("configured"));
    await writeFile(at("configured", "policy.yaml"), "default: deny\napprovals:\n  - models: anthropic/*\n");
    await writeFile(
      at("configured", "gnomon.yaml"),
      `policy: policy.yaml
receive: { secret: "$\{env:NOT_SET_HERE}" }
prices:
  - name: deepseek-contract
    models: deepseek/*
    rates: { perRequest: 0.25 }
`,
    );
  });

  it("gives a scan and the inventory policy and prices, and asks for no secret", async () => {
    const config = at("configured", "gnomon.yaml");
    const { out, code } = await gnomonHere(["inventory", at("logs"), "--config", config, "--format", "ndjson"]);
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { model: "deepseek/deepseek-r1", verdict: "unsanctioned", clauses: ["default"] },
      {
        model: "anthropic/claude-3-haiku",
        verdict: "sanctioned",
        clauses: [`${at("configured", "policy.yaml")}:3`],
        topPrincipals: [expect.stringContaining("app")],
      },
    ]);
    const other = ["--policy", at("policy.yaml"), "--format", "json", "--quiet"];
    const scanned = JSON.parse((await gnomonHere(["scan", at("logs"), "--config", config, ...other])).out);
    expect(scanned.inventory[1].clauses).toEqual([`${at("policy.yaml")}:3`]);
  });

  it("gives a replay prices, budgets and owners", async () => {
    const line = (id: string) => ({
      schema: "gnomon.activity/v1",
      uid: id,
      kind: "call",
      view: "provider",
      startTime: "2026-10-01T10:00:00Z",
      count: 1,
      provider: "aws.bedrock",
      account: "111122223333",
      model: { id: "deepseek.r1-v1:0", name: "deepseek/deepseek-r1" },
      usage: { inputTokens: 10, outputTokens: 10 },
    });
    await writeFile(at("calls.ndjson"), `${JSON.stringify(line("a"))}\n${JSON.stringify(line("b"))}\n`);
    await writeFile(
      at("budgets.yaml"),
      'owners:\n  - { name: lab, accounts: "111122223333" }\nbudgets:\n  - { name: of the lab, team: lab, amount: 0.4 }\n',
    );
    const { out } = await gnomonHere([
      "cost",
      "replay",
      at("calls.ndjson"),
      "--config",
      at("configured", "gnomon.yaml"),
      "--policy",
      at("budgets.yaml"),
      "--quiet",
    ]);
    const alerts = out
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text) as { detector: string; text: string });
    expect(alerts.find(({ detector }) => detector === "budget-crossed")?.text).toContain(
      "of the lab: 125 % used ($0.50 of $0.40)",
    );
  });

  it("names every mistake in prices with its place", async () => {
    await writeFile(at("prices.yaml"), "prices:\n  - { name: a, modles: x, discount: 12 }\n");
    const { code, err } = await gnomonHere(["scan", at("logs"), "--config", at("prices.yaml")]);
    expect(code).toBe(2);
    expect(err).toContain('prices.yaml:2:16 prices[0].modles: unknown field; did you mean "models"?');
    expect(err).toContain('prices[0].discount: a share off the price: 12%, or 0.12; did you mean "12%"?');
  });
});

describe("a configuration that is not there", () => {
  it("is told with what writes one, and how another is named", async () => {
    for (const words of [["up"], ["collect", "bills"], ["doctor"], ["rejects", "replay"]]) {
      const { code, err } = await gnomonHere(words, { env: { GNOMON_CONFIG: at("nowhere.yaml") } });
      expect({ code, err }).toEqual({
        code: 2,
        err: `gnomon: ${at("nowhere.yaml")}: no such file; gnomon init ${at("nowhere.yaml")} writes a configuration, --config FILE names another\n`,
      });
    }
  });
});

describe("gnomon init", () => {
  it("writes examples that hold as they are, once uncommented", async () => {
    await mkdir(at("fresh"));
    expect((await gnomon(["init"], { cwd: at("fresh") })).code).toBe(0);
    const written = await readFile(at("fresh", "gnomon.yaml"), "utf8");
    const block = (from: RegExp) => from.exec(written)?.[0].replaceAll(/^# /gm, "") ?? "";
    await writeFile(at("fresh", "policy.yaml"), block(/^# {3}budgets:\n(?:# {3}.*\n)+/m));
    await writeFile(at("fresh", "prices.yaml"), `policy: policy.yaml\n${block(/^# prices:\n(?:# {3}.*\n)+/m)}`);
    const checked = await gnomonHere(["policy", "check", at("fresh", "policy.yaml")]);
    expect(checked.out).toContain("2 budgets, 1 known event");
    const used = await gnomonHere(["inventory", at("logs"), "--config", at("fresh", "prices.yaml"), "--quiet"]);
    expect(used).toMatchObject({ code: 0, err: "" });
  });
});

describe("a mistake in the words of a command", () => {
  it("points to the help of the command that was meant, however deep", async () => {
    for (const [words, help] of [
      [["scn"], "gnomon --help"],
      [["scan"], "gnomon scan --help"],
      [["sinks", "retry"], "gnomon sinks retry --help"],
      [["cost", "replay"], "gnomon cost replay --help"],
      [["rejects", "replay", "--nonsense"], "gnomon rejects replay --help"],
    ] as const) {
      const { code, err } = await gnomonHere(words);
      expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(new RegExp(`\nTry: ${help}\n$`)) });
    }
  });
});

describe("a word that is none of those there are", () => {
  it.each([
    [
      ["scan", ".", "--fail-on", "hihg"],
      "gnomon: --fail-on hihg: did you mean high? It is one of informational, low,",
    ],
    [["findings", "list", "--format", "tabel"], "gnomon: --format tabel: did you mean table? It is one of csv,"],
    [["worker", "colect"], "gnomon: worker colect: did you mean collect? It is one of normalize,"],
    [
      ["rules", "explain", "dear-modle"],
      "gnomon: rules explain dear-modle: did you mean dear-model? It is one of",
    ],
    [["cost", "replay", "x", "--sensitivity", "hihg"], "gnomon: --sensitivity hihg: did you mean high?"],
    [["normalize", ".", "--source", "focsu"], "gnomon: --source focsu: did you mean focus?"],
  ])("is told with the nearest, in %j", async (words, message) => {
    const { code, out, err } = await gnomonHere(words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });
});

describe("a folder", () => {
  it("is named where a policy or a configuration belongs", async () => {
    for (const words of [
      ["policy", "check", at("logs")],
      ["scan", at("logs"), "--policy", at("logs")],
      ["doctor", "--config", at("logs")],
    ])
      expect(await gnomonHere(words)).toMatchObject({
        code: 2,
        err: expect.stringMatching(/^gnomon: \S+logs: a folder, where a (file|configuration) belongs\n$/),
      });
  });
});

describe("gnomon rules", () => {
  it("lists every rule and explains each by name", async () => {
    const { out } = await gnomonHere(["rules", "list", "--format", "ndjson"]);
    const names = out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names.length).toBeGreaterThan(10);
    const explained = await gnomonHere(["rules", "explain", names[0] ?? ""]);
    expect(explained.out).toContain("Misses");
    expect(await gnomonHere(["rules", "explain", "nonsense"])).toMatchObject({ code: 2 });
  });
});

describe("gnomon demo", () => {
  it("finds what was planted and nothing else, in another month too", async () => {
    const { code, out } = await gnomon(["demo", "--folder", at("demo-7"), "--seed", "7"]);
    expect(out).toMatch(/Against the truth: (\d+) of \1 planted incidents found, nothing else/);
    expect(code).toBe(0);
  });

  it("is approved as a whole by the policy that is suggested of its logs, also of its gateway's alone", async () => {
    for (const logs of [at("demo-7", "logs"), at("demo-7", "logs", "litellm")]) {
      const suggested = at("round-trip.yaml");
      await gnomonHere(["policy", "suggest", logs, "--output", suggested, "--quiet"]);
      const { out } = await gnomonHere(["scan", logs, "--policy", suggested, "--format", "json", "--quiet"]);
      const { inventory, findings } = JSON.parse(out) as {
        inventory: { kind: string; calls: number; verdict?: string; clauses?: string[] }[];
        findings: { ruleName: string }[];
      };
      const used = inventory.filter(({ kind, calls }) => kind === "calls" && calls > 0);
      expect(used.length).toBeGreaterThan(0);
      for (const { verdict, clauses } of used) {
        expect(verdict).toBe("sanctioned");
        expect(clauses?.join()).toContain("round-trip.yaml:");
      }
      // Of what the network alone shows, a suggested policy approves nothing.
      const rules = new Set(findings.map(({ ruleName }) => ruleName));
      expect([...rules].filter((rule) => /^unsanctioned-(?!door)/.test(rule))).toEqual([]);
    }
  });

  it("costs what the README shows", async () => {
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const [, shown = ""] = /## Cost\n\n```\n(.*?)\n```/s.exec(readme) ?? [];
    const told = await Promise.all(
      [...shown.matchAll(/^\$ npx gnomon (.*)$/gm)].map(([, words = ""]) =>
        gnomonHere([...words.replaceAll("gnomon-demo/", `${at("demo-7")}/`).split(" "), "--quiet"]),
      ),
    );
    const lines = told.flatMap(({ out }) => out.split("\n"));
    const made = shown.split("\n").filter((line) => !line.startsWith("$") && line !== "…");
    expect(made.length).toBeGreaterThan(10);
    // In a pipe a table has more columns than on the terminal that the README shows.
    expect(made.filter((line) => !lines.some((one) => one.startsWith(line)))).toEqual([]);
  });

  it("forecasts a budget that goes on when its logs end, with a band, at the prompt and in the report", async () => {
    const words = ["cost", "budgets", at("demo-7", "logs"), "--policy", at("demo-7", "policy.yaml"), "--quiet"];
    const { out } = await gnomon(words);
    expect(out).toMatch(/^release .*, 14 Sep – 11 Oct 2026\)\s+Lasts\n.*█▒+.*\n.*\n.* in 80 of 100 cases \$/m);
    const report = await readFile(at("demo-7", "report.html"), "utf8");
    expect(report).toMatch(/expected by 11 Oct, in 80 of 100 cases \$\d+ to \$[\d,]+/);
  });

  it("does not write over a folder that is not its own", async () => {
    expect(await gnomonHere(["demo", "--folder", at("logs")])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--folder"),
    });
  });
});
