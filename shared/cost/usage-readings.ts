/** Rows of `usage_hourly` as the watch and budgets read them: whose use, how much. From estimates: bills come too late. */
import type { UsageRow } from "../model/ledger.ts";
import { HOUR_MS, type NanoUsd, toUsd } from "../model/units.ts";
import type { Attribution, Reading } from "./watch.ts";

/** Readings of one series share their attribution: the watch tells series apart by it. */
export function usageReadings(): (row: UsageRow) => Reading {
  const attributionOf = attributions();
  return (row) => ({
    attribution: attributionOf(row),
    hour: row.hour / HOUR_MS,
    cost: toUsd(row.estimatedNanoUsd as NanoUsd),
    calls: row.calls,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    errors: row.failures,
  });
}

function attributions(): (row: UsageRow) => Attribution {
  const known = new Map<string, Attribution>();
  return (row) => {
    const { provider, region, app, model } = row;
    const principal = principalOf(row);
    const team = teamOf(row);
    // "\0" is no part of a name in a store.
    const key = [principal, model, provider, region, app, team].join("\0");
    let attribution = known.get(key);
    if (!attribution) {
      attribution = {
        leaf: JSON.stringify([principal, model, provider, region]),
        principal,
        model: model || "a model that no log names",
        ...(app === "" ? {} : { app }),
        ...(team === "" ? {} : { team }),
      };
      known.set(key, attribution);
    }
    return attribution;
  };
}

/** Where nobody is named, the account has spent it. */
export const principalOf = ({ principal, account }: UsageRow): string =>
  principal || (account === "" ? NOBODY : accountSeries(account));

export const NOBODY = "somebody whom no log names";
export const accountSeries = (account: string): string => `account ${account}`;

/** The policy's word, else the caller's. */
export const teamOf = ({ owner, team }: UsageRow): string => owner || team;
