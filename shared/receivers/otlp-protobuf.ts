/**
 * OTLP over HTTP in its binary form, as the JSON form that the source reads.
 *
 * Field numbers: open-telemetry/opentelemetry-proto v1.7, trace.proto, logs.proto, common.proto. Span events, links
 * and log bodies are not named here, so that what they hold (prompts, stack traces) is not even decoded.
 */
import protobuf from "protobufjs/light.js";

const repeated = (type: string, id: number) => ({ rule: "repeated", type, id });

const root = protobuf.Root.fromJSON({
  nested: {
    TracesData: { fields: { resourceSpans: repeated("ResourceSpans", 1) } },
    ResourceSpans: { fields: { resource: { type: "Resource", id: 1 }, scopeSpans: repeated("ScopeSpans", 2) } },
    ScopeSpans: { fields: { scope: { type: "Scope", id: 1 }, spans: repeated("Span", 2) } },
    LogsData: { fields: { resourceLogs: repeated("ResourceLogs", 1) } },
    ResourceLogs: { fields: { resource: { type: "Resource", id: 1 }, scopeLogs: repeated("ScopeLogs", 2) } },
    ScopeLogs: { fields: { scope: { type: "Scope", id: 1 }, logRecords: repeated("LogRecord", 2) } },
    Resource: { fields: { attributes: repeated("KeyValue", 1) } },
    Scope: { fields: { name: { type: "string", id: 1 }, version: { type: "string", id: 2 } } },
    Span: {
      fields: {
        traceId: { type: "bytes", id: 1 },
        spanId: { type: "bytes", id: 2 },
        parentSpanId: { type: "bytes", id: 4 },
        name: { type: "string", id: 5 },
        kind: { type: "int32", id: 6 },
        startTimeUnixNano: { type: "fixed64", id: 7 },
        endTimeUnixNano: { type: "fixed64", id: 8 },
        attributes: repeated("KeyValue", 9),
        status: { type: "Status", id: 15 },
      },
    },
    Status: { fields: { code: { type: "int32", id: 3 } } },
    LogRecord: {
      fields: {
        timeUnixNano: { type: "fixed64", id: 1 },
        severityNumber: { type: "int32", id: 2 },
        attributes: repeated("KeyValue", 6),
        traceId: { type: "bytes", id: 9 },
        spanId: { type: "bytes", id: 10 },
        observedTimeUnixNano: { type: "fixed64", id: 11 },
        eventName: { type: "string", id: 12 },
      },
    },
    KeyValue: { fields: { key: { type: "string", id: 1 }, value: { type: "AnyValue", id: 2 } } },
    AnyValue: {
      oneofs: { value: { oneof: ["stringValue", "boolValue", "intValue", "doubleValue", "arrayValue"] } },
      fields: {
        stringValue: { type: "string", id: 1 },
        boolValue: { type: "bool", id: 2 },
        intValue: { type: "int64", id: 3 },
        doubleValue: { type: "double", id: 4 },
        arrayValue: { type: "ArrayValue", id: 5 },
      },
    },
    ArrayValue: { fields: { values: repeated("AnyValue", 1) } },
  },
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
