/** Cloud Logging on 127.0.0.1: gRPC over TLS, with the SDK's own messages. */

import { generateKeyPairSync } from "node:crypto";
import type { Metadata, ServiceDefinition } from "@grpc/grpc-js";
import protobuf from "protobufjs/minimal.js";
import { trustedCertificate } from "./certificate.ts";

export interface ListAsked {
  readonly resourceNames: readonly string[];
  readonly filter: string;
  readonly orderBy: string;
  readonly pageSize: number;
  readonly pageToken: string;
  /** As the client proves who it is. */
  readonly authorization: string;
}

export interface StoredEntry {
  readonly resource: string;
  /** `data_access` */
  readonly log: string;
  readonly insertId: string;
  /** Epoch milliseconds. */
  readonly happened: number;
  readonly received: number;
  /** AuditLog as bytes. */
  readonly payload: Uint8Array;
  /** Of a stream or another long operation, which has a first and a last entry. */
  readonly operation?: { readonly id: string; readonly first?: boolean; readonly last?: boolean };
}

export type ListReply =
  | { readonly entries: readonly StoredEntry[]; readonly nextPageToken?: string }
  | {
      /** google.rpc.Code */
      readonly code: number;
      /** RetryInfo: how long the client is to wait. */
      readonly retryDelayMs?: number;
    };

export interface GoogleServer {
  /** Settings of a collector that asks this server. */
  readonly settings: {
    readonly endpoint: string;
    readonly credential: { readonly type: "json"; readonly json: string };
  };
  readonly asked: readonly ListAsked[];
  close(): Promise<void>;
}

export async function serveGoogle(answer: (asked: ListAsked) => ListReply): Promise<GoogleServer> {
  // Where this is set, gRPC trusts nothing else; it looks once, when it is loaded.
  delete process.env["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"];
  const grpc = await import("@grpc/grpc-js");
  const { protos } = await import("@google-cloud/logging");
  const { ListLogEntriesRequest, ListLogEntriesResponse } = protos.google.logging.v2;
  const service: ServiceDefinition = {
    listLogEntries: {
      path: "/google.logging.v2.LoggingServiceV2/ListLogEntries",
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes: Buffer) => ListLogEntriesRequest.decode(bytes),
      requestSerialize: (value: object) => Buffer.from(ListLogEntriesRequest.encode(value).finish()),
      responseSerialize: (value: object) =>
        Buffer.from(ListLogEntriesResponse.encode(ListLogEntriesResponse.fromObject(value)).finish()),
      responseDeserialize: (bytes: Buffer) => ListLogEntriesResponse.decode(bytes),
    },
  };
  const asked: ListAsked[] = [];
  const server = new grpc.Server();
  server.addService(service, {
    listLogEntries: (
      { request, metadata }: { request: Omit<ListAsked, "authorization">; metadata: Metadata },
      callback: (error: object | null, value?: object) => void,
    ) => {
      const one = { ...request, authorization: String(metadata.get("authorization")[0] ?? "") };
      asked.push(one);
      const reply = answer(one);
      if ("code" in reply)
        callback({ code: reply.code, details: "made up", metadata: retryInfo(reply, new grpc.Metadata()) });
      else callback(null, { entries: reply.entries.map(toEntry), nextPageToken: reply.nextPageToken ?? "" });
    },
  });
  const { key, cert } = trustedCertificate();
  const credentials = grpc.ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) },
  ]);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return {
    settings: {
      endpoint: `https://localhost:${port}`,
      credential: { type: "json", json: JSON.stringify(serviceAccount()) },
    },
    asked,
    close: async () => server.forceShutdown(),
  };
}

let privateKey: string | undefined;

/** Its tokens are signed by itself, so no token server is needed. */
function serviceAccount() {
  privateKey ??= generateKeyPairSync("rsa", {
    modulusLength: 2_048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey;
  return {
    type: "service_account",
    project_id: "example-project",
    private_key_id: "0000000000000000000000000000000000000001",
    private_key: privateKey,
    client_email: "gnomon@example-project.iam.gserviceaccount.com",
    client_id: "100000000000000000001",
  };
}

function toEntry({ resource, log, insertId, happened, received, payload, operation }: StoredEntry): object {
  return {
    logName: `${resource}/logs/cloudaudit.googleapis.com%2F${log}`,
    insertId,
    timestamp: { seconds: Math.floor(happened / 1_000), nanos: (happened % 1_000) * 1e6 + 468_025 },
    receiveTimestamp: { seconds: Math.floor(received / 1_000), nanos: (received % 1_000) * 1e6 },
    resource: { type: "audited_resource", labels: { project_id: "example-project" } },
    protoPayload: { type_url: "type.googleapis.com/google.cloud.audit.AuditLog", value: payload },
    ...(operation ? { operation: { producer: "aiplatform.googleapis.com", ...operation } } : {}),
  };
}

/** google.rpc.Status with a RetryInfo, as gRPC carries it. */
function retryInfo(
  { code, retryDelayMs }: { readonly code: number; readonly retryDelayMs?: number },
  metadata: Metadata,
): Metadata {
  if (retryDelayMs === undefined) return metadata;
  const delay = message({ 1: Math.floor(retryDelayMs / 1_000), 2: (retryDelayMs % 1_000) * 1e6 });
  const detail = message({ 1: "type.googleapis.com/google.rpc.RetryInfo", 2: message({ 1: delay }) });
  metadata.set("grpc-status-details-bin", Buffer.from(message({ 1: code, 2: "made up", 3: detail })));
  return metadata;
}

type Field = string | number | boolean | Uint8Array;

/** A protobuf message by its fields' numbers. A list is a repeated field. */
export function message(fields: Readonly<Record<number, Field | readonly Field[]>>): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [id, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? (value as readonly Field[]) : [value as Field]) {
      if (typeof one === "string") writer.uint32((Number(id) << 3) | 2).string(one);
      else if (typeof one === "number") writer.uint32(Number(id) << 3).int64(one);
      else if (typeof one === "boolean") writer.uint32(Number(id) << 3).bool(one);
      else writer.uint32((Number(id) << 3) | 2).bytes(one);
    }
  }
  return writer.finish();
}

/** google.protobuf.Struct of a JSON object. */
export function struct(value: Readonly<Record<string, unknown>>): Uint8Array {
  const fields = Object.entries(value).map(([name, part]) => message({ 1: name, 2: valueOfPart(part) }));
  return message({ 1: fields });
}

function valueOfPart(part: unknown): Uint8Array {
  if (typeof part === "string") return message({ 3: part });
  if (typeof part === "boolean") return message({ 4: part });
  if (typeof part === "number")
    return protobuf.Writer.create()
      .uint32((2 << 3) | 1)
      .double(part)
      .finish();
  if (Array.isArray(part)) return message({ 6: message({ 1: part.map(valueOfPart) }) });
  if (typeof part === "object" && part !== null) return message({ 5: struct(part as Record<string, unknown>) });
  return message({ 1: 0 });
}

/** AuditLog of a call to a model. */
export const callPayload = (model: string): Uint8Array =>
  message({
    7: "aiplatform.googleapis.com",
    8: "google.cloud.aiplatform.v1.PredictionService.GenerateContent",
    11: `projects/example-project/locations/us-central1/publishers/google/models/${model}`,
    3: message({ 1: "ana@example.com", 8: "user:ana@example.com" }),
    4: message({ 1: "203.0.113.7", 2: "example-client/1.0" }),
    16: struct({
      "@type": "type.googleapis.com/google.cloud.aiplatform.v1.GenerateContentRequest",
      endpoint: model,
    }),
  });

/** Answers the collector's own queries, which are told apart by their text: a small part of the query language. */
export function cloudLogging(
  stored: readonly StoredEntry[],
  { pageSize }: { readonly pageSize: number },
): (asked: ListAsked) => ListReply {
  return ({ resourceNames, filter, orderBy, pageSize: wanted, pageToken }) => {
    const bound = (pattern: RegExp, absent: number): number => {
      const text = pattern.exec(filter)?.[1];
      return text === undefined ? absent : Date.parse(text);
    };
    const from = bound(/receiveTimestamp>="([^"]+)"/, Number.NEGATIVE_INFINITY);
    const to = bound(/receiveTimestamp<"([^"]+)"/, Number.POSITIVE_INFINITY);
    const after = bound(/ timestamp>="([^"]+)"/, Number.NEGATIVE_INFINITY);
    const found = stored
      .filter(
        ({ resource, log }) =>
          resourceNames.includes(resource) && filter.includes(`cloudaudit.googleapis.com/${log}`),
      )
      .filter(({ received, happened }) => received >= from && received < to && happened >= after)
      .sort((one, other) => one.happened - other.happened);
    if (orderBy === "timestamp desc") found.reverse();
    const start = Number(pageToken || "0");
    const end = start + Math.min(pageSize, wanted);
    return {
      entries: found.slice(start, end),
      ...(end < found.length ? { nextPageToken: String(end) } : {}),
    };
  };
}
