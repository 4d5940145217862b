/** Bills that are in no figure, since nobody told the rate of their currency: said wherever bills are summed up. */
import type { UsageRow } from "../model/ledger.ts";
import type { EpochMs } from "../model/units.ts";
import { days, plural } from "./figures.ts";
import { systemOfRecord } from "./system-of-record.ts";

export interface UnratedBill {
  readonly currency: string;
  readonly source: string;
  readonly lines: number;
  /** In units of the currency. */
  readonly amount: number;
  readonly first: EpochMs;
  readonly last: EpochMs;
}

/** By currency, then by who told of it. */
export function unratedBills(usage: readonly UsageRow[]): readonly UnratedBill[] {
  return [
    ...Map.groupBy(systemOfRecord(usage).unrated, ({ currency, source }) => JSON.stringify([currency, source])),
  ]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, rows]): UnratedBill => {
      const sum = (measure: (row: UsageRow) => number) => rows.reduce((total, row) => total + measure(row), 0);
      const hours = rows.map(({ hour }) => hour).sort((a, b) => a - b);
      return {
        currency: rows[0]?.currency ?? "",
        source: rows[0]?.source ?? "",
        lines: sum(({ unratedLines }) => unratedLines),
        amount: sum(({ unratedMicro }) => unratedMicro) / 1e6,
        first: hours[0] ?? (0 as EpochMs),
        last: hours.at(-1) ?? (0 as EpochMs),
      };
    });
}

/** `EUR: 197 bill lines, €3,820.12 in no figure: no rate for EUR in prices (azure.cost-export, 1–30 Sep 2026)` */
export const unratedInWords = ({ currency, source, lines, amount, first, last }: UnratedBill): string =>
  `${currency}: ${plural(lines, "bill line")}, ${money(amount, currency)} in no figure: no rate for ${currency} in prices (${source}, ${days(first, last)})`;

/** What to do about it. */
export const howToRate = ([bill]: readonly UnratedBill[]): string =>
  `Give it one in gnomon.yaml, prices: [{ name: …, currency: { code: ${bill?.currency ?? "EUR"}, usdPerUnit: … } }], and read the bill again with --config.`;

/** Bills also have units that are no currency, such as credits. */
function money(amount: number, currency: string): string {
  if (!/^[A-Z]{3}$/.test(currency))
    return `${amount.toLocaleString("en-US", { maximumFractionDigits: 2 })} ${currency}`;
  return new Intl.NumberFormat("en-US", { style: "currency", currency }).format(amount);
}
