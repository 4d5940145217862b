/** What would cost less: a figure, what it rests on, and what it takes for granted. */
import { styleText } from "node:util";
import type { Advice } from "../../shared/cost/advice.ts";
import { dollars, subjectParts } from "../../shared/report/figures.ts";
import { type Column, cost } from "./columns.ts";
import { type Screen, toParagraph } from "./table.ts";

const KINDS: Readonly<Record<Advice["kind"], string>> = {
  "cheaper-model": "a smaller model",
  caching: "caching",
  batch: "batches",
  "cheaper-door": "another door",
  "idle-capacity": "idle capacity",
};

export const adviceColumns: readonly Column<Advice>[] = [
  cost("Saving a month USD", ({ monthlySavingNanoUsd }) => monthlySavingNanoUsd),
  { heading: "Kind", value: ({ kind }) => kind },
  {
    heading: "Subject",
    value: ({ subject }) =>
      subjectParts(subject)
        .map(({ value }) => value)
        .join(" · "),
  },
  { heading: "Owner", value: ({ owner }) => owner },
  { heading: "Advice", value: ({ text }) => text },
  { heading: "Assumes", value: ({ assumes }) => assumes.join("; ") },
];

export function toAdvice(advice: readonly Advice[], screen: Screen): string {
  const pieces = advice.map(({ kind, owner, monthlySavingNanoUsd: saving, text, assumes }) => {
    const amount = saving === undefined ? "of unknown price" : `${dollars(saving)} a month`;
    return [
      `${styleText("bold", amount, { stream: screen })}  ${KINDS[kind]}${owner ? `, ${owner}` : ""}\n`,
      toParagraph(text, screen, "  "),
      toParagraph(`Assumes: ${assumes.join("; ")}.`, screen, "  "),
    ].join("");
  });
  return [...pieces, toParagraph("Savings of two pieces about the same use do not add up.", screen)].join("\n");
}
