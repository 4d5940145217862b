/** Accounts and regions of AWS that are asked for a stretch of time: each apart from the others, some at a time. */
import { type LogByTime, pullByTime } from "./by-time.ts";
import type { Collector, Page, PullContext } from "./collector.ts";
import { interleaved } from "./interleaved.ts";
import { tried } from "./parts.ts";

const PARTS_AT_ONCE = 8;

interface Part {
  /** `111122223333/eu-central-1` */
  readonly name: string;
}

export interface Connection extends Pick<LogByTime, "questions" | "clockOffset"> {
  /** Asks for as little as can be asked for. Throws a PipelineError. */
  probe(): Promise<unknown>;
  close(): void;
}

interface Settings {
  /** How far the first run goes back, in milliseconds. */
  readonly history: number;
  readonly requestsPerSecond: number;
}

/** How such a log is pulled and checked. */
export function awsByTime<Given extends Settings, One extends Part>(log: {
  /** The permission it needs, in IAM's words. */
  readonly action: string;
  readonly lookBackMs: number;
  /** What is older is not there. Absent: everything is. */
  readonly keptMs?: number;
  partsOf(settings: Given): readonly One[];
  connect(part: One, settings: Given): Promise<Connection>;
}): Pick<Collector<Given>, "pull" | "check"> {
  const { action, lookBackMs, keptMs = Number.POSITIVE_INFINITY, partsOf, connect } = log;

  /** Never throws for what AWS answers: the other parts go on. */
  async function* pullPart(part: One, context: PullContext<Given>): AsyncGenerator<Page> {
    const { history, requestsPerSecond } = context.settings;
    const { questions, clockOffset, close } = await connect(part, context.settings);
    const historyMs = Math.min(history, keptMs);
    try {
      yield* pullByTime(
        { part: part.name, questions, historyMs, lookBackMs, requestsPerSecond, clockOffset },
        context,
      );
    } finally {
      close();
    }
  }

  return {
    pull: (context) =>
      interleaved(
        partsOf(context.settings).map((part) => pullPart(part, context)),
        PARTS_AT_ONCE,
        context.signal,
      ),

    check: ({ settings }) =>
      Promise.all(
        partsOf(settings).map(async (part) => {
          const { probe, close } = await connect(part, settings);
          try {
            return await tried(`${action} in ${part.name}`, probe);
          } finally {
            close();
          }
        }),
      ),
  };
}
