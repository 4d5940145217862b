/** The shelf of collectors: one export line each. */
export { openaiUsage } from "./openai-usage.ts";
export { openaiAudit } from "./openai-audit.ts";
export { anthropicUsage } from "./anthropic-usage.ts";
export { anthropicCompliance } from "./anthropic-compliance.ts";
export { litellmSpendLogs } from "./litellm-spend-logs.ts";
export { awsCloudtrailLookup } from "./aws-cloudtrail-lookup.ts";
export { awsCloudwatchLogs } from "./aws-cloudwatch-logs.ts";
export { awsS3Logs } from "./aws-s3-logs.ts";
export { azureMonitorQuery } from "./azure-monitor-query.ts";
export { azureBlob } from "./azure-blob.ts";
export { kafkaTopic } from "./kafka-topic.ts";
export { gcpLogging } from "./gcp-logging.ts";
export { ociAudit } from "./oci-audit.ts";
