import { describe, expect, it } from "vitest";
import type { Activity } from "../model/activity.ts";
import { ociAudit } from "./oci-audit.ts";

const dataOf = (eventName: string, data: object = {}) => ({
  eventName,
  compartmentId: "ocid1.compartment.oc1..one",
  identity: { principalId: "ocid1.user.oc1..ines" },
  response: { status: "200" },
  ...data,
});

const event = (service: string, eventName: string, data: object = {}) => ({
  eventType: `com.oraclecloud.${service}.${eventName}`,
  eventId: "event-1",
  eventTime: "2026-01-05T10:00:00Z",
  data: dataOf(eventName, data),
});

function activitiesOf(record: unknown): readonly Activity[] {
  const reading = ociAudit.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}

const activityOf = (record: unknown): Activity => activitiesOf(record)[0] ?? expect.fail("no activity");
const inference = (eventName: string, data?: object) =>
  activityOf(event("generativeaiinference", eventName, data));

describe("oci.audit", () => {
  it("reads the same from every envelope", () => {
    const first = event("generativeaiinference", "Chat");
    const { eventType: type, eventId: id, eventTime: time, data } = first;
    const second = { specversion: "1.0", dataschema: "2.0", type, id, time, data };
    const printed = {
      "event-type": type,
      "event-id": id,
      "event-time": time,
      data: {
        "event-name": "Chat",
        "compartment-id": data.compartmentId,
        identity: { "principal-id": data.identity.principalId },
        response: data.response,
      },
    };
    for (const other of [second, { datetime: 1, logContent: second }, printed]) {
      expect(ociAudit.recognises(other)).toBe(true);
      expect(ociAudit.read(other)).toEqual(ociAudit.read(first));
      expect(ociAudit.trim(other)).toEqual(ociAudit.trim(first));
    }
  });

  it("takes inference for a call, by the service, the operation or the path", () => {
    const called = (service: string, eventName: string, path?: string, action = "POST") => {
      const { kind, operationName } = activityOf(event(service, eventName, { request: { path, action } }));
      return [kind, operationName];
    };
    expect(called("generativeaiinference", "Chat")).toEqual(["call", "chat"]);
    expect(called("generativeaiinference", "GenerateText")).toEqual(["call", "text_completion"]);
    expect(called("generativeaiinference", "EmbedText")).toEqual(["call", "embeddings"]);
    expect(called("generativeaiinference", "RerankText")).toEqual(["call", "rerank"]);
    expect(called("generativeaiinference", "ApplyGuardrails")).toEqual(["call", "moderation"]);
    expect(called("generativeaiagentruntime", "Chat")).toEqual(["call", "invoke_agent"]);
    expect(called("generativeAi", "Post", "/20231130/actions/v1/chat/completions")).toEqual(["call", "chat"]);
    expect(called("generativeaiinference", "Dance")).toEqual(["call", undefined]);
    expect(called("generativeaiinference", "Models", "/20231130/actions/v1/models", "GET")[0]).toBe("change");
    expect(called("generativeaiagentruntime", "CreateSession")[0]).toBe("change");
    expect(called("generativeai", "CreateModel")[0]).toBe("change");
  });

  it("says nothing about other services", () => {
    expect(activitiesOf(event("ComputeApi", "LaunchInstance"))).toEqual([]);
  });

  it("leaves other logs of the Logging service to others", () => {
    const flow = {
      specversion: "1.0",
      type: "com.oraclecloud.vcn.flowlogs.DataEvent",
      id: "1",
      time: "",
      data: {},
    };
    expect(ociAudit.recognises({ logContent: flow })).toBe(false);
  });

  it("names the changes", () => {
    const changes = [
      ["CreateApiKey", "key", "create", "ApiKey"],
      ["CreateDedicatedAiCluster", "capacity", "create", "DedicatedAiCluster"],
      ["UpdateEndpoint", "deployment", "update", "Endpoint"],
      ["DeleteModel", "custom-model", "delete", "Model"],
      ["CreateGenerativeAiPrivateEndpoint", "network", "create", "GenerativeAiPrivateEndpoint"],
      ["CreateAgentEndpoint", "service", "create", "AgentEndpoint"],
      ["ListModels", "custom-model", "read", "Models"],
      ["Dance", "other", "other", undefined],
    ];
    expect(
      changes.map(([name = ""]) => {
        const detail = activityOf(event("generativeai", name)).detail;
        return [name, detail?.object, detail?.action, detail?.target?.type];
      }),
    ).toEqual(changes);
  });

  it("takes 404 for a refusal, as Oracle answers those who may not know", () => {
    const outcomeOf = (status: unknown) => inference("Chat", { response: { status } }).outcome;
    expect(outcomeOf("200")).toEqual({ status: "success" });
    expect(outcomeOf(399)).toEqual({ status: "success" });
    expect(outcomeOf("400")).toEqual({ status: "failure", reason: "invalid", code: "400" });
    expect(outcomeOf("401")).toEqual({ status: "failure", reason: "denied", code: "401" });
    expect(outcomeOf("404")).toEqual({ status: "failure", reason: "denied", code: "404" });
    expect(outcomeOf("429")).toEqual({ status: "failure", reason: "throttled", code: "429" });
    expect(outcomeOf("499")).toEqual({ status: "failure", reason: "invalid", code: "499" });
    expect(outcomeOf(500)).toEqual({ status: "failure", reason: "error", code: "500" });
    expect(outcomeOf(null)).toBeUndefined();
  });

  it("keeps the fingerprint of a signing key, never a token", () => {
    const fingerprint = "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff";
    const credentialOf = (identity: object) => inference("Chat", { identity }).credential;
    expect(credentialOf({ credentials: `ocid1.tenancy/ocid1.user/${fingerprint}` })).toEqual({
      uid: fingerprint,
      type: "long-term",
    });
    expect(credentialOf({ credentials: "ST$eyJhbGciOiJSUzI1NiJ9.CANARY", authType: "instance" })).toEqual({
      type: "temporary",
    });
    expect(credentialOf({ consoleSessionId: "csid1" })).toEqual({ type: "console" });
    expect(credentialOf({})).toBeUndefined();
  });

  it("tells people from workloads by their OCID", () => {
    const typeOf = (principalId?: string, authType?: string) =>
      inference("Chat", { identity: { principalId, authType, principalName: "somebody" } }).actor?.type;
    expect(typeOf("ocid1.user.oc1..ines")).toBe("human");
    expect(typeOf("ocid1.saml2idp.oc1..idp/ines@birch.example")).toBe("human");
    expect(typeOf("ocid1.instance.oc1.iad.one")).toBe("workload");
    expect(typeOf(undefined, "resource")).toBe("workload");
    expect(typeOf("ocid1.tenancy.oc1..one")).toBeUndefined();
    expect(typeOf()).toBeUndefined();
  });

  it("finds the region in the host, else in the resource, else nowhere", () => {
    const regionOf = (host?: string, resourceId?: string) =>
      inference("Chat", { resourceId, request: { headers: { host: [host] } } }).region?.requested;
    const endpoint = "ocid1.generativeaiendpoint.oc1.eu-frankfurt-1.one";
    expect(regionOf("inference.generativeai.us-chicago-1.oci.oraclecloud.com", endpoint)).toBe("us-chicago-1");
    expect(regionOf("(redacted)", endpoint)).toBe("eu-frankfurt-1");
    expect(regionOf("(redacted)", "ocid1.generativeaimodel.oc1..one")).toBeUndefined();
  });

  it("takes the begin and the end of a long operation for one act", () => {
    const [begin, end, other] = ["begin", "end", "end"].map((part, index) =>
      activityOf({
        ...event("generativeai", "CreateModel", { eventGroupingId: `group-${index === 2 ? 2 : 1}` }),
        eventType: `com.oraclecloud.generativeai.CreateModel.${part}`,
        eventId: `event-${index}`,
      }),
    );
    expect(begin?.uid).toBe(end?.uid);
    expect(other?.uid).not.toBe(end?.uid);
  });
});
