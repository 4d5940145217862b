/** A first policy, from what was seen: everything in use as a proposal with its figures, for a person to strike out. */
import type { UsageRow } from "../model/ledger.ts";
import type { NanoUsd } from "../model/units.ts";
import { dollars } from "../report/figures.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import { nearestDoor } from "./doors.ts";

/** Policy YAML that `parsePolicy` takes. The same rows, in any order, give the same text. */
export function suggestPolicy(usage: readonly UsageRow[]): string {
  const { counted, attributing, contacts, billed, unrated } = systemOfRecord(usage);
  // A line of a bill that names no model is not judged.
  const again = new Set([...attributing, ...[...billed, ...unrated].filter(({ model }) => model !== "")]);
  const seen = [...counted, ...again];
  const doors = groupsOf(seen, (row) => [row.provider, row.account]);
  const proposals = doors.map(({ rows }) => proposal(rows, again));
  return `${[
    header,
    "default: review",
    "",
    ...ownersStub(seen, again),
    "",
    "approvals:",
    ...(proposals.length > 0 ? proposals : ["  # No call was seen."]).flatMap((lines) => [lines, ""]).flat(),
    ...contactLines(contacts),
    ...residencyStub(counted),
  ].join("\n")}\n`;
}

/** Gateways' rows and bills, which tell once more what others count: what they name is judged too, and not added. */
type Again = ReadonlySet<UsageRow>;

const header = `# A first policy, written from what was seen. Nobody has decided any of it yet.
#
# Read each approval: strike out what should not be in use, narrow the rest (principals, regions, until),
# and move what is forbidden to denials. Then \`gnomon scan --policy\` reports what is left over.
#
# Patterns: * any characters, ? one, "!" in front excludes. Quote what begins with * or !.`;

/** One door and account: its models, the most used first. */
function proposal(rows: readonly UsageRow[], again: Again): string[] {
  const [first] = rows;
  if (!first) return [];
  const { provider, account } = first;
  const principals = named(rows, (row) => row.principal);
  const models = groupsOf(rows, (row) => [row.model])
    .map(({ rows: of }) => ({ model: of[0]?.model ?? "", rows: of }))
    .sort((a, b) => byUse(a.rows, b.rows, again) || (a.model < b.model ? -1 : 1));
  const known = models.filter(({ model }) => model !== "");
  const unnamed = models.find(({ model }) => model === "");

  // Without an account, an approval would hold in all of them: it holds for those who were seen instead.
  const bounded = account !== "" || principals.length > 0;
  const lines = [
    `- name: ${text([provider, account].filter((part) => part !== "").join(" ") || "unnamed door")}`,
    ...(provider === "" ? [] : [`  doors: ${door(provider)}`]),
    ...(account === "" ? [] : [`  accounts: ${exactly(account)}`]),
    ...(account === "" && principals.length > 0
      ? ["  principals:", ...principals.map((principal) => `    - ${exactly(principal)}`)]
      : []),
    ...(known.length > 0
      ? ["  models:", ...known.map(({ model, rows: of }) => `    - ${exactly(model)} # ${figures(of, again)}`)]
      : []),
  ];
  const usable = provider !== "" && bounded && known.length > 0;
  const why = known.length === 0 ? "no log names a model" : "no log says whose use it is";
  return [
    `  # ${figures(rows, again)}${principals.length === 0 ? "" : `, by ${plural(principals.length, "principal")}`}${regionsOf(rows)}`,
    ...(unnamed && known.length > 0 ? [`  # ${figures(unnamed.rows, again)} of them name no model`] : []),
    ...(usable ? lines.map((line) => `  ${line}`) : [`  # Not proposed, since ${why}:`, ...commented(lines)]),
  ];
}

/** A contact proves no use, and nobody answers for it yet: shown, never proposed. */
function contactLines(contacts: readonly UsageRow[]): string[] {
  if (contacts.length === 0) return [];
  return [
    "  # Seen on the network only. Approve what belongs to a known use, deny the rest:",
    ...groupsOf(contacts, (row) => [row.provider]).flatMap(({ rows }) => {
      const provider = rows[0]?.provider ?? "";
      const contact = plural(calls(rows), "contact");
      return [
        `  # - doors: ${provider === "" ? '"*"' : door(provider)} # ${contact} from ${plural(named(rows, (row) => row.account).length, "account")}`,
      ];
    }),
    "",
  ];
}

/** Who is named in a stub: the rest is in the inventory. */
const PRINCIPALS_NAMED = 12;

/** For each account whom it was used by, to be sorted into teams. */
function ownersStub(rows: readonly UsageRow[], again: Again): string[] {
  const told = rows.filter(({ account, principal }) => account !== "" || principal !== "");
  const accounts = groupsOf(told, (row) => [row.account]);
  return [
    "# Who answers for what: the first that matches. Findings go to them. Principals stand most used first: give each to",
    "# one of the owners, or leave them out where all of an account is one owner's.",
    "owners:",
    ...(accounts.length === 0 ? [{ rows: [] }] : accounts).flatMap(({ rows: of }, index) => {
      const account = of[0] ? of[0].account : "research";
      const principals = groupsOf(
        of.filter(({ principal }) => principal !== ""),
        (row) => [row.principal],
      ).toSorted((a, b) => byUse(a.rows, b.rows, again));
      const more = principals.length - PRINCIPALS_NAMED;
      return [
        `  # - name: team-${index + 1}`,
        "  #   contact: team@corp.example",
        ...(account === "" ? [] : [`  #   accounts: ${exactly(account)}`]),
        ...(principals.length === 0 ? [] : ["  #   principals:"]),
        ...principals
          .slice(0, PRINCIPALS_NAMED)
          .map(({ rows: by }) => `  #     - ${exactly(by[0]?.principal ?? "")} # ${figures(by, again)}`),
        ...(more > 0 ? [`  #     # and ${whole.format(more)} more: gnomon inventory`] : []),
      ];
    }),
  ];
}

function residencyStub(rows: readonly UsageRow[]): string[] {
  const regions = groupsOf(
    rows.filter(({ region }) => region !== ""),
    (row) => [row.region],
  );
  return [
    "# Where data may be requested and processed. Geographies of inference profiles count by their names: eu, us, global.",
    "residency:",
    "  # - name: everywhere-so-far",
    "  #   allowed:",
    ...(regions.length === 0
      ? ['  #     - "*" # no log names a region']
      : regions.map(({ rows: of }) => `  #     - ${exactly(of[0]?.region ?? "")} # ${figures(of)}`)),
  ];
}

/** By key, in the order of keys. */
function groupsOf(
  rows: readonly UsageRow[],
  keyOf: (row: UsageRow) => readonly string[],
): { readonly rows: readonly UsageRow[] }[] {
  return [...Map.groupBy(rows, (row) => JSON.stringify(keyOf(row)))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, of]) => ({ rows: of }));
}

const calls = (rows: readonly UsageRow[]): number => rows.reduce((sum, row) => sum + row.calls, 0);

const billed = (rows: readonly UsageRow[]): number => rows.reduce((sum, row) => sum + row.billedNanoUsd, 0);

/** Negative where the first is used more; what only counts elsewhere comes after what counts. */
function byUse(a: readonly UsageRow[], b: readonly UsageRow[], again: Again): number {
  const counted = (rows: readonly UsageRow[]) => calls(rows.filter((row) => !again.has(row)));
  return counted(b) - counted(a) || calls(b) - calls(a) || billed(b) - billed(a);
}

/** Of what counts; where nothing does, of what was told again. */
function figures(rows: readonly UsageRow[], again: Again = new Set()): string {
  const counted = rows.filter((row) => !again.has(row));
  if (counted.length > 0) return sums(counted);
  if (calls(rows) > 0) return `${sums(rows)}, which another log counts`;
  return `${dollars(billed(rows) as NanoUsd)} billed, which no log tells of`;
}

function sums(rows: readonly UsageRow[]): string {
  const tokens = rows.reduce((sum, row) => sum + row.inputTokens + row.outputTokens, 0);
  const failures = rows.reduce((sum, row) => sum + row.failures, 0);
  return [
    plural(calls(rows), "call"),
    ...(failures > 0 ? [`${whole.format(failures)} failed`] : []),
    ...(tokens > 0 ? [plural(tokens, "token")] : []),
  ].join(", ");
}

const regionsOf = (rows: readonly UsageRow[]): string => {
  const regions = named(rows, (row) => row.region).length;
  return regions === 0 ? "" : `, in ${plural(regions, "region")}`;
};

const named = (rows: readonly UsageRow[], part: (row: UsageRow) => string): string[] =>
  [...new Set(rows.map(part))].filter((value) => value !== "").sort();

const whole = new Intl.NumberFormat("en-US");
const plural = (count: number, one: string): string => `${whole.format(count)} ${one}${count === 1 ? "" : "s"}`;

const commented = (lines: readonly string[]): string[] => lines.map((line) => `  # ${line}`);

/** Plain where every YAML reader takes it for a text, else in quotes, whose escapes are JSON's. */
const text = (value: string): string =>
  /^[A-Za-z][\w./@-]*$/.test(value) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(value)
    ? value
    : JSON.stringify(value);

/** A pattern for this value. A `!` in front would negate and a long one is refused: wildcards stand in. */
const exactly = (value: string): string =>
  text(value.length > 250 ? `${unnegated(value).slice(0, 250)}*` : unnegated(value));

const unnegated = (value: string): string => value.replace(/^!/, "?").replaceAll(/[\\|]|^\^|\$$|^\s|\s$/g, "?");

/** A name nearly that of a known door reads as a slip of the pen, were it not for a wildcard. */
const door = (provider: string): string =>
  exactly(nearestDoor(provider) === undefined ? provider : `${provider.slice(0, -1)}?`);
