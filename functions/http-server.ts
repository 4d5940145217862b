/** The receiver as a server of its own, for `up` and containers. No TLS: that is the load balancer's. */
import { createServer, type IncomingMessage } from "node:http";
import { PipelineError } from "../shared/model/errors.ts";
import { MAX_BODY_BYTES, type PushedResponse, refused } from "../shared/receivers/receiver.ts";
import { receivePushed } from "./receive.ts";
import type { Runtime } from "./runtime.ts";

/** Senders are few and keep their connections; each may hold a body in memory. */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 60_000;

export interface ReceiverServer {
  readonly port: number;
  /** Requests at hand are answered first. */
  close(): Promise<void>;
}

/** Throws `config-invalid` where nothing is to be received, or where it cannot listen. */
export async function serveReceiver(runtime: Runtime): Promise<ReceiverServer> {
  const { receive } = runtime.configuration;
  if (!receive) throw new PipelineError("config-invalid", "nothing is received: the configuration has no receive");
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, async (request, response) => {
    const { status, headers, body } = await answer(request, runtime);
    // What was not read of a body that is too large would be taken for the next request.
    response.writeHead(status, { ...headers, ...(request.complete ? {} : { connection: "close" }) }).end(body);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const code = "code" in error ? String(error.code) : error.name;
      reject(new PipelineError("config-invalid", `cannot listen on ${receive.host}:${receive.port}: ${code}`));
    });
    server.listen(receive.port, receive.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : receive.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function answer(request: IncomingMessage, runtime: Runtime): Promise<PushedResponse> {
  try {
    const body = await bodyOf(request);
    if (body === undefined) return refused(413, `at most ${MAX_BODY_BYTES} bytes are taken`);
    const url = new URL(request.url ?? "/", "http://receiver");
    return await receivePushed(
      {
        method: request.method ?? "",
        path: url.pathname,
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
        ),
        query: Object.fromEntries(url.searchParams),
        body,
      },
      runtime,
    );
  } catch {
    return refused(400, "the request broke off, or is none");
  }
}

/** Undefined where it is too large. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
