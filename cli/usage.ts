/** Usage to look at: of log files read now, or of a store that was filled before. */
import { capacityUse } from "../shared/cost/capacity.ts";
import { loadPrices } from "../shared/cost/price.ts";
import { reservedPrices, withReserved } from "../shared/cost/reserved.ts";
import { type Growth, growthIn } from "../shared/cost/slow-burn.ts";
import type { UsageRow } from "../shared/model/ledger.ts";
import { type EpochMs, HOUR_MS } from "../shared/model/units.ts";
import { type CostFigures, costFigures, endOfSightings, startOfSightings } from "../shared/report/cost-figures.ts";
import { openStore } from "../shared/store/open-store.ts";
import type { Store } from "../shared/store/store.ts";
import { type Decisions, type Door, isIncomplete, loadDecisions } from "./door.ts";
import { examine, tellRejects } from "./examine.ts";
import { placeOfResults, type ResultOptions } from "./results.ts";

export interface KnownUsage {
  readonly policy: Decisions["policy"];
  /** Since when, and until when, anybody told of use. Absent: nobody did. */
  readonly start?: EpochMs;
  readonly end?: EpochMs;
  rows(range: { readonly since?: EpochMs; readonly until?: EpochMs }): Promise<readonly UsageRow[]>;
  /** Who grew without ever being abnormal, by what the watch has learned. */
  growth(): Promise<readonly Growth[]>;
  /** Of rows as `rows` gives them. */
  figures(rows: readonly UsageRow[], now: EpochMs, parts?: { readonly advice?: true }): Promise<CostFigures>;
}

export async function withUsage(
  paths: readonly string[],
  options: ResultOptions,
  door: Door,
  work: (usage: KnownUsage) => Promise<void>,
): Promise<void> {
  const decisions = await loadDecisions(options);
  if (paths.length === 0) {
    const store = await openStore(await placeOfResults(options, door));
    try {
      await work(await knownUsage(store, decisions));
    } finally {
      await store.close();
    }
    return;
  }
  const store = await openStore("memory");
  const { input, scanned } = await examine(paths, store, { ...decisions, quiet: options.quiet ?? false }, door);
  await work(await knownUsage(store, decisions));
  if (scanned.rejects > 0 && !options.quiet) tellRejects(input.rejects, door);
  if (isIncomplete(scanned)) door.exit(3);
}

async function knownUsage(store: Store, { policy, prices = [] }: Decisions): Promise<KnownUsage> {
  const entities = await store.entities();
  // A bill sights nobody. Where there is nothing else, there is little of it.
  const bills = entities.length > 0 ? [] : await store.usage();
  const last = bills.at(-1)?.hour;
  const start = startOfSightings(entities) ?? bills[0]?.hour;
  const end = endOfSightings(entities) ?? (last === undefined ? undefined : ((last + HOUR_MS) as EpochMs));
  return {
    policy,
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    rows: async (range) => withReserved(await store.usage(range), prices),
    growth: async () => growthIn(await store.series()),
    figures: async (rows, now, { advice } = {}) =>
      costFigures(rows, {
        budgets: policy?.budgets ?? [],
        now,
        capacityPrice: reservedPrices(prices),
        // Prices take a moment to load and the ledger is long: for advice alone.
        ...(advice ? { price: await loadPrices(prices) } : {}),
        capacity: advice ? await capacityUse(store.activities()) : [],
      }),
  };
}
