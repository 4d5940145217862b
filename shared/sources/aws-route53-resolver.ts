/**
 * Route 53 Resolver query logs: which instance of which VPC looked up the host of an AI service. The only trace of
 * those who use a vendor directly, with a key of their own.
 *
 * Shape: AWS, "Values that appear in VPC Resolver query logs" (2026-10). Answers are nested in `answers`, other than
 * that page says, and not needed here.
 * Limits: a look-up is not a request; answers from a cache are not logged, DNS over HTTPS passes by, and browsers
 * look up what nobody opens. Instance ids of Lambda, Fargate and CloudShell may belong to AWS.
 */
import { z } from "zod";
import type { Outcome } from "../model/activity.ts";
import { identifyHost } from "../model/ai-hosts.ts";
import { fromIsoTime } from "../model/units.ts";
import { type Draft, defineSource, labels, maybe, maybeText } from "./source.ts";

export const awsRoute53Resolver = defineSource({
  id: "aws.route53-resolver",
  title: "Route 53 Resolver query logs",
  view: "network",

  recognises: (record) => "query_name" in record && "query_timestamp" in record && "rcode" in record,

  record: z.object({
    account_id: maybeText,
    vpc_id: maybeText,
    query_timestamp: z.string(),
    query_name: z.string(),
    query_type: maybeText,
    rcode: maybeText,
    srcaddr: maybeText,
    srcport: maybe(z.union([z.string(), z.number().transform(String)])),
    srcids: maybe(z.object({ instance: maybeText })),
    firewall_rule_action: maybeText,
  }),

  normalize: (record) => {
    const service = identifyHost(record.query_name);
    if (!service) return [];
    const time = fromIsoTime(record.query_timestamp);
    if (time === undefined) return { rejected: "query_timestamp: expected an ISO 8601 time" };

    const { account_id: account, vpc_id: vpc, srcaddr, srcport, query_name: name, query_type: type } = record;
    return [
      {
        // The log has no id of its own. A resolver asks again from another port.
        identity: ["aws.route53", account, vpc, srcaddr, srcport, name, type, record.query_timestamp],
        kind: "contact",
        startTime: time,
        endTime: time,
        count: 1,
        operation: "Query",
        outcome: outcomeOf(record.rcode, record.firewall_rule_action),
        actor: { uid: record.srcids?.instance ?? srcaddr, type: "workload" },
        account: account ? { uid: account } : undefined,
        provider: service.provider,
        region: { requested: service.region },
        network: { ip: srcaddr, host: name.trim().toLowerCase().replace(/\.$/, "") },
        labels: labels.parse({ vpc, queryType: type }),
      },
    ] satisfies Draft[];
  },
});

/** DNS Firewall answers what it blocks with a code of its own choice, which then says nothing. */
function outcomeOf(rcode: string | undefined, firewallAction: string | undefined): Outcome | undefined {
  if (firewallAction === "BLOCK") return { status: "failure", reason: "blocked", code: firewallAction };
  if (rcode === undefined) return undefined;
  if (rcode === "NOERROR") return { status: "success" };
  const reason = rcode === "NXDOMAIN" ? "invalid" : rcode === "REFUSED" ? "denied" : "error";
  return { status: "failure", reason, code: rcode };
}
