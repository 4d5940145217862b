/** Handlers as Lambda calls them, with the documents it sends. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const SECRET = "made-up-secret-of-the-receiver";
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-handlers-"));
  const file = join(folder, "gnomon.yaml");
  await writeFile(file, `receive: {secret: "$\{env:RECEIVER_SECRET}"}\nstore: ${join(folder, "store")}\n`);
  vi.stubEnv("GNOMON_CONFIG", file);
  vi.stubEnv("RECEIVER_SECRET", SECRET);
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** AWS API Gateway developer guide, "payload format version 2.0". */
const event = (given: {
  readonly path?: string;
  readonly stage?: string;
  readonly body: Buffer;
  readonly base64?: boolean;
}) => {
  const { path = "/v1/events", stage = "$default", body, base64 = false } = given;
  return {
    version: "2.0",
    routeKey: "POST /{proxy+}",
    rawPath: stage === "$default" ? path : `/${stage}${path}`,
    rawQueryString: `token=${SECRET}`,
    queryStringParameters: { token: SECRET },
    headers: { "content-type": "application/json", "x-forwarded-for": "192.0.2.1,192.0.2.2" },
    requestContext: {
      stage,
      http: { method: "POST", path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "a" },
    },
    body: body.toString(base64 ? "base64" : "utf8"),
    isBase64Encoded: base64,
  } as unknown as APIGatewayProxyEventV2;
};

describe("the handler of receive", () => {
  it("takes an event of the HTTP API, with its body as text or in base64, under a stage or none", async () => {
    const { handler } = await import("./receive.ts");
    const body = Buffer.from('[{"é":1}]');
    for (const base64 of [false, true]) {
      for (const stage of ["$default", "prod"]) {
        expect(await handler(event({ body, base64, stage }))).toEqual({
          statusCode: 200,
          headers: { "content-type": "application/json" },
          body: "{}",
        });
      }
    }
  });

  it("refuses in the words of the receiver", async () => {
    const { handler } = await import("./receive.ts");
    expect(await handler(event({ body: Buffer.from("{") }))).toMatchObject({ statusCode: 400 });
    expect(await handler(event({ body: Buffer.from("{}"), path: "/v2" }))).toMatchObject({ statusCode: 404 });
  });
});

describe("the handler of collect", () => {
  it("ends before Lambda ends it, and outlives a collector that is not there", async () => {
    const { handler } = await import("./collect.ts");
    const context = { getRemainingTimeInMillis: () => 3_000 };
    await expect(handler({ collector: "nobody" }, context)).resolves.toBeUndefined();
  });
});
