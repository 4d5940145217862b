import { describe, expect, it } from "vitest";
import type { Activity } from "../model/activity.ts";
import { mergeActivities } from "../model/merge.ts";
import { awsBedrockInvocation } from "./aws-bedrock-invocation.ts";
import { awsCloudtrail } from "./aws-cloudtrail.ts";

const ACCOUNT = "111122223333";

const role = {
  type: "AssumedRole",
  principalId: "AROAEXAMPLE:cli",
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/analyst/cli`,
  accountId: ACCOUNT,
  accessKeyId: "ASIAEXAMPLE0000000001",
  sessionContext: {
    sessionIssuer: { type: "Role", arn: `arn:aws:iam::${ACCOUNT}:role/teams/analyst`, userName: "analyst" },
    attributes: { mfaAuthenticated: "false" },
  },
};

const event = (fields: object) => ({
  eventVersion: "1.09",
  userIdentity: role,
  eventTime: "2026-08-03T08:00:00Z",
  eventSource: "bedrock.amazonaws.com",
  eventName: "InvokeModel",
  awsRegion: "eu-central-1",
  sourceIPAddress: "203.0.113.9",
  userAgent: "Boto3/1.38.5",
  requestParameters: { modelId: "anthropic.claude-3-haiku-20240307-v1:0" },
  responseElements: null,
  requestID: "request-1",
  eventID: "event-1",
  eventType: "AwsApiCall",
  managementEvent: true,
  recipientAccountId: ACCOUNT,
  eventCategory: "Management",
  ...fields,
});

function readAll(fields: object): readonly Activity[] {
  const reading = awsCloudtrail.read(event(fields));
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}
const read = (fields: object): Activity => readAll(fields)[0] ?? expect.fail("nothing was read");

describe("a call in CloudTrail", () => {
  it("is the same activity as its record in the invocation log, and both say the same of it", () => {
    const modelId = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
    const seen = read({
      eventName: "Converse",
      requestParameters: { modelId },
      additionalEventData: { inferenceRegion: "eu-north-1" },
    });
    const reading = awsBedrockInvocation.read({
      schemaType: "ModelInvocationLog",
      timestamp: "2026-08-03T07:59:58Z",
      accountId: ACCOUNT,
      region: "eu-central-1",
      requestId: "request-1",
      operation: "Converse",
      modelId,
      inferenceRegion: "eu-north-1",
      identity: { arn: role.arn },
      input: { inputTokenCount: 10 },
      output: { outputTokenCount: 20 },
    });
    const [measured] = "activities" in reading ? reading.activities : [];
    expect(measured?.uid).toBe(seen.uid);
    for (const part of ["actor", "account", "provider", "model", "deployment", "region", "operationName"] as const)
      expect(measured?.[part], part).toEqual(seen[part]);
  });

  it("is one call with the guardrail's check inside it, and blocked if that blocked it", () => {
    const call = read({ eventName: "Converse" });
    const check = read({
      eventName: "ApplyGuardrail",
      eventID: "event-2",
      managementEvent: false,
      eventCategory: "Data",
      requestParameters: { guardrailIdentifier: "gr4abcd1234", source: "INPUT" },
      responseElements: { action: "GUARDRAIL_INTERVENED" },
    });
    expect(check.uid).toBe(call.uid);
    const both = mergeActivities(check, call);
    expect(both).toMatchObject({ operation: "Converse", count: 1, outcome: { reason: "blocked" } });
    expect(both.model).toEqual(call.model);
  });

  it("is not counted where a guardrail's check found nothing", () => {
    expect(readAll({ eventName: "ApplyGuardrail", responseElements: { action: "NONE" } })).toEqual([]);
  });

  it("goes by the event's id where there is no request's", () => {
    const without = { requestID: null };
    expect(read(without).uid).toBe(read({ ...without, eventTime: "2026-08-03T09:00:00Z" }).uid);
    expect(read(without).uid).not.toBe(read({ ...without, eventID: "event-2" }).uid);
    expect(awsCloudtrail.read(event({ requestID: null, eventID: " " }))).toEqual({
      rejected: "neither eventID nor requestID",
    });
  });

  it("belongs to the caller's account, not to that of the trail", () => {
    expect(read({ recipientAccountId: "444455556666" }).account).toEqual({ uid: ACCOUNT });
  });

  it("keeps a Region nobody has heard of", () => {
    expect(read({ awsRegion: "megov-northeast-1r" }).region).toEqual({
      requested: "megov-northeast-1r",
      scope: "regional",
    });
  });

  it("may run anywhere through Claude Platform, whatever its Region", () => {
    const call = read({
      eventSource: "aws-external-anthropic.amazonaws.com",
      eventName: "CreateInference",
      requestParameters: { model: "claude-sonnet-4-6" },
    });
    expect(call).toMatchObject({ provider: "aws.claude_platform", region: { scope: "global" } });
  });

  it.each([
    ["035.009.253.007", "35.9.253.7"],
    ["203.0.113.9", "203.0.113.9"],
    ["2001:db8::1", "2001:db8::1"],
    ["AWS Internal", undefined],
    ["AWS Internal/1", undefined],
    ["bedrock.amazonaws.com", undefined],
    ["999.1.1.1", undefined],
    ["34.XXX.XXX.206", undefined],
  ])("comes from %s, as an address %s", (sourceIPAddress, ip) => {
    expect(read({ sourceIPAddress }).network?.ip).toBe(ip);
  });

  it("is one under a name nobody documented, if it names a model", () => {
    expect(
      read({ eventName: "ChatCompletions", requestParameters: { model: "openai.gpt-oss-120b" } }),
    ).toMatchObject({
      kind: "call",
      operationName: "chat",
    });
    expect(readAll({ eventName: "ChatCompletions", requestParameters: {} })).toEqual([]);
  });

  it.each(["CountTokens", "GetAsyncInvoke", "ListAsyncInvokes", "RenderPrompt", "GetInference"])(
    "is not what %s is",
    (eventName) => {
      expect(readAll({ eventName })).toEqual([]);
    },
  );

  it("counts MCP's use of a tool, and of its talk only what was refused", () => {
    const gateway = (method: string, statusCode: number) =>
      readAll({
        eventSource: "bedrock-agentcore.amazonaws.com",
        eventName: "InvokeGateway",
        requestParameters: { body: { method, params: { name: "orders___find" } } },
        responseElements: { statusCode },
      });
    expect(gateway("tools/call", 200)).toMatchObject([{ operationName: "execute_tool" }]);
    expect(gateway("tools/list", 200)).toEqual([]);
    expect(gateway("initialize", 401)).toMatchObject([{ outcome: { reason: "denied", code: "401" } }]);
    expect(gateway("initialize", 399)).toEqual([]);
    expect(gateway("initialize", 400)).toHaveLength(1);
  });

  it("keeps what the caller wrote about it, without what looks like a key, and cannot be told who called by it", () => {
    const { labels } = read({
      eventSource: "bedrock-mantle.amazonaws.com",
      eventName: "CreateInference",
      requestParameters: {
        model: "openai.gpt-oss-120b",
        metadata: { team: "platform", token: "sk-abcdefghijklmnopqrstuvwx", "aws.invokedBy": "somebody-else" },
      },
    });
    expect(labels).toEqual({ team: "platform" });
  });
});

describe("who is named by CloudTrail", () => {
  const actor = (userIdentity: object, more: object = {}) => read({ userIdentity, ...more }).actor;
  const credential = (userIdentity: object, more: object = {}) => read({ userIdentity, ...more }).credential;
  const user = { type: "IAMUser", arn: `arn:aws:iam::${ACCOUNT}:user/bob`, accountId: ACCOUNT, userName: "bob" };

  it("is the role of a session, by its name without the path", () => {
    expect(actor(role)).toMatchObject({
      uid: `arn:aws:iam::${ACCOUNT}:role/analyst`,
      issuerUid: `arn:aws:iam::${ACCOUNT}:role/analyst`,
      sessionUid: role.arn,
    });
  });

  it("is a person where a console or a second factor was used, and a program where the log names one", () => {
    expect(actor(role)?.type).toBeUndefined();
    expect(actor(role, { sessionCredentialFromConsole: "true" })?.type).toBe("human");
    expect(actor(role, { sessionCredentialFromConsole: true })?.type).toBe("human");
    const withMfa = { ...role, sessionContext: { attributes: { mfaAuthenticated: "true" } } };
    expect(actor(withMfa)?.type).toBe("human");
    expect(actor({ ...role, inScopeOf: { credentialsIssuedTo: "arn:aws:lambda:x" } })?.type).toBe("workload");
    expect(actor({ ...role, invokedBy: "bedrock.amazonaws.com" })?.type).toBe("workload");
  });

  it("is the cloud itself where a service calls for nobody", () => {
    expect(actor({ type: "AWSService", invokedBy: "transcribe.amazonaws.com" })).toEqual({
      uid: "transcribe.amazonaws.com",
      name: "transcribe.amazonaws.com",
      type: "service",
    });
  });

  it("is the person of IAM Identity Center who called without a role", () => {
    const identity = { type: "IdentityCenterUser", accountId: ACCOUNT, onBehalfOf: { userId: "93a46822" } };
    expect(actor(identity)).toEqual({ uid: "93a46822", type: "human" });
  });

  it("is the subject of a token where a gateway was called with one, in the account of the gateway", () => {
    const call = read({
      eventSource: "bedrock-agentcore.amazonaws.com",
      eventName: "InvokeGateway",
      userIdentity: { type: "AWSAccount", principalId: "", accountId: "anonymous" },
      requestParameters: { body: { method: "tools/call" } },
      additionalEventData: { jwt: { claims: { sub: "4ammg", iss: "https://issuer.example" } } },
    });
    expect(call).toMatchObject({
      actor: { uid: "4ammg" },
      credential: { type: "bearer" },
      account: { uid: ACCOUNT },
      labels: { "jwt.iss": "https://issuer.example" },
    });
  });

  it("is nobody where the log names nobody", () => {
    expect(actor({ type: "AWSAccount", principalId: "", accountId: "anonymous" })).toBeUndefined();
    expect(read({ userIdentity: null }).actor).toBeUndefined();
  });

  it("used a key of the kind that its id and the request tell", () => {
    expect(credential({ ...user, accessKeyId: "AKIAEXAMPLE0000000001" })).toEqual({
      uid: "AKIAEXAMPLE0000000001",
      type: "long-term",
    });
    expect(credential(role)?.type).toBe("temporary");
    expect(credential(role, { sessionCredentialFromConsole: "true" })?.type).toBe("console");
    expect(credential(user)).toBeUndefined();
  });

  it.each([
    ["bedrock.amazonaws.com", { additionalEventData: { callWithBearerToken: true } }],
    [
      "bedrock-mantle.amazonaws.com",
      { requestParameters: { model: "openai.gpt-oss-20b", callWithBearerToken: true } },
    ],
  ])("used an API key of %s", (eventSource, marked) => {
    const fields = { eventSource, eventName: "CreateInference", ...marked };
    expect(credential(role, fields)).toEqual({ uid: role.accessKeyId, type: "bearer" });
  });

  it("used an API key by its user, until that user was given an access key", () => {
    const keyUser = {
      ...user,
      arn: `arn:aws:iam::${ACCOUNT}:user/BedrockAPIKey-9x2k`,
      userName: "BedrockAPIKey-9x2k",
    };
    expect(credential(keyUser)).toEqual({ uid: "BedrockAPIKey-9x2k", type: "bearer" });
    const withAccessKey = { ...keyUser, accessKeyId: "AKIAEXAMPLE0000000002" };
    expect(credential(withAccessKey)).toEqual({ uid: "AKIAEXAMPLE0000000002", type: "long-term" });
    expect(credential(withAccessKey, { additionalEventData: { callWithBearerToken: true } })?.type).toBe("bearer");
  });
});

describe("a change in CloudTrail", () => {
  it("is one act, however many accounts it was delivered to, and not the next one", () => {
    const change = { eventName: "PutResourcePolicy", sharedEventID: "shared-1" };
    const copy = { ...change, eventID: "event-2", recipientAccountId: "444455556666", userIdentity: null };
    expect(read(copy).uid).toBe(read(change).uid);
    expect(read({ ...change, sharedEventID: "shared-2" }).uid).not.toBe(read(change).uid);
    expect(read({ eventName: "DeleteGuardrail", eventID: "event-3" }).uid).not.toBe(
      read({ eventName: "DeleteGuardrail" }).uid,
    );
  });

  it("is corrected by a record that names it", () => {
    const corrected = { eventID: "event-9", addendum: { reason: "UPDATED_DATA", originalEventID: "event-1" } };
    expect(read({ eventName: "DeleteGuardrail", ...corrected }).uid).toBe(
      read({ eventName: "DeleteGuardrail" }).uid,
    );
    const call = { requestID: "request-9", addendum: { originalRequestID: "request-1" } };
    expect(read(call).uid).toBe(read({}).uid);
  });

  it("is told once, not again by the network it came through, unless that refused it", () => {
    const network = { eventName: "DeleteGuardrail", eventCategory: "NetworkActivity", eventType: "AwsVpceEvents" };
    expect(readAll(network)).toEqual([]);
    expect(readAll({ ...network, errorCode: "VpceAccessDenied" })).toHaveLength(1);
  });

  it("has no name where the service hid it", () => {
    const change = { eventName: "CreateGuardrail", requestParameters: { name: "HIDDEN_DUE_TO_SECURITY_REASONS" } };
    expect(read(change).detail?.target).toEqual({ type: "Guardrail" });
  });

  const weakens = (eventName: string, requestParameters: object | null, more: object = {}) =>
    read({ eventName, requestParameters, ...more }).detail?.weakens;
  const s3Config = { bucketName: "logs" };

  it("weakens logging where texts or their destination are taken away, and not where they are set up", () => {
    const put = (loggingConfig: object) => weakens("PutModelInvocationLoggingConfiguration", { loggingConfig });
    expect(put({ s3Config, textDataDeliveryEnabled: true, imageDataDeliveryEnabled: false })).toBe(false);
    expect(put({ cloudWatchConfig: { logGroupName: "calls" } })).toBe(false);
    expect(put({ s3Config, textDataDeliveryEnabled: false })).toBe(true);
    expect(put({ textDataDeliveryEnabled: true })).toBe(true);
    expect(weakens("PutModelInvocationLoggingConfiguration", null)).toBeUndefined();
    expect(weakens("DeleteModelInvocationLoggingConfiguration", null)).toBe(true);
  });

  it("weakens nothing where it was refused", () => {
    const refused = { errorCode: "AccessDenied" };
    expect(weakens("DeleteModelInvocationLoggingConfiguration", null, refused)).toBeUndefined();
    expect(weakens("StopLogging", { name: "org" }, { eventSource: "cloudtrail.amazonaws.com", ...refused })).toBe(
      undefined,
    );
  });

  it("weakens a guardrail where it goes, or where a filter is seen to be off", () => {
    const update = (filter: object) =>
      weakens("UpdateGuardrail", { contentPolicyConfig: { filtersConfig: [{ type: "HATE", ...filter }] } });
    expect(weakens("CreateGuardrail", {})).toBe(false);
    expect(weakens("DeleteGuardrail", {})).toBe(true);
    expect(weakens("DeleteEnforcedGuardrailConfiguration", {})).toBe(true);
    expect(weakens("UpdateGuardrail", {})).toBeUndefined();
    expect(weakens("UpdateGuardrail", { contentPolicyConfig: { filtersConfig: [] } })).toBe(true);
    expect(update({ inputStrength: "LOW", outputStrength: "HIGH" })).toBeUndefined();
    expect(update({ inputStrength: "HIGH", outputStrength: "NONE" })).toBe(true);
    expect(update({ inputStrength: "HIGH", inputAction: "NONE" })).toBe(true);
    expect(update({ inputStrength: "HIGH", outputEnabled: false })).toBe(true);
  });

  const trail = (eventName: string, requestParameters: object) =>
    weakens(eventName, requestParameters, { eventSource: "cloudtrail.amazonaws.com" });

  it("weakens a trail where it stops, or no longer covers all Regions", () => {
    expect(trail("StopLogging", { name: "org" })).toBe(true);
    expect(trail("DeleteTrail", { name: "org" })).toBe(true);
    expect(trail("StartLogging", { name: "org" })).toBe(false);
    expect(trail("UpdateTrail", { name: "org", isMultiRegionTrail: false })).toBe(true);
    expect(trail("UpdateTrail", { name: "org", isMultiRegionTrail: true })).toBeUndefined();
  });

  it("weakens a trail where it no longer selects calls to models, which count as reads", () => {
    const basic = (selector: object) =>
      trail("PutEventSelectors", { trailName: "org", eventSelectors: [selector] });
    expect(basic({ readWriteType: "All", includeManagementEvents: true })).toBeUndefined();
    expect(basic({ readWriteType: "WriteOnly", includeManagementEvents: true })).toBe(true);
    expect(basic({ readWriteType: "All", includeManagementEvents: false })).toBe(true);
    expect(basic({ readWriteType: "All", excludeManagementEventSources: ["bedrock.amazonaws.com"] })).toBe(true);
    expect(basic({ readWriteType: "All", excludeManagementEventSources: ["kms.amazonaws.com"] })).toBeUndefined();

    const advanced = (...fieldSelectors: object[]) =>
      trail("PutEventSelectors", { trailName: "org", advancedEventSelectors: [{ fieldSelectors }] });
    const management = { field: "eventCategory", equals: ["Management"] };
    expect(advanced(management)).toBeUndefined();
    expect(advanced(management, { field: "readOnly", equals: ["false"] })).toBe(true);
    expect(advanced(management, { field: "eventSource", notEquals: ["bedrock.amazonaws.com"] })).toBe(true);
    expect(advanced({ field: "eventCategory", equals: ["Data"] })).toBe(true);
    expect(trail("PutEventSelectors", { trailName: "org" })).toBeUndefined();
  });

  it("takes away a guardrail's version, or the guardrail", () => {
    const guardrailIdentifier = "gr4abcd1234";
    expect(
      read({ eventName: "DeleteGuardrail", requestParameters: { guardrailIdentifier } }).detail?.target,
    ).toEqual({
      uid: guardrailIdentifier,
      type: "Guardrail",
    });
    const version = { guardrailIdentifier, guardrailVersion: "2" };
    expect(read({ eventName: "DeleteGuardrail", requestParameters: version }).detail?.target).toEqual({
      uid: guardrailIdentifier,
      name: "2",
      type: "GuardrailVersion",
    });
  });

  it.each([
    ["PutUseCaseForModelAccess", "use-case-form", "create"],
    ["CreateFoundationModelAgreement", "agreement", "create"],
    ["PutFoundationModelEntitlement", "entitlement", "enable"],
    ["GetFoundationModelAvailability", "model-availability", "read"],
    ["ListFoundationModels", "model-availability", "read"],
    ["GetModelInvocationLoggingConfiguration", "logging", "read"],
    ["DeleteProvisionedModelThroughput", "capacity", "delete"],
    ["CreateModelInvocationJob", "batch-job", "create"],
    ["StopModelInvocationJob", "batch-job", "disable"],
    ["CreateInferenceProfile", "deployment", "create"],
    ["CreateCustomModelDeployment", "deployment", "create"],
    ["CreateCustomModel", "custom-model", "create"],
    ["DeleteImportedModel", "custom-model", "delete"],
    ["RegisterMarketplaceModelEndpoint", "deployment", "create"],
    ["DeleteResourcePolicy", "role", "delete"],
    ["CreateKnowledgeBase", "other", "create"],
  ])("%s is about %s: %s", (eventName, object, action) => {
    expect(read({ eventName })).toMatchObject({ kind: "change", detail: { object, action } });
  });

  it("shows where a batch may run", () => {
    const requestParameters = { modelId: "us.amazon.nova-lite-v1:0" };
    expect(read({ eventName: "CreateModelInvocationJob", requestParameters }).region).toMatchObject({
      scope: "geography",
      geography: "us",
    });
  });
});

describe("what CloudTrail tells about other things", () => {
  const iam = (eventName: string, requestParameters: object, more: object = {}) =>
    readAll({ eventSource: "iam.amazonaws.com", eventName, requestParameters, ...more });

  it("counts keys for models, and no other service's", () => {
    const create = (serviceName: string) =>
      iam("CreateServiceSpecificCredential", { userName: "bob", serviceName });
    expect(create("bedrock.amazonaws.com")).toMatchObject([
      { provider: "aws.bedrock", detail: { object: "key" } },
    ]);
    expect(create("aws-external-anthropic.amazonaws.com")).toMatchObject([{ provider: "aws.claude_platform" }]);
    expect(create("codecommit.amazonaws.com")).toEqual([]);
    const reset = { serviceSpecificCredential: { serviceName: "bedrock.amazonaws.com" } };
    expect(
      iam("ResetServiceSpecificCredential", { serviceSpecificCredentialId: "ACCA1" }, { responseElements: reset }),
    ).toMatchObject([{ detail: { object: "key", action: "update", target: { uid: "ACCA1" } } }]);
  });

  it("counts what is done to the users behind such keys, and to no others", () => {
    for (const eventName of [
      "CreateUser",
      "AttachUserPolicy",
      "CreateAccessKey",
      "CreateLoginProfile",
      "DeleteUser",
    ]) {
      expect(iam(eventName, { userName: "BedrockAPIKey-9x2k" }), eventName).toHaveLength(1);
      expect(iam(eventName, { userName: "bob" }), eventName).toEqual([]);
    }
    expect(iam("GetUser", { userName: "BedrockAPIKey-9x2k" })).toEqual([]);
  });

  it("counts the use of such a key on anything but models", () => {
    const userIdentity = {
      type: "IAMUser",
      arn: `arn:aws:iam::${ACCOUNT}:user/AeaApiKey-7h3m`,
      userName: "AeaApiKey-7h3m",
    };
    const listed = readAll({ userIdentity, eventSource: "s3.amazonaws.com", eventName: "ListBuckets" });
    expect(listed).toMatchObject([
      {
        provider: "aws.claude_platform",
        detail: { object: "key", action: "use", target: { uid: "s3.amazonaws.com" } },
      },
    ]);
  });

  it("counts limits of Bedrock, and purchases that Bedrock made", () => {
    const quota = (serviceCode: string) =>
      readAll({
        eventSource: "servicequotas.amazonaws.com",
        eventName: "RequestServiceQuotaIncrease",
        requestParameters: { serviceCode, quotaCode: "L-1", desiredValue: 10 },
      });
    expect(quota("bedrock")).toMatchObject([{ detail: { object: "limit", after: { desiredValue: 10 } } }]);
    expect(quota("ec2")).toEqual([]);
    const buy = { eventSource: "aws-marketplace.amazonaws.com", eventName: "AcceptAgreementRequest" };
    expect(readAll({ ...buy, sourceIPAddress: "bedrock.amazonaws.com" })).toHaveLength(1);
    expect(readAll(buy)).toEqual([]);
  });

  it("is passed over without a look at the rest, and cut to its names", () => {
    const other = event({
      eventSource: "ec2.amazonaws.com",
      eventName: "RunInstances",
      eventTime: 7,
      userIdentity: [],
    });
    expect(awsCloudtrail.read(other)).toEqual({ activities: [] });
    expect(awsCloudtrail.trim(other)).toEqual({
      record: { eventSource: "ec2.amazonaws.com", eventName: "RunInstances", eventCategory: "Management" },
    });
  });

  it("is left unopened in a page of LookupEvents", () => {
    const item = (EventSource: string, CloudTrailEvent: string, Username = "bob") =>
      awsCloudtrail.read({ EventId: "1", EventName: "RunInstances", EventSource, Username, CloudTrailEvent });
    expect(item("ec2.amazonaws.com", "{ broken")).toEqual({ activities: [] });
    expect(item("bedrock.amazonaws.com", "{ broken")).toEqual({ rejected: "CloudTrailEvent: expected JSON text" });
    expect(item("ec2.amazonaws.com", "{ broken", "BedrockAPIKey-9x2k")).toHaveProperty("rejected");
    const call = item("bedrock.amazonaws.com", JSON.stringify(event({})));
    expect(call).toEqual(awsCloudtrail.read(event({})));
  });

  it("is not mistaken for a notification of S3, which looks much the same", () => {
    const notification = {
      eventVersion: "2.1",
      eventSource: "aws:s3",
      eventName: "ObjectCreated:Put",
      userIdentity: {},
    };
    expect(awsCloudtrail.recognises(notification)).toBe(false);
    expect(awsCloudtrail.recognises(event({}))).toBe(true);
  });

  it("says by name what it cannot read", () => {
    expect(awsCloudtrail.read(event({ eventTime: "yesterday" }))).toEqual({
      rejected: "eventTime: expected a time between 1970 and 9999",
    });
    expect(awsCloudtrail.read(event({ userIdentity: { arn: 7 } }))).toEqual({
      rejected: "userIdentity.arn: expected string",
    });
    expect(awsCloudtrail.read({ level: "info" })).toEqual({ rejected: "eventSource: expected string" });
    expect(awsCloudtrail.read("text")).toEqual({ rejected: "record: expected object" });
  });
});
