/**
 * What CloudTrail and the invocation log must read alike, since most calls to Bedrock appear in both: who called,
 * what the operation was, through which profile or endpoint, and how it ended.
 */
import type { Activity, Outcome } from "./activity.ts";
import { regionScopeOf } from "./region-scope.ts";

type Actor = NonNullable<Activity["actor"]>;
type Credential = NonNullable<Activity["credential"]>;
type Deployment = NonNullable<Activity["deployment"]>;
type OperationName = NonNullable<Activity["operationName"]>;

const ARN = /^arn:([^:]*):([^:]*):([^:]*):([^:]*):(.+)$/;

/**
 * Who stands behind a principal's ARN. A role is named without its path, since a session's ARN does not have it and
 * a role's name is unique in its account. Roles that IAM Identity Center makes are shared by many people: there,
 * and wherever the session is named by an e-mail address, the actor is the person.
 */
export function actorOfArn(arn: string): Actor {
  const [, partition = "", service = "", , account = "", resource = ""] = ARN.exec(arn) ?? [];
  const [kind = "", ...path] = resource.split("/");
  if (service === "sts" && kind === "assumed-role") {
    const [role = "", session = ""] = path;
    const issuerUid = `arn:${partition}:iam::${account}:role/${role}`;
    const person = session !== "" && (role.startsWith("AWSReservedSSO_") || session.includes("@"));
    return {
      uid: person ? session : issuerUid,
      name: person ? session : role,
      type: person ? "human" : typeOfRole(role, session),
      sessionUid: arn,
      issuerUid,
    };
  }
  if (service === "iam" && kind === "role") {
    const role = path.at(-1) ?? "";
    const issuerUid = `arn:${partition}:iam::${account}:role/${role}`;
    return { uid: issuerUid, name: role, type: typeOfRole(role, ""), issuerUid };
  }
  return { uid: arn, name: path.at(-1) || (resource === "root" ? "root" : undefined) };
}

function typeOfRole(role: string, session: string): Actor["type"] {
  if (role.startsWith("AWSServiceRoleFor")) return "service";
  // An EC2 instance names its session by its own id.
  return /^i-[0-9a-f]{8,17}$/.test(session) ? "workload" : undefined;
}

/**
 * IAM makes a user of its own for each long-term API key; BeyondTrust, "bedrock-keys-security" (2026), calls them
 * phantom users. Bedrock's are named `BedrockAPIKey-…`, those of Claude Platform on AWS `AeaApiKey-…`.
 */
export const isApiKeyUser = (userName: string): boolean =>
  userName.startsWith("BedrockAPIKey-") || userName.startsWith("AeaApiKey-");

/** The key that a principal's ARN gives away. */
export function credentialOfArn(arn: string): Credential | undefined {
  if (!arn.includes(":user/")) return undefined;
  const name = arn.slice(arn.lastIndexOf("/") + 1);
  return isApiKeyUser(name) ? { uid: name, type: "bearer" } : undefined;
}

/** Inference operations of `bedrock-runtime`; undefined for any other operation. */
export function operationNameOf(operation: string, modelId: string | undefined): OperationName | undefined {
  if (/^Converse/.test(operation)) return "chat";
  if (/^(InvokeModel|StartAsyncInvoke|CreateInference$)/.test(operation))
    return modelId ? purposeOf(modelId) : "chat";
  return undefined;
}

/** By the names of the models that Bedrock sells (2026-10); what is not listed answers in text. */
function purposeOf(modelId: string): OperationName {
  if (/rerank/.test(modelId)) return "rerank";
  if (/embed|marengo/.test(modelId)) return "embeddings";
  if (/titan-image|nova-canvas|stable-|stability\.|\.sd3/.test(modelId)) return "image_generation";
  if (/nova-reel|luma\.|\.ray-/.test(modelId)) return "video_generation";
  // Models older than the messages interface: one prompt in, its continuation out.
  if (/titan-(text|tg1)|claude-(v|instant)|\.j2-|command-(light-)?text|llama|mistral-7b|mixtral/.test(modelId))
    return "text_completion";
  return "chat";
}

/** Undefined for a foundation model, which is no deployment of the caller's. */
export function deploymentOf(modelId: string): Deployment | undefined {
  const resource = ARN.exec(modelId)?.[5];
  if (resource === undefined) {
    const { scope } = regionScopeOf(modelId);
    return scope === "global" || scope === "geography" ? { name: modelId, type: "inference-profile" } : undefined;
  }
  const [, type, name] = /^([^/:]+)[/:](.+)$/.exec(resource) ?? [];
  if (type === undefined || type === "foundation-model") return undefined;
  // A profile that AWS defines is the same for everybody: its id names it, the ARN only adds the caller.
  return type === "inference-profile" ? { name, type } : { uid: modelId, name, type };
}

/** `errorCode` as services write it: `AccessDenied`, `AccessDeniedException`, `Client.UnauthorizedOperation`. */
export function outcomeOf(errorCode: string | undefined): Outcome {
  if (errorCode === undefined) return { status: "success" };
  return { status: "failure", reason: reasonOf(errorCode), code: errorCode };
}

function reasonOf(code: string): NonNullable<Outcome["reason"]> {
  if (
    /AccessDenied|Unauthorized|NotAuthorized|Forbidden|ExpiredToken|InvalidClientTokenId|Unrecognized|^40[13]$/.test(
      code,
    )
  )
    return "denied";
  if (/Throttl|QuotaExceeded|LimitExceeded|TooManyRequests|^429$/.test(code)) return "throttled";
  if (/Guardrail|ContentFilter/.test(code)) return "blocked";
  if (/Validation|Invalid|NotFound|NoSuch|Conflict|AlreadyExists|BadRequest|Malformed|^4\d\d$/.test(code))
    return "invalid";
  return "error";
}
