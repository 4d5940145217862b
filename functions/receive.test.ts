import { randomBytes } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { Bus } from "../shared/bus/bus.ts";
import { openMemoryBus } from "../shared/bus/memory-bus.ts";
import { topics } from "../shared/bus/topics.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { listen, madeUpRuntime } from "../test/made-up-runtime.ts";
import { freePort } from "../test/servers/kafka.ts";
import { until } from "../test/until.ts";
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

  it("may have a record a line, and loses none to one that is no JSON", async () => {
    const runtime = madeUpRuntime(file());
    const raw = await listen(runtime.bus, topics.raw.name);
    const rejected = await listen(runtime.bus, topics.rejected.name);
    const lines = [JSON.stringify(call), '{"response_cost":NaN}', JSON.stringify({ ...call, id: "chatcmpl-2" })];
    const request = { ...pushed([]), body: Buffer.from(lines.join("\n")) };
    expect((await receivePushed(request, runtime)).status).toBe(200);
    expect(raw.flatMap(({ value }) => value.split("\n"))).toHaveLength(2);
    expect(rejected.map(({ value }) => JSON.parse(value).place)).toEqual([expect.stringMatching(/ document 2$/)]);
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
  const start = async (bus = openMemoryBus()) => {
    const runtime = madeUpRuntime(file(await freePort()), { bus, now: Date.now() });
    const server = await serveReceiver(runtime);
    servers.push(server);
    return { runtime, server, url: `http://127.0.0.1:${server.port}/v1/events` };
  };
  const post = (url: string, body: NonNullable<RequestInit["body"]>, headers = {}, more = {}) =>
    fetch(url, { method: "POST", body, headers: { authorization: `Bearer ${SECRET}`, ...headers }, ...more });
  /** A request whose body is sent as told, and its answer, which may come before the body's end. */
  const opened = (url: string, headers: Record<string, string | number>) => {
    const open = request(url, { method: "POST", headers, agent: false });
    open.flushHeaders();
    const answer = new Promise<{ status: number | undefined; headers: IncomingHttpHeaders }>((resolve, reject) => {
      open.once("error", reject);
      open.once("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode, headers: response.headers });
      });
    });
    // A client that is closed on purpose has nothing to say.
    answer.catch(() => {});
    const send = (bytes: number) => void open.write(Buffer.alloc(bytes, 32));
    return { answer, send, open };
  };
  const firstAnswer = (of: readonly ReturnType<typeof opened>[]) => Promise.race(of.map(({ answer }) => answer));
  const MEGABYTE = 1024 * 1024;
  const authorization = `Bearer ${SECRET}`;

  it("takes what is posted, with the secret in a header or in the query", async () => {
    const { runtime, url } = await start();
    const raw = await listen(runtime.bus, topics.raw.name);
    expect((await post(url, JSON.stringify([call]))).status).toBe(200);
    const query = `${url}?token=${encodeURIComponent(SECRET)}`;
    expect((await post(query, JSON.stringify([call]), { authorization: "" })).status).toBe(200);
    expect(raw).toHaveLength(2);
  });

  it("keeps an idle connection for longer than a load balancer does", async () => {
    const { url } = await start();
    const answer = await post(url, JSON.stringify([call]));
    expect(Number(/timeout=(\d+)/.exec(answer.headers.get("keep-alive") ?? "")?.[1])).toBeGreaterThan(60);
    // Nor is one kept for somebody who does not show the secret.
    const stranger = await post(url, "[]", { authorization: "Bearer no" });
    expect([stranger.status, stranger.headers.get("connection")]).toEqual([401, "close"]);
  });

  it("answers what is at hand when it closes, and keeps no connection then", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = false;
    const publish: Bus["publish"] = () => {
      asked = true;
      return held;
    };
    const { server, url } = await start({ ...openMemoryBus(), publish });
    const answer = post(url, JSON.stringify([call]));
    await until(() => asked);
    const closed = server.close();
    release();
    const { status, headers } = await answer;
    expect([status, headers.get("connection")]).toEqual([200, "close"]);
    await closed;
  });

  it("stops reading a body that is too large, whether or not its length was told", async () => {
    const { url } = await start();
    const large = Buffer.alloc(17 * 1024 * 1024, 32);
    const statuses = await Promise.all(
      [large, new Blob([large]).stream()].map((body) =>
        post(url, body, {}, { duplex: "half" }).then(
          ({ status }) => status,
          // The connection may be closed before the client has written it all.
          () => 413,
        ),
      ),
    );
    expect(statuses).toEqual([413, 413]);
    expect((await post(url, JSON.stringify([call]))).status).toBe(200);
  });

  it("turns away who shows no secret before a byte of the body is sent", async () => {
    const { url, runtime } = await start();
    for (const headers of [
      { "content-length": 10 * MEGABYTE },
      { "content-length": 10 * MEGABYTE, authorization: "Bearer no" },
      { "transfer-encoding": "chunked" },
      { "content-length": 10 * MEGABYTE, expect: "100-continue" },
      { "content-length": 100, "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,old" },
    ]) {
      const { answer, open } = opened(url, headers as Record<string, string | number>);
      const invited = new Promise((resolve) => open.once("continue", () => resolve("invited")));
      expect(await Promise.race([answer, invited])).toMatchObject({ status: 401 });
      open.destroy();
    }
    expect(runtime.lines).toHaveLength(5);
  });

  it("invites a body that it will read, of a client that asks first", async () => {
    const { url } = await start();
    const body = Buffer.from(JSON.stringify([call]));
    const headers = { "content-length": body.length, expect: "100-continue", authorization };
    const { answer, open } = opened(url, headers);
    await new Promise<void>((resolve) => open.once("continue", resolve));
    open.end(body);
    expect(await answer).toMatchObject({ status: 200 });
  });

  it("tells who shows the wrong secret so, and keeps the connection where the body is short", async () => {
    const { url } = await start();
    const statuses = [];
    for (let times = 0; times < 20; times++) {
      const wrong = await post(url, "x".repeat(60_000), { authorization: "Bearer no" });
      statuses.push(wrong.status, (await post(url, JSON.stringify([call]))).status);
    }
    expect(new Set(statuses)).toEqual(new Set([401, 200]));
  });

  it("holds only so many bytes at once, tells others to come again, and takes them when there is room", async () => {
    const { url } = await start();
    const slow = Array.from({ length: 2 }, () => opened(url, { "content-length": 16 * MEGABYTE, authorization }));
    const late = opened(url, { "content-length": 4 * MEGABYTE, authorization });
    for (const { send } of slow) send(15 * MEGABYTE);
    late.send(3 * MEGABYTE);
    expect(await firstAnswer([...slow, late])).toMatchObject({ status: 503, headers: { "retry-after": "10" } });
    for (const { open } of [...slow, late]) open.destroy();
    const body = JSON.stringify([{ ...call, padding: " ".repeat(4 * MEGABYTE) }]);
    await expect.poll(async () => (await post(url, body)).status).toBe(200);
  });

  it("gives those that only say they sign little room, and none of the others'", async () => {
    const { url } = await start();
    const headers = {
      "webhook-id": "1",
      "webhook-timestamp": String(Math.floor(Date.now() / 1_000)),
      "webhook-signature": "v1,not-ours",
    };
    expect(await opened(url, { ...headers, "content-length": MEGABYTE + 1 }).answer).toMatchObject({
      status: 413,
    });
    const many = Array.from({ length: 9 }, () => opened(url, { ...headers, "content-length": MEGABYTE }));
    for (const { send } of many) send(MEGABYTE - 1);
    expect(await firstAnswer(many)).toMatchObject({ status: 503 });
    expect((await post(url, JSON.stringify([call]))).status).toBe(200);
    for (const { open } of many) open.destroy();
  });

  it("unpacks one after another what may become large, and small things beside each other", async () => {
    let [atOnce, most] = [0, 0];
    const released: (() => void)[] = [];
    const publish: Bus["publish"] = async () => {
      most = Math.max(most, ++atOnce);
      await new Promise<void>((resolve) => released.push(resolve));
      atOnce--;
    };
    const { url } = await start({ ...openMemoryBus(), publish });
    const large = gzipSync(JSON.stringify([{ ...call, noise: randomBytes(100_000).toString("hex") }]));
    const gzip = { "content-encoding": "gzip" };
    const answers = Array.from({ length: 4 }, () => post(url, large, gzip));
    const done = Promise.all(answers).then((all) => all.map(({ status }) => status));
    const finish = async (wanted: number) => {
      for (let finished = 0; finished < wanted; finished++) {
        await expect.poll(() => released.length).toBeGreaterThan(0);
        released.shift()?.();
      }
    };
    await finish(4);
    expect(await done).toEqual([200, 200, 200, 200]);
    expect(most).toBe(1);

    const small = Array.from({ length: 4 }, () => post(url, JSON.stringify([call])));
    await expect.poll(() => atOnce).toBe(4);
    await finish(4);
    await Promise.all(small);
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
