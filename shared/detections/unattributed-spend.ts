/**
 * Spend for which nobody answers: no owner in the policy, no team or application in tags or metadata.
 *
 * Where nobody is named for anything, attribution has not begun, and the whole is no finding but the report's first page.
 */
import type { Match } from "../model/finding.ts";
import type { UsageRow } from "../model/ledger.ts";
import { uidOf } from "../model/uid.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import type { UsageDetection } from "./detection.ts";
import { dollars, monthIn, share, shortened } from "./wording.ts";

/** Ours: the FinOps Framework asks for a share that is allocated, and its capability page names none. */
const LEAST_SHARE = 0.2;
/** Nano-dollars, a month and account. */
const LEAST = 100e9;
/** Who spent most of it. */
const SHOWN = 5;

export const unattributedSpend: UsageDetection = {
  on: "usage",
  rule: {
    id: "d060bd5c-669c-419e-a218-4b63ce5782cc",
    name: "unattributed-spend",
    title: "AI Spend Nobody Answers For",
    status: "test",
    level: "low",
    description:
      "A fifth or more of what an account spent on models in a month has no owner, team or application.",
    references: ["https://www.finops.org/framework/capabilities/allocation/"],
    falsepositives: ["An account that is shared on purpose and charged to nobody"],
    tags: ["owasp.llm10-2025"],
    misses: "Spend that is attributed to the wrong team: tags are the caller's word.",
    remedy:
      "Name an owner for the account or its principals in the policy, or have callers set a team on requests, keys or inference profiles.",
    quietMs: 35 * DAY_MS,
  },

  evaluate(rows) {
    const spent = spentIn(rows).filter(({ nanoUsd }) => nanoUsd > 0);
    if (!spent.some(({ row }) => isAttributed(row))) return [];
    const key = ({ row }: Spent) =>
      JSON.stringify([row.account, row.account === "" ? row.provider : "", monthIn(row.hour)]);
    return [...Map.groupBy(spent, key).values()].flatMap(matchOf);
  },
};

interface Spent {
  readonly row: UsageRow;
  readonly nanoUsd: number;
}

/** Estimates, and bills of the doors and months of which there is none. Each dollar once. */
function spentIn(rows: readonly UsageRow[]): Spent[] {
  const { counted, billed } = systemOfRecord(rows);
  const place = ({ account, provider, hour }: UsageRow) => JSON.stringify([account, provider, monthIn(hour)]);
  const estimated = new Set(counted.filter(({ estimatedNanoUsd }) => estimatedNanoUsd > 0).map(place));
  return [
    ...counted.map((row) => ({ row, nanoUsd: row.estimatedNanoUsd })),
    ...billed.filter((row) => !estimated.has(place(row))).map((row) => ({ row, nanoUsd: row.billedNanoUsd })),
  ];
}

const isAttributed = ({ owner, team, app }: UsageRow): boolean => owner + team + app !== "";

function matchOf(spent: readonly Spent[]): readonly Match[] {
  const sum = (of: readonly Spent[]) => of.reduce((total, { nanoUsd }) => total + nanoUsd, 0);
  const nobodys = spent.filter(({ row }) => !isAttributed(row));
  const [all, unattributed] = [sum(spent), sum(nobodys)];
  const [first] = nobodys;
  if (!first || unattributed < LEAST || unattributed < LEAST_SHARE * all) return [];

  const { account, provider } = first.row;
  const spenders = [...Map.groupBy(nobodys, ({ row }) => JSON.stringify([row.principal, row.model, row.provider]))]
    .map(([key, of]) => ({ key, of, nanoUsd: sum(of) }))
    .sort((a, b) => b.nanoUsd - a.nanoUsd || (a.key < b.key ? -1 : 1))
    .slice(0, SHOWN);
  const start = earliest(nobodys);
  return [
    {
      subject:
        account !== ""
          ? { account }
          : provider !== ""
            ? { provider }
            : { resource: "an account that no log names" },
      reason: `${dollars(unattributed)} of ${dollars(all)} (${share(unattributed, all)}) spent ${account === "" ? `on ${provider || "models"}` : `in account ${account}`} in ${monthIn(start)} has no owner, team or application.`,
      time: start,
      evidence: spenders.flatMap(({ key, of, nanoUsd }) => {
        const row = of[0]?.row;
        if (!row) return [];
        return {
          uid: uidOf("unattributed", account, monthIn(start), key),
          time: earliest(of),
          operation: "spent",
          facts: {
            spent: dollars(nanoUsd),
            ...(row.principal === "" ? {} : { principal: shortened(row.principal) }),
            ...(row.model === "" ? {} : { model: row.model }),
            ...(row.provider === "" ? {} : { door: row.provider }),
          },
        };
      }),
      count: nobodys.reduce((total, { row }) => total + row.calls, 0),
    },
  ];
}

const earliest = (spent: readonly Spent[]): EpochMs => Math.min(...spent.map(({ row }) => row.hour)) as EpochMs;
