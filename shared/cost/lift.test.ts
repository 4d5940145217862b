import { describe, expect, it } from "vitest";
import { randomOf } from "../../test/bench/cost/random.ts";
import { MONDAY } from "../../test/bench/cost/steady.ts";
import { dayOf } from "./calendar.ts";
import { driverOf } from "./explain.ts";
import { organizationLift, teamLift } from "./lift.ts";
import { newSeries, type SeriesState } from "./series-state.ts";
import { dayLift, step } from "./step.ts";

const ORDINARY = { decades: 0, dollars: 1 };
const DAYS = 33;
const TODAY = dayOf(MONDAY) + DAYS - 1;

/** Days of about $48 that scatter by a seventh; in the last three calls times `factor`, tokens of each times `size`. */
function member(seed: number, factor: number, size = 1): SeriesState {
  const random = randomOf(seed);
  const state = newSeries(MONDAY);
  for (let day = 0; day < DAYS; day++) {
    const isLast = day >= DAYS - 3;
    const count = Math.round(200 * Math.exp(0.15 * random.normal()) * (isLast ? factor : 1));
    const tokens = count * (isLast ? size : 1);
    for (let hour = 0; hour < 24; hour++)
      step(state, {
        cost: tokens * 0.01,
        calls: count,
        inputTokens: tokens * 900,
        outputTokens: tokens * 90,
        errors: 0,
      });
  }
  return state;
}
const team = (factor: number, size = 10, from = 1) =>
  Array.from({ length: size }, (_, index) => ({ uid: `p${index}`, state: member(from + index, factor) }));
const NO_BACKGROUND = [0, 0, 0, 0, 0];

describe("a team's lift", () => {
  it("is seen where everybody spends a third more, and named with those who rose most", () => {
    const evidence = teamLift(team(1.5), NO_BACKGROUND, TODAY, ORDINARY);
    expect(evidence?.detector).toBe("team-lift");
    expect(evidence?.children).toHaveLength(3);
    const shares = evidence?.children?.map(({ share }) => share) ?? [];
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
    expect(evidence?.cost).toBeGreaterThan(1.2 * (evidence?.usualCost ?? 0));
    expect(teamLift(team(1), NO_BACKGROUND, TODAY, ORDINARY)).toBeUndefined();
  });

  it("is not the doing of one member, however much he spends", () => {
    const quiet = team(1, 9, 40);
    const loud = { uid: "loud", state: member(99, 30) };
    expect(teamLift([...quiet, loud], NO_BACKGROUND, TODAY, ORDINARY)).toBeUndefined();
  });

  it("is not told where the others rise next to nothing beside one who rises by much", () => {
    const others = team(1.08, 12, 40);
    const loud = { uid: "loud", state: member(99, 12) };
    expect(teamLift([...others, loud], NO_BACKGROUND, TODAY, ORDINARY)).toBeUndefined();
    expect(teamLift([...team(1.5, 12, 40), loud], NO_BACKGROUND, TODAY, ORDINARY)).toBeDefined();
  });

  it("tells calls that became larger from more calls", () => {
    const driver = (factor: number, size: number): string | undefined => {
      const members = Array.from({ length: 10 }, (_, index) => ({
        uid: `p${index}`,
        state: member(index + 1, factor, size),
      }));
      const evidence = teamLift(members, NO_BACKGROUND, TODAY, ORDINARY);
      return evidence && driverOf(evidence);
    };
    expect(driver(1.5, 1)).toBe("calls");
    expect(driver(1, 1.5)).toBe("tokens per call");
  });

  it("is not what the whole organization does", () => {
    const members = team(1.5);
    const background = [0, 1, 2, 3, 4].map((back) =>
      organizationLift(
        members.map(({ state }) => state),
        TODAY - back,
      ),
    );
    expect(background[0]).toBeGreaterThan(0.5);
    expect(teamLift(members, background, TODAY, ORDINARY)).toBeUndefined();
  });

  it("needs four members with a past", () => {
    expect(teamLift(team(1.6, 3), NO_BACKGROUND, TODAY, ORDINARY)).toBeUndefined();
    const young = Array.from({ length: 10 }, (_, index) => ({ uid: `p${index}`, state: newSeries(MONDAY) }));
    expect(teamLift(young, NO_BACKGROUND, TODAY, ORDINARY)).toBeUndefined();
  });

  it("asks for more under a higher bar", () => {
    expect(teamLift(team(1.5), NO_BACKGROUND, TODAY, { decades: 9, dollars: 1 })).toBeUndefined();
    expect(teamLift(team(1.5), NO_BACKGROUND, TODAY, { decades: 0, dollars: 1_000 })).toBeUndefined();
  });
});

it("measures a day against days of its kind, and is unknown for days that are too young or still to come", () => {
  const state = member(5, 2);
  expect(dayLift(state, TODAY)).toBeGreaterThan(1.5);
  expect(Math.abs(dayLift(state, TODAY - 10))).toBeLessThan(3.5);
  expect(dayLift(state, TODAY + 1)).toBeNaN();
  expect(dayLift(state, TODAY - 25)).toBeNaN();
});
