/**
 * Google's audit logs as gRPC carries them, as the JSON that exports, sinks and `gcp.audit` have: a log entry holds
 * its payload as bytes of another message, which the SDK does not know.
 *
 * Field numbers: googleapis/googleapis (2026-08), google/cloud/audit/audit_log.proto, google/protobuf/struct.proto,
 * google/iam/v1/logging/audit_data.proto, google/iam/v1/policy.proto. What is not named here is not even decoded.
 * Limits: `oauthInfo`, which JSON has, has no public number.
 */
import protobuf from "protobufjs/light.js";

const repeated = (type: string, id: number) => ({ rule: "repeated", type, id });
const byName = (type: string, id: number) => ({ keyType: "string", type, id });

const root = protobuf.Root.fromJSON({
  nested: {
    AuditLog: {
      fields: {
        status: { type: "Status", id: 2 },
        authenticationInfo: { type: "AuthenticationInfo", id: 3 },
        requestMetadata: { type: "RequestMetadata", id: 4 },
        serviceName: { type: "string", id: 7 },
        methodName: { type: "string", id: 8 },
        resourceName: { type: "string", id: 11 },
        serviceData: { type: "Any", id: 15 },
        request: { type: "Struct", id: 16 },
        response: { type: "Struct", id: 17 },
      },
    },
    Status: { fields: { code: { type: "int32", id: 1 } } },
    AuthenticationInfo: {
      fields: {
        principalEmail: { type: "string", id: 1 },
        serviceAccountKeyName: { type: "string", id: 5 },
        serviceAccountDelegationInfo: repeated("ServiceAccountDelegationInfo", 6),
        principalSubject: { type: "string", id: 8 },
      },
    },
    ServiceAccountDelegationInfo: {
      fields: {
        firstPartyPrincipal: { type: "FirstPartyPrincipal", id: 1 },
        principalSubject: { type: "string", id: 3 },
      },
    },
    FirstPartyPrincipal: { fields: { principalEmail: { type: "string", id: 1 } } },
    RequestMetadata: {
      fields: {
        callerIp: { type: "string", id: 1 },
        callerSuppliedUserAgent: { type: "string", id: 2 },
      },
    },
    Any: { fields: { typeUrl: { type: "string", id: 1 }, value: { type: "bytes", id: 2 } } },
    Struct: { fields: { fields: byName("Value", 1) } },
    Value: {
      oneofs: {
        kind: { oneof: ["nullValue", "numberValue", "stringValue", "boolValue", "structValue", "listValue"] },
      },
      fields: {
        nullValue: { type: "int32", id: 1 },
        numberValue: { type: "double", id: 2 },
        stringValue: { type: "string", id: 3 },
        boolValue: { type: "bool", id: 4 },
        structValue: { type: "Struct", id: 5 },
        listValue: { type: "ListValue", id: 6 },
      },
    },
    ListValue: { fields: { values: repeated("Value", 1) } },
    AuditData: { fields: { policyDelta: { type: "PolicyDelta", id: 2 } } },
    PolicyDelta: {
      fields: {
        bindingDeltas: repeated("BindingDelta", 1),
        auditConfigDeltas: repeated("AuditConfigDelta", 2),
      },
    },
    Action: { values: { ACTION_UNSPECIFIED: 0, ADD: 1, REMOVE: 2 } },
    BindingDelta: {
      fields: {
        action: { type: "Action", id: 1 },
        role: { type: "string", id: 2 },
        member: { type: "string", id: 3 },
      },
    },
    AuditConfigDelta: {
      fields: {
        action: { type: "Action", id: 1 },
        service: { type: "string", id: 2 },
        exemptedMember: { type: "string", id: 3 },
        logType: { type: "string", id: 4 },
      },
    },
  },
});

const AuditLog = root.lookupType("AuditLog");
const AuditData = root.lookupType("AuditData");

interface Decoded {
  readonly request?: Struct;
  readonly response?: Struct;
  readonly serviceData?: { readonly typeUrl?: string; readonly value?: Uint8Array };
}

interface Struct {
  readonly fields?: Readonly<Record<string, Value>>;
}

interface Value {
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: Struct;
  readonly listValue?: { readonly values?: readonly Value[] };
}

/** `protoPayload`. Throws where the bytes are no such message. */
export function decodeAuditLog(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const { request, response, serviceData, ...others } = plain<Decoded>(AuditLog, bytes);
  return {
    ...others,
    ...(request ? { request: fromStruct(request) } : {}),
    ...(response ? { response: fromStruct(response) } : {}),
    // What else services put there has no type that is known here.
    ...(serviceData?.value && /\/google\.iam\.v1\.logging\.AuditData$/.test(serviceData.typeUrl ?? "")
      ? { serviceData: plain(AuditData, serviceData.value) }
      : {}),
  };
}

const plain = <T>(type: protobuf.Type, bytes: Uint8Array): T =>
  type.toObject(type.decode(bytes), { enums: String }) as T;

const fromStruct = ({ fields = {} }: Struct): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fromValue(value)]));

function fromValue({ structValue, listValue, stringValue, numberValue, boolValue }: Value): unknown {
  if (structValue) return fromStruct(structValue);
  if (listValue) return (listValue.values ?? []).map(fromValue);
  return stringValue ?? numberValue ?? boolValue ?? null;
}
