import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gnomon, gnomonHere } from "../../test/command.ts";
import { copyMadeStore } from "../../test/made-store.ts";

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

/** On a terminal of so many columns; without them in a pipe. */
async function run(words: readonly string[], columns?: number) {
  const { out, err, code } = await gnomonHere(["cost", ...words], columns === undefined ? {} : { columns });
  return { out: stripVTControlCharacters(out), err, code };
}

const SEPTEMBER = Date.UTC(2026, 8, 1) / 1_000;
const DAY = 86_400;

/** Costs by the price list of gpt-4o: $2.50 a million tokens in, $10 a million out. */
const used = (day: number, project: string, input: number, output: number, model = "gpt-4o-2024-08-06") => ({
  object: "bucket",
  start_time: SEPTEMBER + (day - 1) * DAY,
  end_time: SEPTEMBER + day * DAY,
  results: [
    {
      object: "organization.usage.completions.result",
      input_tokens: input,
      output_tokens: output,
      num_model_requests: 100,
      project_id: project,
      model,
    },
  ],
});
const billed = (day: number, project: string, value: number, currency = "usd") => ({
  object: "bucket",
  start_time: SEPTEMBER + (day - 1) * DAY,
  end_time: SEPTEMBER + day * DAY,
  results: [
    {
      object: "organization.costs.result",
      amount: { value, currency },
      line_item: "gpt-4o-2024-08-06, input",
      project_id: project,
    },
  ],
});
const lines = (records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join("");
const days = Array.from({ length: 20 }, (_, index) => index + 1);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-cost-"));
  for (const name of ["logs", "bills", "euros", "silent", "empty", "short"]) await mkdir(at(name));
  await writeFile(
    at("logs", "usage.json"),
    lines([
      // $10 a day of the search team, $5 of whoever else, from the 11th on $1 of support.
      ...days.map((day) => used(day, "proj_search", 2_000_000, 500_000)),
      ...days.map((day) => used(day, "proj_stray", 1_000_000, 250_000)),
      ...days.filter((day) => day > 10).map((day) => used(day, "proj_support", 400_000, 0)),
      used(20, "proj_search", 1_000, 1_000, "house-model-1"),
    ]),
  );
  await writeFile(
    at("bills", "costs.json"),
    lines([
      ...days.map((day) => billed(day, "proj_search", 11)),
      ...days.map((day) => billed(day, "proj_dark", 2)),
    ]),
  );
  await writeFile(at("euros", "costs.json"), lines(days.map((day) => billed(day, "proj_euro", 3, "eur"))));
  await writeFile(at("rated.yaml"), "prices: [{ name: eur, currency: { code: EUR, usdPerUnit: 1.1 } }]\n");
  await writeFile(at("short", "usage.json"), lines([used(1, "proj_search", 1_000, 10)]));
  await writeFile(
    at("silent", "audit.json"),
    lines([
      {
        object: "organization.audit_log",
        id: "audit_log-1",
        type: "project.created",
        effective_at: SEPTEMBER,
        actor: { type: "session", session: { user: { id: "user-1", email: "a@example.com" } } },
      },
    ]),
  );
  await writeFile(
    at("policy.yaml"),
    `owners:
  - { name: search, accounts: [proj_search] }
  - { name: support, accounts: [proj_support] }
budgets:
  - { name: search, team: search, amount: 290 }
  - { name: support, team: support, amount: 5 }
  - { name: everything, amount: 10000 }
  - { name: last year, amount: 1, until: 2025-12-31 }
`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const withPolicy = (...words: string[]) => [...words, at("logs"), "--policy", at("policy.yaml"), "--quiet"];
const rowsOf = (out: string) => (JSON.parse(out) as { rows: Record<string, unknown>[] }).rows;

describe("gnomon cost", () => {
  it("tells what is spent by model, and what it leaves out", async () => {
    const { out, err, code } = await run([at("logs"), "--quiet"]);
    expect({ err, code }).toEqual({ err: "", code: 0 });
    expect(out).toMatch(/^Estimated cost by model, 1–20 Sep 2026$/m);
    expect(out).toMatch(/^openai\/gpt-4o +\$310\.00 +100% █{10} +5,000 +79,000,000$/m);
    expect(out).toMatch(/^house-model-1 +no price +100 +2,000 +100$/m);
    expect(out).toMatch(/^Total +\$310\.00/m);
    expect(out).not.toContain("is told until");
    expect(out).toContain("Not in it: 100 calls of unknown tokens or price (house-model-1)");
  });

  it("tells it by two things at once, with what nobody owns among them", async () => {
    const { out } = await run(withPolicy("--by", "team,account", "--format", "json"));
    expect(JSON.parse(out)).toMatchObject({
      schema: "gnomon.cost/v1",
      basis: "estimated",
      by: ["team", "account"],
      since: SEPTEMBER * 1_000,
      until: (SEPTEMBER + 20 * DAY) * 1_000,
      rows: [
        { team: "search", account: "proj_search", estimatedNanoUsd: 200e9, calls: 2_100, unpricedCalls: 100 },
        { account: "proj_stray", estimatedNanoUsd: 100e9 },
        { team: "support", account: "proj_support", estimatedNanoUsd: 10e9 },
      ],
      total: { estimatedNanoUsd: 310e9 },
      unattributed: { team: { estimatedNanoUsd: 100e9 } },
      unpricedModels: ["house-model-1"],
    });
    expect((await run(withPolicy("--by", "team"))).out).toContain(
      "Without team: $100.00 (32%); name owners in the policy, or tag requests with a team.",
    );
  });

  it("fits 60 columns with bars, and says more where there is room", async () => {
    const narrow = (await run(withPolicy("--by", "team,model"), 60)).out.split("\n");
    expect(Math.max(...narrow.map((line) => stringWidth(line)))).toBeLessThanOrEqual(60);
    expect(narrow.find((line) => line.startsWith("search  "))).toMatch(/\$200\.00 +65% ██████▌/);
    expect(narrow[2]).not.toContain("Tokens");
    const wide = (await run(withPolicy("--by", "team,model"), 120)).out.split("\n");
    expect(wide[2]).toMatch(/^Team +Model +Estimated +Share +Calls +Tokens +No price$/);
  });

  it("tells it of any days, beside those before", async () => {
    const { out } = await run(withPolicy("--by", "team", "--last", "10d", "--compare", "previous"));
    expect(out).toContain("Estimated cost by team, 11–20 Sep 2026, beside 1–10 Sep 2026");
    expect(out).toMatch(/^support +\$10\.00 +\+\$10\.00 \(new\)/m);
    expect(out).toMatch(/^search +\$100\.00 +\$100\.00 +same/m);
    expect(out).toMatch(/^Total +\$160\.00 +\$150\.00 +\+\$10\.00 \(\+7%\)/m);
    const back = await run(
      withPolicy(
        "--by",
        "team",
        "--since",
        "2026-09-04",
        "--until",
        "2026-09-10",
        "--compare",
        "week",
        "--format",
        "csv",
      ),
    );
    expect(back.out.split("\r\n")[1]).toMatch(/^search,70,,0\.666667,700,.*,30,40,$/);
  });

  it("says where it compares with days of which nothing is known", async () => {
    const { out } = await run(withPolicy("--month", "2026-09", "--compare", "previous"));
    expect(out).toContain("beside 1–20 Aug 2026");
    expect(out).toContain("Nothing is known from before 2026-09-01 00:00 UTC");
  });

  it("sums up what --top and --min leave out", async () => {
    const top = await run(withPolicy("--by", "team", "--top", "1"));
    expect(top.out).toMatch(/^2 others +\$110\.00 +35%/m);
    expect(top.out).toMatch(/^Total +\$310\.00/m);
    const least = await run(withPolicy("--by", "team", "--min", "50", "--format", "ndjson"));
    expect(
      least.out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { schema: "gnomon.cost/v1", team: "search" },
      { estimatedNanoUsd: 100e9 },
      { others: 1, estimatedNanoUsd: 10e9 },
    ]);
  });

  it("keeps what is billed apart from what is estimated", async () => {
    const { out } = await run([at("bills"), ...withPolicy("--by", "team", "--basis", "billed")]);
    expect(out).toMatch(/^search +\$220\.00 +85% .* \$200\.00 /m);
    expect(out).toMatch(/^\(no team\) +\$40\.00 +15% .* \$100\.00 /m);
    expect(out).toMatch(/^support +no bill +\$10\.00/m);
    expect(out).toContain("$40.00 is billed for calls that no log tells of: gnomon cost reconcile.");
    expect((await run([at("bills"), ...withPolicy("--by", "team")])).out).toContain("Billed so far: $260.00");
  });

  it("shares a month's bill out over all of the month, whatever days are asked for", async () => {
    await mkdir(at("monthly"), { recursive: true });
    const bill = {
      ProviderName: "OpenAI",
      ServiceCategory: "AI and Machine Learning",
      ServiceName: "API",
      SubAccountId: "proj_stray",
      BillingCurrency: "USD",
      BilledCost: "300",
      ChargePeriodStart: "2026-09-01T00:00:00Z",
      ChargePeriodEnd: "2026-10-01T00:00:00Z",
    };
    await writeFile(at("monthly", "focus.json"), lines([bill]));
    const { out } = await run([
      at("monthly"),
      ...withPolicy("--by", "account", "--basis", "billed", "--last", "5d"),
    ]);
    expect(out).toMatch(/^proj_stray +\$75\.00 /m);
  });

  it("is FOCUS for finance, of the days that were asked for", async () => {
    const { out } = await run([
      at("bills"),
      ...withPolicy("--format", "focus", "--since", "2026-09-18", "--until", "2026-09-19"),
    ]);
    const [heading = "", ...rows] = out.trim().split("\r\n");
    expect(heading.split(",").slice(0, 3)).toEqual(["BilledCost", "BillingAccountId", "BillingAccountName"]);
    const dayAt = heading.split(",").indexOf("ChargePeriodStart");
    expect(new Set(rows.map((row) => row.split(",")[dayAt]?.slice(0, 10)))).toEqual(
      new Set(["2026-09-18", "2026-09-19"]),
    );
  });

  it("writes a table for a pull request, and a file where one is named", async () => {
    const { out } = await run(withPolicy("--by", "team", "--format", "markdown", "--top", "1"));
    expect(out).toContain("| `search` | $200.00 | 65% |");
    expect((await run(withPolicy("--output", at("cost.txt")))).out).toBe("");
  });

  it.each<readonly [readonly string[], string]>([
    [["--by", "tem"], "did you mean team? It is one of team, app, customer"],
    [["--by", "team,model,app"], "at most 2 of"],
    [["--by", "team,team"], "the same word twice"],
    [["--format", "focuss"], "did you mean focus? It is one of table, json"],
    [["--basis", "actual"], "It is one of estimated, billed"],
    [["--compare", "months", "--last", "7d"], "did you mean month?"],
    [["--compare", "week"], "say what is compared"],
    [["--top", "none"], "a number of lines"],
    [["--top", "1.5"], "a number of lines"],
    [["--min", "-1"], "an amount in dollars"],
    [["--month", "September"], "a month is written 2026-11"],
    [["--last", "7d", "--month", "2026-09"], "one period at a time"],
    [["--format", "focus", "--by", "team"], "leave out --by"],
    [["units", "--by", "vendor"], "It is one of team, app"],
    [["units", "--format", "focus"], "It is one of csv, json"],
    [["reconcile", "--per", "week"], "It is one of day, month"],
    [["reconcile", "--by", "team"], "It is one of account, door, model"],
    [["--policy", "nowhere.yaml"], "gnomon: nowhere.yaml: no such file or folder\n"],
    [
      ["budgets", "--config", "nowhere.yaml"],
      "gnomon: nowhere.yaml: no such file; gnomon init nowhere.yaml writes",
    ],
  ])("refuses %j, and says what there is instead", async (words, message) => {
    const { err, code, out } = await run([...words, at("logs"), "--quiet"]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });

  it("takes a mistyped subcommand for no file", async () => {
    expect(await run(["budget"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean gnomon cost budgets?"),
    });
  });

  it("says what to do where there is nothing to tell", async () => {
    expect((await run([at("empty")])).err).toContain("gnomon demo");
    expect((await run([at("silent"), "--quiet"])).out).toContain("No use of a model in there.");
    expect((await run([at("logs"), "--quiet", "--month", "2026-08"])).out).toBe(
      "No use in 1–31 Aug 2026: what is known is of 1–20 Sep 2026. Try: --month 2026-09\n",
    );
    expect((await run([at("logs"), "--quiet", "--basis", "billed"])).out).toContain("No bill of 1–20 Sep 2026");
    expect((await run(["--store", at("nowhere")])).err).toContain("or gnomon scan ./logs --store");
    expect(JSON.parse((await run([at("silent"), "--quiet", "--format", "json"])).out)).toMatchObject({
      schema: "gnomon.cost/v1",
      rows: [],
    });
  });
});

describe("gnomon cost budgets", () => {
  it("says of each what is used, what is expected, and whether it will last", async () => {
    const { out } = await run(withPolicy("budgets"), 80);
    expect(out).toMatch(/^support \(team support, 1–30 Sep 2026\) +Crossed\n {2}█+\|/m);
    expect(out).toContain("$10.00 of $5.00 used (200%) by day 20 of 30.");
    expect(out).toContain("Crossed on 15 Sep 2026, by $5.00 so far.");
    expect(out).toMatch(/^search \(team search, 1–30 Sep 2026\) +(Will|May) not last\n {2}█+▒+\|/m);
    expect(out).toMatch(/\d+% likely to be exceeded, about (29|30) Sep 2026\./);
    expect(out).toMatch(/^everything \(everybody, 1–30 Sep 2026\) +Lasts$/m);
    expect(out).toMatch(/^All use of 1–30 Sep 2026: \$310\.00 by 20 Sep 2026, \$4\d\d\.\d\d expected/m);
    expect(out).toContain("Not running on 20 Sep 2026: last year.");
    const narrow = (await run(withPolicy("budgets"), 44)).out.split("\n");
    expect(Math.max(...narrow.map((line) => stringWidth(line)))).toBeLessThanOrEqual(44);
  });

  it("shows them as they stood on a day, and for machines", async () => {
    const { out } = await run(withPolicy("budgets", "--until", "2026-09-10", "--format", "json"));
    expect(rowsOf(out).map(({ budget, used, state }) => [(budget as { name: string }).name, used, state])).toEqual(
      [
        ["search", 100, expect.stringContaining("not last")],
        ["support", 0, "Lasts"],
        ["everything", 150, "Lasts"],
      ],
    );
    expect((await run(withPolicy("budgets", "--format", "csv"))).out).toMatch(
      /^support,team support,cost,2026-09-01,2026-09-30,5,10,/m,
    );
  });

  it("tells a quota by the minute by the busiest hour of the last day", async () => {
    await writeFile(
      at("minute.yaml"),
      "budgets: [{ name: requests, amount: 0.5, measure: calls, period: minute }]\n",
    );
    const { out } = await run(["budgets", at("logs"), "--policy", at("minute.yaml"), "--quiet"]);
    expect(out).toMatch(/^requests \(everybody, \d+ Sep 2026\) +(?:Kept|Crossed)$/m);
    expect(out).toMatch(
      /^ +6\.66 of 0\.5 calls a minute \(1333%\), the mean of the busiest hour of \d+ Sep 2026\.$/m,
    );
    expect(out).not.toContain("The period is over.");
  });

  it("says whether it was kept where the period is over", async () => {
    await writeFile(at("weeks.yaml"), "budgets: [{ name: weeks, amount: 300, period: 19d, since: 2026-09-01 }]\n");
    const { out } = await run([
      "budgets",
      at("logs"),
      "--policy",
      at("weeks.yaml"),
      "--until",
      "2026-09-19",
      "--quiet",
    ]);
    expect(out).toMatch(/^weeks \(everybody, 1–19 Sep 2026\) +Kept$/m);
    expect(out).toContain("$294.00 of $300.00 used (98%) by day 19 of 19.\n  The period is over.");
  });

  it("says how to write one where there is none, and forecasts the month all the same", async () => {
    const { out } = await run(["budgets", at("logs"), "--quiet"]);
    expect(out).toContain("All use of 1–30 Sep 2026: $310.00");
    expect(out).toContain("budgets: [{ name: research");
    expect((await run(["budgets", at("silent"), "--quiet"])).out).toContain("No use of a model in there.");
  });
});

describe("gnomon cost units", () => {
  it("says what a call and a thousand tokens cost", async () => {
    const { out } = await run(withPolicy("units", "--by", "team", "--last", "10d"));
    expect(out).toContain("Unit costs by team, 11–20 Sep 2026");
    expect(out).toMatch(/^search +\$100\.00 +\$0\.1 +\$0\.004 +0\.25 /m);
    expect(out).toContain("On 19 Sep 2026 nothing was far from its own 28 days before.");
  });

  it("fits a narrow window, and says when it is too early to speak of drift", async () => {
    const narrow = (await run(withPolicy("units"), 60)).out.split("\n");
    expect(Math.max(...narrow.map((line) => stringWidth(line)))).toBeLessThanOrEqual(60);
    expect((await run(["units", at("short"), "--quiet"])).out).toContain("Too early to tell what drifts");
    expect((await run(["units", at("silent"), "--quiet"])).out).toContain("No use of a model in there.");
  });
});

describe("gnomon cost reconcile", () => {
  it("sets bills beside logs by account, door and month, and by day and model where asked", async () => {
    const { out } = await run([...withPolicy("reconcile"), at("bills")]);
    expect(out).toMatch(/^proj_dark +openai +2026-09 +\$40\.00 +\$0\.00 +\$40\.00 +0 +16 of 20 settled$/m);
    expect(out).toMatch(/^proj_search +openai +2026-09 +\$220\.00 +\$200\.00 +\$20\.00 /m);
    expect(out).toMatch(/Of \$\d+\.00 billed in settled periods, logs do not explain \$\d+\.00/);
    const daily = await run([
      ...withPolicy(
        "reconcile",
        "--per",
        "day",
        "--by",
        "model",
        "--since",
        "2026-09-02",
        "--until",
        "2026-09-03",
        "--format",
        "json",
      ),
      at("bills"),
    ]);
    expect(rowsOf(daily.out)).toMatchObject([
      { model: "openai/gpt-4o", billedNanoUsd: 13e9, estimatedNanoUsd: 10e9, start: (SEPTEMBER + DAY) * 1_000 },
      {
        model: "openai/gpt-4o",
        billedNanoUsd: 13e9,
        estimatedNanoUsd: 10e9,
        start: (SEPTEMBER + 2 * DAY) * 1_000,
      },
    ]);
  });

  it("lists bills in a currency without a rate, and takes them in where prices have one", async () => {
    const unrated =
      "EUR: 20 bill lines, €60.00 in no figure: no rate for EUR in prices (openai.costs, 1–20 Sep 2026)";
    for (const words of [["reconcile"], ["--by", "account"]]) {
      const { out } = await run([...words, at("euros"), "--quiet"]);
      expect(out).toContain(unrated);
      expect(out).not.toContain("No use of a model");
    }
    const beside = await run(["reconcile", at("logs"), at("bills"), at("euros"), "--quiet"]);
    expect(beside.out).toContain("logs do not explain");
    expect(beside.out).toContain(unrated);
    expect((await run(["reconcile", at("euros"), "--format", "csv"])).err).toContain(unrated);
    expect(JSON.parse((await run(["--format", "json", at("logs"), at("euros"), "-q"])).out)).toMatchObject({
      unratedBills: [{ currency: "EUR", source: "openai.costs", lines: 20, amount: 60 }],
    });

    const { out } = await run(["reconcile", at("euros"), "--config", at("rated.yaml"), "--quiet", "-f", "json"]);
    expect(rowsOf(out)).toMatchObject([{ account: "proj_euro", billedNanoUsd: 66_000_000_000 }]);
  });

  it("says where bills come from where there is none", async () => {
    expect((await run(withPolicy("reconcile"))).out).toContain("No bill in there.");
    expect((await run(withPolicy("reconcile", "--month", "2026-08"))).out).toContain("No use in 1–31 Aug 2026");
  });
});

describe("gnomon cost advice", () => {
  it("says what would cost less and what that takes for granted", async () => {
    await mkdir(at("wasteful"), { recursive: true });
    const call = (day: number) => ({
      ...used(day, "proj_search", 30_000_000, 50_000),
      start_time: SEPTEMBER + (day - 1) * DAY,
    });
    const busy = (record: ReturnType<typeof call>) => ({
      ...record,
      results: record.results.map((result) => ({ ...result, num_model_requests: 2_000 })),
    });
    await writeFile(at("wasteful", "usage.json"), lines(days.map((day) => busy(call(day)))));
    const { out } = await run(["advice", at("wasteful"), "--quiet"], 70);
    expect(out).toMatch(/^\$[\d,.]+ a month {2}\w/m);
    expect(out).toContain("Assumes: ");
    expect(out).toContain("do not add up");
    expect(Math.max(...out.split("\n").map((line) => stringWidth(line)))).toBeLessThanOrEqual(70);
    const { out: json } = await run(["advice", at("wasteful"), "--quiet", "--format", "json"]);
    expect(JSON.parse(json)).toMatchObject({ schema: "gnomon.cost-advice/v1" });
  });

  it("says why there is none", async () => {
    expect((await run(["advice", at("short"), "--quiet"])).out).toContain("No advice yet: it takes a week of use");
    expect((await run(["advice", at("silent"), "--quiet"])).out).toContain("No use of a model in there.");
  });
});

describe("the command as a user runs it", () => {
  it("reads a store that a scan filled, without colours in a pipe", async () => {
    const store = at("store");
    await copyMadeStore(store);
    expect(
      (await gnomonHere(["scan", at("logs"), "--policy", at("policy.yaml"), "--store", store, "--quiet"])).code,
    ).toBe(0);
    const { out, code, err } = await gnomon(["cost", "--by", "team", "--store", store]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^search +\$200\.00/m);
    expect(stripVTControlCharacters(out)).toBe(out);
  });
});

describe("gnomon cost growth", () => {
  it("lists who spends more week by week, since when, and beside what it was", async () => {
    await mkdir(at("growing"), { recursive: true });
    const weeks = Array.from({ length: 45 }, (_, index) => index + 1);
    const tokens = (day: number) => Math.round(4_000_000 * 1.04 ** Math.max(0, day - 16) * (1 + (day % 3) / 50));
    await writeFile(
      at("growing", "usage.json"),
      lines([
        ...weeks.map((day) => used(day, "proj_growing", tokens(day), 500_000)),
        ...weeks.map((day) => used(day, "proj_steady", tokens(day % 3), 500_000)),
      ]),
    );
    const { rows } = JSON.parse((await run(["growth", at("growing"), "--format", "json"])).out) as {
      rows: { kind: string; uid: string; nanoUsd: number; usualNanoUsd: number }[];
    };
    expect(rows.map(({ uid }) => uid).join()).toMatch(/proj_growing/);
    expect(rows.map(({ uid }) => uid).join()).not.toMatch(/proj_steady/);
    for (const { nanoUsd, usualNanoUsd } of rows) expect(nanoUsd).toBeGreaterThan(1.25 * usualNanoUsd);
    expect((await run(["growth", at("growing")], 100)).out).toMatch(/Five weeks ago/);
  });

  it("says what it takes where nobody grew", async () => {
    expect((await run(["growth", at("logs")], 60)).out).toMatch(/^Nobody grew .*five weeks of use/s);
    expect((await run(["growth", at("empty")])).err).toMatch(/no files in there/);
  });
});

describe("gnomon cost replay", () => {
  it("names what has no price by door and model, the commonest first, and counts what is of the future", async () => {
    const hour = (index: number) => 1_000 * SEPTEMBER + index * 3_600_000;
    const use = (index: number, model: string, changes: object = {}) => ({
      schema: "gnomon.activity/v1",
      uid: `${model} ${index}`,
      kind: "bucket",
      startTime: hour(index),
      endTime: hour(index + 1),
      count: 1,
      provider: "openai",
      model,
      usage: { inputTokens: 1_000, outputTokens: 10 },
      ...changes,
    });
    const models = ["house-1", "house-2", "house-2", "house-3", "house-4", "house-5", "house-6"];
    await writeFile(
      at("activities.ndjson"),
      lines([
        ...Array.from({ length: 150 }, (_, index) => use(index, "gpt-4o-2024-08-06")),
        ...models.map((model, index) => use(index, model)),
        use(0, "gpt-4o-2024-08-06", {
          uid: "ahead",
          startTime: Date.UTC(2100, 0, 1),
          endTime: Date.UTC(2100, 0, 1),
        }),
      ]),
    );
    const { out, err, code } = await run(["replay", at("activities.ndjson")]);
    expect({ out, code }).toEqual({ out: "", code: 0 });
    expect(err).toBe(`0 alerts from 158 activities
7 of unknown price took part in quotas alone: house-2 at openai (2), house-1 at openai (1), house-3 at openai (1), house-4 at openai (1), house-5 at openai (1), 1 more
1 record dated in the future took no part
`);
  });
});
