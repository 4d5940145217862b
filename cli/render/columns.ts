/** What a list shows, said once for terminal tables, CSV and Markdown. */
import type { FindingRow } from "../../shared/model/ledger.ts";
import { type EpochMs, type NanoUsd, toIsoTime, toUsd } from "../../shared/model/units.ts";
import { dollars, minute, subjectParts, whole } from "../../shared/report/figures.ts";
import type { InventoryRow } from "../../shared/report/inventory.ts";
import type { SourceCoverage } from "../../shared/report/report-input.ts";

export type Value = string | number | undefined;

export interface Column<Row> {
  readonly heading: string;
  /** For machines, and for people too where `show` is absent. Absent is absent: an empty cell. */
  readonly value: (row: Row) => Value;
  /** For people. */
  readonly show?: (row: Row) => string | undefined;
  /** Aligned to the right. */
  readonly numeric?: true;
  /** Coloured by its word where the terminal has colours. */
  readonly tone?: true;
  /** Never narrowed or wrapped, as what is numeric. */
  readonly rigid?: true;
  /** Left out of a table for which the window is too narrow. */
  readonly spare?: true;
  /** Of no use in a table, and left to CSV. */
  readonly long?: true;
}

export const time = <Row>(heading: string, of: (row: Row) => EpochMs | undefined): Column<Row> => ({
  heading,
  value: (row) => {
    const at = of(row);
    return at === undefined ? undefined : toIsoTime(at);
  },
  show: (row) => {
    const at = of(row);
    return at === undefined ? undefined : minute(at);
  },
});

export const count = <Row>(heading: string, of: (row: Row) => number | undefined): Column<Row> => ({
  heading,
  value: of,
  show: (row) => {
    const counted = of(row);
    return counted === undefined ? undefined : whole(counted);
  },
  numeric: true,
});

export const cost = <Row>(heading: string, of: (row: Row) => NanoUsd | undefined): Column<Row> => ({
  heading,
  value: (row) => {
    const nanoUsd = of(row);
    return nanoUsd === undefined ? undefined : toUsd(nanoUsd);
  },
  show: (row) => {
    const nanoUsd = of(row);
    return nanoUsd === undefined ? undefined : dollars(nanoUsd);
  },
  numeric: true,
});

export const spare = <Row>(column: Column<Row>): Column<Row> => ({ ...column, spare: true });

const subject = ({ finding }: FindingRow): string[] => subjectParts(finding.subject).map(({ value }) => value);

/** `role/Data` for `arn:aws:iam::111122223333:role/Data`: a person at a prompt knows the rest. */
export const resourceOfArn = (name: string): string =>
  /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/.exec(name)?.[1] ?? name;

export const findingColumns: readonly Column<FindingRow>[] = [
  { heading: "Level", value: ({ finding }) => finding.level, tone: true },
  { heading: "Finding", value: ({ finding }) => finding.title },
  {
    heading: "Subject",
    value: (row) => subject(row).join(" · "),
    show: (row) => subject(row).map(resourceOfArn).join(" · "),
  },
  { heading: "Owner", value: ({ finding }) => finding.owner },
  spare({ heading: "Status", value: ({ finding }) => finding.status }),
  count("Count", ({ finding }) => finding.count),
  spare(time("First seen", ({ finding }) => finding.firstSeenTime)),
  time("Last seen", ({ finding }) => finding.lastSeenTime),
  { heading: "Uid", value: ({ finding }) => finding.uid, show: ({ finding }) => finding.uid.slice(0, 8) },
  { heading: "Rule", value: ({ finding }) => finding.ruleName, long: true },
  { heading: "Clause", value: ({ finding }) => finding.clause, long: true },
  { heading: "Reason", value: ({ finding }) => finding.reason, long: true },
];

function usedBy({ topPrincipals, principals }: InventoryRow, shown: (name: string) => string): string {
  const more = principals - topPrincipals.length;
  return `${topPrincipals.map(shown).join(", ")}${more > 0 ? ` and ${whole(more)} more` : ""}`;
}

export const inventoryColumns: readonly Column<InventoryRow>[] = [
  { heading: "Verdict", value: (row) => row.verdict, tone: true },
  { heading: "Owner", value: (row) => row.owner },
  { heading: "Model", value: (row) => row.model ?? (row.kind === "contacts" ? "(network contact)" : undefined) },
  { heading: "Door", value: (row) => row.provider },
  spare({ heading: "Account", value: (row) => row.account }),
  count("Calls", (row) => (row.kind === "calls" ? row.calls : undefined)),
  count("Contacts", (row) => (row.kind === "contacts" ? row.calls : undefined)),
  spare(count("Failed", (row) => (row.kind === "calls" ? row.failures : undefined))),
  spare(count("Input tokens", (row) => row.inputTokens)),
  spare(count("Output tokens", (row) => row.outputTokens)),
  cost("Estimated USD", (row) => row.estimatedNanoUsd),
  spare(cost("Billed USD", (row) => row.billedNanoUsd)),
  { ...count("Principals", (row) => row.principals), long: true },
  spare({
    heading: "Used by",
    value: (row) => usedBy(row, (name) => name),
    show: (row) => usedBy(row, resourceOfArn),
  }),
  spare({ heading: "Decided by", value: (row) => row.clauses?.join(", ") }),
  spare(time("First seen", (row) => row.firstSeenTime)),
  spare(time("Last seen", (row) => row.lastSeenTime)),
];

export const coverageColumns: readonly Column<SourceCoverage>[] = [
  { heading: "Source", value: (row) => row.source },
  { heading: "View", value: (row) => row.view },
  count("Records", (row) => row.records),
  count("Activities", (row) => row.activities),
  count("Rejects", (row) => row.rejects),
  time("First event", (row) => row.firstTime),
  time("Last event", (row) => row.lastTime),
];
