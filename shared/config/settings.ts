/** Shapes that the settings of collectors, sinks and the bus share. */
import { z } from "zod";

/** `${env:NAME}`, `${ssm:/path}`, `${secretsmanager:id}` */
export const REFERENCE =
  /^\$\{(?:(env):([A-Za-z_][A-Za-z0-9_]*)|(ssm):(\/[A-Za-z0-9/_.-]+)|(secretsmanager):([A-Za-z0-9/_+=.@:-]+))\}$/;

/** A field that holds a secret: in the file a reference and never the value; once resolved, the value. */
export const secret = z
  .string()
  .regex(REFERENCE, "a secret is a reference such as $" + "{env:NAME}, never the value");

/** `30s`, `5m`, `1h`, in milliseconds. */
export const duration = z
  .string()
  .regex(/^\d{1,6}(ms|s|m|h|d)$/, "a duration such as 30s, 5m or 1h")
  .transform((text) => {
    const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[text.replace(/^\d+/, "")] ?? 1;
    return Number.parseInt(text, 10) * unit;
  });

/** Where an API is served. A user and password in it would be secrets in clear. */
export const apiUrl = z
  .url({ protocol: /^https?$/, error: "an address such as https://api.example.com" })
  .refine((address) => {
    const url = URL.parse(address);
    return !url?.username && !url?.password;
  }, "no user and password here: they are secrets");

const OauthBearer = z
  .strictObject({
    mechanism: z.literal("oauthbearer"),
    /** One that somebody else keeps fresh: it is read at the start, and not again. */
    token: secret.optional(),
    /** Of an identity provider that grants tokens to clients (RFC 6749 §4.4), which are fetched as they are needed. */
    tokenUrl: apiUrl.optional(),
    clientId: z.string().min(1).optional(),
    clientSecret: secret.optional(),
    scope: z.string().min(1).optional(),
  })
  .transform(({ mechanism, token, tokenUrl, clientId, clientSecret, scope }, context) => {
    const others = [tokenUrl, clientId, clientSecret, scope];
    if (token !== undefined && others.every((other) => other === undefined)) return { mechanism, token };
    if (token === undefined && tokenUrl !== undefined && clientId !== undefined && clientSecret !== undefined)
      return { mechanism, tokenUrl, clientId, clientSecret, scope };
    context.addIssue("either token, or tokenUrl with clientId and clientSecret");
    return z.NEVER;
  });

/** Of our own bus, or of another service that speaks Kafka. */
export const KafkaConnection = z.strictObject({
  brokers: z.array(z.string().regex(/^[^\s:]+:\d{1,5}$/, "host:port")).min(1),
  /** Absent: true where SASL is used. */
  tls: z
    .union([
      z.stringbool(),
      z.strictObject({ ca: z.string().optional(), cert: z.string().optional(), key: secret.optional() }),
    ])
    .optional(),
  sasl: z
    .discriminatedUnion("mechanism", [
      z.strictObject({ mechanism: z.literal("plain"), username: z.string(), password: secret }),
      z.strictObject({ mechanism: z.literal("scram-sha-256"), username: z.string(), password: secret }),
      z.strictObject({ mechanism: z.literal("scram-sha-512"), username: z.string(), password: secret }),
      OauthBearer,
      /** Tokens signed with the credentials of the process. */
      z.strictObject({ mechanism: z.literal("aws-msk-iam"), region: z.string() }),
      /** Event Hubs: tokens of the process' own identity. */
      z.strictObject({ mechanism: z.literal("azure-entra") }),
    ])
    .optional(),
});
export type KafkaConnection = z.output<typeof KafkaConnection>;
