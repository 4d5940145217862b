/**
 * What is pushed to us over HTTP: which path takes what, who may send it, and how a body becomes documents. The rest of
 * a record's way is that of every other: envelopes off, source found, content cut, on the bus.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { PipelineError } from "../model/errors.ts";
import { decodeOtlp } from "./otlp-protobuf.ts";

export interface PushedRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface PushedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A body over this is refused before it is unpacked; senders batch by tens or hundreds. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** And after. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
/** Standard Webhooks: a signature older or younger than this is somebody's replay. */
const SIGNATURE_SECONDS = 300;

/** The documents of a request, or the answer that refuses it. Never throws. */
export function received(
  request: PushedRequest,
  secret: string,
  nowSeconds: number,
): { readonly documents: readonly unknown[]; readonly place: string } | { readonly refusal: PushedResponse } {
  if (request.method !== "POST") return refuse(405, "only POST is taken here");
  const path = request.path.replace(/\/+$/, "");
  const decode = routes.get(path);
  if (!decode) return refuse(404, `nothing is received at this path; there are ${[...routes.keys()].join(", ")}`);
  if (request.body.length > MAX_BODY_BYTES) return refuse(413, `at most ${MAX_BODY_BYTES} bytes are taken`);
  if (!isSender(request, secret, nowSeconds)) {
    return refuse(401, "show the secret as a bearer token or as ?token=, or sign the body (standardwebhooks.com)");
  }
  try {
    const body = unpacked(request);
    return { documents: decode(body, request.headers["content-type"] ?? ""), place: `pushed to ${path}` };
  } catch (error) {
    if (error instanceof PipelineError) return refuse(400, error.message);
    return refuse(400, "the body is not what its headers say");
  }
}

const routes: ReadonlyMap<string, (body: Buffer, contentType: string) => readonly unknown[]> = new Map([
  // OTLP/HTTP 1.7: paths and both encodings.
  ["/v1/traces", (body, contentType) => [isProtobuf(contentType) ? decodeOtlp("traces", body) : json(body)]],
  ["/v1/logs", (body, contentType) => [isProtobuf(contentType) ? decodeOtlp("logs", body) : json(body)]],
  // LiteLLM's generic_api callback (an array), Pub/Sub push, EventBridge API destinations, any signed webhook.
  ["/v1/events", (body) => [json(body)]],
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

const refuse = (status: number, message: string) => ({ refusal: refused(status, message) });

const isProtobuf = (contentType: string): boolean => contentType.startsWith("application/x-protobuf");

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new PipelineError("upstream-refused", "the body is not JSON");
  }
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

/** Any of the three will do: Pub/Sub, for one, sends a bearer token of Google's beside our own in the query. */
function isSender({ headers, query, body }: PushedRequest, secret: string, nowSeconds: number): boolean {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers["authorization"] ?? "")?.[1];
  return (
    [bearer, query["token"]].some((shown) => shown !== undefined && same(shown, secret)) ||
    isSigned(headers, body, secret, nowSeconds)
  );
}

/** Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, base64, any of several `v1,` signatures. */
function isSigned(headers: PushedRequest["headers"], body: Buffer, secret: string, nowSeconds: number): boolean {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (!id || !timestamp || !signatures || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(nowSeconds - Number(timestamp)) > SIGNATURE_SECONDS) return false;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return signatures
    .split(" ")
    .some((signature) => signature.startsWith("v1,") && same(signature.slice(3), wanted));
}

/** In a time that does not depend on where they differ. */
function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
