import { renderReport } from "../../shared/report/html-report.ts";
import type { Output } from "./output.ts";

/** The report itself, for a pipe: `gnomon findings list --format html > report.html`. */
export const html: Output = {
  format: "html",
  findings: (input) => renderReport(input),
};
