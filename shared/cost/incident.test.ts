import { describe, expect, it } from "vitest";
import { type EpochMs, HOUR_MS } from "../model/units.ts";
import type { Detector, Evidence } from "./evidence.ts";
import { decide, newIncident } from "./incident.ts";

const evidence = (hourExcess: number, detector: Detector = "surge"): Evidence => ({
  detector,
  startHour: 0,
  cost: hourExcess + 1,
  usualCost: 1,
  calls: 1,
  usualCalls: 1,
  tokens: 1,
  usualTokens: 1,
  hourExcess,
});
const at = (hour: number) => [hour, (hour * HOUR_MS) as EpochMs] as const;

describe("an incident", () => {
  it("is said once while it lasts, and again after a quiet day", () => {
    const incident = newIncident();
    expect(decide(incident, evidence(5), ...at(100))).toBe(true);
    expect(decide(incident, evidence(5), ...at(101))).toBe(false);
    expect(decide(incident, evidence(5), ...at(125))).toBe(false);
    expect(decide(incident, evidence(5), ...at(149))).toBe(false);
    expect(decide(incident, evidence(5), ...at(174))).toBe(true);
  });

  it("is said once of a newcomer, who is new once, and does not hide his surge", () => {
    const incident = newIncident();
    expect(decide(incident, evidence(5, "new-spender"), ...at(100))).toBe(true);
    expect(decide(incident, evidence(9, "new-spender"), ...at(140))).toBe(false);
    expect(decide(incident, evidence(9), ...at(170))).toBe(true);
  });

  it("takes four quiet days where it shows only by the day", () => {
    const incident = newIncident();
    expect(decide(incident, evidence(5, "slow-leak"), ...at(100))).toBe(true);
    expect(decide(incident, evidence(5, "day-surge"), ...at(190))).toBe(false);
    expect(decide(incident, evidence(5, "day-surge"), ...at(287))).toBe(true);
  });

  it("does not hide a surge two days later behind a slow leak", () => {
    const incident = newIncident();
    decide(incident, evidence(5, "slow-leak"), ...at(100));
    expect(decide(incident, evidence(5), ...at(124))).toBe(false);
    const other = newIncident();
    decide(other, evidence(5, "slow-leak"), ...at(100));
    expect(decide(other, evidence(5), ...at(125))).toBe(true);
  });

  it("is said again where an hour is three times worse than any before, at most three times", () => {
    const incident = newIncident();
    decide(incident, evidence(8), ...at(100));
    expect(decide(incident, evidence(23), ...at(101))).toBe(false);
    expect(decide(incident, evidence(70), ...at(102))).toBe(true);
    expect(decide(incident, evidence(75), ...at(103))).toBe(false);
    expect(decide(incident, evidence(300), ...at(104))).toBe(true);
    expect(decide(incident, evidence(1_000), ...at(105))).toBe(true);
    expect(decide(incident, evidence(9_000), ...at(106))).toBe(false);
  });

  it("does not repeat itself because its first hour grows", () => {
    const incident = newIncident();
    decide(incident, evidence(8), ...at(100));
    expect(decide(incident, evidence(80), ...at(100))).toBe(false);
    expect(decide(incident, evidence(100), ...at(101))).toBe(false);
  });
});
