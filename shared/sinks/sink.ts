/**
 * A sink tells the outside about findings: how to say it, within which limits. What it is owed is the business of
 * `pipeline/deliver.ts`: a sink is handed each state change until it took it, and then never again.
 */
import type { z } from "zod";
import type { Finding, Rule } from "../model/finding.ts";
import type { EpochMs } from "../model/units.ts";

/** A state change that a sink has not been told. */
export interface Delivery {
  /** Same finding, same change: same id. Receivers drop what they have seen. */
  readonly id: string;
  readonly finding: Finding;
  /** Absent where this version no longer has it. */
  readonly rule?: Rule;
  /** What happened since the sink was told last. */
  readonly change: Change;
  /** What the sink returned when it was told first: a message's handle, to answer in its thread. */
  readonly reference?: string;
}

export const changes = ["new", "escalated", "acknowledged", "resolved", "reopened", "suppressed"] as const;
export type Change = (typeof changes)[number];

export interface SendContext<Settings> {
  readonly settings: Settings;
  /** Gnomon's own, for formats that name their producer. */
  readonly version: string;
  readonly now: EpochMs;
  /** Aborted when nobody waits for an answer any longer: what is on its way is given up. */
  readonly signal: AbortSignal;
  /** To topic `ai.findings`. */
  publish(
    messages: readonly { readonly key: string; readonly value: string; readonly id: string }[],
  ): Promise<void>;
}

/** What became of one delivery. */
export type Sent =
  | { readonly id: string; readonly reference?: string }
  /** This one cannot be told, however often it is tried: recorded, and not tried again before its state changes. */
  | { readonly id: string; readonly refused: string };

/** What `gnomon doctor` looks at before there is anything to tell. */
export interface Trial {
  /** `the token, and its scope chat:write` */
  readonly what: string;
  /** Throws where it is not so, naming what is missing. Absent: nobody knows before something is told. */
  attempt?(): Promise<void>;
}

export interface Sink<Settings = unknown> {
  /** `slack`; its word in `gnomon.yaml`. */
  readonly id: string;
  readonly title: string;
  readonly settings: z.ZodType<Settings>;
  /** At most so many deliveries a call. */
  readonly batchSize: number;
  /**
   * Says of deliveries what became of them as soon as it knows, in any order; those left out are tried again. Twice
   * must do no harm. Throws `upstream-unavailable` to be tried again later, `upstream-refused` to stop this sink and
   * tell an operator: what it said before stands.
   */
  send(deliveries: readonly Delivery[], context: SendContext<Settings>): AsyncIterable<readonly Sent[]>;
  /** Tells nobody of any finding. Absent where nothing can be tried. */
  trials?(context: Pick<SendContext<Settings>, "settings" | "signal">): readonly Trial[];
}

export const defineSink = <Settings>(sink: Sink<Settings>): Sink<Settings> => sink;
