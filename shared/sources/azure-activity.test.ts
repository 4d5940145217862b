import { describe, expect, it } from "vitest";
import { mergeActivities } from "../model/merge.ts";
import { azureActivity } from "./azure-activity.ts";

const GROUP = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-example";
const ACCOUNT = `${GROUP}/providers/Microsoft.CognitiveServices/accounts/example`;
const COGNITIVE = "Microsoft.CognitiveServices/accounts";

interface Told {
  readonly operation?: string;
  readonly resource?: string;
  readonly state?: string;
  readonly signature?: string;
  readonly request?: unknown;
  readonly response?: unknown;
  readonly claims?: object;
  readonly evidence?: object;
}

const event = ({ operation, resource, state, signature, request, response, claims, evidence }: Told = {}) => ({
  time: "2026-05-04T09:00:00.1234567Z",
  resourceId: resource ?? ACCOUNT,
  operationName: operation ?? `${COGNITIVE}/listKeys/action`,
  category: "Administrative",
  resultType: state ?? "Success",
  resultSignature: signature ?? "Succeeded.OK",
  correlationId: "corr-1",
  identity: { claims, authorization: { evidence } },
  properties: {
    ...(request !== undefined && { requestbody: typeof request === "string" ? request : JSON.stringify(request) }),
    ...(response !== undefined && { responseBody: JSON.stringify(response) }),
  },
});

function activitiesOf(record: unknown) {
  const reading = azureActivity.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}
function told(record: Told) {
  const [activity] = activitiesOf(event(record));
  return activity ?? expect.fail("no activity");
}

const write = `${COGNITIVE}/write`;
const deploy = `${COGNITIVE}/deployments/write`;
const log = {
  operation: "Microsoft.Insights/diagnosticSettings/write",
  resource: `${ACCOUNT}/providers/microsoft.insights/diagnosticSettings/siem`,
};
const filter = { operation: `${COGNITIVE}/raiPolicies/write`, resource: `${ACCOUNT}/raiPolicies/strict` };

describe("azure.activity", () => {
  it.each(["Start", "Started", "Accept", "Accepted", "In Progress"])(
    "takes nothing from a row %s without a body",
    (state) => {
      expect(activitiesOf(event({ state }))).toEqual([]);
    },
  );

  it("takes nothing from what neither began nor ended", () => {
    expect(activitiesOf(event({ state: "Active" }))).toEqual([]);
  });

  it("joins the body of the first row and the outcome of the last under one uid", () => {
    const request = {
      sku: { name: "GlobalStandard" },
      properties: { model: { name: "gpt-4o", version: "2024-11-20" } },
    };
    const first = told({ operation: deploy, state: "Start", signature: "Started.", request });
    const last = told({
      operation: deploy.toUpperCase(),
      resource: ACCOUNT.toUpperCase(),
      signature: "Succeeded.Created",
    });
    expect(first.outcome).toBeUndefined();
    expect(last.detail?.after).toBeUndefined();
    expect(mergeActivities(first, last)).toMatchObject({
      outcome: { status: "success", code: "Created" },
      model: { name: "openai/gpt-4o" },
      region: { scope: "global" },
      detail: { object: "deployment", action: "create", after: { sku: "GlobalStandard", version: "2024-11-20" } },
    });
  });

  it("keeps operations apart by correlation, operation and resource", () => {
    const uids = [
      told({}),
      told({ operation: `${COGNITIVE}/delete` }),
      told({ resource: `${ACCOUNT}-2` }),
      activitiesOf({ ...event(), correlationId: "corr-2" })[0],
    ].map((activity) => activity?.uid);
    expect(new Set(uids).size).toBe(4);
  });

  it.each([
    ["GlobalStandard", "global"],
    ["GlobalBatch", "global"],
    ["GlobalProvisionedManaged", "global"],
    ["DeveloperTier", "global"],
    ["DataZoneStandard", "geography"],
    ["DataZoneProvisionedManaged", "geography"],
    ["Standard", "regional"],
    ["ProvisionedManaged", "regional"],
    ["Nonesuch", undefined],
  ])("takes a deployment of SKU %s to run in scope %s", (name, scope) => {
    expect(told({ operation: deploy, request: { sku: { name } } }).region?.scope).toBe(scope);
  });

  it("reads settings from what was sent, and from the answer what was not sent", () => {
    const { detail } = told({
      operation: deploy,
      request: { sku: { name: "Standard" } },
      response: { sku: { name: "standard", capacity: 5 }, properties: { raiPolicyName: "Microsoft.DefaultV2" } },
    });
    expect(detail?.after).toEqual({ sku: "Standard", capacity: 5, raiPolicy: "Microsoft.DefaultV2" });
  });

  it("loses the settings, not the record, to a body that makes no sense", () => {
    for (const request of ["{cut", "[]", "17", { sku: 17, properties: { model: "x", raiPolicyName: {} } }])
      expect(told({ operation: deploy, request }).detail?.after).toBeUndefined();
    expect(
      told({ operation: deploy, request: { sku: { name: "Standard", capacity: "many" } } }).detail?.after,
    ).toEqual({
      sku: "Standard",
    });
  });

  it.each([
    [{ publicNetworkAccess: "Enabled" }, "network", true],
    [{ publicNetworkAccess: "Enabled", networkAcls: { defaultAction: "Allow" } }, "network", true],
    [{ publicNetworkAccess: "Enabled", networkAcls: { defaultAction: "Deny" } }, "project", undefined],
    [{ publicNetworkAccess: "Disabled" }, "network", false],
    [{ publicNetworkAccess: "SecuredByPerimeter" }, "network", false],
    [{ networkAcls: { defaultAction: "Allow" } }, "network", true],
    [{ networkAcls: { defaultAction: "Deny" } }, "network", false],
    [{ disableLocalAuth: false }, "authentication", true],
    [{ disableLocalAuth: true }, "authentication", false],
    [{ disableLocalAuth: false, publicNetworkAccess: "Disabled" }, "authentication", true],
    [{ disableLocalAuth: true, publicNetworkAccess: "Enabled" }, "network", true],
    [{}, "project", undefined],
  ])("reads an account changed to %j as %s, weakened: %s", (properties, object, weakens) => {
    const { detail } = told({ operation: write, request: { properties } });
    expect(detail).toMatchObject({ object, action: "update" });
    expect(detail?.weakens).toBe(weakens);
  });

  it("does not take the defaults of a new account for a weakening", () => {
    const request = {
      location: "westeurope",
      properties: { publicNetworkAccess: "Enabled", disableLocalAuth: false },
    };
    const judged = (more: Told) => told({ operation: write, request, ...more }).detail;
    expect(judged({ signature: "Succeeded.Created" })).toMatchObject({ object: "project", action: "create" });
    expect(judged({ signature: "Succeeded.Created" })?.weakens).toBeUndefined();
    expect(judged({ state: "Start" })?.weakens).toBeUndefined();
    expect(judged({ signature: "Succeeded.OK" })).toMatchObject({ object: "network", weakens: true });
  });

  it("judges a change to a part of an account already by its first row", () => {
    const request = { properties: { disableLocalAuth: false } };
    const detail = { object: "authentication", weakens: true };
    expect(told({ operation: write, state: "Start", request })).toMatchObject({ detail });
  });

  it("does not take for meant what only the answer says of an account", () => {
    const response = { location: "westeurope", properties: { publicNetworkAccess: "Enabled" } };
    expect(told({ operation: write, request: { tags: {} }, response }).detail).toMatchObject({
      object: "project",
    });
  });

  it.each([
    [
      [
        { category: "Audit", enabled: true },
        { category: "RequestResponse", enabled: true },
      ],
      false,
    ],
    [[{ categoryGroup: "allLogs", enabled: true }], false],
    [
      [
        { categoryGroup: "allLogs", enabled: true },
        { categoryGroup: "audit", enabled: false },
      ],
      false,
    ],
    [[{ categoryGroup: "audit", enabled: true }], undefined],
    [
      [
        { category: "Audit", enabled: true },
        { category: "RequestResponse", enabled: false },
      ],
      true,
    ],
    [
      [
        { category: "Audit", enabled: false },
        { category: "RequestResponse", enabled: true },
      ],
      true,
    ],
    [[{ categoryGroup: "allLogs", enabled: false }], true],
    [[{ category: "Trace", enabled: false }], undefined],
    [[], undefined],
    [undefined, undefined],
  ])("reads diagnostic settings %j as weakened: %s", (logs, weakens) => {
    const { detail } = told({ ...log, request: { properties: { logs } } });
    expect(detail).toMatchObject({ object: "logging", action: "update" });
    expect(detail?.weakens).toBe(weakens);
  });

  it("takes the removal of an account's diagnostic setting for a weakening, and leaves other resources alone", () => {
    const operation = log.operation.replace("write", "delete");
    expect(told({ ...log, operation }).detail).toMatchObject({
      object: "logging",
      action: "delete",
      weakens: true,
    });
    const resource = `${GROUP}/providers/Microsoft.Storage/storageAccounts/x/providers/microsoft.insights/diagnosticSettings/y`;
    expect(activitiesOf(event({ operation, resource }))).toEqual([]);
    expect(activitiesOf(event({ ...log, resource }))).toEqual([]);
  });

  it.each([
    [{ name: "Hate", enabled: true, blocking: true, severityThreshold: "Medium" }, false],
    [{ name: "Hate", enabled: true, blocking: true, severityThreshold: "Low" }, false],
    [{ name: "Hate", enabled: true, blocking: true, severityThreshold: "High" }, true],
    [{ name: "Self_harm", enabled: true, blocking: false }, true],
    [{ name: "Jailbreak", enabled: false, blocking: true }, true],
    [{ name: "Protected Material Text", enabled: true, blocking: false }, true],
    [{ name: "Protected Material Code", enabled: true, blocking: false }, false],
    [{ name: "Indirect Attack", enabled: false, blocking: false }, false],
  ])("reads the content filter %j as weakened: %s", (contentFilter, weakens) => {
    const { detail } = told({ ...filter, request: { properties: { contentFilters: [contentFilter] } } });
    expect(detail).toMatchObject({ object: "guardrail", weakens });
  });

  it("takes nothing for weakened where the act failed", () => {
    const operation = `${COGNITIVE}/raiPolicies/delete`;
    expect(told({ ...filter, operation, state: "Failure" }).detail?.weakens).toBeUndefined();
  });

  it("says nothing of content filters that the record does not hold", () => {
    expect(told(filter).detail?.weakens).toBeUndefined();
    expect(told({ ...filter, operation: `${COGNITIVE}/raiPolicies/delete` }).detail).toMatchObject({
      object: "guardrail",
      action: "delete",
      weakens: true,
    });
  });

  it("knows a role for AI by its definition, and any role by an account as its scope", () => {
    const operation = "Microsoft.Authorization/roleAssignments/write";
    const assigned = (role: string, scope: string) =>
      activitiesOf(
        event({
          operation,
          resource: `${scope}/providers/Microsoft.Authorization/roleAssignments/a`,
          request: {
            Properties: { RoleDefinitionId: `/x/roleDefinitions/${role.toUpperCase()}`, PrincipalId: "p" },
          },
        }),
      )[0]?.detail?.after;
    const openAiUser = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd";
    const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    expect(assigned(openAiUser, GROUP)).toEqual({ role: "Cognitive Services OpenAI User", principal: "p" });
    expect(assigned(reader, ACCOUNT)).toEqual({ role: reader, principal: "p" });
    expect(assigned(reader, GROUP)).toBeUndefined();
  });

  it("takes an API behind a gateway for AI where its name, path or backend says so", () => {
    const changed = (name: string, properties: object) =>
      activitiesOf(
        event({
          operation: "Microsoft.ApiManagement/service/apis/write",
          resource: `${GROUP}/providers/Microsoft.ApiManagement/service/gw/apis/${name}`,
          request: { properties },
        }),
      ).length;
    expect(changed("orders", { serviceUrl: "https://example.openai.azure.com/openai" })).toBe(1);
    expect(changed("orders", { path: "llm/v1" })).toBe(1);
    expect(changed("azure-openai", {})).toBe(1);
    expect(changed("orders", { path: "orders", serviceUrl: "https://orders.example.com/openai" })).toBe(0);
  });

  it("keeps the host of a backend and drops the rest of its address", () => {
    const record = event({
      operation: "Microsoft.ApiManagement/service/apis/write",
      request: { properties: { serviceUrl: "https://example.openai.azure.com/?code=secret" } },
    });
    expect(JSON.stringify(azureActivity.trim(record))).not.toContain("secret");
  });

  it.each([
    [
      { state: "Success", signature: "Succeeded.Created" },
      { status: "success", code: "Created" },
    ],
    [
      { state: "Succeeded", signature: "OK" },
      { status: "success", code: "OK" },
    ],
    [
      { state: "Failure", signature: "Failed.Forbidden" },
      { status: "failure", reason: "denied", code: "Forbidden" },
    ],
    [
      { state: "Failed", signature: "Unauthorized" },
      { status: "failure", reason: "denied", code: "Unauthorized" },
    ],
    [
      { state: "Failure", signature: "Failed.TooManyRequests" },
      { status: "failure", reason: "throttled", code: "TooManyRequests" },
    ],
    [
      { state: "Failure", signature: "Failed.Conflict" },
      { status: "failure", reason: "invalid", code: "Conflict" },
    ],
    [
      { state: "Failure", signature: "" },
      { status: "failure", reason: "error" },
    ],
    [
      { state: "Canceled", signature: "" },
      { status: "failure", reason: "error", code: "Canceled" },
    ],
  ])("reads the outcome of %j", (state, outcome) => {
    expect(told(state).outcome).toEqual(outcome);
  });

  const upn = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
  const oid = "http://schemas.microsoft.com/identity/claims/objectidentifier";

  it.each([
    [
      { [upn]: "robin@example.com", [oid]: "o", appid: "portal" },
      {},
      { uid: "o", name: "robin@example.com", type: "human" },
    ],
    [{ [oid]: "o", appid: "a", idtyp: "app" }, {}, { uid: "o", name: "a", type: "workload" }],
    [{ [oid]: "o" }, { principalType: "ServicePrincipal" }, { uid: "o", type: "workload" }],
    [{ [oid]: "o" }, { principalType: "User" }, { uid: "o", type: "human" }],
    [{ [oid]: "o" }, { principalType: "Group" }, { uid: "o" }],
    [
      { [upn]: "robin@example.com", [oid]: "o" },
      { principalType: "Group" },
      { uid: "o", name: "robin@example.com", type: "human" },
    ],
  ])("reads the caller of %j", (claims, evidence, actor) => {
    expect(told({ claims, evidence }).actor).toEqual(actor);
  });

  it("knows a managed identity by the resource that has it", () => {
    const claims = { [oid]: "o", appid: "a", xms_mirid: "/subscriptions/s/…/userAssignedIdentities/i" };
    expect(told({ claims })).toMatchObject({
      credential: { type: "managed-identity" },
      actor: { type: "workload" },
    });
  });

  it("reads the three forms of one row alike", () => {
    const claims = { [upn]: "robin@example.com", [oid]: "o" };
    const expected = told({ claims });
    const rest = {
      eventTimestamp: "2026-05-04T09:00:00.1234567Z",
      resourceId: ACCOUNT,
      operationName: { value: `${COGNITIVE}/listKeys/action`, localizedValue: "List Keys" },
      category: { value: "Administrative" },
      status: { value: "Succeeded" },
      subStatus: { value: "OK" },
      correlationId: "corr-1",
      caller: "robin@example.com",
      claims,
    };
    const columns = {
      TimeGenerated: "2026-05-04T09:00:00.1234567Z",
      _ResourceId: ACCOUNT.toLowerCase(),
      ResourceId: "",
      OperationNameValue: `${COGNITIVE}/listKeys/action`,
      OperationName: "",
      CategoryValue: "Administrative",
      Category: "",
      ActivityStatusValue: "Success",
      ActivitySubstatusValue: "OK",
      CorrelationId: "corr-1",
      Caller: "robin@example.com",
      Claims_d: JSON.stringify(claims),
      Properties_d: "",
      Properties: "",
    };
    for (const form of [rest, columns]) {
      expect(azureActivity.recognises(form)).toBe(true);
      expect(activitiesOf(form)).toEqual([expected]);
    }
  });

  it("does not recognise resource logs", () => {
    expect(azureActivity.recognises({ ...event(), category: "RequestResponse" })).toBe(false);
    expect(azureActivity.recognises({ ...event(), category: "Audit" })).toBe(false);
  });

  it("leaves other services' operations out", () => {
    expect(activitiesOf(event({ operation: "Microsoft.Storage/storageAccounts/listKeys/action" }))).toEqual([]);
  });

  it("rejects a record whose time is no time", () => {
    expect(azureActivity.read({ ...event(), time: "soon" })).toEqual({
      rejected: "time: expected an ISO 8601 time",
    });
  });
});
