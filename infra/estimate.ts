/**
 * What an installation on AWS costs a month, for docs/deploy.md: `npx node infra/estimate.ts`. Quantities from assumptions,
 * money from quantities, and both are printed, so that whoever knows better numbers can put them in.
 */
import { topics } from "../shared/bus/topics.ts";
import { DAY_MS } from "../shared/model/units.ts";

/** List prices in us-east-1 as read in November 2026, without free tiers and discounts. Dollars. */
const price = {
  kafkaClusterHour: 0.75,
  kafkaPartitionHour: 0.0015,
  kafkaGbIn: 0.1,
  kafkaGbOut: 0.05,
  kafkaGbMonth: 0.1,
  /** Event poller unit: ten pollers or 20 MB/s. */
  pollerUnitHour: 0.185,
  /** arm64. */
  lambdaGbSecond: 0.0000133334,
  lambdaMillionRequests: 0.2,
  /** Aurora Standard, which also charges for requests to its storage, and I/O-Optimized, which does not. */
  acuHour: { standard: 0.12, optimized: 0.156 },
  storeGbMonth: { standard: 0.1, optimized: 0.225 },
  storeMillionRequests: 0.2,
  natHour: 0.045,
  logsGb: 0.5,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  secretMonth: 0.4,
  /** CloudTrail's. Its first copy of management events is free, and so is EventBridge for those within an account. */
  dataEvents100k: 0.1,
} as const;

const assumed = {
  hours: 730,
  /** Of one call the trail and the invocation log tell, among others, and EventBridge's rule by itself. */
  readingsAmongOthers: 2,
  readingsAlone: 1,
  /** Calls to agents, bidirectional ones, those to bedrock-mantle and to Claude Platform. */
  dataEventShare: 0.1,
  /** Key, headers and value; measured over `gnomon demo`'s month: 0.9–1.2 KB raw, 1.0–1.4 KB as an activity. */
  rawKb: 1.1,
  activityKb: 1.3,
  /** gzip over batches. The demo's logs reach 10 and more, real ones are less alike. */
  compression: 6,
  /** One of CloudTrail's events in a batch of its own. */
  compressionAlone: 1.8,
  /** A row and its share of two indexes. */
  rowKb: 1.6,
  /** Lambda waits half a second for a batch to fill. */
  batchesPerPartitionSecond: 2,
  normalize: { batch: 1_000, perSecond: 8_000 },
  detect: { batch: 2_000, perSecond: 2_000 },
  /** What a subscription of CloudWatch Logs hands over at once. */
  subscription: { batch: 100, aSecond: 2 },
  /** What an invocation takes whatever it does. */
  overheadSeconds: 0.03,
  memoryGb: 1,
  /** collect every 5 minutes for 10 s, review for 3 s, housekeeping for 2 s, deliver every minute for 1 s. */
  scheduledGbSeconds: 8_760 * 10 + 8_760 * 3 * 2 + 8_760 * 2 * 0.5 + 43_800 * 0.5,
  scheduledInvocations: 3 * 8_760 + 43_800,
  /** Of the trail's events, AI or not, and of the invocation log's a function of 1 GB reads so many a second. */
  receivedPerSecond: 20_000,
  readingsPerAcu: 1_000,
  leastAcu: 0.5,
  /** To Aurora's storage, for a reading: rows, indexes, rollups. */
  requestsPerReading: 2,
  logKbPerInvocation: 1,
  metrics: 80,
  alarms: 22,
  secrets: 5,
} as const;

interface Scale {
  readonly calls: number;
  /** Other events in the organization's trail, per second. */
  readonly others: number;
  readonly days: number;
}

export const scales: readonly Scale[] = [
  { calls: 1, others: 10, days: 90 },
  { calls: 100, others: 200, days: 90 },
  { calls: 10_000, others: 2_000, days: 14 },
];

const SECONDS = assumed.hours * 3_600;
const days = (ms: number): number => ms / DAY_MS;

function invocations(
  messages: number,
  { batch, perSecond }: { readonly batch: number; readonly perSecond: number },
) {
  const partitions = topics.raw.partitions;
  const aSecond = Math.min(messages, Math.max(partitions * assumed.batchesPerPartitionSecond, messages / batch));
  return { aSecond, gbSeconds: (aSecond * assumed.overheadSeconds + messages / perSecond) * assumed.memoryGb };
}

/** `rule`: whether EventBridge tells of each call, beside trail and invocation log. */
export function estimate({ calls, others, days: kept }: Scale, rule = true) {
  const { hours } = assumed;
  const amongOthers = calls * assumed.readingsAmongOthers;
  const alone = rule ? calls * assumed.readingsAlone : 0;
  const readings = amongOthers + alone;
  const rawKbs = (amongOthers / assumed.compression + alone / assumed.compressionAlone) * assumed.rawKb;
  const activityKbs = (readings * assumed.activityKb) / assumed.compression;
  const gbIn = ((rawKbs + activityKbs) * SECONDS) / 1e6;
  const gbOnBus =
    ((rawKbs * days(topics.raw.retentionMs) + activityKbs * days(topics.activity.retentionMs)) * 86_400) / 1e6;
  const partitions = Object.values(topics).reduce((sum, topic) => sum + topic.partitions, 0);
  const plainMbs = (readings * (assumed.rawKb + assumed.activityKb)) / 1e3;
  const pollerUnits = Math.max(1, Math.ceil(plainMbs / 20));

  const normalize = invocations(readings, assumed.normalize);
  const detect = invocations(readings, assumed.detect);
  const { batch, aSecond } = assumed.subscription;
  const subscription = Math.min(calls, Math.max(aSecond, calls / batch));
  const receiveGbSeconds =
    ((alone + subscription) * assumed.overheadSeconds + (2 * calls + others) / assumed.receivedPerSecond) *
    assumed.memoryGb;
  const millionInvocations =
    ((alone + subscription + normalize.aSecond + detect.aSecond) * SECONDS + assumed.scheduledInvocations) / 1e6;
  const gbSeconds =
    (receiveGbSeconds + normalize.gbSeconds + detect.gbSeconds) * SECONDS + assumed.scheduledGbSeconds;

  const acu = Math.max(assumed.leastAcu, readings / assumed.readingsPerAcu);
  const storeGb = (calls * 86_400 * kept * assumed.rowKb) / 1e6;
  const millionRequests = (readings * assumed.requestsPerReading * SECONDS) / 1e6;
  const standard =
    acu * hours * price.acuHour.standard +
    storeGb * price.storeGbMonth.standard +
    millionRequests * price.storeMillionRequests;
  const optimized = acu * hours * price.acuHour.optimized + storeGb * price.storeGbMonth.optimized;
  const logsGb = (millionInvocations * assumed.logKbPerInvocation * 1e6) / 1e6;
  const millionDataEvents = (calls * assumed.dataEventShare * SECONDS) / 1e6;

  const cost = {
    kafka:
      hours * price.kafkaClusterHour +
      hours * partitions * price.kafkaPartitionHour +
      gbIn * (price.kafkaGbIn + price.kafkaGbOut) +
      gbOnBus * price.kafkaGbMonth,
    pollers: pollerUnits * hours * price.pollerUnitHour,
    lambda: millionInvocations * price.lambdaMillionRequests + gbSeconds * price.lambdaGbSecond,
    store: Math.min(standard, optimized),
    network: hours * price.natHour,
    trail: millionDataEvents * 10 * price.dataEvents100k,
    operations:
      logsGb * price.logsGb +
      assumed.metrics * price.metricMonth +
      assumed.alarms * price.alarmMonth +
      assumed.secrets * price.secretMonth,
  };
  const total = Object.values(cost).reduce((sum, dollars) => sum + dollars, 0);
  return {
    quantities: {
      readings,
      gbIn,
      gbOnBus,
      partitions,
      pollerUnits,
      millionInvocations,
      millionByRule: (alone * SECONDS) / 1e6,
      gbSeconds,
      acu,
      storeGb,
      millionRequests,
      millionDataEvents,
      storage: standard <= optimized ? "aurora" : "aurora-iopt1",
      logsGb,
    },
    cost,
    total,
    perMillionCalls: total / ((calls * SECONDS) / 1e6),
  };
}

const figure = (value: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 });
const dollars = (value: number): string => `$${figure(value)}`;

/** Markdown, as it stands in docs/deploy.md. */
export function estimateText(): string {
  const all = scales.map((scale) => estimate(scale));
  const row = (title: string, cells: readonly string[]) => `| ${title} | ${cells.join(" | ")} |`;
  const quantity = (title: string, pick: (one: (typeof all)[number]["quantities"]) => number | string) =>
    row(
      title,
      all.map(({ quantities }) => {
        const value = pick(quantities);
        return typeof value === "number" ? figure(value) : `\`${value}\``;
      }),
    );
  const money = (title: string, pick: (one: (typeof all)[number]) => number) =>
    row(
      title,
      all.map((one) => dollars(pick(one))),
    );
  const { compression, compressionAlone, rawKb, activityKb, rowKb, overheadSeconds } = assumed;
  const { readingsAlone, readingsAmongOthers, dataEventShare, readingsPerAcu, requestsPerReading } = assumed;
  return [
    row(
      "AI calls a second",
      scales.map(({ calls }) => figure(calls)),
    ),
    "| --- | ---: | ---: | ---: |",
    row(
      "days of activities kept",
      scales.map(({ days: kept }) => figure(kept)),
    ),
    quantity(
      `readings/s: calls × ${readingsAlone + readingsAmongOthers}, by EventBridge, the trail and the invocation log`,
      ({ readings }) => readings,
    ),
    quantity(
      `GB onto the bus: (${rawKb} + ${activityKb} KB) ÷ ${compression} a reading, of EventBridge's ${rawKb} ÷ ${compressionAlone} + ${activityKb} ÷ ${compression}, × 2,628,000 s`,
      ({ gbIn }) => gbIn,
    ),
    quantity(
      `GB kept on it: raw ${days(topics.raw.retentionMs)} days, activities ${days(topics.activity.retentionMs)}`,
      ({ gbOnBus }) => gbOnBus,
    ),
    quantity("poller units: MB/s unpacked ÷ 20", ({ pollerUnits }) => pollerUnits),
    quantity(
      "million invocations by Kafka, schedules and CloudWatch Logs: 2 a second and partition, or full batches",
      ({ millionInvocations, millionByRule }) => millionInvocations - millionByRule,
    ),
    quantity("million invocations by EventBridge: one a call", ({ millionByRule }) => millionByRule),
    quantity(
      `GB-seconds: ${overheadSeconds} s an invocation, ${figure(assumed.normalize.perSecond)} and ${figure(assumed.detect.perSecond)} readings/s`,
      ({ gbSeconds }) => gbSeconds,
    ),
    quantity(`ACU: readings/s ÷ ${figure(readingsPerAcu)}, at least ${assumed.leastAcu}`, ({ acu }) => acu),
    quantity(`GB in the store: calls × days × 86,400 × ${rowKb} KB`, ({ storeGb }) => storeGb),
    quantity(
      `million requests to its storage: readings × ${requestsPerReading}`,
      ({ millionRequests }) => millionRequests,
    ),
    quantity(
      `million data events of CloudTrail: calls × ${dataEventShare}`,
      ({ millionDataEvents }) => millionDataEvents,
    ),
    quantity("the cheaper storage type", ({ storage }) => storage),
    money("**MSK Serverless** a month", ({ cost }) => cost.kafka),
    money("**pollers**", ({ cost }) => cost.pollers),
    money("**Lambda**", ({ cost }) => cost.lambda),
    money("**Aurora**", ({ cost }) => cost.store),
    money("**NAT gateway**", ({ cost }) => cost.network),
    money("**CloudTrail's data events**", ({ cost }) => cost.trail),
    money("**logs, metrics, alarms, secrets**", ({ cost }) => cost.operations),
    money("**together, a month**", ({ total }) => total),
    row(
      "**… without EventBridge's rule**",
      scales.map((scale) => dollars(estimate(scale, false).total)),
    ),
    money("**a million calls**", ({ perMillionCalls }) => perMillionCalls),
    row(
      "**… without EventBridge's rule**",
      scales.map((scale) => dollars(estimate(scale, false).perMillionCalls)),
    ),
    "",
  ].join("\n");
}

/** For docs/deploy.md, beside the table. */
export const prices: readonly string[] = [
  `MSK Serverless ${price.kafkaClusterHour} a cluster and hour, ${price.kafkaPartitionHour} a partition and hour, ${price.kafkaGbIn} a GB in, ${price.kafkaGbOut} a GB out, ${price.kafkaGbMonth} a GB and month`,
  `event poller unit ${price.pollerUnitHour} an hour`,
  `Lambda on arm64 ${price.lambdaGbSecond} a GB-second, ${price.lambdaMillionRequests} a million requests`,
  `Aurora ${price.acuHour.standard} an ACU and hour, ${price.storeGbMonth.standard} a GB and month, ${price.storeMillionRequests} a million requests; I/O-Optimized ${price.acuHour.optimized} and ${price.storeGbMonth.optimized}`,
  `CloudTrail ${price.dataEvents100k} for 100,000 data events`,
  `NAT gateway ${price.natHour} an hour; CloudWatch ${price.logsGb} a GB of logs, ${price.metricMonth} a metric, ${price.alarmMonth} an alarm; Secrets Manager ${price.secretMonth} a secret`,
];

if (import.meta.main) process.stdout.write(`${prices.map((line) => `- ${line}\n`).join("")}\n${estimateText()}`);
