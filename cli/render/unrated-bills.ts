/** Bills that are in no figure, below whatever sums up bills. */
import { howToRate, type UnratedBill, unratedInWords } from "../../shared/report/unrated-bills.ts";
import { type Screen, toParagraph } from "./table.ts";

export const unratedNotes = (bills: readonly UnratedBill[]): readonly string[] =>
  bills.length === 0 ? [] : [...bills.map(unratedInWords), howToRate(bills)];

/** After an empty line, since it follows a table; "" where every bill is in the figures. */
export function toUnratedBills(bills: readonly UnratedBill[], screen: Screen): string {
  const notes = unratedNotes(bills).map((note) => toParagraph(note, screen));
  return notes.length === 0 ? "" : ["\n", ...notes].join("");
}
