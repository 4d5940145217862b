/** What the collectors of Google Cloud share: who asks, how long they go on asking, what a missing token asks of a person. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { secret } from "../config/settings.ts";
import { type ErrorCode, PipelineError } from "../model/errors.ts";
import { SECOND_MS } from "../model/units.ts";

export const GoogleCredential = z
  .discriminatedUnion("type", [
    /** GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, or the machine's own. */
    z.strictObject({ type: z.literal("default") }),
    /** A file of workload identity federation, or of a service account's key. */
    z.strictObject({ type: z.literal("file"), path: z.string().min(1) }),
    /** What stands in such a file. */
    z.strictObject({ type: z.literal("json"), json: secret }),
  ])
  .prefault({ type: "default" });

interface ClientCredential {
  readonly keyFilename?: string;
  readonly credentials?: object;
}

/** For the options of any client. Throws `config-invalid`. */
export function googleCredential(
  collector: string,
  credential: z.output<typeof GoogleCredential>,
): ClientCredential {
  if (credential.type === "default") return {};
  if (credential.type === "file") return { keyFilename: credential.path };
  try {
    return { credentials: JSON.parse(credential.json) };
  } catch {
    throw new PipelineError(
      "config-invalid",
      `${collector}: credential.json: no JSON; the whole content of the file is wanted`,
    );
  }
}

/** With pauses of 2, 4, 8, 16 and 32 s: until a minute's quota is there again. */
const MAX_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 2 * SECOND_MS;
/** Where Google wants more, the next run asks: the other parts of this one are not to wait for it. */
const LONGEST_PAUSE_MS = 60 * SECOND_MS;

/** What `attempt` gives, tried again while it is unavailable. Throws the failure, in words for a person. */
export async function patiently<T>(
  attempt: () => Promise<T>,
  {
    failureOf,
    pauseIn,
  }: {
    failureOf(error: unknown): PipelineError;
    /** How long Google wants to be left alone, in milliseconds. */
    pauseIn(error: unknown): number | undefined;
  },
  signal: AbortSignal,
): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code !== "upstream-unavailable" || attempts === MAX_ATTEMPTS || signal.aborted) throw failure;
      const pause = pauseIn(error) ?? FIRST_PAUSE_MS * 2 ** (attempts - 1);
      if (pause > LONGEST_PAUSE_MS) throw failure;
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }
}

export const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

/** Of an error that has no code of the API: mostly the client got no token to ask with. */
export function tokenMeaningOf(error: unknown): readonly [ErrorCode, string] {
  const code = codeOf(error);
  return typeof code === "string" && /^E(CONN|TIMEDOUT|AI_|NOTFOUND|PIPE|HOST|NET)/.test(code)
    ? ["upstream-unavailable", `no token: ${code}; it is tried again`]
    : ["upstream-refused", "no token: give the process credentials of Google Cloud, or set `credential`"];
}
