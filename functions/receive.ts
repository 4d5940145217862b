/** HTTP push → `ai.activity.raw`, and `ai.activity.rejected`: what applications, gateways and clouds send by themselves. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { trimmed } from "../shared/pipeline/collect.ts";
import {
  accepted,
  type PushedRequest,
  type PushedResponse,
  received,
  refused,
} from "../shared/receivers/receiver.ts";
import { sources } from "../shared/registry.ts";
import { withRuntime } from "./lambda.ts";
import { publishRaw } from "./raw-topic.ts";
import type { Runtime } from "./runtime.ts";

/** 200 only once the bus has the records: until then they are the sender's. Never throws. */
export async function receivePushed(request: PushedRequest, runtime: Runtime): Promise<PushedResponse> {
  const { configuration, log, now } = runtime;
  if (!configuration.receive) return refused(404, "nothing is received here: the configuration has no receive");
  const started = now();
  const got = received(request, configuration.receive.secret, Math.floor(started / 1_000));
  if ("refusal" in got) {
    log.warn("refused a pushed request", { status: got.refusal.status, reason: got.refusal.body });
    return got.refusal;
  }
  const { records, rejects } = trimmed(got.documents, got.place, sources, started);
  try {
    await publishRaw(records, rejects, got.place, runtime);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error("the bus did not take what was pushed; its sender keeps it", { records: records.length, reason });
    return refused(503, "the bus is away: send it again");
  }
  log.measure("BatchTime", now() - started, "Milliseconds");
  return accepted(request);
}

export const handler = withRuntime("receive", async (event: APIGatewayProxyEventV2, runtime) =>
  responseTo(await receivePushed(requestOf(event), runtime)),
);

/** Payload format 2.0: header names are in lower case, and a stage that is not `$default` stands before the path. */
function requestOf(event: APIGatewayProxyEventV2): PushedRequest {
  const { rawPath, headers, queryStringParameters, body, isBase64Encoded, requestContext } = event;
  const stage = `/${requestContext.stage}`;
  return {
    method: requestContext.http.method,
    path: rawPath.startsWith(`${stage}/`) ? rawPath.slice(stage.length) : rawPath,
    headers,
    query: queryStringParameters ?? {},
    body: Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8"),
  };
}

const responseTo = ({ status, headers, body }: PushedResponse): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { ...headers },
  body,
});
