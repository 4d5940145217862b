import { describe, expect, it } from "vitest";
import { madeUpReport, madeUpRules } from "../../test/made-up-report.ts";
import { type SarifInput, toSarif } from "./sarif.ts";

const { findings } = madeUpReport();
const placeOf: SarifInput["placeOf"] = () => ({ file: "logs/2026 09/cloudtrail.json.gz", line: 7 });
const sarif = (input: Partial<SarifInput> = {}) =>
  JSON.parse(toSarif({ version: "0.1.0", findings, rules: madeUpRules, placeOf, ...input }));

describe("SARIF", () => {
  const log = sarif();
  const [run] = log.runs;

  it("is version 2.1.0 with one run of Gnomon", () => {
    expect(log.version).toBe("2.1.0");
    expect(log.$schema).toMatch(/sarif-2\.1\.0\.json$/);
    expect(log.runs).toHaveLength(1);
    expect(run.tool.driver).toMatchObject({ name: "Gnomon", version: "0.1.0" });
  });

  it("has a result for every finding, pointing at its rule", () => {
    expect(run.results).toHaveLength(findings.length);
    for (const result of run.results) expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
  });

  it("describes each rule that found something, once, with its help and severity", () => {
    expect(run.tool.driver.rules).toHaveLength(new Set(findings.map(({ finding }) => finding.ruleId)).size);
    const rule = run.tool.driver.rules.find(({ id }: { id: string }) => id === "model-access-takeover");
    expect(rule).toMatchObject({
      name: "ModelAccessTakeover",
      shortDescription: { text: "Model Access Opened and Used Within Minutes" },
      defaultConfiguration: { level: "error" },
      properties: { "security-severity": "9.5", precision: "very-high", tags: ["security", "atlas.aml.t0040"] },
    });
    expect(rule.help.text).toContain("Disable the credential");
    expect(sarif({ findings: [] }).runs[0].tool.driver.rules).toEqual([]);
  });

  it.each([
    ["critical", "error"],
    ["high", "error"],
    ["medium", "warning"],
    ["low", "note"],
    ["informational", "note"],
  ] as const)("calls level %s %s", (level, word) => {
    const [row] = findings;
    if (!row) throw new Error("no findings");
    const { results } = sarif({ findings: [{ ...row, finding: { ...row.finding, level } }] }).runs[0];
    expect(results[0].level).toBe(word);
  });

  it("points at the clause of the policy that decided, else at the log", () => {
    const places = run.results.map(
      ({ locations }: { locations: { physicalLocation: object }[] }) => locations[0]?.physicalLocation,
    );
    expect(places[2]).toEqual({ artifactLocation: { uri: "policy.yaml" }, region: { startLine: 31 } });
    expect(places[0]).toEqual({
      artifactLocation: { uri: "logs/2026%2009/cloudtrail.json.gz" },
      region: { startLine: 7 },
    });
  });

  it.each([
    ["/var/log/a b.json", "file:///var/log/a%20b.json"],
    ["C:\\logs\\a.json", "file:///C:/logs/a.json"],
    ["./logs/a#1.json", "logs/a%231.json"],
  ])("writes path %s as %s", (file, uri) => {
    const { results } = sarif({ placeOf: () => ({ file }) }).runs[0];
    expect(results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri },
      region: { startLine: 1 },
    });
  });

  it("recognises a finding again by its uid, whatever else changed", () => {
    const grown = findings.map(({ finding, revision }) => ({
      revision: revision + 1,
      finding: { ...finding, count: finding.count + 1, reason: "More of it." },
    }));
    const prints = (input: Partial<SarifInput>) =>
      sarif(input).runs[0].results.map(
        ({ partialFingerprints }: { partialFingerprints: object }) => partialFingerprints,
      );
    expect(prints({ findings: grown })).toEqual(prints({}));
    expect(prints({})[0]).toMatchObject({ "gnomonFinding/v1": findings[0]?.finding.uid });
  });

  it("leaves out what is resolved and marks what is suppressed", () => {
    const statuses = ["resolved", "suppressed"] as const;
    const closed = findings.slice(0, 2).map(({ finding, revision }, at) => ({
      revision,
      finding: { ...finding, status: statuses[at] ?? finding.status },
    }));
    const { results } = sarif({ findings: closed }).runs[0];
    expect(results).toHaveLength(1);
    expect(results[0].suppressions).toEqual([{ kind: "external", status: "accepted" }]);
  });

  it("still tells a finding whose rule this version does not know", () => {
    const { tool, results } = sarif({ rules: [] }).runs[0];
    expect(tool.driver.rules).toEqual([]);
    expect(results[0]).not.toHaveProperty("ruleIndex");
    expect(results[0].ruleId).toBe("model-access-takeover");
  });
});
