/**
 * Log groups of CloudWatch Logs, asked for instead of subscribed to: Bedrock's invocation log where it goes there, or a
 * trail's. A subscription (`functions/receive-aws.ts`) is sooner and costs no requests.
 *
 * Interface: Amazon CloudWatch Logs API, FilterLogEvents (read 2026-11). Limits: 5 to 10 requests a second for each
 * account and region, 10,000 events or 1 MB each, pages that are empty and not the last; no order.
 */
import type { FilterLogEventsCommandInput } from "@aws-sdk/client-cloudwatch-logs";
import { z } from "zod";
import { duration } from "../config/settings.ts";
import { MINUTE_MS } from "../model/units.ts";
import { accountOf, ask, clientSettings, Endpoint, Region, type Role, Roles } from "./aws.ts";
import { type Answer, pullByTime, type Window } from "./by-time.ts";
import { defineCollector, type Page, type PullContext } from "./collector.ts";
import { interleaved } from "./interleaved.ts";
import { tried } from "./parts.ts";

const ID = "aws.cloudwatch-logs";
const ACTION = "logs:FilterLogEvents";
/** An event is there seconds to minutes after it was sent. */
const LOOK_BACK_MS = 15 * MINUTE_MS;
const PAGE_SIZE = 10_000;
const PARTS_AT_ONCE = 8;

const Settings = z.strictObject({
  roles: Roles,
  regions: z.array(Region).min(1),
  logGroups: z.array(z.string().min(1)).min(1),
  /** In CloudWatch's own syntax: `{ $.eventSource = "bedrock*" }` for a trail's group. */
  filterPattern: z.string().min(1).optional(),
  /** How far the first run goes back. */
  history: duration.prefault("7d"),
  /** Of each log group. Less where others ask, too. */
  requestsPerSecond: z.coerce.number().positive().default(2),
  endpoints: z.strictObject({ logs: Endpoint, sts: Endpoint }).prefault({}),
});
type Settings = z.output<typeof Settings>;

interface Part {
  readonly name: string;
  readonly role: Role | undefined;
  readonly region: string;
  readonly logGroup: string;
}

export const awsCloudwatchLogs = defineCollector<Settings>({
  id: ID,
  title: "AWS CloudWatch Logs",
  settings: Settings,

  pull: (context) =>
    interleaved(
      partsOf(context.settings).map((part) => pullPart(part, context)),
      PARTS_AT_ONCE,
      context.signal,
    ),

  check: ({ settings }) =>
    Promise.all(
      partsOf(settings).map(async (part) => {
        const { filter, close } = await connect(part, settings);
        try {
          return await tried(`${ACTION} in ${part.name}`, () => filter({ limit: 1 }));
        } finally {
          close();
        }
      }),
    ),
});

const partsOf = ({ roles, regions, logGroups }: Settings): readonly Part[] =>
  (roles.length > 0 ? roles : [undefined]).flatMap((role) =>
    regions.flatMap((region) =>
      logGroups.map((logGroup) => ({
        name: `${accountOf(role)}/${region}/${logGroup}`,
        role,
        region,
        logGroup,
      })),
    ),
  );

/** Never throws for what AWS answers: the other parts go on. */
async function* pullPart(part: Part, context: PullContext<Settings>): AsyncGenerator<Page> {
  const { settings } = context;
  const { filter, clockOffset, close } = await connect(part, settings);
  const ask = async ({ from, to }: Window, token: string | undefined): Promise<Answer> => {
    const { events = [], nextToken } = await filter({
      startTime: from,
      endTime: to,
      limit: PAGE_SIZE,
      nextToken: token,
    });
    return { documents: events.map(({ message }) => ({ logEvents: [{ message }] })), nextToken };
  };
  try {
    yield* pullByTime(
      {
        part: part.name,
        questions: [{ name: part.logGroup, ask }],
        historyMs: settings.history,
        lookBackMs: LOOK_BACK_MS,
        requestsPerSecond: settings.requestsPerSecond,
        clockOffset,
      },
      context,
    );
  } finally {
    close();
  }
}

async function connect({ name, role, region, logGroup }: Part, { endpoints, filterPattern }: Settings) {
  const { CloudWatchLogsClient, FilterLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  const client = new CloudWatchLogsClient(
    await clientSettings({ region, role, endpoint: endpoints.logs, stsEndpoint: endpoints.sts }),
  );
  // An ARN also names a group of an account that shares its logs with this one.
  const group = logGroup.startsWith("arn:") ? { logGroupIdentifier: logGroup } : { logGroupName: logGroup };
  return {
    filter: (input: FilterLogEventsCommandInput) =>
      ask({ collector: ID, action: ACTION, where: name }, () =>
        client.send(new FilterLogEventsCommand({ ...group, filterPattern, ...input })),
      ),
    clockOffset: () => client.config.systemClockOffset,
    close: () => client.destroy(),
  };
}
