/**
 * How improbable a value is, by the series' own past: a decayed histogram of its tail, continued beyond the greatest
 * value ever seen as a Pareto tail. Spend is too heavy-tailed for any normal law: Gaussian tails give four to ten
 * times as many false alerts.
 */
import type { SeriesState } from "./series-state.ts";

const CELLS_PER_OCTAVE = 3;
/** How fast improbability grows beyond the greatest value seen. */
const PARETO_EXPONENT = 2.5;
/** What one unseen value counts for, so that a short past never gives certainty. */
const UNSEEN = 0.7;
/** Weights grow instead of cells decaying; beyond this they are scaled down together. */
const WEIGHT_LIMIT = 2 ** 20;

export interface Tail {
  readonly cells: "costTail" | "callCostTail" | "answerTail";
  readonly mass: "costTailMass" | "callCostTailMass" | "answerTailMass";
  readonly weight: "costTailWeight" | "callCostTailWeight" | "answerTailWeight";
  /** log2 of the least value told apart; less counts as mass only. */
  readonly from: number;
  /** Growth of the weight from one entry to the next. */
  readonly growth: number;
}

/** Of standardised hourly residuals; half-life 60 days of hours. */
export const costTail: Tail = {
  cells: "costTail",
  mass: "costTailMass",
  weight: "costTailWeight",
  from: -2,
  growth: 2 ** (1 / 1_440),
};
/** Of standardised cost per call; half-life 400 active hours. */
export const callCostTail: Tail = {
  cells: "callCostTail",
  mass: "callCostTailMass",
  weight: "callCostTailWeight",
  from: -1,
  growth: 2 ** (1 / 400),
};
/** Of standardised output per input token; half-life 400 active hours. */
export const answerTail: Tail = {
  cells: "answerTail",
  mass: "answerTailMass",
  weight: "answerTailWeight",
  from: -1,
  growth: 2 ** (1 / 400),
};

/** -log10 of the probability of a value at least this large; 0 for what is not in the tail. */
export function improbability(state: SeriesState, tail: Tail, value: number): number {
  const position = CELLS_PER_OCTAVE * (Math.log2(value) - tail.from);
  if (!(position > 0)) return 0;
  const cells = state[tail.cells];
  const weight = state[tail.weight];
  const cell = Math.min(cells.length - 1, Math.floor(position));
  let beyond = 0;
  let greatest = -1;
  for (let index = cells.length - 1; index >= 0; index--) {
    const count = cells[index] ?? 0;
    if (count > 0 && greatest < 0) greatest = index;
    if (index > cell) beyond += count;
    else if (greatest >= 0) break;
  }
  const mass = state[tail.mass] + weight;
  // In cells, not values: the ratio of two values is a difference of positions.
  const past = position - (greatest + 1);
  if (past > 0) {
    return -Math.log10((UNSEEN * weight) / mass) + (past / CELLS_PER_OCTAVE) * PARETO_EXPONENT * Math.log10(2);
  }
  beyond += (cells[cell] ?? 0) * Math.max(0, cell + 1 - position);
  return -Math.log10((beyond + UNSEEN * weight) / mass);
}

/** `share` below 1 for values of hours that were alerted on: the first incident must not hide the second. */
export function learnTail(state: SeriesState, tail: Tail, value: number, share: number): void {
  const cells = state[tail.cells];
  let weight = state[tail.weight] * tail.growth;
  if (weight > WEIGHT_LIMIT) {
    for (let index = 0; index < cells.length; index++) cells[index] = (cells[index] ?? 0) / weight;
    state[tail.mass] /= weight;
    weight = 1;
  }
  state[tail.weight] = weight;
  state[tail.mass] += weight * share;
  const position = CELLS_PER_OCTAVE * (Math.log2(value) - tail.from);
  if (!(position > 0)) return;
  const cell = Math.min(cells.length - 1, Math.floor(position));
  cells[cell] = (cells[cell] ?? 0) + weight * share;
}
