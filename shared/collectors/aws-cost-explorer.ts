/**
 * AWS Cost Explorer: what is billed for models, by day, account, service and usage type. For whoever has no export of
 * the Cost and Usage Report, which `aws.s3-logs` reads, tells more, and costs nothing to read.
 *
 * Interface: AWS Cost Management API Reference, GetDimensionValues and GetCostAndUsage (read 2026-11). A request costs
 * $0.01, and so does each further page: a round asks once which services were billed, and once for each of them that
 * sells models, once a day. Limits: a day late, renewed up to three times a day, estimates until the invoice. Two
 * dimensions at most to group by: so each service is asked for by itself, and named in the answer as the third.
 */
import type {
  DateInterval,
  GetCostAndUsageCommandInput,
  GroupDefinition,
  ResultByTime,
} from "@aws-sdk/client-cost-explorer";
import { z } from "zod";
import { awsCharge } from "../model/ai-charges.ts";
import { PipelineError } from "../model/errors.ts";
import { DAY_MS, type EpochMs, toIsoTime } from "../model/units.ts";
import { accountOf, ask, clientSettings, Endpoint, Region, type Role, Roles } from "./aws.ts";
import { type Check, defineCollector, type FetchedPage, type Page, type PullContext } from "./collector.ts";
import { interleaved } from "./interleaved.ts";
import { asFailure, partOf, Trail, tried } from "./parts.ts";
import { Round, roundSettings } from "./rounds.ts";
import { floorTo } from "./usage-reports.ts";

const ID = "aws.cost-explorer";
const ACCOUNTS_AT_ONCE = 4;
/** A day of an organization with many accounts is larger than a message may be. */
const GROUPS_A_DOCUMENT = 500;

const Settings = z.strictObject({
  /** Of management accounts, which see what their organization is billed; an account of its own sees itself. */
  roles: Roles,
  /** Where the API is served: `us-east-1`, in China `cn-northwest-1`. */
  region: Region.default("us-east-1"),
  // The invoice is final some ten days after its month.
  ...roundSettings({ interval: "1d", lookBack: "40d", history: "90d" }, "6h"),
  endpoints: z.strictObject({ costExplorer: Endpoint, sts: Endpoint }).prefault({}),
});
type Settings = z.output<typeof Settings>;

export const awsCostExplorer = defineCollector<Settings>({
  id: ID,
  title: "AWS Cost Explorer",
  settings: Settings,

  pull: (context) =>
    interleaved(
      rolesOf(context.settings).map((role) => pullAccount(role, context)),
      ACCOUNTS_AT_ONCE,
      context.signal,
    ),

  check: async ({ settings, now }) => {
    const checks = await Promise.all(rolesOf(settings).map((role) => checksOf(role, settings, now)));
    return checks.flat();
  },
});

const rolesOf = ({ roles }: Settings): readonly (Role | undefined)[] => (roles.length > 0 ? roles : [undefined]);

/** Never throws for what AWS answers: the other accounts go on. */
async function* pullAccount(role: Role | undefined, context: PullContext<Settings>): AsyncGenerator<Page> {
  const { settings, cursors, now, signal } = context;
  const account = accountOf(role);
  const round = new Round({ ...settings, cursor: cursors.get(account), now });
  if (!round.isDue) return;
  const costs = await connect(role, settings);
  try {
    const services = await costs.servicesIn(periodOf(round, now)).catch(asFailure);
    if (services instanceof PipelineError) {
      yield { part: account, failed: services };
      return;
    }
    for (const service of services.filter(sellsModels)) {
      const part = `${account}/${service}`;
      yield* partOf(part, signal, pullService(service, part, costs, context));
      if (signal.aborted) return;
    }
    // Also where a service failed: it is asked for in the next round, since who asks again every five minutes pays.
    yield { part: account, documents: [], place: account, ...round.cursorAt("the end") };
  } finally {
    costs.close();
  }
}

async function* pullService(
  service: string,
  part: string,
  costs: Costs,
  { settings, cursors, now }: PullContext<Settings>,
): AsyncGenerator<FetchedPage> {
  const round = new Round({ ...settings, cursor: cursors.get(part), now });
  if (!round.isDue) return;
  const period = periodOf(round, now);
  const place = `${part} from ${period.Start}`;
  const trail = new Trail(`${ID}: ${place}`);
  for (let token: string | undefined, page = 1; ; page++) {
    const { days, next } = await costs.ofService(service, period, token);
    const documents = days.flatMap((day) => documentsOf(service, day));
    const cursor = next === undefined ? round.cursorAt("the end") : {};
    yield { part, place: `${place}, page ${page}`, documents, ...cursor };
    if (next === undefined) return;
    token = trail.follow(next);
  }
}

const sellsModels = (service: string): boolean => awsCharge({ service, sku: "", resource: "" }) !== undefined;

interface Period extends DateInterval {
  readonly Start: string;
  /** Exclusive. */
  readonly End: string;
}

const dayIn = (time: EpochMs): string => toIsoTime(time).slice(0, 10);

const periodOf = ({ from }: Pick<Round, "from">, now: EpochMs): Period => ({
  Start: dayIn(from),
  End: dayIn((floorTo(DAY_MS, now) + DAY_MS) as EpochMs),
});

const grouped: readonly GroupDefinition[] = [
  { Type: "DIMENSION", Key: "LINKED_ACCOUNT" },
  { Type: "DIMENSION", Key: "USAGE_TYPE" },
];
const groupedAndFiltered = [...grouped, { Type: "DIMENSION", Key: "SERVICE" }];

/** As an answer that is grouped by the service as well. */
function documentsOf(service: string, { TimePeriod, Groups = [], Estimated }: ResultByTime): unknown[] {
  return Array.from({ length: Math.ceil(Groups.length / GROUPS_A_DOCUMENT) }, (_, number) => ({
    GroupDefinitions: groupedAndFiltered,
    ResultsByTime: [
      {
        TimePeriod,
        Groups: Groups.slice(number * GROUPS_A_DOCUMENT, (number + 1) * GROUPS_A_DOCUMENT).map(
          ({ Keys = [], Metrics = {} }) => ({ Keys: [...Keys, service], Metrics }),
        ),
        Estimated,
      },
    ],
  }));
}

async function checksOf(role: Role | undefined, settings: Settings, now: EpochMs): Promise<readonly Check[]> {
  const costs = await connect(role, settings);
  const account = accountOf(role);
  const period = periodOf({ from: (now - DAY_MS) as EpochMs }, now);
  try {
    return [
      await tried(`ce:GetDimensionValues in ${account}, for $0.01`, () => costs.servicesIn(period)),
      await tried(`ce:GetCostAndUsage in ${account}, for $0.01`, () => costs.ofService("Amazon Bedrock", period)),
    ];
  } finally {
    costs.close();
  }
}

interface Costs {
  /** Those that were billed. Throws a PipelineError. */
  servicesIn(period: Period): Promise<readonly string[]>;
  ofService(
    service: string,
    period: Period,
    token?: string,
  ): Promise<{ readonly days: readonly ResultByTime[]; readonly next: string | undefined }>;
  close(): void;
}

async function connect(role: Role | undefined, { region, endpoints }: Settings): Promise<Costs> {
  const { CostExplorerClient, GetCostAndUsageCommand, GetDimensionValuesCommand } = await import(
    "@aws-sdk/client-cost-explorer"
  );
  const client = new CostExplorerClient(
    await clientSettings({ region, role, endpoint: endpoints.costExplorer, stsEndpoint: endpoints.sts }),
  );
  const asking = (action: string) => ({ collector: ID, action, where: accountOf(role) });
  return {
    async servicesIn(TimePeriod) {
      const services: string[] = [];
      const trail = new Trail(`${ID}: services of ${accountOf(role)}`);
      for (let token: string | undefined; ; ) {
        const command = new GetDimensionValuesCommand({
          TimePeriod,
          Dimension: "SERVICE",
          ...(token === undefined ? {} : { NextPageToken: token }),
        });
        const answer = await ask(asking("ce:GetDimensionValues"), () => client.send(command));
        services.push(...(answer.DimensionValues ?? []).flatMap(({ Value }) => Value ?? []));
        if (!answer.NextPageToken) return services;
        token = trail.follow(answer.NextPageToken);
      }
    },

    async ofService(service, TimePeriod, token) {
      const input: GetCostAndUsageCommandInput = {
        TimePeriod,
        Granularity: "DAILY",
        Metrics: ["UnblendedCost", "UsageQuantity"],
        Filter: { Dimensions: { Key: "SERVICE", Values: [service] } },
        GroupBy: [...grouped],
        ...(token === undefined ? {} : { NextPageToken: token }),
      };
      const { ResultsByTime = [], NextPageToken } = await ask(asking("ce:GetCostAndUsage"), () =>
        client.send(new GetCostAndUsageCommand(input)),
      );
      return { days: ResultsByTime, next: NextPageToken || undefined };
    },

    close: () => client.destroy(),
  };
}
