/**
 * `npm run bench:cost [-- --seeds 201-212 --minutes-later 2]`: how much of what is injected into made-up organizations is noticed, how
 * soon, and how often an alert is false; beside it, what fixed limits, three sigma, day over day and a daily detector
 * after AWS's find in the same data. Everything goes through `replay`, as `gnomon cost replay` does, with buckets that
 * grow every five minutes, and arrive at once or so many minutes later.
 *
 * The generator and the detector have one author: this guards against regressions and ranks methods; it is no
 * evidence from the field.
 *
 * Seeds 1 to 20 and 101 to 112 were used for tuning and are never reported. Nothing was tuned on seeds from 201 on.
 */
import type { Alert } from "../../../shared/cost/alert.ts";
import { replay } from "../../../shared/cost/replay.ts";
import { STATE_FLOATS } from "../../../shared/cost/series-state.ts";
import { type Attribution, CostWatch } from "../../../shared/cost/watch.ts";
import { HOUR_MS } from "../../../shared/model/units.ts";
import { type Baseline, daily, dayOverDay, fixed, sigmas } from "./baselines.ts";
import { activities, type Collection, deliveries, timeAt } from "./deliveries.ts";
import { forecast, months, newForecastFigures } from "./months.ts";
import { anomalyTypes, HOURS, type Organization, organization } from "./organization.ts";
import { type Claim, DRIVERS, type Figures, figuresOf, type Score, score, sum } from "./score.ts";

const TUNED_ON: readonly (readonly [number, number])[] = [
  [1, 20],
  [101, 112],
];
const REPORTED = "201-212";

const baselines: readonly (readonly [string, Baseline])[] = [
  ["fixed $40/h", fixed(40)],
  ["7 days, 3 sigma", sigmas(3)],
  ["7 days, 20 sigma", sigmas(20)],
  ["day over day +100 %", dayOverDay(1)],
  ["daily as AWS, 8 MAD, data delay of 20 h", daily(8, 20, 8)],
  ["daily as AWS, 8 MAD, no data delay", daily(8, 0, 8)],
];

interface Outcome {
  readonly score: Score;
  readonly baselines: readonly Score[];
  readonly exhausted: number;
  readonly warned: number;
  /** Hours between a warning and the exhaustion. */
  readonly leads: readonly number[];
  readonly spared: number;
  readonly falseMonths: number;
}

const forecasts = newForecastFigures();

async function run(seed: number): Promise<Outcome> {
  const made = organization(seed);
  const planned = months(made);
  const alerts: Alert[] = [];
  const options = { price: () => undefined, budgets: planned.map(({ budget }) => budget) };
  for await (const alert of replay(activities(made, { minutesLater }), options)) alerts.push(alert);
  forecast(made, forecasts);

  const warnings = new Map<string, number>();
  for (const { detector, subject, startTime, detectedTime } of alerts)
    if (detector === "budget-forecast")
      warnings.set(`${subject.kind} ${subject.uid} ${startTime}`, hoursAt(detectedTime));
  const leads: number[] = [];
  let exhausted = 0;
  let spared = 0;
  let falseMonths = 0;
  for (const { budget, exhausted: end } of planned) {
    const warning = warnings.get(`${budget.scope.kind} ${budget.scope.uid} ${budget.since}`);
    if (end === undefined) {
      spared++;
      if (warning !== undefined) falseMonths++;
    } else {
      exhausted++;
      if (warning !== undefined && warning < end) leads.push(end - warning);
    }
  }
  return {
    score: score(made, alerts.flatMap(claimOf)),
    baselines: baselines.map(([, baseline]) => score(made, baseline(made))),
    exhausted,
    warned: leads.length,
    leads,
    spared,
    falseMonths,
  };
}

const hoursAt = (time: number): number => (time - timeAt(0)) / HOUR_MS;

function claimOf({ detector, subject, detectedTime, driver }: Alert): readonly Claim[] {
  if (detector === "budget-forecast" || detector === "budget-crossed") return [];
  const { kind, uid } = subject;
  return kind === "principal" || kind === "app" || kind === "team"
    ? [{ kind, uid, time: hoursAt(detectedTime), detector, driver }]
    : [];
}

/** Hours of series folded and examined per second, on this machine, with readings already in memory. */
function speed(made: Organization, collection: Collection): number {
  const attributions = made.leaves.map((leaf): Attribution => {
    const principal = made.principals[leaf.principal]?.name ?? "";
    return {
      leaf: `${principal} ${leaf.model.name} ${leaf.region}`,
      principal,
      model: leaf.model.name,
      app: leaf.app,
      team: leaf.team,
    };
  });
  const latest = new Map<number, { cost: number; calls: number; inputTokens: number; outputTokens: number }>();
  const batches = [...deliveries(made, collection)].map(({ time, deliveries: batch }) => ({
    time,
    readings: batch.flatMap((now) => {
      const attribution = attributions[now.leaf];
      const key = now.leaf * HOURS + now.hour;
      const before = latest.get(key);
      latest.set(key, now);
      if (!attribution) return [];
      return {
        attribution,
        hour: timeAt(now.hour) / HOUR_MS,
        cost: now.cost - (before?.cost ?? 0),
        calls: now.calls - (before?.calls ?? 0),
        inputTokens: now.inputTokens - (before?.inputTokens ?? 0),
        outputTokens: now.outputTokens - (before?.outputTokens ?? 0),
        errors: 0,
      };
    }),
  }));
  const series = new Map<string, number>();
  for (const leaf of made.leaves) {
    const born = made.principals[leaf.principal]?.born ?? 0;
    const principal = made.principals[leaf.principal]?.name;
    for (const key of [`leaf ${principal} ${leaf.model.name} ${leaf.region}`, `principal ${principal}`])
      series.set(key, HOURS - born);
    series.set(`app ${leaf.app}`, HOURS);
    series.set(`team ${leaf.team}`, HOURS);
  }
  const watch = new CostWatch();
  // Time of the processor, not of the clock: other work on the machine must not count.
  const began = process.cpuUsage();
  for (const { time, readings } of batches) watch.deliver(time, readings);
  const { user, system } = process.cpuUsage(began);
  return sum([...series.values()]) / ((user + system) / 1e6);
}

function seedsIn(argument: string): readonly number[] {
  const [first = Number.NaN, last = first] = argument.split("-").map(Number);
  if (!(first <= last)) throw new Error(`--seeds expects a range such as ${REPORTED}, got ${argument}`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const print = (line = ""): void => void process.stdout.write(`${line}\n`);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const row = (name: string, { recall, precision, falsePerPrincipalMonth, medianDelay, lateDelay, lost }: Figures) =>
  `| ${name} | ${percent(recall)} | ${percent(precision)} | ${falsePerPrincipalMonth.toFixed(3)} | ${medianDelay.toFixed(1)} / ${lateDelay.toFixed(0)} h | ${percent(lost)} |`;
const countBy = (keys: readonly string[]): string =>
  [...Map.groupBy(keys, (key) => key)]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([key, all]) => `${key} ${all.length}`)
    .join(", ");

function argument(name: string, otherwise: string): string {
  const place = process.argv.indexOf(name);
  return place > 0 ? (process.argv[place + 1] ?? "") : otherwise;
}
const seeds = seedsIn(argument("--seeds", REPORTED));
const minutesLater = Number(argument("--minutes-later", "0"));
const tuned = seeds.filter((seed) => TUNED_ON.some(([from, to]) => seed >= from && seed <= to));
if (tuned.length > 0) print(`Seeds ${tuned.join(", ")} were tuned on: these figures prove nothing.\n`);

const outcomes: Outcome[] = [];
for (const seed of seeds) outcomes.push(await run(seed));

const scores = outcomes.map((outcome) => outcome.score);
const ours = figuresOf(scores);
const anomalies = scores.flatMap((one) => one.anomalies);
print(
  `Seeds ${seeds[0]} to ${seeds.at(-1)}: ${seeds.length} organizations of 90 principals over 98 days, ${anomalies.length} anomalies, $${Math.round(sum(anomalies.map(({ excess }) => excess))).toLocaleString("en-US")} in excess.\n`,
);
print(
  "| method | recall | precision | false alerts per principal-month | delay, median / 90 % | money lost before |",
);
print("| --- | ---: | ---: | ---: | ---: | ---: |");
print(row("**Gnomon**", ours));
baselines.forEach(([name], index) => {
  print(row(name, figuresOf(outcomes.flatMap((outcome) => outcome.baselines[index] ?? []))));
});
print("\n| anomaly | found | median delay | money lost before | right driver |");
print("| --- | ---: | ---: | ---: | ---: |");
for (const type of anomalyTypes) {
  const of = scores.map((one) => ({
    ...one,
    anomalies: one.anomalies.filter((anomaly) => anomaly.type === type),
  }));
  const { recall, medianDelay, lost } = figuresOf(of);
  const found = of.flatMap((one) => one.anomalies).filter(({ delay }) => delay !== undefined);
  const right = found.filter(({ driver }) => DRIVERS[type].includes(driver ?? "")).length / found.length;
  print(
    `| ${type.replaceAll("_", " ")} | ${percent(recall)} | ${medianDelay.toFixed(1)} h | ${percent(lost)} | ${percent(right)} |`,
  );
}
print(
  `\nFalse alerts: ${countBy(scores.flatMap((one) => one.falseClaims.map(({ kind, detector }) => `${kind} ${detector}`)))}.`,
);

const exhausted = sum(outcomes.map((outcome) => outcome.exhausted));
const warned = sum(outcomes.map((outcome) => outcome.warned)) / exhausted;
const leads = outcomes.flatMap((outcome) => outcome.leads).sort((a, b) => a - b);
const spared = sum(outcomes.map((outcome) => outcome.spared));
const falseMonths = sum(outcomes.map((outcome) => outcome.falseMonths)) / spared;
const covered = forecasts.covered / forecasts.intervals;
const late = (hours: number): string => percent(leads.filter((lead) => lead >= hours).length / exhausted);
print(
  `\nBudgets of principals and teams: ${exhausted} exhausted, ${percent(warned)} warned of before (${late(1)} an hour before, ${late(24)} a day before, median ${((leads[leads.length >> 1] ?? 0) / 24).toFixed(1)} days); of ${spared} that lasted, ${percent(falseMonths)} warned of.`,
);
print(
  `Forecast of months without anomaly: ${percent(covered)} of 80 % intervals held; error on ${[...forecasts.byDay].map(([day, { error, amount }]) => `day ${day}: ${percent(error / amount)}`).join(", ")}.`,
);

const made = organization(seeds[0] ?? 0);
const hourly = speed(made, { flushes: 1 });
const soonAfter = speed(made, { flushes: 1, minutesLater: 2 });
const fiveMinutes = speed(made, {});
const thousands = (speed: number): string => `${Math.round(speed / 1_000)} thousand`;
print(
  `Speed on this machine: ${thousands(hourly)} series-hours a second delivered at the end of each hour, ${thousands(soonAfter)} two minutes after it, ${thousands(fiveMinutes)} every five minutes. State: ${4 * STATE_FLOATS} bytes a series.`,
);

const targets: readonly (readonly [string, boolean])[] = [
  ["recall at least 88 %", ours.recall >= 0.88],
  ["false alerts at most 0.06 per principal-month", ours.falsePerPrincipalMonth <= 0.06],
  ["median delay at most 1.5 h", ours.medianDelay <= 1.5],
  ["money lost before the alert at most 10 %", ours.lost <= 0.1],
  ["80 % forecast interval covers 75 to 90 %", covered >= 0.75 && covered <= 0.9],
  ["budget warnings before at least 92 % of exhaustions", warned >= 0.92],
  ["false budget months at most 1 %", falseMonths <= 0.01],
  ["at least 200,000 series-hours a second", Math.min(hourly, soonAfter) >= 200_000],
  ["state at most 1 kB", 4 * STATE_FLOATS <= 1_024],
];
print();
for (const [target, met] of targets) print(`${met ? "met   " : "MISSED"} ${target}`);
// Two organizations prove nothing either way; twelve do.
if (seeds.length >= 12 && targets.some(([, met]) => !met)) process.exitCode = 1;
