/** The shelf of sources: one export line each. */

export { anthropicCompliance } from "./anthropic-compliance.ts";
export { anthropicCost } from "./anthropic-cost.ts";
export { anthropicUsage } from "./anthropic-usage.ts";
export { awsBedrockInvocation } from "./aws-bedrock-invocation.ts";
export { awsCloudtrail } from "./aws-cloudtrail.ts";
export { awsCostExplorer } from "./aws-cost-explorer.ts";
export { awsCur } from "./aws-cur.ts";
export { awsRoute53Resolver } from "./aws-route53-resolver.ts";
export { azureActivity } from "./azure-activity.ts";
export { azureCostExport } from "./azure-cost-export.ts";
export { azureOpenai } from "./azure-openai.ts";
export { focus } from "./focus.ts";
export { gcpAudit } from "./gcp-audit.ts";
export { gcpBillingExport } from "./gcp-billing-export.ts";
export { litellmSpend } from "./litellm-spend.ts";
export { ociAudit } from "./oci-audit.ts";
export { openaiAudit } from "./openai-audit.ts";
export { openaiCosts } from "./openai-costs.ts";
export { openaiUsage } from "./openai-usage.ts";
export { otelGenai } from "./otel-genai.ts";
