/** The shelf of collectors: one export line each. */
export { openaiUsage } from "./openai-usage.ts";
export { openaiAudit } from "./openai-audit.ts";
export { anthropicUsage } from "./anthropic-usage.ts";
export { anthropicCompliance } from "./anthropic-compliance.ts";
export { litellmSpendLogs } from "./litellm-spend-logs.ts";
