/**
 * Tokens for Kafka behind an identity provider: OAuth 2.0's client credentials (RFC 6749 §4.4), the client known by
 * HTTP Basic, which every provider has to take (§2.3.1).
 */
import { z } from "zod";
import { post } from "../http/post.ts";
import { PipelineError } from "../model/errors.ts";
import { SECOND_MS } from "../model/units.ts";

export interface ClientCredentials {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
}

const WHO = "token for Kafka";
const TIMEOUT_MS = 10 * SECOND_MS;
/** A connection is made with a token that lasts a while yet, whoever's clock it is. */
const EARLY_MS = 60 * SECOND_MS;

const Granted = z.object({
  access_token: z.string().min(1),
  /** Of the seconds it lasts a provider need not speak; some do so in text. */
  expires_in: z.coerce.number().positive().optional().catch(undefined),
});

/** A function that gives a token that is valid for now: the same one until shortly before its end. */
export function tokensOf(credentials: ClientCredentials): () => Promise<string> {
  let kept: { readonly token: Promise<string>; readonly until: number } | undefined;
  return () => {
    if (kept && Date.now() < kept.until) return kept.token;
    const asked = granted(credentials);
    // Whoever connects meanwhile waits for the same answer.
    const asking = { token: asked.then(({ token }) => token), until: Date.now() + TIMEOUT_MS };
    kept = asking;
    const settle = (until: number) => {
      if (kept === asking) kept = { ...asking, until };
    };
    asked.then(
      ({ until }) => settle(until),
      () => settle(0),
    );
    return asking.token;
  };
}

async function granted({ tokenUrl, clientId, clientSecret, scope }: ClientCredentials) {
  const started = Date.now();
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString(
    "base64",
  );
  const { text } = await post(WHO, tokenUrl, {
    headers: {
      authorization: `Basic ${basic}`,
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    },
    body: String(new URLSearchParams({ grant_type: "client_credentials", ...(scope ? { scope } : {}) })),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { access_token: token, expires_in: seconds } = read(text, tokenUrl);
  return { token, until: seconds === undefined ? 0 : started + seconds * SECOND_MS - EARLY_MS };
}

function read(text: string, tokenUrl: string): z.output<typeof Granted> {
  try {
    return Granted.parse(JSON.parse(text));
  } catch {
    const { host } = new URL(tokenUrl);
    throw new PipelineError(
      "upstream-refused",
      `${WHO}: ${host} answered without an access_token: check tokenUrl`,
    );
  }
}
