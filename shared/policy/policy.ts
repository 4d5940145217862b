/**
 * What the organization has decided: who owns what, which use of which model through which door is approved, what
 * is forbidden, where data may be processed, what may be spent. Data that a person edits; `parsePolicy` reads it from
 * YAML.
 */
import type { Activity } from "../model/activity.ts";
import type { EpochMs } from "../model/units.ts";

/** A person's pattern: `*` and `?` wildcards, `!` negates, anchored at both ends, case-insensitive. */
export type Pattern = string;

/** All named fields must match; a list matches if any positive pattern does and no negated one does. */
export interface Scope {
  readonly models?: readonly Pattern[];
  readonly doors?: readonly Pattern[];
  readonly accounts?: readonly Pattern[];
  readonly principals?: readonly Pattern[];
  readonly regions?: readonly Pattern[];
  readonly credentialTypes?: readonly Pattern[];
  readonly owners?: readonly Pattern[];
  readonly labels?: Readonly<Record<string, Pattern>>;
  /** CEL over the activity, e.g. `activity.usage.inputTokens < 100000`. */
  readonly when?: string;
}

export interface Clause extends Scope {
  /** The clause's own name, or `approvals[2]`. */
  readonly name: string;
  /** Line in the policy file, counted from 1. */
  readonly line: number;
  readonly reason?: string;
  /** Exclusive: the first instant it no longer holds. */
  readonly until?: EpochMs;
}

export interface Owner extends Clause {
  readonly contact?: string;
}

export interface Residency extends Clause {
  /** Regions in which matching use may be requested and processed. */
  readonly allowed: readonly Pattern[];
}

export interface Gateway extends Clause {
  /** The gateway's name as activities carry it: `litellm`. */
  readonly gateway: string;
}

export interface Budget {
  readonly name: string;
  /** `uid` is "" for the organization. */
  readonly scope: { readonly kind: "organization" | "team" | "app" | "principal"; readonly uid: string };
  /** `cost` in dollars. A quota is a budget of tokens or calls. */
  readonly measure: "cost" | "tokens" | "calls";
  readonly amount: number;
  /** Calendar months in UTC, or so many days from `since`; a rate is judged hour by hour. */
  readonly period: "month" | "minute" | number;
  readonly since: EpochMs;
  /** Exclusive. */
  readonly until?: EpochMs;
}

/** Use that is expected to be unusual: a batch window, a launch. */
export interface KnownEvent {
  readonly name: string;
  readonly since: EpochMs;
  /** Exclusive. */
  readonly until: EpochMs;
  /** By uid. All three absent: everybody. */
  readonly principals?: readonly Pattern[];
  readonly apps?: readonly Pattern[];
  readonly teams?: readonly Pattern[];
  /** How many times the usual is expected. Absent: nothing is said and nothing is learned. */
  readonly times?: number;
}

export interface Policy {
  /** The file as given, for `policy.yaml:12`. */
  readonly file: string;
  readonly default: "review" | "deny" | "allow";
  readonly owners: readonly Owner[];
  readonly approvals: readonly Clause[];
  readonly denials: readonly Clause[];
  readonly residency: readonly Residency[];
  /** Scopes to which no denial, residency clause or default applies. */
  readonly exceptions: readonly Clause[];
  /** Workloads that are to use a gateway: what they send to a vendor directly is a finding. */
  readonly gateways: readonly Gateway[];
  readonly budgets: readonly Budget[];
  readonly events: readonly KnownEvent[];
}

export interface Judgement {
  readonly verdict: "sanctioned" | "unsanctioned" | "unreviewed";
  /** The clause that decided, `policy.yaml:12`; `default` where none did. */
  readonly clause: string;
  /** Why, in a few words: `denied by "no-deepseek"`, `approved until 2026-03-01, expired`. */
  readonly reason: string;
  readonly owner?: string;
  /**
   * For unsanctioned and unreviewed: which part of the nearest approval did not fit. `expired`: everything fitted
   * but the date.
   */
  readonly miss?:
    | "model"
    | "door"
    | "account"
    | "principal"
    | "region"
    | "credential"
    | "condition"
    | "expired"
    | "denied";
}

/** Where data went, or may have gone, against a residency clause. */
export interface Stray {
  /** `processed`: it ran outside. `possible`: it was requested outside, or may have run outside. */
  readonly how: "processed" | "possible";
  /** The region or geography that is not allowed: `us-east-1`, `apac`, `global`. */
  readonly where: string;
  /** What the clause allows, as written. */
  readonly allowed: readonly string[];
  /** `policy.yaml:12` */
  readonly clause: string;
}

/** Judges calls, buckets, contacts and batch jobs that are started; any other change has no verdict. */
export type Judge = (activity: Activity) => Judgement | undefined;
