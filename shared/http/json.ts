/**
 * JSON over HTTP, asked for in one place: timeouts, retries, rate limits, sizes, redirects, and which failures mean
 * "later" and which "tell a person". Messages name vendor, path and status, never the query, a header or a body.
 */
import { setTimeout as sleepFor } from "node:timers/promises";
import type { z } from "zod";
import { type ErrorCode, PipelineError } from "../model/errors.ts";
import { type EpochMs, SECOND_MS, toEpochMs } from "../model/units.ts";

export interface JsonApi {
  /** As people call it: `OpenAI`. */
  readonly vendor: string;
  /** Paths are put behind it: `https://eu.api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Keys among them: they are sent to this host and to no other. */
  readonly headers: Readonly<Record<string, string>>;
  /** What to do about a refusal, by its status. */
  readonly advice?: Readonly<Record<number, string>>;
}

export interface Question<Shape extends z.ZodType> {
  readonly path: string;
  /** In order; a name may occur more than once. */
  readonly query: readonly (readonly [string, string])[];
  /** What is read of the answer. */
  readonly answer: Shape;
}

export interface Answer<Value> {
  readonly value: Value;
  /** The vendor's clock when it answered, to the second. Absent where it does not say. */
  readonly serverTime: EpochMs | undefined;
}

/** How long to hope. */
export interface Patience {
  readonly attempts: number;
  /** From the request to the end of the body. */
  readonly timeoutMs: number;
  /** Doubled each time. A vendor that says how long to wait is obeyed instead. */
  readonly firstPauseMs: number;
  /** Whoever asks for more is asked again by the next run. */
  readonly longestPauseMs: number;
  /** Unpacked. */
  readonly maxBytes: number;
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Epoch milliseconds, for a `Retry-After` that is a date of a vendor that does not tell its own time. */
  now(): number;
}

export const patient: Patience = {
  attempts: 4,
  timeoutMs: 60 * SECOND_MS,
  firstPauseMs: SECOND_MS,
  longestPauseMs: 60 * SECOND_MS,
  maxBytes: 64 * 1024 * 1024,
  sleep: (milliseconds, signal) => sleepFor(milliseconds, undefined, { signal }),
  now: Date.now,
};

/** `status` is the answer's; absent where there was none. */
export class HttpError extends PipelineError {
  readonly status: number | undefined;

  constructor(code: ErrorCode, message: string, status?: number, options?: ErrorOptions) {
    super(code, message, options);
    this.status = status;
  }
}

/** Throws an HttpError: `upstream-unavailable` once patience ends or `signal` is aborted, else `upstream-refused`. */
export async function getJson<Shape extends z.ZodType>(
  api: JsonApi,
  question: Question<Shape>,
  signal: AbortSignal,
  patience: Patience = patient,
): Promise<Answer<z.output<Shape>>> {
  const url = new URL(api.baseUrl.replace(/\/+$/, "") + question.path);
  for (const [name, value] of question.query) url.searchParams.append(name, value);
  const asked = `${api.vendor} GET ${url.pathname}`;
  const headers = sendable(api, asked);
  for (let attempt = 1; ; attempt++) {
    const outcome = await ask({ ...api, headers }, url, asked, signal, patience);
    if ("body" in outcome) {
      const read = question.answer.safeParse(outcome.body);
      if (read.success) return { value: read.data, serverTime: outcome.serverTime };
      throw new HttpError("upstream-refused", `${asked}: an unexpected answer, ${expectation(read.error)}`);
    }
    const pause = outcome.waitMs ?? patience.firstPauseMs * 2 ** (attempt - 1);
    if (!outcome.again || attempt === patience.attempts || pause > patience.longestPauseMs) throw outcome.failure;
    await patience.sleep(pause, signal).catch(() => {});
    if (signal.aborted) throw stopped(asked);
  }
}

/** What `fetch` says of a header that cannot be sent has the key in it. */
function sendable({ headers }: JsonApi, asked: string): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(new Headers({ accept: "application/json", ...headers }));
  } catch {
    throw refusal(asked, "a header that cannot be sent: the key must be one line of ASCII");
  }
}

type Outcome =
  | { readonly body: unknown; readonly serverTime: EpochMs | undefined }
  | { readonly failure: HttpError; readonly again: boolean; readonly waitMs?: number | undefined };

async function ask(
  api: JsonApi,
  url: URL,
  asked: string,
  signal: AbortSignal,
  patience: Patience,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(patience.timeoutMs);
  try {
    const response = await followed(api, url, asked, AbortSignal.any([signal, timeout]));
    const text = await textOf(response, patience.maxBytes);
    if (text === undefined) throw refusal(asked, `an answer of more than ${patience.maxBytes} bytes`);
    return read(response, text, api, asked, patience);
  } catch (error) {
    if (error instanceof HttpError) return { failure: error, again: false };
    if (signal.aborted) return { failure: stopped(asked), again: false };
    const why = timeout.aborted ? `no answer within ${patience.timeoutMs} ms` : `no answer${networkCode(error)}`;
    const failure = new HttpError("upstream-unavailable", `${asked}: ${why}`, undefined, { cause: error });
    return { failure, again: true };
  }
}

const MAX_REDIRECTS = 3;

/** A key is sent where the configuration says, so a redirect to elsewhere is a person's decision. */
async function followed({ headers }: JsonApi, url: URL, asked: string, signal: AbortSignal): Promise<Response> {
  let at = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(at, { headers, redirect: "manual", signal });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    const target = URL.parse(location, at.href);
    if (target?.origin !== url.origin) {
      const where = target?.host ?? "nowhere";
      throw refusal(asked, `redirected to ${where}, where no key is sent: set baseUrl`, response.status);
    }
    at = target;
  }
  throw refusal(asked, "redirected without end");
}

/** Undefined where there is more of it. Counted as unpacked: a small body may be a bomb. */
async function textOf(response: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function read(response: Response, text: string, { advice }: JsonApi, asked: string, patience: Patience): Outcome {
  const { status } = response;
  const body = parsed(text);
  const serverTime = toEpochMs(Date.parse(response.headers.get("date") ?? ""));
  if (response.ok && body !== undefined) return { body, serverTime };
  // What a proxy cut short looks the same: asked again before a person is told.
  if (response.ok) return { failure: refusal(asked, "an answer that is no JSON", status), again: true };

  const said = `${status}${codeIn(body)}`;
  if (status === 408 || status === 429 || status >= 500) {
    const waitMs = retryAfterMs(response.headers.get("retry-after"), serverTime ?? patience.now());
    return { failure: new HttpError("upstream-unavailable", `${asked}: ${said}`, status), again: true, waitMs };
  }
  const todo = advice?.[status] ?? usualAdvice[status];
  return { failure: refusal(asked, todo ? `${said}, ${todo}` : said, status), again: false };
}

const usualAdvice: Readonly<Record<number, string>> = {
  401: "the key is wrong, expired or revoked",
  403: "the key lacks a permission",
  404: "there is no such path: check baseUrl",
};

const refusal = (asked: string, why: string, status?: number): HttpError =>
  new HttpError("upstream-refused", `${asked}: ${why}`, status);

const stopped = (asked: string): HttpError =>
  new HttpError("upstream-unavailable", `${asked}: the run ended before it was answered`);

/**
 * RFC 9110 §10.2.3: seconds, or a date. Never negative; undefined where it is neither. A date is the vendor's, and so
 * is measured by the vendor's clock.
 */
export function retryAfterMs(header: string | null, vendorNow: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * SECOND_MS;
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - vendorNow);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The vendor's word for an error, ` (invalid_api_key)`. Its sentence may quote the key. */
function codeIn(body: unknown): string {
  const error = fieldOf(body, "error") ?? body;
  const code = [fieldOf(error, "code"), fieldOf(error, "type")].find(
    (word) => typeof word === "string" && /^[a-z]{2,20}(_[a-z]{1,20}){0,4}$/.test(word),
  );
  return code === undefined ? "" : ` (${code})`;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

/** ` (ECONNREFUSED)`: fetch hides it in the cause. */
function networkCode(error: unknown): string {
  const code = fieldOf(fieldOf(error, "cause"), "code");
  return typeof code === "string" && /^[A-Z_]{1,40}$/.test(code) ? ` (${code})` : "";
}

/** Paths and expectations, never a value. */
function expectation({ issues }: z.ZodError): string {
  const [issue] = issues;
  const path = issue?.path.map(String).join(".") || "answer";
  return issue?.code === "invalid_type" ? `${path}: expected ${issue.expected}` : `${path}: not as documented`;
}
