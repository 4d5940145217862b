/**
 * Google Cloud's audit logs about AI, by `entries.list` of Cloud Logging. For a first look and for a few projects:
 * larger organizations send them through Pub/Sub.
 *
 * Interface: google/logging/v2/logging.proto and the Logging query language (read 2026-11). Limits: 60 reads a minute
 * for each project that asks, 1,000 entries each. An organization or folder has only its own entries and not those of
 * its projects; a view of a log bucket that a sink fills has them all. Whoever may not read data access logs gets the
 * others without an error. No stream: `tail` gives 10 entries a second at most and has no past.
 */
import { z } from "zod";
import { apiUrl, duration } from "../config/settings.ts";
import { type ErrorCode, PipelineError } from "../model/errors.ts";
import { DAY_MS, type EpochMs, fromIsoTime, SECOND_MS, toIsoTime } from "../model/units.ts";
import { type Check, defineCollector, type FetchedPage, type PullContext } from "./collector.ts";
import type { decodeAuditLog } from "./gcp-audit-log.ts";
import { codeOf, GoogleCredential, googleCredential, patiently, tokenMeaningOf } from "./google.ts";
import { interleaved } from "./interleaved.ts";
import { pace } from "./pace.ts";
import { partOf, Trail, tried } from "./parts.ts";
import { renewing } from "./renewing.ts";

const ID = "gcp.logging";
const PAGE_SIZE = 1_000;
const PARTS_AT_ONCE = 8;
const CALL_TIMEOUT_MS = 60 * SECOND_MS;
/** An entry that happened longer before it was received is not looked for: searching goes by when it happened. */
const LATEST_MS = DAY_MS;
/** How far `doctor` looks for a call: who uses AI uses it within a week. */
const PROBED_MS = 7 * DAY_MS;

const Settings = z.strictObject({
  /** Each asked for by itself. */
  resources: z
    .array(
      z
        .string()
        .regex(
          /^(projects|folders|organizations|billingAccounts)\/[a-z0-9:._-]+(\/locations\/[a-z0-9-]+\/buckets\/[\w.-]+\/views\/[\w.-]+)?$/i,
          "projects/my-project, or projects/…/locations/…/buckets/…/views/…",
        ),
    )
    .min(1),
  /** How far the first run goes back. */
  history: duration.prefault("1d"),
  /** How far each run goes back behind the one before: entries show late, and clocks differ. */
  lookBack: duration.prefault("1h"),
  /** Less where others of the same project read, too. */
  requestsPerMinute: z.coerce.number().positive().default(60),
  credential: GoogleCredential,
  /** Of a sovereign cloud, or of one region. */
  endpoint: apiUrl.default("https://logging.googleapis.com"),
});
type Settings = z.output<typeof Settings>;

const AI_SERVICES = [
  "aiplatform.googleapis.com",
  "generativelanguage.googleapis.com",
  "cloudaicompanion.googleapis.com",
  "businessaicode.googleapis.com",
  "discoveryengine.googleapis.com",
  "claude.googleapis.com",
];

/** Whose changes open, limit or hide the use of AI. */
const KEEPERS = [
  "serviceusage.googleapis.com",
  "servicemanagement.googleapis.com",
  "apikeys.googleapis.com",
  "logging.googleapis.com",
  "orgpolicy.googleapis.com",
  "modelarmor.googleapis.com",
];

const auditLog = (name: string): string => `log_id("cloudaudit.googleapis.com/${name}")`;
const services = (names: readonly string[]): string =>
  `protoPayload.serviceName=(${names.map((name) => `"${name}"`).join(" OR ")})`;

const DATA_ACCESS = `${auditLog("data_access")} AND ${services(AI_SERVICES)}`;

/** What `gcp.audit` reads. */
const ABOUT_AI = [
  `(${auditLog("activity")} AND (${services([...AI_SERVICES, ...KEEPERS])} OR protoPayload.methodName:"SetIamPolicy"))`,
  `(${DATA_ACCESS})`,
  `(${auditLog("policy")} AND ${services(AI_SERVICES)})`,
].join(" OR ");

/** As the SDK gives it; 64-bit numbers are text. */
interface Timestamp {
  readonly seconds: string | number;
  readonly nanos: number;
}

interface LogEntry {
  readonly logName: string;
  readonly insertId: string;
  readonly severity: string;
  readonly timestamp?: Timestamp | null;
  readonly receiveTimestamp?: Timestamp | null;
  readonly resource?: { readonly type: string; readonly labels: Readonly<Record<string, string>> } | null;
  readonly operation?: {
    readonly id: string;
    readonly producer: string;
    readonly first: boolean;
    readonly last: boolean;
  } | null;
  readonly protoPayload?: { readonly type_url: string; readonly value: Uint8Array } | null;
}

interface ListRequest {
  readonly resourceNames: readonly string[];
  readonly filter: string;
  readonly orderBy: "timestamp asc" | "timestamp desc";
  readonly pageSize: number;
  readonly pageToken?: string;
}

interface ListResponse {
  readonly entries?: readonly LogEntry[];
  readonly nextPageToken?: string;
}

/** The SDK does not declare its generated clients. */
interface LoggingClient {
  initialize(): Promise<unknown>;
  listLogEntries(request: ListRequest, options: object): Promise<readonly [unknown, unknown, ListResponse]>;
  close(): Promise<void>;
}

interface Logging {
  /** Throws a PipelineError. */
  list(request: ListRequest): Promise<ListResponse>;
  /** `protoPayload`. Throws where the bytes are no audit log. */
  decode(payload: Uint8Array): object;
  close(): Promise<void>;
}

export const gcpLogging = defineCollector<Settings>({
  id: ID,
  title: "Google Cloud Logging",
  settings: Settings,

  pull: async function* (context) {
    const { settings, signal } = context;
    const logging = await connect(settings, signal);
    try {
      yield* interleaved(
        settings.resources.map((resource) => partOf(resource, signal, pullPart(resource, logging, context))),
        PARTS_AT_ONCE,
        signal,
      );
    } finally {
      await logging.close();
    }
  },

  check: async ({ settings, now, signal }) => {
    const logging = await connect(settings, signal);
    try {
      const checks = await Promise.all(settings.resources.map((resource) => checksOf(resource, logging, now)));
      return checks.flat();
    } finally {
      await logging.close();
    }
  },
});

/** Entries received from `from` until before `to`, in order of when they happened. */
interface Window {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** What happened before is on the bus, in Google's words. Absent: nothing is. */
  readonly after?: string;
}

async function* pullPart(
  resource: string,
  logging: Logging,
  { settings, cursors, now }: PullContext<Settings>,
): AsyncGenerator<FetchedPage> {
  const settledAt = ({ from, to }: Window): EpochMs => Math.max(from, to - settings.lookBack) as EpochMs;
  const begun = windowIn(cursors.get(resource));
  if (begun) yield* pullWindow(resource, begun, settledAt(begun), logging);
  const settled = begun ? settledAt(begun) : fromIsoTime(cursors.get(resource) ?? "");
  const from = Math.max(0, Math.min(settled ?? now - settings.history, now)) as EpochMs;
  const window = { from, to: now };
  yield* pullWindow(resource, window, settledAt(window), logging);
}

/** Of a cursor that stands within a window: a run may be too short for a backlog. */
function windowIn(cursor: string | undefined): Window | undefined {
  const [begin = "", end = "", after] = cursor?.split("/") ?? [];
  const from = fromIsoTime(begin);
  const to = fromIsoTime(end);
  return from === undefined || to === undefined || after === undefined ? undefined : { from, to, after };
}

async function* pullWindow(
  resource: string,
  { from, to, after }: Window,
  settled: EpochMs,
  logging: Logging,
): AsyncGenerator<FetchedPage> {
  const [begin, end] = [toIsoTime(from), toIsoTime(to)];
  const where = `${resource} received from ${begin} to ${end}`;
  const earliest = after ?? toIsoTime(Math.max(0, from - LATEST_MS) as EpochMs);
  const request: ListRequest = {
    resourceNames: [resource],
    filter: `(${ABOUT_AI}) AND receiveTimestamp>="${begin}" AND receiveTimestamp<"${end}" AND timestamp>="${earliest}"`,
    orderBy: "timestamp asc",
    pageSize: PAGE_SIZE,
  };
  const trail = new Trail(`${ID}: ${where}`);
  for (let pageToken: string | undefined, page = 1; ; page++) {
    const { entries = [], nextPageToken } = await logging.list({
      ...request,
      ...(pageToken ? { pageToken } : {}),
    });
    const place = `${where}, page ${page}`;
    const reached = entries.findLast(({ timestamp }) => timestamp)?.timestamp;
    const within = reached ? { cursor: `${begin}/${end}/${timeOf(reached)}` } : {};
    yield {
      part: resource,
      place,
      ...(await documentsIn(entries, place)),
      ...(nextPageToken ? within : { cursor: toIsoTime(settled) }),
    };
    if (!nextPageToken) return;
    pageToken = trail.follow(nextPageToken);
  }
}

async function documentsIn(
  entries: readonly LogEntry[],
  place: string,
): Promise<Pick<FetchedPage, "documents" | "unreadable">> {
  const { decodeAuditLog: decode } = await import("./gcp-audit-log.ts");
  const documents: unknown[] = [];
  const unreadable: { reason: string; place: string }[] = [];
  for (const entry of entries) {
    try {
      documents.push(documentOf(entry, decode));
    } catch {
      unreadable.push({ reason: "a payload that is no audit log", place });
    }
  }
  return { documents, unreadable };
}

/** As exports have it. In gRPC, what is absent is empty. */
function documentOf(
  { protoPayload, timestamp, receiveTimestamp, operation, resource, ...entry }: LogEntry,
  decode: typeof decodeAuditLog,
): unknown {
  return {
    logName: entry.logName,
    insertId: entry.insertId || undefined,
    severity: entry.severity,
    timestamp: timestamp ? timeOf(timestamp) : undefined,
    receiveTimestamp: receiveTimestamp ? timeOf(receiveTimestamp) : undefined,
    resource: resource ?? undefined,
    operation: operation ?? undefined,
    ...(protoPayload ? { protoPayload: { "@type": protoPayload.type_url, ...decode(protoPayload.value) } } : {}),
  };
}

const timeOf = ({ seconds, nanos }: Timestamp): string =>
  `${new Date(Number(seconds) * SECOND_MS).toISOString().slice(0, 19)}.${String(nanos).padStart(9, "0")}Z`;

async function checksOf(resource: string, { list }: Logging, now: EpochMs): Promise<readonly Check[]> {
  const newest = async (filter: string) => {
    const recent = `(${filter}) AND timestamp>="${toIsoTime(Math.max(0, now - PROBED_MS) as EpochMs)}"`;
    const { entries = [] } = await list({
      resourceNames: [resource],
      filter: recent,
      orderBy: "timestamp desc",
      pageSize: 1,
    });
    return entries[0];
  };
  const changes = await tried(`logging.logEntries.list on ${resource}`, () => newest(auditLog("activity")));
  if (!changes.ok) return [changes];
  const calls = await tried(`logging.privateLogEntries.list on ${resource}`, async () => {
    if (await newest(DATA_ACCESS)) return;
    throw new PipelineError(
      "upstream-refused",
      `${ID}: ${resource} shows no call to an AI service in ${PROBED_MS / DAY_MS} days: unless there was none, turn on data access logs (DATA_READ) of aiplatform.googleapis.com, and give the account roles/logging.privateLogViewer, without which they are left out unsaid`,
    );
  });
  return [changes, calls];
}

async function connect(settings: Settings, signal: AbortSignal): Promise<Logging> {
  const { v2 } = await import("@google-cloud/logging");
  const { decodeAuditLog } = await import("./gcp-audit-log.ts");
  const { hostname, port } = new URL(settings.endpoint);
  const options = {
    apiEndpoint: hostname,
    port: Number(port || 443),
    scopes: ["https://www.googleapis.com/auth/logging.read"],
    // Elsewhere than in Google's own cloud the SDK has to be told where it is.
    ...(/^logging\..+\./.test(hostname) ? { universeDomain: hostname.slice("logging.".length) } : {}),
  };
  const clients: LoggingClient[] = [];
  const ask = renewing<LoggingClient>(() => {
    const client: LoggingClient = new v2.LoggingServiceV2Client({
      ...options,
      ...googleCredential(ID, settings.credential),
    });
    clients.push(client);
    return client;
  }, isUnauthenticated);

  // A call takes no signal; it ends with its connection.
  const end = () => Promise.allSettled(clients.map((client) => client.close()));
  signal.addEventListener("abort", end, { once: true });

  const turn = pace(settings.requestsPerMinute / 60, signal);
  return {
    list: (request) => {
      const [resource = ""] = request.resourceNames;
      const attempt = async () => {
        await turn();
        return ask(async (client) => {
          // Without waiting for it, a client without credentials ends the process.
          await client.initialize();
          const callOptions = { autoPaginate: false, retry: null, timeout: CALL_TIMEOUT_MS };
          const [, , response] = await client.listLogEntries(request, callOptions);
          return response;
        });
      };
      return patiently(attempt, { failureOf: (error) => googleError(resource, error), pauseIn }, signal);
    },
    decode: decodeAuditLog,
    close: async () => {
      signal.removeEventListener("abort", end);
      await end();
    },
  };
}

/** google.rpc.Code */
const PASSING: ReadonlyMap<unknown, string> = new Map([
  [1, "CANCELLED"],
  [2, "UNKNOWN"],
  [4, "DEADLINE_EXCEEDED"],
  [8, "RESOURCE_EXHAUSTED"],
  [10, "ABORTED"],
  [13, "INTERNAL"],
  [14, "UNAVAILABLE"],
]);
const REFUSED: ReadonlyMap<unknown, string> = new Map([
  [3, "INVALID_ARGUMENT: is the resource's name right?"],
  [5, "NOT_FOUND: there is no such project, organization or view"],
  [
    7,
    "PERMISSION_DENIED: give the account roles/logging.viewer and roles/logging.privateLogViewer on it (logging.logEntries.list, logging.privateLogEntries.list), on a view roles/logging.viewAccessor",
  ],
  [16, "UNAUTHENTICATED: the credentials are not taken; are they revoked, or is the clock wrong?"],
]);

const isUnauthenticated = (error: unknown): boolean => codeOf(error) === 16;

function googleError(resource: string, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const code = codeOf(error);
  const [kind, why]: readonly [ErrorCode, string] =
    typeof code === "number"
      ? PASSING.has(code)
        ? ["upstream-unavailable", `${PASSING.get(code)}; it is tried again`]
        : ["upstream-refused", REFUSED.get(code) ?? `error ${code}`]
      : tokenMeaningOf(error);
  return new PipelineError(kind, `${ID}: ${resource}: ${why}`, { cause: error });
}

/** How long Google wants to be left alone, by google.rpc.RetryInfo. */
function pauseIn(error: unknown): number | undefined {
  const details = error instanceof Error && "statusDetails" in error ? error.statusDetails : undefined;
  for (const detail of Array.isArray(details) ? details : []) {
    const delay: Partial<Timestamp> | null | undefined = detail?.retryDelay;
    if (delay) return Number(delay.seconds ?? 0) * SECOND_MS + (delay.nanos ?? 0) / 1e6;
  }
  return undefined;
}
