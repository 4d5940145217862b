import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costOfUsage, madeUpBudgets, madeUpCostReport } from "../../test/made-up-cost.ts";
import { usageRow } from "../../test/usage-rows.ts";
import type { UsageRow } from "../model/ledger.ts";
import { DAY_MS, type EpochMs, fromUsd, HOUR_MS, type NanoUsd } from "../model/units.ts";
import type { Budget } from "../policy/policy.ts";
import { apart, billBars, burn, type Layer, type Mark, stackOverTime, trendLine } from "./cost-charts.ts";
import { costFigures } from "./cost-figures.ts";
import { roundDollars } from "./figures.ts";
import { renderReport } from "./html-report.ts";
import type { ReportInput } from "./report-input.ts";
import { total } from "./spend.ts";

const input = madeUpCostReport();

/** What a reader sees of a part of the section. */
const textOf = (page: string, from = "", to = "</section>"): string => {
  const section = /<section id="cost".*?<\/section>/s.exec(page)?.[0] ?? "";
  const start = Math.max(section.indexOf(from), 0);
  return section
    .slice(start, section.indexOf(to, start))
    .replaceAll("<wbr>", "")
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ");
};

const page = renderReport(input);

/** The made-up company with other rows. */
const having = (usage: readonly UsageRow[], parts: Partial<ReportInput> = {}): ReportInput => ({
  ...input,
  usage,
  cost: costOfUsage(usage),
  ...parts,
});

const isBill = ({ source }: UsageRow) => source === "aws.cur" || source === "azure.cost-export";

describe("the report's section on cost", () => {
  it("says what was spent, against as many days before, and what the month will come to", () => {
    const text = textOf(page);
    const { estimatedNanoUsd, billedNanoUsd } = total(input.cost.spend);
    expect(text).toContain(`Estimated spend ${roundDollars(estimatedNanoUsd ?? (0 as NanoUsd))} `);
    expect(text).toMatch(/\+23% in the last 28 days: \$5,\d{3}, before that \$4,\d{3}/);
    expect(text).toMatch(
      /Expected by 30 Sep \$6,\d{3} \$5,\d{3} to \$7,\d{3} in 80 of 100 cases; \$4,\d{3} so far/,
    );
    expect(text).toMatch(/\+32% against Aug 2026 \(\$4,\d{3}\)\./);
    expect(billedNanoUsd).toBeLessThan(estimatedNanoUsd ?? 0);
    expect(text).toMatch(/Billed \$8,\d{3} for 20 Jul – 14 Sep 2026; 5% of it for no call that a log tells of/);
  });

  it("lists bills in a currency without a rate, also where nothing else was read, and where it tells of coverage", () => {
    const euros = usageRow({
      source: "azure.cost-export",
      view: "usage",
      currency: "EUR",
      unratedLines: 197,
      unratedMicro: 3.82012e9,
    });
    const listed =
      "EUR: 197 bill lines, €3,820.12 in no figure: no rate for EUR in prices (azure.cost-export, 1 Jan 1970).";
    const beside = renderReport(having([...input.usage, euros]));
    expect(textOf(beside, "Bills against logs")).toContain(listed);
    expect(beside.slice(beside.indexOf('<section id="coverage"'))).toContain(listed);
    const alone = textOf(renderReport(having([euros])));
    expect(alone).toContain(listed);
    expect(alone).toContain("currency: { code: EUR, usdPerUnit: … }");
  });

  it("says how much of a bill is for capacity that nobody is known to use", () => {
    const [bill] = input.usage.filter(isBill);
    const idle = {
      ...(bill ?? usageRow({})),
      account: "idle",
      model: "",
      billedNanoUsd: 1e14,
      capacityNanoUsd: 1e14,
    };
    expect(textOf(renderReport(having([...input.usage, idle])))).toMatch(
      /9\d% of it for capacity that no call is known to use; <1% of it for no call that a log tells of/,
    );
  });

  it("says what is in no figure, and what is nobody's", () => {
    const text = textOf(page);
    expect(text).toMatch(/Calls without a cost 12,\d{3} 1% of the calls/);
    expect(text).toMatch(/For nobody in particular 4% \$4\d\d that no policy, label or gateway attributes/);
  });

  it("names the six dearest beside the picture, and all others as one", () => {
    const teams = /<svg class="names".*?<\/svg>/s.exec(page)?.[0] ?? "";
    const names = [...teams.matchAll(/class="place"[^>]*>([^<]*)/g)].map(([, name]) => name);
    expect(names).toEqual([
      "Customer Support",
      "Research",
      "Data Science",
      "Finance",
      "Engineering",
      "no team named",
      "3 others",
    ]);
  });

  it("says whose spend has changed most", () => {
    expect(textOf(page)).toMatch(
      /The last 28 days against the 28 before: Data Science \+\$\d{3} \(\+\d\d%\), Customer Support \+\$/,
    );
  });

  it("marks what stood out in time, by the number of its sentence", () => {
    const marks = [...page.matchAll(/<text class="flag" x="([\d.]+)%"[^>]*>(\d)</g)].map(([, x, number]) => [
      Number(number),
      Number(x),
    ]);
    expect(new Set(marks.map(([number]) => number))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    const surge = marks.find(([number]) => number === 3);
    // The 52nd of 61 days.
    expect(surge?.[1]).toBeCloseTo((100 * 51.5) / 61, 1);
    expect(textOf(page, "What stood out")).toMatch(
      / 3 role\/lab spent \$271\.40 .*? High Spend Far Above the Usual/,
    );
  });

  it("marks an anomaly where it began, the first time and the last, and a budget when it was told", () => {
    const [surge, crossed] = input.findings.map(({ finding }) => finding);
    if (!surge || !crossed) throw new Error("the made-up company has no findings");
    const evidence = [10, 20, 30].map((at) => ({
      uid: String(at),
      time: (Date.UTC(2026, 7, 1) + at * DAY_MS) as EpochMs,
      operation: "spent",
      facts: {},
    }));
    const told = {
      ...crossed,
      evidence,
      firstSeenTime: Date.UTC(2026, 8, 2, 5) as EpochMs,
      lastSeenTime: Date.UTC(2026, 8, 3, 5) as EpochMs,
    };
    const found = renderReport({
      ...input,
      findings: [
        { revision: 1, finding: { ...surge, evidence } },
        { revision: 1, finding: told },
      ],
    });
    const text = textOf(found, "What stood out");
    expect(text).toContain("11 Aug 2026 and 31 Aug 2026");
    expect(text).toContain("2 Sep 2026 and 3 Sep 2026");
  });

  it("does not mark what was suppressed, and links to nothing that the page leaves out", () => {
    const [first] = input.findings;
    if (!first) throw new Error("the made-up company has no findings");
    const suppressed = { ...first, finding: { ...first.finding, status: "suppressed" as const } };
    expect(renderReport({ ...input, findings: [suppressed] })).toContain("Nothing stood out");

    const many = Array.from({ length: 201 }, (_, at) => ({
      revision: 1,
      finding: {
        ...first.finding,
        uid: String(at).padStart(32, "0"),
        ruleName: at === 200 ? "spend-surge" : "unsanctioned-model",
      },
    }));
    const found = renderReport({ ...input, findings: many });
    expect(textOf(found)).toContain(first.finding.reason);
    expect(found).not.toContain(`#finding-${"200".padStart(32, "0")}`);
  });

  it("says in words how far each budget is, how likely it is exceeded, and when", () => {
    const text = textOf(page, "The month and its budgets", "What a unit");
    expect(text).toMatch(
      /research , team Research Crossed 1\d\d% used on day 18 of 30: \$8\d\d of \$800\. Crossed on 17 Sep 2026\./,
    );
    expect(text).toMatch(
      /data science , team Data Science Will not last 8\d% used on day 18 of 30: \$8\d\d of \$1,050\. 9\d% likely to exceed, about 2\d Sep\. \$1,3\d\d expected by 30 Sep, in 80 of 100 cases/,
    );
    expect(text).toMatch(/frontend tokens , app frontend Lasts \d\d% used .*? of 420M tokens/);
    expect(text).toMatch(/Less pressing: .*?legal \d\d% used/);
  });

  it("says of a budget whose period is over no more than how it ended", () => {
    const end = Date.UTC(2026, 7, 31, 23);
    const cost = costFigures(
      input.usage.filter(({ hour }) => hour < end),
      { budgets: madeUpBudgets, capacity: [], now: (end + HOUR_MS) as EpochMs },
    );
    const text = textOf(renderReport({ ...input, cost }), "The month and its budgets", "What a unit");
    expect(text).toMatch(/Aug 2026, everybody \$\d,\d{3} in the whole month\./);
    expect(text).toContain("The period is over.");
    expect(text).not.toContain("expected by");
  });

  it("says of a quota by the minute what the busiest hour of the day used, and draws no burn", () => {
    const [any] = madeUpBudgets;
    const rpm = { ...any, name: "rpm", measure: "calls", amount: 1_000, period: "minute" } as const;
    const cost = costFigures(input.usage, {
      budgets: [rpm as Budget],
      capacity: [],
      now: input.cost?.now ?? (0 as EpochMs),
    });
    const text = textOf(renderReport({ ...input, cost }), "The month and its budgets", "What a unit");
    expect(text).toMatch(
      /rpm.*\d%? used in the busiest hour of 18 Sep 2026: [\d.,k]+ calls a minute on average, of 1K calls\./s,
    );
    expect(text).not.toContain("used on day");

    const few = costFigures(
      input.usage.map((row) => ({ ...row, calls: row.calls / 1_000 })),
      { budgets: [{ ...rpm, amount: 0.5 } as Budget], capacity: [], now: input.cost?.now ?? (0 as EpochMs) },
    );
    expect(textOf(renderReport({ ...input, cost: few }), "The month and its budgets", "What a unit")).toMatch(
      /: 0\.\d+ calls a minute on average, of 0\.5 calls\./,
    );
  });

  it("names drift, and what it drifted from", () => {
    const text = textOf(page, "What a unit of use costs", "What would cost less");
    expect(text).toMatch(/On 17 Sep 2026, \d+ figures had left the usual/);
    expect(text).toMatch(/Finance .*? \$0\.0185 2\.9 times the usual \$0\.00639/);
    expect(text).toMatch(/14% down from the usual 45%/);
  });

  it("adds up savings once for each use", () => {
    const text = textOf(page, "What would cost less", "Bills against logs");
    const savings = input.cost.advice().map(({ monthlySavingNanoUsd }) => monthlySavingNanoUsd ?? 0);
    const said = Number(/Up to \$([\d,]+) a month/.exec(text)?.[1]?.replace(",", "")) * 1e9;
    expect(text).toContain("instead of 2");
    expect(said).toBeLessThan(savings.reduce<number>((sum, saving) => sum + saving, 0) * 0.95);
    expect(said).toBeGreaterThan((savings[0] ?? 0) + (savings[1] ?? 0));
    for (const { text: piece, assumes } of input.cost.advice()) {
      expect(text).toContain(piece);
      for (const one of assumes) expect(text).toContain(one);
    }
  });

  it("marks of a bill what no log explains, and what is for capacity by the hour", () => {
    const text = textOf(page, "Bills against logs");
    expect(text).toMatch(
      /acme-research \(444455556666\).*?no log tells of any call \$3\d\d\.\d\d \$0\.00 \$3\d\d\.\d\d 100%/,
    );
    expect(text).toMatch(/Azure OpenAI .*?billed below list price/);
    expect(page).toContain('fill="url(#unexplained)"');
    const bars = billBars(
      { billed: 100, capacity: 30, unexplained: 20, estimated: 60 },
      200,
      "made up",
    ).toString();
    expect([...bars.matchAll(/<rect [^>]*width="([\d.]+)%"/g)].map(([, width]) => Number(width))).toEqual([
      25, 15, 10, 30,
    ]);
  });

  it.each([
    [
      "there are no prices",
      having(
        input.usage.map((row) => ({ ...row, estimatedNanoUsd: 0, billedNanoUsd: 0, unpricedCalls: row.calls })),
      ),
      "No cost is known.",
      "under “prices:” in gnomon.yaml",
    ],
    ["there is no use", having([]), "No use with a cost was seen.", "a cost export of AWS, Azure or Google"],
    [
      "there are no budgets",
      {
        ...input,
        policy: { ...(input.policy ?? {}), budgets: [] } as ReportInput["policy"] & object,
        cost: { ...input.cost, budgets: [] },
      },
      "No budget is in the policy.",
      "budgets: [{ name: research",
    ],
    [
      "there are no bills",
      having(input.usage.filter((row) => !isBill(row))),
      "No bill was read.",
      "gnomon collect",
    ],
    [
      "there is nothing to save",
      { ...input, cost: { ...input.cost, advice: () => [] } },
      "Nothing worth a change was found.",
      "It takes a week of use",
    ],
    [
      "there is one day",
      having(input.usage.filter(({ hour }) => hour >= Date.UTC(2026, 8, 18))),
      "No trend yet.",
      "two complete days",
    ],
  ])("says what to do next where %s", (_case, given: ReportInput, what, next) => {
    const text = textOf(renderReport(given));
    expect(text).toContain(what);
    expect(text).toContain(next);
    expect(text).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  it("tells bills alone where there is no estimate", () => {
    const text = textOf(renderReport(having(input.usage.filter(isBill))));
    expect(text).toContain("From bills alone");
    expect(text).toContain("Billed spend per day, by account");
  });

  it("draws whatever it is given, and says no number that is none", () => {
    const amount = fc.integer({ min: -5, max: 50_000 });
    const row = fc
      .record({
        day: fc.integer({ min: 0, max: 400 }),
        team: fc.constantFrom("", "a", "b"),
        calls: fc.integer({ min: 0, max: 100 }),
        usd: amount,
        billed: amount,
      })
      .map(({ day, team, calls, usd, billed }) =>
        usageRow({
          hour: (Date.UTC(2025, 8, 1) + day * DAY_MS) as EpochMs,
          team,
          calls,
          model: "made-up/model",
          provider: "openai",
          inputTokens: calls * 100,
          outputTokens: calls * 10,
          estimatedNanoUsd: calls > 0 ? fromUsd(Math.max(usd, 0)) : 0,
          billedNanoUsd: calls > 0 ? 0 : fromUsd(billed),
        }),
      );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), (usage) => {
        const last = Math.max(0, ...usage.map(({ hour }) => hour));
        const cost = costFigures(usage, {
          budgets: madeUpBudgets,
          capacity: [],
          now: (last + HOUR_MS) as EpochMs,
        });
        const found = renderReport({ ...input, usage, cost, findings: [] });
        expect(found).not.toMatch(/NaN|Infinity|undefined|\[object|width="-|height="-/);
      }),
      { numRuns: 60 },
    );
  });

  it("stays of a size that opens, whoever spends", () => {
    const names = Array.from({ length: 900 }, (_, at) => `made-up-${at}`);
    const usage = names.flatMap((name, at) => [
      usageRow({
        hour: (Date.UTC(2026, 4, 1) + (at % 120) * DAY_MS) as EpochMs,
        team: name,
        model: `made-up/${name}`,
        provider: "openai",
        account: name,
        principal: name,
        calls: 900,
        inputTokens: 9_000_000,
        outputTokens: 9_000,
        estimatedNanoUsd: fromUsd(40 + at / 100),
      }),
      usageRow({
        hour: (Date.UTC(2026, 4, 1) + (at % 120) * DAY_MS) as EpochMs,
        provider: "openai",
        account: name,
        source: "focus",
        billedNanoUsd: fromUsd(41),
      }),
    ]);
    const budgets = names.map((name) => ({
      name,
      scope: { kind: "team" as const, uid: name },
      measure: "cost" as const,
      amount: 50,
      period: "month" as const,
      since: 0 as EpochMs,
    }));
    const cost = costFigures(usage, { budgets, capacity: [], now: Date.UTC(2026, 7, 28, 9) as EpochMs });
    const section = /<section id="cost".*?<\/section>/s.exec(renderReport({ ...input, usage, cost }))?.[0] ?? "";
    expect(section.length).toBeLessThan(400_000);
    expect(section).toContain("894 others");
    expect(section).toMatch(/and 875 more/);
  });
});

describe("a stack over time", () => {
  const start = Date.UTC(2026, 8, 1);
  const scale = { stepMs: DAY_MS, word: "day" } as const;
  const layer = (name: string, values: readonly number[]): Layer => ({
    name,
    shortName: name,
    note: "",
    values: values as NanoUsd[],
  });
  const drawn = (layers: readonly Layer[], marks: readonly Mark[] = []): string => {
    const days = layers[0]?.values.length ?? 0;
    const starts = Array.from({ length: days }, (_, at) => start + at * DAY_MS);
    return stackOverTime({ id: "made-up", title: "Made up", starts, scale, layers, marks }).toString();
  };

  it("is as high as its sum, each layer as high as its part", () => {
    const chart = drawn([layer("a", [60e9, 0]), layer("b", [40e9, 20e9])]);
    const bars = [...chart.matchAll(/<rect x="[\d.]+%" width="[\d.]+%" y="([\d.]+)" height="([\d.]+)"/g)];
    expect(bars.map(([, , height]) => Number(height))).toEqual([129.6, 86.4, 43.2]);
    const whole = [...chart.matchAll(/<rect x="2" width="18" y="[\d.]+" height="([\d.]+)"/g)];
    expect(whole.map(([, height]) => Number(height))).toEqual([107, 107]);
  });

  it("puts no mark upon another, and leaves out what is outside", () => {
    const mark = fc.integer({ min: -3, max: 33 });
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 12 }), (days) => {
        const marks = days.map((at, nth) => ({ number: nth + 1, time: start + at * DAY_MS }));
        const chart = drawn([layer("a", new Array(30).fill(1e9))], marks);
        const placed = [...chart.matchAll(/<circle class="flag" cx="([\d.]+)%" cy="([\d.]+)"/g)].map(
          ([, x, y]) => [Number(x), Number(y)] as const,
        );
        expect(placed).toHaveLength(days.filter((at) => at >= 0 && at < 30).length);
        for (const [at, [x, y]] of placed.entries()) {
          expect(y).toBeGreaterThan(8);
          for (const [otherX, otherY] of placed.slice(at + 1))
            expect(Math.abs(x - otherX) >= 8 || Math.abs(y - otherY) >= 18).toBe(true);
        }
      }),
    );
  });
});

describe("labels", () => {
  it("keep their order, their distance and within bounds where there is room", () => {
    const wished = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(wished, (places) => {
        const placed = apart(
          places.toSorted((a, b) => a - b),
          30,
          0,
          200,
        );
        for (const [at, place] of placed.entries()) {
          expect(place).toBeGreaterThanOrEqual(-1e-9);
          expect(place).toBeLessThanOrEqual(200 + 1e-9);
          if (at > 0) expect(place - (placed[at - 1] ?? 0)).toBeGreaterThanOrEqual(30 - 1e-9);
        }
      }),
    );
  });
});

describe("a budget's burn", () => {
  const start = Date.UTC(2026, 8, 1);
  const end = Date.UTC(2026, 9, 1);
  const at = (day: number) => start + day * DAY_MS;
  const chart = (crossing: number | undefined) =>
    burn({
      id: "made-up",
      title: "Made up",
      words: "made up",
      start,
      end,
      course: [10, 15].map((day) => ({ time: at(day), used: day * 10 })),
      ahead: [{ time: end, expected: 300, low: 250, high: 380 }],
      limit: { amount: 200, label: "budget $200" },
      ...(crossing === undefined ? {} : { crossing }),
      written: (amount) => `$${amount}`,
      writtenShort: (amount) => `$${amount}`,
    }).toString();

  it("goes from nothing through what is used to what is expected", () => {
    expect(chart(undefined)).toMatch(/class="course" d="M0,168L33\.333,131\.\d+L50,113\.\d+"/);
    expect(chart(undefined)).toMatch(/class="expected" d="M50,113\.\d+L100,58\.\d+"/);
    expect(chart(undefined)).not.toContain("crossing");
  });

  it("dates the crossing where neither course nor label is", () => {
    expect(chart(at(24))).toMatch(/dx="-9"[^>]*text-anchor="end">25 Sep</);
    expect(chart(at(6))).toMatch(/dx="8"[^>]*>7 Sep</);
    expect(chart(at(6))).toContain('x="100%" y="88.901" text-anchor="end">budget $200');
  });
});

describe("a trend", () => {
  it("goes on over a weekend, and breaks where nothing was measured for longer", () => {
    const path = (values: (number | undefined)[]) =>
      /class="course" d="([^"]*)"/.exec(trendLine({ label: "made up", values }).toString())?.[1] ?? "";
    const gap = (days: number) => [1, ...new Array<undefined>(days).fill(undefined), 1];
    expect(path(gap(2)).match(/M/g)).toHaveLength(1);
    expect(path(gap(4)).match(/M/g)).toHaveLength(2);
  });
});
