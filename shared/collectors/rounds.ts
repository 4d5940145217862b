/**
 * Bills: they change a few times a day and are restated until the month is invoiced, some are paid for by the request,
 * and a schedule runs every five minutes. So they are asked for in rounds, each of which reads again what may change.
 */
import type { z } from "zod";
import { duration } from "../config/settings.ts";
import { type EpochMs, fromIsoTime, toIsoTime } from "../model/units.ts";
import { Settled } from "./parts.ts";

export interface RoundTimes {
  /** Milliseconds from the beginning of a round to that of the next, at least. */
  readonly interval: number;
  /** How long what is billed may be restated. */
  readonly lookBack: number;
  /** How far the first round goes back. */
  readonly history: number;
}

type Times = { readonly [Name in keyof RoundTimes]: string };

/** Settings of a collector of bills. `least`: no interval is shorter. */
export function roundSettings(usual: Times, least: string): { [Name in keyof RoundTimes]: z.ZodType<number> } {
  const leastMs = duration.parse(least);
  return {
    interval: duration.prefault(usual.interval).refine((ms) => ms >= leastMs, `at least ${least}`),
    lookBack: duration.prefault(usual.lookBack),
    history: duration.prefault(usual.history),
  };
}

/** How far a part is settled, and when its last round was. Its cursor is both: `2026-11-01T…Z/2026-11-08T…Z`. */
export class Round extends Settled {
  /** False where the last round was less than the interval ago: nothing is to be asked. */
  readonly isDue: boolean;
  readonly #begun: EpochMs;

  constructor(where: RoundTimes & { readonly cursor: string | undefined; readonly now: EpochMs }) {
    const [settled, begun = ""] = where.cursor?.split("/") ?? [];
    super({ ...where, cursor: settled });
    const last = fromIsoTime(begun);
    // A last round that is yet to come was begun by a clock that was wrong.
    this.isDue = last === undefined || last > where.now || where.now - last >= where.interval;
    this.#begun = where.now;
  }

  override cursorAt(reached: EpochMs | "the end"): { readonly cursor?: string } {
    const within = super.cursorAt(reached);
    if (reached !== "the end") return within;
    return { cursor: `${within.cursor ?? toIsoTime(this.from)}/${toIsoTime(this.#begun)}` };
  }
}
