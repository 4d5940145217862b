/** What is planted in the month about who uses what, and what protects it. */
import { aws, azure, google, openai, people } from "./company.ts";
import type { AwsCaller, AwsChange, BedrockCall } from "./happening.ts";
import type { Incident } from "./incident.ts";
import { at } from "./month.ts";
import type { Random } from "./random.ts";

const MINUTE = 60_000;
const SDK = "Boto3/1.42.3 md/Botocore#1.42.3 ua/2.1 os/linux lang/python#3.13.1";

const bedrock = (
  call: Partial<BedrockCall> & Pick<BedrockCall, "time" | "account" | "modelId" | "caller">,
): BedrockCall => ({
  on: "bedrock",
  region: "eu-central-1",
  operation: "Converse",
  ip: "198.51.100.60",
  userAgent: SDK,
  inputTokens: 1_800,
  outputTokens: 400,
  invocationLogged: true,
  ...call,
});

const change = (time: number, eventName: string, caller: AwsCaller, more: Partial<AwsChange> = {}): AwsChange => ({
  on: "aws-change",
  time,
  account: aws.production,
  region: "eu-central-1",
  eventSource: "bedrock.amazonaws.com",
  eventName,
  caller,
  ip: "198.51.100.12",
  userAgent: SDK,
  ...more,
});

const times = (count: number, first: number, every: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index * every);

export function useIncidents(seed: Random): readonly Incident[] {
  const random = seed.fork("incidents");
  const platformAdmin: AwsCaller = {
    type: "role",
    role: "AWSReservedSSO_Platform_4f1c",
    session: people.platform[1].email,
    sso: true,
  };
  const thief: AwsCaller = { type: "role", role: "build-runner", session: "i-0bad0c0ffee00001" };
  const blender: AwsCaller = { type: "role", role: "dispatch-assistant", session: "task-hotfix" };

  return [
    {
      id: "deepseek-in-dispatch",
      story: "A hotfix switches the dispatch assistant to a DeepSeek model that nobody has approved.",
      findings: [{ rule: "unsanctioned-model", about: "deepseek" }],
      happenings: times(26, at(8, 13, 5), 9 * MINUTE).map((time) =>
        bedrock({
          time,
          account: aws.production,
          modelId: "eu.deepseek.r1-v1:0",
          processedRegion: "eu-west-1",
          caller: blender,
          ip: "10.10.2.9",
        }),
      ),
    },
    {
      id: "skunkworks-openai",
      story: "Two researchers pay OpenAI with a project of their own, a door their team has no approval for.",
      findings: [{ rule: "unsanctioned-account", about: openai.skunkworks }],
      happenings: times(22, at(10, 9), 60 * MINUTE)
        .filter((time) => new Date(time).getUTCHours() >= 8)
        .map((hour) => ({
          on: "openai" as const,
          hour,
          project: openai.skunkworks,
          user: `user-${people.research[1].objectId.slice(0, 8)}`,
          key: "key_skunk7",
          model: "gpt-4o-2024-11-20",
          requests: random.whole(20, 60),
          inputTokens: random.whole(40_000, 160_000),
          cachedTokens: 0,
          outputTokens: random.whole(9_000, 30_000),
        })),
    },
    {
      id: "sandbox-account",
      story: "An intern's experiment in the sandbox account calls Claude, where no approval reaches.",
      findings: [{ rule: "unsanctioned-account", about: aws.sandbox }],
      happenings: times(14, at(11, 15), 11 * MINUTE).map((time) =>
        bedrock({
          time,
          account: aws.sandbox,
          region: "eu-west-1",
          modelId: "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
          processedRegion: "eu-west-3",
          caller: { type: "role", role: "sandbox-notebook", session: "notebook" },
          ip: "10.90.0.4",
          invocationLogged: false,
        }),
      ),
    },
    {
      id: "contractor-role",
      story:
        "A contractor's role in the production account uses the approved model without being approved itself.",
      findings: [{ rule: "unsanctioned-principal", about: "contractor-etl" }],
      happenings: times(31, at(16, 20), 4 * MINUTE).map((time) =>
        bedrock({
          time,
          account: aws.production,
          modelId: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
          processedRegion: "eu-central-1",
          caller: { type: "role", role: "contractor-etl", session: "airflow" },
          ip: "203.0.113.77",
        }),
      ),
    },
    {
      id: "long-term-key",
      story: "The tariff engine is run from a laptop with a long-term access key instead of its role.",
      findings: [{ rule: "unsanctioned-credential", about: "tariff-engine-dev" }],
      happenings: times(9, at(18, 18, 30), 6 * MINUTE).map((time) =>
        bedrock({
          time,
          account: aws.pricing,
          region: "eu-west-1",
          modelId: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
          processedRegion: "eu-west-1",
          caller: { type: "user", user: "role/tariff-engine-dev", accessKey: "AKIAEXAMPLETARIFF001" },
          ip: "198.51.100.31",
        }),
      ),
    },
    {
      id: "tariffs-leave-europe",
      story: "A copied configuration sends European tariffs through the United States profile for an afternoon.",
      findings: [
        { rule: "region-processed", about: "us-west-2" },
        { rule: "region-possible", about: aws.pricing, says: "A bill charges" },
      ],
      happenings: times(40, at(21, 12, 10), 5 * MINUTE).map((time) =>
        bedrock({
          time,
          account: aws.pricing,
          region: "us-east-1",
          modelId: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
          processedRegion: "us-west-2",
          caller: { type: "role", role: "tariff-engine", session: "deploy-2-1" },
          ip: "10.30.0.9",
          inputTokens: 5_100,
          outputTokens: 650,
        }),
      ),
    },
    {
      id: "global-profile",
      story: "A new job uses the global profile: its calls may run anywhere, and the log does not say where.",
      findings: [{ rule: "region-possible", about: "tariff-engine-export" }],
      happenings: times(12, at(23, 9, 40), 7 * MINUTE).map((time) =>
        bedrock({
          time,
          account: aws.pricing,
          region: "eu-west-1",
          modelId: "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
          caller: { type: "role", role: "tariff-engine-export", session: "export" },
          ip: "10.30.0.21",
        }),
      ),
    },
    {
      id: "pilot-goes-on",
      story: "The GPT-4 Turbo pilot ended on the 14th, and somebody goes on using it.",
      findings: [{ rule: "expired-approval", about: "gpt-4-turbo" }],
      happenings: times(17, at(22, 8, 15), 23 * MINUTE).map((time) => ({
        on: "azure" as const,
        time,
        resource: azure.support,
        region: "swedencentral",
        deployment: "pilot",
        model: "gpt-4",
        version: "turbo-2024-04-09",
        operation: "ChatCompletions_Create",
        objectId: people.support[1].objectId,
        ip: people.support[1].ip,
        inputTokens: 1_300,
        outputTokens: 280,
        status: 200 as const,
      })),
    },
    {
      id: "web-shop-bypass",
      story: "The web shop has the gateway, and talks to Anthropic directly all the same.",
      findings: [{ rule: "gateway-bypass", about: "i-0a5b0c0d0e0f00001" }],
      happenings: times(18, at(24, 6), 20 * MINUTE).map((time) => ({
        on: "dns" as const,
        time,
        account: aws.production,
        vpc: "vpc-0d15ea5e",
        instance: "i-0a5b0c0d0e0f00001",
        ip: "10.10.1.5",
        host: "api.anthropic.com",
      })),
    },
    {
      id: "llmjacking",
      story: "A stolen build role accepts a model's terms in an unused region and calls it minutes later.",
      findings: [
        { rule: "model-access-chain", about: "build-runner" },
        { rule: "unsanctioned-principal", about: "build-runner" },
      ],
      happenings: [
        ...(
          [
            ["PutUseCaseForModelAccess", { formData: "made up" }],
            ["ListFoundationModelAgreementOffers", { modelId: "anthropic.claude-opus-4-5-20251101-v1:0" }],
            [
              "CreateFoundationModelAgreement",
              { modelId: "anthropic.claude-opus-4-5-20251101-v1:0", offerToken: "HIDDEN" },
            ],
            ["PutFoundationModelEntitlement", { modelId: "anthropic.claude-opus-4-5-20251101-v1:0" }],
            ["GetFoundationModelAvailability", { modelId: "anthropic.claude-opus-4-5-20251101-v1:0" }],
          ] as const
        ).map(([name, requestParameters], step) =>
          change(at(26, 2, 41) + step * 14_000, name, thief, {
            region: "ap-south-1",
            requestParameters,
            ip: "203.0.113.199",
            readOnly: name.startsWith("Get") || name.startsWith("List"),
          }),
        ),
        ...times(60, at(26, 2, 43), 20_000).map((time) =>
          bedrock({
            time,
            account: aws.production,
            region: "ap-south-1",
            modelId: "anthropic.claude-opus-4-5-20251101-v1:0",
            operation: "InvokeModelWithResponseStream",
            caller: thief,
            ip: "203.0.113.199",
            inputTokens: 6_000,
            outputTokens: 2_500,
            invocationLogged: false,
          }),
        ),
      ],
    },
    {
      id: "logging-removed",
      story: "An administrator deletes the model invocation logging of the production account.",
      findings: [{ rule: "logging-weakened", about: aws.production }],
      happenings: [change(at(27, 16, 2), "DeleteModelInvocationLoggingConfiguration", platformAdmin)],
    },
    {
      id: "filter-weakened",
      story: "The content filter of the research resource is set to annotate instead of block.",
      findings: [{ rule: "guardrail-weakened", about: "research" }],
      happenings: [
        {
          on: "azure-change",
          time: at(28, 10, 11),
          resourcePath: `resourceGroups/rg-research/providers/Microsoft.CognitiveServices/accounts/${azure.research}/raiPolicies/strict`,
          operation: "Microsoft.CognitiveServices/accounts/raiPolicies/write",
          person: people.research[0],
          body: {
            properties: {
              mode: "Default",
              basePolicyName: "Microsoft.DefaultV2",
              contentFilters: [
                { name: "Violence", enabled: true, blocking: false, severityThreshold: "High", source: "Prompt" },
                { name: "Hate", enabled: false, blocking: false, severityThreshold: "High", source: "Prompt" },
              ],
            },
          },
        },
      ],
    },
    {
      id: "openai-logging-off",
      story: "The OpenAI organization stops logging its API calls.",
      findings: [{ rule: "logging-weakened", about: "openai" }],
      happenings: [
        {
          on: "openai-change",
          time: at(28, 17, 40),
          type: "organization.updated",
          person: people.marketing[0],
          detail: { id: "org-meridian", changes_requested: { api_call_logging: "disabled" } },
        },
      ],
    },
    {
      id: "bedrock-key",
      story: "Somebody mints a long-term Bedrock API key, which works without any role.",
      findings: [{ rule: "key-created", about: "BedrockAPIKey-x7k2" }],
      happenings: [
        change(at(29, 9, 30), "CreateServiceSpecificCredential", platformAdmin, {
          region: "us-east-1",
          eventSource: "iam.amazonaws.com",
          requestParameters: { userName: "BedrockAPIKey-x7k2", serviceName: "bedrock.amazonaws.com" },
        }),
      ],
    },
    {
      id: "vertex-claude",
      story: "A researcher calls Claude on Vertex AI, where only Gemini is approved.",
      findings: [{ rule: "unsanctioned-model", about: "elif.demir" }],
      happenings: times(11, at(17, 10, 20), 13 * MINUTE).map((time) => ({
        on: "vertex" as const,
        time,
        project: google.research,
        location: "europe-west4",
        publisher: "anthropic",
        model: "claude-sonnet-4-5@20250929",
        method: "StreamRawPredict" as const,
        principalEmail: people.research[0].email,
        ip: people.research[0].ip,
        status: 0 as const,
      })),
    },
    {
      id: "laptop-deepseek",
      story: "A workspace in the office network talks to DeepSeek's own service.",
      findings: [{ rule: "unsanctioned-door", about: "deepseek" }],
      happenings: times(25, at(15, 9, 3), 8 * MINUTE).map((time) => ({
        on: "dns" as const,
        time,
        account: aws.sandbox,
        vpc: "vpc-0ff1ce00",
        instance: "i-0c1a0a0000000005",
        ip: "10.90.4.17",
        host: "chat.deepseek.com",
      })),
    },
  ];
}
