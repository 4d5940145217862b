/** A server on 127.0.0.1 that answers with JSON, or with what a vendor's bad day looks like. */

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { Weather } from "../contract/collector.contract.ts";

export interface AskedFor {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written as JSON; text and bytes as they are. */
  readonly body?: unknown;
  /** The connection is cut after this many bytes of the body. */
  readonly cutAfter?: number;
}

export interface JsonServer {
  readonly url: string;
  /** Every request so far. */
  readonly asked: readonly AskedFor[];
  close(): Promise<void>;
}

export async function serveJson(
  reply: (asked: AskedFor, count: number) => Reply | Promise<Reply>,
): Promise<JsonServer> {
  const asked: AskedFor[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const sent: Buffer[] = [];
    for await (const chunk of request) sent.push(chunk as Buffer);
    const one: AskedFor = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(sent).toString("utf8"),
    };
    asked.push(one);
    const { status = 200, headers = {}, body, cutAfter } = await reply(one, asked.length);
    const bytes =
      body instanceof Uint8Array || typeof body === "string"
        ? Buffer.from(body)
        : Buffer.from(JSON.stringify(body ?? {}));
    response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
    if (cutAfter === undefined) response.end(bytes);
    else response.write(bytes.subarray(0, cutAfter), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What the vendor answers in fair weather, and what any vendor does in foul. */
export function inWeather(weather: Weather, fair: (asked: AskedFor) => Reply): (asked: AskedFor) => Reply {
  if (weather === "credential ended") return () => ({ status: 401, body: { error: { code: "token_expired" } } });
  if (weather === "away") return () => ({ status: 503, headers: { "retry-after": "0" } });
  return fair;
}
