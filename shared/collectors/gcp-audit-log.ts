/**
 * Google's audit logs as gRPC carries them, as the JSON that exports, sinks and `gcp.audit` have: a log entry holds
 * its payload as bytes of another message, which the SDK does not know.
 *
 * Field numbers: googleapis/googleapis (2026-08), google/cloud/audit/audit_log.proto, google/protobuf/struct.proto,
 * google/iam/v1/logging/audit_data.proto, google/iam/v1/policy.proto. What is not named here is not even decoded.
 * Limits: `oauthInfo`, which JSON has, has no public number.
 */
import type { Type } from "protobufjs/light.js";
import { protobufRoot } from "../reading/protobuf.ts";

const root = protobufRoot({
  messages: {
    AuditLog: {
      status: "Status 2",
      authenticationInfo: "AuthenticationInfo 3",
      requestMetadata: "RequestMetadata 4",
      serviceName: "string 7",
      methodName: "string 8",
      resourceName: "string 11",
      serviceData: "Any 15",
      request: "Struct 16",
      response: "Struct 17",
    },
    Status: { code: "int32 1" },
    AuthenticationInfo: {
      principalEmail: "string 1",
      serviceAccountKeyName: "string 5",
      serviceAccountDelegationInfo: "repeated ServiceAccountDelegationInfo 6",
      principalSubject: "string 8",
    },
    ServiceAccountDelegationInfo: { firstPartyPrincipal: "FirstPartyPrincipal 1", principalSubject: "string 3" },
    FirstPartyPrincipal: { principalEmail: "string 1" },
    RequestMetadata: { callerIp: "string 1", callerSuppliedUserAgent: "string 2" },
    Any: { typeUrl: "string 1", value: "bytes 2" },
    Struct: { fields: "map<string, Value> 1" },
    Value: {
      nullValue: "int32 1",
      numberValue: "double 2",
      stringValue: "string 3",
      boolValue: "bool 4",
      structValue: "Struct 5",
      listValue: "ListValue 6",
    },
    ListValue: { values: "repeated Value 1" },
    AuditData: { policyDelta: "PolicyDelta 2" },
    PolicyDelta: { bindingDeltas: "repeated BindingDelta 1", auditConfigDeltas: "repeated AuditConfigDelta 2" },
    BindingDelta: { action: "Action 1", role: "string 2", member: "string 3" },
    AuditConfigDelta: { action: "Action 1", service: "string 2", exemptedMember: "string 3", logType: "string 4" },
  },
  choices: ["Value"],
  enums: { Action: { ACTION_UNSPECIFIED: 0, ADD: 1, REMOVE: 2 } },
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

const plain = <T>(type: Type, bytes: Uint8Array): T => type.toObject(type.decode(bytes), { enums: String }) as T;

const fromStruct = ({ fields = {} }: Struct): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fromValue(value)]));

function fromValue({ structValue, listValue, stringValue, numberValue, boolValue }: Value): unknown {
  if (structValue) return fromStruct(structValue);
  if (listValue) return (listValue.values ?? []).map(fromValue);
  return stringValue ?? numberValue ?? boolValue ?? null;
}
