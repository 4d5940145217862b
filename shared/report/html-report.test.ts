import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hostileCostReport, madeUpCostReport } from "../../test/made-up-cost.ts";
import { hostileReport, madeUpReport, madeUpRules } from "../../test/made-up-report.ts";
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, HOUR_MS } from "../model/units.ts";
import { barsOverTime, regionFlow, timeScaleOf } from "./charts.ts";
import { costFigures } from "./cost-figures.ts";
import { breakable, html } from "./html.ts";
import { renderReport } from "./html-report.ts";
import type { ReportInput } from "./report-input.ts";
import { summaryOf, totalsOf } from "./summary.ts";

const input = madeUpReport();
const page = renderReport(input);
const costPage = renderReport(madeUpCostReport());
const pages = [
  ["a month of use", page],
  ["two months of spend", costPage],
] as const;

const nothing: ReportInput = {
  version: "0.1.0",
  rules: madeUpRules,
  findings: [],
  usage: [],
  cost: costFigures([], { budgets: [], capacity: [], now: 0 as EpochMs }),
  entities: [],
  regions: [],
  coverage: [],
  rejects: [],
};

/** What a reader sees: no tags, no entities. */
const textOf = (markup: string): string =>
  markup
    .replace(/<style>.*?<\/style>/s, "")
    .replaceAll("<wbr>", "")
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ");

const sectionOf = (markup: string, id: string): string =>
  textOf(new RegExp(`<section id="${id}".*?</section>`, "s").exec(markup)?.[0] ?? "");

describe("the report", () => {
  it("is the same byte for byte for the same input, and another for another", () => {
    expect(renderReport(madeUpReport())).toBe(page);
    expect(renderReport(madeUpReport(8))).not.toBe(page);
    expect(renderReport(madeUpCostReport())).toBe(costPage);
  });

  it.each(pages)("asks for nothing from outside and runs nothing: %s", (_, page) => {
    expect(page).not.toMatch(/<script|<iframe|<object|<embed|<form|\son\w+=|\sstyle=|@import|url\((?!#)/i);
    const references = [...page.matchAll(/\s(?:src|href|srcset|action)="([^"]*)"/g)].map(([, to]) => to);
    expect(references.filter((to) => !to?.startsWith("#"))).toEqual(["data:,"]);
  });

  it.each(pages)("allows its one stylesheet by its hash: %s", (_, page) => {
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(page).toContain(`default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;`);
  });

  it.each(pages)("has no id twice and refers to none that is missing: %s", (_, page) => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const labels = [...page.matchAll(/aria-labelledby="([^"]+)"/g)].flatMap(([, to]) => to?.split(" ") ?? []);
    const fills = [...page.matchAll(/(?:href="|url\()#([^")]+)/g)].map(([, to]) => to);
    expect(ids).toEqual(expect.arrayContaining([...labels, ...fills]));
  });

  it.each(pages)("names every picture and heads every column: %s", (_, page) => {
    const pictures = page.match(/<svg[^>]*role="img"[^>]*>/g) ?? [];
    expect(pictures.length).toBeGreaterThan(20);
    for (const picture of pictures) expect(picture).toMatch(/aria-label(ledby)?="[^"]+"/);
    for (const other of page.match(/<svg(?![^>]*role="img")[^>]*>/g) ?? [])
      expect(other).toMatch(/aria-hidden="true"|preserveAspectRatio/);
    for (const cell of page.match(/<th[\s>][^>]*>?/g) ?? []) expect(cell).toMatch(/scope=/);
  });

  it("tells each finding with its reason, owner, remedy and what it may be instead", () => {
    const text = sectionOf(page, "findings");
    for (const { finding } of input.findings) {
      const rule = madeUpRules.find(({ id }) => id === finding.ruleId);
      expect(text).toContain(finding.reason);
      expect(text).toContain(rule?.remedy);
      expect(text).toContain(rule?.falsepositives[0]);
      expect(text).toContain(finding.owner ?? "nobody named");
    }
  });

  it("counts each call once, and contacts beside the calls", () => {
    const totals = totalsOf(input);
    const calls = (keep: (row: UsageRow) => boolean) =>
      input.usage.filter(keep).reduce((sum, row) => sum + row.calls, 0);
    const toldAgain = calls(({ view, provider }) => view === "gateway" && provider === "openai");
    expect(totals.calls).toBe(calls(({ view }) => view !== "network") - toldAgain);
    expect(totals.toldAgain).toBe(toldAgain);
    expect(totals.contacts).toBe(calls(({ view }) => view === "network"));
    expect(totals.doors).not.toContain("deepseek");
  });

  it("says in a paragraph how much is sanctioned, what is urgent and what it cost", () => {
    const summary = summaryOf(input, totalsOf(input)).join(" ");
    expect(summary).toMatch(/^18 people and programs made 65,\d{3} calls to 9 models through 6 doors: /);
    expect(summary).toMatch(
      /The policy approves 87% of them; [\d,]+ break it, and on [\d,]+ nobody has decided\./,
    );
    expect(summary).toContain("4 findings need attention first, and 4 others are open.");
    expect(summary).toContain("anthropic/claude-sonnet-4-5 came through 3 doors at once");
    expect(summary).toMatch(/The estimated cost is \$\d+\.\d\d, without \d+% of the calls/);
    expect(summary).toMatch(/contacts with DeepSeek and OpenAI\.$/);
  });

  it.each([
    ["of known price", { inputTokens: 900, estimatedNanoUsd: 5, unpricedCalls: 0 }, 0],
    ["without a price", { inputTokens: 900, unpricedCalls: 7 }, 7],
    ["without tokens, but for those that failed", { failures: 4 }, 6],
    ["that somebody billed", { billedNanoUsd: 5 }, 0],
  ])("counts calls %s as left out of the cost: %#", (_name, parts, uncosted) => {
    const [row] = input.usage;
    if (!row) throw new Error("the made-up month is empty");
    const none = { failures: 0, inputTokens: 0, outputTokens: 0, estimatedNanoUsd: 0, unpricedCalls: 0 };
    const usage = [{ ...row, calls: 10, ...none, ...parts }];
    expect(totalsOf({ ...input, usage }).uncostedCalls).toBe(uncosted);
  });

  it("does not count resolved and suppressed findings as open", () => {
    const findings = input.findings.map(({ finding, revision }, at) => ({
      revision,
      finding: { ...finding, status: at === 0 ? ("resolved" as const) : ("suppressed" as const) },
    }));
    const closed = { ...input, findings };
    expect(Object.values(totalsOf(closed).openFindings)).toEqual([0, 0, 0, 0, 0]);
    expect(renderReport(closed)).not.toContain("First to do");
  });

  it("names the clauses that have ended and those about to", () => {
    const text = sectionOf(page, "policy");
    expect(text).toMatch(/legal-contracts 9 Sep 2026 ended/);
    expect(text).toMatch(/finance-copilot 11 Oct 2026 ends in 12 days/);
  });

  it("says where data ran, and where it only may have run", () => {
    const text = sectionOf(page, "regions");
    expect(text).toMatch(/eu-west-1 → eu-central-1 ran in another region, as the log says/);
    expect(text).toMatch(/eu-west-1 → somewhere in eu may have run anywhere in its geography/);
    expect(text).toMatch(/eastus2 → anywhere may have run anywhere in the world/);
  });

  it("names the days on which a source was silent, and what could not be read", () => {
    const text = sectionOf(page, "coverage");
    expect(text).toContain("silent on 3 days: 13–15 Sep 2026");
    expect(text).toContain("gcp/2026-09-04.ndjson.gz, record 211");
  });

  it("says what to do next where there is nothing", () => {
    const text = textOf(renderReport(nothing));
    for (const next of [
      "Nothing was read.",
      "No findings.",
      "gnomon policy suggest",
      "No policy was given.",
      "No source spoke.",
    ])
      expect(text).toContain(next);
    expect(text).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  it("judges nothing without a policy", () => {
    const { policy, ...rest } = input;
    const usage = rest.usage.map((row): UsageRow => ({ ...row, verdict: "" }));
    const text = textOf(renderReport({ ...rest, usage }));
    expect(text).toContain("No policy was given, so nothing here is called sanctioned or unsanctioned.");
    expect(text).toMatch(/Sanctioned calls – no policy was given/);
  });

  it("has no number that is none, over a minute as over eight thousand years", () => {
    for (const length of [0, 5 * 60_000, 2 * DAY_MS, 200 * DAY_MS, 3_650 * DAY_MS, 2_900_000 * DAY_MS]) {
      const first = Date.UTC(2026, 0, 1) as EpochMs;
      const period = { first, last: (first + length) as EpochMs };
      const usage = input.usage.slice(0, 1).map((row) => ({ ...row, hour: first }));
      const found = renderReport({ ...input, period, usage });
      expect(found).not.toMatch(/NaN|Infinity|undefined|\[object/);
      expect(found.length).toBeLessThan(400_000);
    }
  });

  it("stays of a size that opens, and says what it left out", () => {
    const [row] = input.usage;
    const [finding] = input.findings;
    if (!row || !finding) throw new Error("the made-up month is empty");
    const usage = Array.from({ length: 4_000 }, (_, at) => ({ ...row, model: `made-up/model-${at}` }));
    const findings = Array.from({ length: 3_000 }, (_, at) => ({
      ...finding,
      finding: { ...finding.finding, uid: String(at).padStart(32, "0") },
    }));
    const found = renderReport({ ...input, usage, findings });
    expect(found.length).toBeLessThan(3_000_000);
    expect(found).toContain("3,000 findings, of which 200 are shown");
    expect(found).toMatch(/4,000 uses .*of which 300 are shown/);
  });

  it.each([
    ["use", hostileReport],
    ["spend", hostileCostReport],
  ])("lets nothing that a log wrote become markup, of %s", (_, hostile) => {
    const found = renderReport(hostile());
    expect(found).not.toContain("<img");
    expect(found).not.toContain("<b>");
    expect(found).not.toMatch(/="[^"]*"onmouseover/);
    for (const trick of ["\u202e", "\u0007"]) expect(found).not.toContain(trick);
    expect(found).toContain("&lt;img");
  });
});

describe("markup", () => {
  it("escapes values and keeps markup", () => {
    expect(
      html`<p title="${`"'&`}">${"<b>"}${html`<i>${"&"}</i>`}${[1, html`<br>`]}${undefined}</p>`.toString(),
    ).toBe('<p title="&quot;&#39;&amp;">&lt;b&gt;<i>&amp;</i>1<br></p>');
  });

  it("shows controls and turned writing, which would mislead the eye", () => {
    expect(html`${"a\u202eb\u0000c\ud800\n"}`.toString()).toBe("a\ufffdb\ufffdc\ufffd\n");
  });

  it("may break long names where a reader expects it", () => {
    expect(breakable("arn:aws:<x>/role").toString()).toBe("arn:<wbr>aws:<wbr>&lt;x&gt;/<wbr>role");
  });
});

describe("a chart over time", () => {
  it("has hours for three days, days for four months, weeks for two years and intervals beyond", () => {
    const words = [3, 3.1, 124, 124.1, 868, 868.1]
      .map((length) => length * DAY_MS)
      .map((span) => timeScaleOf(0, span).word);
    expect(words).toEqual(["hour", "day", "day", "week", "week", "interval"]);
  });

  it("stacks the verdicts up to the height of their sum", () => {
    const steps = [
      { start: 0, counts: { sanctioned: 60, unreviewed: 20, unsanctioned: 20 } },
      { start: HOUR_MS, counts: {} },
    ];
    const heights = [
      ...barsOverTime(steps, timeScaleOf(0, HOUR_MS))
        .toString()
        .matchAll(/ height="([\d.]+)" (?:class|fill)/g),
    ];
    expect(heights.map(([, height]) => Number(height))).toEqual([108, 36, 36]);
  });
});

describe("a flow between regions", () => {
  it("draws each band as thick as its calls, at both ends", () => {
    const flow = regionFlow([
      { requested: "eu-west-1", processed: "eu-central-1", calls: 600 },
      { requested: "eu-west-1", scope: "global", calls: 300 },
      { requested: "us-east-1", scope: "global", calls: 300 },
    ]).toString();
    const bands = [...flow.matchAll(/M0,([\d.]+)C.*? 100,([\d.]+)V([\d.]+)C.*? 0,([\d.]+)Z.*?: (\d+) calls/g)].map(
      (band) => {
        const [fromTop = 0, toTop = 0, toBottom = 0, fromBottom = 0, calls = 0] = band.slice(1).map(Number);
        return { calls, from: fromBottom - fromTop, to: toBottom - toTop };
      },
    );
    expect(bands.map(({ calls }) => calls).sort()).toEqual([300, 300, 600]);
    for (const { calls, from, to } of bands) {
      expect(from).toBeCloseTo(calls / 5, 1);
      expect(to).toBeCloseTo(calls / 5, 1);
    }
  });
});
