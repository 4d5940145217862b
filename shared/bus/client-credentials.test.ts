import { createServer } from "node:http";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { tokensOf } from "./client-credentials.ts";

const asked: { authorization: string | undefined; body: string }[] = [];
/** What the provider answers next; the last one again and again. */
let answers: { status?: number; body: unknown }[] = [];
const provider = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  asked.push({ authorization: request.headers.authorization, body: Buffer.concat(chunks).toString() });
  const { status = 200, body } = (answers.length > 1 ? answers.shift() : answers[0]) ?? { body: {} };
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
});
await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
const address = provider.address();
const port = typeof address === "object" && address ? address.port : 0;
afterAll(() => new Promise((resolve) => provider.close(resolve)));

const NOW = Date.UTC(2026, 10, 1);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  asked.length = 0;
  answers = ["first", "second", "third"].map((access_token) => ({ body: { access_token, expires_in: 300 } }));
});
afterEach(() => {
  vi.useRealTimers();
});

const tokenUrl = `http://127.0.0.1:${port}/token`;
const credentials = { tokenUrl, clientId: "gnomon", clientSecret: "made-up" };

describe("a token for Kafka", () => {
  it("is granted to a client that shows its secret, for the scope it asks for", async () => {
    const token = tokensOf({ ...credentials, clientId: "gno:mon", clientSecret: "a b+c", scope: "kafka read" });
    expect(await token()).toBe("first");
    const basic = Buffer.from("gno%3Amon:a%20b%2Bc").toString("base64");
    expect(asked).toEqual([
      { authorization: `Basic ${basic}`, body: "grant_type=client_credentials&scope=kafka+read" },
    ]);
  });

  it("asks for no scope where none is given", async () => {
    await tokensOf(credentials)();
    expect(asked.map(({ body }) => body)).toEqual(["grant_type=client_credentials"]);
  });

  it("serves every connection until a minute before its end", async () => {
    const token = tokensOf(credentials);
    expect([await token(), await token()]).toEqual(["first", "first"]);
    vi.setSystemTime(NOW + 239_999);
    expect(await token()).toBe("first");
    vi.setSystemTime(NOW + 240_000);
    expect(await token()).toBe("second");
    expect(asked).toHaveLength(2);
  });

  it("is asked for once by connections that are made at once", async () => {
    const token = tokensOf(credentials);
    expect(await Promise.all([token(), token(), token()])).toEqual(["first", "first", "first"]);
    expect(asked).toHaveLength(1);
  });

  it("is asked for anew by each connection where nobody says how long it lasts, or it lasts less than that", async () => {
    answers = [
      { body: { access_token: "a" } },
      { body: { access_token: "b", expires_in: "60" } },
      { body: { access_token: "c" } },
    ];
    const token = tokensOf(credentials);
    expect([await token(), await token(), await token()]).toEqual(["a", "b", "c"]);
  });

  it("is asked for again after a failure", async () => {
    answers = [{ status: 503, body: "" }, { body: { access_token: "later", expires_in: 300 } }];
    const token = tokensOf(credentials);
    await expect(token()).rejects.toMatchObject({ code: "upstream-unavailable" });
    expect(await token()).toBe("later");
  });

  it.each([
    [{ status: 401, body: { error: "invalid_client", error_description: "CANARY" } }, /answered 401: check the/],
    [{ body: "<html>CANARY" }, /without an access_token/],
    [{ body: { token_type: "CANARY" } }, /without an access_token/],
  ])("is refused in words, without secret or answer: %j", async (answer, words) => {
    answers = [answer];
    const failure = await tokensOf(credentials)().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "upstream-refused", message: expect.stringMatching(words) });
    expect(String(failure)).not.toMatch(/CANARY|made-up/);
  });
});
