/**
 * CloudTrail's event history: the last 90 days of management events, without a trail. For a first look and for small
 * accounts; organizations read a trail (`aws.s3-logs`).
 *
 * Interface: AWS CloudTrail API, LookupEvents (read 2026-11). Limits: 2 requests a second for each account and region,
 * 50 events each, one attribute a query, newest first. No data events: agents, knowledge bases, mantle and Claude
 * Platform are not in it.
 */
import type { Event, LookupEventsCommandInput } from "@aws-sdk/client-cloudtrail";
import { z } from "zod";
import { duration } from "../config/settings.ts";
import { DAY_MS, MINUTE_MS } from "../model/units.ts";
import { accountOf, ask, clientSettings, Endpoint, Region, type Role, Roles } from "./aws.ts";
import { awsByTime, type Connection } from "./aws-by-time.ts";
import { defineCollector } from "./collector.ts";

const ID = "aws.cloudtrail-lookup";
const ACTION = "cloudtrail:LookupEvents";
const KEPT_MS = 90 * DAY_MS;
/** Delivery takes about 5 minutes and is not guaranteed to. */
const LOOK_BACK_MS = 30 * MINUTE_MS;
const PAGE_SIZE = 50;

const Settings = z.strictObject({
  roles: Roles,
  regions: z.array(Region).min(1),
  eventSources: z
    .array(z.string().min(1))
    .default([
      "bedrock.amazonaws.com",
      "bedrock-mantle.amazonaws.com",
      "bedrock-agentcore.amazonaws.com",
      "aws-external-anthropic.amazonaws.com",
    ]),
  /** Single acts of other services: those that hide what is done, and that ask for more of it. */
  eventNames: z
    .array(z.string().min(1))
    .default(["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "RequestServiceQuotaIncrease"]),
  /** Acts of IAM, which are recorded in one region, whichever others are listed. */
  globalEventNames: z.array(z.string().min(1)).default(["CreateServiceSpecificCredential", "CreateUser"]),
  /** How far the first run goes back. */
  history: duration.prefault("90d"),
  /** Less than 2 where others ask, too. */
  requestsPerSecond: z.coerce.number().positive().default(2),
  endpoints: z.strictObject({ cloudtrail: Endpoint, sts: Endpoint }).prefault({}),
});
type Settings = z.output<typeof Settings>;

interface Part {
  readonly name: string;
  readonly role: Role | undefined;
  readonly region: string;
  readonly lookups: readonly Lookup[];
}

interface Lookup {
  readonly AttributeKey: "EventSource" | "EventName";
  readonly AttributeValue: string;
}

export const awsCloudtrailLookup = defineCollector<Settings>({
  id: ID,
  title: "AWS CloudTrail event history",
  settings: Settings,

  ...awsByTime({ action: ACTION, lookBackMs: LOOK_BACK_MS, keptMs: KEPT_MS, partsOf, connect }),
});

function partsOf({ roles, regions, eventSources, eventNames, globalEventNames }: Settings): readonly Part[] {
  const home = homeRegionOf(regions);
  const asked = globalEventNames.length > 0 ? [...new Set([...regions, home])] : regions;
  return (roles.length > 0 ? roles : [undefined]).flatMap((role) =>
    asked.map((region) => ({
      name: `${accountOf(role)}/${region}`,
      role,
      region,
      lookups: [
        ...(regions.includes(region) ? eventSources.map((value) => lookup("EventSource", value)) : []),
        ...(regions.includes(region) ? eventNames.map((value) => lookup("EventName", value)) : []),
        ...(region === home ? globalEventNames.map((value) => lookup("EventName", value)) : []),
      ],
    })),
  );
}

const lookup = (AttributeKey: Lookup["AttributeKey"], AttributeValue: string): Lookup => ({
  AttributeKey,
  AttributeValue,
});

/** Where services without regions record, by partition. */
const homeRegionOf = (regions: readonly string[]): string =>
  regions.some((region) => region.startsWith("us-gov-"))
    ? "us-gov-west-1"
    : regions.some((region) => region.startsWith("cn-"))
      ? "cn-north-1"
      : "us-east-1";

/** Without what the SDK made a `Date` of; the record in it is text. */
const documentOf = ({ EventId, EventName, EventSource, Username, CloudTrailEvent }: Event) => ({
  EventId,
  EventName,
  EventSource,
  Username,
  CloudTrailEvent,
});

async function connect({ name, role, region, lookups }: Part, { endpoints }: Settings): Promise<Connection> {
  const { CloudTrailClient, LookupEventsCommand } = await import("@aws-sdk/client-cloudtrail");
  const client = new CloudTrailClient(
    await clientSettings({ region, role, endpoint: endpoints.cloudtrail, stsEndpoint: endpoints.sts }),
  );
  const lookUp = (input: LookupEventsCommandInput) =>
    ask({ collector: ID, action: ACTION, where: name }, () => client.send(new LookupEventsCommand(input)));
  return {
    questions: lookups.map((attribute) => ({
      name: attribute.AttributeValue,
      ask: async ({ from, to }, NextToken) => {
        const answer = await lookUp({
          LookupAttributes: [attribute],
          StartTime: new Date(from),
          EndTime: new Date(to),
          MaxResults: PAGE_SIZE,
          NextToken,
        });
        return { documents: (answer.Events ?? []).map(documentOf), nextToken: answer.NextToken };
      },
    })),
    probe: () => lookUp({ MaxResults: 1 }),
    clockOffset: () => client.config.systemClockOffset,
    close: () => client.destroy(),
  };
}
