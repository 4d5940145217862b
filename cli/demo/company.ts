/**
 * Meridian Freight, a made-up company of five teams that buys models through five doors and one gateway. Every
 * name, id and address is invented; the addresses are those reserved for documentation (RFC 5737).
 */
import type { Person } from "./happening.ts";

const person = (name: string, ip: string): Person => {
  const [first = "", last = ""] = name.toLowerCase().split(" ");
  const email = `${first}.${last}@meridian-freight.example`;
  const letters = [...email].reduce((sum, letter) => (Math.imul(sum, 33) + letter.charCodeAt(0)) >>> 0, 5381);
  const digits = letters.toString(16).padStart(8, "0");
  return { name, email, objectId: `${digits}-0000-4000-a000-${digits}0000`, ip };
};

export const people = {
  platform: [person("Ada Okafor", "198.51.100.11"), person("Jonas Weber", "198.51.100.12")],
  support: [person("Mia Lindqvist", "198.51.100.21"), person("Tomas Ruiz", "198.51.100.22")],
  pricing: [
    person("Hanna Brandt", "198.51.100.31"),
    person("Omar Haddad", "198.51.100.32"),
    person("Li Wei", "198.51.100.33"),
  ],
  research: [person("Elif Demir", "198.51.100.41"), person("Noah Fischer", "198.51.100.42")],
  marketing: [person("Clara Moreau", "198.51.100.51"), person("Ben Adler", "198.51.100.52")],
  /** Joins the pricing team in the middle of the month: new, and nothing wrong with it. */
  newHire: person("Sofia Rossi", "198.51.100.34"),
} as const;

export const aws = {
  /** Production of platform and support; invocation logging on. */
  production: "210987654321",
  /** Pricing's own account: European customers' tariffs. */
  pricing: "321098765432",
  /** Where people try things; no approval covers it. */
  sandbox: "432109876543",
} as const;

export const awsAccountNames: Readonly<Record<string, string>> = {
  [aws.production]: "meridian-production",
  [aws.pricing]: "meridian-pricing",
  [aws.sandbox]: "meridian-sandbox",
};

export const azure = {
  subscription: "5d1f6c3a-1111-4222-8333-444455556666",
  /** Came with a company that was bought in spring: on the bill, in no log. */
  coastal: "c0a57a11-2222-4333-9444-555566667777",
  resourceGroup: "rg-support",
  /** Cognitive Services account of the support team. */
  support: "meridian-support-swc",
  /** Of the research team. */
  research: "meridian-research-weu",
} as const;

export const google = { research: "meridian-research", routing: "meridian-routing" } as const;

export const openai = {
  marketing: "proj_Mkt7Campaigns",
  /** The carriers' portal, of the support team. */
  portal: "proj_Prtl3Carriers",
  skunkworks: "proj_Skunk42Works",
} as const;

/** Days of the month on which hardly anyone works, besides weekends. */
export const holidays: readonly number[] = [1, 25];

/** September 2026: 1 September is a Tuesday. */
export const month = { year: 2026, month: 9, days: 30 } as const;

export const policyYaml = `# What Meridian Freight has approved. Checked by \`gnomon policy check\`.
default: deny

owners:
  - name: platform
    contact: platform@meridian-freight.example
    accounts: ["210987654321"]
    principals: ["*role/dispatch-assistant*", "*role/customs-agent*", "*role/litellm-gateway*", "*AWSReservedSSO_Platform*"]
  - name: pricing
    contact: pricing@meridian-freight.example
    accounts: ["321098765432"]
  - name: support
    contact: support@meridian-freight.example
    accounts: ["${azure.subscription}", ${openai.portal}]
  - name: research
    contact: research@meridian-freight.example
    accounts: [meridian-research, meridian-routing]
  - name: marketing
    contact: marketing@meridian-freight.example
    accounts: [proj_Mkt7Campaigns]
  - name: coastal-lines
    contact: it@coastal-lines.example
    accounts: ["${azure.coastal}"]

approvals:
  - name: claude-for-production
    doors: [aws.bedrock, litellm]
    models: ["anthropic/claude-sonnet-*", "anthropic/claude-haiku-*"]
    accounts: ["210987654321"]
    principals: ["*role/dispatch-assistant*", "*role/customs-agent*", "*role/litellm-gateway*", "*AWSReservedSSO_Platform*"]
    credentialTypes: [temporary]
    reason: reviewed by security in March 2026
  - name: claude-for-pricing
    doors: [aws.bedrock]
    models: ["anthropic/claude-*"]
    accounts: ["321098765432"]
    principals: ["*role/tariff-engine*", "*AWSReservedSSO_Pricing*"]
    credentialTypes: [temporary]
    reason: European tariffs, processed in the European Union only
  - name: gpt-for-coastal-lines
    doors: [azure.ai.openai]
    models: ["openai/gpt-4o*"]
    accounts: ["${azure.coastal}"]
    reason: came with the company; moves to our own subscription by the end of the year
  - name: gpt-for-support
    doors: [azure.ai.openai]
    models: ["openai/gpt-4o*", "openai/text-embedding-*"]
    accounts: ["${azure.subscription}"]
    reason: customer replies, regional deployments
  - name: gpt-4-turbo-pilot
    doors: [azure.ai.openai]
    models: ["openai/gpt-4-turbo*"]
    accounts: ["${azure.subscription}"]
    until: 2026-09-14
    reason: pilot of the support team, ends with its evaluation
  - name: gemini-for-research
    doors: [gcp.vertex_ai]
    models: ["google/gemini-*"]
    accounts: [meridian-research, meridian-routing]
  - name: gpt-for-campaigns
    doors: [openai]
    models: ["openai/gpt-4o*"]
    accounts: [proj_Mkt7Campaigns]
  - name: gpt-for-the-portal
    doors: [openai]
    models: ["openai/gpt-4o*", "openai/gpt-5*"]
    accounts: [${openai.portal}]
  - name: gateway-for-all
    doors: [litellm]
    models: ["*"]
    reason: the gateway holds its own list of models

  - name: lookups-of-bedrock
    doors: [aws.bedrock]
    accounts: ["210987654321"]
    principals: ["i-0d15ba7c400000002"]
    reason: the dispatch servers look up Bedrock before they call it

residency:
  - name: tariffs-stay-in-europe
    accounts: ["321098765432"]
    allowed: ["eu-*"]
    reason: contract with European carriers

budgets:
  - name: everything
    amount: 3500
  - name: platform
    team: platform
    amount: 1400
  - name: support
    team: support
    amount: 600
  - name: release # four weeks that go on when the logs end: a forecast
    team: platform
    amount: 1000
    period: 28d
    since: 2026-09-14

gateways:
  - name: web-shop-uses-the-gateway
    gateway: litellm
    principals: ["i-0a5b0c0d0e0f00001"]
    reason: keys of vendors are not handed to the web shop
`;
