/** The receiver as a server of its own, for `up` and containers. No TLS: that is the load balancer's. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { PipelineError } from "../shared/model/errors.ts";
import {
  type Admission,
  MAX_UNPACKED_BYTES,
  type PushedHead,
  type PushedResponse,
  refused,
  tooLarge,
} from "../shared/receivers/receiver.ts";
import { admitPushed, receivePushed } from "./receive.ts";
import type { Runtime } from "./runtime.ts";

/** Senders are few and keep their connections, a load balancer for each of its own. An idle one takes a few kilobytes. */
const MAX_CONNECTIONS = 512;
const REQUEST_TIMEOUT_MS = 60_000;
/**
 * Longer than a load balancer keeps a connection that is idle: 60 s is what AWS' does. One that is closed here while the
 * next request is on its way is answered 502, and not every sender asks twice.
 */
const KEEP_ALIVE_MS = 75_000;
/** Of a body that nobody reads, and whose connection is worth keeping. */
const SHORT_BYTES = 64 * 1024;
/** Of bodies, held at once: from their first byte until the bus has what was in them. */
const KNOWN_BYTES = 32 * 1024 * 1024;
/** Of those whose sender is known only once they are read: nobody can take the room of the others. */
const UNKNOWN_BYTES = 8 * 1024 * 1024;
/** What a body of gzip may become (RFC 1951: 258 bytes from two bits). */
const MOST_UNPACKED = 1_032;

export interface ReceiverServer {
  readonly port: number;
  /** Requests at hand are answered first. */
  close(): Promise<void>;
}

/** Throws `config-invalid` where nothing is to be received, or where it cannot listen. */
export async function serveReceiver(runtime: Runtime): Promise<ReceiverServer> {
  const { receive } = runtime.configuration;
  if (!receive) throw new PipelineError("config-invalid", "nothing is received: the configuration has no receive");
  const answer = answers(runtime);
  const respond = async (request: IncomingMessage, response: ServerResponse, invite: () => void) => {
    const { status, headers, body } = await answer(request, invite);
    // Node reads on what was not read of a body, to find the next request behind it.
    const isShort = Number(request.headers["content-length"] ?? Number.NaN) <= SHORT_BYTES;
    // Nor is a connection kept that the end would have to wait for, or that a stranger holds.
    const goesOn = server.listening && status !== 401 && (request.complete || isShort);
    response.writeHead(status, { ...headers, ...(goesOn ? {} : { connection: "close" }) }).end(body);
  };
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => respond(request, response, () => {}),
  );
  // Who asks before sending a body is told to send it only where it will be read.
  server.on("checkContinue", (request, response) => respond(request, response, () => response.writeContinue()));
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

/** `invite` is called before a body is read. */
function answers(runtime: Runtime): (request: IncomingMessage, invite: () => void) => Promise<PushedResponse> {
  const [known, unknown] = [roomFor(KNOWN_BYTES), roomFor(UNKNOWN_BYTES)];
  const unpacking = turns(MAX_UNPACKED_BYTES);
  return async (request, invite) => {
    try {
      const head = headOf(request);
      const admission = admitPushed(head, runtime);
      if ("refusal" in admission) return admission.refusal;
      return await withBody(request, admission, admission.known ? known : unknown, invite, (body) => {
        const bytes = head.headers["content-encoding"] === "gzip" ? body.length * MOST_UNPACKED : body.length;
        return unpacking(bytes, () => receivePushed({ ...head, body }, runtime));
      });
    } catch {
      return refused(400, "the request broke off, or is none");
    }
  };
}

function headOf(request: IncomingMessage): PushedHead {
  const url = new URL(request.url ?? "/", "http://receiver");
  return {
    method: request.method ?? "",
    path: url.pathname,
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
    ),
    query: Object.fromEntries(url.searchParams),
  };
}

/** Reads a body, and no more of it than is taken; it has its room until `use` is done with it. */
async function withBody(
  request: IncomingMessage,
  { maxBytes }: Admission,
  room: Room,
  invite: () => void,
  use: (body: Buffer) => Promise<PushedResponse>,
): Promise<PushedResponse> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return tooLarge(maxBytes);
  invite();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Left as it is when this ends early: a request that is destroyed takes the answer with it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (bytes + chunk.length > maxBytes) return tooLarge(maxBytes);
      if (!room.take(chunk.length)) return refused(503, "too much is sent at once: send it again");
      bytes += chunk.length;
      chunks.push(chunk);
    }
    return await use(Buffer.concat(chunks.splice(0), bytes));
  } finally {
    room.give(bytes);
  }
}

interface Room {
  /** False where there is not so much. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

function roomFor(bytes: number): Room {
  let free = bytes;
  return {
    take: (wanted) => {
      if (wanted > free) return false;
      free -= wanted;
      return true;
    },
    give: (given) => {
      free += given;
    },
  };
}

/** Runs tasks that together hold at most so many bytes, or one that alone holds more; in the order they come in. */
function turns(bytes: number): <T>(wanted: number, task: () => Promise<T>) => Promise<T> {
  let free = bytes;
  const waiting: { readonly wanted: number; readonly start: () => void }[] = [];
  const next = () => {
    for (let [first] = waiting; first && first.wanted <= free; [first] = waiting) {
      free -= first.wanted;
      waiting.shift();
      first.start();
    }
  };
  return async (most, task) => {
    const wanted = Math.min(most, bytes);
    await new Promise<void>((start) => {
      waiting.push({ wanted, start });
      next();
    });
    try {
      return await task();
    } finally {
      free += wanted;
      next();
    }
  };
}
