/** Where a Bedrock call may run, as its model id says. */
import type { Activity } from "./activity.ts";

type RegionScope = Pick<NonNullable<Activity["region"]>, "scope" | "geography">;

/** Prefixes of cross-Region inference profiles. AWS adds some; one not listed here reads as a model's vendor. */
const geographies = new Set(["us", "us-gov", "eu", "apac", "jp", "au", "ca", "sa", "me", "uk", "in"]);

/** `vendor.model`: the only form of a foundation model's id. */
const FOUNDATION_MODEL = /^[a-z0-9]+\.\S+$/;

/** Kinds of ARN that run in the Region they stand in. */
const regionalKinds = new Set([
  "provisioned-model",
  "custom-model",
  "custom-model-deployment",
  "imported-model",
  "endpoint",
]);

/**
 * `modelId` as Bedrock takes it: a foundation model, an inference profile, an ARN of either. Empty where the id does
 * not tell, as for an application inference profile, which may stand for any of them.
 */
export function regionScopeOf(modelId: string): RegionScope {
  const arn = /^arn:[^:]*:[^:]*:([^:]*):[^:]*:([^/:]+)[/:](.+)$/.exec(modelId);
  if (arn) {
    const [, region, kind = "", resource = ""] = arn;
    if (kind === "inference-profile") return regionScopeOf(resource);
    // The model of a global profile has an ARN without a Region.
    if (kind === "foundation-model") return { scope: region ? "regional" : "global" };
    return regionalKinds.has(kind) ? { scope: "regional" } : {};
  }
  const dot = modelId.indexOf(".");
  // `geography.vendor.model`
  if (dot > 0 && modelId.includes(".", dot + 1)) {
    const prefix = modelId.slice(0, dot);
    if (prefix === "global") return { scope: "global" };
    if (geographies.has(prefix)) return { scope: "geography", geography: prefix };
  }
  return FOUNDATION_MODEL.test(modelId) ? { scope: "regional" } : {};
}
