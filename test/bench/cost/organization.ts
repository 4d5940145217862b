/**
 * A made-up organization's spend on AI over 98 days, hour by hour, with the anomalies injected into it.
 *
 * Six kinds of principals, seasonality by local hour and weekday, growth, holidays, bursty noise, benign changes
 * that resemble anomalies (deploys, launches, vacations, migrations, price changes, legitimate newcomers), late
 * data and collector outages. Prices and names are placeholders.
 */
import { type Random, randomOf } from "./random.ts";

export const HOURS = 98 * 24;
/** Neither anomalies nor scoring before this hour. */
export const WARM_UP_HOURS = 28 * 24;
/** A Monday. */
export const START_MS = Date.UTC(2026, 0, 5);

export const anomalyTypes = [
  "runaway_loop",
  "slow_leak",
  "stolen_key_night",
  "model_swap",
  "token_blowup",
  "retry_storm",
  "low_and_slow",
  "denial_of_wallet",
  "new_spender",
] as const;
export type AnomalyType = (typeof anomalyTypes)[number];

export interface PricedModel {
  readonly name: string;
  readonly provider: string;
  /** Dollars per million tokens. */
  readonly input: number;
  readonly output: number;
}

export interface Burst {
  /** When within the hour, 0 to 1. */
  readonly start: number;
  calls: number;
  inputTokens: number;
  outputTokens: number;
  errors: number;
  cost: number;
}

/** One principal's use of one model in one region: what a usage API reports as one row. */
export interface Leaf {
  readonly principal: number;
  readonly app: string;
  readonly team: string;
  readonly region: string;
  readonly model: PricedModel;
  readonly calls: Float64Array;
  readonly inputTokens: Float64Array;
  readonly outputTokens: Float64Array;
  readonly errors: Float64Array;
  /** Dollars. */
  readonly cost: Float64Array;
  /** By hour: what an anomaly that begins within it adds or takes after its start. */
  readonly bursts: Map<number, Burst>;
}

export interface Principal {
  readonly name: string;
  readonly kind: "human" | "prodapp" | "batch" | "ci" | "agentdev" | "sparse" | "intruder";
  readonly team: string;
  readonly app: string;
  readonly region: string;
  readonly timeZone: number;
  /** First hour of any use. */
  readonly born: number;
}

export interface Anomaly {
  readonly id: string;
  readonly type: AnomalyType;
  readonly principals: readonly number[];
  /** Hours, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** Fraction of `from` that passes before it begins. */
  readonly offset: number;
  /** Dollars above normal, by hour since `from`. */
  readonly excess: Float64Array;
  readonly totalExcess: number;
}

export interface Organization {
  readonly seed: number;
  readonly principals: readonly Principal[];
  readonly leaves: readonly Leaf[];
  readonly anomalies: readonly Anomaly[];
  /** [from, to) hours in which nothing was collected; delivered when they end. */
  readonly outages: readonly (readonly [number, number])[];
  /** Share of a leaf's hour that arrives late, and by how many hours. */
  readonly late: readonly {
    readonly leaf: number;
    readonly hour: number;
    readonly share: number;
    readonly by: number;
  }[];
}

const MODELS: readonly PricedModel[] = [
  { name: "made-up/pico", provider: "openai", input: 0.05, output: 0.4 },
  { name: "made-up/nano", provider: "gcp.vertex_ai", input: 0.1, output: 0.4 },
  { name: "made-up/mini", provider: "openai", input: 0.15, output: 0.6 },
  { name: "made-up/flash", provider: "gcp.vertex_ai", input: 0.3, output: 2.5 },
  { name: "made-up/small", provider: "aws.bedrock", input: 0.8, output: 4 },
  { name: "made-up/base", provider: "azure.ai.openai", input: 1.25, output: 10 },
  { name: "made-up/large", provider: "openai", input: 2.5, output: 10 },
  { name: "made-up/pro", provider: "aws.bedrock", input: 3, output: 15 },
  { name: "made-up/ultra", provider: "anthropic", input: 5, output: 25 },
  { name: "made-up/deep", provider: "azure.ai.openai", input: 15, output: 120 },
];
const REGIONS = ["us-east-1", "eu-west-1", "ap-south-1"];

const kinds = ["human", "prodapp", "batch", "ci", "agentdev", "sparse"] as const;
const SHAPE = {
  human: { weight: 34, calls: [3, 60], tokens: [1800, 450], burst: 1.5, hourNoise: 0.25, dayNoise: 0.3 },
  prodapp: { weight: 16, calls: [100, 6000], tokens: [1200, 300], burst: 25, hourNoise: 0.08, dayNoise: 0.1 },
  batch: { weight: 12, calls: [200, 8000], tokens: [2500, 250], burst: 30, hourNoise: 0.05, dayNoise: 0.15 },
  ci: { weight: 12, calls: [4, 80], tokens: [9000, 900], burst: 0.35, hourNoise: 0.5, dayNoise: 0.4 },
  agentdev: { weight: 12, calls: [2, 60], tokens: [28000, 900], burst: 0.3, hourNoise: 0.6, dayNoise: 0.5 },
  sparse: { weight: 14, calls: [0.02, 0.6], tokens: [1500, 500], burst: 0.25, hourNoise: 0.4, dayNoise: 0.5 },
} as const;
/** Correlation of one hour's noise with the next. */
const HOUR_PERSISTENCE = 0.7;

/** A principal while it is made: what its usual load is made of. */
interface Plan extends Principal {
  readonly kind: (typeof kinds)[number];
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly tokenNoise: number;
  /** Expected calls by hour, noise included. */
  readonly rate: Float64Array;
}

export function organization(seed: number): Organization {
  const random = randomOf(seed);
  const holidays = Array.from({ length: HOURS / 24 }, () => random.chance(1 / 45));
  const multipliers = priceChanges(random);
  const leaves: Leaf[] = [];
  const leafKeys = new Map<string, Leaf>();

  const plans: Plan[] = [];
  for (let index = 0; index < 90; index++) plans.push(plan(random, index, holidays));
  const principals: Principal[] = [...plans];

  const leafOf = (principal: number, model: PricedModel, region?: string): Leaf => {
    const owner = principals[principal];
    if (!owner) throw new Error("no such principal");
    const key = `${principal} ${model.name} ${region ?? owner.region}`;
    let leaf = leafKeys.get(key);
    if (!leaf) {
      leaf = {
        principal,
        app: owner.app,
        team: owner.team,
        region: region ?? owner.region,
        model,
        calls: new Float64Array(HOURS),
        inputTokens: new Float64Array(HOURS),
        outputTokens: new Float64Array(HOURS),
        errors: new Float64Array(HOURS),
        cost: new Float64Array(HOURS),
        bursts: new Map(),
      };
      leafKeys.set(key, leaf);
      leaves.push(leaf);
    }
    return leaf;
  };
  const add = (leaf: Leaf, hour: number, calls: number, input: number, output: number, errors: number): number => {
    const factor = multipliers.get(leaf.model)?.[hour] ?? 1;
    const cost = ((input * leaf.model.input + output * leaf.model.output) / 1e6) * factor;
    leaf.calls[hour] = (leaf.calls[hour] ?? 0) + calls;
    leaf.inputTokens[hour] = (leaf.inputTokens[hour] ?? 0) + input;
    leaf.outputTokens[hour] = (leaf.outputTokens[hour] ?? 0) + output;
    leaf.errors[hour] = (leaf.errors[hour] ?? 0) + errors;
    leaf.cost[hour] = (leaf.cost[hour] ?? 0) + cost;
    return cost;
  };

  plans.forEach((owner, index) => {
    usual(random, owner, index, leafOf, add);
  });

  const anomalies = inject(random, plans, principals, leaves, leafOf, add);
  const late: { leaf: number; hour: number; share: number; by: number }[] = [];
  leaves.forEach((leaf, index) => {
    for (let hour = 0; hour < HOURS; hour++) {
      if ((leaf.calls[hour] ?? 0) > 0 && random.chance(0.006))
        late.push({ leaf: index, hour, share: random.uniform(0.1, 0.6), by: random.integer(1, 26) });
    }
  });
  const outages = [0, 1].map(() => {
    const from = random.integer(WARM_UP_HOURS, HOURS - 10);
    return [from, from + random.integer(2, 7)] as const;
  });
  return { seed, principals, leaves, anomalies, outages, late };
}

/** Two list prices change for good: one down to 0.8, one up to 1.15. */
function priceChanges(random: Random): ReadonlyMap<PricedModel, Float64Array> {
  const changes = new Map<PricedModel, Float64Array>();
  for (const factor of [0.8, 1.15]) {
    const series = new Float64Array(HOURS).fill(1);
    series.fill(factor, random.integer(20, 95) * 24);
    changes.set(random.pick(MODELS), series);
  }
  return changes;
}

function kindBy(draw: number): (typeof kinds)[number] {
  let passed = 0;
  for (const kind of kinds) {
    passed += SHAPE[kind].weight;
    if (draw < passed) return kind;
  }
  return "sparse";
}

function plan(random: Random, index: number, holidays: readonly boolean[]): Plan {
  const kind = kindBy(random.uniform(0, 100));
  const shape = SHAPE[kind];
  const team = `team-${random.integer(1, 8)}`;
  const app =
    kind === "prodapp" || kind === "batch"
      ? `app-${random.integer(1, 23)}`
      : kind === "human"
        ? random.pick(["chat", "ide"])
        : kind === "sparse"
          ? random.pick(["chat", "scripts"])
          : random.pick(["ide", "scripts"]);
  const timeZone = random.pick([0, 0, -5, -8, 1, 5]);
  const born = random.chance(0.15) ? random.integer(1, HOURS - 1) : 0;
  const base = random.logUniform(shape.calls[0], shape.calls[1]);
  const profile = profileOf(random, kind);
  const growth = random.chance(0.5) ? random.uniform(-0.03, 0.12) : 0;
  const monthly = kind === "batch" && random.chance(0.5) ? random.uniform(2, 5) : 1;
  const events = new Float64Array(HOURS).fill(1);
  const scale = (from: number, to: number, factor: number): void => {
    for (let hour = Math.max(0, from); hour < Math.min(HOURS, to); hour++)
      events[hour] = (events[hour] ?? 1) * factor;
  };
  if (random.chance(0.45))
    scale(
      random.integer(10 * 24, 95 * 24),
      HOURS,
      random.chance(0.6) ? random.uniform(1.3, 2.2) : random.uniform(0.4, 0.8),
    );
  if (random.chance(0.2)) {
    const from = random.integer(10 * 24, 95 * 24);
    scale(from, from + random.integer(24, 48), random.uniform(1.8, 3));
  }
  if ((kind === "human" || kind === "agentdev") && random.chance(0.5)) {
    const from = random.integer(0, 90) * 24;
    scale(from, from + 24 * random.integer(4, 10), 0);
  }
  for (let day = 0; day < HOURS / 24; day++) if (day % 30 === 0) scale(day * 24, day * 24 + 24, monthly);

  const rate = new Float64Array(HOURS);
  let hourNoise = random.normal();
  let dayNoise = 0;
  for (let hour = 0; hour < HOURS; hour++) {
    if (hour % 24 === 0) dayNoise = random.normal();
    hourNoise = HOUR_PERSISTENCE * hourNoise + Math.sqrt(1 - HOUR_PERSISTENCE ** 2) * random.normal();
    const local = hour + timeZone;
    const weekday = Math.floor((local + 7 * 24) / 24) % 7;
    const off = holidays[Math.floor(hour / 24)] === true;
    const holiday = off ? (kind === "batch" ? 1 : kind === "prodapp" ? 0.8 : 0.15) : 1;
    rate[hour] =
      hour < born
        ? 0
        : base *
          profile((local + 24) % 24, weekday >= 5) *
          (1 + growth) ** (hour / 720) *
          Math.exp(shape.hourNoise * hourNoise + shape.dayNoise * dayNoise) *
          holiday *
          (events[hour] ?? 1);
  }
  return {
    name: `p${index}`,
    kind,
    team,
    app,
    region: random.pick(REGIONS),
    timeZone,
    born,
    inputTokens: shape.tokens[0] * random.logUniform(0.4, 2.5),
    outputTokens: shape.tokens[1] * random.logUniform(0.4, 2.5),
    tokenNoise: kind === "ci" || kind === "agentdev" ? 0.5 : 0.2,
    rate,
  };
}

/** Load by local hour, 1 at the peak. */
function profileOf(random: Random, kind: (typeof kinds)[number]): (hour: number, weekend: boolean) => number {
  const bell = (hour: number, at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2) / 2);
  if (kind === "human") {
    const weekendLoad = random.uniform(0.02, 0.2);
    return (hour, weekend) =>
      Math.min(1, bell(hour, 10.5, 1.6) + bell(hour, 15, 1.8) + 0.01) * (weekend ? weekendLoad : 1);
  }
  if (kind === "prodapp") {
    const weekendLoad = random.uniform(0.5, 1.05);
    return (hour, weekend) => (0.35 + 0.65 * bell(hour, 14, 4)) * (weekend ? weekendLoad : 1);
  }
  if (kind === "batch") {
    if (random.chance(0.5)) return () => 1;
    const at = random.integer(0, 23);
    const spill = random.uniform(0, 0.6);
    return (hour) => (hour === at ? 1 : hour === (at + 1) % 24 ? spill : 0);
  }
  const weekendLoad = kind === "ci" ? 0.2 : 0.3;
  return (hour, weekend) => (0.03 + bell(hour, 13.5, 3)) * (weekend ? weekendLoad : 1);
}

type LeafOf = (principal: number, model: PricedModel, region?: string) => Leaf;
type Add = (leaf: Leaf, hour: number, calls: number, input: number, output: number, errors: number) => number;

/** Writes a principal's normal use into its leaves. */
function usual(random: Random, owner: Plan, index: number, leafOf: LeafOf, add: Add): void {
  const primary = usualModel(random, owner.kind);
  const second = random.chance(0.45) ? usualModel(random, owner.kind) : primary;
  const secondShare = random.uniform(0.1, 0.45);
  const successor = random.pick(MODELS);
  const ratio = priceOf(successor, owner) / priceOf(primary, owner);
  const migrates = random.chance(0.12) && successor !== primary && ratio >= 0.3 && ratio <= 2.5;
  const migration = migrates ? random.integer(10 * 24, 95 * 24) : HOURS;
  const { burst } = SHAPE[owner.kind];
  for (let hour = 0; hour < HOURS; hour++) {
    const calls = random.negativeBinomial(owner.rate[hour] ?? 0, burst);
    if (calls === 0) continue;
    const noise = owner.tokenNoise / Math.sqrt(Math.max(1, calls / 6));
    const input = owner.inputTokens * Math.exp(noise * random.normal());
    const output = owner.outputTokens * Math.exp(noise * random.normal());
    const first = hour < migration ? primary : successor;
    const split =
      second === primary
        ? 0
        : Math.min(
            calls,
            Math.max(
              0,
              Math.round(
                calls * secondShare + Math.sqrt(calls * secondShare * (1 - secondShare)) * random.normal(),
              ),
            ),
          );
    for (const [model, share] of [
      [first, calls - split],
      [second, split],
    ] as const) {
      if (share > 0) add(leafOf(index, model), hour, share, share * input, share * output, 0);
    }
  }
}

/** What runs at scale runs on cheap models; people take any. */
const usualModel = (random: Random, kind: Plan["kind"]): PricedModel =>
  MODELS[Math.floor((kind === "prodapp" || kind === "batch" ? 6 : 10) * random.uniform() ** 1.3)] ??
  random.pick(MODELS);

const priceOf = (model: PricedModel, { inputTokens, outputTokens }: Pick<Plan, "inputTokens" | "outputTokens">) =>
  inputTokens * model.input + outputTokens * model.output;

/** Hours between two anomalies of one lead principal. */
const APART_HOURS = 72;
/** Smaller ones are not worth a person's time, and are drawn again. */
const LEAST_EXCESS = 25;

function inject(
  random: Random,
  plans: readonly Plan[],
  principals: Principal[],
  leaves: readonly Leaf[],
  leafOf: LeafOf,
  add: Add,
): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  for (const type of anomalyTypes) {
    for (let number = 0; number < 3; number++) {
      for (let attempt = 0; ; attempt++) {
        if (attempt === 2_000) throw new Error(`no place for ${type}`);
        const draft = draw(type, random, plans, principals, leaves, leafOf);
        if (!draft) continue;
        const lead = draft.principals[0];
        const crowded = anomalies.some(
          (other) =>
            other.principals[0] === lead &&
            draft.from < other.to + APART_HOURS &&
            other.from < draft.from + draft.hours + APART_HOURS,
        );
        const total = draft.changes.reduce((sum, change) => sum + change.cost, 0);
        if (crowded || total < LEAST_EXCESS) {
          draft.undo?.();
          continue;
        }
        const excess = new Float64Array(draft.hours);
        for (const { leaf, hour, calls, input, output, errors } of draft.changes) {
          const cost = add(leaf, hour, calls, input, output, errors);
          excess[hour - draft.from] = (excess[hour - draft.from] ?? 0) + cost;
          if (hour === draft.from) {
            const burst = leaf.bursts.get(hour) ?? {
              start: draft.offset,
              calls: 0,
              inputTokens: 0,
              outputTokens: 0,
              errors: 0,
              cost: 0,
            };
            burst.calls += calls;
            burst.inputTokens += input;
            burst.outputTokens += output;
            burst.errors += errors;
            burst.cost += cost;
            leaf.bursts.set(hour, burst);
          }
        }
        anomalies.push({
          id: `${type}-${number + 1}`,
          type,
          principals: draft.principals,
          from: draft.from,
          to: draft.from + draft.hours,
          offset: draft.offset,
          excess,
          totalExcess: excess.reduce((sum, dollars) => sum + dollars, 0),
        });
        break;
      }
    }
  }
  return anomalies;
}

interface Draft {
  readonly principals: readonly number[];
  readonly from: number;
  readonly hours: number;
  readonly offset: number;
  readonly changes: readonly {
    readonly leaf: Leaf;
    readonly hour: number;
    readonly calls: number;
    readonly input: number;
    readonly output: number;
    readonly errors: number;
    readonly cost: number;
  }[];
  /** Takes back a principal that was made for it. */
  readonly undo?: () => void;
}

const DEAR = MODELS.slice(7);

function draw(
  type: AnomalyType,
  random: Random,
  plans: readonly Plan[],
  principals: Principal[],
  leaves: readonly Leaf[],
  leafOf: LeafOf,
): Draft | undefined {
  const changes: Draft["changes"][number][] = [];
  const offset = random.uniform();
  const change = (leaf: Leaf, hour: number, calls: number, input: number, output: number, errors = 0): void => {
    const cost = (input * leaf.model.input + output * leaf.model.output) / 1e6;
    changes.push({ leaf, hour, calls, input, output, errors, cost });
  };
  const leavesOf = (principal: number): readonly Leaf[] => leaves.filter((leaf) => leaf.principal === principal);
  const mainLeaf = (principal: number): Leaf | undefined =>
    leavesOf(principal).toSorted((a, b) => sum(b.calls) - sum(a.calls))[0];
  const active = plans.flatMap((owner, index) => (owner.kind === "sparse" ? [] : [index]));
  const startFor = (principal: number, hours: number): number | undefined => {
    const earliest = Math.max(WARM_UP_HOURS, (plans[principal]?.born ?? 0) + 14 * 24);
    return earliest + hours < HOURS ? random.integer(earliest, HOURS - hours - 1) : undefined;
  };
  /** The share of an hour that lies after the start. */
  const within = (hour: number, from: number): number => (hour === from ? 1 - offset : 1);

  if (type === "new_spender") {
    const hours = random.integer(12, 120);
    const from = random.integer(WARM_UP_HOURS, HOURS - hours - 1);
    const principal = principals.length;
    principals.push({
      name: `p${principal}`,
      kind: "intruder",
      team: `team-${random.integer(1, 8)}`,
      app: "scripts",
      region: random.pick(REGIONS),
      timeZone: 0,
      born: from,
    });
    const model = random.pick(DEAR);
    const leaf = leafOf(principal, model);
    const perHour = random.logUniform(80, 1500);
    for (let hour = from; hour < from + hours; hour++) {
      const calls = Math.max(1, Math.round(perHour * within(hour, from) * (1 + 0.2 * random.normal())));
      change(leaf, hour, calls, calls * 1500, calls * 500);
    }
    return { principals: [principal], from, hours, offset, changes, undo: () => principals.pop() };
  }

  const leads = type === "denial_of_wallet" ? active.filter((index) => plans[index]?.kind === "prodapp") : active;
  if (leads.length === 0) return undefined;
  const lead = random.pick(leads);
  const owner = plans[lead];
  const leaf = mainLeaf(lead);
  if (!owner || !leaf) return undefined;

  if (type === "low_and_slow") {
    const hours = 24 * random.integer(4, 12);
    const from = random.integer(WARM_UP_HOURS, HOURS - hours - 1);
    const members = active.filter(
      (index) => plans[index]?.team === owner.team && (plans[index]?.born ?? 0) < from,
    );
    if (members.length < 3) return undefined;
    for (const member of members) {
      const lift = random.uniform(0.35, 0.9);
      for (const one of leavesOf(member)) {
        for (let hour = from; hour < from + hours; hour++) {
          const calls = random.poisson((one.calls[hour] ?? 0) * lift * within(hour, from));
          if (calls > 0) scaleTo(one, hour, calls, change);
        }
      }
    }
    return { principals: members, from, hours, offset, changes };
  }

  if (type === "slow_leak") {
    const hours = 24 * random.integer(7, 18);
    const from = startFor(lead, hours);
    if (from === undefined) return undefined;
    const growth = random.uniform(0.08, 0.25);
    for (const one of leavesOf(lead)) {
      for (let hour = from; hour < from + hours; hour++) {
        const factor = (1 + growth) ** ((hour - from) / 24) - 1;
        change(one, hour, 0, (one.inputTokens[hour] ?? 0) * factor, (one.outputTokens[hour] ?? 0) * factor);
      }
    }
    return { principals: [lead], from, hours, offset, changes };
  }

  if (type === "stolen_key_night") {
    const nightHours = random.integer(3, 9);
    const nights = random.integer(1, 3);
    const hours = 24 * (nights - 1) + nightHours;
    const any = startFor(lead, hours + 24);
    if (any === undefined) return undefined;
    const from = any + ((((24 - owner.timeZone - (any % 24)) % 24) + 24) % 24);
    const model = random.chance(0.6) ? random.pick(DEAR) : leaf.model;
    const target = leafOf(lead, model, random.chance(0.5) ? random.pick(REGIONS) : leaf.region);
    const perHour = random.logUniform(60, 1200);
    for (let night = 0; night < nights; night++) {
      for (let hour = from + 24 * night; hour < from + 24 * night + nightHours; hour++) {
        const calls = Math.round(perHour * within(hour, from) * (1 + 0.2 * random.normal()));
        if (calls > 0) change(target, hour, calls, calls * owner.inputTokens, calls * owner.outputTokens);
      }
    }
    return { principals: [lead], from, hours, offset, changes };
  }

  if (type === "model_swap") {
    const hours = random.integer(48, 120);
    const from = startFor(lead, hours);
    if (from === undefined) return undefined;
    const dearer = MODELS.filter((model) => {
      const ratio = priceOf(model, owner) / priceOf(leaf.model, owner);
      return ratio >= 5 && ratio <= 120;
    });
    if (dearer.length === 0) return undefined;
    const target = leafOf(lead, random.pick(dearer));
    for (const one of leavesOf(lead)) {
      if (one === target) continue;
      for (let hour = from; hour < from + hours; hour++) {
        const part = within(hour, from);
        const calls = Math.round((one.calls[hour] ?? 0) * part);
        if (calls === 0) continue;
        const share = calls / (one.calls[hour] ?? 1);
        const input = (one.inputTokens[hour] ?? 0) * share;
        const output = (one.outputTokens[hour] ?? 0) * share;
        change(one, hour, -calls, -input, -output);
        change(target, hour, calls, input, output);
      }
    }
    return { principals: [lead], from, hours, offset, changes };
  }

  if (type === "token_blowup") {
    const hours = random.integer(6, 72);
    const from = startFor(lead, hours);
    if (from === undefined) return undefined;
    const factor = random.uniform(4, 20);
    for (const one of leavesOf(lead)) {
      for (let hour = from; hour < from + hours; hour++)
        change(one, hour, 0, (one.inputTokens[hour] ?? 0) * (factor - 1) * within(hour, from), 0);
    }
    return { principals: [lead], from, hours, offset, changes };
  }

  const hours =
    type === "runaway_loop"
      ? random.integer(1, 14)
      : type === "retry_storm"
        ? random.integer(1, 6)
        : random.integer(2, 24);
  const from = startFor(lead, hours);
  if (from === undefined) return undefined;

  if (type === "runaway_loop") {
    const perHour = random.logUniform(150, 2500);
    const growth = random.uniform(1, 1.4);
    for (let hour = from; hour < from + hours; hour++) {
      const calls = Math.round(perHour * within(hour, from) * random.uniform(0.95, 1.05));
      const context = Math.min(6, growth ** (hour - from));
      change(leaf, hour, calls, calls * owner.inputTokens * context, calls * owner.outputTokens);
    }
    return { principals: [lead], from, hours, offset, changes };
  }

  if (type === "retry_storm") {
    const factor = random.uniform(4, 25);
    const failing = random.uniform(0.5, 0.95);
    for (const one of leavesOf(lead)) {
      for (let hour = from; hour < from + hours; hour++) {
        const part = within(hour, from);
        const before = one.calls[hour] ?? 0;
        const calls = Math.round(before * (factor - 1) * part);
        if (calls === 0) continue;
        const input = ((one.inputTokens[hour] ?? 0) / before) * calls;
        const output = 0.1 * ((one.outputTokens[hour] ?? 0) / before) * calls;
        change(one, hour, calls, input, output, Math.round(calls * failing));
      }
    }
    return { principals: [lead], from, hours, offset, changes };
  }

  const factor = random.uniform(5, 40);
  for (const one of leavesOf(lead)) {
    for (let hour = from; hour < from + hours; hour++) {
      const before = one.calls[hour] ?? 0;
      const calls = Math.round(before * (factor - 1) * within(hour, from));
      if (calls > 0) change(one, hour, calls, ((one.inputTokens[hour] ?? 0) / before) * calls, calls * 2500);
    }
  }
  return { principals: [lead], from, hours, offset, changes };
}

function scaleTo(
  leaf: Leaf,
  hour: number,
  calls: number,
  change: (leaf: Leaf, hour: number, calls: number, input: number, output: number) => void,
): void {
  const before = leaf.calls[hour] ?? 0;
  change(
    leaf,
    hour,
    calls,
    ((leaf.inputTokens[hour] ?? 0) / before) * calls,
    ((leaf.outputTokens[hour] ?? 0) / before) * calls,
  );
}

const sum = (values: Float64Array): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};
