import { describe, expect, it } from "vitest";
import { awsRoute53Resolver } from "./aws-route53-resolver.ts";

const query = (fields: object = {}) => ({
  account_id: "111122223333",
  vpc_id: "vpc-0example",
  query_timestamp: "2026-05-04T07:15:34Z",
  query_name: "api.openai.com.",
  query_type: "A",
  rcode: "NOERROR",
  srcaddr: "10.0.12.34",
  srcport: "43210",
  srcids: { instance: "i-0123456789abcdef0" },
  ...fields,
});

function activitiesOf(record: unknown) {
  const reading = awsRoute53Resolver.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}
const contactOf = (fields: object = {}) => activitiesOf(query(fields))[0];

describe("aws.route53-resolver", () => {
  it("is a contact of an instance with a door", () => {
    expect(contactOf()).toMatchObject({
      kind: "contact",
      view: "network",
      provider: "openai",
      actor: { uid: "i-0123456789abcdef0", type: "workload" },
      account: { uid: "111122223333" },
      network: { ip: "10.0.12.34", host: "api.openai.com" },
      outcome: { status: "success" },
    });
  });

  it("says nothing of names that are no AI service, whatever else is wrong with them", () => {
    expect(activitiesOf(query({ query_name: "example.com." }))).toEqual([]);
    expect(activitiesOf(query({ query_name: "api.openai.com.ec2.internal." }))).toEqual([]);
    expect(activitiesOf(query({ query_name: "example.com.", query_timestamp: "yesterday" }))).toEqual([]);
  });

  it("names the address where the log knows no instance", () => {
    expect(contactOf({ srcids: { resolver_endpoint: "rslvr-in-0example" } })?.actor?.uid).toBe("10.0.12.34");
    expect(contactOf({ srcids: null })?.actor?.uid).toBe("10.0.12.34");
  });

  it("takes the region from the host, not from where the VPC is", () => {
    expect(contactOf({ query_name: "bedrock-runtime.us-east-1.amazonaws.com." })?.region).toEqual({
      requested: "us-east-1",
    });
    expect(contactOf({ region: "eu-central-1" })).not.toHaveProperty("region");
  });

  it.each([
    [{ rcode: "NXDOMAIN" }, { status: "failure", reason: "invalid", code: "NXDOMAIN" }],
    [{ rcode: "REFUSED" }, { status: "failure", reason: "denied", code: "REFUSED" }],
    [{ rcode: "SERVFAIL" }, { status: "failure", reason: "error", code: "SERVFAIL" }],
    [
      { rcode: "NOERROR", firewall_rule_action: "BLOCK" },
      { status: "failure", reason: "blocked", code: "BLOCK" },
    ],
    [{ firewall_rule_action: "ALERT" }, { status: "success" }],
    [{ rcode: null }, undefined],
  ])("reads %j as %j", (fields, outcome) => {
    expect(contactOf(fields)?.outcome).toEqual(outcome);
  });

  it("gives each question its own uid, and a repeated record the same", () => {
    const uid = contactOf()?.uid;
    expect(contactOf({ answers: [{ Rdata: "203.0.113.10" }], srcport: 43210 })?.uid).toBe(uid);
    for (const fields of [
      { account_id: "444455556666" },
      { vpc_id: "vpc-0other" },
      { srcaddr: "10.0.12.35" },
      { srcport: "43211" },
      { query_name: "eu.api.openai.com." },
      { query_type: "AAAA" },
      { query_timestamp: "2026-05-04T07:15:35Z" },
    ])
      expect(contactOf(fields)?.uid).not.toBe(uid);
  });

  it("rejects a look-up of an AI service without a time", () => {
    expect(awsRoute53Resolver.read(query({ query_timestamp: "yesterday" }))).toEqual({
      rejected: "query_timestamp: expected an ISO 8601 time",
    });
  });
});
