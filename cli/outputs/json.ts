import { inventory } from "../../shared/report/inventory.ts";
import type { Output } from "./output.ts";

export const json: Output = {
  format: "json",
  findings: ({ version, period, findings, usage, decided, regions, coverage, rejects, cost }) =>
    written({
      schema: "gnomon.scan/v1",
      version,
      period,
      findings: findings.map(({ finding }) => finding),
      inventory: inventory(usage, decided),
      regions,
      coverage,
      rejects,
      unratedBills: cost.unrated,
    }),
  list: ({ schema, rows }) => written({ schema, rows }),
};

const written = (document: object): string => `${JSON.stringify(document, undefined, 2)}\n`;
