/**
 * Activity, the one normalized event, and a public contract: `gnomon normalize` prints it, topic `ai.activity`
 * carries it, rules are written over it.
 *
 * Names follow OCSF 1.8 API Activity [6003] with profile `ai_operation`, and OpenTelemetry GenAI, in camelCase.
 * Absent is absent: a field nobody reported is left out, never 0, "" or "unknown".
 */
import { z } from "zod";
import { EpochMs, NanoUsd } from "./units.ts";

/** Names, ids and codes; never content. Longer ones are cut by the source (`text` in source.ts). */
const Text = z.string().min(1);
const Count = z.int().nonnegative();

export const Named = z.strictObject({ uid: Text, name: Text.optional() });

export const Actor = z.strictObject({
  /** Stable across sessions where the log allows it: a user, a role, a service account, a key's owner. */
  uid: Text.optional(),
  name: Text.optional(),
  /** `human` a person, `workload` the customer's program, `service` the cloud itself acting. Absent: not said. */
  type: z.enum(["human", "workload", "service"]).optional(),
  /** The session under a role: `arn:…:assumed-role/Role/session`. */
  sessionUid: Text.optional(),
  /** The role or federation behind a session. Baselines use it, since session names rotate. */
  issuerUid: Text.optional(),
});

export const Credential = z.strictObject({
  /** An identifier of the key, never the key: `AKIA…`, `key_…`, a hash. */
  uid: Text.optional(),
  type: z
    .enum(["long-term", "temporary", "bearer", "api-key", "managed-identity", "master-key", "console"])
    .optional(),
  /** True for a key that a gateway issued and maps to a vendor's key. */
  virtual: z.boolean().optional(),
});

export const Outcome = z.strictObject({
  status: z.enum(["success", "failure"]),
  /** Only on failure. `blocked` by a guardrail or content filter, `denied` by permissions. */
  reason: z.enum(["denied", "throttled", "invalid", "blocked", "error"]).optional(),
  /** The vendor's code as it stood: `AccessDeniedException`, `429`, `7`. */
  code: Text.optional(),
});

export const Model = z.strictObject({
  /** As logged. */
  id: Text,
  /** Who made it: `anthropic`, `openai`, `amazon`, `meta`. Absent: not recognised. */
  vendor: Text.optional(),
  /** `claude-sonnet`, `gpt-4o`, `llama-3`. */
  family: Text.optional(),
  /** A snapshot: `20250929`, `2024-08-06`, `v1:0`. */
  version: Text.optional(),
  /** The one identity across doors: `anthropic/claude-sonnet-4-5`. Absent: the model is not recognised. */
  name: Text.optional(),
});

export const Region = z.strictObject({
  /** Where the call was made. */
  requested: Text.optional(),
  /** Where it ran, if the log says so. */
  processed: Text.optional(),
  /** Where it may have run: only in `requested`; within its geography (`us`, `eu`, …); anywhere. */
  scope: z.enum(["regional", "geography", "global"]).optional(),
  /** With scope `geography`: which, as the vendor names it: `us`, `eu`, `apac`, `jp`. */
  geography: Text.optional(),
});

export const Usage = z.strictObject({
  /** Everything sent, cached tokens included; sources that report them apart add them up. */
  inputTokens: Count.optional(),
  outputTokens: Count.optional(),
  /** Part of `inputTokens`. */
  cacheReadTokens: Count.optional(),
  /** Part of `inputTokens`. */
  cacheWriteTokens: Count.optional(),
  /** Part of `cacheWriteTokens`: what is kept for an hour, at a higher price, and not for five minutes. */
  cacheWriteHourTokens: Count.optional(),
  /** Part of `outputTokens`. */
  reasoningTokens: Count.optional(),
  images: Count.optional(),
  /** Audio or video. */
  seconds: z.number().nonnegative().optional(),
  /** Text sent to a speech model. */
  characters: Count.optional(),
});

export const Cost = z.strictObject({
  nanoUsd: NanoUsd,
  /** `estimated` from a price list, by us or by a gateway; `billed` by whoever sends the invoice. */
  basis: z.enum(["estimated", "billed"]),
  /** Whose price: `genai-prices`, `litellm`, `override`, `openai.costs`. */
  priceSource: Text.optional(),
  priceVersion: Text.optional(),
});

/** For a change: what was done to what, in words that mean the same for every vendor. Never content. */
export const Detail = z.strictObject({
  /** What was changed. `other`: an administrative act of a kind we do not tell apart. */
  object: z.enum([
    "logging",
    "guardrail",
    "use-case-form",
    "agreement",
    "entitlement",
    "model-availability",
    "key",
    "user",
    "role",
    "deployment",
    "capacity",
    "custom-model",
    "batch-job",
    "limit",
    "network",
    "authentication",
    "project",
    "data-retention",
    "service",
    "other",
  ]),
  action: z.enum(["create", "update", "delete", "read", "enable", "disable", "use", "other"]),
  /** True where the log itself shows that a protection was lowered or removed; false where raised or set up. */
  weakens: z.boolean().optional(),
  target: z.strictObject({ uid: Text.optional(), name: Text.optional(), type: Text.optional() }).optional(),
  /** Named settings of the source's shape, before and after, where the log says. Scalars only. */
  before: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  after: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

export const Network = z.strictObject({
  /** As logged; `81.2.69.0/24` where the vendor masks the last octet. */
  ip: Text.optional(),
  userAgent: Text.optional(),
  /** The host that was talked to. */
  host: Text.optional(),
});

export const ACTIVITY_SCHEMA = "gnomon.activity/v1";

export const Activity = z.strictObject({
  schema: z.literal(ACTIVITY_SCHEMA),
  /** 128 bits of SHA-256, hexadecimal, over the provider's own identity of the thing. */
  uid: z.string().regex(/^[0-9a-f]{32}$/),
  /**
   * `call` one request to a model · `bucket` usage summed by the vendor over an interval, which may grow until
   * final · `change` an administrative act · `contact` network evidence that somebody talked to an AI service.
   */
  kind: z.enum(["call", "bucket", "change", "contact"]),
  /** Who is speaking. Views of one account are never added together. */
  view: z.enum(["provider", "usage", "gateway", "network"]),
  /** `product.log`: a `Source.id`. */
  source: Text,
  /** Every log that saw it, sorted, where more than one did; `source` is then the first. Set by the merge. */
  sources: z.array(Text).min(2).optional(),
  startTime: EpochMs,
  /** Exclusive for a bucket. Equal to `startTime` where the log gives one instant. */
  endTime: EpochMs,
  /** Requests it stands for; 1 for a call, 0 for a bucket whose vendor counts tokens only. */
  count: Count,
  /** The vendor's own word: `InvokeModel`, `ChatCompletions_Create`. */
  operation: Text,
  /** OpenTelemetry `gen_ai.operation.name`. Absent for a change and a contact. */
  operationName: z
    .enum([
      "chat",
      "text_completion",
      "embeddings",
      "generate_content",
      "image_generation",
      "video_generation",
      "speech",
      "transcription",
      "moderation",
      "rerank",
      "retrieval",
      "invoke_agent",
      "create_agent",
      "execute_tool",
      "invoke_workflow",
      "batch",
    ])
    .optional(),
  outcome: Outcome.optional(),
  actor: Actor.optional(),
  credential: Credential.optional(),
  /** Where it is billed and governed: AWS account, Azure subscription, Google project, OpenAI organization or project. */
  account: Named.optional(),
  organization: Named.optional(),
  project: Named.optional(),
  /** The door, OpenTelemetry's names: `aws.bedrock`, `azure.ai.openai`, `gcp.vertex_ai`, `openai`. */
  provider: Text.optional(),
  /** The gateway that reported or carried it: `litellm`, `azure.apim`. `provider` is then the door behind it. */
  gateway: Text.optional(),
  model: Model.optional(),
  /** Azure deployment, inference profile, endpoint, provisioned throughput, custom model. */
  deployment: z.strictObject({ uid: Text.optional(), name: Text.optional(), type: Text.optional() }).optional(),
  region: Region.optional(),
  usage: Usage.optional(),
  cost: Cost.optional(),
  network: Network.optional(),
  /** Request metadata, tags, end-user id: the hooks of attribution. The caller's claim, unverified. */
  labels: z.record(z.string(), z.string()).optional(),
  detail: Detail.optional(),
  /** When the collector read it. Decides only which reading of one bucket is the later. Absent in files. */
  receivedTime: EpochMs.optional(),
});
export type Activity = z.infer<typeof Activity>;

export type Detail = z.infer<typeof Detail>;
export type Usage = z.infer<typeof Usage>;
export type Outcome = z.infer<typeof Outcome>;
export type Model = z.infer<typeof Model>;
export type Cost = z.infer<typeof Cost>;

/**
 * Who acts, for grouping and baselines: a person is that person; of a program the role behind its session, since
 * session names rotate; else the credential. Undefined where the log names nobody.
 */
export function principalOf({ actor, credential }: Activity): string | undefined {
  const person = actor?.type === "human" ? actor.uid : undefined;
  return person ?? actor?.issuerUid ?? actor?.uid ?? actor?.name ?? credential?.uid;
}

/** A line of an invoice: what was paid, and neither who called nor how often. Its amount may be in another currency. */
export const isBill = ({ kind, count, usage }: Activity): boolean =>
  kind === "bucket" && count === 0 && usage === undefined;

/**
 * What a line of an invoice says in another currency than the dollar. Undefined where it says dollars, or where its
 * source knew the rate.
 */
export function unratedBillOf(
  activity: Activity,
): { readonly currency: string; readonly amount: number } | undefined {
  const { currency, amount } = activity.labels ?? {};
  if (activity.cost || !isBill(activity) || currency === undefined || amount === undefined) return undefined;
  return Number.isFinite(Number(amount)) ? { currency, amount: Number(amount) } : undefined;
}

/** A line of an invoice for capacity that is paid whether it is called or not, as all clouds' bills name it. */
export const isCapacityCharge = (activity: Activity): boolean =>
  isBill(activity) && /provisioned|\bptu\b/i.test(`${activity.operation} ${activity.deployment?.type ?? ""}`);

/** The model's identity across doors; where unrecognised, the id as logged. */
export function modelOf(activity: Activity): string | undefined {
  return activity.model?.name ?? activity.model?.id;
}
