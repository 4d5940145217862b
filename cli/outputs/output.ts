/** A form in which results leave the command line. A new one is a file here and a line in index.ts. */
import type { FindingRow } from "../../shared/model/ledger.ts";
import type { ReportInput } from "../../shared/report/report-input.ts";
import type { Column } from "../render/columns.ts";
import type { Screen } from "../render/table.ts";

export interface Listing<Row> {
  /** Schema of the JSON form, `gnomon.inventory/v1`; its last word names the rows. */
  readonly schema: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** What it means that there are none, and what to do next. */
  readonly whenEmpty: string;
}

export interface Shown {
  readonly screen: Screen;
  /** The log that shows a finding, for forms that point to a file. */
  readonly placeOf: (finding: FindingRow["finding"]) => { readonly file: string; readonly line?: number };
}

export interface Output {
  readonly format: string;
  /** What a scan or a store found. Ends with a line break unless empty. */
  findings(input: ReportInput, shown: Shown): string;
  /** Rows of any list. Absent where the form is for findings alone. */
  list?<Row>(listing: Listing<Row>, shown: Shown): string;
}
