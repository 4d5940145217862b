import { describe, expect, it } from "vitest";
import { mergeActivities } from "../model/merge.ts";
import { gcpAudit } from "./gcp-audit.ts";

const VERTEX = "aiplatform.googleapis.com";
const PREDICTION = "google.cloud.aiplatform.v1.PredictionService";
const GEMINI_FLASH = "projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash";

const entry = (payload: object = {}, envelope: object = {}) => ({
  logName: "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access",
  insertId: "insert-1",
  timestamp: "2026-05-06T05:52:00.360468025Z",
  ...envelope,
  protoPayload: {
    "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
    serviceName: VERTEX,
    methodName: `${PREDICTION}.GenerateContent`,
    resourceName: GEMINI_FLASH,
    ...payload,
  },
});

function activitiesOf(record: unknown) {
  const reading = gcpAudit.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}
function told(payload: object = {}, envelope: object = {}) {
  const [activity] = activitiesOf(entry(payload, envelope));
  return activity ?? expect.fail("no activity");
}
const detailsOf = (payload: object) => activitiesOf(entry(payload)).map(({ detail }) => detail);

describe("gcp.audit", () => {
  it("gives an entry one uid whichever sink delivered it, and another to every other entry", () => {
    const { uid } = told();
    expect(told({}, { receiveTimestamp: "2026-05-06T06:00:00Z" }).uid).toBe(uid);
    for (const other of [
      { insertId: "insert-2" },
      { timestamp: "2026-05-06T05:52:01Z" },
      { logName: "projects/q/logs/cloudaudit.googleapis.com%2Fdata_access" },
    ])
      expect(told({}, other).uid).not.toBe(uid);
  });

  it("counts a stream once: its first and last entry have one uid, and the last tells the outcome", () => {
    const operation = { id: "op-1", producer: VERTEX };
    const methodName = `${PREDICTION}.StreamGenerateContent`;
    const first = told({ methodName }, { operation: { ...operation, first: true } });
    const last = told(
      { methodName },
      { operation: { ...operation, last: true }, insertId: "insert-2", timestamp: "2026-05-06T05:56:30Z" },
    );
    expect(first.outcome).toBeUndefined();
    expect(last.outcome).toEqual({ status: "success" });
    expect(mergeActivities(last, first)).toMatchObject({
      count: 1,
      startTime: Date.parse("2026-05-06T05:52:00.360Z"),
      endTime: Date.parse("2026-05-06T05:56:30Z"),
      outcome: { status: "success" },
    });
  });

  it("does not wait for a last entry where the first is the last, or has failed", () => {
    const both = { operation: { id: "op-1", first: true, last: true } };
    expect(told({}, both).outcome).toEqual({ status: "success" });
    const begun = { operation: { id: "op-1", first: true } };
    expect(told({ status: { code: 7 } }, begun).outcome).toMatchObject({ reason: "denied" });
  });

  it("keeps entries apart that only share an operation's id", () => {
    const shared = { operation: { id: "trace-1" } };
    expect(told({}, shared).uid).not.toBe(told({}, { ...shared, insertId: "insert-2" }).uid);
  });

  it.each([
    [undefined, { status: "success" }],
    [0, { status: "success" }],
    [3, { status: "failure", reason: "invalid", code: "3" }],
    [5, { status: "failure", reason: "error", code: "5" }],
    [7, { status: "failure", reason: "denied", code: "7" }],
    [8, { status: "failure", reason: "throttled", code: "8" }],
    [9, { status: "failure", reason: "invalid", code: "9" }],
    [10, { status: "failure", reason: "error", code: "10" }],
    [11, { status: "failure", reason: "invalid", code: "11" }],
    [14, { status: "failure", reason: "error", code: "14" }],
    [16, { status: "failure", reason: "denied", code: "16" }],
  ])("reads status code %s as %j", (code, outcome) => {
    expect(told({ status: { code } }).outcome).toEqual(outcome);
  });

  it("takes ABORTED for the normal end of a bidirectional stream", () => {
    const methodName = "google.cloud.aiplatform.v1beta1.LlmBidiService.BidiGenerateContent";
    expect(told({ methodName, status: { code: 10 } }).outcome).toEqual({ status: "success" });
    expect(told({ methodName, status: { code: 14 } }).outcome?.status).toBe("failure");
  });

  it.each([
    ["GenerateContent", GEMINI_FLASH, "generate_content"],
    ["StreamGenerateContent", GEMINI_FLASH, "generate_content"],
    ["EmbedContent", GEMINI_FLASH, "embeddings"],
    ["ChatCompletions", "projects/p/locations/global/endpoints/openapi", "chat"],
    ["Predict", "publishers/google/models/text-embedding-005", "embeddings"],
    ["Predict", "publishers/google/models/textembedding-gecko@003", "embeddings"],
    ["Predict", "publishers/google/models/imagen-4.0-generate-001", "image_generation"],
    ["PredictLongRunning", "publishers/google/models/veo-3.0-generate-001", "video_generation"],
    ["RawPredict", "publishers/anthropic/models/claude-sonnet-4-5@20250929", "chat"],
    ["StreamRawPredict", "publishers/mistralai/models/mistral-large-2411", "chat"],
    ["RawPredict", "publishers/intfloat/models/multilingual-e5-large", "embeddings"],
    ["Predict", "projects/p/locations/us-central1/endpoints/42", undefined],
    ["Predict", "publishers/google/models/lyria-002", undefined],
  ])("names %s of %s %s", (method, resourceName, operationName) => {
    expect(told({ methodName: `${PREDICTION}.${method}`, resourceName }).operationName).toBe(operationName);
  });

  it.each([
    [VERTEX, "google.cloud.aiplatform.v1.LlmUtilityService.CountTokens"],
    [VERTEX, "google.cloud.aiplatform.v1.EndpointService.ListEndpoints"],
    [VERTEX, "google.cloud.aiplatform.v1.PredictionService.FetchPredictOperation"],
    ["generativelanguage.googleapis.com", "google.ai.generativelanguage.v1beta.ModelService.ListModels"],
    ["cloudaicompanion.googleapis.com", "google.cloud.cloudaicompanion.v1.EntitlementService.CheckStatus"],
    ["discoveryengine.googleapis.com", "google.cloud.discoveryengine.v1.CompletionService.CompleteQuery"],
    ["modelarmor.googleapis.com", "google.cloud.modelarmor.v1.ModelArmor.SanitizeUserPrompt"],
    ["compute.googleapis.com", "v1.compute.instances.insert"],
  ])("takes nothing from %s %s", (serviceName, methodName) => {
    expect(activitiesOf(entry({ serviceName, methodName }))).toEqual([]);
  });

  it("keeps of other services' entries nothing but what they are", () => {
    const cut = gcpAudit.trim(entry({ serviceName: "storage.googleapis.com", methodName: "storage.objects.get" }));
    expect(cut).toMatchObject({ record: { protoPayload: { serviceName: "storage.googleapis.com" } } });
    expect(JSON.stringify(cut)).not.toContain("gemini");
  });

  it.each([
    ["locations/europe-west4", { requested: "europe-west4", scope: "regional" }],
    ["locations/global", { requested: "global", scope: "global" }],
    ["locations/eu", { requested: "eu", scope: "geography", geography: "eu" }],
    ["locations/us", { requested: "us", scope: "geography", geography: "us" }],
    ["locations/-", undefined],
    ["nowhere", undefined],
  ])("reads the region of %s as %j", (location, region) => {
    expect(
      told({ resourceName: `projects/p/${location}/publishers/google/models/gemini-2.5-pro` }).region,
    ).toEqual(region);
  });

  it("takes the Gemini API, which knows no locations, to run anywhere", () => {
    const activity = told({
      serviceName: "generativelanguage.googleapis.com",
      methodName: "google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent",
      resourceName: "",
      request: { model: "models/gemini-2.5-flash" },
    });
    expect(activity).toMatchObject({
      provider: "gcp.gemini",
      region: { scope: "global" },
      model: { name: "google/gemini-2.5-flash" },
    });
  });

  it("tells a deployment from the endpoint that is everybody's", () => {
    const at = (endpoint: string) =>
      told({ resourceName: `projects/p/locations/us-central1/endpoints/${endpoint}` });
    expect(at("42").deployment).toMatchObject({ name: "42", type: "endpoint" });
    expect(at("42").model).toBeUndefined();
    expect(at("openapi").deployment).toBeUndefined();
  });

  const app = "app@p.iam.gserviceaccount.com";
  const callerOf = (authenticationInfo: object) => {
    const { actor, credential } = told({ authenticationInfo });
    return { actor, credential };
  };

  it.each([
    ["robin@example.com", "human"],
    [app, "workload"],
    ["100000000001-compute@developer.gserviceaccount.com", "workload"],
    ["service-100000000001@gcp-sa-aiplatform.iam.gserviceaccount.com", "service"],
    ["100000000001@cloudservices.gserviceaccount.com", "service"],
  ])("takes %s for a %s", (principalEmail, type) => {
    expect(callerOf({ principalEmail }).actor).toEqual({ uid: principalEmail, type });
  });

  it("knows a service account by one uid, by its address or as a subject", () => {
    expect(callerOf({ principalSubject: `serviceAccount:${app}` }).actor).toEqual(
      callerOf({ principalEmail: app }).actor,
    );
  });

  it("reads people and workloads of identity pools", () => {
    const pool = "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/kim@example.com";
    expect(callerOf({ principalSubject: pool }).actor).toEqual({
      uid: pool,
      name: "kim@example.com",
      type: "human",
    });
    const workload =
      "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/subject/repo:x";
    expect(callerOf({ principalSubject: workload }).actor?.type).toBe("workload");
  });

  it("names who acts through a service account, and the account as issuer", () => {
    expect(
      callerOf({
        principalEmail: app,
        serviceAccountDelegationInfo: [{ principalSubject: "user:sam@example.com" }, { principalSubject: "x" }],
      }),
    ).toEqual({
      actor: { uid: "sam@example.com", type: "human", issuerUid: app },
      credential: { type: "temporary" },
    });
  });

  it("looks through the service agents of a delegation", () => {
    const agent = {
      firstPartyPrincipal: { principalEmail: "service-1@serverless-robot-prod.iam.gserviceaccount.com" },
    };
    const through = callerOf({ principalEmail: app, serviceAccountDelegationInfo: [agent] });
    expect(through.actor).toEqual({ uid: app, type: "workload" });
  });

  it("tells a service account's long-lived key from a token, and says nothing of a person's", () => {
    const serviceAccountKeyName = `//iam.googleapis.com/projects/-/serviceAccounts/${app}/keys/1`;
    expect(callerOf({ principalEmail: app, serviceAccountKeyName }).credential).toEqual({
      uid: `projects/-/serviceAccounts/${app}/keys/1`,
      type: "long-term",
    });
    expect(callerOf({ principalEmail: app }).credential).toEqual({ type: "temporary" });
    expect(callerOf({ principalEmail: "robin@example.com" }).credential).toBeUndefined();
    expect(callerOf({}).actor).toBeUndefined();
  });

  it("leaves out addresses that are words", () => {
    const ipOf = (callerIp: string) => told({ requestMetadata: { callerIp } }).network?.ip;
    expect(ipOf("203.0.113.7")).toBe("203.0.113.7");
    expect(ipOf("2001:db8::7")).toBe("2001:db8::7");
    for (const word of ["private", "gce-internal-ip", ""]) expect(ipOf(word)).toBeUndefined();
  });

  it("takes the project from the log, else from the label, and the organization from its own log", () => {
    const resource = { labels: { project_id: "labelled" } };
    expect(told({}, { resource }).account).toEqual({ uid: "p" });
    const logName = "organizations/123/logs/cloudaudit.googleapis.com%2Fdata_access";
    expect(told({}, { resource, logName })).toMatchObject({
      account: { uid: "labelled" },
      organization: { uid: "123" },
    });
  });

  const usage = { serviceName: "serviceusage.googleapis.com" };
  const enable = "google.api.serviceusage.v1.ServiceUsage.EnableService";

  it("takes the enabling of an AI service for a change, each of a batch by itself", () => {
    const named = (service: string) => ({
      ...usage,
      methodName: enable,
      resourceName: `projects/1/services/${service}`,
    });
    expect(told(named("generativelanguage.googleapis.com"))).toMatchObject({
      provider: "gcp.gemini",
      detail: { object: "service", action: "enable" },
    });
    expect(activitiesOf(entry(named("compute.googleapis.com")))).toEqual([]);
    const methodName = enable.replace("EnableService", "BatchEnableServices");
    const serviceIds = [VERTEX, "compute.googleapis.com", "claude.googleapis.com"];
    const batch = activitiesOf(
      entry({ ...usage, methodName, resourceName: "projects/1", request: { serviceIds } }),
    );
    expect(batch.map(({ provider }) => provider)).toEqual(["gcp.vertex_ai", "gcp.claude_platform"]);
    expect(new Set(batch.map(({ uid }) => uid)).size).toBe(2);
  });

  const keys = { serviceName: "apikeys.googleapis.com", resourceName: "projects/1" };
  const createKey = { ...keys, methodName: "google.api.apikeys.v2.ApiKeys.CreateKey" };
  const updateKey = { ...keys, methodName: "google.api.apikeys.v2.ApiKeys.UpdateKey" };
  const restrictedTo = (service: string) => ({ restrictions: { apiTargets: [{ service }] } });

  it("takes an API key for AI where it opens an AI service or every service", () => {
    const created = (key: object) => detailsOf({ ...createKey, request: { key } });
    expect(created(restrictedTo("generativelanguage.googleapis.com"))).toMatchObject([
      { after: { restricted: true } },
    ]);
    expect(created({})).toMatchObject([{ object: "key", action: "create", after: { restricted: false } }]);
    expect(created({})[0]?.weakens).toBeUndefined();
    expect(created(restrictedTo("maps-backend.googleapis.com"))).toEqual([]);
  });

  it("takes a key whose restrictions were removed for weakened, and leaves other changes of a key alone", () => {
    const updated = (updateMask: unknown, key: object) =>
      detailsOf({ ...updateKey, request: { updateMask, key } });
    expect(updated("restrictions", {})).toMatchObject([{ weakens: true }]);
    expect(updated({ paths: ["restrictions"] }, restrictedTo(VERTEX))).toMatchObject([{ weakens: false }]);
    expect(updated("displayName", {})).toEqual([]);
  });

  const policy = (policyDelta: object) => ({
    serviceName: "cloudresourcemanager.googleapis.com",
    methodName: "SetIamPolicy",
    resourceName: "projects/p",
    serviceData: { policyDelta },
  });

  it.each([
    [{ action: "ADD", service: VERTEX, logType: "DATA_READ" }, "enable", false],
    [{ action: "REMOVE", service: VERTEX, logType: "DATA_READ" }, "disable", true],
    [{ action: "ADD", service: "allServices", logType: "DATA_READ", exemptedMember: "user:x" }, "update", true],
    [{ action: "REMOVE", service: VERTEX, logType: "DATA_READ", exemptedMember: "user:x" }, "update", false],
  ])("reads the audit config change %j as %s, weakened: %s", (delta, action, weakens) => {
    expect(detailsOf(policy({ auditConfigDeltas: [delta] }))).toMatchObject([
      { object: "logging", action, weakens },
    ]);
  });

  it("takes roles and audit configs of other services for nothing", () => {
    const bindingDeltas = [{ action: "ADD", role: "roles/viewer", member: "user:x" }];
    const auditConfigDeltas = [{ action: "REMOVE", service: "storage.googleapis.com", logType: "DATA_READ" }];
    expect(detailsOf(policy({ bindingDeltas, auditConfigDeltas }))).toEqual([]);
  });

  it("takes a role for AI for a change of its own", () => {
    const bindingDeltas = ["ADD", "REMOVE"].map((action) => ({
      action,
      role: "roles/aiplatform.user",
      member: "user:x",
    }));
    const both = activitiesOf(entry(policy({ bindingDeltas })));
    expect(both.map(({ detail }) => detail?.action)).toEqual(["create", "delete"]);
    expect(new Set(both.map(({ uid }) => uid)).size).toBe(2);
  });

  it.each([
    [{ enabled: true, samplingRate: 1 }, false],
    [{ enabled: false }, true],
    [{}, true],
    [undefined, undefined],
  ])("reads request logging %j as weakened: %s", (loggingConfig, weakens) => {
    const [detail] = detailsOf({
      methodName: "google.cloud.aiplatform.v1beta1.EndpointService.SetPublisherModelConfig",
      request: { publisherModelConfig: { loggingConfig } },
    });
    expect(detail).toMatchObject({ object: "logging", action: "update" });
    expect(detail?.weakens).toBe(weakens);
  });

  const routing = (method: string, resourceName: string, request: object = {}) =>
    detailsOf({
      serviceName: "logging.googleapis.com",
      methodName: `google.logging.v2.ConfigServiceV2.${method}`,
      resourceName,
      request,
    }).map((detail) => detail?.weakens ?? "unsaid");
  const aboutAi = `protoPayload.serviceName="${VERTEX}"`;

  it.each([
    ["DeleteSink", "projects/p/sinks/vertex-audit", {}, [true]],
    ["DeleteSink", "projects/p/sinks/ai", {}, [true]],
    ["DeleteSink", "projects/p/sinks/billing-email", {}, []],
    ["CreateSink", "projects/p", { sink: { filter: aboutAi } }, [false]],
    ["UpdateSink", "projects/p/sinks/all", { sink: { filter: aboutAi } }, ["unsaid"]],
    ["UpdateSink", "projects/p/sinks/all", { sink: { filter: aboutAi, disabled: true } }, [true]],
    ["UpdateSink", "projects/p/sinks/all", { sink: { exclusions: [{ filter: aboutAi }] } }, [true]],
    ["UpdateSink", "projects/p/sinks/all", { sink: { exclusions: [{ filter: "severity<ERROR" }] } }, []],
    ["CreateExclusion", "projects/p", { exclusion: { filter: aboutAi } }, [true]],
    ["UpdateExclusion", "projects/p/exclusions/x", { exclusion: { filter: aboutAi, disabled: true } }, [false]],
    ["DeleteExclusion", "projects/p/exclusions/gemini", {}, [false]],
    ["GetSink", "projects/p/sinks/vertex-audit", {}, []],
  ])("reads %s of %s with %j as weakened: %j", (method, resourceName, request, weakens) => {
    expect(routing(method, resourceName, request)).toEqual(weakens);
  });

  it.each([
    ["DeleteTemplate", {}, true],
    ["UpdateTemplate", {}, undefined],
    ["UpdateFloorSetting", { floorSetting: { enableFloorSettingEnforcement: false } }, true],
    ["UpdateFloorSetting", { floorSetting: { enableFloorSettingEnforcement: true } }, false],
  ])("reads Model Armor's %s with %j as weakened: %s", (method, request, weakens) => {
    const [detail] = detailsOf({
      serviceName: "modelarmor.googleapis.com",
      methodName: `google.cloud.modelarmor.v1.ModelArmor.${method}`,
      request,
    });
    expect(detail?.object).toBe("guardrail");
    expect(detail?.weakens).toBe(weakens);
  });

  it("reads which constraint on models was lifted, and leaves other constraints out", () => {
    const lifted = (constraint: string) =>
      detailsOf({
        serviceName: "orgpolicy.googleapis.com",
        methodName: "google.cloud.orgpolicy.v2.OrgPolicy.DeletePolicy",
        resourceName: `projects/p/policies/${constraint}`,
      });
    expect(lifted("vertexai.allowedModels")).toMatchObject([{ object: "model-availability", weakens: true }]);
    expect(lifted("compute.vmExternalIpAccess")).toEqual([]);
  });

  it("tells a change of an endpoint's logging from a change of the endpoint", () => {
    const updated = (updateMask: string) =>
      detailsOf({
        methodName: "google.cloud.aiplatform.v1.EndpointService.UpdateEndpoint",
        request: { updateMask },
      })[0];
    expect(updated("predictRequestResponseLoggingConfig")?.object).toBe("logging");
    expect(updated("predict_request_response_logging_config.enabled")?.object).toBe("logging");
    expect(updated("trafficSplit")?.object).toBe("deployment");
  });

  it("takes nothing for weakened where the act failed", () => {
    const [detail] = detailsOf({
      serviceName: "modelarmor.googleapis.com",
      methodName: "google.cloud.modelarmor.v1.ModelArmor.DeleteTemplate",
      status: { code: 7 },
    });
    expect(detail?.weakens).toBeUndefined();
  });

  it("recognises audit logs by their name, and no other log of Google Cloud", () => {
    expect(gcpAudit.recognises(entry())).toBe(true);
    expect(gcpAudit.recognises(entry({}, { logName: "projects/p/logs/cloudaudit.googleapis.com/activity" }))).toBe(
      true,
    );
    expect(gcpAudit.recognises(entry({}, { logName: "projects/p/logs/run.googleapis.com%2Frequests" }))).toBe(
      false,
    );
  });

  it("rejects an entry whose timestamp is no time", () => {
    expect(gcpAudit.read(entry({}, { timestamp: "now" }))).toEqual({
      rejected: "timestamp: expected an ISO 8601 time",
    });
  });
});
