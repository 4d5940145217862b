/** What was found, held against what was planted. */
import { canonicalJson } from "../../shared/model/canonical-json.ts";
import type { FindingRow } from "../../shared/model/ledger.ts";
import type { Incident } from "./incident.ts";

export interface Held {
  /** Planted and not found: incident and rule. */
  readonly missed: readonly string[];
  readonly unplanted: readonly FindingRow[];
}

export function holdAgainst(planted: readonly Incident[], found: readonly FindingRow[]): Held {
  const expected = planted.flatMap(({ id, findings }) => findings.map((one) => ({ id, ...one })));
  const fits = ({ rule, about, says = "" }: Incident["findings"][number], { finding }: FindingRow) =>
    finding.ruleName === rule &&
    canonicalJson(finding.subject).toLowerCase().includes(about.toLowerCase()) &&
    finding.reason.includes(says);
  return {
    missed: expected.filter((one) => !found.some((row) => fits(one, row))).map(({ id, rule }) => `${id} ${rule}`),
    unplanted: found.filter((row) => !expected.some((one) => fits(one, row))),
  };
}
