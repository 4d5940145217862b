/**
 * Messages that say an object has come into a bucket, in every wrapping they travel in: S3's own, through EventBridge,
 * through SNS, and CloudTrail's own to SNS. And which keys of AWS' logs are worth reading.
 *
 * Shape: Amazon S3, "Event message structure" and "EventBridge event message structure"; CloudTrail, "Configuring
 * Amazon SNS notifications" (read 2026-11).
 */
import { z } from "zod";

export interface NotifiedObject {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

const FromSns = z.object({ Type: z.literal("Notification"), Message: z.string() });
const TestEvent = z.object({ Event: z.literal("s3:TestEvent") });
const FromEventBridge = z.object({
  source: z.literal("aws.s3"),
  "detail-type": z.string(),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    /** Other than in S3's own messages, the key stands as it is. */
    object: z.object({ key: z.string(), "version-id": z.string().optional() }),
  }),
});
const FromCloudTrail = z.object({ s3Bucket: z.string(), s3ObjectKey: z.array(z.string()) });
const FromS3 = z.object({
  Records: z.array(
    z.object({
      eventSource: z.string().regex(/:s3$/),
      /** `ObjectCreated:Put`; with the prefix `s3:` in what imitates it. */
      eventName: z.string(),
      s3: z.object({
        bucket: z.object({ name: z.string() }),
        object: z.object({ key: z.string(), versionId: z.string().optional() }),
      }),
    }),
  ),
});

/** The objects that have come; none where the message is of another kind of event. Undefined: no such message. */
export function notifiedObjects(message: unknown): readonly NotifiedObject[] | undefined {
  const value = typeof message === "string" ? parsed(message) : message;
  const sns = FromSns.safeParse(value);
  if (sns.success) return notifiedObjects(parsed(sns.data.Message));
  if (TestEvent.safeParse(value).success) return [];

  const bridge = FromEventBridge.safeParse(value);
  if (bridge.success) {
    const { detail } = bridge.data;
    if (bridge.data["detail-type"] !== "Object Created") return [];
    return [{ bucket: detail.bucket.name, key: detail.object.key, versionId: detail.object["version-id"] }];
  }
  const trail = FromCloudTrail.safeParse(value);
  if (trail.success) return trail.data.s3ObjectKey.map((key) => ({ bucket: trail.data.s3Bucket, key }));

  const own = FromS3.safeParse(value);
  if (!own.success) return undefined;
  return own.data.Records.filter(({ eventName }) => /^(s3:)?ObjectCreated:/.test(eventName)).map(
    ({ s3: { bucket, object } }) => ({
      bucket: bucket.name,
      key: decoded(object.key),
      versionId: object.versionId,
    }),
  );
}

/** Form encoding: a blank is a plus. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `[prefix/]AWSLogs/[o-id/]account/service/region/…`; Route 53 has the VPC where others have the region. */
const LAYOUT = /(?:^|\/)AWSLogs\/(?:o-[a-z0-9]{10,32}\/)?(\d{12})\/([^/]+)\/([^/]+)\//;

/** Those of AWS' logs that a source reads. A trail's digests, insights and aggregates lie beside its events. */
const SERVICES = new Set([
  "CloudTrail",
  "CloudTrail-NetworkActivity",
  "BedrockModelInvocationLogs",
  "vpcdnsquerylogs",
]);

/** What AWS' cost exports write beside their data (Data Exports User Guide, "Understanding export delivery"). */
const BESIDE_COSTS = /(?:-Manifest\.json|-create-table\.sql|\/aws-programmatic-access-test-object)$/;

/** Keys of another layout are read: a delivery stream puts logs where it is told to, and so do exports of costs. */
export function isWorthReading(
  key: string,
  only: { readonly accounts: readonly string[]; readonly regions: readonly string[] },
): boolean {
  if (key.endsWith("/") || BESIDE_COSTS.test(key)) return false;
  const [, account = "", service = "", region = ""] = LAYOUT.exec(key) ?? [];
  if (account === "") return !/(?:^|\/)AWSLogs\//.test(key);
  if (!SERVICES.has(service)) return false;
  if (only.accounts.length > 0 && !only.accounts.includes(account)) return false;
  if (service === "vpcdnsquerylogs") return true;
  if (only.regions.length > 0 && !only.regions.includes(region)) return false;
  // Bodies over 100 KB, prompts and answers and nothing else; and what Bedrock writes to see whether it may.
  return !(service === "BedrockModelInvocationLogs" && /\/data\/|amazon-bedrock-logs-permission-check$/.test(key));
}
