/**
 * What is pushed to us over HTTP: which path takes what, who may send it, and how a body becomes documents. The rest of
 * a record's way is that of every other: envelopes off, source found, content cut, on the bus.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { PipelineError } from "../model/errors.ts";
import { digestOf } from "../model/uid.ts";
import { once } from "../reading/bytes.ts";
import { jsonValues } from "../reading/json-values.ts";

/** What is known of a request before its body is read. */
export interface PushedHead {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
}

export interface PushedRequest extends PushedHead {
  readonly body: Buffer;
}

export interface PushedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A body over this is refused before it is unpacked; senders batch by tens or hundreds. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** And after: as objects it is ten times that. */
export const MAX_UNPACKED_BYTES = MAX_BODY_BYTES;
/** Whoever signs shows no secret before all of the body is held. Standard Webhooks advises 20 KB. */
const MAX_SIGNED_BYTES = 1024 * 1024;
/** Standard Webhooks: a signature older or younger than this is somebody's replay. */
const SIGNATURE_SECONDS = 300;

/** Of one body: with more of them it is something else than JSON. */
const MOST_UNREADABLE = 100;

export interface Admission {
  /** Whether the secret was shown; a signature is believed once the body is there. */
  readonly known: boolean;
  /** Of the body. */
  readonly maxBytes: number;
}

/** Whether a body is worth reading, or the answer that refuses it. Never throws. */
export function admitted(
  head: PushedHead,
  secret: string,
  nowSeconds: number,
): Admission | { readonly refusal: PushedResponse } {
  if (head.method !== "POST") return refuse(405, "only POST is taken here");
  if (!routes.has(pathOf(head)))
    return refuse(404, `nothing is received at this path; there are ${[...routes.keys()].join(", ")}`);
  if (showsSecret(head, secret)) return { known: true, maxBytes: MAX_BODY_BYTES };
  return signatureOf(head, nowSeconds) ? { known: false, maxBytes: MAX_SIGNED_BYTES } : nobody;
}

export interface Received {
  readonly documents: readonly unknown[];
  /** Of several documents those that are none. */
  readonly unreadable: readonly { readonly reason: string; readonly place: string }[];
  readonly place: string;
}

/**
 * The documents of a request, or the answer that refuses it. Their place is the body's own, and the same when it is sent
 * again: rejects of one place and number are one. Never throws.
 */
export async function received(
  request: PushedRequest,
  secret: string,
  nowSeconds: number,
): Promise<Received | { readonly refusal: PushedResponse }> {
  const admission = admitted(request, secret, nowSeconds);
  if ("refusal" in admission) return admission;
  const { known, maxBytes } = admission;
  if (request.body.length > maxBytes) return { refusal: tooLarge(maxBytes) };
  if (!known && !isSigned(request, secret, nowSeconds)) return nobody;
  const path = pathOf(request);
  try {
    const decode = routes.get(path) ?? anyJson;
    const body = unpacked(request);
    const { documents, unreadable = [] } = await decode(body, request.headers["content-type"] ?? "");
    const place = `pushed to ${path}, ${digestOf(body)}`;
    return {
      documents,
      unreadable: unreadable.map(({ reason, number }) => ({ reason, place: `${place} document ${number}` })),
      place,
    };
  } catch (error) {
    if (error instanceof PipelineError) return refuse(400, error.message);
    return refuse(400, "the body is not what its headers say");
  }
}

interface Decoded {
  readonly documents: readonly unknown[];
  readonly unreadable?: readonly { readonly reason: string; readonly number: number }[];
}

type Decode = (body: Buffer, contentType: string) => Promise<Decoded>;

const routes: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  // OTLP/HTTP 1.7: paths and both encodings.
  ["/v1/traces", (body, contentType) => (isProtobuf(contentType) ? protobuf("traces", body) : json(body))],
  ["/v1/logs", (body, contentType) => (isProtobuf(contentType) ? protobuf("logs", body) : json(body))],
  // LiteLLM's generic_api callback (an array, or lines), Pub/Sub push, EventBridge API destinations, any signed webhook.
  ["/v1/events", anyJson],
]);

/** Where the exporter expects an OTLP answer in the encoding it used. */
export function accepted(request: PushedRequest): PushedResponse {
  return isProtobuf(request.headers["content-type"] ?? "")
    ? { status: 200, headers: { "content-type": "application/x-protobuf" }, body: "" }
    : { status: 200, headers: { "content-type": "application/json" }, body: "{}" };
}

export const refused = (status: number, message: string): PushedResponse => ({
  status,
  headers: { "content-type": "application/json", ...(status === 503 ? { "retry-after": "10" } : {}) },
  body: JSON.stringify({ error: message }),
});

export const tooLarge = (maxBytes: number): PushedResponse => refused(413, `at most ${maxBytes} bytes are taken`);

const refuse = (status: number, message: string) => ({ refusal: refused(status, message) });

const nobody = refuse(
  401,
  "show the secret as a bearer token or as ?token=, or sign the body (standardwebhooks.com)",
);

const isProtobuf = (contentType: string): boolean => contentType.startsWith("application/x-protobuf");

async function protobuf(signal: "traces" | "logs", body: Buffer): Promise<Decoded> {
  const { decodeOtlp } = await import("./otlp-protobuf.ts");
  return { documents: [decodeOtlp(signal, body)] };
}

const notJson = () => new PipelineError("upstream-refused", "the body is not JSON");

async function json(body: Buffer): Promise<Decoded> {
  try {
    return { documents: [JSON.parse(body.toString("utf8"))] };
  } catch {
    throw notJson();
  }
}

/**
 * One document, or a line for each, whatever the content type says: LiteLLM sends both as `application/json`, and what is
 * refused it forgets. So one that is none is rejected by its number, as long as others are. Of a body that ends early the
 * rest would be missed: it is refused.
 */
async function anyJson(body: Buffer): Promise<Decoded> {
  const whole = await json(body).catch(() => undefined);
  if (whole) return whole;
  const documents: unknown[] = [];
  const unreadable: { reason: string; number: number }[] = [];
  for await (const values of jsonValues(once(body))) {
    for (const found of values) {
      if ("value" in found) documents.push(found.value);
      else if (found.early || unreadable.length === MOST_UNREADABLE) throw notJson();
      else unreadable.push({ reason: found.rejected, number: found.number });
    }
  }
  if (documents.length === 0) throw notJson();
  return { documents, unreadable };
}

function unpacked({ headers, body }: PushedRequest): Buffer {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding === "identity" || encoding === "") return body;
  if (encoding !== "gzip")
    throw new PipelineError("upstream-refused", "content-encoding: gzip or identity is taken");
  try {
    return gunzipSync(body, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch {
    throw new PipelineError("upstream-refused", `damaged gzip, or more than ${MAX_UNPACKED_BYTES} bytes unpacked`);
  }
}

const pathOf = ({ path }: PushedHead): string => path.replace(/\/+$/, "");

/** Either will do: Pub/Sub, for one, sends a bearer token of Google's beside our own in the query. */
function showsSecret({ headers, query }: PushedHead, secret: string): boolean {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers["authorization"] ?? "")?.[1];
  return [bearer, query["token"]].some((shown) => shown !== undefined && same(shown, secret));
}

/** Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, base64, any of several `v1,` signatures. */
function isSigned(request: PushedRequest, secret: string, nowSeconds: number): boolean {
  const { signed, signatures } = signatureOf(request, nowSeconds) ?? { signed: "", signatures: [] };
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  const wanted = createHmac("sha256", key).update(signed).update(request.body).digest("base64");
  return signatures.some((signature) => same(signature, wanted));
}

/** What is signed before the body, and the signatures of it; nothing where they are not of now. */
function signatureOf(
  { headers }: PushedHead,
  nowSeconds: number,
): { readonly signed: string; readonly signatures: readonly string[] } | undefined {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  if (!id || !timestamp || !/^\d{1,12}$/.test(timestamp)) return undefined;
  if (Math.abs(nowSeconds - Number(timestamp)) > SIGNATURE_SECONDS) return undefined;
  const signatures = (headers["webhook-signature"] ?? "")
    .split(" ")
    .flatMap((signature) => (signature.startsWith("v1,") ? [signature.slice(3)] : []));
  return signatures.length > 0 ? { signed: `${id}.${timestamp}.`, signatures } : undefined;
}

/** In a time that does not depend on where they differ. */
function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
