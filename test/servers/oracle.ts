/** OCI's Audit service on 127.0.0.1: it checks signatures, as the real one does, and the form of times. */
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { Reply } from "./json-api.ts";

export interface EventsAsked {
  readonly compartment: string;
  /** As it was written. */
  readonly startTime: string;
  readonly endTime: string;
  readonly page: string | undefined;
  /** When it was signed. */
  readonly date: string;
}

export interface OracleServer {
  readonly url: string;
  /** Every signed request so far. */
  readonly asked: readonly EventsAsked[];
  close(): Promise<void>;
}

export const TENANCY = "ocid1.tenancy.oc1..aaaaaaaaexample";
export const USER = "ocid1.user.oc1..aaaaaaaaexample";
export const FINGERPRINT = "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff";

/** A user's API key, made anew for each run of a test file. */
const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2_048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

export const PRIVATE_KEY = privateKey;

export async function serveOracle(answer: (asked: EventsAsked) => Reply): Promise<OracleServer> {
  const asked: EventsAsked[] = [];
  const server = createServer((request, response) => {
    const { status = 200, headers = {}, body = [], cutAfter } = replyTo(request);
    const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
    if (cutAfter === undefined) response.end(bytes);
    else response.write(bytes.subarray(0, cutAfter), () => response.destroy());
  });

  function replyTo(request: IncomingMessage): Reply {
    if (!isSigned(request)) return refusal(401, "NotAuthenticated");
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname !== "/20190901/auditEvents") return refusal(404, "NotFound");
    const query = url.searchParams;
    const one: EventsAsked = {
      compartment: query.get("compartmentId") ?? "",
      startTime: query.get("startTime") ?? "",
      endTime: query.get("endTime") ?? "",
      page: query.get("page") ?? undefined,
      date: String(request.headers["x-date"]),
    };
    asked.push(one);
    const times = [one.startTime, one.endTime];
    if (!times.every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:00(\.0+)?Z$/.test(time)))
      return refusal(400, "InvalidParameter");
    return answer(one);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (typeof bound !== "object" || bound === null) throw new Error("no port");
  return {
    url: `http://127.0.0.1:${bound.port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** OCI docs, "Request Signatures": draft-cavage-http-signatures-08 with RSA-SHA256, and five minutes for the clock. */
function isSigned(request: IncomingMessage): boolean {
  const parts = new Map(
    [...(request.headers.authorization ?? "").matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  if (parts.get("keyId") !== `${TENANCY}/${USER}/${FINGERPRINT}`) return false;
  const names = parts.get("headers")?.split(" ") ?? [];
  const lines = names.map((name) =>
    name === "(request-target)"
      ? `${name}: ${request.method?.toLowerCase()} ${request.url}`
      : `${name}: ${String(request.headers[name])}`,
  );
  const age = Date.now() - Date.parse(String(request.headers["x-date"]));
  return (
    ["x-date", "(request-target)", "host"].every((name) => names.includes(name)) &&
    Math.abs(age) < 300_000 &&
    verify(
      "sha256",
      Buffer.from(lines.join("\n")),
      createPublicKey(publicKey),
      Buffer.from(parts.get("signature") ?? "", "base64"),
    )
  );
}

export const refusal = (status: number, code: string): Reply => ({ status, body: { code, message: "made up" } });

export interface StoredEvent {
  readonly compartment: string;
  /** Epoch milliseconds. */
  readonly processed: number;
  readonly event: unknown;
}

/** Pages of `pageSize`, with an empty one before each, as the real service is free to do. */
export function audit(
  stored: readonly StoredEvent[],
  { pageSize }: { readonly pageSize: number },
): (asked: EventsAsked) => Reply {
  return ({ compartment, startTime, endTime, page = "+/0=" }) => {
    const found = stored.filter(
      (one) =>
        one.compartment === compartment &&
        one.processed >= Date.parse(startTime) &&
        one.processed < Date.parse(endTime),
    );
    const number = Number(/^\+\/(\d+)=$/.exec(page)?.[1]);
    const start = Math.floor(number / 2) * pageSize;
    const empty = number % 2 === 0 && found.length > 0;
    const body = empty ? [] : found.slice(start, start + pageSize).map(({ event }) => event);
    const more = empty || start + pageSize < found.length;
    return { headers: more ? { "opc-next-page": `+/${number + 1}=` } : {}, body };
  };
}
