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
import { awsByTime, type Connection } from "./aws-by-time.ts";
import { defineCollector } from "./collector.ts";

const ID = "aws.cloudwatch-logs";
const ACTION = "logs:FilterLogEvents";
/** An event is there seconds to minutes after it was sent. */
const LOOK_BACK_MS = 15 * MINUTE_MS;
const PAGE_SIZE = 10_000;

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

  ...awsByTime({ action: ACTION, lookBackMs: LOOK_BACK_MS, partsOf, connect }),
});

function partsOf({ roles, regions, logGroups }: Settings): readonly Part[] {
  return (roles.length > 0 ? roles : [undefined]).flatMap((role) =>
    regions.flatMap((region) =>
      logGroups.map((logGroup) => ({
        name: `${accountOf(role)}/${region}/${logGroup}`,
        role,
        region,
        logGroup,
      })),
    ),
  );
}

async function connect(
  { name, role, region, logGroup }: Part,
  { endpoints, filterPattern }: Settings,
): Promise<Connection> {
  const { CloudWatchLogsClient, FilterLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  const client = new CloudWatchLogsClient(
    await clientSettings({ region, role, endpoint: endpoints.logs, stsEndpoint: endpoints.sts }),
  );
  // An ARN also names a group of an account that shares its logs with this one.
  const group = logGroup.startsWith("arn:") ? { logGroupIdentifier: logGroup } : { logGroupName: logGroup };
  const filter = (input: FilterLogEventsCommandInput) =>
    ask({ collector: ID, action: ACTION, where: name }, () =>
      client.send(new FilterLogEventsCommand({ ...group, filterPattern, ...input })),
    );
  return {
    questions: [
      {
        name: logGroup,
        ask: async ({ from, to }, token) => {
          const { events = [], nextToken } = await filter({
            startTime: from,
            endTime: to,
            limit: PAGE_SIZE,
            nextToken: token,
          });
          return { documents: events.map(({ message }) => ({ logEvents: [{ message }] })), nextToken };
        },
      },
    ],
    probe: () => filter({ limit: 1 }),
    clockOffset: () => client.config.systemClockOffset,
    close: () => client.destroy(),
  };
}
