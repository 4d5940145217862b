/** What people said about alerts, and how a series learns from it. */
import type { EpochHour, SeriesState } from "./series-state.ts";
import { forgetDear, forgetExcess } from "./step.ts";

/** `expected`: the new normal. `useful`: right to say. `not useful`: do not say such things for a while. */
export type Feedback = "expected" | "useful" | "not useful";

const RAISE = 0.3;
const GREATEST_RAISE = 1.5;
const RAISE_HOURS = 30 * 24;
/** The level is moved at once by what the unusual hours say, else the last three days; within reason. */
const GREATEST_JUMP = 10;

export function applyFeedback(state: SeriesState, feedback: Feedback, hour: EpochHour): void {
  if (feedback === "useful") {
    state.raisedBy = 0;
    state.raisedUntil = 0;
    return;
  }
  if (feedback === "not useful") {
    const before = hour < state.raisedUntil ? state.raisedBy : 0;
    state.raisedBy = Math.min(GREATEST_RAISE, before + RAISE);
    state.raisedUntil = hour + RAISE_HOURS;
    return;
  }
  const [actual, usual] =
    state.stretchHour > 0
      ? [state.stretchCalls, state.stretchUsualCalls]
      : [state.recentActual, state.recentExpected];
  const jump = usual > 0 ? Math.min(GREATEST_JUMP, Math.max(1 / GREATEST_JUMP, actual / usual)) : 1;
  state.callsSum *= jump;
  state.residualSum *= jump * jump;
  state.residualWeight *= jump;
  for (let bin = 0; bin < state.profile.length; bin++) state.profile[bin] = (state.profile[bin] ?? 0) * jump;
  state.recentExpected = state.recentActual;
  state.dayUsual *= jump;
  state.dayGreatest *= jump;
  state.evidence = 0;
  state.stretchHour = 0;
  state.stretchCost = 0;
  state.stretchCalls = 0;
  state.stretchTokens = 0;
  state.stretchUsualCost = 0;
  state.stretchUsualCalls = 0;
  state.stretchExcess = 0;
  forgetExcess(state);
  // What a call costs now is what it costs.
  if (state.callCostCalls > 0 && state.callCostDollars > 0)
    state.callCostMean = Math.log(state.callCostDollars / state.callCostCalls);
  if (state.answerInput > 0 && state.answerOutput > 0)
    state.answerMean = Math.log(state.answerOutput / state.answerInput);
  forgetDear(state);
}
