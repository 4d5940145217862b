/**
 * Containers and transports around records, taken off before a source sees them. One file knows them all, since
 * the same envelope carries every vendor: CloudWatch Logs subscriptions, EventBridge, Log Analytics, Pub/Sub, pages.
 */

/** Arrays under these keys hold records. */
export const containerKeys: ReadonlySet<string> = new Set([
  "Records", // CloudTrail files
  "records", // Azure diagnostic settings
  "Events", // CloudTrail LookupEvents
  "value", // Azure management APIs
  "entries", // Google entries.list
  "logEvents", // CloudWatch Logs, subscriptions
  "events", // CloudWatch Logs, filter-log-events and get-log-events
  "data", // pages of OpenAI, Anthropic, LiteLLM
]);

/** How deep envelopes may nest: EventBridge around a batch around a message is three. */
const MAX_DEPTH = 5;

/** The records in a document, in order. What is no known envelope is a record itself. Never throws. */
export function* unwrap(document: unknown, depth = 0): Generator<unknown> {
  if (depth < MAX_DEPTH) {
    const inner = contents(document);
    if (inner) {
      for (const part of inner) yield* unwrap(part, depth + 1);
      return;
    }
  }
  yield document;
}

function contents(document: unknown): Iterable<unknown> | undefined {
  if (Array.isArray(document)) return document;
  if (!isRecord(document)) return undefined;

  for (const key of ["Records", "records", "Events", "value", "entries"]) {
    const inner = document[key];
    if (Array.isArray(inner)) return inner;
  }
  const { logEvents, events, data, detail, message, tables } = document;
  // AWS docs, "Subscription filters": message is the event as text, one log event each.
  if (Array.isArray(logEvents))
    return logEvents.map((event) => (isRecord(event) ? parsed(event["message"]) : event));
  if (Array.isArray(events) && events.some(isLogEvent)) return events;
  if (isLogEvent(document)) return [parsed(message)];
  if (Array.isArray(data) && isPage(document)) return data;
  if ("detail-type" in document && isRecord(detail)) return [detail];
  // Pub/Sub push: {"message":{"data":base64},"subscription"}.
  if ("subscription" in document && isRecord(message) && typeof message["data"] === "string") {
    return [parsed(Buffer.from(message["data"], "base64").toString("utf8"))];
  }
  if (Array.isArray(tables)) return tables.flatMap(rowsOf);
  return (
    telemetry(document, "resourceSpans", "scopeSpans", "spans") ??
    telemetry(document, "resourceLogs", "scopeLogs", "logRecords")
  );
}

/** OTLP: one document for each span or log record, with its resource, so that a bad one is a reject of its own. */
function telemetry(
  document: Record<string, unknown>,
  outer: string,
  middle: string,
  inner: string,
): unknown[] | undefined {
  const resources = document[outer];
  if (!Array.isArray(resources)) return undefined;
  const single = resources.flatMap((resource) =>
    listIn(resource, middle).flatMap((scope) =>
      listIn(scope, inner).map((item) => ({
        [outer]: [{ ...(resource as object), [middle]: [{ ...(scope as object), [inner]: [item] }] }],
      })),
    ),
  );
  // A single one stays as it is, or unwrapping would never end.
  return single.length > 1 ? single : undefined;
}

const listIn = (value: unknown, key: string): readonly unknown[] => {
  const list = isRecord(value) ? value[key] : undefined;
  return Array.isArray(list) ? list : [];
};

/** A page of an API; an ordinary record may have an array called `data` too. */
const isPage = (document: Record<string, unknown>): boolean =>
  "has_more" in document ||
  "total_pages" in document || // LiteLLM
  "opc-next-page" in document ||
  document["object"] === "list" ||
  document["object"] === "page" ||
  Object.keys(document).length === 1;

/** Log Analytics: columns and rows apart. */
function rowsOf(table: unknown): unknown[] {
  if (!isRecord(table) || !Array.isArray(table["columns"]) || !Array.isArray(table["rows"])) return [table];
  const names = table["columns"].map((column) => (isRecord(column) ? column["name"] : column));
  const nameAt = (at: number): string => {
    const name: unknown = names[at];
    return typeof name === "string" ? name : String(at);
  };
  return table["rows"].map((row) =>
    Array.isArray(row) ? Object.fromEntries(row.map((cell, at) => [nameAt(at), cell])) : row,
  );
}

/** Of CloudWatch Logs; `id` in subscriptions, `ingestionTime` in what the command line gives. */
const isLogEvent = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value["message"] === "string" &&
  typeof value["timestamp"] === "number" &&
  (typeof value["id"] === "string" || typeof value["ingestionTime"] === "number");

/** Text that is JSON, parsed; other text as it is. */
function parsed(text: unknown): unknown {
  if (typeof text !== "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
