import { describe, expect, it } from "vitest";
import { azureOpenai } from "./azure-openai.ts";

const ACCOUNT =
  "/SUBSCRIPTIONS/00000000-0000-0000-0000-00000000A001/RESOURCEGROUPS/RG-EXAMPLE/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI-EXAMPLE";

const row = (fields: object = {}, properties: object = {}) => ({
  time: "2026-05-24T12:23:02.4350000Z",
  resourceId: ACCOUNT,
  category: "RequestResponse",
  operationName: "ChatCompletions_Create",
  correlationId: "corr-1",
  durationMs: 1_000,
  resultSignature: "200",
  ...fields,
  properties: { objectId: "", modelName: "gpt-4o", modelDeploymentName: "chat", ...properties },
});

function activitiesOf(record: unknown) {
  const reading = azureOpenai.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}
const activityOf = (record: unknown) => activitiesOf(record)[0];

describe("azure.openai", () => {
  it("gives a request one uid whether capitals or small letters name the account", () => {
    const shouted = activityOf(row());
    const whispered = activityOf(row({ resourceId: ACCOUNT.toLowerCase() }));
    expect(whispered).toEqual(shouted);
    expect(activityOf(row({ correlationId: "corr-2" }))?.uid).not.toBe(shouted?.uid);
  });

  it("gives the two rows of a request one uid, and usage only to the one that measured", () => {
    const measured = activityOf(row({}, { promptTokens: 20, completionTokens: 4 }));
    const twin = activityOf(row({ time: "2026-05-24T12:23:02.5Z" }, { promptTokens: 0, completionTokens: 0 }));
    expect(twin?.uid).toBe(measured?.uid);
    expect(measured?.usage).toEqual({ inputTokens: 20, outputTokens: 4 });
    expect(twin?.usage).toBeUndefined();
  });

  it("gives a request and its usage row one uid", () => {
    const usage = row({ category: "AzureOpenAIRequestUsage" }, { promptTokens: [20], generatedTokens: [4] });
    expect(activityOf(usage)?.uid).toBe(activityOf(row())?.uid);
  });

  it("falls back to time and operation where a row has no correlationId", () => {
    const bare = { correlationId: "" };
    expect(activityOf(row(bare))?.uid).toBe(activityOf(row({ correlationId: null }))?.uid);
    expect(activityOf(row(bare))?.uid).not.toBe(activityOf(row({ ...bare, time: "2026-05-24T12:23:03Z" }))?.uid);
  });

  it("reads tokens as numbers, as text and as arrays of one, and takes no other array for a count", () => {
    const usageOf = (promptTokens: unknown) =>
      activityOf(row({ category: "AzureOpenAIRequestUsage" }, { promptTokens, cachedTokens: [0] }))?.usage;
    for (const told of [14, "14", [14], "[14]"])
      expect(usageOf(told)).toEqual({ inputTokens: 14, cacheReadTokens: 0 });
    for (const untold of [[], [1, 2], "", "many", null]) expect(usageOf(untold)).toBeUndefined();
  });

  it("reads properties written as text", () => {
    const { properties, ...rest } = row({}, { promptTokens: 7 });
    expect(activityOf({ ...rest, properties: JSON.stringify(properties) })).toEqual(
      activityOf({ ...rest, properties }),
    );
  });

  it("rejects properties that are neither an object nor its text", () => {
    expect(azureOpenai.read({ ...row(), properties: "cut off in the mid" })).toEqual({
      rejected: "properties: expected object",
    });
  });

  it("names the caller where the row does, and an account key where it says there is no caller", () => {
    expect(activityOf(row({}, { objectId: "oid-1" }))).toMatchObject({
      actor: { uid: "oid-1" },
      credential: { type: "temporary" },
    });
    expect(activityOf(row())).toMatchObject({ credential: { type: "api-key" } });
    expect(activityOf(row())?.actor).toBeUndefined();
    expect(activityOf(row({}, { objectId: undefined }))?.credential).toBeUndefined();
    expect(activityOf(row({ objectId: "oid-1" }))?.actor).toEqual({ uid: "oid-1" });
  });

  it("does not take a usage row without a caller for the use of an account key", () => {
    const usage = row({ category: "AzureOpenAIRequestUsage" }, { promptTokens: [1] });
    expect(activityOf(usage)?.credential).toBeUndefined();
  });

  it("says nothing about the credential of a request that failed to authenticate", () => {
    expect(activityOf(row({ resultSignature: "401" }))?.credential).toBeUndefined();
    expect(activityOf(row({ resultSignature: "403" }))?.credential).toEqual({ type: "api-key" });
  });

  it.each([
    ["200", { status: "success" }],
    ["399", { status: "success" }],
    ["400", { status: "failure", reason: "invalid", code: "400" }],
    ["401", { status: "failure", reason: "denied", code: "401" }],
    ["403", { status: "failure", reason: "denied", code: "403" }],
    ["404", { status: "failure", reason: "invalid", code: "404" }],
    ["408", { status: "failure", reason: "error", code: "408" }],
    ["429", { status: "failure", reason: "throttled", code: "429" }],
    ["499", { status: "failure", reason: "error", code: "499" }],
    [503, { status: "failure", reason: "error", code: "503" }],
    ["", undefined],
    ["600", undefined],
    ["OK", undefined],
  ])("reads status %s as %j", (resultSignature, outcome) => {
    expect(activityOf(row({ resultSignature }))?.outcome).toEqual(outcome);
  });

  it("widens a masked address to its network, and leaves out what is masked in another way", () => {
    const ipOf = (callerIpAddress: string) => activityOf(row({ callerIpAddress }))?.network?.ip;
    expect(ipOf("81.2.69.***")).toBe("81.2.69.0/24");
    expect(ipOf("2001:db8::7")).toBe("2001:db8::7");
    expect(ipOf("2001:db8::***")).toBeUndefined();
  });

  it("measures a negative duration by the ticks of request and response", () => {
    const ticks = { requestTime: Number("639155262815394150"), responseTime: "639155262825606520" };
    const took = (record: unknown) => {
      const activity = activityOf(record);
      return activity && activity.endTime - activity.startTime;
    };
    expect(took(row({ durationMs: -3 }, ticks))).toBe(1_021);
    expect(took(row({ durationMs: 5 }, ticks))).toBe(5);
    expect(took(row({ durationMs: -3 }))).toBe(0);
  });

  it("takes Tenant for a region, since that is what it holds", () => {
    expect(activityOf(row({ Tenant: "East US" }))?.region).toEqual({ requested: "eastus" });
    expect(activityOf(row({ Tenant: "eastus", location: "westus" }))?.region).toEqual({ requested: "westus" });
  });

  it("leaves out the version that Claude's rows make up, and keeps those of other models", () => {
    const versionOf = (modelName: string, modelVersion: string) =>
      activityOf(row({}, { modelName, modelVersion }))?.model?.version;
    expect(versionOf("claude-sonnet-4-5", "1")).toBeUndefined();
    expect(versionOf("claude-sonnet-4-5", "20250929")).toBe("20250929");
    expect(versionOf("text-embedding-3-large", "1")).toBe("1");
  });

  it.each([
    ["Models_List", {}],
    ["Projects_Wildcard_Get", { modelName: "__Empty", apiName: "Azure AI Projects API" }],
    ["VoiceLive_Probe", { apiName: "Voice Live Capabilities API" }],
    ["Create_Thread", {}],
    ["Deployments_Delete", {}],
    ["Something_New", { modelName: "" }],
  ])("takes %s without tokens for no use of a model", (operationName, properties) => {
    expect(activitiesOf(row({ operationName }, properties))).toEqual([]);
  });

  it("takes an operation it does not know for use where a model or tokens are named", () => {
    expect(activitiesOf(row({ operationName: "Something_New" }))).toHaveLength(1);
    expect(activityOf(row({ operationName: "Something_New" }))?.operationName).toBeUndefined();
    expect(activitiesOf(row({ operationName: "Models_List" }, { promptTokens: 3 }))).toHaveLength(1);
  });

  it("keeps a denied request, which names no model", () => {
    const denied = row({ resultSignature: "403" }, { modelName: "", modelDeploymentName: "" });
    expect(activityOf(denied)).toMatchObject({ kind: "call", outcome: { reason: "denied" } });
    expect(activityOf(denied)?.model).toBeUndefined();
  });

  it("takes the reading of an account's keys for a change, with a uid of its own", () => {
    const listed = activityOf(row({ category: "Audit", operationName: "ListKey" }));
    expect(listed).toMatchObject({ kind: "change", detail: { object: "key", action: "read" } });
    expect(listed?.uid).not.toBe(activityOf(row())?.uid);
  });

  it("reads a row of AzureDiagnostics as the record it was made from", () => {
    const columns = {
      TimeGenerated: "2026-05-24T12:23:02.435Z",
      ResourceId: ACCOUNT,
      Category: "RequestResponse",
      OperationName: "ChatCompletions_Create",
      CorrelationId: "corr-1",
      DurationMs: 1_000,
      ResultSignature: "200",
    };
    const expected = activityOf(row({}, { promptTokens: 7 }));
    const text = {
      properties_s: '{"objectId":"","modelName":"gpt-4o","modelDeploymentName":"chat","promptTokens":7}',
    };
    const flat = { objectId_s: "", modelName_s: "gpt-4o", modelDeploymentName_s: "chat", promptTokens_d: 7 };
    const prefixed = Object.fromEntries(Object.entries(flat).map(([key, value]) => [`properties_${key}`, value]));
    for (const properties of [text, flat, prefixed])
      expect(activityOf({ ...columns, ...properties })).toEqual(expected);
  });

  it("leaves the activity log of an account to the source that reads it", () => {
    expect(azureOpenai.recognises(row({ category: "Administrative" }))).toBe(false);
    expect(
      azureOpenai.recognises(row({ resourceId: "/subscriptions/s/resourceGroups/g/providers/x.y/z/w" })),
    ).toBe(false);
    expect(azureOpenai.recognises(row({ category: "Trace" }))).toBe(true);
    expect(activitiesOf(row({ category: "Trace" }))).toEqual([]);
  });

  it("rejects a row whose time is no time", () => {
    expect(azureOpenai.read(row({ time: "yesterday" }))).toEqual({ rejected: "time: expected an ISO 8601 time" });
  });
});
