/** What the collectors of Azure share: who asks, and what an error of the SDKs asks of a person. */
import type { TokenCredential } from "@azure/identity";
import { z } from "zod";
import { apiUrl, secret } from "../config/settings.ts";
import { type ErrorCode, PipelineError } from "../model/errors.ts";

/** Of a tenant, an application, a workspace. */
export const Guid = z.guid("an id such as 00000000-0000-0000-0000-000000000000");

export const AzureIdentity = z.strictObject({
  credential: z
    .discriminatedUnion("type", [
      /** The first that there is: environment, workload identity, managed identity, `az login`. */
      z.strictObject({ type: z.literal("default") }),
      /** Absent: the one that the machine was given. */
      z.strictObject({ type: z.literal("managed-identity"), clientId: Guid.optional() }),
      z.strictObject({
        type: z.literal("workload-identity"),
        tenantId: Guid,
        clientId: Guid,
        /** Where the platform puts its own token, which Entra takes for one of Azure. */
        tokenFile: z.string().min(1),
      }),
      z.strictObject({ type: z.literal("client-secret"), tenantId: Guid, clientId: Guid, clientSecret: secret }),
    ])
    .prefault({ type: "default" }),
  /** Of a sovereign cloud: `https://login.microsoftonline.us`. Absent: the public one. */
  authority: apiUrl.optional(),
});
export type AzureIdentity = z.output<typeof AzureIdentity>;

/** A function that gives a credential with no token yet. */
export async function azureCredentials({ credential, authority }: AzureIdentity): Promise<() => TokenCredential> {
  const identity = await import("@azure/identity");
  // Microsoft's own list of authorities knows neither private clouds nor those that are cut off.
  const options = authority === undefined ? {} : { authorityHost: authority, disableInstanceDiscovery: true };
  switch (credential.type) {
    case "default":
      return () => new identity.DefaultAzureCredential(options);
    case "managed-identity": {
      const { clientId } = credential;
      return () => new identity.ManagedIdentityCredential(clientId === undefined ? {} : { clientId });
    }
    case "workload-identity": {
      const { tenantId, clientId, tokenFile: tokenFilePath } = credential;
      return () => new identity.WorkloadIdentityCredential({ ...options, tenantId, clientId, tokenFilePath });
    }
    case "client-secret": {
      const { tenantId, clientId, clientSecret } = credential;
      return () => new identity.ClientSecretCredential(tenantId, clientId, clientSecret, options);
    }
  }
}

/** A request as a person would name it. */
export interface AzureAsking {
  /** `azure.blob` */
  readonly collector: string;
  /** `workspace 0000…`, `container insights-logs-audit` */
  readonly where: string;
  /** What to do, by the status of a refusal. */
  readonly advice: Readonly<Record<number, string>>;
}

/** What `work` gives. Throws a PipelineError that says what to do about it. */
export async function askAzure<T>(asking: AzureAsking, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw azureError(asking, error);
  }
}

export const statusOf = (error: unknown): number | undefined => {
  const status = fieldOf(error, "statusCode");
  return typeof status === "number" ? status : undefined;
};

export const isUnauthorized = (error: unknown): boolean => statusOf(error) === 401;

export function azureError({ collector, where, advice }: AzureAsking, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const { code, why } = meaningOf(error, advice);
  return new PipelineError(code, `${collector}: ${where}: ${why}`, { cause: error });
}

function meaningOf(
  error: unknown,
  advice: AzureAsking["advice"],
): { readonly code: ErrorCode; readonly why: string } {
  const identity = identityMeaningOf(error);
  if (identity) return identity;
  const status = statusOf(error);
  const word = wordOf(fieldOf(error, "code"));
  if (status === undefined || status < 400) {
    // An answer that was cut off, or none; a body that is not as documented breaks in the SDK.
    return error instanceof TypeError
      ? refused("an answer that is not as documented")
      : { code: "upstream-unavailable", why: `no whole answer${word}; it is tried again` };
  }
  if (status === 408 || status === 429 || status >= 500)
    return { code: "upstream-unavailable", why: `${status}${word}; it is tried again` };
  return refused(`${status}${word}${advice[status] === undefined ? "" : `: ${advice[status]}`}`);
}

/** Of what @azure/identity throws; undefined for others. Its messages begin with OAuth's word for the error. */
function identityMeaningOf(error: unknown): { readonly code: ErrorCode; readonly why: string } | undefined {
  if (!(error instanceof Error) || !/^(Authentication|CredentialUnavailable|AggregateAuth)/.test(error.name))
    return undefined;
  const [, word] = /^([a-z]+(?:_[a-z]+)+):/.exec(error.message) ?? [];
  const status = statusOf(error) ?? 0;
  if (
    /network|timeout|endpoints_resolution|temporarily|server_error/.test(word ?? "") ||
    status === 429 ||
    status >= 500
  )
    return { code: "upstream-unavailable", why: `Entra does not answer${wordOf(word)}; it is tried again` };
  return word === undefined && !/^AuthenticationError/.test(error.name)
    ? refused("no credentials of Azure were found; give the process a managed identity, or set `credential`")
    : refused(`Entra gives no token${wordOf(word)}: check tenant, client, and secret or federated credential`);
}

const refused = (why: string) => ({ code: "upstream-refused", why }) as const;

/** The vendor's word for an error, ` (InsufficientAccessError)`. Its sentence may quote what was sent. */
const wordOf = (code: unknown): string =>
  typeof code === "string" && /^[A-Za-z_]{2,60}$/.test(code) ? ` (${code})` : "";

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
