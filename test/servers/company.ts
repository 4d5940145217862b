/**
 * The made-up month of the demo, served on 127.0.0.1 as the vendors of the made-up company serve it: CloudTrail, DNS and
 * the bill in S3, Bedrock's invocation log in CloudWatch Logs, Azure in a storage account, Google in Cloud Logging, OpenAI
 * and LiteLLM by their own APIs. CloudTrail's event history is not asked: it keeps 90 days, and the month is long over.
 */
import { gzipSync } from "node:zlib";
import { policyYaml } from "../../cli/demo/company.ts";
import type { Incident } from "../../cli/demo/incident.ts";
import { madeUpMonth } from "../../cli/demo/made-up-month.ts";
import { randomFrom } from "../../cli/demo/random.ts";
import { logFilesOf, textOf } from "../../cli/demo/write-logs.ts";
import { AwsServer } from "./aws.ts";
import { type AzureServer, blobStorage, CLIENT_SECRET, identityAt, serveAzure } from "./azure.ts";
import { trustedCertificate } from "./certificate.ts";
import { feedPage } from "./event-feed.ts";
import { cloudLogging, type GoogleServer, message, type StoredEntry, serveGoogle } from "./google.ts";
import { type AskedFor, type JsonServer, type Reply, serveJson } from "./json-api.ts";
import { type SpendRow, spendLogs } from "./spend-logs.ts";

type LogFile = ReturnType<typeof logFilesOf>[number];

const SEED = 7;
const MONTH_START = Date.UTC(2026, 8, 1);
const DAY_MS = 86_400_000;
const EXPORTED = "costs/finops/daily/20260901-20260930/part_0_0001.csv";
const INVOCATIONS = "/meridian/bedrock-invocations";

export interface Company {
  /** `collectors:` of `gnomon.yaml`. */
  readonly collectors: string;
  readonly policy: string;
  /** What the configuration's references stand for. */
  readonly environment: Readonly<Record<string, string>>;
  /** To be trusted, in PEM. */
  readonly certificate: string;
  readonly planted: readonly Incident[];
  /** How often each vendor was asked. */
  asked(): Readonly<Record<"aws" | "azure" | "google" | "openai" | "litellm", number>>;
  close(): Promise<void>;
}

export async function serveCompany(): Promise<Company> {
  const random = randomFrom(SEED);
  const { planted, happenings } = madeUpMonth(random);
  const files = logFilesOf(happenings, random.fork("identifiers"));
  const of = (log: LogFile["log"]) => files.filter((file) => file.log === log);

  const aws = await new AwsServer().start();
  const invocations = fillAws(aws, of("aws-cloudtrail"), of("aws-route53"), of("aws-bedrock-invocation"));
  for (const file of of("aws-cur"))
    aws.put("meridian-bills", `cur/daily/data/BILLING_PERIOD=2026-09/daily-00001.csv.gz`, gzipSync(textOf(file)));
  const azure = await serveAzure(
    blobStorage(
      new Map([
        ...blobsOf([...of("azure-openai"), ...of("azure-activity")]),
        ...of("azure-cost-export").map((file) => [EXPORTED, Buffer.from(textOf(file))] as const),
      ]),
      { modified: new Map([[EXPORTED, Date.now()]]) },
    ),
  );
  const entries = of("gcp-audit").flatMap(({ records }) =>
    records.map((record) => entryOf(record as GoogleEntry)),
  );
  const google = await serveGoogle(cloudLogging(entries, { pageSize: 1_000 }));
  const openai = await serveJson(openaiApi(of("openai-usage"), of("openai-audit")));
  const litellm = await serveJson(spendLogs(of("litellm").flatMap(({ records }) => records as SpendRow[])));

  return {
    collectors: collectorsOf({ aws, azure, google, openai, litellm }, invocations, entries),
    policy: policyYaml,
    environment: {
      AWS_ACCESS_KEY_ID: "AKIAMADEUP",
      AWS_SECRET_ACCESS_KEY: "made-up",
      AZURE_CLIENT_SECRET: CLIENT_SECRET,
      GOOGLE_CREDENTIAL: google.settings.credential.json,
      OPENAI_ADMIN_KEY: "sk-admin-made-up",
      LITELLM_KEY: "sk-made-up",
    },
    certificate: trustedCertificate().cert,
    planted,
    asked: () => ({
      aws: aws.requests.length,
      azure: azure.asked.length,
      google: google.asked.length,
      openai: openai.asked.length,
      litellm: litellm.asked.length,
    }),
    close: async () => {
      await Promise.all([aws.stop(), azure.close(), google.close(), openai.close(), litellm.close()]);
    },
  };
}

interface Servers {
  readonly aws: AwsServer;
  readonly azure: AzureServer;
  readonly google: GoogleServer;
  readonly openai: JsonServer;
  readonly litellm: JsonServer;
}

interface Places {
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
}

function collectorsOf(servers: Servers, { accounts, regions }: Places, entries: readonly StoredEntry[]): string {
  const { aws, azure, google, openai, litellm } = servers;
  const history = `${Math.ceil((Date.now() - MONTH_START) / DAY_MS) + 1}d`;
  const reference = (name: string) => `\${env:${name}}`;
  const identity = identityAt(azure.url);
  const settings: Readonly<Record<string, object>> = {
    "aws.s3-logs": { queueUrl: aws.queueUrl, region: "eu-central-1", endpoints: { s3: aws.url, sts: aws.url } },
    "aws.cloudwatch-logs": {
      roles: accounts.map((account) => ({ arn: `arn:aws:iam::${account}:role/gnomon-reader` })),
      regions,
      logGroups: [INVOCATIONS],
      history,
      requestsPerSecond: 200,
      endpoints: { logs: aws.url, sts: aws.url },
    },
    "azure.blob": {
      account: azure.url,
      history,
      authority: identity.authority,
      credential: { ...identity.credential, clientSecret: reference("AZURE_CLIENT_SECRET") },
    },
    "azure.cost-exports": {
      account: azure.url,
      container: "costs",
      exports: ["finops/daily"],
      authority: identity.authority,
      credential: { ...identity.credential, clientSecret: reference("AZURE_CLIENT_SECRET") },
    },
    "gcp.logging": {
      resources: [...new Set(entries.map(({ resource }) => resource))],
      history,
      endpoint: google.settings.endpoint,
      requestsPerMinute: 6_000,
      credential: { type: "json", json: reference("GOOGLE_CREDENTIAL") },
    },
    "openai.usage": { key: reference("OPENAI_ADMIN_KEY"), baseUrl: openai.url, history },
    "openai.audit": { key: reference("OPENAI_ADMIN_KEY"), baseUrl: openai.url, history },
    "litellm.spend-logs": { key: reference("LITELLM_KEY"), baseUrl: litellm.url, history },
  };
  const list = Object.entries(settings).map(([collector, given]) => ({ collector, settings: given }));
  // JSON is YAML.
  return `collectors: ${JSON.stringify(list)}\nretention: { activityDays: 3660 }\n`;
}

function fillAws(
  aws: AwsServer,
  trail: readonly LogFile[],
  dns: readonly LogFile[],
  invocations: readonly LogFile[],
): Places {
  aws.pageSize = 10_000;
  for (const file of trail) {
    const key = `AWSLogs/o-meridian01/210987654321/CloudTrail/eu-central-1/${file.name.slice(-18)}`;
    aws.put("meridian-trail", key, gzipSync(textOf(file)));
  }
  for (const file of dns) {
    const key = `AWSLogs/210987654321/vpcdnsquerylogs/vpc-0d15ea5e/${file.name.slice(-17)}`;
    aws.put("meridian-dns", key, gzipSync(textOf(file)));
  }
  const records = invocations.flatMap((file) => file.records as Invocation[]);
  const accounts = [...new Set(records.map(({ accountId }) => accountId))];
  const regions = [...new Set(records.map(({ region }) => region))];
  for (const account of accounts)
    for (const region of regions) aws.logGroups.set(`${account}/${region}/${INVOCATIONS}`, []);
  for (const record of records) {
    aws.logGroups
      .get(`${record.accountId}/${record.region}/${INVOCATIONS}`)
      ?.push({ timestamp: Date.parse(record.timestamp), message: JSON.stringify(record) });
  }
  return { accounts, regions };
}

interface Invocation {
  readonly accountId: string;
  readonly region: string;
  readonly timestamp: string;
}

interface AzureRecord {
  readonly resourceId: string;
  readonly category: string;
  readonly time: string;
}

/** A blob holds a whole day here, where Azure writes one an hour. */
function blobsOf(files: readonly LogFile[]): ReadonlyMap<string, Buffer> {
  const blobs = new Map<string, string>();
  for (const record of files.flatMap(({ records }) => records as AzureRecord[])) {
    const [, year, month, day] = /^(\d+)-(\d+)-(\d+)T/.exec(record.time) ?? [];
    const administrative = record.category === "Administrative";
    const resource = administrative ? record.resourceId.split("/").slice(0, 3).join("/") : record.resourceId;
    const name = `insights-logs-${record.category.toLowerCase()}/resourceId=${resource}/y=${year}/m=${month}/d=${day}/h=00/m=00/PT1H.json`;
    blobs.set(name, `${blobs.get(name) ?? ""}${JSON.stringify(record)}\n`);
  }
  return new Map([...blobs].map(([name, text]) => [name, Buffer.from(text)]));
}

interface GoogleEntry {
  readonly logName: string;
  readonly insertId: string;
  readonly timestamp: string;
  readonly receiveTimestamp: string;
  readonly operation?: { readonly id: string; readonly first?: boolean; readonly last?: boolean };
  readonly protoPayload: {
    readonly status: { readonly code?: number };
    readonly authenticationInfo: { readonly principalEmail: string };
    readonly requestMetadata: { readonly callerIp: string; readonly callerSuppliedUserAgent: string };
    readonly serviceName: string;
    readonly methodName: string;
    readonly resourceName: string;
  };
}

function entryOf({ logName, insertId, operation, protoPayload, ...entry }: GoogleEntry): StoredEntry {
  const { status, authenticationInfo, requestMetadata, serviceName, methodName, resourceName } = protoPayload;
  return {
    resource: logName.split("/").slice(0, 2).join("/"),
    log: "data_access",
    insertId,
    happened: Date.parse(entry.timestamp),
    received: Date.parse(entry.receiveTimestamp),
    payload: message({
      ...(status.code === undefined ? {} : { 2: message({ 1: status.code }) }),
      3: message({ 1: authenticationInfo.principalEmail }),
      4: message({ 1: requestMetadata.callerIp, 2: requestMetadata.callerSuppliedUserAgent }),
      7: serviceName,
      8: methodName,
      11: resourceName,
    }),
    ...(operation ? { operation } : {}),
  };
}

interface Bucket {
  readonly start_time: number;
}

interface AuditEvent {
  readonly id: string;
  readonly effective_at: number;
}

function openaiApi(usage: readonly LogFile[], audit: readonly LogFile[]): (asked: AskedFor) => Reply {
  const dataOf = <T>(file: LogFile): readonly T[] => (JSON.parse(textOf(file)) as { data: readonly T[] }).data;
  const buckets = usage.flatMap((file) => dataOf<Bucket>(file)).sort((a, b) => a.start_time - b.start_time);
  const events = audit.flatMap((file) => dataOf<AuditEvent>(file));
  const names = { from: "effective_at[gte]", until: "effective_at[lt]", after: "after" };
  return (asked) => {
    if (asked.path.endsWith("/audit_logs")) {
      return feedPage(
        asked,
        events.map((event) => ({ id: event.id, time: event.effective_at * 1_000, event })),
        {
          names,
          readTime: (text) => Number(text) * 1_000,
          write: ({ event }) => event,
          most: 100,
          now: Date.now(),
        },
      );
    }
    const start = Number(asked.query.get("start_time"));
    const data = asked.path.endsWith("/completions") ? buckets.filter((one) => one.start_time >= start) : [];
    return { body: { object: "page", data, has_more: false, next_page: null } };
  };
}
