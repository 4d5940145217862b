/**
 * One POST to a sink. Nothing is tried again here: what a sink did not take is owed, and `deliver` asks once more, not
 * before the other side wants to be asked. Redirects are refused, since a body meant for one host must not reach another.
 */
import { PipelineError } from "../model/errors.ts";
import { SECOND_MS } from "../model/units.ts";
import { retryAfterMs } from "./json.ts";

export interface Posted {
  readonly status: number;
  /** At most `MAX_ANSWER_BYTES` of it. */
  readonly text: string;
  readonly headers: Headers;
}

interface PostRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** It is for what was sent that it is not taken, and would be again: a value, as every bad record. */
export interface Unacceptable {
  readonly status: number;
  /** Of ours, without a word of the answer: that may quote what was sent. */
  readonly refused: string;
}

/** Not now, but in `waitMs`, says the other side. */
export class NotBefore extends PipelineError {
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super("upstream-unavailable", message);
    this.waitMs = waitMs;
  }
}

const TIMEOUT_MS = 20 * SECOND_MS;
const MAX_ANSWER_BYTES = 256 * 1024;
/** RFC 9110, 15.5: Bad Request, Content Too Large, Unprocessable Content. */
const ABOUT_CONTENT = new Set([400, 413, 422]);

/**
 * `who` opens every message: `slack`. Throws `upstream-unavailable` for 408, 429, 5xx and where nobody answers, as
 * NotBefore where a `Retry-After` says when to ask again; `upstream-refused` for every other answer that is no success.
 */
export async function post(who: string, url: string, request: PostRequest): Promise<Posted> {
  const answer = await offer(who, url, request);
  if ("refused" in answer) throw new PipelineError("upstream-refused", answer.refused);
  return answer;
}

/** As `post`, and says of 400, 413 and 422 that it is this one that is not taken. */
export async function offer(who: string, url: string, request: PostRequest): Promise<Posted | Unacceptable> {
  const host = new URL(url).host;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: request.headers,
      body: request.body,
      redirect: "manual",
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    text = await beginningOf(response);
  } catch (error) {
    throw new PipelineError("upstream-unavailable", `${who}: ${host} did not answer`, { cause: error });
  }
  const { status } = response;
  if (status >= 200 && status < 300) return { status, text, headers: response.headers };
  if (status === 408 || status === 429 || status >= 500) {
    const said = `${who}: ${host} answered ${status}, it will be asked again`;
    const { headers } = response;
    const waitMs = retryAfterMs(headers.get("retry-after"), Date.parse(headers.get("date") ?? ""));
    if (waitMs === undefined || Number.isNaN(waitMs)) throw new PipelineError("upstream-unavailable", said);
    throw new NotBefore(`${said} in ${Math.ceil(waitMs / SECOND_MS)} s`, waitMs);
  }
  if (ABOUT_CONTENT.has(status)) return { status, refused: `${who}: ${host} answered ${status}` };
  const advice =
    status === 401 || status === 403 ? ": check the token or secret" : status === 404 ? ": check the URL" : "";
  throw new PipelineError("upstream-refused", `${who}: ${host} answered ${status}${advice}`);
}

/**
 * As much as is taken of an answer; what may come behind it is not waited for. Whoever has said that it was taken has said
 * so, also where the rest never comes.
 */
async function beginningOf({ body, ok }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_ANSWER_BYTES) break;
    }
  } catch (error) {
    if (!ok) throw error;
  }
  return Buffer.concat(chunks).toString("utf8", 0, Math.min(bytes, MAX_ANSWER_BYTES));
}

/** Whether anybody answers there, whatever it is. Throws `upstream-unavailable`, and sends nothing of ours. */
export async function reach(who: string, url: string, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(url, { method: "HEAD", redirect: "manual", signal });
    await response.body?.cancel();
  } catch (error) {
    throw new PipelineError("upstream-unavailable", `${who}: ${new URL(url).host} did not answer; check the URL`, {
      cause: error,
    });
  }
}
