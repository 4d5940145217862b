/**
 * Capacity that is paid by the hour, as the configuration prices it (`capacity:` of an entry of `prices:`). Its calls
 * have no price of their own: what an hour costs is shared out among those who used it in that hour, by tokens, to the
 * last nano-dollar. An hour that nobody used is paid all the same, and nobody's.
 *
 * Rows of usage do not say through which deployment a call went. Where an entry names deployments, its users are those
 * of the same door, model and account whose calls have no price: what is called on demand has one.
 */
import { attributionKeys, type UsageRow, type UsageSums, usageSums } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS, type NanoUsd } from "../model/units.ts";
import { isExact } from "../policy/pattern.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import type { CapacityUse } from "./capacity.ts";
import { compileParts, type PriceOverride, spreadCapacity } from "./price.ts";

interface Reserved extends PriceOverride {
  readonly hourlyNanoUsd: NanoUsd;
  readonly parts: ReturnType<typeof compileParts>;
}

const reservedIn = (overrides: readonly PriceOverride[]): readonly Reserved[] =>
  overrides.flatMap((override) =>
    override.terms.kind === "capacity"
      ? { ...override, hourlyNanoUsd: override.terms.hourlyNanoUsd, parts: compileParts(override) }
      : [],
  );

/** The same rows with their shares in the estimate, and a row a day for what nobody used. */
export function withReserved(rows: readonly UsageRow[], overrides: readonly PriceOverride[]): readonly UsageRow[] {
  const reserved = reservedIn(overrides);
  const { counted } = systemOfRecord(rows);
  const hours = counted.map(({ hour }) => hour).sort((a, b) => a - b);
  const [first, last] = [hours[0], hours.at(-1)];
  if (reserved.length === 0 || first === undefined || last === undefined) return rows;

  const users = Map.groupBy(
    counted.filter((row) => row.unpricedCalls > 0 && tokensOf(row) > 0),
    ({ hour }) => hour,
  );
  const views = new Map(counted.map((row) => [placeOf(row), row.view]));
  const shares = new Map<UsageRow, number>();
  const idle: UsageRow[] = [];
  for (const one of reserved) {
    const unused = new Map<number, number>();
    const begin = Math.max(first, Math.ceil((one.since ?? 0) / HOUR_MS) * HOUR_MS);
    const end = Math.min(last + HOUR_MS, one.until ?? Number.POSITIVE_INFINITY);
    for (let hour = begin as EpochMs; hour < end; hour = (hour + HOUR_MS) as EpochMs) {
      const takers = (users.get(hour) ?? []).filter((row) => mayUse(one, row));
      const spread = spreadCapacity(one.hourlyNanoUsd, takers.map(tokensOf));
      for (const [at, row] of takers.entries()) shares.set(row, (shares.get(row) ?? 0) + (spread.shares[at] ?? 0));
      const day = Math.floor(hour / DAY_MS) * DAY_MS;
      if (spread.idle > 0) unused.set(day, (unused.get(day) ?? 0) + spread.idle);
    }
    for (const [day, nanoUsd] of unused) {
      const row = unusedRow(one, Math.max(day, begin) as EpochMs, nanoUsd);
      // Under the view that speaks for this place and day, so that it silences nobody.
      idle.push({ ...row, view: views.get(placeOf(row)) ?? row.view });
    }
  }
  const shared = rows.map((row) => {
    const share = shares.get(row);
    return share === undefined
      ? row
      : { ...row, estimatedNanoUsd: row.estimatedNanoUsd + share, unpricedCalls: 0 };
  });
  return [...shared, ...idle].sort((a, b) => a.hour - b.hour);
}

/** What an hour of capacity costs that the ledger tells of; of two entries that fit, the later. */
export function reservedPrices(
  overrides: readonly PriceOverride[],
): (capacity: CapacityUse) => NanoUsd | undefined {
  const reserved = reservedIn(overrides);
  return ({ uid, name, account, provider, model, since, until }) =>
    reserved.findLast(
      ({ parts, ...entry }) =>
        (entry.until === undefined || entry.until > since) &&
        (entry.since === undefined || until === undefined || entry.since < until) &&
        parts.providers([provider]) &&
        parts.models(spellingsOf(model)) &&
        parts.accounts([account]) &&
        parts.deployments([uid, name]),
    )?.hourlyNanoUsd;
}

const mayUse = ({ parts }: Reserved, row: UsageRow): boolean =>
  parts.providers([said(row.provider)]) &&
  parts.models(spellingsOf(said(row.model))) &&
  parts.accounts([said(row.account)]);

/** A part of a row's key is "" where nobody said it. */
const said = (part: string): string | undefined => (part === "" ? undefined : part);
const spellingsOf = (model: string | undefined) => [model, model?.slice(model.indexOf("/") + 1)];
const tokensOf = (row: UsageRow): number => row.inputTokens + row.outputTokens;
const placeOf = ({ account, provider, hour }: UsageRow): string =>
  JSON.stringify([account, provider, Math.floor(hour / DAY_MS)]);

const nothing = Object.fromEntries(usageSums.map((sum) => [sum, 0])) as Record<keyof UsageSums, 0>;
const nobody = Object.fromEntries(attributionKeys.map((key) => [key, ""])) as Record<
  (typeof attributionKeys)[number],
  ""
>;

const unusedRow = (one: Reserved, hour: EpochMs, estimatedNanoUsd: number): UsageRow => ({
  hour,
  view: "usage",
  source: `prices: ${one.name}`,
  account: onlyOne(one.accounts),
  principal: "",
  provider: onlyOne(one.providers),
  model: onlyOne(one.models),
  region: "",
  owner: "",
  verdict: "",
  ...nobody,
  currency: "",
  ...nothing,
  estimatedNanoUsd,
});

/** The name where just one is meant, else "". */
function onlyOne(patterns: PriceOverride["models"]): string {
  const [pattern, ...others] = patterns ?? [];
  return pattern !== undefined && others.length === 0 && isExact(pattern) && !pattern.startsWith("!")
    ? pattern
    : "";
}
