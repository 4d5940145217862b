/**
 * The report: one HTML file that needs nobody. No request, no script, no clock: the same input gives the same bytes.
 * The page may load nothing and run nothing, whatever a log field managed to write into it.
 */
import { createHash } from "node:crypto";
import { type Level, levels, type Rule } from "../model/finding.ts";
import type { FindingRow, UsageRow, VerdictWord } from "../model/ledger.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";
import type { Clause } from "../policy/policy.ts";
import {
  barsOverTime,
  type Counts,
  dayStrip,
  destinationOf,
  judged,
  legend,
  levelMark,
  type Movement,
  movementOf,
  patterns,
  regionFlow,
  type Step,
  shareBar,
  sparkline,
  type TimeScale,
  timeScaleOf,
} from "./charts.ts";
import { costPatterns } from "./cost-charts.ts";
import { costSection } from "./cost-section.ts";
import { doorTitle } from "./door-title.ts";
import { compact, day, days, dollars, minute, percent, plural, subjectParts, whole } from "./figures.ts";
import { breakable, Html, html } from "./html.ts";
import { type InventoryRow, usesIn } from "./inventory.ts";
import { called, capital, empty, figure, levelChip, more, type Names, namesOf } from "./page-parts.ts";
import type { RegionFlow, ReportInput, SourceCoverage } from "./report-input.ts";
import { reportStyle } from "./report-style.ts";
import { summaryOf, type Totals, totalsOf } from "./summary.ts";
import { systemOfRecord } from "./system-of-record.ts";
import { unratedInWords } from "./unrated-bills.ts";

/** What stays readable on paper; the rest is one command away, and the report says so. */
const FINDINGS_SHOWN = 200;
const INVENTORY_SHOWN = 300;
const MODELS_SHOWN = 15;
const REJECTS_SHOWN = 20;
const EXPIRING_MS = 30 * DAY_MS;
const NEW_MS = 7 * DAY_MS;

export function renderReport(input: ReportInput): string {
  const totals = totalsOf(input);
  const names = namesOf(input.entities);
  const told = new Set(input.findings.slice(0, FINDINGS_SHOWN).map(({ finding }) => finding.uid));
  const sections: readonly [id: string, title: string, body: Html][] = [
    ["findings", "Findings", findingsSection(input, names)],
    ["cost", "Cost", costSection(input, names, (finding) => told.has(finding))],
    ["inventory", "Inventory", inventorySection(input, names)],
    ["doors", "Models and doors", doorsSection(input)],
    ["regions", "Where data was processed", regionsSection(input)],
    ["policy", "Policy", policySection(input)],
    ["coverage", "Coverage", coverageSection(input)],
    ["method", "Method", methodSection(input, totals)],
  ];
  const period = input.period ? days(input.period.first, input.period.last) : "no records";

  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="generator" content="Gnomon ${input.version}">
<link rel="icon" href="data:,">
<title>AI use, ${period} · Gnomon</title>
${styleElement}
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
${patterns(costPatterns())}
<div class="page">
<header class="top">
<div class="brand">${brandMark()}Gnomon</div>
<nav aria-label="Sections"><ul>${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main id="main">
<h1>AI use, ${period}</h1>
${overview(input, totals)}
${sections.map(
  ([id, title, body]) => html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${body}
</section>`,
)}
</main>
<footer>Made by Gnomon ${input.version} from ${plural(input.coverage.length, "source")}. All times are UTC. The same records and the same policy give this report again, byte for byte.</footer>
</div>
</body>
</html>
`.toString();
}

const styleElement = new Html(`<style>${reportStyle}</style>`);

/** Nothing may load, run or be framed in; the one stylesheet is allowed by its hash, so no style attribute works. */
const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(reportStyle).digest("base64")}'; img-src data:; base-uri 'none'; form-action 'none'`;

/** A sundial: the plate, the gnomon and its shadow. */
const brandMark = (): Html =>
  html`<svg width="30" height="30" viewBox="0 0 30 30" aria-hidden="true"><path class="dial" d="M2 22a13 13 0 0 1 26 0"/><path class="shade" d="M15 22 25.5 13.5 27.4 19z"/><path class="plate" d="M15 22V6L7 22z"/><path class="dial" d="M1 22h28"/></svg>`;

function overview(input: ReportInput, totals: Totals): Html {
  const summary = summaryOf(input, totals);
  if (!input.period)
    return empty(
      "Nothing was read.",
      "No record of a known source was in the files. See “Coverage” below for what was rejected, and run “gnomon scan” on the folder with the exported logs.",
    );
  return html`<p class="lede">${summary.join(" ")}</p>
${figures(input, totals)}
${firstToDo(input)}
${overTime(input)}
${whatIsNew(input)}`;
}

function figures(input: ReportInput, totals: Totals): Html {
  const { calls, callsByVerdict, openFindings } = totals;
  const open = levels.reduce((sum, level) => sum + openFindings[level], 0);
  const isCosted = totals.estimatedNanoUsd > 0 || totals.billedNanoUsd > 0;
  const cost = totals.estimatedNanoUsd > 0 ? totals.estimatedNanoUsd : totals.billedNanoUsd;
  const note =
    totals.uncostedCalls > 0
      ? `without ${percent(totals.uncostedCalls, calls)} of the calls: their price or size is not known`
      : "every call that succeeded has a price";
  return html`<dl class="figures">
${figure("Open findings", whole(open), open === 0 ? "nothing needs attention" : levelCounts(openFindings))}
${figure(
  "Sanctioned calls",
  input.policy ? percent(callsByVerdict.sanctioned, calls) : "–",
  input.policy
    ? html`${shareBar(callsByVerdict, Math.max(calls, 1))}of ${plural(calls, "call")}`
    : "no policy was given",
)}
${figure("Doors", whole(totals.doors.length), `to ${plural(totals.models.length, "model")}, used by ${plural(totals.principals, "person or program", "people and programs")} in ${plural(totals.accounts, "account")}`)}
${figure(
  totals.estimatedNanoUsd > 0 ? "Estimated cost" : "Cost",
  isCosted ? dollars(cost) : "–",
  isCosted
    ? html`${totals.estimatedNanoUsd > 0 && totals.billedNanoUsd > 0 ? `${dollars(totals.billedNanoUsd)} billed; ` : ""}${note}`
    : "no log measures tokens or bills",
)}
</dl>`;
}

/** At most three open findings of the two gravest levels, one per rule, each with its remedy. */
function firstToDo({ findings, rules }: ReportInput): Html {
  const urgent = findings
    .map(({ finding }) => finding)
    .filter(({ level, status }) => isOpen(status) && (level === "critical" || level === "high"));
  const first = [...Map.groupBy(urgent, ({ ruleId }) => ruleId).values()].slice(0, 3);
  if (first.length === 0) return html``;
  return html`<div class="card"><h2 class="card-title">First to do</h2><ol class="todo">${first.map((same) => {
    const [finding] = same;
    if (!finding) return html``;
    const remedy = rules.find(({ id }) => id === finding.ruleId)?.remedy ?? finding.title;
    return html`<li>${levelChip(finding.level)} <span>${remedy} <a href="#finding-${finding.uid}">${finding.title}</a>${same.length > 1 ? `, ${whole(same.length)} findings` : ""}${finding.owner ? `, ${finding.owner}` : ""}</span></li>`;
  })}</ol></div>`;
}

const isOpen = (status: FindingRow["finding"]["status"]): boolean =>
  status !== "resolved" && status !== "suppressed";

const levelCounts = (counts: Readonly<Record<Level, number>>): Html =>
  html`<ul class="levels">${levels
    .toReversed()
    .filter((level) => counts[level] > 0)
    .map((level) => html`<li>${levelMark(level)}${whole(counts[level])} ${level}</li>`)}</ul>`;

function verdictChip(verdict: VerdictWord | undefined): Html {
  if (verdict === undefined) return html`<span class="muted">not judged</span>`;
  return html`<span class="verdict">${legendSwatch(verdict)}${verdict}</span>`;
}

const legendSwatch = (verdict: VerdictWord): Html =>
  html`<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" ${verdict === "sanctioned" ? html`class="sanctioned"` : html`fill="url(#${verdict})"`}/></svg>`;

function countsIn(rows: readonly UsageRow[]): Counts {
  const counts = { sanctioned: 0, unreviewed: 0, unsanctioned: 0, unjudged: 0 };
  for (const { verdict, calls } of rows) counts[verdict || "unjudged"] += calls;
  return counts;
}

function stepsOf(
  rows: readonly UsageRow[],
  period: { first: EpochMs; last: EpochMs },
  { stepMs }: TimeScale,
): Step[] {
  const first = Math.floor(period.first / stepMs);
  const last = Math.floor(period.last / stepMs);
  const byStep = Map.groupBy(rows, ({ hour }) => Math.floor(hour / stepMs));
  return Array.from({ length: last - first + 1 }, (_, at) => ({
    start: (first + at) * stepMs,
    counts: countsIn(byStep.get(first + at) ?? []),
  }));
}

function overTime(input: ReportInput): Html {
  const { counted } = systemOfRecord(input.usage);
  if (!input.period || counted.length === 0) return html``;
  const scale = timeScaleOf(input.period.first, input.period.last);
  const steps = stepsOf(counted, input.period, scale);
  if (steps.length < 2) return html``;
  const all = countsIn(counted);
  const shown = judged.filter((one) => (all[one] ?? 0) > 0);
  return html`<div class="card chart">
<div class="beside"><h2 class="card-title">Calls per ${scale.word}</h2>${legend(shown)}</div>
${barsOverTime(steps, scale)}
<details class="screen-only"><summary>The numbers behind this chart</summary>
<div class="scroll" role="region" aria-label="Calls per ${scale.word}" tabindex="0"><table><thead><tr><th scope="col">${capital(scale.word)} from</th>${shown.map((one) => html`<th scope="col" class="num">${one === "unjudged" ? "not judged" : one}</th>`)}</tr></thead>
<tbody>${steps.map(({ start, counts }) => html`<tr><th scope="row">${scale.word === "hour" ? minute(start as EpochMs) : day(start)}</th>${shown.map((one) => html`<td class="num">${whole(counts[one] ?? 0)}</td>`)}</tr>`)}</tbody></table></div></details>
</div>`;
}

/** Only where the period is long enough for "new" to mean something. */
function whatIsNew({ entities, period }: ReportInput): Html {
  if (!period || period.last - period.first < 2 * NEW_MS) return html``;
  const since = period.last - NEW_MS;
  const fresh = entities.filter(({ firstSeenTime }) => firstSeenTime > since);
  const of = (type: string, title: (uid: string) => Html | string = breakable) => {
    const rows = fresh.filter((entity) => entity.type === type);
    return rows.length === 0
      ? undefined
      : html`${rows.slice(0, 6).map(({ uid }, at) => html`${at > 0 ? ", " : ""}<span class="name">${title(uid)}</span>`)}${rows.length > 6 ? ` and ${whole(rows.length - 6)} more` : ""}`;
  };
  const parts: [string, Html | undefined][] = [
    ["Models", of("model")],
    ["Doors", of("provider", doorTitle)],
    ["Accounts", of("account")],
    ["People and programs", of("principal")],
  ];
  const said = parts.filter(([, part]) => part);
  if (said.length === 0) return html``;
  return html`<div class="card"><h2 class="card-title">New in the last seven days</h2><dl class="facts">${said.map(([name, part]) => html`<div><dt>${name}</dt><dd>${part}</dd></div>`)}</dl></div>`;
}

function findingsSection({ findings, rules, policy }: ReportInput, names: Names): Html {
  if (findings.length === 0)
    return empty(
      "No findings.",
      policy
        ? "Nothing in these logs breaks the policy or a rule. Look at “Coverage” for what was not heard."
        : "No rule found anything. Without a policy nothing can be unsanctioned: “gnomon policy suggest” writes a first one from what was seen.",
    );
  const shown = findings.slice(0, FINDINGS_SHOWN);
  const byRule = [...Map.groupBy(shown, ({ finding }) => finding.ruleId).values()];
  return html`<p class="intro">One line per rule and subject: the person, program or resource that somebody can act on. The gravest are first.</p>
<table class="cards"><caption>${plural(findings.length, "finding")}${more(findings.length, FINDINGS_SHOWN, "gnomon findings list")}</caption>
<thead><tr><th scope="col">Level</th><th scope="col">Finding</th><th scope="col">Owner</th><th scope="col" class="num">Requests</th><th scope="col">Last seen</th><th scope="col">Status</th></tr></thead>
<tbody>${shown.map(({ finding }) => html`<tr><td>${levelChip(finding.level)}</td><th scope="row"><a href="#finding-${finding.uid}">${finding.title}</a><span class="sub">${subjectLine(finding.subject, names)}</span></th><td data-label="Owner">${finding.owner ?? html`<span class="muted">nobody named</span>`}</td><td class="num" data-label="Requests">${whole(finding.count)}</td><td class="nowrap" data-label="Last seen">${minute(finding.lastSeenTime)}</td><td data-label="Status">${finding.status}</td></tr>`)}</tbody></table>
${byRule.map((rows) => ruleArticle(rows, rules, names))}`;
}

function subjectLine(subject: FindingRow["finding"]["subject"], names: Names): Html {
  return html`${subjectParts(subject).map(
    ({ part, value }, at) => html`${at > 0 ? " · " : ""}${called(part, value, names)}`,
  )}`;
}

function ruleArticle(rows: readonly FindingRow[], rules: readonly Rule[], names: Names): Html {
  const first = rows[0]?.finding;
  if (!first) return html``;
  const rule = rules.find(({ id }) => id === first.ruleId);
  return html`<article class="rule">
<div class="beside"><h3>${first.title}</h3>${levelChip(first.level)}</div>
${
  rule
    ? html`<div class="advice"><div><h4>Why it matters</h4><p>${rule.description}</p></div><div><h4>What to do</h4><p>${rule.remedy}</p></div><div><h4>What it may be instead</h4>${rule.falsepositives.map((one) => html`<p>${one}</p>`)}</div></div>`
    : ""
}
${rows.map((row) => findingArticle(row, names))}
</article>`;
}

function findingArticle({ finding }: FindingRow, names: Names): Html {
  const facts: [string, Html | string | undefined][] = [
    ...subjectParts(finding.subject).map(({ part, value }): [string, Html] => [
      capital(part),
      called(part, value, names),
    ]),
    ["Owner", finding.owner ?? "nobody named"],
    ["Requests", whole(finding.count)],
    ["Seen", spanOf(finding)],
    ["Decided by", finding.clause],
    ["Status", finding.status],
    ["Finding", html`<span class="id">${finding.uid.slice(0, 8)}</span>`],
  ];
  return html`<div class="finding" id="finding-${finding.uid}">
<h4>${finding.reason}</h4>
<dl class="facts">${facts.map(([name, value]) => (value === undefined ? html`` : html`<div><dt>${name}</dt><dd>${value}</dd></div>`))}</dl>
${
  finding.evidence.length > 0
    ? html`<details><summary>Evidence: ${finding.evidence.length < finding.matches ? `${whole(finding.evidence.length)} of ${plural(finding.matches, "activity", "activities")}` : plural(finding.evidence.length, "activity", "activities")}</summary>
<table class="cards"><thead><tr><th scope="col">Time</th><th scope="col">Operation</th><th scope="col">What the log says</th><th scope="col">Activity</th></tr></thead>
<tbody>${finding.evidence.map(({ uid, time, operation, facts: said }) => html`<tr><th scope="row" class="nowrap">${minute(time)}</th><td data-label="Operation">${breakable(operation)}</td><td class="wide" data-label="What the log says">${Object.entries(said).map(([name, value], at) => html`${at > 0 ? "; " : ""}${name} ${breakable(value)}`)}</td><td class="wide" data-label="Activity"><span class="id">${uid}</span></td></tr>`)}</tbody></table></details>`
    : ""
}
</div>`;
}

const spanOf = ({ firstSeenTime: first, lastSeenTime: last }: FindingRow["finding"]): string =>
  minute(first) === minute(last) ? minute(first) : `${minute(first)} to ${minute(last)}`;

function inventorySection(input: ReportInput, names: Names): Html {
  const uses = usesIn(input.usage);
  if (uses.length === 0)
    return empty(
      "No use of a model was seen.",
      "The logs hold administrative acts at most. Invocations are in other logs: CloudTrail data events, Bedrock invocation logs, Azure diagnostic settings, Google data access logs.",
    );
  const shown = uses.slice(0, INVENTORY_SHOWN);
  const owners = [...Map.groupBy(shown, ({ row }) => row.owner ?? "")].sort(
    ([a, rowsOfA], [b, rowsOfB]) =>
      callsOf(rowsOfB, "unsanctioned") - callsOf(rowsOfA, "unsanctioned") ||
      callsOf(rowsOfB) - callsOf(rowsOfA) ||
      (a < b ? -1 : 1),
  );
  const scale = input.period && timeScaleOf(input.period.first, input.period.last);
  const line = ({ row, usage }: (typeof uses)[number]): Html => {
    const values =
      input.period && scale
        ? stepsOf(usage, input.period, scale).map(({ counts }) =>
            judged.reduce((sum, one) => sum + (counts[one] ?? 0), 0),
          )
        : [];
    return html`<tr class="rows-of"><th scope="row"><span class="name">${row.model === undefined ? (row.kind === "contacts" ? "Network contact" : "Model not said") : breakable(row.model)}</span><span class="sub">${row.provider === undefined ? "door not said" : doorTitle(row.provider)}${row.account === undefined ? "" : html` · ${called("account", row.account, names)}`}</span></th>
<td data-label="Verdict">${verdictChip(row.verdict)}${isMixed(row) ? html`<span class="sub">${percent(row.callsByVerdict[row.verdict ?? "sanctioned"], row.calls)} of the calls</span>` : ""}</td>
<td class="num" data-label="${capital(row.kind)}">${whole(row.calls)}${row.kind === "contacts" ? html`<span class="sub unit">contacts</span>` : ""}${row.failures > 0 ? html`<span class="sub">${percent(row.failures, row.calls)} failed</span>` : ""}</td>
<td data-label="Over time">${scale && values.length > 1 ? sparkline(values, scale.word) : ""}</td>
<td class="num" data-label="Tokens in, out">${row.inputTokens === undefined ? "" : html`${compact(row.inputTokens)}<span class="sub">${compact(row.outputTokens ?? 0)}</span>`}</td>
<td class="num" data-label="Cost">${costOf(row)}</td>
<td class="num" data-label="People, programs">${whole(row.principals)}</td>
<td class="nowrap" data-label="Seen">${days(row.firstSeenTime, row.lastSeenTime)}</td></tr>`;
  };
  return html`<p class="intro">Who owns which use of which model through which door. Every call is counted once, whichever logs report it; network contacts are listed beside the calls and never added to them.</p>
<table class="cards"><caption>${plural(uses.length, "use")} of ${plural(owners.filter(([owner]) => owner !== "").length, "named owner")}; those with the most unsanctioned calls first${more(uses.length, INVENTORY_SHOWN, "gnomon inventory")}</caption>
<thead><tr><th scope="col">Model and door</th><th scope="col">Verdict</th><th scope="col" class="num">Calls</th><th scope="col">Per ${scale?.word ?? "day"}</th><th scope="col" class="num">Tokens in<br>and out</th><th scope="col" class="num">Cost</th><th scope="col" class="num">People,<br>programs</th><th scope="col">Seen</th></tr></thead>
${owners.map(([owner, rows]) => html`<tbody><tr class="group"><th scope="rowgroup" colspan="8">${owner === "" ? "No owner named" : owner}<span class="small">${ownerLine(rows)}</span></th></tr>${rows.map(line)}</tbody>`)}
</table>`;
}

const callsOf = (uses: readonly { readonly row: InventoryRow }[], verdict?: VerdictWord): number =>
  uses.reduce(
    (sum, { row }) => sum + (row.kind === "contacts" ? 0 : verdict ? row.callsByVerdict[verdict] : row.calls),
    0,
  );

function ownerLine(uses: readonly { readonly row: InventoryRow }[]): string {
  const calls = callsOf(uses);
  const cost = uses.reduce((sum, { row }) => sum + (row.estimatedNanoUsd ?? 0), 0);
  const unsanctioned = callsOf(uses, "unsanctioned");
  return [
    plural(calls, "call"),
    ...(cost > 0 ? [dollars(cost as Parameters<typeof dollars>[0])] : []),
    ...(unsanctioned > 0 ? [`${percent(unsanctioned, calls)} unsanctioned`] : []),
  ].join(" · ");
}

const isMixed = ({ callsByVerdict }: InventoryRow): boolean =>
  Object.values(callsByVerdict).filter((calls) => calls > 0).length > 1;

function costOf(row: InventoryRow): Html | string {
  const { estimatedNanoUsd: estimated, billedNanoUsd: billed } = row;
  if (estimated === undefined && billed === undefined)
    return row.unpricedCalls > 0 ? html`<span class="muted">no price</span>` : "";
  const unpriced =
    row.unpricedCalls > 0 ? html`<span class="sub">${percent(row.unpricedCalls, row.calls)} unpriced</span>` : "";
  if (estimated === undefined || billed === undefined)
    return html`${dollars(estimated ?? billed ?? (0 as Parameters<typeof dollars>[0]))}${billed === undefined ? "" : html`<span class="sub">billed</span>`}${unpriced}`;
  return html`${dollars(estimated)}<span class="sub">${dollars(billed)} billed</span>${unpriced}`;
}

function doorsSection({ usage }: ReportInput): Html {
  const { counted } = systemOfRecord(usage);
  const rows = counted.filter(({ model }) => model !== "");
  if (rows.length === 0)
    return empty("No model was named.", "The logs that were read do not say which model was called.");
  const models = [...Map.groupBy(rows, ({ model }) => model)]
    .map(([model, of]) => ({ model, of, calls: of.reduce((sum, { calls }) => sum + calls, 0) }))
    .sort((a, b) => b.calls - a.calls || (a.model < b.model ? -1 : 1));
  const shown = models.slice(0, MODELS_SHOWN);
  const most = Math.max(...shown.flatMap(({ of }) => [...doorCounts(of).values()].map(total)), 1);
  const all = countsIn(rows);
  return html`<p class="intro">The same model is sold through several doors at once. Each bar is one door, as long as its calls.</p>
<div class="card chart">${legend(judged.filter((one) => (all[one] ?? 0) > 0))}
<table><caption>${plural(models.length, "model")}${more(models.length, MODELS_SHOWN, "gnomon inventory")}</caption>
<thead><tr><th scope="col">Model, door</th><th scope="col" class="bar">Calls by verdict</th><th scope="col" class="num">Calls</th></tr></thead>
${shown.map(({ model, of, calls }) => {
  const doors = [...doorCounts(of)].sort(
    ([a, left], [b, right]) => total(right) - total(left) || (a < b ? -1 : 1),
  );
  const line = ([, counts]: [string, Counts], name: Html): Html =>
    html`<tr><th scope="row">${name}</th><td class="bar">${shareBar(counts, most)}</td><td class="num">${whole(total(counts))}</td></tr>`;
  const titled = (door: string): string => (door === "" ? "door not said" : doorTitle(door));
  const [only] = doors;
  if (only && doors.length === 1)
    return html`<tbody>${line(only, html`<span class="name">${breakable(model)}</span><span class="sub">${titled(only[0])}</span>`)}</tbody>`;
  return html`<tbody><tr class="several"><th scope="rowgroup"><span class="name">${breakable(model)}</span></th><td class="bar muted">${plural(doors.length, "door")}</td><td class="num">${whole(calls)}</td></tr>
${doors.map((door) => line(door, html`<span class="sub">${titled(door[0])}</span>`))}</tbody>`;
})}
</table></div>`;
}

const doorCounts = (rows: readonly UsageRow[]): Map<string, Counts> =>
  new Map([...Map.groupBy(rows, ({ provider }) => provider)].map(([door, of]) => [door, countsIn(of)]));

const total = (counts: Counts): number => judged.reduce((sum, one) => sum + (counts[one] ?? 0), 0);

const MOVEMENTS: Readonly<Record<Movement, string>> = {
  stays: "stayed in its region",
  moved: "ran in another region, as the log says",
  "may-move": "may have run anywhere in its geography",
  anywhere: "may have run anywhere in the world",
  unsaid: "the log does not say",
};

function regionsSection({ regions, policy }: ReportInput): Html {
  if (regions.length === 0)
    return empty(
      "No log says where calls were processed.",
      "Vendors without regions, and usage exports, say nothing of it. CloudTrail, Azure resource logs and Google audit logs do.",
    );
  const calls = regions.reduce((sum, flow) => sum + flow.calls, 0);
  const rows = [
    ...Map.groupBy(regions, (flow) =>
      JSON.stringify([flow.requested, destinationOf(flow), movementOf(flow)]),
    ).values(),
  ]
    .flatMap((same) =>
      same[0] ? [{ flow: same[0], same, calls: same.reduce((sum, flow) => sum + flow.calls, 0) }] : [],
    )
    .sort((a, b) => b.calls - a.calls);
  return html`<p class="intro">On the left where a call was sent, on the right where it ran or may have run. ${residencyLine(policy?.residency.length ?? 0)}</p>
${rows.length < 2 ? "" : html`<div class="card chart"><ul class="legend">${movementLegend(regions)}</ul>${regionFlow(regions)}</div>`}
<table class="cards"><caption>${plural(calls, "call")} with a region</caption>
<thead><tr><th scope="col">Sent to → ran in</th><th scope="col">What that means</th><th scope="col">Doors</th><th scope="col" class="num">Calls</th></tr></thead>
<tbody>${rows.map(({ flow, same, calls: part }) => html`<tr><th scope="row">${flow.requested ?? "not said"} <span class="muted" aria-hidden="true">→</span> ${destinationOf(flow)}</th><td class="wide" data-label="What that means">${MOVEMENTS[movementOf(flow)]}</td><td data-label="Doors">${doorsIn(same)}</td><td class="num" data-label="Calls">${whole(part)}<span class="sub">${percent(part, calls)}</span></td></tr>`)}</tbody></table>`;
}

const residencyLine = (clauses: number): string =>
  clauses === 0
    ? "The policy has no residency clause, so no region is wrong."
    : `The policy has ${plural(clauses, "residency clause")}; what breaks one is a finding.`;

function movementLegend(regions: readonly RegionFlow[]): Html[] {
  const seen = new Set(regions.map(movementOf));
  return (Object.keys(MOVEMENTS) as Movement[])
    .filter((one) => seen.has(one))
    .map(
      (one) =>
        html`<li class="flow-key"><svg class="flow-swatch ${one}" width="14" height="14" aria-hidden="true"><rect width="14" height="14"/></svg>${MOVEMENTS[one]}</li>`,
    );
}

const doorsIn = (flows: readonly RegionFlow[]): string =>
  [...new Set(flows.map(({ provider }) => (provider === undefined ? "not said" : doorTitle(provider))))]
    .sort()
    .join(", ");

function policySection({ policy, period }: ReportInput): Html {
  if (!policy)
    return empty(
      "No policy was given.",
      "Without one nothing is sanctioned or unsanctioned. “gnomon policy suggest” writes a commented first policy from what was seen; “gnomon scan --policy” judges by it.",
    );
  const end = period?.last ?? 0;
  const ending = [...policy.approvals, ...policy.exceptions, ...policy.denials, ...policy.residency]
    .filter(
      (clause): clause is Clause & { until: EpochMs } =>
        clause.until !== undefined && clause.until <= end + EXPIRING_MS,
    )
    .sort((a, b) => a.until - b.until);
  const otherwise = { review: "unreviewed", deny: "unsanctioned", allow: "sanctioned" }[policy.default];
  return html`<p class="intro">${policy.file}: ${plural(policy.owners.length, "owner")}, ${plural(policy.approvals.length, "approval")}, ${plural(policy.denials.length, "denial")}, ${plural(policy.residency.length, "residency clause")}, ${plural(policy.exceptions.length, "exception")}. What none of them decides is ${otherwise}.</p>
${
  ending.length === 0
    ? html`<p>No clause ends within thirty days of the period.</p>`
    : html`<table class="cards"><caption>Clauses that have ended, or end within thirty days of the period</caption><thead><tr><th scope="col">Clause</th><th scope="col">Ends</th><th scope="col">State</th><th scope="col">Line</th><th scope="col">Reason</th></tr></thead>
<tbody>${ending.map(({ name, until, line, reason }) => html`<tr><th scope="row" class="name">${name}</th><td data-label="Ends">${day(until - 1)}</td><td data-label="State">${until <= end ? html`<strong>ended</strong>` : `ends in ${plural(Math.ceil((until - end) / DAY_MS), "day")}`}</td><td data-label="Line">${policy.file}:${line}</td><td data-label="Reason">${reason ?? ""}</td></tr>`)}</tbody></table>`
}`;
}

function coverageSection({ coverage, rejects, period, cost }: ReportInput): Html {
  if (coverage.length === 0 && rejects.length === 0)
    return empty(
      "No source spoke.",
      "Run “gnomon scan” on a folder of exported logs; “gnomon scan --help” lists what it reads.",
    );
  const first = period && Math.floor(period.first / DAY_MS) * DAY_MS;
  const count = period && first !== undefined ? Math.floor((period.last - first) / DAY_MS) + 1 : 0;
  const strip = (source: SourceCoverage): Html =>
    first === undefined || count < 2
      ? html``
      : html`${dayStrip(source.days, first, count)}<span class="sub">${silenceOf(source.days, first, count)}</span>`;
  const inNoFigure = cost.unrated.map((bill) => html`<p><strong>${unratedInWords(bill)}.</strong></p>`);
  return html`<p class="intro">What was heard, and when. Silence is not proof that nothing happened: a day without a word may be a holiday, or a log that was off.</p>
${
  coverage.length === 0
    ? ""
    : html`<table class="cards"><caption>${plural(coverage.length, "source")}</caption>
<thead><tr><th scope="col">Source</th><th scope="col" class="num">Records</th><th scope="col" class="num">Activities</th><th scope="col" class="num">Rejected</th><th scope="col">First and last event</th><th scope="col" class="bar">Days heard</th></tr></thead>
<tbody>${coverage.map((source) => html`<tr><th scope="row"><span class="name">${source.source}</span><span class="sub">${source.view === undefined ? "" : VIEWS[source.view]}</span></th><td class="num" data-label="Records">${source.records === undefined ? "" : whole(source.records)}</td><td class="num" data-label="Activities">${whole(source.activities)}</td><td class="num" data-label="Rejected">${source.rejects === undefined ? "" : whole(source.rejects)}</td><td data-label="First and last event" class="nowrap">${source.firstTime === undefined ? "" : minute(source.firstTime)}<span class="sub">${source.lastTime === undefined ? "" : minute(source.lastTime)}</span></td><td class="wide bar" data-label="Days heard">${strip(source)}</td></tr>`)}</tbody></table>`
}
${inNoFigure}
${
  rejects.length === 0
    ? html`<p class="muted">Every record could be read.</p>`
    : html`<div class="card chart"><h3>What could not be read</h3><table class="cards"><caption>${plural(
        rejects.reduce((sum, { count }) => sum + count, 0),
        "record or file",
        "records and files",
      )}${more(rejects.length, REJECTS_SHOWN, "gnomon scan --rejects")}</caption><thead><tr><th scope="col">Reason</th><th scope="col">Source</th><th scope="col" class="num">Count</th><th scope="col">First one</th></tr></thead>
<tbody>${rejects.slice(0, REJECTS_SHOWN).map((reject) => html`<tr><th scope="row">${breakable(reject.reason)}</th><td data-label="Source">${reject.source ?? "not recognised"}</td><td class="num" data-label="Count">${whole(reject.count)}</td><td class="wide" data-label="First one">${breakable(reject.place)}${reject.record === undefined ? "" : `, record ${whole(reject.record)}`}</td></tr>`)}</tbody></table></div>`
}`;
}

const VIEWS: Readonly<Record<UsageRow["view"], string>> = {
  provider: "the provider's own log",
  usage: "the vendor's usage figures",
  gateway: "a gateway",
  network: "network evidence",
};

/** `silent on 3 days: 13–15 Sep 2026`. A log of rare acts is not silent on the days without one. `heard` ascends. */
function silenceOf(heard: readonly number[], first: number, count: number): string {
  if (heard.length < count / 2) return `heard on ${whole(heard.length)} of ${plural(count, "day")}`;
  const gaps: string[] = [];
  let next = first;
  for (const one of [...heard, first + count * DAY_MS]) {
    if (one > next) gaps.push(days(next, one - DAY_MS));
    next = one + DAY_MS;
  }
  if (gaps.length === 0) return "every day";
  return `silent on ${plural(count - heard.length, "day")}: ${gaps.slice(0, 3).join(", ")}${gaps.length > 3 ? ", …" : ""}`;
}

function methodSection(input: ReportInput, totals: Totals): Html {
  const gateways =
    totals.toldAgain > 0
      ? ` Here ${plural(totals.toldAgain, "call")} were told a second time, and are in no figure.`
      : "";
  return html`<ul class="plain">
<li>Gnomon ${input.version} read exported logs of ${plural(input.coverage.length, "source")} and ran ${plural(input.rules.length, "rule")}. It saw no prompt and no completion: they are cut before anything is kept.</li>
<li>A call that several logs report is counted once. For each account, door and day one log is the record: the provider's own where it measures tokens, then the vendor's usage figures, then the provider's without tokens, then the gateway.${gateways}</li>
<li>Cost is estimated from list prices by tokens, or from the prices that the configuration gives, unless it says billed. Estimates and bills are never added. A call of which no log measures tokens is in no estimate. A forecast holds if nothing new happens; docs/cost.md says how each figure is made and what it guesses.</li>
<li>A verdict is that of the policy as it stands now, applied to the whole period. Verdicts of one line may differ by person, region or time; the line shows the worst.</li>
<li>What no log shows is not here: use through accounts and networks that are not collected, models run on own machines, AI features inside other products, and everything typed into a browser that the network logs do not name.</li>
</ul>`;
}
