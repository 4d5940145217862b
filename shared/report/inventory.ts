/** Who owns which use of which model through which door and account, and whether it is sanctioned. */
import { allocate } from "../cost/allocate.ts";
import type { Activity } from "../model/activity.ts";
import type { UsageRow, VerdictWord } from "../model/ledger.ts";
import type { EpochMs, NanoUsd } from "../model/units.ts";
import { systemOfRecord } from "./system-of-record.ts";

export interface InventoryRow {
  /** What `calls` counts. Contacts are network evidence, and never to be added to calls. */
  readonly kind: "calls" | "contacts";
  /** Absent: the policy names none. */
  readonly owner?: string;
  /** Absent: the log does not say, as for a contact. */
  readonly model?: string;
  /** The door. */
  readonly provider?: string;
  readonly account?: string;
  /** Who told it; more than one where the system of record changed in between. */
  readonly views: readonly Activity["view"][];
  /** The worst of its calls: unsanctioned, then unreviewed, then sanctioned. Absent: nothing judged it. */
  readonly verdict?: VerdictWord;
  readonly callsByVerdict: Readonly<Record<VerdictWord, number>>;
  readonly calls: number;
  readonly failures: number;
  /** Both absent where no log measured tokens. */
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Two measures of one thing, never to be added. Absent: nobody priced, or billed, it. */
  readonly estimatedNanoUsd?: NanoUsd;
  readonly billedNanoUsd?: NanoUsd;
  /** Calls that used tokens and whose price is not known. */
  readonly unpricedCalls: number;
  readonly principals: number;
  /** Of these who called most, three at most. */
  readonly topPrincipals: readonly string[];
  /** Clauses of the policy that decided, `policy.yaml:12` or `default`, that of most calls first. Absent: not known. */
  readonly clauses?: readonly string[];
  readonly regions: readonly string[];
  /** Start of the first and of the last hour it was seen in. */
  readonly firstSeenTime: EpochMs;
  readonly lastSeenTime: EpochMs;
}

/** Verdicts from the best to the worst. */
const SEVERITY: readonly (VerdictWord | "")[] = ["", "sanctioned", "unreviewed", "unsanctioned"];

/**
 * Worst verdict first, then most calls. Each call is counted once: see `systemOfRecord`. What was billed is shared out
 * among the calls that it is for, since a bill names no caller: see `allocate`. A line without calls is one that only an
 * invoice tells of.
 */
export function inventory(usage: readonly UsageRow[], decided?: Decided): InventoryRow[] {
  return usesIn(usage).map(({ row, usage: of }) => {
    const clauses = of[0] && decided?.get(useKey(of[0]));
    return clauses ? { ...row, clauses } : row;
  });
}

/** By `useKey`: the clauses that decided, that of most calls first. */
export type Decided = ReadonlyMap<string, readonly string[]>;

/** The inventory with the rows of usage behind each of its lines, for charts over time. */
export function usesIn(usage: readonly UsageRow[]): { readonly row: InventoryRow; readonly usage: UsageRow[] }[] {
  const { contacts } = systemOfRecord(usage);
  const { counted, unlogged } = allocate(usage);
  const groups = Map.groupBy([...counted, ...contacts, ...unlogged], useKey);
  return [...groups]
    .map(([key, rows]) => ({ key, row: inventoryRow(rows), usage: rows }))
    .sort(
      (a, b) =>
        SEVERITY.indexOf(b.row.verdict ?? "") - SEVERITY.indexOf(a.row.verdict ?? "") ||
        b.row.calls - a.row.calls ||
        (a.key < b.key ? -1 : 1),
    );
}

/** What a line of the inventory is about. */
export const useKey = (row: Pick<UsageRow, "owner" | "model" | "provider" | "account" | "view">): string =>
  JSON.stringify([row.owner, row.model, row.provider, row.account, row.view === "network"]);

const NAMED = 3;

function topPrincipals(rows: readonly UsageRow[]): string[] {
  const calls = new Map<string, number>();
  for (const row of rows)
    if (row.principal !== "") calls.set(row.principal, (calls.get(row.principal) ?? 0) + row.calls);
  return [...calls]
    .sort(([a, of], [b, than]) => than - of || (a < b ? -1 : 1))
    .slice(0, NAMED)
    .map(([principal]) => principal);
}

function inventoryRow(rows: readonly UsageRow[]): InventoryRow {
  const sum = (measure: (row: UsageRow) => number): number => rows.reduce((total, row) => total + measure(row), 0);
  const distinct = <T extends string>(part: (row: UsageRow) => T | ""): T[] =>
    [...new Set(rows.map(part))].filter((value): value is T => value !== "").sort();
  const callsOf = (verdict: VerdictWord): number => sum((row) => (row.verdict === verdict ? row.calls : 0));

  const [owner] = distinct((row) => row.owner);
  const [model] = distinct((row) => row.model);
  const [provider] = distinct((row) => row.provider);
  const [account] = distinct((row) => row.account);
  const verdict = distinct((row) => row.verdict).reduce<VerdictWord | undefined>(
    (worst, one) => (SEVERITY.indexOf(one) > SEVERITY.indexOf(worst ?? "") ? one : worst),
    undefined,
  );
  const inputTokens = sum((row) => row.inputTokens);
  const outputTokens = sum((row) => row.outputTokens);
  const estimated = sum((row) => row.estimatedNanoUsd);
  const billed = sum((row) => row.billedNanoUsd);
  const hours = rows.map((row) => row.hour).sort((a, b) => a - b);
  const first = hours[0] ?? (0 as EpochMs);

  return {
    kind: rows.some((row) => row.view === "network") ? "contacts" : "calls",
    ...(owner ? { owner } : {}),
    ...(model ? { model } : {}),
    ...(provider ? { provider } : {}),
    ...(account ? { account } : {}),
    views: distinct((row) => row.view),
    ...(verdict ? { verdict } : {}),
    callsByVerdict: {
      sanctioned: callsOf("sanctioned"),
      unreviewed: callsOf("unreviewed"),
      unsanctioned: callsOf("unsanctioned"),
    },
    calls: sum((row) => row.calls),
    failures: sum((row) => row.failures),
    ...(inputTokens + outputTokens > 0 ? { inputTokens, outputTokens } : {}),
    ...(estimated !== 0 ? { estimatedNanoUsd: estimated as NanoUsd } : {}),
    ...(billed !== 0 ? { billedNanoUsd: billed as NanoUsd } : {}),
    unpricedCalls: sum((row) => row.unpricedCalls),
    principals: distinct((row) => row.principal).length,
    topPrincipals: topPrincipals(rows),
    regions: distinct((row) => row.region),
    firstSeenTime: first,
    lastSeenTime: hours.at(-1) ?? first,
  };
}
