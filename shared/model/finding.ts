/**
 * Something a person should look at. Rule headers are Sigma 2.1; outwardly a finding is OCSF Detection Finding
 * [2004]. Identity is rule + subject, and the subject is an entity a person would act on, never a request.
 */
import { z } from "zod";
import { EpochMs } from "./units.ts";

/** Sigma `level`. OCSF `severity_id` is its index + 1. */
export const levels = ["informational", "low", "medium", "high", "critical"] as const;
export const Level = z.enum(levels);
export type Level = z.infer<typeof Level>;

/** Sigma rule header: what the detection is, for people and for SIEMs. */
export const Rule = z.strictObject({
  /** UUID v4, never reused: suppressions and dashboards hang on it. */
  id: z.uuid(),
  /** kebab-case, the file's name: `unsanctioned-model`. */
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  title: z.string().min(1),
  /** An `experimental` rule records but does not page. */
  status: z.enum(["experimental", "test", "stable", "deprecated"]),
  level: Level,
  description: z.string().min(1),
  references: z.array(z.string()),
  falsepositives: z.array(z.string()).min(1),
  /** ATT&CK, ATLAS, OWASP with version: `attack.t1078.004`, `atlas.aml.t0040`, `owasp.llm10-2025`. */
  tags: z.array(z.string()),
  /** What this rule cannot see. Known gaps are better than unknown gaps. */
  misses: z.string().min(1),
  /** What somebody who reads the finding should do first. */
  remedy: z.string().min(1),
  /** Resolved by quiet after this long without a match. */
  quietMs: z.int().positive(),
});
export type Rule = z.infer<typeof Rule>;

/** What a finding is about, in the order a person says it. At least one field. */
export const Subject = z.strictObject({
  principal: z.string().optional(),
  credential: z.string().optional(),
  model: z.string().optional(),
  provider: z.string().optional(),
  account: z.string().optional(),
  region: z.string().optional(),
  /** A guardrail, a logging configuration, a policy clause, a deployment, a source. */
  resource: z.string().optional(),
});
export type Subject = z.infer<typeof Subject>;

/** One activity's figures that show the finding; never prompts or completions. */
export const Evidence = z.strictObject({
  uid: z.string(),
  time: EpochMs,
  /** The vendor's word for what was done. */
  operation: z.string(),
  /** A few named fields, already phrased for a person. */
  facts: z.record(z.string(), z.string()),
});
export type Evidence = z.infer<typeof Evidence>;

/** What a detection says about one activity, or about a group of them. */
export interface Match {
  readonly subject: Subject;
  /** One sentence for one match: what happened, with figures. */
  readonly reason: string;
  /** Overrides the rule's level. */
  readonly level?: Level;
  /** When it happened: event time. */
  readonly time: EpochMs;
  /** The activities that show it. */
  readonly evidence: readonly Evidence[];
  /** Requests the match stands for. */
  readonly count: number;
  /** Whom the policy names as owner. */
  readonly owner?: string;
  /** The clause of the policy that decided, `policy.yaml:12`; `default` where none did. Absent: the policy was not asked. */
  readonly clause?: string;
}

export const FINDING_SCHEMA = "gnomon.finding/v1";

/** How many activities a finding shows: the earliest ones and the latest one. */
export const EVIDENCE_KEPT = 8;

export const Finding = z.strictObject({
  schema: z.literal(FINDING_SCHEMA),
  /** 128 bits of SHA-256 over rule id and subject. */
  uid: z.string().regex(/^[0-9a-f]{32}$/),
  ruleId: z.uuid(),
  ruleName: z.string(),
  title: z.string(),
  /** The rule is experimental: it records and does not page. Absent otherwise. */
  experimental: z.literal(true).optional(),
  level: Level,
  status: z.enum(["new", "open", "acknowledged", "resolved", "reopened", "suppressed"]),
  subject: Subject,
  /** The sentence to read first: what happened, with figures. Rewritten as the finding grows. */
  reason: z.string(),
  firstSeenTime: EpochMs,
  lastSeenTime: EpochMs,
  /** Matches and the requests they stand for. */
  matches: z.int().positive(),
  count: z.int().nonnegative(),
  evidence: z.array(Evidence).max(EVIDENCE_KEPT),
  owner: z.string().optional(),
  clause: z.string().optional(),
});
export type Finding = z.infer<typeof Finding>;
