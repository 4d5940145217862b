import { findingToOcsf } from "../../shared/model/ocsf.ts";
import type { Output } from "./output.ts";

/** One Detection Finding 1.8.0 a line, as SIEMs and data lakes take them. */
export const ocsf: Output = {
  format: "ocsf",
  findings: ({ version, findings, rules }) => {
    const ruleById = new Map(rules.map((rule) => [rule.id, rule]));
    return findings
      .map((row) => `${JSON.stringify(findingToOcsf(row, ruleById.get(row.finding.ruleId), version))}\n`)
      .join("");
  },
};
