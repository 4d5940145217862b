/**
 * The bills of the made-up company: what its calls cost, by day, account and meter. Azure's regional deployments cost a
 * tenth more than the list price by which Gnomon estimates, as in life. The sandbox is paid by somebody's credit card.
 */
import { aws, azure } from "./company.ts";
import type { AwsCharge, AzureCall, AzureCharge, BedrockCall, Charge, Happening, Time } from "./happening.ts";

const DAY = 86_400_000;

/** Dollars a million tokens: in, out, read from the cache. */
type Rates = readonly [input: number, output: number, cacheRead: number];

/** As usage types call a model, and what it costs in one geography. By a part of its id. */
const bedrockModels: readonly (readonly [part: string, name: string, rates: Rates])[] = [
  ["claude-sonnet-4-5", "Claude4.5Sonnet", [3.3, 16.5, 0.33]],
  ["claude-sonnet-4-6", "Claude4.6Sonnet", [3.3, 16.5, 0.33]],
  ["claude-haiku-4-5", "Claude4.5Haiku", [1.1, 5.5, 0.11]],
  ["claude-opus-4-5", "Claude4.5Opus", [5.5, 27.5, 0.55]],
  ["deepseek.r1", "DeepSeekR1", [1.35, 5.4, 1.35]],
];

const azureModels: Readonly<Record<string, readonly [name: string, rates: Rates]>> = {
  "gpt-4o": ["gpt 4o 1120", [2.75, 11, 1.375]],
  "gpt-4": ["gpt 4 turbo", [11, 33, 11]],
};

/** `EUC1-Claude4.5Sonnet-input-tokens` */
const regionCodes: Readonly<Record<string, string>> = {
  "eu-central-1": "EUC1",
  "eu-west-1": "EUW1",
  "us-east-1": "USE1",
  "ap-south-1": "APS3",
};

/** Tokens of one day and meter. */
interface Metered {
  input: number;
  output: number;
  cacheRead: number;
}

export function billsOf(happenings: readonly Happening[]): readonly Charge[] {
  const bedrock = happenings.filter(
    (one) => one.on === "bedrock" && one.error === undefined && one.account !== aws.sandbox,
  ) as BedrockCall[];
  const openai = happenings.filter((one) => one.on === "azure" && one.status === 200) as AzureCall[];
  return [...awsBill(bedrock), ...azureBill(openai)];
}

function* awsBill(calls: readonly BedrockCall[]): Generator<AwsCharge> {
  const of = ({ time, account, region, modelId }: BedrockCall) => {
    const [, name] = bedrockModels.find(([part]) => modelId.includes(part)) ?? [];
    return name === undefined ? undefined : { day: dayOf(time), account, region, name };
  };
  for (const [about, { input, output, cacheRead }] of metered(calls, of)) {
    const [, , rates = [0, 0, 0]] = bedrockModels.find(([, name]) => name === about.name) ?? [];
    const { day, account, region } = about;
    for (const [tokens, rate, kind] of [
      [input, rates[0], "input-tokens"],
      [output, rates[1], "output-tokens"],
      [cacheRead, rates[2], "cache-read-input-token-count"],
    ] as const) {
      if (tokens === 0) continue;
      const usageType = `${regionCodes[region] ?? region}-${about.name}-${kind}`;
      yield {
        on: "aws-charge",
        day,
        account,
        region,
        usageType,
        quantity: tokens / 1_000,
        usd: (tokens * rate) / 1e6,
      };
    }
  }
}

function* azureBill(calls: readonly AzureCall[]): Generator<AzureCharge> {
  const of = ({ time, resource, region, model }: AzureCall) =>
    azureModels[model] && { day: dayOf(time), resource, region, model };
  for (const [about, { input, output, cacheRead }] of metered(calls, of)) {
    const [name, rates] = azureModels[about.model] ?? ["", [0, 0, 0]];
    const { day, resource, region } = about;
    for (const [tokens, rate, kind] of [
      [input, rates[0], "Inp"],
      [output, rates[1], "Outp"],
      [cacheRead, rates[2], "cached Inp"],
    ] as const) {
      if (tokens === 0) continue;
      yield {
        on: "azure-charge",
        day,
        subscription: azure.subscription,
        resource,
        region,
        meter: `${name} ${kind} regnl Tokens`,
        pricing: "OnDemand",
        unit: "1K",
        quantity: tokens / 1_000,
        usd: (tokens * rate) / 1e6,
      };
    }
  }
}

/** Tokens added up by whatever `of` tells of a call; what it tells nothing of is not billed. */
function metered<Call extends BedrockCall | AzureCall, About>(
  calls: readonly Call[],
  of: (call: Call) => About | undefined,
): Iterable<readonly [About, Metered]> {
  const sums = new Map<string, readonly [About, Metered]>();
  for (const call of calls) {
    const about = of(call);
    if (about === undefined) continue;
    const key = JSON.stringify(about);
    const [, sum] = sums.get(key) ?? [about, { input: 0, output: 0, cacheRead: 0 }];
    const cached = Math.min(
      call.inputTokens,
      (call.on === "bedrock" ? call.cacheReadTokens : call.cachedTokens) ?? 0,
    );
    sum.input += call.inputTokens - cached;
    sum.cacheRead += cached;
    sum.output += call.outputTokens;
    sums.set(key, [about, sum]);
  }
  return sums.values();
}

const dayOf = (time: Time): Time => time - (time % DAY);
