/** A made-up company's month as a `ReportInput`: seeded, so the same on every run. */
import type { Finding, Level, Rule, Subject } from "../shared/model/finding.ts";
import type { EntityRow, FindingRow, UsageRow, VerdictWord } from "../shared/model/ledger.ts";
import { uidOf } from "../shared/model/uid.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../shared/model/units.ts";
import type { Policy } from "../shared/policy/policy.ts";
import { costFigures } from "../shared/report/cost-figures.ts";
import type { RegionFlow, ReportInput, SourceCoverage } from "../shared/report/report-input.ts";
import { usageRow } from "./usage-rows.ts";

export const MONTH_START = Date.UTC(2026, 8, 1);
export const MONTH_DAYS = 30;
const MONTH_END = MONTH_START + MONTH_DAYS * DAY_MS;

interface Workload {
  readonly owner: string;
  readonly principals: readonly string[];
  readonly model: string;
  readonly provider: string;
  readonly account: string;
  readonly region: string;
  readonly source: string;
  readonly view?: UsageRow["view"];
  readonly verdict: VerdictWord | "";
  /** Calls on a working day. */
  readonly perDay: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Nano-USD per call; absent: no price is known. */
  readonly price?: number;
  readonly days?: readonly [first: number, last: number];
}

const bedrock = { provider: "aws.bedrock", account: "111122223333", source: "aws.bedrock-invocation" };
const research = { provider: "aws.bedrock", account: "444455556666", source: "aws.cloudtrail" };
const azure = { provider: "azure.ai.openai", account: "7c1e7f52-made-up-subscription", source: "azure.openai" };
const vertex = { provider: "gcp.vertex_ai", account: "acme-analytics-prod", source: "gcp.audit" };
const openai = { provider: "openai", account: "org-MadeUpCompany", source: "openai.usage" };
const claude = "anthropic/claude-sonnet-4-5";
const sonnet = { model: claude, inputTokens: 2_400, outputTokens: 600, price: 16_200_000 };
const gpt = { model: "openai/gpt-5.1", inputTokens: 1_800, outputTokens: 420, price: 6_450_000 };

const workloads: readonly Workload[] = [
  {
    ...bedrock,
    ...sonnet,
    owner: "Customer Support",
    principals: ["role/support-assistant"],
    region: "eu-west-1",
    verdict: "sanctioned",
    perDay: 620,
  },
  {
    ...bedrock,
    owner: "Customer Support",
    principals: ["role/support-search"],
    model: "amazon/titan-embed-text-v2",
    region: "eu-west-1",
    verdict: "sanctioned",
    perDay: 340,
    inputTokens: 300,
    outputTokens: 0,
    price: 6_000,
  },
  {
    ...bedrock,
    ...sonnet,
    owner: "Data Science",
    principals: ["role/notebooks", "role/evaluation"],
    region: "eu-west-1",
    verdict: "sanctioned",
    perDay: 210,
  },
  {
    ...research,
    ...sonnet,
    owner: "Research",
    principals: ["role/lab", "user/ivo", "user/mara"],
    region: "us-east-1",
    verdict: "unreviewed",
    perDay: 95,
    inputTokens: 0,
    outputTokens: 0,
  },
  {
    ...bedrock,
    owner: "Web",
    principals: ["role/web-checkout"],
    model: "deepseek/deepseek-r1",
    region: "us-west-2",
    verdict: "unsanctioned",
    perDay: 44,
    inputTokens: 1_500,
    outputTokens: 1_900,
    price: 12_285_000,
    days: [17, 29],
  },
  {
    ...azure,
    ...gpt,
    owner: "Finance",
    principals: ["app-finance-copilot"],
    region: "swedencentral",
    verdict: "sanctioned",
    perDay: 260,
  },
  {
    ...azure,
    owner: "Finance",
    principals: ["app-invoice-reader"],
    model: "openai/gpt-4o-mini",
    region: "swedencentral",
    verdict: "sanctioned",
    perDay: 180,
    inputTokens: 2_000,
    outputTokens: 150,
    price: 390_000,
  },
  {
    ...azure,
    ...gpt,
    owner: "Legal",
    principals: ["app-contracts"],
    region: "eastus2",
    verdict: "unsanctioned",
    perDay: 36,
    days: [9, 29],
  },
  {
    ...vertex,
    ...sonnet,
    owner: "Data Science",
    principals: ["forecast@acme-analytics-prod"],
    region: "global",
    verdict: "unreviewed",
    perDay: 120,
  },
  {
    ...vertex,
    owner: "Data Science",
    principals: ["forecast@acme-analytics-prod", "lena@acme.example"],
    model: "google/gemini-2.5-pro",
    region: "europe-west4",
    verdict: "sanctioned",
    perDay: 150,
    inputTokens: 3_000,
    outputTokens: 800,
    price: 11_750_000,
  },
  {
    ...openai,
    ...gpt,
    owner: "Web",
    principals: ["key_web_frontend"],
    region: "",
    verdict: "sanctioned",
    view: "usage",
    perDay: 310,
  },
  {
    ...openai,
    owner: "",
    principals: ["user-unknown-1", "user-unknown-2"],
    model: "openai/o4-mini",
    region: "",
    verdict: "unsanctioned",
    view: "usage",
    perDay: 58,
    inputTokens: 900,
    outputTokens: 2_100,
    price: 10_230_000,
  },
  {
    ...openai,
    owner: "",
    principals: ["user-unknown-2"],
    model: "ft:gpt-4.1-mini:made-up::Ab12Cd34",
    region: "",
    verdict: "unreviewed",
    view: "usage",
    perDay: 40,
    inputTokens: 600,
    outputTokens: 120,
  },
  {
    ...openai,
    ...gpt,
    account: "",
    owner: "Web",
    principals: ["sha256:3f0a"],
    region: "",
    source: "litellm.spend",
    verdict: "sanctioned",
    view: "gateway",
    perDay: 305,
  },
  {
    provider: "anthropic",
    account: "",
    ...sonnet,
    owner: "Engineering",
    principals: ["sha256:91bc", "sha256:77de"],
    region: "",
    source: "litellm.spend",
    view: "gateway",
    verdict: "sanctioned",
    perDay: 280,
  },
  {
    provider: "mistral_ai",
    account: "",
    model: "mistral/mistral-large",
    owner: "Engineering",
    principals: ["sha256:91bc"],
    region: "",
    source: "litellm.spend",
    view: "gateway",
    verdict: "unreviewed",
    perDay: 22,
    inputTokens: 1_100,
    outputTokens: 300,
    price: 4_000_000,
    days: [20, 29],
  },
  {
    provider: "deepseek",
    account: "vpc-0made0up",
    model: "",
    owner: "Web",
    principals: ["10.20.4.17"],
    region: "",
    source: "network",
    view: "network",
    verdict: "unsanctioned",
    perDay: 14,
    inputTokens: 0,
    outputTokens: 0,
  },
  {
    provider: "openai",
    account: "vpc-0made0up",
    model: "",
    owner: "Research",
    principals: ["10.20.9.2", "10.20.9.8"],
    region: "",
    source: "network",
    view: "network",
    verdict: "unsanctioned",
    perDay: 31,
    inputTokens: 0,
    outputTokens: 0,
  },
];

const rule = (
  name: string,
  title: string,
  level: Level,
  description: string,
  remedy: string,
  mayBe: string,
): Rule => ({
  id: `${uidOf("rule", name).slice(0, 8)}-0000-4000-8000-000000000000`,
  name,
  title,
  status: "stable",
  level,
  description,
  references: ["https://atlas.mitre.org/techniques/AML.T0040"],
  falsepositives: [mayBe],
  tags: ["atlas.aml.t0040"],
  misses: "Use that none of the collected logs shows.",
  remedy,
  quietMs: 7 * DAY_MS,
});

export const madeUpRules: readonly Rule[] = [
  rule(
    "model-access-takeover",
    "Model Access Opened and Used Within Minutes",
    "critical",
    "One principal filled in the use-case form, accepted the agreement, got the entitlement and called the model at once. People take days for this; stolen credentials take minutes.",
    "Disable the credential, then ask its owner whether they did this.",
    "A script that sets up a new account, run by hand",
  ),
  rule(
    "logging-weakened",
    "Model Invocation Logging Removed",
    "high",
    "Without the invocation log nobody can tell afterwards what was sent to a model, or by whom.",
    "Switch logging on again, and ask who removed it why.",
    "A change of the log's bucket that deletes before it creates",
  ),
  rule(
    "unsanctioned-model",
    "Model in Use That Is Not Approved",
    "high",
    "The company decided which models may see its data; this one is not among them.",
    "Ask the owner to stop, or to have the model approved.",
    "An approval that nobody has written into the policy yet",
  ),
  rule(
    "processed-outside-region",
    "Processed Outside the Allowed Regions",
    "medium",
    "The data left, or may have left, the regions that the policy allows for it.",
    "Use a regional inference profile or deployment.",
    "A test with data that is public anyway",
  ),
  rule(
    "past-the-gateway",
    "Vendor Called Directly Past the Gateway",
    "medium",
    "What does not pass the gateway is not filtered, not budgeted and not attributed.",
    "Take the vendor's key out of the workload and give it one of the gateway.",
    "The gateway was down and the fallback did its work",
  ),
  rule(
    "expired-approval",
    "Approval Expired and Still Used",
    "low",
    "The approval had an end, and the use went on.",
    "Renew the approval, or switch the use off.",
    "A renewal that is under way",
  ),
];

export const madeUpPolicy: Policy = {
  file: "policy.yaml",
  default: "review",
  owners: ["Customer Support", "Data Science", "Web", "Finance", "Legal", "Research", "Engineering"].map(
    (name, at) => ({ name, line: 4 + at }),
  ),
  approvals: [
    { name: "sonnet-in-europe", line: 14, models: [claude], regions: ["eu-*"] },
    {
      name: "finance-copilot",
      line: 19,
      models: ["openai/gpt-5.1"],
      until: (MONTH_START + 41 * DAY_MS) as EpochMs,
      reason: "pilot",
    },
    {
      name: "legal-contracts",
      line: 24,
      models: ["openai/gpt-5.1"],
      until: (MONTH_START + 9 * DAY_MS) as EpochMs,
    },
  ],
  denials: [{ name: "no-deepseek", line: 31, models: ["deepseek/*"] }],
  residency: [{ name: "customer-data-in-europe", line: 36, allowed: ["eu-*", "swedencentral", "europe-*"] }],
  exceptions: [],
  gateways: [{ name: "web-through-litellm", line: 41, gateway: "litellm", owners: ["Web"] }],
  budgets: [],
  events: [],
};

export function madeUpReport(seed = 7): ReportInput {
  const random = seeded(seed);
  const usage = workloads.flatMap((workload) => usageOf(workload, random));
  const source = (
    id: string,
    view: UsageRow["view"],
    rejects: number,
    silent: readonly number[] = [],
  ): SourceCoverage => {
    const hours = usage.filter((row) => row.source === id).map(({ hour }) => hour);
    const days = Array.from({ length: MONTH_DAYS }, (_, at) => at).filter((at) => !silent.includes(at));
    const activities = 1_200 + hours.length * 17;
    return {
      source: id,
      view,
      records: activities + rejects + 40,
      rejects,
      activities,
      firstTime: (MONTH_START + 11 * MINUTE_MS) as EpochMs,
      lastTime: (MONTH_END - 4 * MINUTE_MS) as EpochMs,
      days: days.map((at) => (MONTH_START + at * DAY_MS) as EpochMs),
    };
  };
  return {
    version: "0.1.0",
    policy: madeUpPolicy,
    rules: madeUpRules,
    period: {
      first: (MONTH_START + 11 * MINUTE_MS) as EpochMs,
      last: (MONTH_END - 4 * MINUTE_MS) as EpochMs,
    },
    findings: madeUpFindings(),
    usage,
    cost: costOf(usage),
    entities: entitiesOf(usage),
    regions: madeUpRegions,
    coverage: [
      source("aws.bedrock-invocation", "provider", 0, [12, 13, 14]),
      source("aws.cloudtrail", "provider", 3),
      source("azure.openai", "provider", 0),
      source("gcp.audit", "provider", 12),
      source("litellm.spend", "gateway", 0, [5, 6]),
      source("network", "network", 0),
      source("openai.usage", "usage", 0),
    ],
    rejects: [
      {
        source: "gcp.audit",
        reason: "protoPayload.methodName: expected string",
        count: 12,
        place: "gcp/2026-09-04.ndjson.gz",
        record: 211,
      },
      {
        source: "aws.cloudtrail",
        reason: "the file ends in the middle of a record",
        count: 3,
        place: "aws/444455556666_CloudTrail_20260914.json.gz",
      },
    ],
  };
}

const bad = `"onmouseover='alert(1)'><img src=x onerror=alert(1)><b>\u202e\u0007</title></style>`;

/** As an attacker would have it. What nobody said stays so. */
export const spoiled = (name: string): string => (name === "" ? "" : `${name}${bad}`);

/** The same month, with every name that a log may choose chosen by an attacker. */
export function hostileReport(): ReportInput {
  const spoil = (value: unknown, key: string): unknown => {
    if (typeof value === "string")
      return [
        "view",
        "verdict",
        "type",
        "level",
        "status",
        "kind",
        "uid",
        "ruleId",
        "id",
        "scope",
        "default",
      ].includes(key)
        ? value
        : `${value}${bad}`;
    if (Array.isArray(value)) return value.map((item) => spoil(item, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [key === "facts" ? name + bad : name, spoil(part, name)]),
    );
  };
  const spoilt = spoil(madeUpReport(), "") as ReportInput;
  return { ...spoilt, cost: costOf(spoilt.usage) };
}

function usageOf(workload: Workload, random: () => number): UsageRow[] {
  const {
    perDay,
    price,
    days: [first, last] = [0, MONTH_DAYS - 1],
    principals,
    inputTokens,
    outputTokens,
    view = "provider",
    ...names
  } = workload;
  const rows: UsageRow[] = [];
  for (let day = first; day <= last; day++) {
    const isWeekend = [0, 6].includes(new Date(MONTH_START + day * DAY_MS).getUTCDay());
    const shape = (isWeekend ? 0.25 : 1) * (0.8 + 0.4 * random());
    for (const [at, principal] of principals.entries()) {
      const hour = 8 + Math.floor(random() * 10);
      const calls = Math.max(1, Math.round((perDay * shape) / principals.length));
      const failures = Math.round(calls * 0.02 * random());
      const measured = calls - failures;
      rows.push(
        usageRow({
          ...names,
          view,
          principal,
          hour: (MONTH_START + day * DAY_MS + (hour + at) * HOUR_MS) as EpochMs,
          calls,
          failures,
          inputTokens: measured * inputTokens,
          outputTokens: measured * outputTokens,
          estimatedNanoUsd: price === undefined || inputTokens + outputTokens === 0 ? 0 : measured * price,
          unpricedCalls: price === undefined && inputTokens + outputTokens > 0 ? measured : 0,
        }),
      );
    }
  }
  return rows;
}

function madeUpFindings(): FindingRow[] {
  const finding = (
    name: string,
    subject: Subject,
    reason: string,
    day: number,
    count: number,
    extra: Partial<Finding> = {},
  ): FindingRow => {
    const { id, title, level } =
      madeUpRules.find((one) => one.name === name) ?? rule(name, name, "low", "-", "-", "-");
    const first = MONTH_START + day * DAY_MS + 9 * HOUR_MS;
    const times = Array.from({ length: Math.min(count, 4) }, (_, at) => (first + at * 7 * MINUTE_MS) as EpochMs);
    return {
      revision: 1,
      finding: {
        schema: "gnomon.finding/v1",
        uid: uidOf(id, JSON.stringify(subject)),
        ruleId: id,
        ruleName: name,
        title,
        level,
        status: "new",
        subject,
        reason,
        firstSeenTime: first as EpochMs,
        lastSeenTime: Math.min(first + Math.max(count - 1, 0) * 2 * HOUR_MS, MONTH_END - 4 * MINUTE_MS) as EpochMs,
        matches: count,
        count,
        evidence: times.map((time) => ({
          uid: uidOf(name, time),
          time,
          operation: subject.provider === "aws.bedrock" ? "Converse" : "ChatCompletions_Create",
          facts: { ...(subject.model ? { model: subject.model } : {}), outcome: "success", from: "203.0.113.24" },
        })),
        ...extra,
      },
    };
  };
  return [
    finding(
      "model-access-takeover",
      {
        principal: "arn:aws:iam::444455556666:user/ivo",
        model: claude,
        provider: "aws.bedrock",
        account: "444455556666",
      },
      "user/ivo filled in the use-case form, accepted the agreement, was entitled to anthropic/claude-sonnet-4-5 and called it 12 times, all within 4 minutes.",
      21,
      16,
      { owner: "Research" },
    ),
    finding(
      "logging-weakened",
      {
        principal: "arn:aws:iam::111122223333:role/platform-admin",
        resource: "model invocation logging",
        account: "111122223333",
      },
      "role/platform-admin deleted the model invocation logging configuration of account 111122223333; it stayed off for 3 days.",
      12,
      1,
      { owner: "Platform" },
    ),
    finding(
      "unsanctioned-model",
      {
        principal: "arn:aws:iam::111122223333:role/web-checkout",
        model: "deepseek/deepseek-r1",
        provider: "aws.bedrock",
      },
      "role/web-checkout called deepseek/deepseek-r1 through Amazon Bedrock 417 times; the policy denies deepseek/*.",
      17,
      417,
      { owner: "Web", clause: "policy.yaml:31" },
    ),
    finding(
      "unsanctioned-model",
      { principal: "user-unknown-1", model: "openai/o4-mini", provider: "openai" },
      "user-unknown-1 called openai/o4-mini through OpenAI 702 times; no approval covers the model.",
      0,
      702,
    ),
    finding(
      "processed-outside-region",
      { principal: "app-contracts", model: "openai/gpt-5.1", provider: "azure.ai.openai", region: "eastus2" },
      "app-contracts sent 611 requests to eastus2; customer data may be processed in eu-*, swedencentral and europe-* only.",
      9,
      611,
      { owner: "Legal", clause: "policy.yaml:36" },
    ),
    finding(
      "processed-outside-region",
      { principal: "forecast@acme-analytics-prod", model: claude, provider: "gcp.vertex_ai", region: "global" },
      "forecast@acme-analytics-prod sent 2,730 requests to the global endpoint, which may run them anywhere.",
      0,
      2_730,
      { owner: "Data Science", clause: "policy.yaml:36", status: "acknowledged" },
    ),
    finding(
      "past-the-gateway",
      { principal: "key_web_frontend", provider: "openai" },
      "key_web_frontend called OpenAI directly 96 times, though Web is to use litellm.",
      4,
      96,
      { owner: "Web", clause: "policy.yaml:41" },
    ),
    finding(
      "expired-approval",
      { principal: "app-contracts", model: "openai/gpt-5.1", provider: "azure.ai.openai" },
      "app-contracts used openai/gpt-5.1 611 times after its approval ended on 10 September 2026.",
      9,
      611,
      { owner: "Legal", clause: "policy.yaml:24" },
    ),
  ];
}

const madeUpRegions: readonly RegionFlow[] = [
  {
    provider: "aws.bedrock",
    requested: "eu-west-1",
    scope: "geography",
    geography: "eu",
    processed: "eu-central-1",
    calls: 7_410,
  },
  {
    provider: "aws.bedrock",
    requested: "eu-west-1",
    scope: "geography",
    geography: "eu",
    calls: 11_120,
  },
  {
    provider: "aws.bedrock",
    requested: "eu-west-1",
    processed: "eu-west-1",
    scope: "regional",
    calls: 8_730,
  },
  { provider: "aws.bedrock", requested: "us-west-2", scope: "regional", calls: 417 },
  {
    provider: "aws.bedrock",
    requested: "us-east-1",
    scope: "geography",
    geography: "us",
    calls: 2_160,
  },
  {
    provider: "azure.ai.openai",
    requested: "swedencentral",
    processed: "swedencentral",
    scope: "regional",
    calls: 10_050,
  },
  { provider: "azure.ai.openai", requested: "eastus2", scope: "global", calls: 611 },
  { provider: "gcp.vertex_ai", requested: "global", scope: "global", calls: 2_730 },
  {
    provider: "gcp.vertex_ai",
    requested: "europe-west4",
    processed: "europe-west4",
    scope: "regional",
    calls: 3_420,
  },
];

const costOf = (usage: readonly UsageRow[]) =>
  costFigures(usage, { budgets: madeUpPolicy.budgets, capacity: [], now: MONTH_END as EpochMs });

function entitiesOf(usage: readonly UsageRow[]): EntityRow[] {
  const rows = new Map<string, EntityRow>();
  for (const row of usage) {
    for (const type of ["principal", "model", "provider", "account"] as const) {
      const uid = row[type];
      if (uid === "") continue;
      const key = `${type} ${uid}`;
      const known = rows.get(key);
      const named = type === "account" && uid === "444455556666" ? "acme-research" : uid;
      rows.set(key, {
        type,
        uid,
        name: named,
        firstSeenTime: Math.min(known?.firstSeenTime ?? row.hour, row.hour) as EpochMs,
        lastSeenTime: Math.max(known?.lastSeenTime ?? row.hour, row.hour) as EpochMs,
      });
    }
  }
  return [...rows.values()];
}

/** Mulberry32: the same numbers everywhere. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
