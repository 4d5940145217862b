/**
 * OTLP over HTTP in its binary form, as the JSON form that the source reads.
 *
 * Field numbers: open-telemetry/opentelemetry-proto v1.7, trace.proto, logs.proto, common.proto. Span events, links
 * and log bodies are not named here, so that what they hold (prompts, stack traces) is not even decoded.
 */
import { protobufRoot } from "../reading/protobuf.ts";

const root = protobufRoot({
  messages: {
    TracesData: { resourceSpans: "repeated ResourceSpans 1" },
    ResourceSpans: { resource: "Resource 1", scopeSpans: "repeated ScopeSpans 2" },
    ScopeSpans: { scope: "Scope 1", spans: "repeated Span 2" },
    LogsData: { resourceLogs: "repeated ResourceLogs 1" },
    ResourceLogs: { resource: "Resource 1", scopeLogs: "repeated ScopeLogs 2" },
    ScopeLogs: { scope: "Scope 1", logRecords: "repeated LogRecord 2" },
    Resource: { attributes: "repeated KeyValue 1" },
    Scope: { name: "string 1", version: "string 2" },
    Span: {
      traceId: "bytes 1",
      spanId: "bytes 2",
      parentSpanId: "bytes 4",
      name: "string 5",
      kind: "int32 6",
      startTimeUnixNano: "fixed64 7",
      endTimeUnixNano: "fixed64 8",
      attributes: "repeated KeyValue 9",
      status: "Status 15",
    },
    Status: { code: "int32 3" },
    LogRecord: {
      timeUnixNano: "fixed64 1",
      severityNumber: "int32 2",
      attributes: "repeated KeyValue 6",
      traceId: "bytes 9",
      spanId: "bytes 10",
      observedTimeUnixNano: "fixed64 11",
      eventName: "string 12",
    },
    KeyValue: { key: "string 1", value: "AnyValue 2" },
    AnyValue: {
      stringValue: "string 1",
      boolValue: "bool 2",
      intValue: "int64 3",
      doubleValue: "double 4",
      arrayValue: "ArrayValue 5",
    },
    ArrayValue: { values: "repeated AnyValue 1" },
  },
  choices: ["AnyValue"],
});

const types = { traces: root.lookupType("TracesData"), logs: root.lookupType("LogsData") } as const;

/** Throws where the bytes are no such message. */
export function decodeOtlp(signal: keyof typeof types, bytes: Uint8Array): unknown {
  const type = types[signal];
  return withHexIds(type.toObject(type.decode(bytes), { longs: String }));
}

/** In OTLP's JSON form trace and span ids, the only bytes named here, are hexadecimal. */
function withHexIds(part: unknown): unknown {
  if (part instanceof Uint8Array) return Buffer.from(part).toString("hex");
  if (Array.isArray(part)) return part.map(withHexIds);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, withHexIds(value)]));
}
