/** The port of what a running pipeline remembers beside its findings. Only stores that last have books. */
import type { HeardFeedback } from "../cost/watch-usage.ts";
import type { Finding } from "../model/finding.ts";
import type { FindingRow } from "../model/ledger.ts";
import type { Reject } from "../model/raw-record.ts";
import { type EpochMs, SECOND_MS } from "../model/units.ts";
import type { DeliveredBatch, Owed } from "../pipeline/deliver.ts";
import type { Store } from "./store.ts";

export interface LastingStore extends Store {
  readonly books: Books;
}

/** How long it may take to tell a sink one batch. */
export const WORK_MS = 45 * SECOND_MS;

export interface Books {
  /** By part. */
  cursors(collector: string): Promise<ReadonlyMap<string, string>>;
  /** An empty one is forgotten. */
  saveCursor(collector: string, part: string, cursor: string): Promise<void>;

  /** Keeps the latest of each source. */
  heard(sources: readonly HeardSource[]): Promise<void>;
  /** By source. */
  coverage(): Promise<readonly HeardSource[]>;

  /** The same reject twice is one row. */
  recordRejects(rejects: readonly Reject[], seenTime: EpochMs): Promise<void>;
  /** Newest first, behind `after` where it is given, at most 1,000 or `limit`. */
  rejects(filter?: {
    readonly source?: string | undefined;
    /** Only those that were not replayed. */
    readonly waiting?: boolean;
    readonly after?: KeptReject | undefined;
    readonly limit?: number;
  }): Promise<readonly KeptReject[]>;
  /** They could be read. */
  markReplayed(rejects: readonly Reject[]): Promise<void>;

  /**
   * Hands to `work` what the sink has not been told and records what it settles, also where it says that it failed.
   * Nobody else tells this sink meanwhile, and nobody waits for it: no connection is held. Undefined where another process
   * is at this sink. What was settled by whoever lost the sink to another is not recorded, and is a failure: it is told
   * again, with the same ids.
   */
  deliverTo(
    sink: string,
    limit: number,
    /** Ends within `WORK_MS`. */
    work: (owed: readonly Owed[]) => Promise<DeliveredBatch>,
  ): Promise<DeliveredBatch | undefined>;

  /** What sinks do not take, by sink, then finding. */
  refusals(): Promise<readonly Refusal[]>;
  /** Hands to the sink once more what it refused. Returns how many. */
  forgetRefusals(sink: string): Promise<number>;

  /**
   * Every finding that may change its status by itself: open ones, and resolved ones with how far they had been seen
   * when they were.
   */
  living(): Promise<readonly Living[]>;
  /** Undefined where there is no such finding. A status it already has changes nothing. */
  changeStatus(uid: string, change: StatusChange): Promise<FindingRow | undefined>;
  /** Into the history of a finding; its status stays. Undefined where there is no such finding. */
  giveFeedback(uid: string, given: GivenFeedback): Promise<FindingRow | undefined>;
  /** All that was ever said, oldest first, also of findings that are gone. */
  feedback(): Promise<readonly HeardFeedback[]>;
  /** Oldest first. */
  history(uid: string): Promise<readonly FindingEvent[]>;

  /**
   * From now on `forgottenBefore` is `before`, or later. Removes what ended a day before that, and before what
   * `forgottenBefore` was until now, so that no batch on its way, which has asked for that already, brings it back; sums
   * and findings stay. What is removed is removed in chunks until `signal` is aborted, here and below; the rest waits for
   * the next time. Returns how many.
   */
  forgetActivities(before: EpochMs, signal: AbortSignal): Promise<number>;
  /**
   * Removes matches from before `before` that nothing supports any more and nobody can take back, but for those that a
   * finding may still show: its earliest, and the latest of them. The finding goes on counting all.
   */
  forgetMatches(before: EpochMs, signal: AbortSignal): Promise<number>;
  /** Removes rejects seen before `before`. */
  forgetRejects(before: EpochMs, signal: AbortSignal): Promise<number>;
}

export interface HeardSource {
  readonly source: string;
  /** Event time. */
  readonly lastEventTime: EpochMs;
  readonly heardTime: EpochMs;
}

export interface KeptReject extends Reject {
  readonly seenTime: EpochMs;
  readonly replayed: boolean;
}

export interface Refusal {
  readonly sink: string;
  readonly findingUid: string;
  /** Never content. */
  readonly reason: string;
}

export interface Living {
  readonly finding: Finding;
  /** For a resolved one: the finding's `lastSeenTime` when it was resolved. */
  readonly seenUntil?: EpochMs;
}

export interface StatusChange {
  readonly status: Finding["status"];
  /** A person, or `gnomon`. */
  readonly by: string;
  readonly note?: string;
  readonly time: EpochMs;
}

/** What a person said of an alert. */
export interface GivenFeedback extends HeardFeedback {
  readonly by: string;
  readonly note?: string;
}

export interface FindingEvent extends StatusChange {
  readonly seenUntil: EpochMs;
  /** Absent where the status changed. */
  readonly feedback?: HeardFeedback["feedback"];
}
