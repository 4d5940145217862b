/** The shelf of sinks: one export line each. */
export { findingsTopic } from "./findings-topic.ts";
export { ocsfFiles } from "./ocsf-files.ts";
export { slack } from "./slack.ts";
export { webhook } from "./webhook.ts";
