/**
 * How a finding's status changes by itself: resolved by quiet, reopened by something new. What people decide is
 * `findings ack`, `resolve`, `suppress`; what counts as new is event time, so that a late record of an old matter
 * never pages again.
 */
import type { Finding, Rule } from "../model/finding.ts";
import type { EpochMs } from "../model/units.ts";

export interface NextStatus {
  readonly status: Finding["status"];
  readonly note: string;
}

/** Undefined where it stays as it is. */
export function nextStatus(
  finding: Finding,
  about: {
    readonly rule: Rule | undefined;
    readonly now: EpochMs;
    /** For a resolved one: its `lastSeenTime` when it was resolved. */
    readonly seenUntil?: EpochMs;
  },
): NextStatus | undefined {
  const { status, lastSeenTime } = finding;
  if (status === "resolved") {
    const isNew = about.seenUntil !== undefined && lastSeenTime > about.seenUntil;
    return isNew ? { status: "reopened", note: "seen again after it was resolved" } : undefined;
  }
  if (status === "suppressed" || !about.rule) return undefined;
  const { quietMs } = about.rule;
  const isQuiet = about.now - lastSeenTime > quietMs;
  return isQuiet ? { status: "resolved", note: `quiet for ${inWords(quietMs)}` } : undefined;
}

const inWords = (milliseconds: number): string => {
  const hours = Math.round(milliseconds / 3_600_000);
  return hours % 24 === 0 && hours >= 24 ? `${hours / 24} days` : `${hours} hours`;
};
