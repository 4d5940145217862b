/**
 * SARIF 2.1.0 (OASIS, 2020-03-27; errata 01, 2023-08-28) as GitHub code scanning reads it: a rule per detection, a
 * result per finding, and at least one physical location, without which GitHub refuses the file.
 */
import type { Finding, Level, Rule } from "../../shared/model/finding.ts";
import type { FindingRow } from "../../shared/model/ledger.ts";
import { subjectParts } from "../../shared/report/figures.ts";

const LEVEL: Readonly<Record<Level, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  informational: "note",
};

/** GitHub: above 9.0 critical, from 7.0 high, from 4.0 medium, above 0 low. */
const SECURITY_SEVERITY: Readonly<Record<Level, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "3.0",
  informational: "1.0",
};

const PRECISION: Readonly<Record<Rule["status"], string>> = {
  stable: "very-high",
  test: "high",
  experimental: "medium",
  deprecated: "low",
};

export interface SarifInput {
  /** Gnomon's own. */
  readonly version: string;
  readonly findings: readonly FindingRow[];
  readonly rules: readonly Rule[];
  /** Where a finding without a policy clause stands: the log that shows it, as a path. */
  readonly placeOf: (finding: Finding) => { readonly file: string; readonly line?: number };
}

/** Resolved findings are left out: code scanning closes what no longer comes. */
export function toSarif({ version, findings, rules, placeOf }: SarifInput): string {
  const open = findings.map(({ finding }) => finding).filter(({ status }) => status !== "resolved");
  const found = new Set(open.map(({ ruleId }) => ruleId));
  const listed = rules.filter(({ id }) => found.has(id)).toSorted((a, b) => (a.name < b.name ? -1 : 1));

  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: "Gnomon", version, semanticVersion: version, rules: listed.map(reportingDescriptor) },
        },
        automationDetails: { id: "gnomon/" },
        columnKind: "utf16CodeUnits",
        results: open.map((finding) => result(finding, listed, placeOf)),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function reportingDescriptor(rule: Rule) {
  return {
    id: rule.name,
    guid: rule.id,
    name: rule.name.replace(/(?:^|-)(.)/g, (_match, letter: string) => letter.toUpperCase()),
    shortDescription: { text: rule.title },
    fullDescription: { text: rule.description },
    ...(rule.references[0] ? { helpUri: rule.references[0] } : {}),
    help: {
      text: [
        `What to do: ${rule.remedy}`,
        `What it may be instead: ${rule.falsepositives.join("; ")}`,
        `What this rule cannot see: ${rule.misses}`,
        ...rule.references,
      ].join("\n\n"),
    },
    defaultConfiguration: { level: LEVEL[rule.level] },
    properties: {
      tags: ["security", ...rule.tags],
      precision: PRECISION[rule.status],
      "security-severity": SECURITY_SEVERITY[rule.level],
    },
  };
}

function result(finding: Finding, rules: readonly Rule[], placeOf: SarifInput["placeOf"]) {
  const ruleIndex = rules.findIndex(({ id }) => id === finding.ruleId);
  const about = subjectParts(finding.subject);
  return {
    ruleId: finding.ruleName,
    ...(ruleIndex >= 0 ? { ruleIndex } : {}),
    level: LEVEL[finding.level],
    message: { text: finding.reason },
    locations: [
      {
        physicalLocation: physicalLocation(clausePlace(finding.clause) ?? placeOf(finding)),
        logicalLocations: about.map(({ part, value }) => ({ name: value, kind: part })),
      },
    ],
    partialFingerprints: { "gnomonFinding/v1": finding.uid, primaryLocationLineHash: `${finding.uid}:1` },
    occurrenceCount: finding.matches,
    ...(finding.status === "suppressed" ? { suppressions: [{ kind: "external", status: "accepted" }] } : {}),
    properties: {
      uid: finding.uid,
      status: finding.status,
      ...(finding.owner ? { owner: finding.owner } : {}),
      requests: finding.count,
      firstSeenTime: new Date(finding.firstSeenTime).toISOString(),
      lastSeenTime: new Date(finding.lastSeenTime).toISOString(),
      evidence: finding.evidence,
    },
  };
}

/** `policies/ai.yaml:12` */
function clausePlace(clause: string | undefined): { file: string; line: number } | undefined {
  const parts = /^(.+):(\d+)$/.exec(clause ?? "");
  return parts?.[1] ? { file: parts[1], line: Number(parts[2]) } : undefined;
}

function physicalLocation({ file, line }: { readonly file: string; readonly line?: number }) {
  return { artifactLocation: { uri: fileUri(file) }, region: { startLine: Math.max(line ?? 1, 1) } };
}

/** A relative reference stays one, so that code scanning finds the file in the repository. */
function fileUri(path: string): string {
  const forward = path.replaceAll("\\", "/").replace(/^\.\//, "");
  const encoded = forward.split("/").map(encodeURIComponent).join("/");
  if (/^[A-Za-z]:\//.test(forward)) return `file:///${encoded.replace("%3A", ":")}`;
  return forward.startsWith("/") ? `file://${encoded}` : encoded;
}
