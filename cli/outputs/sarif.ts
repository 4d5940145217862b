import { toSarif } from "../render/sarif.ts";
import type { Output } from "./output.ts";

export const sarif: Output = {
  format: "sarif",
  findings: ({ version, findings, rules }, { placeOf }) => toSarif({ version, findings, rules, placeOf }),
};
