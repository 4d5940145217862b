import { describe, expect, it } from "vitest";
import { actorOfArn, credentialOfArn, deploymentOf, operationNameOf, outcomeOf } from "./aws-bedrock.ts";

describe("who stands behind an ARN", () => {
  it("is the role for a session of a workload, whatever the session is called", () => {
    const [monday, tuesday] = ["botocore-session-1", "botocore-session-2"].map((session) =>
      actorOfArn(`arn:aws:sts::111122223333:assumed-role/checkout/${session}`),
    );
    expect(monday).toEqual({
      uid: "arn:aws:iam::111122223333:role/checkout",
      name: "checkout",
      sessionUid: "arn:aws:sts::111122223333:assumed-role/checkout/botocore-session-1",
      issuerUid: "arn:aws:iam::111122223333:role/checkout",
    });
    expect(tuesday?.uid).toBe(monday?.uid);
    expect(tuesday?.sessionUid).not.toBe(monday?.sessionUid);
  });

  it("is the person for a session of IAM Identity Center, and wherever a session is named by an e-mail address", () => {
    const sso = actorOfArn("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dev_ab12/jane");
    expect(sso).toMatchObject({
      uid: "jane",
      type: "human",
      issuerUid: expect.stringContaining(":role/AWSReserved"),
    });
    const okta = actorOfArn("arn:aws:sts::111122223333:assumed-role/Okta/jane@example.com");
    expect(okta).toMatchObject({ uid: "jane@example.com", name: "jane@example.com", type: "human" });
  });

  it("names a role the same with its path and without", () => {
    const session = actorOfArn("arn:aws:sts::111122223333:assumed-role/batch/1");
    const role = actorOfArn("arn:aws:iam::111122223333:role/service-role/batch");
    expect(role.issuerUid).toBe(session.issuerUid);
    expect(role.uid).toBe(session.uid);
  });

  it("keeps the partition", () => {
    expect(actorOfArn("arn:aws-cn:sts::111122223333:assumed-role/batch/1").issuerUid).toBe(
      "arn:aws-cn:iam::111122223333:role/batch",
    );
  });

  it("tells a machine's session and the cloud's own roles by their names", () => {
    const typeOf = (session: string) => actorOfArn(`arn:aws:sts::111122223333:assumed-role/${session}`).type;
    expect(typeOf("web/i-0a1b2c3d4e5f60718")).toBe("workload");
    expect(typeOf("web/i-am-jane")).toBeUndefined();
    expect(typeOf("AWSServiceRoleForAmazonQ/x")).toBe("service");
  });

  it("is the user or the account's root by their own ARN", () => {
    const user = "arn:aws:iam::111122223333:user/teams/data/bob";
    expect(actorOfArn(user)).toEqual({ uid: user, name: "bob" });
    expect(actorOfArn("arn:aws:iam::111122223333:root")).toMatchObject({ name: "root" });
  });

  it("is whatever was written where that is no ARN", () => {
    expect(actorOfArn("somebody")).toMatchObject({ uid: "somebody" });
  });

  it("gives away an API key by its user, and no other key", () => {
    expect(credentialOfArn("arn:aws:iam::111122223333:user/BedrockAPIKey-9x2k")).toEqual({
      uid: "BedrockAPIKey-9x2k",
      type: "bearer",
    });
    expect(credentialOfArn("arn:aws:iam::111122223333:user/AeaApiKey-7h3m")?.type).toBe("bearer");
    expect(credentialOfArn("arn:aws:iam::111122223333:user/MyBedrockAPIKey-1")).toBeUndefined();
    expect(credentialOfArn("arn:aws:sts::111122223333:assumed-role/x/BedrockAPIKey-9x2k")).toBeUndefined();
  });
});

describe("what a call to Bedrock was", () => {
  it.each([
    ["Converse", "anthropic.claude-3-haiku-20240307-v1:0", "chat"],
    ["ConverseStream", "meta.llama3-1-70b-instruct-v1:0", "chat"],
    ["InvokeModel", "anthropic.claude-3-haiku-20240307-v1:0", "chat"],
    ["InvokeModel", "anthropic.claude-v2:1", "text_completion"],
    ["InvokeModel", "amazon.titan-embed-text-v2:0", "embeddings"],
    ["InvokeModel", "eu.cohere.embed-v4:0", "embeddings"],
    ["StartAsyncInvoke", "twelvelabs.marengo-embed-2-7-v1:0", "embeddings"],
    ["InvokeModel", "cohere.rerank-v3-5:0", "rerank"],
    ["InvokeModel", "amazon.rerank-v1:0", "rerank"],
    ["InvokeModel", "amazon.nova-canvas-v1:0", "image_generation"],
    ["InvokeModel", "stability.stable-image-ultra-v1:1", "image_generation"],
    ["StartAsyncInvoke", "luma.ray-v2:0", "video_generation"],
    ["InvokeModelWithBidirectionalStream", "amazon.nova-sonic-v1:0", "chat"],
    ["InvokeModel", undefined, "chat"],
    ["CreateInference", "openai.gpt-oss-120b", "chat"],
    ["CreateInferenceProfile", "anthropic.claude-3-haiku-20240307-v1:0", undefined],
    ["InvokeAgent", undefined, undefined],
  ])("%s of %s is %s", (operation, modelId, expected) => {
    expect(operationNameOf(operation, modelId)).toBe(expected);
  });

  it("went through a deployment only where the id names one", () => {
    const own = (resource: string) => `arn:aws:bedrock:eu-central-1:111122223333:${resource}`;
    expect(deploymentOf("anthropic.claude-3-haiku-20240307-v1:0")).toBeUndefined();
    expect(deploymentOf("arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-pro-v1:0")).toBeUndefined();
    expect(deploymentOf(own("application-inference-profile/k3v9x1q7m2ab"))).toEqual({
      uid: own("application-inference-profile/k3v9x1q7m2ab"),
      name: "k3v9x1q7m2ab",
      type: "application-inference-profile",
    });
  });

  it("names a profile of AWS the same, whether its id or its ARN was given", () => {
    const profile = "eu.amazon.nova-pro-v1:0";
    expect(deploymentOf(`arn:aws:bedrock:eu-central-1:111122223333:inference-profile/${profile}`)).toEqual(
      deploymentOf(profile),
    );
  });

  it.each([
    ["AccessDenied", "denied"],
    ["AccessDeniedException", "denied"],
    ["Client.UnauthorizedOperation", "denied"],
    ["VpceAccessDenied", "denied"],
    ["ExpiredTokenException", "denied"],
    ["401", "denied"],
    ["ThrottlingException", "throttled"],
    ["ServiceQuotaExceededException", "throttled"],
    ["429", "throttled"],
    ["ValidationException", "invalid"],
    ["ResourceNotFoundException", "invalid"],
    ["404", "invalid"],
    ["ModelTimeoutException", "error"],
    ["InternalServerException", "error"],
    ["500", "error"],
  ])("failed with %s, that is %s", (code, reason) => {
    expect(outcomeOf(code)).toEqual({ status: "failure", reason, code });
  });

  it("succeeded where no code says otherwise", () => {
    expect(outcomeOf(undefined)).toEqual({ status: "success" });
  });
});
