/** Diagnostic logs of Azure OpenAI, the subscription's activity log and its cost export, as written to a storage account. */
import { azure } from "../company.ts";
import type { AzureCall, AzureChange, AzureCharge } from "../happening.ts";
import type { Random } from "../random.ts";

const resourceId = (resource: string, subscription: string = azure.subscription): string =>
  `/SUBSCRIPTIONS/${subscription}/RESOURCEGROUPS/${azure.resourceGroup}/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/${resource}`.toUpperCase();

/** Azure writes seven digits of a second. */
const time7 = (time: number): string => new Date(time).toISOString().replace("Z", "0000Z");

/**
 * Two rows a request, as observed on live accounts: one without tokens and one with them. A caller with the
 * account's key has an empty objectId; the caller's last octet is masked.
 */
export function azureCall(call: AzureCall, random: Random): unknown[] {
  const correlationId = random.uuid();
  const envelope = {
    resourceId: resourceId(call.resource),
    operationName: call.operation,
    location: call.region,
    Tenant: call.region,
    callerIpAddress: call.ip.replace(/\d+$/, "***"),
    correlationId,
    resultSignature: String(call.status),
  };
  const properties = {
    apiName: "Azure OpenAI API version 2024-10-21",
    objectId: call.objectId ?? "",
    streamType: "Non-Streaming",
    modelDeploymentName: call.deployment,
    modelName: call.model,
    modelVersion: call.version,
  };
  const served = {
    ...envelope,
    time: time7(call.time),
    category: "RequestResponse",
    durationMs: 300 + call.outputTokens * 8,
    properties: { ...properties, requestLength: 128, responseLength: 900 },
  };
  if (call.status !== 200) return [served];
  return [
    served,
    {
      ...envelope,
      time: time7(call.time + 350),
      category: "AzureOpenAIRequestUsage",
      durationMs: 0,
      properties: {
        ...properties,
        promptTokens: [call.inputTokens],
        cachedTokens: [call.cachedTokens ?? 0],
        generatedTokens: [call.outputTokens],
        timeToFirstTokenMs: 250.5,
      },
    },
  ];
}

/** Start and Success, as one operation is written. */
export function azureChange(change: AzureChange, random: Random): unknown[] {
  const correlationId = random.uuid();
  return ["Start", "Success"].map((resultType, at) => ({
    time: time7(change.time + at * 2_000),
    resourceId: `/SUBSCRIPTIONS/${azure.subscription}/${change.resourcePath}`.toUpperCase(),
    operationName: change.operation.toUpperCase(),
    category: "Administrative",
    resultType,
    resultSignature: resultType === "Start" ? "Started." : "Succeeded.OK",
    durationMs: "0",
    callerIpAddress: change.person.ip,
    correlationId,
    identity: {
      authorization: {
        scope: `/subscriptions/${azure.subscription}/${change.resourcePath}`,
        action: change.operation,
        evidence: { role: "Contributor", principalId: change.person.objectId, principalType: "User" },
      },
      claims: {
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": change.person.email,
        "http://schemas.microsoft.com/identity/claims/objectidentifier": change.person.objectId,
        name: change.person.name,
      },
    },
    level: "Information",
    properties: {
      eventCategory: "Administrative",
      entity: `/subscriptions/${azure.subscription}/${change.resourcePath}`,
      ...(change.body ? { requestbody: JSON.stringify(change.body) } : {}),
      ...(resultType === "Success" ? { statusCode: "OK" } : {}),
    },
  }));
}

/** Of the schema of Enterprise Agreements: days as Americans write them. */
export const azureCharge = ({
  day,
  subscription,
  resource,
  region,
  meter,
  pricing,
  unit,
  quantity,
  usd,
}: AzureCharge): unknown => ({
  Date: new Date(day).toISOString().replace(/^(\d+)-(\d+)-(\d+)T.*$/, "$2/$3/$1"),
  SubscriptionId: subscription,
  SubscriptionName: subscription === azure.coastal ? "coastal-lines" : "meridian-support",
  ResourceGroup: azure.resourceGroup,
  ResourceId: resourceId(resource, subscription).toLowerCase(),
  ResourceLocation: region,
  MeterCategory: "Foundry Models",
  MeterSubCategory: "Azure OpenAI",
  MeterName: meter,
  ChargeType: "Usage",
  PricingModel: pricing,
  Quantity: quantity.toFixed(6),
  UnitOfMeasure: unit,
  CostInBillingCurrency: usd.toFixed(10),
  BillingCurrencyCode: "USD",
  Tags: "",
});
