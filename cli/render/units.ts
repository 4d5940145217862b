/** What a unit of use costs, and what of it has drifted. */
import type { Drift, Measure, UnitEconomicsLine } from "../../shared/cost/unit-economics.ts";
import type { EpochMs } from "../../shared/model/units.ts";
import { day, percent } from "../../shared/report/figures.ts";
import { type Column, cost, count, resourceOfArn, spare } from "./columns.ts";
import { type Screen, toParagraph } from "./table.ts";

export function unitColumns(dimension: string): readonly Column<UnitEconomicsLine>[] {
  return [
    {
      heading: `${dimension.charAt(0).toUpperCase()}${dimension.slice(1)}`,
      value: ({ value }) => value || undefined,
      show: ({ value }) =>
        value === "" ? `(no ${dimension})` : dimension === "principal" ? resourceOfArn(value) : value,
    },
    cost("Estimated", ({ costNanoUsd, perThousandTokens, perCall }) =>
      (perThousandTokens ?? perCall) === undefined ? undefined : costNanoUsd,
    ),
    price("Per call", ({ perCall }) => perCall),
    price("Per 1k tokens", ({ perThousandTokens }) => perThousandTokens),
    spare({
      heading: "Out:in",
      value: ({ outputPerInput }) => rounded(outputPerInput),
      show: ({ outputPerInput }) => (outputPerInput === undefined ? undefined : twoDigits(outputPerInput)),
      numeric: true,
    }),
    spare(share("Cached", ({ cacheHitShare }) => cacheHitShare)),
    spare(share("Reasoning", ({ reasoningShare }) => reasoningShare)),
    spare(share("Failed", ({ failureShare }) => failureShare)),
    spare(cost("Paid for failed", ({ failedNanoUsd }) => failedNanoUsd || undefined)),
    spare(count("Calls", ({ calls }) => calls)),
  ];
}

/** `0.15`, `0.0062`, `3.4`. */
function twoDigits(value: number): string {
  return String(Number(value.toPrecision(2)));
}

const PRICE = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumSignificantDigits: 3 });

function price(heading: string, of: (line: UnitEconomicsLine) => number | undefined): Column<UnitEconomicsLine> {
  return {
    heading,
    value: (line) => {
      const nanoUsd = of(line);
      return nanoUsd === undefined ? undefined : Number((nanoUsd / 1e9).toPrecision(9));
    },
    show: (line) => {
      const nanoUsd = of(line);
      return nanoUsd === undefined ? undefined : PRICE.format(nanoUsd / 1e9);
    },
    numeric: true,
  };
}

function share(heading: string, of: (line: UnitEconomicsLine) => number | undefined): Column<UnitEconomicsLine> {
  return {
    heading,
    value: (line) => rounded(of(line)),
    show: (line) => {
      const part = of(line);
      return part === undefined ? undefined : percent(part, 1);
    },
    numeric: true,
  };
}

const rounded = (number: number | undefined): number | undefined =>
  number === undefined ? undefined : Number(number.toFixed(6));

/** With fewer there is no usual: as in `cost/unit-economics.ts`. */
const LEAST_DAYS = 10;

const MEASURES: Readonly<Record<Measure, { readonly said: string; readonly write: (value: number) => string }>> = {
  perCall: { said: "a call costs", write: (value) => PRICE.format(value / 1e9) },
  perThousandTokens: { said: "a thousand tokens cost", write: (value) => PRICE.format(value / 1e9) },
  outputPerInput: { said: "tokens out for one in:", write: twoDigits },
  cacheHitShare: { said: "of the input comes from a cache", write: (value) => percent(value, 1) },
  reasoningShare: { said: "of the output is reasoning", write: (value) => percent(value, 1) },
  failureShare: { said: "of the calls fail", write: (value) => percent(value, 1) },
};

/** A sentence each. */
export function toDrift(
  drift: readonly Drift[],
  {
    dimension,
    lastDay,
    daysBefore,
  }: { readonly dimension: string; readonly lastDay: EpochMs; readonly daysBefore: number },
  screen: Screen,
): string {
  if (drift.length === 0)
    return toParagraph(
      daysBefore < LEAST_DAYS
        ? `Too early to tell what drifts: it takes ${LEAST_DAYS} days before ${day(lastDay)}, and known are ${daysBefore}.`
        : `On ${day(lastDay)} nothing was far from its own 28 days before.`,
      screen,
    );
  return [
    toParagraph(`On ${day(lastDay)}, far from the median of its own 28 days before:`, screen),
    ...drift.map(({ value, measure, now, usual }) => {
      const { said, write } = MEASURES[measure];
      const name = value === "" ? `(no ${dimension})` : dimension === "principal" ? resourceOfArn(value) : value;
      const told = measure.endsWith("Share") ? `${write(now)} ${said}` : `${said} ${write(now)}`;
      return toParagraph(`${name}: ${told}, usually ${write(usual)}.`, screen, "  ");
    }),
  ].join("");
}
