import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Log } from "./log.ts";
import { renewWebIdentity } from "./web-identity.ts";

let folder: string;
let server: Server;
let asked: URLSearchParams[];
let answer: { readonly status: number; readonly body: string };

const errors: string[] = [];
const log: Log = {
  info() {},
  warn() {},
  error: (message) => void errors.push(message),
  measure() {},
  flush() {},
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-web-identity-"));
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      asked.push(new URLSearchParams(body));
      response.writeHead(answer.status, { "content-type": "text/xml" }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("AWS_ENDPOINT_URL_STS", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "made-up");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "made-up");
  vi.stubEnv("AWS_MAX_ATTEMPTS", "1");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
  errors.length = 0;
});

const onLambda = () => ({
  AWS_LAMBDA_FUNCTION_NAME: "gnomon-collect",
  AWS_REGION: "eu-central-1",
  AZURE_CLIENT_ID: "00000000-0000-4000-8000-000000000001",
  AZURE_FEDERATED_TOKEN_FILE: join(folder, "token"),
});

describe("the token that Azure takes", () => {
  it("is signed by STS for Entra and lies where Azure's SDK looks", async () => {
    answer = {
      status: 200,
      body: "<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>made.up.token</WebIdentityToken><Expiration>2026-11-23T09:00:00Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>",
    };
    await renewWebIdentity(onLambda(), log);
    expect(await readFile(join(folder, "token"), "utf8")).toBe("made.up.token");
    expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({
      Action: "GetWebIdentityToken",
      "Audience.member.1": "api://AzureADTokenExchange",
      SigningAlgorithm: "RS256",
    });
  });

  it("is named as missing where STS refuses, and stops nothing", async () => {
    answer = {
      status: 403,
      body: "<ErrorResponse><Error><Type>Sender</Type><Code>OutboundWebIdentityFederationDisabled</Code><Message>off</Message></Error></ErrorResponse>",
    };
    await renewWebIdentity(onLambda(), log);
    expect(errors).toEqual([expect.stringContaining("sts:GetWebIdentityToken")]);
  });

  it.each(["AWS_LAMBDA_FUNCTION_NAME", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"])(
    "is not asked for without %s",
    async (name) => {
      await renewWebIdentity({ ...onLambda(), [name]: "" }, log);
      expect(asked).toEqual([]);
    },
  );
});
