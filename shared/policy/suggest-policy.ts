/** A first policy, from what was seen: everything in use as a proposal with its figures, for a person to strike out. */
import type { UsageRow } from "../model/ledger.ts";
import { systemOfRecord } from "../report/system-of-record.ts";
import { nearestDoor } from "./doors.ts";

/** Policy YAML that `parsePolicy` takes. The same rows, in any order, give the same text. */
export function suggestPolicy(usage: readonly UsageRow[]): string {
  const { counted, contacts } = systemOfRecord(usage);
  const doors = groupsOf(counted, (row) => [row.provider, row.account]);
  const proposals = doors.map(({ rows }) => proposal(rows));
  return `${[
    header,
    "default: review",
    "",
    ...ownersStub(counted),
    "",
    "approvals:",
    ...(proposals.length > 0 ? proposals : ["  # No call was seen."]).flatMap((lines) => [lines, ""]).flat(),
    ...contactLines(contacts),
    ...residencyStub(counted),
  ].join("\n")}\n`;
}

const header = `# A first policy, written from what was seen. Nobody has decided any of it yet.
#
# Read each approval: strike out what should not be in use, narrow the rest (principals, regions, until),
# and move what is forbidden to denials. Then \`gnomon scan --policy\` reports what is left over.
#
# Patterns: * any characters, ? one, "!" in front excludes. Quote what begins with * or !.`;

/** One door and account: its models, the most used first. */
function proposal(rows: readonly UsageRow[]): string[] {
  const [first] = rows;
  if (!first) return [];
  const { provider, account } = first;
  const principals = named(rows, (row) => row.principal);
  const models = groupsOf(rows, (row) => [row.model])
    .map(({ rows: of }) => ({ model: of[0]?.model ?? "", rows: of }))
    .sort((a, b) => calls(b.rows) - calls(a.rows) || (a.model < b.model ? -1 : 1));
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
      ? ["  models:", ...known.map(({ model, rows: of }) => `    - ${exactly(model)} # ${figures(of)}`)]
      : []),
  ];
  const usable = provider !== "" && bounded && known.length > 0;
  const why = known.length === 0 ? "no log names a model" : "no log says whose use it is";
  return [
    `  # ${figures(rows)}, by ${plural(principals.length, "principal")}${regionsOf(rows)}`,
    ...(unnamed && known.length > 0 ? [`  # ${figures(unnamed.rows)} of them name no model`] : []),
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

function ownersStub(rows: readonly UsageRow[]): string[] {
  const accounts = named(rows, (row) => row.account);
  return [
    "# Who answers for what: the first that matches. Findings go to them.",
    "owners:",
    ...(accounts.length === 0 ? ["research"] : accounts).flatMap((account, index) => [
      `  # - name: team-${index + 1}`,
      "  #   contact: team@corp.example",
      `  #   accounts: ${exactly(account)}`,
    ]),
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

function figures(rows: readonly UsageRow[]): string {
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
