/** Which evidence is said aloud: the first of a subject, and what is far worse than what was said. */
import { type EpochMs, HOUR_MS } from "../model/units.ts";
import type { Detector, Evidence } from "./evidence.ts";
import type { EpochHour } from "./series-state.ts";

/** What is open on one subject. */
export interface Incident {
  /** Latest evidence within hours, and within days. */
  lastFast: number;
  lastSlow: number;
  /** Greatest excess of one hour before `hour`, dollars; and that hour, which still grows. */
  greatest: number;
  hour: EpochHour;
  hourExcess: number;
  repeats: number;
  /** What was said last. */
  detector?: Detector;
}

const QUIET_FAST_MS = 24 * HOUR_MS;
const QUIET_SLOW_MS = 96 * HOUR_MS;
/** Said again only where an hour is worse than any before by this factor and at least this much. */
const WORSE = 3;
const WORSE_DOLLARS = 20;
const MOST_REPEATS = 3;

export const newIncident = (): Incident => ({
  lastFast: Number.NEGATIVE_INFINITY,
  lastSlow: Number.NEGATIVE_INFINITY,
  greatest: 0,
  hour: 0,
  hourExcess: 0,
  repeats: 0,
});

/** Whether to say it. Changes the incident. `hour` is the one that the evidence is about. */
export function decide(incident: Incident, evidence: Evidence, hour: EpochHour, time: EpochMs): boolean {
  // Nobody is new twice.
  if (evidence.detector === "new-spender" && incident.detector === "new-spender") {
    incident.lastFast = time;
    return false;
  }
  const slow =
    evidence.detector === "day-surge" || evidence.detector === "slow-leak" || evidence.detector === "team-lift";
  const open = slow
    ? time - Math.max(incident.lastFast, incident.lastSlow) <= QUIET_SLOW_MS
    : time - incident.lastFast <= QUIET_FAST_MS || time - incident.lastSlow <= QUIET_FAST_MS;
  if (slow) incident.lastSlow = time;
  else incident.lastFast = time;
  if (!open) {
    incident.greatest = 0;
    incident.hour = hour;
    incident.hourExcess = evidence.hourExcess;
    incident.repeats = 0;
    incident.detector = evidence.detector;
    return true;
  }
  if (hour > incident.hour) {
    incident.greatest = Math.max(incident.greatest, incident.hourExcess);
    incident.hour = hour;
  }
  const worse =
    !slow &&
    evidence.detector !== "new-spender" &&
    evidence.hourExcess >= WORSE * incident.greatest &&
    evidence.hourExcess >= WORSE_DOLLARS &&
    incident.greatest > 0 &&
    incident.repeats < MOST_REPEATS;
  incident.hourExcess = evidence.hourExcess;
  if (worse) {
    incident.repeats++;
    incident.detector = evidence.detector;
    incident.greatest = evidence.hourExcess;
  }
  return worse;
}
