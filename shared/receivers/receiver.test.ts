import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepted, admitted, type PushedRequest, received, refused } from "./receiver.ts";

const SECRET = "made-up-secret-of-the-receiver";
const NOW = 1_790_000_000;

const request = (given: Partial<PushedRequest> = {}): PushedRequest => ({
  method: "POST",
  path: "/v1/events",
  headers: { authorization: `Bearer ${SECRET}`, "content-type": "application/json" },
  query: {},
  body: Buffer.from('{"a":1}'),
  ...given,
});

const statusOf = async (given: Partial<PushedRequest> = {}, secret = SECRET): Promise<number> => {
  const got = await received(request(given), secret, NOW);
  return "refusal" in got ? got.refusal.status : 200;
};

function signed(body: Buffer, given: { secret?: string; key?: Buffer; timestamp?: number } = {}) {
  const { secret = SECRET, timestamp = NOW } = given;
  const key = given.key ?? Buffer.from(secret);
  const signature = createHmac("sha256", key).update(`msg_1.${timestamp}.`).update(body).digest("base64");
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1a,somebody-elses v1,${signature}`,
  };
}

describe("a pushed request", () => {
  it("becomes documents and the place they came from, which is its body's own, sent again or packed", async () => {
    const placeOf = async (given: Partial<PushedRequest> = {}) => {
      const got = await received(request(given), SECRET, NOW);
      return "place" in got ? got.place : expect.fail("it was refused");
    };
    // `printf '{"a":1}' | sha256sum`
    const place = "pushed to /v1/events, sha256 015abd7f5cc57a2d";
    expect(await received(request(), SECRET, NOW)).toEqual({ documents: [{ a: 1 }], unreadable: [], place });
    expect(await placeOf({ path: "/v1/events/" })).toBe(place);
    const headers = { authorization: `Bearer ${SECRET}`, "content-encoding": "gzip" };
    expect(await placeOf({ headers, body: gzipSync('{"a":1}') })).toBe(place);
    expect(await placeOf({ body: Buffer.from('{"a":2}') })).not.toBe(place);
  });

  it("may have a document a line, of which those that are none are named by their number", async () => {
    const body = Buffer.from('{"a":1}\n{"a":NaN}\n{"a":3}\n');
    const got = await received(request({ body }), SECRET, NOW);
    if ("refusal" in got) expect.fail("it was refused");
    expect(got.documents).toEqual([{ a: 1 }, { a: 3 }]);
    expect(got.unreadable).toEqual([{ reason: expect.stringMatching(/JSON/), place: `${got.place} document 2` }]);
    expect(JSON.stringify(got.unreadable)).not.toContain("NaN");

    // Without its last quote or bracket a line swallows what stands behind it.
    for (const broken of ['{"a":2,"b":"cut o', '{"a":[{"b":2}', '{"a":2']) {
      const lines = await received(request({ body: Buffer.from(`{"a":1}\n${broken}\n{"a":3}\n`) }), SECRET, NOW);
      expect(lines, broken).toMatchObject({ documents: [{ a: 1 }, { a: 3 }], unreadable: [expect.anything()] });
    }

    const array = await received(request({ body: Buffer.from('[{"a":1},{"a":NaN},{"a":3}]') }), SECRET, NOW);
    expect(array).toMatchObject({ documents: [{ a: 1 }, { a: 3 }] });
    for (const none of ['{"a":1}\n{"a":', "no\nJSON\n", `{"a":1}\n${"{a}\n".repeat(101)}`, ""]) {
      expect(await statusOf({ body: Buffer.from(none) }), none).toBe(400);
    }
    expect(await statusOf({ path: "/v1/traces", body })).toBe(400);
  });

  it("is taken by POST, at the paths there are, and nowhere else", async () => {
    expect(await statusOf({ method: "GET" })).toBe(405);
    expect(await statusOf({ path: "/v1/metrics" })).toBe(404);
    expect(await statusOf({ path: "/" })).toBe(404);
    expect(await statusOf({ path: "constructor" })).toBe(404);
  });

  it("is taken from who shows the secret, as a bearer token or in the query, whatever else is shown", async () => {
    const query = { token: SECRET };
    expect(await statusOf({ headers: { authorization: `bearer ${SECRET}` } })).toBe(200);
    expect(await statusOf({ headers: {}, query })).toBe(200);
    expect(await statusOf({ headers: { authorization: "Bearer a-token-of-google" }, query })).toBe(200);
  });

  it("is refused to everybody else", async () => {
    for (const headers of [{}, { authorization: SECRET }, { authorization: `Bearer ${SECRET}x` }]) {
      expect(await statusOf({ headers })).toBe(401);
    }
    expect(await statusOf({ headers: {}, query: { token: "" } })).toBe(401);
    expect(await statusOf({ headers: {}, query: { token: SECRET.slice(1) } })).toBe(401);
  });

  it("is taken where its body is signed, within five minutes of the signature", async () => {
    const body = Buffer.from('{"a":1}');
    for (const [timestamp, status] of [
      [NOW - 300, 200],
      [NOW - 301, 401],
      [NOW + 300, 200],
      [NOW + 301, 401],
    ] as const) {
      expect(await statusOf({ body, headers: signed(body, { timestamp }) }), String(timestamp - NOW)).toBe(status);
    }
    expect(await statusOf({ body: Buffer.from('{"a":2}'), headers: signed(body) })).toBe(401);
    expect(await statusOf({ body, headers: signed(body, { secret: "another" }) })).toBe(401);
    expect(await statusOf({ body, headers: { ...signed(body), "webhook-id": "msg_2" } })).toBe(401);
    expect(await statusOf({ body, headers: { ...signed(body), "webhook-timestamp": "soon" } })).toBe(401);
  });

  it("is known by its head where the secret is shown; who signs is believed later, and sends less until then", async () => {
    const { body, ...shown } = request();
    expect(admitted(shown, SECRET, NOW)).toEqual({ known: true, maxBytes: 16 * 1024 * 1024 });
    expect(admitted({ ...shown, headers: signed(body) }, SECRET, NOW)).toEqual({
      known: false,
      maxBytes: 1024 * 1024,
    });
    const large = Buffer.alloc(1024 * 1024 + 1, 32);
    expect(await statusOf({ body: large, headers: signed(large) })).toBe(413);
  });

  it("is refused by its head alone where neither is there", () => {
    const { body, ...shown } = request();
    const old = signed(body, { timestamp: NOW - 301 });
    for (const [given, status] of [
      [{ method: "GET" }, 405],
      [{ path: "/v1/metrics" }, 404],
      [{ headers: {} }, 401],
      [{ headers: { "webhook-signature": "v1,x" } }, 401],
      [{ headers: { ...signed(body), "webhook-signature": "v2,x" } }, 401],
      [{ headers: old }, 401],
    ] as const) {
      expect(admitted({ ...shown, ...given }, SECRET, NOW)).toMatchObject({ refusal: { status } });
    }
  });

  it("is signed with a secret in the form that webhook senders hand out, too", async () => {
    const body = Buffer.from("{}");
    const key = Buffer.from("a key of some length");
    expect(await statusOf({ body, headers: signed(body, { key }) }, `whsec_${key.toString("base64")}`)).toBe(200);
  });

  it("is refused before it is unpacked where it is too large, and after", async () => {
    expect(await statusOf({ body: Buffer.alloc(16 * 1024 * 1024 + 1, 32) })).toBe(413);
    const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024 + 1, 32));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await statusOf({ body: bomb, headers: { ...request().headers, "content-encoding": "gzip" } })).toBe(
      400,
    );
  });

  it("says what is wrong with a body, and never what is in it", async () => {
    const headers = { ...request().headers, "content-encoding": "gzip" };
    const packed = gzipSync('{"prompt":"CANARY"}');
    for (const given of [
      { body: Buffer.from('{"prompt":"CANARY"') },
      { body: Buffer.from('{"prompt":"CANARY"}'), headers },
      { body: packed.subarray(0, -4), headers },
      { body: packed, headers: { ...headers, "content-encoding": "br" } },
      { body: Buffer.from("CANARY"), path: "/v1/traces", headers: { ...headers, "content-encoding": "identity" } },
      {
        body: Buffer.from("CANARY"),
        path: "/v1/logs",
        headers: { authorization: `Bearer ${SECRET}`, "content-type": "application/x-protobuf" },
      },
    ]) {
      const got = await received(request(given), SECRET, NOW);
      if (!("refusal" in got)) expect.fail("taken");
      expect(got.refusal.status).toBe(400);
      expect(got.refusal.body).not.toContain("CANARY");
      expect(JSON.parse(got.refusal.body)).toEqual({ error: expect.stringMatching(/\S/) });
    }
  });

  it("never throws, whatever comes", async () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("gzip", "application/x-protobuf", "/v1/traces", "/v1/logs"),
    );
    await fc.assert(
      fc.asyncProperty(word, word, word, fc.uint8Array(), async (path, encoding, type, bytes) => {
        const headers = { ...request().headers, "content-encoding": encoding, "content-type": type };
        await received(request({ path, headers, body: Buffer.from(bytes) }), SECRET, NOW);
      }),
    );
  });

  it("never throws for protobuf that nests without end", async () => {
    // AnyValue { arrayValue { values { … } } }, each inside the one before.
    let value: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 5_000; depth++) value = field(5, field(1, value));
    const attribute = Buffer.concat([field(1, Buffer.from("gen_ai.request.model")), field(2, value)]);
    const body = field(1, field(1, field(1, attribute)));
    const headers = { authorization: `Bearer ${SECRET}`, "content-type": "application/x-protobuf" };
    const got = await received(request({ path: "/v1/traces", headers, body }), SECRET, NOW);
    expect("refusal" in got ? got.refusal.status : 200).toBe(400);
  });
});

/** Length-delimited. */
function field(number: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
}

describe("the answer", () => {
  it("comes in the encoding that an exporter of telemetry used", () => {
    const protobuf = { ...request().headers, "content-type": "application/x-protobuf" };
    expect(accepted(request({ headers: protobuf }))).toEqual({
      status: 200,
      headers: { "content-type": "application/x-protobuf" },
      body: "",
    });
    expect(accepted(request())).toMatchObject({ headers: { "content-type": "application/json" }, body: "{}" });
  });

  it("says when to come again where the bus is away, and only then", () => {
    expect(refused(503, "later").headers["retry-after"]).toMatch(/^\d+$/);
    expect(refused(400, "no").headers["retry-after"]).toBeUndefined();
  });
});
