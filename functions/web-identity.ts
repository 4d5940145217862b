/**
 * For clouds that take Amazon's word for who asks: a token that AWS STS signs for the function's own role, in the file
 * where Azure's SDK looks for it. With it no key of Azure's has to be kept anywhere.
 *
 * AWS STS, GetWebIdentityToken (read 2026-11): the account must allow it once, `aws iam
 * enable-outbound-web-identity-federation`. Microsoft Entra, "Workload identity federation": the audience.
 */
import { writeFile } from "node:fs/promises";
import type { Log } from "./log.ts";

const ENTRA_AUDIENCE = "api://AzureADTokenExchange";
/** Longer than a run. Not an hour: a token may not outlive the session of the role that asks for it. */
const LIFETIME_SECONDS = 900;

/** On Lambda, where an application of Entra is named. Never throws: what needs the token says what it lacks. */
export async function renewWebIdentity(
  environment: Readonly<Record<string, string | undefined>>,
  log: Log,
): Promise<void> {
  const { AWS_LAMBDA_FUNCTION_NAME: onLambda, AZURE_CLIENT_ID: application } = environment;
  const { AZURE_FEDERATED_TOKEN_FILE: file, AWS_REGION: region } = environment;
  if (!onLambda || !application || !file) return;
  try {
    const { GetWebIdentityTokenCommand, STSClient } = await import("@aws-sdk/client-sts");
    const { WebIdentityToken: token } = await new STSClient(region ? { region } : {}).send(
      new GetWebIdentityTokenCommand({
        Audience: [ENTRA_AUDIENCE],
        SigningAlgorithm: "RS256",
        DurationSeconds: LIFETIME_SECONDS,
      }),
    );
    if (token) await writeFile(file, token, { mode: 0o600 });
  } catch (error) {
    const reason = error instanceof Error ? error.name : "unknown error";
    log.error("no token for Azure: allow sts:GetWebIdentityToken, and outbound federation in the account", {
      reason,
    });
  }
}
