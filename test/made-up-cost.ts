/** A made-up company's seven weeks of spend, up to the middle of a month, as a `ReportInput`: seeded. */
import type { PriceOf } from "../shared/cost/price.ts";
import type { Finding, Level, Rule, Subject } from "../shared/model/finding.ts";
import type { FindingRow, UsageRow } from "../shared/model/ledger.ts";
import { uidOf } from "../shared/model/uid.ts";
import { DAY_MS, type EpochMs, fromUsd, HOUR_MS, type NanoUsd } from "../shared/model/units.ts";
import type { Budget } from "../shared/policy/policy.ts";
import { costFigures } from "../shared/report/cost-figures.ts";
import type { ReportInput } from "../shared/report/report-input.ts";
import { madeUpPolicy, madeUpReport, madeUpRules, seeded, spoiled } from "./made-up-report.ts";
import { usageRow } from "./usage-rows.ts";

const FIRST = Date.UTC(2026, 6, 20);
/** The last hour of use, on the 18th of September. */
const LAST = Date.UTC(2026, 8, 18, 16);
const HOURS = [7, 9, 11, 13, 15];

interface Workload {
  readonly owner: string;
  readonly app: string;
  readonly principal: string;
  readonly provider: string;
  readonly account: string;
  readonly source: string;
  readonly model: string;
  /** Calls on a working day, and tokens of a call. */
  readonly calls: number;
  readonly input: number;
  readonly output: number;
  readonly cached?: number;
  /** Of a day, counted from the first. */
  readonly times?: (day: number) => number;
  readonly hours?: readonly number[];
  /** Tokens out, and tokens in, times this. */
  readonly longer?: (day: number) => number;
}

/** Dollars per million tokens, in and out. */
const PRICES: Readonly<Record<string, readonly [input: number, output: number]>> = {
  "anthropic/claude-sonnet-4-5": [3, 15],
  "anthropic/claude-haiku-4-5": [1, 5],
  "anthropic/claude-opus-4-5": [5, 25],
  "openai/gpt-5.1": [1.25, 10],
  "openai/gpt-5.1-mini": [0.25, 2],
  "google/gemini-2.5-pro": [1.25, 10],
  "mistral/mistral-large": [2, 6],
  "amazon/nova-pro": [0.8, 3.2],
};

const bedrock = { provider: "aws.bedrock", account: "111122223333", source: "aws.bedrock-invocation" };
const azure = { provider: "azure.ai.openai", account: "7c1e7f52-made-up", source: "azure.openai" };
const vertex = { provider: "gcp.vertex_ai", account: "acme-analytics-prod", source: "gcp.audit" };

const from = (day: number, times: number) => (at: number) => (at >= day ? times : 1);
const on = (day: number, times: number) => (at: number) => (at === day ? times : 1);

const workloads: readonly Workload[] = [
  {
    ...bedrock,
    owner: "Customer Support",
    app: "assistant",
    principal: "role/support-assistant",
    model: "anthropic/claude-sonnet-4-5",
    calls: 5_200,
    input: 2_600,
    output: 420,
    cached: 0.62,
    times: (day) => 1 + day / 160,
  },
  {
    ...bedrock,
    owner: "Customer Support",
    app: "triage",
    principal: "role/support-triage",
    model: "anthropic/claude-sonnet-4-5",
    calls: 9_000,
    input: 700,
    output: 22,
  },
  {
    ...bedrock,
    owner: "Research",
    app: "lab",
    principal: "role/lab",
    model: "anthropic/claude-opus-4-5",
    calls: 620,
    input: 5_200,
    output: 1_900,
    times: on(51, 6),
  },
  {
    ...vertex,
    owner: "Data Science",
    app: "forecast",
    principal: "forecast@acme-analytics-prod",
    model: "google/gemini-2.5-pro",
    calls: 2_400,
    input: 3_000,
    output: 900,
    hours: [2, 3],
    times: from(46, 2.2),
  },
  {
    ...azure,
    owner: "Finance",
    app: "copilot",
    principal: "app-finance-copilot",
    model: "openai/gpt-5.1",
    calls: 3_100,
    input: 2_100,
    output: 380,
    longer: (day) => (day > 49 ? 1.3 + (day - 49) * 0.16 : 1),
  },
  {
    ...azure,
    owner: "Legal",
    app: "contracts",
    principal: "app-contracts",
    model: "openai/gpt-5.1",
    calls: 420,
    input: 9_500,
    output: 700,
  },
  {
    provider: "openai",
    account: "org-MadeUpCompany",
    source: "openai.usage",
    owner: "Web",
    app: "frontend",
    principal: "key_web_frontend",
    model: "openai/gpt-5.1-mini",
    calls: 14_000,
    input: 900,
    output: 160,
  },
  {
    provider: "mistral_ai",
    account: "",
    source: "litellm.spend",
    owner: "Engineering",
    app: "review",
    principal: "sha256:91bc",
    model: "mistral/mistral-large",
    calls: 1_100,
    input: 3_800,
    output: 500,
  },
  {
    ...bedrock,
    owner: "",
    app: "",
    principal: "user/ivo",
    model: "anthropic/claude-haiku-4-5",
    calls: 1_900,
    input: 2_300,
    output: 600,
  },
  {
    ...azure,
    owner: "Operations",
    app: "runbooks",
    principal: "app-runbooks",
    model: "amazon/nova-pro",
    calls: 800,
    input: 1_800,
    output: 300,
    times: (day) => (day >= 57 ? 9 : 1),
  },
  {
    ...bedrock,
    owner: "Research",
    app: "lab",
    principal: "role/lab",
    model: "made-up/lab-tuned",
    calls: 260,
    input: 1_500,
    output: 300,
  },
];

const budget = (name: string, scope: Budget["scope"], amount: number, given: Partial<Budget> = {}): Budget => ({
  name,
  scope,
  measure: "cost",
  amount,
  period: "month",
  since: Date.UTC(2026, 0, 1) as EpochMs,
  ...given,
});
const team = (uid: string): Budget["scope"] => ({ kind: "team", uid });

export const madeUpBudgets: readonly Budget[] = [
  budget("all of AI", { kind: "organization", uid: "" }, 9_000),
  budget("research", team("Research"), 800),
  budget("support", team("Customer Support"), 2_350),
  budget("data science", team("Data Science"), 1_050),
  budget("frontend tokens", { kind: "app", uid: "frontend" }, 420_000_000, { measure: "tokens" }),
  budget("legal", team("Legal"), 400),
  budget("review", { kind: "app", uid: "review" }, 600),
];

const price: PriceOf = ({ provider, model, usage, operationName }) => {
  const [input, output] = PRICES[model?.name ?? ""] ?? [];
  if (input === undefined || output === undefined || !usage) return undefined;
  const isDearer = provider === "azure.ai.openai" ? 1.1 : 1;
  const cached = usage.cacheReadTokens ?? 0;
  const usd = ((usage.inputTokens ?? 0) - 0.9 * cached) * input + (usage.outputTokens ?? 0) * output;
  const nanoUsd = Math.round((usd / 1e6) * 1e9 * isDearer * (operationName === "batch" ? 0.5 : 1)) as NanoUsd;
  return { nanoUsd, basis: "estimated", priceSource: "made-up", priceVersion: "1" };
};

/** Two months of spend, with incidents, budgets, bills and something to save. */
export function madeUpCostReport(seed = 11): ReportInput {
  const usage = usageUntil(LAST, seed);
  const policy = { ...madeUpPolicy, budgets: madeUpBudgets };
  const month = madeUpReport();
  return {
    ...month,
    policy,
    period: { first: (FIRST + 9 * HOUR_MS) as EpochMs, last: (LAST + HOUR_MS - 1) as EpochMs },
    findings: [...costFindings, ...month.findings.slice(0, 2)],
    rules: [...madeUpRules, ...new Map(costFindings.map(ruleOf)).values()],
    usage,
    cost: costOfUsage(usage),
  };
}

/** The same, with every name that a log may choose chosen by an attacker. */
export function hostileCostReport(): ReportInput {
  const report = madeUpCostReport();
  const usage = report.usage.map((row) => ({
    ...row,
    owner: spoiled(row.owner),
    app: spoiled(row.app),
    principal: spoiled(row.principal),
    provider: spoiled(row.provider),
    account: spoiled(row.account),
    model: spoiled(row.model),
  }));
  const budgets = madeUpBudgets.map((one) => ({
    ...one,
    name: spoiled(one.name),
    scope: { ...one.scope, uid: spoiled(one.scope.uid) },
  }));
  const findings = report.findings.map(({ finding, revision }) => ({
    revision,
    finding: { ...finding, reason: spoiled(finding.reason), title: spoiled(finding.title) },
  }));
  return { ...report, usage, cost: costOfUsage(usage, budgets), findings };
}

export const costOfUsage = (usage: readonly UsageRow[], budgets = madeUpBudgets) =>
  costFigures(usage, {
    budgets,
    price,
    capacityPrice: () => fromUsd(0.9),
    capacity: [
      {
        uid: "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/made0up0",
        name: "summaries-reserved",
        account: "111122223333",
        provider: "aws.bedrock",
        model: "anthropic/claude-haiku-4-5",
        units: 1,
        since: (FIRST + 3 * DAY_MS) as EpochMs,
        calls: 0,
      },
    ],
    now: (LAST + HOUR_MS) as EpochMs,
  });

function usageUntil(last: number, seed: number): UsageRow[] {
  const random = seeded(seed);
  const rows: UsageRow[] = [];
  for (let at = 0; FIRST + at * DAY_MS <= last; at++) {
    const start = FIRST + at * DAY_MS;
    const isWeekend = [0, 6].includes(new Date(start).getUTCDay());
    let bill = 0;
    let azureBill = 0;
    for (const workload of workloads) {
      const { calls, input, output, cached = 0, hours = HOURS, times, longer, ...names } = workload;
      const shape = (isWeekend ? 0.22 : 1) * (0.88 + 0.24 * random()) * (times?.(at) ?? 1);
      for (const hour of hours) {
        if (start + hour * HOUR_MS > last) continue;
        const made = Math.round((calls * shape) / hours.length);
        const failures = Math.round(made * 0.015 * random());
        const inputTokens = Math.round((made - failures) * input * (longer?.(at) ?? 1));
        const outputTokens = Math.round((made - failures) * output * (longer?.(at) ?? 1));
        const cacheReadTokens = Math.round(inputTokens * cached * (at >= 57 ? 0.3 : 0.95 + 0.1 * random()));
        const [dearIn, dearOut] = PRICES[names.model] ?? [];
        const isPriced = dearIn !== undefined && dearOut !== undefined;
        const usd = isPriced ? ((inputTokens - 0.9 * cacheReadTokens) * dearIn + outputTokens * dearOut) / 1e6 : 0;
        if (names.provider === "aws.bedrock") bill += usd;
        if (names.provider === "azure.ai.openai") azureBill += usd;
        rows.push(
          usageRow({
            ...names,
            view:
              names.source === "openai.usage"
                ? "usage"
                : names.source === "litellm.spend"
                  ? "gateway"
                  : "provider",
            hour: (start + hour * HOUR_MS) as EpochMs,
            verdict: "sanctioned",
            calls: made,
            failures,
            inputTokens,
            outputTokens,
            cacheReadTokens,
            estimatedNanoUsd: fromUsd(usd),
            failedNanoUsd: fromUsd(usd * 0.004),
            unpricedCalls: isPriced ? 0 : made - failures,
          }),
        );
      }
    }
    // Bills end four days ago. What Bedrock bills beyond the logs, since August, is a region that nobody watches.
    if (start > last - 4 * DAY_MS) continue;
    const billed = (given: Partial<UsageRow>, usd: number) =>
      rows.push(
        usageRow({
          ...given,
          hour: (start + 12 * HOUR_MS) as EpochMs,
          view: "usage",
          billedNanoUsd: fromUsd(usd),
        }),
      );
    billed({ ...bedrock, source: "aws.cur" }, bill * 0.97 + (at > 26 ? 19 + 4 * random() : 0));
    billed({ ...azure, source: "azure.cost-export" }, azureBill * 0.85);
    billed({ provider: "aws.bedrock", account: "444455556666", source: "aws.cur" }, 6 + 2 * random());
  }
  return rows;
}

const time = (day: number, hour: number) => (FIRST + day * DAY_MS + hour * HOUR_MS) as EpochMs;

function costFinding(
  ruleName: string,
  title: string,
  level: Level,
  subject: Subject,
  at: EpochMs,
  reason: string,
  owner?: string,
): FindingRow {
  const finding: Finding = {
    schema: "gnomon.finding/v1",
    uid: uidOf(ruleName, JSON.stringify(subject)),
    ruleId: `${uidOf("rule", ruleName).slice(0, 8)}-0000-4000-8000-000000000000`,
    ruleName,
    title,
    level,
    status: "new",
    subject,
    reason,
    firstSeenTime: at,
    lastSeenTime: (at + 6 * HOUR_MS) as EpochMs,
    matches: 1,
    count: 0,
    evidence: [],
    ...(owner === undefined ? {} : { owner }),
  };
  return { revision: 1, finding };
}

const costFindings: readonly FindingRow[] = [
  costFinding(
    "spend-surge",
    "Spend Far Above the Usual",
    "high",
    { principal: "role/lab" },
    time(51, 9),
    "role/lab spent $271.40 in the 7.0 h to 2026-09-09 16:00 UTC, 6.1 times the usual $44.49; driven by calls × 6.0 ($219.87)",
    "Research",
  ),
  costFinding(
    "budget-crossed",
    "Budget Used Up",
    "high",
    { resource: "budget research" },
    time(57, 12),
    "research: 85 % used ($680.10 of $800) on day 15 of 30",
    "Research",
  ),
  costFinding(
    "team-lift",
    "A Whole Team Spends More",
    "medium",
    { resource: "team Data Science" },
    time(46, 0),
    "Data Science spent $262.11 in the 4 days to 2026-09-08 00:00 UTC, 2.2 times the usual $119.08; driven by calls × 2.2 ($142.90)",
    "Data Science",
  ),
  costFinding(
    "slow-leak",
    "Requests Grow Day by Day",
    "medium",
    { principal: "app-finance-copilot" },
    time(50, 0),
    "app-finance-copilot spent $141.02 in the 6 days to 2026-09-14 00:00 UTC, 1.7 times the usual $83.10; driven by tokens per call +68 % ($57.92)",
    "Finance",
  ),
  costFinding(
    "budget-forecast",
    "Budget Will Not Last",
    "medium",
    { resource: "budget data science" },
    time(54, 9),
    "data science: will exceed $1,050: $560.20 used on day 12 of 30, $1,412.30 expected by the end (80 %: $1,301.10 to $1,528.40)",
    "Data Science",
  ),
  costFinding(
    "unit-cost-rise",
    "A Request Costs a Multiple",
    "medium",
    { principal: "role/support-assistant", model: "anthropic/claude-sonnet-4-5" },
    time(57, 10),
    "role/support-assistant spent $118.40 in the 8.0 h to 2026-09-15 18:00 UTC, 1.6 times the usual $74.02; driven by price per token +58 % ($42.11)",
    "Customer Support",
  ),
];

const ruleOf = ({ finding }: FindingRow): readonly [string, Rule] => [
  finding.ruleName,
  {
    id: finding.ruleId,
    name: finding.ruleName,
    title: finding.title,
    status: "stable",
    level: finding.level,
    description: "Spend left what is usual for the one who spends.",
    references: [],
    falsepositives: ["A launch that nobody declared"],
    tags: [],
    misses: "What stays within the usual.",
    remedy: "Ask the owner what changed.",
    quietMs: 7 * DAY_MS,
  },
];
