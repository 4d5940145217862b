/** A runtime without Lambda, Kafka or a database, for the doors that need none of them. */
import type { Fields, Log } from "../functions/log.ts";
import type { Runtime } from "../functions/runtime.ts";
import type { Bus, IncomingMessage } from "../shared/bus/bus.ts";
import { openMemoryBus } from "../shared/bus/memory-bus.ts";
import type { TopicName } from "../shared/bus/topics.ts";
import { type Configuration, parseConfiguration } from "../shared/config/config.ts";
import { EpochMs } from "../shared/model/units.ts";
import type { Books, LastingStore } from "../shared/store/books.ts";

export interface Line {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Fields;
}

export interface MadeUpRuntime extends Runtime {
  readonly lines: readonly Line[];
  /** Sums by metric. */
  readonly measured: ReadonlyMap<string, number>;
  /** By collector, then part. */
  readonly cursors: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** `file` is a gnomon.yaml; its references to secrets stand for themselves. */
export function madeUpRuntime(
  file: string,
  given: {
    readonly bus?: Bus;
    readonly now?: number;
    readonly changes?: (configuration: Configuration) => Configuration;
  } = {},
): MadeUpRuntime {
  const read = parseConfiguration(file, "gnomon.yaml");
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const configuration = given.changes?.(read.configuration) ?? read.configuration;
  const lines: Line[] = [];
  const measured = new Map<string, number>();
  const cursors = new Map<string, Map<string, string>>();
  const say =
    (level: Line["level"]) =>
    (message: string, fields: Fields = {}): void =>
      void lines.push({ level, message, fields });
  const log: Log = {
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    measure: (name, value) => void measured.set(name, (measured.get(name) ?? 0) + value),
    flush() {},
  };
  const books: Pick<Books, "cursors" | "saveCursor"> = {
    cursors: async (collector) => new Map(cursors.get(collector)),
    async saveCursor(collector, part, cursor) {
      cursors.set(collector, (cursors.get(collector) ?? new Map()).set(part, cursor));
    },
  };
  const bus = given.bus ?? openMemoryBus();
  return {
    configuration,
    bus,
    log,
    lines,
    measured,
    cursors,
    store: async () => ({ books }) as LastingStore,
    judging: () => Promise.reject(new Error("nothing is judged here")),
    now: () => EpochMs.parse(given.now ?? Date.now()),
    close: () => bus.close(),
  };
}

/** What arrives on a topic, from now on. */
export async function listen(bus: Bus, topic: TopicName): Promise<readonly IncomingMessage[]> {
  const heard: IncomingMessage[] = [];
  await bus.subscribe(topic, "test", async (batch) => void heard.push(...batch));
  return heard;
}
