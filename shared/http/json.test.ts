import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type JsonServer, type Reply, serveJson } from "../../test/servers/json-api.ts";
import { getJson, HttpError, type JsonApi, type Patience, patient, retryAfterMs } from "./json.ts";

const KEY = "sk-made-up-for-a-test";
const servers: JsonServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const serve = async (...replies: readonly Reply[]): Promise<JsonServer> => {
  const server = await serveJson((_asked, count) => replies[Math.min(count, replies.length) - 1] ?? {});
  servers.push(server);
  return server;
};

const Shape = z.object({ data: z.array(z.unknown()) });
const page: Reply = { body: { data: [1, 2], has_more: false } };

async function get(baseUrl: string, given: Partial<Patience & JsonApi> & { readonly signal?: AbortSignal } = {}) {
  const pauses: number[] = [];
  const patience: Patience = {
    ...patient,
    now: () => 0,
    ...given,
    sleep: async (milliseconds, signal) => {
      pauses.push(milliseconds);
      await given.sleep?.(milliseconds, signal);
    },
  };
  const api: JsonApi = { vendor: "Acme", baseUrl, headers: { authorization: `Bearer ${KEY}` }, ...given };
  const question = { path: "/v1/usage", query: [["page", "secret-page"]] as const, answer: Shape };
  const asked = getJson(api, question, given.signal ?? new AbortController().signal, patience);
  const outcome = await asked.catch((error: unknown) => {
    if (!(error instanceof HttpError)) throw error;
    expect(error.message).not.toMatch(/secret-page|sk-made-up/);
    return error;
  });
  return { outcome, pauses };
}

const told = (outcome: unknown) =>
  outcome instanceof HttpError ? `${outcome.code}: ${outcome.message}` : expect.fail("answered");

describe("asking for JSON", () => {
  it("sends the key and the query, names included more than once, and returns what the shape names", async () => {
    const server = await serve({ ...page, headers: { date: "Tue, 06 Oct 2026 10:00:00 GMT" } });
    const answer = await getJson(
      { vendor: "Acme", baseUrl: `${server.url}/base/`, headers: { "x-api-key": KEY } },
      {
        path: "/v1/usage",
        query: [
          ["group_by", "model"],
          ["group_by", "user"],
        ],
        answer: Shape,
      },
      new AbortController().signal,
    );
    expect(answer).toEqual({ value: { data: [1, 2] }, serverTime: Date.UTC(2026, 9, 6, 10) });
    expect(server.asked.map(({ path, query }) => `${path}?${query}`)).toEqual([
      "/base/v1/usage?group_by=model&group_by=user",
    ]);
    expect(server.asked[0]?.headers["x-api-key"]).toBe(KEY);
  });

  for (const status of [408, 429, 500, 502, 503, 529]) {
    it(`asks again after ${status}, twice as late each time, and says that it is away after four times`, async () => {
      const server = await serve({ status });
      const { outcome, pauses } = await get(server.url);
      expect(told(outcome)).toBe(`upstream-unavailable: Acme GET /v1/usage: ${status}`);
      expect(pauses).toEqual([1_000, 2_000, 4_000]);
      expect(server.asked).toHaveLength(4);
    });
  }

  it("forgets a bad moment", async () => {
    const server = await serve({ status: 503 }, { status: 429 }, page);
    expect((await get(server.url)).outcome).toMatchObject({ value: { data: [1, 2] } });
  });

  it("waits as long as the vendor says, in seconds or until a date by the vendor's own clock", async () => {
    const date = "Tue, 06 Oct 2026 10:00:00 GMT";
    const server = await serve(
      { status: 429, headers: { "retry-after": "7" } },
      { status: 429, headers: { date, "retry-after": "Tue, 06 Oct 2026 10:00:20 GMT" } },
      page,
    );
    expect((await get(server.url)).pauses).toEqual([7_000, 20_000]);
  });

  it("leaves it to the next run where the vendor asks for more than a minute", async () => {
    const server = await serve({ status: 429, headers: { "retry-after": "61" } }, page);
    const { outcome, pauses } = await get(server.url);
    expect(told(outcome)).toMatch(/^upstream-unavailable/);
    expect(pauses).toEqual([]);
    const patientServer = await serve({ status: 429, headers: { "retry-after": "60" } }, page);
    expect((await get(patientServer.url)).pauses).toEqual([60_000]);
  });

  it("asks once where it is refused, and says what to do in the vendor's words and ours", async () => {
    for (const [status, todo] of [
      [401, "the key is wrong"],
      [403, "grant api.usage.read"],
      [404, "check baseUrl"],
      [400, "(invalid_request_error)"],
    ] as const) {
      const server = await serve({
        status,
        body: { error: { message: `Incorrect key ${KEY}`, code: KEY, type: "invalid_request_error" } },
      });
      const { outcome } = await get(server.url, { advice: { 403: "grant api.usage.read" } });
      expect(told(outcome)).toContain(`upstream-refused: Acme GET /v1/usage: ${status} (invalid_request_error)`);
      expect(told(outcome)).toContain(todo);
      expect((outcome as HttpError).status).toBe(status);
      expect(server.asked).toHaveLength(1);
    }
  });

  it("takes a cut connection for a bad moment, and says so when it stays", async () => {
    const cut = { ...page, cutAfter: 5 };
    expect((await get((await serve(cut, page)).url)).outcome).toMatchObject({ value: { data: [1, 2] } });
    expect(told((await get((await serve(cut)).url)).outcome)).toMatch(/^upstream-unavailable: .*no answer/);
  });

  it("asks again for what is no JSON, and tells a person when it stays so", async () => {
    const half = { body: '{"data":[1,' };
    expect((await get((await serve(half, page)).url)).outcome).toMatchObject({ value: { data: [1, 2] } });
    const server = await serve(half);
    expect(told((await get(server.url)).outcome)).toMatch(/^upstream-refused: .*no JSON/);
    expect(server.asked).toHaveLength(4);
  });

  it("refuses JSON of another shape by the name of the field", async () => {
    const { outcome } = await get((await serve({ body: { data: "none of your business" } })).url);
    expect(told(outcome)).toBe("upstream-refused: Acme GET /v1/usage: an unexpected answer, data: expected array");
  });

  it("takes an answer of exactly the size it may have, and no byte more, counted as unpacked", async () => {
    const body = JSON.stringify(page.body);
    const packed = { body: gzipSync(body), headers: { "content-encoding": "gzip" } };
    const maxBytes = body.length;
    for (const reply of [{ body }, packed]) {
      expect((await get((await serve(reply)).url, { maxBytes })).outcome).toMatchObject({ value: {} });
      const { outcome } = await get((await serve(reply)).url, { maxBytes: maxBytes - 1 });
      expect(told(outcome)).toMatch(/^upstream-refused: .*more than \d+ bytes/);
    }
  });

  it("follows a redirect on the same host, and shows the key to no other", async () => {
    const other = await serve(page);
    const away = await serve({ status: 302, headers: { location: `${other.url}/v1/usage` } });
    expect(told((await get(away.url)).outcome)).toMatch(
      /^upstream-refused: .*redirected to 127\.0\.0\.1:\d+.*baseUrl/,
    );
    expect(other.asked).toEqual([]);

    const moved = await serve({ status: 307, headers: { location: "/v2/usage" } }, page);
    expect((await get(moved.url)).outcome).toMatchObject({ value: {} });
    expect(moved.asked.map(({ path }) => path)).toEqual(["/v1/usage", "/v2/usage"]);

    const circle = await serve({ status: 307, headers: { location: "/v1/usage" } });
    expect(told((await get(circle.url)).outcome)).toContain("redirected without end");
    expect(circle.asked).toHaveLength(4);
  });

  it("gives up on an answer that does not come in time", async () => {
    const server = await serveJson(() => new Promise<Reply>(() => {}));
    servers.push(server);
    const { outcome } = await get(server.url, { timeoutMs: 30, attempts: 2 });
    expect(told(outcome)).toBe("upstream-unavailable: Acme GET /v1/usage: no answer within 30 ms");
  });

  it("says which way a vendor cannot be reached", async () => {
    const server = await serveJson(() => page);
    await server.close();
    expect(told((await get(server.url)).outcome)).toContain(
      "upstream-unavailable: Acme GET /v1/usage: no answer (ECONN",
    );
  });

  it("stops at once when the run ends, while it waits and while it is waited for", async () => {
    const ended = new AbortController();
    const server = await serve({ status: 503 });
    const waiting = await get(server.url, { signal: ended.signal, sleep: async () => ended.abort() });
    expect(told(waiting.outcome)).toMatch(/^upstream-unavailable: .*the run ended/);
    expect(server.asked).toHaveLength(1);

    const slow = await serveJson(() => new Promise<Reply>(() => {}));
    servers.push(slow);
    const { outcome, pauses } = await get(slow.url, { signal: AbortSignal.timeout(30) });
    expect(told(outcome)).toMatch(/^upstream-unavailable: .*the run ended/);
    expect(pauses).toEqual([]);
  });

  it("never repeats a key that cannot be sent", async () => {
    const { outcome } = await get("http://127.0.0.1:1", { headers: { "x-api-key": `${KEY}\n\u2028` } });
    expect(told(outcome)).toMatch(/^upstream-refused: .*one line/);
    expect((outcome as HttpError).cause).toBeUndefined();
  });
});

describe("Retry-After", () => {
  it("is never negative, whatever it says, and nothing where it says nothing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.nat().map(String), fc.date().map(String)), fc.nat(), (header, now) => {
        const wait = retryAfterMs(header, now);
        expect(wait === undefined || wait >= 0).toBe(true);
      }),
    );
    for (const header of [null, "", "soon", "-1", "1.5", "99999999999"]) {
      expect(retryAfterMs(header, 0)).toBeUndefined();
    }
  });

  it("is the distance to a date, to the second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: -1_000, max: 1_000 }), (now, seconds) => {
        const date = new Date((now + seconds) * 1_000).toUTCString();
        expect(retryAfterMs(date, now * 1_000)).toBe(Math.max(0, seconds) * 1_000);
      }),
    );
  });
});
