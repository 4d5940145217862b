import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Bus } from "../shared/bus/bus.ts";
import { openMemoryBus } from "../shared/bus/memory-bus.ts";
import { topics } from "../shared/bus/topics.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { listen, madeUpRuntime } from "../test/made-up-runtime.ts";
import { freePort } from "../test/servers/kafka.ts";
import { type ReceiverServer, serveReceiver } from "./http-server.ts";
import { receivePushed } from "./receive.ts";

const SECRET = "$" + "{env:RECEIVER_SECRET}";
const file = (port = 4_318) => `receive: {secret: "${SECRET}", port: ${port}}`;

const call = {
  id: "chatcmpl-1",
  call_type: "acompletion",
  startTime: 1_790_000_000.5,
  endTime: 1_790_000_001.5,
  response_cost: 0.01,
  model: "gpt-4o-mini",
  custom_llm_provider: "openai",
  messages: [{ role: "user", content: "CANARY" }],
  response: { choices: [{ message: { content: "CANARY" } }] },
  metadata: { user_api_key_hash: "0".repeat(64) },
};

const pushed = (body: unknown, headers = {}) => ({
  method: "POST",
  path: "/v1/events",
  headers: { authorization: `Bearer ${SECRET}`, ...headers },
  query: {},
  body: Buffer.from(JSON.stringify(body)),
});

describe("a pushed request", () => {
  it("is answered with 200 once the bus has its records, cut, and its rejects", async () => {
    const runtime = madeUpRuntime(file());
    const raw = await listen(runtime.bus, topics.raw.name);
    const rejected = await listen(runtime.bus, topics.rejected.name);
    const response = await receivePushed(pushed([call, { no: "record" }]), runtime);
    expect(response.status).toBe(200);
    expect(raw.map(({ value }) => JSON.parse(value).source)).toEqual(["litellm.spend"]);
    expect(rejected).toHaveLength(1);
    expect(JSON.stringify([raw, rejected, runtime.lines])).not.toContain("CANARY");
  });

  it("is answered with 503 and when to come again where the bus is away", async () => {
    const publish: Bus["publish"] = () => Promise.reject(new PipelineError("upstream-unavailable", "no broker"));
    const runtime = madeUpRuntime(file(), { bus: { ...openMemoryBus(), publish } });
    const response = await receivePushed(pushed([call]), runtime);
    expect(response).toMatchObject({ status: 503, headers: { "retry-after": expect.stringMatching(/^\d+$/) } });
    expect(runtime.lines).toMatchObject([{ level: "error", fields: { records: 1 } }]);
  });

  it("rejects by name what is too large for a message, and takes its neighbours", async () => {
    const runtime = madeUpRuntime(file());
    const raw = await listen(runtime.bus, topics.raw.name);
    const rejected = await listen(runtime.bus, topics.rejected.name);
    // One document of telemetry may hold many spans of which each is small.
    const attributes = [{ key: "gen_ai.request.model", value: { stringValue: "m".repeat(1_000) } }];
    const span = {
      traceId: "1",
      spanId: "2",
      startTimeUnixNano: "1790000000000000000",
      endTimeUnixNano: "1790000000000000000",
      attributes: Array.from({ length: 1_000 }, () => attributes[0]),
    };
    const document = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
    expect((await receivePushed(pushed([document, call]), runtime)).status).toBe(200);
    expect(raw).toHaveLength(1);
    expect(rejected.map(({ value }) => JSON.parse(value).reason)).toEqual([expect.stringMatching(/^\d+ bytes/)]);
  });

  it("is refused where the configuration receives nothing, and where its sender is nobody", async () => {
    expect((await receivePushed(pushed([call]), madeUpRuntime("{}"))).status).toBe(404);
    const runtime = madeUpRuntime(file());
    expect((await receivePushed(pushed([call], { authorization: "Bearer no" }), runtime)).status).toBe(401);
    expect(runtime.lines).toMatchObject([{ level: "warn", fields: { status: 401 } }]);
  });
});

describe("the receiver's own server", () => {
  const servers: ReceiverServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  const start = async () => {
    const runtime = madeUpRuntime(file(await freePort()));
    const server = await serveReceiver(runtime);
    servers.push(server);
    return { runtime, server, url: `http://127.0.0.1:${server.port}/v1/events` };
  };
  const post = (url: string, body: string | Buffer, headers = {}) =>
    fetch(url, { method: "POST", body, headers: { authorization: `Bearer ${SECRET}`, ...headers } });

  it("takes what is posted, with the secret in a header or in the query", async () => {
    const { runtime, url } = await start();
    const raw = await listen(runtime.bus, topics.raw.name);
    expect((await post(url, JSON.stringify([call]))).status).toBe(200);
    const query = `${url}?token=${encodeURIComponent(SECRET)}`;
    expect((await post(query, JSON.stringify([call]), { authorization: "" })).status).toBe(200);
    expect(raw).toHaveLength(2);
  });

  it("stops reading a body that is too large, whether or not its length was told", async () => {
    const { url } = await start();
    const large = Buffer.alloc(17 * 1024 * 1024, 32);
    const statuses = await Promise.all(
      [large, new Blob([large]).stream()].map((body) =>
        fetch(url, { method: "POST", body, duplex: "half" } as RequestInit).then(
          ({ status }) => status,
          // The connection may be closed before the client has written it all.
          () => 413,
        ),
      ),
    );
    expect(statuses).toEqual([413, 413]);
    expect((await post(url, JSON.stringify([call]))).status).toBe(200);
  });

  it("outlives requests that break off or are none", async () => {
    const { server, url } = await start();
    for (const bytes of [
      "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf",
      "no request\r\n\r\n",
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(server.port, "127.0.0.1", () => socket.end(bytes));
        socket.resume().once("close", () => resolve());
      });
    }
    expect((await fetch(`${url}//%%`)).status).toBe(405);
    expect((await post(url, JSON.stringify([call]))).status).toBe(200);
  });

  it("says that its port is taken, and that nothing is to be received", async () => {
    const { server } = await start();
    await expect(serveReceiver(madeUpRuntime(file(server.port)))).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("EADDRINUSE"),
    });
    await expect(serveReceiver(madeUpRuntime("{}"))).rejects.toMatchObject({ code: "config-invalid" });
  });
});
