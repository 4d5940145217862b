/** What a scan found, on one screen: findings first, then who uses what, then how complete the picture is. */
import type { Scanned } from "../shared/pipeline/scan.ts";
import { day, percent, plural } from "../shared/report/figures.ts";
import { inventory } from "../shared/report/inventory.ts";
import type { ReportInput } from "../shared/report/report-input.ts";
import { coverageColumns, findingColumns, inventoryColumns } from "./render/columns.ts";
import { type Screen, toParagraph, toTable } from "./render/table.ts";
import { toUnratedBills } from "./render/unrated-bills.ts";

const INVENTORY_SHOWN = 15;

export function summarise(input: ReportInput, scanned: Scanned, screen: Screen): string {
  const rows = inventory(input.usage, input.decided);
  const calls = rows.filter(({ kind }) => kind === "calls");
  const total = calls.reduce((sum, row) => sum + row.calls, 0);
  const sanctioned = calls.reduce((sum, row) => sum + row.callsByVerdict.sanctioned, 0);
  const doors = new Set(rows.map(({ provider }) => provider).filter(Boolean));
  const models = new Set(calls.map(({ model }) => model).filter(Boolean));
  const period = input.period ? ` from ${day(input.period.first)} to ${day(input.period.last)}` : "";

  const parts = [
    toParagraph(
      `${plural(total, "call")} of ${plural(models.size, "model")} through ${plural(doors.size, "door")}${period}, ${
        input.policy ? `${percent(sanctioned, total)} sanctioned` : "judged by no policy (--policy FILE)"
      }`,
      screen,
    ),
    heading(`Findings: ${input.findings.length}`),
    toTable(findingColumns, input.findings, screen, "None: nothing in these logs breaks the policy or a rule."),
    heading("Who uses which model through which door"),
    toTable(
      inventoryColumns,
      rows.slice(0, INVENTORY_SHOWN),
      screen,
      "No use of a model in these logs.",
      "gnomon inventory --format csv",
    ),
    rows.length > INVENTORY_SHOWN ? `and ${rows.length - INVENTORY_SHOWN} more: gnomon inventory\n` : "",
    heading(`Read: ${plural(scanned.files, "file")}, ${plural(scanned.records, "record")}`),
    toTable(coverageColumns, input.coverage, screen, "No record of a known source: see gnomon scan --help"),
    toUnratedBills(input.cost.unrated, screen),
  ];
  return parts.join("");
}

const heading = (text: string): string => `\n${text}\n`;
