/** What a door says of its work: one line of JSON each, counts and ids and never content, and metrics in EMF. */
import { PipelineError } from "../shared/model/errors.ts";

export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** `unit` as CloudWatch names it. */
  measure(
    name: Metric,
    value: number,
    unit: "Count" | "Milliseconds",
    dimensions?: Readonly<Record<string, string>>,
  ): void;
  /** At the end of an invocation: metrics leave together. */
  flush(): void;
}

export type Fields = Readonly<Record<string, string | number | boolean | undefined | readonly string[]>>;

/**
 * Why, for a log line. What we say ourselves says who and what to do; of any other error only its kind and where it was
 * thrown.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof PipelineError) return error.message;
  const frame = error instanceof Error ? /^ {4}at .*$/m.exec(error.stack ?? "")?.[0].trim() : undefined;
  return frame === undefined ? kindOf(error) : `${kindOf(error)} ${frame}`;
}

/** Its name and code, and not its message, which may quote what it was about. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return "not an error";
  return "code" in error ? `${error.name} ${error.code}` : error.name;
}

export type Metric =
  | "Records"
  | "Activities"
  | "Rejects"
  /** Activities left out: what is that old is forgotten. */
  | "Forgotten"
  | "Findings"
  | "Deliveries"
  /** Findings that a sink does not take. */
  | "Refused"
  | "BatchTime"
  | "ReviewTime"
  /** From the vendor's event to here. */
  | "Lateness"
  /** From the bus to here. */
  | "Lag"
  | "Failures";

const MINUTE_MS = 60_000;

/**
 * For workers and `up`: lines on stderr. What was measured stands in one line a minute, while there is work: counts as
 * their sum, times as the longest.
 */
export function lineLog(stream: NodeJS.WritableStream, quiet: boolean, now: () => number): Log {
  const write =
    (level: string) =>
    (message: string, fields: Fields = {}) => {
      if (quiet && level === "info") return;
      stream.write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields })}\n`);
    };
  const info = write("info");
  let since = now();
  let measured: Partial<Record<Metric, number>> = {};
  const flush = () => {
    if (Object.keys(measured).length > 0) info("measured", measured);
    measured = {};
    since = now();
  };
  return {
    info,
    warn: write("warn"),
    error: write("error"),
    measure(name, value, unit) {
      const before = measured[name] ?? 0;
      measured[name] = unit === "Count" ? before + value : Math.max(before, value);
      if (now() - since >= MINUTE_MS) flush();
    },
    flush,
  };
}
