/**
 * What an activity costs: the only file that knows `@pydantic/genai-prices`.
 *
 * Price is per request, by event time. An estimate by construction: list prices, no commitment, no free tier; what
 * the vendor's invoice says is `billed` and comes from its cost export. Unknown is undefined, never 0.
 * Misses: audio and image tokens are priced as text (Activity does not tell modalities apart), cache writes at the
 * five-minute rate, server tools (web search) not at all.
 */
import { type Activity, type Cost, type Usage, unratedBillOf } from "../model/activity.ts";
import { ByValues } from "../model/by-values.ts";
import { DAY_MS, type EpochMs, MINUTE_MS, type NanoUsd } from "../model/units.ts";
import { compilePatterns } from "../policy/pattern.ts";
import type { Pattern } from "../policy/policy.ts";
import { spellings } from "../policy/scope.ts";

export type PriceOf = (activity: Activity) => Cost | undefined;

/** Price per million tokens, per request, per second; in dollars unless `usdPerUnit` says otherwise. */
export interface Rates {
  readonly inputPerMillion?: number;
  readonly outputPerMillion?: number;
  /** Where absent, cached tokens cost as much as others. */
  readonly cacheReadPerMillion?: number;
  readonly cacheWritePerMillion?: number;
  readonly perRequest?: number;
  /** Of audio or video. */
  readonly perSecond?: number;
  /** For prices agreed in another currency: dollars per unit of it. */
  readonly usdPerUnit?: number;
}

/** A decision of the organization about price: a contract, a custom model, a door without list prices. */
export interface PriceOverride {
  /** Shown as the price's version: `azure-eu-2026`. */
  readonly name: string;
  readonly since?: EpochMs;
  /** Exclusive. */
  readonly until?: EpochMs;
  /** Every named field must match one of its own, as in a clause of the policy. */
  readonly providers?: readonly Pattern[];
  readonly models?: readonly Pattern[];
  readonly accounts?: readonly Pattern[];
  /** Against the deployment's uid and name. */
  readonly deployments?: readonly Pattern[];
  /**
   * `rates` replace the list price. `discount` is a share off whatever price holds otherwise. `capacity` is paid by
   * the hour, so that a request by itself has no price: see `reserved.ts`. `currency` makes dollars of bills in another
   * one.
   */
  readonly terms:
    | { readonly kind: "rates"; readonly rates: Rates }
    | { readonly kind: "discount"; readonly share: number }
    | { readonly kind: "capacity"; readonly hourlyNanoUsd: NanoUsd }
    | { readonly kind: "currency"; readonly code: string; readonly usdPerUnit: number };
}

/** Version of the bundled list. A test compares it with the installed package, whose manifest is not importable. */
export const PRICE_LIST_VERSION = "0.1.8";

type Package = typeof import("@pydantic/genai-prices");
type ListedRate = number | { base: number; tiers: readonly { start: number; price: number }[] };

/** Doors by OpenTelemetry's names, as the package calls them. A door that is not here is looked up by its own name. */
const PROVIDERS: Readonly<Record<string, string>> = {
  "aws.bedrock": "aws",
  "azure.ai.openai": "azure",
  "azure.ai.inference": "azure",
  "gcp.vertex_ai": "google",
  "gcp.gemini": "google",
  "gcp.gen_ai": "google",
  mistral_ai: "mistral",
  x_ai: "x-ai",
  together_ai: "together",
  fireworks_ai: "fireworks",
  moonshot_ai: "moonshotai",
};

/** Half price for asynchronous batches: price pages of the six, read 2026-09; AWS and Azure for most models. */
const HALF_PRICE_BATCH = new Set(["openai", "anthropic", "aws", "azure", "google", "mistral"]);

/** Claude from 4.5 on costs 10 % more where Vertex is told a region (Anthropic's price page, "Regional endpoint pricing"). */
const REGIONAL_PREMIUM = 1.1;
const CLAUDE_WITH_REGIONAL_PREMIUM = /claude-(?:(?:sonnet|haiku|opus)-4[-.][5-9]|[a-z]+-(?:[5-9]|\d\d))(?![0-9])/;

interface ListPrice {
  readonly input: ListedRate | undefined;
  readonly output: ListedRate | undefined;
  readonly cacheRead: ListedRate | undefined;
  readonly cacheWrite: ListedRate | undefined;
  /** Absent: that of any other write. */
  readonly cacheWriteHour?: ListedRate | undefined;
  readonly perRequest: number;
  readonly perSecond: number;
  /** The rate depends on the size of the request, so that a bucket needs its average. */
  readonly tiered: boolean;
  readonly factor: number;
}

/** Loads the price list (about 60 ms and half a megabyte), once per process. */
export async function loadPrices(overrides: readonly PriceOverride[] = []): Promise<PriceOf> {
  const list = listPrices(await import("@pydantic/genai-prices"));
  const compiled = overrides.map(compile);
  return (activity) => {
    const bill = unratedBillOf(activity);
    if (bill) return inDollars(bill, activity, compiled);
    if ((activity.kind !== "call" && activity.kind !== "bucket") || !activity.usage) return undefined;
    if (compiled.length === 0) return list(activity, activity.usage);
    const terms = compiled.filter((override) => override.applies(activity));
    const discount = terms.findLast(({ terms }) => terms.kind === "discount");
    const instead = terms.findLast(({ terms }) => terms.kind === "rates" || terms.kind === "capacity");
    const priced = instead ? ratesPrice(instead, activity) : list(activity, activity.usage);
    if (!priced || discount?.terms.kind !== "discount") return priced;
    return {
      ...priced,
      nanoUsd: Math.round(priced.nanoUsd * (1 - discount.terms.share)) as NanoUsd,
      priceVersion: `${priced.priceVersion} ${discount.name}`,
    };
  };
}

/**
 * Divides what an hour of capacity costs among its uses, by weight (tokens), to the last nano-dollar. An hour
 * without use is idle as a whole.
 */
export function spreadCapacity(
  hourlyNanoUsd: NanoUsd,
  weights: readonly number[],
): { readonly shares: readonly NanoUsd[]; readonly idle: NanoUsd } {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total <= 0) return { shares: weights.map(() => 0 as NanoUsd), idle: hourlyNanoUsd };
  let passed = 0;
  let given = 0;
  const shares = weights.map((weight) => {
    passed += weight;
    const share = Math.round((hourlyNanoUsd * passed) / total) - given;
    given += share;
    return share as NanoUsd;
  });
  return { shares, idle: 0 as NanoUsd };
}

/** Prices of one model through one door, by slot of time; those that go by the time of day have one every 15 minutes. */
interface Known {
  readonly slotMs: number;
  readonly bySlot: Map<number, ListPrice | "none">;
}

/** Callers that make up models' names are not to fill the memory. */
const MOST_REMEMBERED = 5_000;

function listPrices(prices: Package): (activity: Activity, usage: Usage) => Cost | undefined {
  let known = new ByValues<Known>();
  let remembered = 0;

  function find(activity: Activity): ListPrice | undefined {
    const { provider, model, region, startTime } = activity;
    if (!provider || !model) return undefined;
    const { scope, geography, requested } = region ?? {};
    const at = known
      .at(provider)
      .at(model.id)
      .at(model.name)
      .at(model.version)
      .at(scope)
      .at(geography)
      .at(requested);
    at.held ??= { slotMs: DAY_MS, bySlot: new Map() };
    const slot = Math.floor(startTime / at.held.slotMs);
    const found = at.held.bySlot.get(slot);
    if (found !== undefined) return found === "none" ? undefined : found;
    const matched = lookUp(prices, activity, new Date(startTime));
    if (matched?.byTimeOfDay && at.held.slotMs === DAY_MS) {
      at.held = { slotMs: 15 * MINUTE_MS, bySlot: new Map() };
      return find(activity);
    }
    at.held.bySlot.set(slot, matched?.price ?? "none");
    if (remembered++ === MOST_REMEMBERED) {
      known = new ByValues();
      remembered = 0;
    }
    return matched?.price;
  }

  return (activity, usage) => {
    if (isProvisioned(activity)) return undefined;
    const price = find(activity);
    if (!price) return undefined;
    const dollars = apply(price, usage, activity);
    if (dollars === undefined) return undefined;
    const batch = isBatch(activity) && HALF_PRICE_BATCH.has(providerOf(activity.provider ?? "")) ? 0.5 : 1;
    return {
      nanoUsd: Math.round(dollars * batch * 1e9) as NanoUsd,
      basis: "estimated",
      priceSource: "genai-prices",
      priceVersion:
        price.tiered && activity.count > 1 ? `${PRICE_LIST_VERSION} average-request` : PRICE_LIST_VERSION,
    };
  };
}

function lookUp(
  prices: Package,
  activity: Activity,
  timestamp: Date,
): { readonly price: ListPrice; readonly byTimeOfDay: boolean } | undefined {
  const providerId = providerOf(activity.provider ?? "");
  // The package also finds providers by parts of a name, so that `azure.ai.openai` would be `openai`.
  if (prices.findProvider({ providerId })?.id !== providerId) return undefined;
  for (const id of idsAtDoor(providerId, activity)) {
    const match = prices.calcPrice({}, id, { providerId, timestamp });
    if (!match) continue;
    const rate = (name: string): ListedRate | undefined => match.model_price[name];
    const plain = (name: string): number => {
      const value = rate(name);
      return typeof value === "number" ? value : 0;
    };
    const tokens = {
      input: rate("input_mtok"),
      output: rate("output_mtok"),
      cacheRead: rate("cache_read_mtok"),
      cacheWrite: rate("cache_write_mtok"),
      cacheWriteHour: rate("cache_write_1h_mtok"),
    };
    return {
      price: {
        ...tokens,
        perRequest: plain("requests_kcount") / 1_000,
        perSecond: (plain("input_audio_hours") || plain("audio_hours")) / 3_600,
        tiered: Object.values(tokens).some((value) => typeof value === "object"),
        factor: regionalFactor(providerId, id, activity),
      },
      byTimeOfDay:
        Array.isArray(match.model.prices) &&
        match.model.prices.some(({ constraint }) => constraint?.type === "time_of_date"),
    };
  }
  return undefined;
}

const providerOf = (door: string): string => PROVIDERS[door] ?? door;

/** The ways this door may write the model, the most telling first. */
function idsAtDoor(providerId: string, { model, region }: Activity): readonly string[] {
  if (!model) return [];
  const last = model.id.slice(model.id.lastIndexOf("/") + 1);
  const ids = [model.id, last];
  const [vendor, short] = model.name?.split("/") ?? [];
  if (!vendor || !short) return ids;
  const built = [...(model.version ? [`${short}-${model.version}`] : []), short];
  // Azure's id is half of the name: `gpt-4`, with `turbo-2024-04-09` for its version.
  if (providerId === "azure") return [...built, ...ids];
  if (providerId !== "aws") return [...ids, ...built];
  // An application inference profile names no model, and a foundation model's id does not say where it may run:
  // the region does, and the global endpoint is the cheaper one.
  const prefix = region?.scope === "global" ? "global." : region?.geography ? `${region.geography}.` : "";
  const said = prefix && last.startsWith(`${vendor}.`) ? [`${prefix}${last}`] : [];
  return [...said, ...ids, ...built.map((name) => `${prefix}${vendor}.${name}`)];
}

function regionalFactor(providerId: string, id: string, { region }: Activity): number {
  if (providerId !== "google" || !region?.requested || !CLAUDE_WITH_REGIONAL_PREMIUM.test(id)) return 1;
  return region.requested === "global" || region.scope === "global" ? 1 : REGIONAL_PREMIUM;
}

/** Dollars. Undefined where what the price counts was not reported. */
function apply(price: ListPrice, usage: Usage, activity: Activity): number | undefined {
  const requests = Math.max(1, activity.count);
  let dollars = price.perRequest * requests;
  let counted = price.perRequest > 0;
  if (price.perSecond > 0) {
    if (usage.seconds === undefined) return undefined;
    dollars += price.perSecond * usage.seconds;
    counted = true;
  }
  if (price.input !== undefined || price.output !== undefined) {
    const { inputTokens, outputTokens } = usage;
    if (price.input !== undefined && inputTokens === undefined) return undefined;
    const answered = activity.outcome?.status !== "failure";
    const output = price.output === undefined ? undefined : (outputTokens ?? (answered ? undefined : 0));
    if (price.output !== undefined && output === undefined && !isFree(price.output)) return undefined;
    const size = (inputTokens ?? 0) / requests;
    const at = (rate: ListedRate | undefined, tokens: number): number =>
      rate === undefined ? 0 : (rateFor(rate, size) * tokens) / 1e6;
    const input = inputTokens ?? 0;
    // A part can be no more than the whole; readings of one bucket may disagree for a while.
    const cacheRead = price.cacheRead === undefined ? 0 : Math.min(usage.cacheReadTokens ?? 0, input);
    const cacheWrite =
      price.cacheWrite === undefined ? 0 : Math.min(usage.cacheWriteTokens ?? 0, input - cacheRead);
    const cacheWriteHour = Math.min(usage.cacheWriteHourTokens ?? 0, cacheWrite);
    dollars +=
      at(price.input, input - cacheRead - cacheWrite) +
      at(price.cacheRead, cacheRead) +
      at(price.cacheWrite, cacheWrite - cacheWriteHour) +
      at(price.cacheWriteHour ?? price.cacheWrite, cacheWriteHour) +
      at(price.output, output ?? 0);
    counted = true;
  }
  return counted ? dollars * price.factor : undefined;
}

const isFree = (rate: ListedRate): boolean => rate === 0;

/** A tier holds for the whole of a request, and begins above its start. */
function rateFor(rate: ListedRate, inputTokens: number): number {
  if (typeof rate === "number") return rate;
  let price = rate.base;
  for (const tier of rate.tiers) if (inputTokens > tier.start) price = tier.price;
  return price;
}

function isBatch({ operationName, deployment, labels }: Activity): boolean {
  return (
    operationName === "batch" ||
    /batch/i.test(deployment?.type ?? "") ||
    labels?.["service_tier"] === "batch" ||
    labels?.["batch"] === "true"
  );
}

/** Reserved capacity is paid by the hour; its tokens have no price of their own. */
function isProvisioned({ deployment, model }: Activity): boolean {
  return /provisioned/i.test(deployment?.type ?? "") || (model?.id.includes(":provisioned-model/") ?? false);
}

interface CompiledOverride extends PriceOverride {
  readonly applies: (activity: Activity) => boolean;
}

function compile(override: PriceOverride): CompiledOverride {
  const { providers, models, accounts, deployments } = compileParts(override);
  return {
    ...override,
    applies: (activity) =>
      (override.since === undefined || activity.startTime >= override.since) &&
      (override.until === undefined || activity.startTime < override.until) &&
      providers([activity.provider]) &&
      models(spellings.models(activity)) &&
      accounts(spellings.accounts(activity)) &&
      deployments([activity.deployment?.uid, activity.deployment?.name]),
  };
}

type Part = "providers" | "models" | "accounts" | "deployments";

/** Whether a value in all its spellings is one that an override names. Of what is not known, none is. */
export function compileParts(
  override: PriceOverride,
): Readonly<Record<Part, (values: readonly (string | undefined)[]) => boolean>> {
  const oneOf = (part: Part) => {
    const patterns = override[part];
    if (!patterns) return () => true;
    const matches = compilePatterns(patterns);
    return (values: readonly (string | undefined)[]) => matches(values) === true;
  };
  return {
    providers: oneOf("providers"),
    models: oneOf("models"),
    accounts: oneOf("accounts"),
    deployments: oneOf("deployments"),
  };
}

/** What an invoice says in another currency, by the rate of its day. Still billed, and its version tells the rate. */
function inDollars(
  { currency, amount }: { readonly currency: string; readonly amount: number },
  activity: Activity,
  overrides: readonly CompiledOverride[],
): Cost | undefined {
  const rate = overrides.findLast(
    ({ terms, applies }) => terms.kind === "currency" && terms.code === currency && applies(activity),
  );
  if (rate?.terms.kind !== "currency") return undefined;
  const { usdPerUnit } = rate.terms;
  const nanoUsd = Math.round(amount * usdPerUnit * 1e9) + 0; // no -0
  if (!Number.isSafeInteger(nanoUsd)) return undefined;
  return {
    nanoUsd: nanoUsd as NanoUsd,
    basis: "billed",
    priceSource: activity.source,
    priceVersion: `${rate.name} ${usdPerUnit} USD/${currency}`,
  };
}

function ratesPrice(override: CompiledOverride, activity: Activity): Cost | undefined {
  if (override.terms.kind !== "rates" || !activity.usage) return undefined;
  const { rates } = override.terms;
  const amount = apply(
    {
      input: rates.inputPerMillion,
      output: rates.outputPerMillion,
      cacheRead: rates.cacheReadPerMillion,
      cacheWrite: rates.cacheWritePerMillion,
      perRequest: rates.perRequest ?? 0,
      perSecond: rates.perSecond ?? 0,
      tiered: false,
      factor: rates.usdPerUnit ?? 1,
    },
    activity.usage,
    activity,
  );
  if (amount === undefined) return undefined;
  return {
    nanoUsd: Math.round(amount * 1e9) as NanoUsd,
    basis: "estimated",
    priceSource: "override",
    priceVersion: override.name,
  };
}
