/** CloudTrail, Bedrock invocation logs, Route 53 Resolver query logs and CUR 2.0, as AWS documents them. */
import { awsAccountNames } from "../company.ts";
import type { AwsCaller, AwsChange, AwsCharge, BedrockCall, Lookup } from "../happening.ts";
import type { Random } from "../random.ts";

const iso = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** One line of a trail's file, and of the invocation log where it is switched on. */
export function bedrockCall(call: BedrockCall, random: Random): { trail: unknown; invocation?: unknown } {
  const requestID = random.uuid();
  const succeeded = call.error === undefined;
  const trail = {
    ...trailRecord({ ...call, eventSource: "bedrock.amazonaws.com", eventName: call.operation }, random),
    requestParameters: { modelId: call.modelId },
    responseElements: null,
    additionalEventData: {
      ...(call.processedRegion ? { inferenceRegion: call.processedRegion } : {}),
      ...(call.caller.type === "bedrock-key" ? { callWithBearerToken: true } : {}),
    },
    requestID,
    readOnly: true,
    ...(call.error ? { errorCode: call.error } : {}),
  };
  if (!call.invocationLogged) return { trail };
  const cached = Math.min(call.cacheReadTokens ?? 0, call.inputTokens);
  const uncached = call.inputTokens - cached;
  return {
    trail,
    invocation: {
      schemaType: "ModelInvocationLog",
      schemaVersion: "1.0",
      timestamp: iso(call.time),
      accountId: call.account,
      region: call.region,
      requestId: requestID,
      operation: call.operation,
      modelId: call.modelId,
      ...(call.processedRegion ? { inferenceRegion: call.processedRegion } : {}),
      identity: { arn: arnOf(call.caller, call.account) },
      ...(call.metadata ? { requestMetadata: call.metadata } : {}),
      ...(call.error ? { errorCode: call.error } : {}),
      input: {
        inputContentType: "application/json",
        inputTokenCount: uncached,
        cacheReadInputTokenCount: cached,
        cacheWriteInputTokenCount: 0,
        inputBodyJson: { messages: [{ role: "user", content: [{ text: "Which pier takes the container?" }] }] },
      },
      ...(succeeded
        ? {
            output: {
              outputContentType: "application/json",
              outputTokenCount: call.outputTokens,
              outputBodyJson: {
                output: { message: { role: "assistant", content: [{ text: "Pier four." }] } },
                stopReason: "end_turn",
                metrics: { latencyMs: 400 + call.outputTokens * 9 },
                usage: {
                  inputTokens: uncached,
                  outputTokens: call.outputTokens,
                  totalTokens: uncached + call.outputTokens,
                  cacheReadInputTokens: cached,
                  cacheWriteInputTokens: 0,
                },
              },
            },
          }
        : {}),
    },
  };
}

export const awsChange = (change: AwsChange, random: Random): unknown => ({
  ...trailRecord(change, random),
  requestParameters: change.requestParameters ?? null,
  responseElements: null,
  requestID: random.uuid(),
  readOnly: change.readOnly ?? false,
});

function trailRecord(
  about: {
    readonly time: number;
    readonly account: string;
    readonly region: string;
    readonly eventSource: string;
    readonly eventName: string;
    readonly caller: AwsCaller;
    readonly ip: string;
    readonly userAgent: string;
  },
  random: Random,
): Record<string, unknown> {
  return {
    eventVersion: "1.11",
    userIdentity: userIdentity(about.caller, about.account),
    eventTime: iso(about.time),
    eventSource: about.eventSource,
    eventName: about.eventName,
    awsRegion: about.region,
    sourceIPAddress: about.ip,
    userAgent: about.userAgent,
    eventID: random.uuid(),
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: about.account,
    eventCategory: "Management",
  };
}

function arnOf(caller: AwsCaller, account: string): string {
  return caller.type === "role"
    ? `arn:aws:sts::${account}:assumed-role/${caller.role}/${caller.session}`
    : `arn:aws:iam::${account}:user/${caller.user}`;
}

function userIdentity(caller: AwsCaller, account: string): unknown {
  if (caller.type !== "role") {
    return {
      type: "IAMUser",
      principalId: idFor("AIDA", caller.user),
      arn: arnOf(caller, account),
      accountId: account,
      ...(caller.type === "user" ? { accessKeyId: caller.accessKey } : {}),
      userName: caller.user,
    };
  }
  const path = caller.sso ? "aws-reserved/sso.amazonaws.com/" : "";
  const roleId = idFor("AROA", caller.role);
  return {
    type: "AssumedRole",
    principalId: `${roleId}:${caller.session}`,
    arn: arnOf(caller, account),
    accountId: account,
    accessKeyId: idFor("ASIA", caller.session),
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: roleId,
        arn: `arn:aws:iam::${account}:role/${path}${caller.role}`,
        accountId: account,
        userName: caller.role,
      },
      attributes: { mfaAuthenticated: "false" },
    },
  };
}

/** Four letters and sixteen more, always the same for one name. */
function idFor(prefix: string, name: string): string {
  let mixed = 17;
  let id = "";
  for (let at = 0; at < 16; at++) {
    mixed = (Math.imul(mixed, 33) + name.charCodeAt(at % name.length) + at) >>> 0;
    id += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(mixed >>> 7) % 32] ?? "A";
  }
  return prefix + id;
}

export const lookup = ({ time, account, vpc, instance, ip, host }: Lookup, random: Random): unknown => ({
  version: "1.100000",
  account_id: account,
  region: "eu-central-1",
  vpc_id: vpc,
  query_timestamp: iso(time),
  query_name: `${host}.`,
  query_type: "A",
  query_class: "IN",
  rcode: "NOERROR",
  answers: [{ Rdata: "192.0.2.80", Type: "A", Class: "IN" }],
  srcaddr: ip,
  srcport: String(random.whole(1_024, 65_535)),
  transport: "UDP",
  srcids: { instance },
});

/** The columns of CUR 2.0 that say what a line is about. */
export const awsCharge = ({ day, account, region, usageType, quantity, usd }: AwsCharge): unknown => ({
  bill_payer_account_id: "100000000001",
  line_item_usage_account_id: account,
  line_item_usage_account_name: awsAccountNames[account] ?? "",
  line_item_usage_start_date: iso(day),
  line_item_usage_end_date: iso(day + 86_400_000),
  line_item_line_item_type: "Usage",
  line_item_product_code: "AmazonBedrock",
  line_item_usage_type: usageType,
  line_item_operation: "InvokeModelInference",
  line_item_resource_id: "",
  line_item_usage_amount: quantity.toFixed(6),
  line_item_currency_code: "USD",
  line_item_unblended_cost: usd.toFixed(10),
  product_region_code: region,
});
