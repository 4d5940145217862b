/**
 * A collector fetches one kind of log: how to ask, how to page, how late records may come. What a record means is the
 * business of sources; where cursors are kept and in which order, of `pipeline/collect.ts`.
 */
import type { z } from "zod";
import type { PipelineError } from "../model/errors.ts";
import type { EpochMs } from "../model/units.ts";

export interface PullContext<Settings> {
  /** Checked, with secrets resolved. */
  readonly settings: Settings;
  /**
   * Where each part (region, account, workspace, object) stands: the cursor of its last page that is on the bus.
   * Empty on the first run.
   */
  readonly cursors: ReadonlyMap<string, string>;
  readonly now: EpochMs;
  /** Aborted when the time of a run is used up: stop after the page at hand. */
  readonly signal: AbortSignal;
}

export type Page = FetchedPage | FailedPart;

export interface FetchedPage {
  /** What stands apart from the rest: a region, an account, a workspace. `""` where there is only one. */
  readonly part: string;
  /** JSON values as the vendor gave them; envelopes are taken off and records cut by the pipeline. */
  readonly documents: readonly unknown[];
  /** What could not even be parsed, and where it stands. */
  readonly unreadable?: readonly { readonly reason: string; readonly place: string }[];
  /** For pointers of rejects: an object key, a region and page. */
  readonly place: string;
  /**
   * Where `part` resumes once these documents are on the bus. Opaque to everyone else; absent: unchanged; empty: the
   * part is done with for good and its cursor is forgotten.
   */
  readonly cursor?: string;
  /** Called when the documents are on the bus and the cursor is saved: deletes a queue's message, for one. */
  done?(): Promise<void>;
}

/** One part failed; the others go on. */
export interface FailedPart {
  readonly part: string;
  readonly failed: PipelineError;
}

/** One thing that `gnomon doctor` tried. */
export interface Check {
  /** `cloudtrail:LookupEvents in eu-central-1` */
  readonly what: string;
  readonly ok: boolean;
  /** For a failure: which permission or setting is missing and how to give it. */
  readonly advice?: string;
}

export interface Collector<Settings = unknown> {
  /** `aws.cloudtrail-lookup`; its word in `gnomon.yaml`. */
  readonly id: string;
  readonly title: string;
  /** Its section of `gnomon.yaml`. Fields that hold secrets are `secret` of settings.ts. */
  readonly settings: z.ZodType<Settings>;
  /** Pages, oldest first where the vendor allows. Throws a PipelineError where nothing can be fetched at all. */
  pull(context: PullContext<Settings>): AsyncIterable<Page>;
  /** Never throws: a failure is a check that is not ok. */
  check(context: Omit<PullContext<Settings>, "cursors">): Promise<readonly Check[]>;
}

/** Keeps the settings' type between shape and code. */
export const defineCollector = <Settings>(collector: Collector<Settings>): Collector<Settings> => collector;
