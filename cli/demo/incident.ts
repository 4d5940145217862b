/**
 * What is planted in the month: each incident with the happenings that show it and the findings it must become. The
 * ground truth is written beside the logs, and `gnomon demo` holds what it found against it.
 */
import type { Happening } from "./happening.ts";

export interface Incident {
  readonly id: string;
  /** One sentence, as the company's security lead would tell it afterwards. */
  readonly story: string;
  /** Each by rule name and a part of the subject that no other finding of that rule has. */
  readonly findings: readonly {
    readonly rule: string;
    readonly about: string;
    /** A part that its sentence must have: what drove it. */
    readonly says?: string;
  }[];
  readonly happenings: readonly Happening[];
  /** What ordinary use looks like meanwhile. */
  readonly instead?: (ordinary: Happening) => Happening;
}
