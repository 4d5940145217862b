/** HTTP push → `ai.activity.raw`, and `ai.activity.rejected`: what applications, gateways and clouds send by themselves. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { trimmed } from "../shared/pipeline/collect.ts";
import {
  type Admission,
  accepted,
  admitted,
  type PushedHead,
  type PushedRequest,
  type PushedResponse,
  received,
  refused,
} from "../shared/receivers/receiver.ts";
import { sources } from "../shared/registry.ts";
import { withRuntime } from "./lambda.ts";
import { reasonOf } from "./log.ts";
import { publishRaw } from "./raw-topic.ts";
import type { Runtime } from "./runtime.ts";

/** 200 only once the bus has the records: until then they are the sender's. Never throws. */
export async function receivePushed(request: PushedRequest, runtime: Runtime): Promise<PushedResponse> {
  const { configuration, log, now } = runtime;
  if (!configuration.receive) return nothingReceived;
  const started = now();
  const got = await received(request, configuration.receive.secret, Math.floor(started / 1_000));
  if ("refusal" in got) return told(got.refusal, runtime);
  const { records, rejects } = trimmed(got.documents, got.place, sources, started);
  try {
    await publishRaw(records, [...rejects, ...got.unreadable], got.place, runtime);
  } catch (error) {
    log.error("the bus did not take what was pushed; its sender keeps it", {
      records: records.length,
      reason: reasonOf(error),
    });
    return refused(503, "the bus is away: send it again");
  }
  log.measure("BatchTime", now() - started, "Milliseconds");
  return accepted(request);
}

/** Whether the body of a request is worth reading, for who has not read it yet. Never throws. */
export function admitPushed(head: PushedHead, runtime: Runtime): Admission | { readonly refusal: PushedResponse } {
  const { receive } = runtime.configuration;
  if (!receive) return { refusal: nothingReceived };
  const admission = admitted(head, receive.secret, Math.floor(runtime.now() / 1_000));
  if ("refusal" in admission) told(admission.refusal, runtime);
  return admission;
}

const nothingReceived = refused(404, "nothing is received here: the configuration has no receive");

function told(refusal: PushedResponse, { log }: Runtime): PushedResponse {
  log.warn("refused a pushed request", { status: refusal.status, reason: refusal.body });
  return refusal;
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
