/**
 * What the same work would cost done otherwise: each piece with a dollar figure, what it rests on and what it assumes.
 * Pure over rows of usage, the ledger's capacity and prices. Savings of two pieces about the same use do not add up.
 *
 *   cheaper-model  short answers by a large model, which its smaller sibling gives too
 *   caching        long prompts sent often, none of it read from a cache
 *   batch          use that comes in the same few hours a day, and nobody waits for
 *   cheaper-door   the same model through a door where the company already uses its vendor's models
 *   idle-capacity  capacity that is paid by the hour and hardly called
 */
import type { Activity } from "../model/activity.ts";
import { ACTIVITY_SCHEMA } from "../model/activity.ts";
import type { Subject } from "../model/finding.ts";
import type { UsageRow } from "../model/ledger.ts";
import { geographyOfRegion } from "../model/region-geography.ts";
import { uidOf } from "../model/uid.ts";
import { DAY_MS, type EpochMs, HOUR_MS, type NanoUsd } from "../model/units.ts";
import { doorTitle } from "../report/door-title.ts";
import { dollars, percent, plural, whole } from "../report/figures.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import { allocate } from "./allocate.ts";
import { dayOf, monthAround, monthlyBills } from "./bill-periods.ts";
import { type CapacityUse, idleMs } from "./capacity.ts";
import type { PriceOf } from "./price.ts";
import { siblingsOf, spellingsAt } from "./siblings.ts";

export interface Advice {
  readonly kind: "cheaper-model" | "caching" | "batch" | "cheaper-door" | "idle-capacity";
  readonly subject: Subject;
  /** Whom the policy names as owner. */
  readonly owner?: string;
  /** In 30 days like those seen. Absent: what it costs now is not known. */
  readonly monthlySavingNanoUsd?: NanoUsd;
  readonly text: string;
  readonly assumes: readonly string[];
  readonly evidence: Readonly<Record<string, string>>;
}

export interface AdvicePorts {
  readonly priceOf: PriceOf;
  /** What an hour of this capacity costs, where the configuration tells. */
  readonly capacityPriceOf?: (capacity: CapacityUse) => NanoUsd | undefined;
}

/** With less than a week nobody knows what a month is. */
const LEAST_DAYS = 7;
const MONTH_DAYS = 30;
/** Nano-dollars a month, below which no change is worth anybody's time. */
const LEAST_SAVING = 10e9;

/** The greatest saving first; then what has no figure. */
export function advise(
  usage: readonly UsageRow[],
  capacity: readonly CapacityUse[],
  ports: AdvicePorts,
): readonly Advice[] {
  const { counted } = systemOfRecord(usage);
  const hours = usage.map(({ hour }) => hour);
  const newest = Math.max(...hours);
  const days = (newest - Math.min(...hours)) / DAY_MS;
  if (!(days >= LEAST_DAYS)) return [];

  const doors = Map.groupBy(counted, ({ model }) => vendorOf(model));
  const advice = usesIn(counted, days).flatMap((use) => [
    ...cheaperModel(use, ports),
    ...caching(use, ports),
    ...batch(use, ports),
    ...cheaperDoor(use, doors.get(vendorOf(use.key.model)) ?? [], ports),
  ]);
  return [...advice, ...idleCapacity(usage, capacity, ports)]
    .filter(({ monthlySavingNanoUsd: saving }) => saving === undefined || saving >= LEAST_SAVING)
    .sort(
      (a, b) =>
        (b.monthlySavingNanoUsd ?? -1) - (a.monthlySavingNanoUsd ?? -1) ||
        (JSON.stringify([a.kind, a.subject]) < JSON.stringify([b.kind, b.subject]) ? -1 : 1),
    );
}

/** `anthropic` of `anthropic/claude-sonnet-4-5`. */
const vendorOf = (model: string): string => model.split("/")[0] ?? "";

/** What one principal did with one model through one door, in one account. */
interface Use {
  readonly key: UsageRow;
  readonly days: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly reasoningTokens: number;
  readonly costNanoUsd: number;
  readonly rows: readonly UsageRow[];
}

function usesIn(counted: readonly UsageRow[], days: number): Use[] {
  const key = (row: UsageRow) => JSON.stringify([row.owner, row.account, row.principal, row.provider, row.model]);
  return [...Map.groupBy(counted, key).values()].flatMap((rows) => {
    const sum = (measure: (row: UsageRow) => number) => rows.reduce((total, row) => total + measure(row), 0);
    const [first] = rows;
    if (!first || first.model === "" || first.provider === "") return [];
    return {
      key: first,
      days,
      calls: sum((row) => row.calls),
      inputTokens: sum((row) => row.inputTokens),
      outputTokens: sum((row) => row.outputTokens),
      cacheReadTokens: sum((row) => row.cacheReadTokens),
      reasoningTokens: sum((row) => row.reasoningTokens),
      costNanoUsd: sum((row) => row.estimatedNanoUsd),
      rows,
    };
  });
}

/** How the same use might have been made. */
interface Otherwise {
  readonly provider?: string;
  /** Of another door. */
  readonly region?: Activity["region"];
  readonly model?: string;
  readonly cacheReadTokens?: number;
  readonly batch?: true;
}

/** Undefined where this door has no price for it. */
function priceAs(use: Use, other: Otherwise, priceOf: PriceOf): number | undefined {
  const { hour, source, region, provider, model } = use.key;
  const [door, name] = [other.provider ?? provider, other.model ?? model];
  const where = other.region ?? (region === "" ? undefined : { requested: region });
  for (const id of spellingsAt(door, name)) {
    const activity: Activity = {
      schema: ACTIVITY_SCHEMA,
      uid: uidOf("otherwise", door, id),
      kind: "bucket",
      view: "usage",
      source,
      startTime: hour,
      endTime: hour,
      count: use.calls,
      operation: "otherwise",
      ...(other.batch ? { operationName: "batch" as const } : {}),
      provider: door,
      model: { id, name },
      ...(where === undefined ? {} : { region: where }),
      usage: {
        inputTokens: use.inputTokens,
        outputTokens: use.outputTokens,
        cacheReadTokens: other.cacheReadTokens ?? use.cacheReadTokens,
      },
    };
    const cost = priceOf(activity)?.nanoUsd;
    if (cost !== undefined) return cost;
  }
  return undefined;
}

/**
 * What would be saved of what it cost. By the ratio of two list prices where both are known, so that a discount that
 * was taken off the one is taken off the other.
 */
function savingOf(use: Use, other: Otherwise, priceOf: PriceOf): { saving: number; cost: number } | undefined {
  const then = priceAs(use, other, priceOf);
  if (then === undefined || use.costNanoUsd <= 0) return undefined;
  const now = priceAs(use, {}, priceOf);
  const cost = now ? use.costNanoUsd * (then / now) : then;
  return { saving: use.costNanoUsd - cost, cost };
}

function said(
  kind: Advice["kind"],
  use: Use,
  saving: number,
  given: Pick<Advice, "text" | "assumes"> & { readonly evidence?: Readonly<Record<string, string>> },
): Advice {
  const { account, principal, provider, model, owner } = use.key;
  return {
    kind,
    subject: {
      ...(principal === "" ? {} : { principal }),
      model,
      provider,
      ...(account === "" ? {} : { account }),
    },
    ...(owner === "" ? {} : { owner }),
    monthlySavingNanoUsd: aMonth(saving, use.days),
    text: given.text,
    assumes: [...given.assumes, "use goes on as it was seen"],
    evidence: {
      days: String(Math.round(use.days)),
      requests: whole(use.calls),
      "tokens in": whole(use.inputTokens),
      "tokens out": whole(use.outputTokens),
      cost: dollars(use.costNanoUsd as NanoUsd),
      ...given.evidence,
    },
  };
}

const aMonth = (nanoUsd: number, days: number): NanoUsd => Math.round((nanoUsd / days) * MONTH_DAYS) as NanoUsd;
const inAMonth = (nanoUsd: number, { days }: Use): string => `${dollars(aMonth(nanoUsd, days))} a month`;

const who = ({ key: { principal, account } }: Use): string =>
  /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/.exec(principal)?.[1] ?? (principal || account || "Somebody");

/** A label, a yes or no, a short fact: of up to so many tokens, and without thinking, a small model does as well. */
const SHORT_ANSWER = 150;
const LEAST_CALLS = 500;
const LEAST_SHARE = 0.3;

function cheaperModel(use: Use, { priceOf }: AdvicePorts): Advice[] {
  const perAnswer = use.outputTokens / use.calls;
  if (use.calls < LEAST_CALLS || use.reasoningTokens > 0 || !(perAnswer > 0 && perAnswer <= SHORT_ANSWER))
    return [];
  for (const model of siblingsOf(use.key.model)) {
    const other = savingOf(use, { model }, priceOf);
    if (!other || other.saving < LEAST_SHARE * use.costNanoUsd) continue;
    return [
      said("cheaper-model", use, other.saving, {
        text: `${who(use)} sent ${plural(use.calls, "request")} with answers of ${whole(perAnswer)} tokens to ${use.key.model}; ${model} answers them for ${dollars(other.cost as NanoUsd)} instead of ${dollars(use.costNanoUsd as NanoUsd)}: ${inAMonth(other.saving, use)} less.`,
        assumes: ["the smaller model is good enough for this work: try it first", "it takes as many tokens"],
        evidence: { "instead of": use.key.model, model },
      }),
    ];
  }
  return [];
}

/** Vendors cache prompts from 1,024 tokens on, some from 2,048, and keep them for five minutes. */
const LONG_PROMPT = 2_048;
const OFTEN_AN_HOUR = 12;
/** A system prompt, tools and examples are rarely less than half of a long prompt. */
const SAME_SHARE = 0.5;

function caching(use: Use, { priceOf }: AdvicePorts): Advice[] {
  const perPrompt = use.inputTokens / use.calls;
  const perHour = use.calls / new Set(use.rows.map(({ hour }) => hour)).size;
  if (use.cacheReadTokens > 0 || use.calls < LEAST_CALLS) return [];
  if (!(perPrompt >= LONG_PROMPT) || perHour < OFTEN_AN_HOUR) return [];
  const cacheReadTokens = Math.floor(use.inputTokens * SAME_SHARE);
  const other = savingOf(use, { cacheReadTokens }, priceOf);
  if (!other || other.saving <= 0) return [];
  return [
    said("caching", use, other.saving, {
      text: `${who(use)} sent ${plural(use.calls, "prompt")} of ${whole(perPrompt)} tokens to ${use.key.model} and read none of it from a cache: ${inAMonth(other.saving, use)} less with half of each cached.`,
      assumes: [
        `${percent(SAME_SHARE, 1)} of each prompt is the same as in the one before`,
        "writing to the cache costs little beside reading from it",
      ],
      evidence: { "prompts an hour": whole(perHour) },
    }),
  ];
}

const BATCH_HOURS = 3;
const BATCH_SHARE = 0.9;
const BATCH_DAYS = 5;
/** A person does not send so many in an hour. */
const BATCH_CALLS_AN_HOUR = 200;

function batch(use: Use, { priceOf }: AdvicePorts): Advice[] {
  const byHour = [...Map.groupBy(use.rows, ({ hour }) => Math.floor(hour / HOUR_MS) % 24)]
    .map(([hour, rows]) => ({ hour, calls: rows.reduce((sum, row) => sum + row.calls, 0), rows }))
    .sort((a, b) => b.calls - a.calls || a.hour - b.hour)
    .slice(0, BATCH_HOURS);
  const busiest = byHour.reduce((sum, { calls }) => sum + calls, 0);
  const active = byHour.flatMap(({ rows }) => rows.map(({ hour }) => hour));
  const days = new Set(active.map((hour) => Math.floor(hour / DAY_MS))).size;
  if (busiest < BATCH_SHARE * use.calls || days < BATCH_DAYS) return [];
  if (busiest < BATCH_CALLS_AN_HOUR * new Set(active).size) return [];
  const other = savingOf(use, { batch: true }, priceOf);
  if (!other || other.saving <= 0) return [];
  const hours = byHour.map(({ hour }) => hour).sort((a, b) => a - b);
  return [
    said("batch", use, other.saving, {
      text: `${percent(busiest, use.calls)} of ${who(use)}'s ${plural(use.calls, "request")} to ${use.key.model} come in the same hours of the day: ${inAMonth(other.saving, use)} less through the batch interface.`,
      assumes: ["nobody waits for the answers: a batch may take up to a day", "none of it is a batch already"],
      evidence: { "hours (UTC)": hours.map((hour) => `${hour}:00`).join(", ") },
    }),
  ];
}

const DOOR_SHARE = 0.05;

/** What is asked for in no region at these may run anywhere; at others nobody said where. */
const hasRegions = (door: string): boolean => /^(?:aws|azure|gcp\.vertex_ai|oci|ibm)\b/.test(door);

/**
 * Where another door would have to run it for the two prices to be alike: anywhere, or where the company already calls
 * that door in the same geography. Regions cost more than anywhere, so that what is not known is left out.
 */
function likewiseAt(door: string, use: Use, sold: readonly UsageRow[]): Activity["region"] {
  const regions = [...new Set(use.rows.map(({ region }) => region))];
  if (regions.every((region) => region === "global" || (region === "" && !hasRegions(use.key.provider))))
    return { scope: "global" };
  const [geography, ...others] = [...new Set(regions.map(geographyOfRegion))];
  if (geography === undefined || others.length > 0) return undefined;
  const there = sold
    .filter((row) => row.provider === door && geographyOfRegion(row.region) === geography)
    .map(({ region }) => region)
    .sort();
  return there[0] === undefined ? undefined : { requested: there[0] };
}

/** `sold`: where models of the same vendor are called already. A price list may name a door that sells none of them. */
function cheaperDoor(use: Use, sold: readonly UsageRow[], { priceOf }: AdvicePorts): Advice[] {
  const doors = [...new Set(sold.map(({ provider }) => provider))].sort();
  const [best] = doors
    .filter((door) => door !== "" && door !== use.key.provider)
    .flatMap((door) => {
      const region = likewiseAt(door, use, sold);
      const other = region && savingOf(use, { provider: door, region }, priceOf);
      return other && other.saving >= DOOR_SHARE * use.costNanoUsd ? [{ door, region, ...other }] : [];
    })
    .sort((a, b) => b.saving - a.saving);
  if (!best) return [];
  return [
    said("cheaper-door", use, best.saving, {
      text: `${use.key.model} costs ${percent(best.saving, use.costNanoUsd)} less through ${doorTitle(best.door)}, which is already in use, than through ${doorTitle(use.key.provider)}: ${inAMonth(best.saving, use)} less for ${who(use)}.`,
      assumes: [
        ...(best.region.requested ? [`it is sold there in ${best.region.requested}`] : []),
        "list prices: a contract with either vendor may say otherwise",
        "policy and residency allow it there",
      ],
      evidence: { door: best.door, ...(best.region.requested ? { region: best.region.requested } : {}) },
    }),
  ];
}

/** How many days the lines of a bill are about. */
function daysOf(lines: readonly UsageRow[], isMonthly: (line: UsageRow) => boolean): number {
  const days = new Map(
    lines.map((line) => {
      const { start, end } = monthAround(line.hour);
      return isMonthly(line) ? [start, (end - start) / DAY_MS] : [dayOf(line.hour), 1];
    }),
  );
  return [...days.values()].reduce((sum, one) => sum + one, 0);
}

/** Not called for so long. */
const IDLE_DAYS = 7;

function idleCapacity(
  usage: readonly UsageRow[],
  capacity: readonly CapacityUse[],
  { capacityPriceOf }: AdvicePorts,
): Advice[] {
  const placeOf = ({ account, provider }: { readonly account?: string; readonly provider?: string }) =>
    JSON.stringify([account ?? "", provider ?? ""]);
  const newest = new Map<string, EpochMs>();
  for (const row of usage)
    if (row.view !== "gateway" && row.view !== "network" && row.hour > (newest.get(placeOf(row)) ?? -1))
      newest.set(placeOf(row), row.hour);
  const idleOf = (one: CapacityUse) => idleMs(one, newest.get(placeOf(one)) ?? (0 as EpochMs));
  const idle = capacity.filter((one) => one.until === undefined && idleOf(one) >= IDLE_DAYS * DAY_MS);
  if (idle.length === 0) return [];
  const { unlogged } = allocate(usage);
  const isMonthly = monthlyBills(unlogged);
  return idle.map((one): Advice => {
    const hourly = capacityPriceOf?.(one);
    const days = idleOf(one) / DAY_MS;
    const bills = unlogged
      .filter((row) => row.account === (one.account ?? "") && row.provider === (one.provider ?? ""))
      .filter((row) => row.hour >= Math.max(one.since, one.lastCallTime ?? 0));
    const forCapacity = bills.filter(({ capacityNanoUsd }) => capacityNanoUsd !== 0);
    const lines = forCapacity.length > 0 ? forCapacity : bills;
    const billed = lines.reduce((sum, row) => sum + row.billedNanoUsd, 0);
    const saving =
      hourly === undefined
        ? billed > 0
          ? aMonth(billed, daysOf(lines, isMonthly))
          : undefined
        : hourly * 24 * MONTH_DAYS;
    const units = one.units === undefined ? "" : ` (${plural(one.units, "unit")})`;
    return {
      kind: "idle-capacity",
      subject: {
        ...(one.model === undefined ? {} : { model: one.model }),
        ...(one.provider === undefined ? {} : { provider: one.provider }),
        ...(one.account === undefined ? {} : { account: one.account }),
        resource: one.name ?? one.uid,
      },
      ...(saving === undefined ? {} : { monthlySavingNanoUsd: saving as NanoUsd }),
      text: `${one.name ?? one.uid}${units} is paid by the hour and has not been called for ${plural(Math.floor(days), "day")}${saving === undefined ? "" : `: ${dollars(saving as NanoUsd)} a month`}.`,
      assumes: [
        "nothing calls it by a way that is not logged",
        ...(hourly === undefined && saving !== undefined
          ? ["what is billed there without a logged call is for it"]
          : []),
        ...(saving === undefined ? ["its price is not known: tell it in the configuration"] : []),
      ],
      evidence: {
        resource: one.uid,
        since: new Date(one.since).toISOString().slice(0, 10),
        calls: whole(one.calls),
        "last call":
          one.lastCallTime === undefined ? "none" : new Date(one.lastCallTime).toISOString().slice(0, 10),
      },
    };
  });
}
