/** The shelf of sources: one export line each. */
export { openaiUsage } from "./openai-usage.ts";
export { openaiAudit } from "./openai-audit.ts";
export { anthropicUsage } from "./anthropic-usage.ts";
export { azureOpenai } from "./azure-openai.ts";
export { anthropicCompliance } from "./anthropic-compliance.ts";
export { awsCloudtrail } from "./aws-cloudtrail.ts";
export { ociAudit } from "./oci-audit.ts";
export { azureActivity } from "./azure-activity.ts";
export { awsBedrockInvocation } from "./aws-bedrock-invocation.ts";
export { otelGenai } from "./otel-genai.ts";
export { awsRoute53Resolver } from "./aws-route53-resolver.ts";
export { litellmSpend } from "./litellm-spend.ts";
export { gcpAudit } from "./gcp-audit.ts";
