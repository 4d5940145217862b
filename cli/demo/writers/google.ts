/** Cloud Audit Logs of Vertex AI: data access entries, streams as a first and a last one. */
import type { VertexCall } from "../happening.ts";
import type { Random } from "../random.ts";

const nanos = (time: number): string => new Date(time).toISOString().replace("Z", "000000Z");

export function vertexCall(call: VertexCall, random: Random): unknown[] {
  const streamed = call.method !== "GenerateContent";
  const operation = random.hex(20);
  const entry = (time: number, first: boolean) => ({
    protoPayload: {
      "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
      status: call.status === 0 ? {} : { code: call.status },
      authenticationInfo: { principalEmail: call.principalEmail },
      requestMetadata: {
        callerIp: call.ip,
        callerSuppliedUserAgent: "google-genai-sdk/1.20 gl-python/3.12,gzip(gfe)",
      },
      serviceName: "aiplatform.googleapis.com",
      methodName: `google.cloud.aiplatform.v1.PredictionService.${call.method}`,
      authorizationInfo: [
        { permission: "aiplatform.endpoints.predict", granted: call.status !== 7, permissionType: "DATA_READ" },
      ],
      resourceName: `projects/${call.project}/locations/${call.location}/publishers/${call.publisher}/models/${call.model}`,
    },
    insertId: random.hex(12),
    resource: {
      type: "audited_resource",
      labels: { service: "aiplatform.googleapis.com", method: call.method, project_id: call.project },
    },
    timestamp: nanos(time),
    severity: call.status === 0 ? "INFO" : "ERROR",
    logName: `projects/${call.project}/logs/cloudaudit.googleapis.com%2Fdata_access`,
    ...(streamed
      ? {
          operation: {
            id: operation,
            producer: "aiplatform.googleapis.com",
            ...(first ? { first: true } : { last: true }),
          },
        }
      : {}),
    receiveTimestamp: nanos(time + 900),
  });
  return streamed ? [entry(call.time, true), entry(call.time + 4_200, false)] : [entry(call.time, true)];
}
