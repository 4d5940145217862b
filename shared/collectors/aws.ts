/** What the collectors of AWS share: whose account is asked, and what an error of the SDK asks of a person. */
import { z } from "zod";
import { apiUrl } from "../config/settings.ts";
import { PipelineError } from "../model/errors.ts";

export const Region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, "a region such as eu-central-1");

/** A role in the account whose logs are read. It is assumed with the credentials of the process. */
export const Role = z.strictObject({
  arn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/, "arn:aws:iam::111122223333:role/name"),
  externalId: z.string().min(2).max(1_224).optional(),
});
export type Role = z.output<typeof Role>;

/** One for each account. Empty: the account of the process' own credentials. */
export const Roles = z
  .array(Role)
  .default([])
  .refine((roles) => new Set(roles.map(accountOf)).size === roles.length, "one role for each account");

/** Of a VPC endpoint. Absent: AWS' own. */
export const Endpoint = apiUrl.optional();

/** How an account is named in parts and places. */
export const accountOf = (role: Role | undefined): string => role?.arn.split(":")[4] ?? "own";

/** With the pauses of the SDK between them, about half a minute of throttling. */
const ATTEMPTS = 6;

export interface Where {
  /** Absent: as the environment says. */
  readonly region?: string | undefined;
  readonly role?: Role | undefined;
  readonly endpoint?: string | undefined;
  readonly stsEndpoint?: string | undefined;
}

/** For any client: credentials, timeouts, retries. */
export async function clientSettings(where: Where) {
  const { region, role, endpoint, stsEndpoint } = where;
  return {
    ...(region === undefined ? {} : { region }),
    maxAttempts: ATTEMPTS,
    // By default the SDK waits for ever. Receiving from a queue takes 20 s where there is nothing.
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 60_000,
      throwOnRequestTimeout: true,
      socketTimeout: 60_000,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(role === undefined ? {} : { credentials: await credentialsOf(role, region, stsEndpoint) }),
  };
}

async function credentialsOf({ arn, externalId }: Role, region: string | undefined, endpoint: string | undefined) {
  const { fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
  return fromTemporaryCredentials({
    params: {
      RoleArn: arn,
      RoleSessionName: "gnomon",
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    clientConfig: {
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
    },
  });
}

/** A request as a person would name it. */
export interface Asking {
  /** `aws.s3-logs` */
  readonly collector: string;
  /** The permission it needs, in IAM's words. */
  readonly action: string;
  /** `111122223333/eu-central-1` */
  readonly where: string;
}

/** What `work` gives. Throws a PipelineError that says what to do about it. */
export async function ask<T>(asking: Asking, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw awsError(asking, error);
  }
}

export function awsError({ collector, action, where }: Asking, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const { code, advice } = meaningOf(error, action);
  return new PipelineError(code, `${collector}: ${action} in ${where}: ${advice}`, { cause: error });
}

export const nameOfError = (error: unknown): string =>
  error instanceof Error ? ("code" in error && typeof error.code === "string" ? error.code : error.name) : "error";

/** These come with the status of a mistake of ours. */
const PASSES =
  /Throttl|TooManyRequests|LimitExceeded|SlowDown|InvalidNextToken|RequestChanged|BillExpiration|RequestTimeout|InternalError|InternalFailure/;

function meaningOf(
  error: unknown,
  action: string,
): { readonly code: "upstream-unavailable" | "upstream-refused"; readonly advice: string } {
  const name = nameOfError(error);
  const refused = (advice: string) => ({ code: "upstream-refused", advice: `${name}: ${advice}` }) as const;

  if (/CredentialsProvider|CredentialsError/.test(name))
    return refused("no credentials of AWS were found; give the process a role or a profile");
  if (/^(ExpiredToken|RequestExpired)/.test(name)) return refused("the credentials have expired; log in again");
  if (/AccessDenied|UnauthorizedOperation|AuthorizationError|^Forbidden$/.test(name))
    return refused(permissionAdvice(error, action));
  if (
    /UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature/.test(name)
  )
    return refused("the credentials are not known here; is the region enabled for the account?");
  if (/^DataUnavailable/.test(name))
    return refused("there is no data yet; it comes a day after Cost Explorer was opened for the first time");
  if (/NotFound|DoesNotExist|NonExistent|NoSuch/.test(name)) return refused("there is none; check the settings");

  const status = statusOf(error);
  const passes = status === undefined || status >= 500 || status === 429 || PASSES.test(name);
  return passes
    ? { code: "upstream-unavailable", advice: `${name}; it is tried again` }
    : refused("not as documented");
}

function permissionAdvice(error: unknown, action: string): string {
  // "User: arn:… is not authorized to perform: kms:Decrypt on resource: …"
  const message = error instanceof Error ? error.message : "";
  const missing = /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1] ?? action;
  if (missing === "sts:AssumeRole")
    return "allow sts:AssumeRole, and let the role's trust policy name who asks, with the external id if it wants one";
  if (missing.startsWith("kms:")) return `allow ${missing} on the key, in its policy as well`;
  if (missing.startsWith("ce:"))
    return `allow ${missing}, and let IAM into billing data (Billing preferences, of the management account for its members)`;
  if (missing === "s3:GetObject")
    return "allow s3:GetObject, kms:Decrypt where the object is encrypted with a key of yours, and s3:ListBucket, without which a deleted object looks forbidden";
  return `allow ${missing}`;
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  return (error.$metadata as { readonly httpStatusCode?: number }).httpStatusCode;
}
