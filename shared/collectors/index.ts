/** The shelf of collectors: one export line each. */

export { anthropicCompliance } from "./anthropic-compliance.ts";
export { anthropicCost } from "./anthropic-cost.ts";
export { anthropicUsage } from "./anthropic-usage.ts";
export { awsCloudtrailLookup } from "./aws-cloudtrail-lookup.ts";
export { awsCloudwatchLogs } from "./aws-cloudwatch-logs.ts";
export { awsCostExplorer } from "./aws-cost-explorer.ts";
export { awsS3Logs } from "./aws-s3-logs.ts";
export { azureBlob } from "./azure-blob.ts";
export { azureCostExports } from "./azure-cost-exports.ts";
export { azureMonitorQuery } from "./azure-monitor-query.ts";
export { gcpBillingExport } from "./gcp-billing-export.ts";
export { gcpLogging } from "./gcp-logging.ts";
export { kafkaTopic } from "./kafka-topic.ts";
export { litellmSpendLogs } from "./litellm-spend-logs.ts";
export { ociAudit } from "./oci-audit.ts";
export { openaiAudit } from "./openai-audit.ts";
export { openaiCosts } from "./openai-costs.ts";
export { openaiUsage } from "./openai-usage.ts";
