/** A period in a few figures, and in a paragraph that a board can read. */
import { type Level, levels } from "../model/finding.ts";
import type { UsageRow, VerdictWord } from "../model/ledger.ts";
import type { NanoUsd } from "../model/units.ts";
import { doorTitle } from "./door-title.ts";
import { dollars, percent, plural, whole } from "./figures.ts";
import type { ReportInput } from "./report-input.ts";
import { systemOfRecord } from "./system-of-record.ts";

export interface Totals {
  readonly calls: number;
  readonly callsByVerdict: Readonly<Record<VerdictWord, number>>;
  readonly failures: number;
  readonly contacts: number;
  /** Doors of contacts: a contact is no call. */
  readonly contactedDoors: readonly string[];
  /** Calls that another view told again; in no other figure. */
  readonly toldAgain: number;
  readonly doors: readonly string[];
  readonly models: readonly string[];
  readonly principals: number;
  readonly accounts: number;
  readonly tokens: number;
  readonly estimatedNanoUsd: NanoUsd;
  readonly billedNanoUsd: NanoUsd;
  /** Calls that succeeded and are in no cost: their price, or how many tokens they used, is not known. */
  readonly uncostedCalls: number;
  /** Findings that are not resolved or suppressed. */
  readonly openFindings: Readonly<Record<Level, number>>;
}

export function totalsOf({ usage, findings }: ReportInput): Totals {
  const { counted, attributing, contacts, billed } = systemOfRecord(usage);
  const open = findings.filter(({ finding }) => finding.status !== "resolved" && finding.status !== "suppressed");
  const callsOf = (verdict: VerdictWord): number =>
    sum(counted, (row) => (row.verdict === verdict ? row.calls : 0));
  return {
    calls: sum(counted, ({ calls }) => calls),
    callsByVerdict: {
      sanctioned: callsOf("sanctioned"),
      unreviewed: callsOf("unreviewed"),
      unsanctioned: callsOf("unsanctioned"),
    },
    failures: sum(counted, ({ failures }) => failures),
    contacts: sum(contacts, ({ calls }) => calls),
    toldAgain: sum(attributing, ({ calls }) => calls),
    contactedDoors: distinct(contacts, ({ provider }) => provider),
    doors: distinct(counted, ({ provider }) => provider),
    models: distinct(counted, ({ model }) => model),
    principals: distinct(counted, ({ principal }) => principal).length,
    accounts: distinct(counted, ({ account }) => account).length,
    tokens: sum(counted, ({ inputTokens, outputTokens }) => inputTokens + outputTokens),
    estimatedNanoUsd: sum(counted, ({ estimatedNanoUsd }) => estimatedNanoUsd) as NanoUsd,
    billedNanoUsd: sum([...counted, ...billed], ({ billedNanoUsd }) => billedNanoUsd) as NanoUsd,
    uncostedCalls: sum(counted, uncosted),
    openFindings: Object.fromEntries(
      levels.map((level) => [level, open.filter(({ finding }) => finding.level === level).length]),
    ) as Record<Level, number>,
  };
}

function uncosted(row: UsageRow): number {
  if (row.inputTokens + row.outputTokens > 0) return row.unpricedCalls;
  return row.estimatedNanoUsd + row.billedNanoUsd > 0 ? 0 : Math.max(row.calls - row.failures, 0);
}

/** Whole sentences, without markup. Names in it come from logs. */
export function summaryOf(input: ReportInput, totals: Totals): readonly string[] {
  if (!input.period) return [];
  const { calls, callsByVerdict, contacts, openFindings } = totals;
  const through =
    totals.doors.length > 1
      ? `through ${plural(totals.doors.length, "door")}: ${listed(totals.doors.map(doorTitle))}`
      : `through ${doorTitle(totals.doors[0] ?? "a door that no log names")}`;
  const sentences =
    calls > 0
      ? [
          `${plural(totals.principals, "person or program", "people and programs")} made ${plural(calls, "call")} to ${plural(totals.models.length, "model")} ${through}.`,
        ]
      : [`No call to a model is in these logs.`];

  if (!input.policy) sentences.push("No policy was given, so nothing here is called sanctioned or unsanctioned.");
  else if (calls > 0)
    sentences.push(
      `The policy approves ${percent(callsByVerdict.sanctioned, calls)} of them; ${callsByVerdict.unsanctioned === 0 ? "none breaks it" : `${whole(callsByVerdict.unsanctioned)} break it`}${callsByVerdict.unreviewed === 0 ? "" : `, and on ${whole(callsByVerdict.unreviewed)} nobody has decided`}.`,
    );

  const urgent = openFindings.critical + openFindings.high;
  const others = openFindings.medium + openFindings.low + openFindings.informational;
  if (urgent > 0)
    sentences.push(
      `${plural(urgent, "finding needs", "findings need")} attention first${others > 0 ? `, and ${plural(others, "other is", "others are")} open` : ""}.`,
    );
  else if (others > 0)
    sentences.push(`${plural(others, "finding is", "findings are")} open, none of them urgent.`);
  else sentences.push("Nothing was found that breaks the policy or a rule.");

  const spread = mostSpreadModel(input);
  if (spread)
    sentences.push(
      `${spread.model} came through ${plural(spread.doors.length, "door")} at once: ${listed(spread.doors.map(doorTitle))}.`,
    );
  if (totals.estimatedNanoUsd > 0)
    sentences.push(
      `The estimated cost is ${dollars(totals.estimatedNanoUsd)}${totals.uncostedCalls > 0 ? `, without ${percent(totals.uncostedCalls, calls)} of the calls, whose price or size is not known` : ""}.`,
    );
  if (contacts > 0)
    sentences.push(
      `Beside that, the network saw ${plural(contacts, "contact")} with ${listed(totals.contactedDoors.map(doorTitle)) || "AI services"}.`,
    );
  return sentences;
}

/** The model that most doors sell to this company: undefined where each comes through one. */
function mostSpreadModel({ usage }: ReportInput): { model: string; doors: string[] } | undefined {
  const { counted } = systemOfRecord(usage);
  return [...Map.groupBy(counted, ({ model }) => model)]
    .filter(([model]) => model !== "")
    .map(([model, rows]) => ({ model, doors: distinct(rows, ({ provider }) => provider) }))
    .filter(({ doors }) => doors.length > 1)
    .sort((a, b) => b.doors.length - a.doors.length || (a.model < b.model ? -1 : 1))[0];
}

/** `A, B and C`; beyond five, how many more. */
function listed(names: readonly string[]): string {
  const shown = names.length > 5 ? [...names.slice(0, 4), `${whole(names.length - 4)} more`] : names;
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : (shown[0] ?? "");
}

const sum = <T>(items: readonly T[], measure: (item: T) => number): number =>
  items.reduce((total, item) => total + measure(item), 0);

const distinct = <T>(items: readonly T[], part: (item: T) => string): string[] =>
  [...new Set(items.map(part))].filter((value) => value !== "").sort();
